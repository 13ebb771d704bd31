use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sdk::{
    Action, Actions, ActivationId, Answer, Context, Event, Inputs, Ports, Publisher, Senders, TargetPort, Targets,
};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{FakeActions, FakeMemory, FakePublisher, FakeSenders, Recorder};

/// An event of this code that carries this value.
///
/// # Panics
/// Never: a value is JSON.
pub fn event(code: &str, value: &Value) -> Event {
    let data = RawValue::from_string(value.to_string()).expect("a value is JSON");
    Event {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        source: "urn:uuid:8e2a0f4c-6a1b-4d3e-9f00-000000000001".to_owned(),
        code: code.to_owned(),
        time: Timestamp::UNIX_EPOCH,
        trace: None,
        data: data.into(),
    }
}

/// One target in the place of all.
pub fn targets(target: impl TargetPort + 'static) -> Targets {
    let target: Arc<dyn TargetPort> = Arc::new(target);
    Targets { commerce: Arc::clone(&target), graphql: Arc::clone(&target), backoffice: target }
}

/// The context of one run, with fakes behind every port that is not set.
pub fn context() -> Bench {
    Bench {
        inputs: BTreeMap::new(),
        attempt: 1,
        is_in_doubt: false,
        targets: targets(Recorder::new()),
        memory: FakeMemory::new(),
        actions: Arc::new(FakeActions::new()),
        publisher: Arc::new(FakePublisher::new()),
        senders: Arc::new(FakeSenders::new()),
    }
}

/// Where one action runs by itself.
#[derive(Clone)]
pub struct Bench {
    inputs: BTreeMap<String, Value>,
    attempt: u32,
    is_in_doubt: bool,
    targets: Targets,
    memory: FakeMemory,
    actions: Arc<dyn Actions>,
    publisher: Arc<dyn Publisher>,
    senders: Arc<dyn Senders>,
}

impl Bench {
    #[must_use]
    pub fn input(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.inputs.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// An earlier attempt ended without an answer.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        Self { is_in_doubt: true, ..self }
    }

    #[must_use]
    pub fn commerce(self, commerce: impl TargetPort + 'static) -> Self {
        let targets = Targets { commerce: Arc::new(commerce), ..self.targets };
        Self { targets, ..self }
    }

    #[must_use]
    pub fn graphql(self, graphql: impl TargetPort + 'static) -> Self {
        let targets = Targets { graphql: Arc::new(graphql), ..self.targets };
        Self { targets, ..self }
    }

    #[must_use]
    pub fn backoffice(self, backoffice: impl TargetPort + 'static) -> Self {
        let targets = Targets { backoffice: Arc::new(backoffice), ..self.targets };
        Self { targets, ..self }
    }

    #[must_use]
    pub fn memory(self, memory: FakeMemory) -> Self {
        Self { memory, ..self }
    }

    #[must_use]
    pub fn actions(self, actions: impl Actions + 'static) -> Self {
        Self { actions: Arc::new(actions), ..self }
    }

    #[must_use]
    pub fn publisher(self, publisher: impl Publisher + 'static) -> Self {
        Self { publisher: Arc::new(publisher), ..self }
    }

    #[must_use]
    pub fn senders(self, senders: impl Senders + 'static) -> Self {
        Self { senders: Arc::new(senders), ..self }
    }

    /// The context of a run outside any delivery.
    pub fn build(self) -> Context {
        let ports = Ports {
            targets: self.targets,
            echoes: Arc::new(self.memory.clone()),
            state: Arc::new(self.memory),
            actions: self.actions,
            publisher: self.publisher,
            senders: self.senders,
        };
        Context::new(ActivationId::new(Uuid::now_v7()), "test/action".into(), Arc::new(Inputs::new(self.inputs)), ports)
    }

    /// The context of an attempt at delivering this event.
    pub fn for_event(self, event: &Event) -> Context {
        let (attempt, is_in_doubt) = (self.attempt, self.is_in_doubt);
        self.build().for_event(event, attempt).in_doubt(is_in_doubt)
    }

    /// Runs an action on an event, once.
    pub async fn run(self, action: &dyn Action, event: &Event) -> Answer {
        action.run(&self.for_event(event), event).await
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bench").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sdk::{Consumer, EventHandler, Fate, Json, Reply, Route, Stop, TargetPort, handler};
    use serde_json::json;

    use super::*;

    const CONSUMER: Consumer = Consumer::of_backoffice(&[Route::new("stock.counted", "stock/counted")]);

    #[tokio::test]
    async fn a_run_reaches_the_fakes_and_they_remember_it() {
        let actions = FakeActions::new().then(Answer::failure(404, "gone", Fate::Refused));
        let event = event("stock.counted", &json!({"sku": "A"}));
        let answer = context().actions(actions.clone()).run(&CONSUMER, &event).await;
        assert_eq!(answer.status, 404);
        let invocations = actions.invocations();
        assert_eq!(invocations.len(), 1);
        assert_eq!(invocations[0].action, "stock/counted");
        assert_eq!(invocations[0].event.id, event.id);
    }

    /// Looks for its effect at `there`, sends to `send`.
    struct Once;

    impl EventHandler for Once {
        type Event = Json;
        type Request = Json;
        const SUCCESS: &'static str = "Counted";

        fn transform(&self, event: Json) -> Result<Json, Stop> {
            Ok(event)
        }

        async fn find_effect(&self, cx: &Context, _: &Json) -> Result<Option<Reply>, Stop> {
            let reply = cx.commerce().get("there").await?;
            Ok(reply.is_success().then(|| Reply::of_earlier_attempt(reply.body)))
        }

        async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
            cx.commerce().post("send", request).await
        }
    }

    /// `script` is what the target answers, `paths` what it is asked for.
    async fn check_once(bench: Bench, script: Recorder, paths: &[&str], fate: Fate) {
        let answer = bench.commerce(script.clone()).run(&*handler(Once), &event("code", &json!({}))).await;
        let asked: Vec<String> = script.calls().into_iter().map(|call| call.path).collect();
        assert_eq!((asked, answer.fate), (paths.iter().map(|path| (*path).to_owned()).collect(), fate));
    }

    #[tokio::test]
    async fn an_effect_is_looked_for_in_doubt_only_and_a_doubt_stays_until_it_is_settled() {
        let answers = |status| Recorder::new().then(Reply::new(status, Value::Null));
        let (retry, unknown) = (Fate::Retry { after: None }, Fate::Unknown { after: None });
        check_once(context(), Recorder::new(), &["send"], Fate::Done).await;
        check_once(context(), answers(503), &["send"], retry).await;
        check_once(context().in_doubt(), Recorder::new(), &["there"], Fate::Done).await;
        check_once(context().in_doubt(), answers(404), &["there", "send"], Fate::Done).await;
        let busy = answers(404).then(Reply::new(503, Value::Null));
        check_once(context().in_doubt(), busy, &["there", "send"], unknown.clone()).await;
        let unreachable = Recorder::new().then_stop(Stop::retry("no line"));
        check_once(context().in_doubt(), unreachable, &["there"], unknown).await;
    }

    #[tokio::test]
    async fn a_recorder_answers_from_its_script_and_then_with_200() {
        let recorder = Recorder::new().then(Reply::new(404, json!("gone"))).then_stop(Stop::retry("no line"));
        let cx = context().commerce(recorder.clone()).build();
        assert_eq!(cx.commerce().get("products/A").await.unwrap().status, 404);
        assert_eq!(cx.commerce().get("products/A").await.unwrap_err().to_string(), "no line");
        let call = recorder.calls().remove(0);
        let reply = TargetPort::call(&recorder, call).await.unwrap();
        assert_eq!((reply.status, reply.body), (200, Value::Null));
        assert_eq!(recorder.calls().len(), 3);
    }
}
