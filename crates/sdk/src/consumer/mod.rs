//! Consumers: a table each, read by one piece of code.

mod moment;
mod need;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Action, Answer, Context, Event, Fate, json};
use moment::is_new;
pub use need::{Need, filled, present};

/// The events of one registration: what each has to bring, and which handler takes it. Passes on what the handler
/// answers.
#[derive(Clone, Copy, Debug)]
pub struct Consumer {
    part: Part,
    needs: &'static [Need],
    routes: &'static [Route],
}

const DATA: &[Need] = &[filled("data")];

/// An empty text in JSON.
const EMPTY: &str = "\"\"";

/// How much of an event's data its handler is given.
#[derive(Clone, Copy, Debug)]
enum Part {
    All,
    /// The member `value`: Commerce wraps what an event is about.
    Value,
}

/// Where one event code goes.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    code: &'static str,
    to: To,
    needs: Option<&'static [Need]>,
}

/// `package/action` as deployed.
#[derive(Clone, Copy, Debug)]
enum To {
    Handler(&'static str),
    CreatedOrUpdated { created: &'static str, updated: &'static str },
}

impl Route {
    pub const fn new(code: &'static str, handler: &'static str) -> Self {
        Self { code, to: To::Handler(handler), needs: None }
    }

    /// Commerce has one event for both: the thing is new when `_isNew` says so, and where that is not sent when it was
    /// created and updated at the same moment. A date without a zone is UTC.
    pub const fn saved(code: &'static str, created: &'static str, updated: &'static str) -> Self {
        Self { code, to: To::CreatedOrUpdated { created, updated }, needs: None }
    }

    /// What this event has to bring, instead of what the consumer's events have to in general.
    #[must_use]
    pub const fn needs(self, needs: &'static [Need]) -> Self {
        Self { needs: Some(needs), ..self }
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Whether events of this code may go to this action, `package/action` as deployed.
    pub fn leads_to(&self, action: &str) -> bool {
        match self.to {
            To::Handler(handler) => handler == action,
            To::CreatedOrUpdated { created, updated } => created == action || updated == action,
        }
    }
}

impl Consumer {
    /// Events of Commerce: the handler is given `data.value`.
    pub const fn of_commerce(routes: &'static [Route]) -> Self {
        Self { part: Part::Value, needs: &[], routes }
    }

    /// Events of the back office: the handler is given `data`.
    pub const fn of_backoffice(routes: &'static [Route]) -> Self {
        Self { part: Part::All, needs: DATA, routes }
    }

    /// What every event has to bring whose route says nothing else; events without a route, too.
    #[must_use]
    pub const fn needs(self, needs: &'static [Need]) -> Self {
        Self { needs, ..self }
    }

    /// The event's data, built up only when the table looks into it: large values are not for their mere presence.
    fn data(&self, event: &Event, needs: &[Need]) -> Value {
        let text = event.data.get();
        match self.part {
            Part::All if needs.iter().all(Need::is_all) && text != EMPTY => Value::Bool(true),
            Part::All | Part::Value => serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// The names of what is missing, in the order of the table.
    fn missing(event: &Event, needs: &[Need], data: &Value) -> Vec<&'static str> {
        let of_type = event.code.is_empty().then_some("type");
        let of_data = needs.iter().filter(|need| need.is_missing(data)).map(Need::name);
        of_type.into_iter().chain(of_data).collect()
    }

    /// The event as its handler is given it.
    fn part(&self, event: &Event) -> Event {
        let data = match self.part {
            Part::All => event.data.clone(),
            Part::Value => value_of(&event.data),
        };
        Event { data, ..event.clone() }
    }
}

#[async_trait]
impl Action for Consumer {
    async fn run(&self, cx: &Context, event: &Event) -> Answer {
        let route = self.routes.iter().find(|route| route.code == event.code);
        let needs = route.and_then(|route| route.needs).unwrap_or(self.needs);
        let data = self.data(event, needs);
        let missing = Self::missing(event, needs, &data);
        if !missing.is_empty() {
            let names = missing.join(",");
            let message = format!("Invalid request parameters: missing parameter(s) '{names}'");
            return Answer::error(400, &message, Fate::Rejected);
        }
        let handler = match route.map(|route| route.to) {
            Some(To::Handler(handler)) => handler,
            Some(To::CreatedOrUpdated { created, .. }) if is_new(&data["value"]) => created,
            Some(To::CreatedOrUpdated { updated, .. }) => updated,
            None => {
                let message = format!("This case type is not supported: {}", event.code);
                return Answer::error(400, &message, Fate::Rejected);
            }
        };
        Answer::routed(&event.code, cx.invoke(handler, &self.part(event)).await)
    }

    fn routes(&self) -> &'static [Route] {
        self.routes
    }

    fn needs(&self, code: &str) -> Vec<&'static str> {
        let route = self.routes.iter().find(|route| route.code == code);
        route.and_then(|route| route.needs).unwrap_or(self.needs).iter().map(Need::name).collect()
    }
}

#[derive(Default, Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

/// `null` when there is none.
fn value_of(data: &RawValue) -> std::sync::Arc<RawValue> {
    let wrapped: Wrapped<'_> = json::parse(data.get()).unwrap_or_default();
    wrapped.value.unwrap_or(RawValue::NULL).to_owned().into()
}
