use async_trait::async_trait;

use crate::{Action, Answer, Context, Event, Fate};

/// Which handler takes an event code: `package/action` as deployed.
pub type Route = (&'static str, &'static str);

/// Routes the events of one registration to their handlers and passes on what they answer.
#[derive(Debug)]
pub struct Consumer {
    routes: &'static [Route],
}

impl Consumer {
    pub const fn new(routes: &'static [Route]) -> Self {
        Self { routes }
    }
}

#[async_trait]
impl Action for Consumer {
    async fn run(&self, cx: &Context, event: &Event) -> Answer {
        if event.code.is_empty() {
            let message = "Invalid request parameters: missing parameter(s) 'type'";
            return Answer::error(400, message, Fate::Refused);
        }
        let Some((_, handler)) = self.routes.iter().find(|(code, _)| *code == event.code) else {
            let message = format!("This case type is not supported: {}", event.code);
            return Answer::error(400, &message, Fate::Refused);
        };
        Answer::routed(&event.code, cx.invoke(handler, event).await)
    }
}
