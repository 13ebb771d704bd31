use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::warn;
use validator::Validate;

use crate::{Action, Answer, Context, Echo, Event, Fate, RUN_LOG, Reply, Stop, json};

/// One handler: what it takes, what it sends, and the stages between. Stages left out do nothing.
///
/// The stages run in the order of this trait, once per attempt. `send` may run twice for one event, so the event's
/// id goes along with every call made through the context, and `find_effect` is asked first when an earlier attempt may
/// have had its effect.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler yet",
    label = "this type has no `impl EventHandler`",
    note = "write `impl EventHandler for {Self}` with `type Event`, `type Request`, `const SUCCESS`, `transform` and `send`"
)]
pub trait EventHandler: Send + Sync + 'static {
    /// What the event carries. Field rules: `validator`; the schema: `schemars`.
    type Event: DeserializeOwned + JsonSchema + Validate + Send;
    /// What the other system is sent.
    type Request: Serialize + Send + Sync;
    /// What the caller reads when the event had its effect.
    const SUCCESS: &'static str;

    /// Rules over several fields; events that are not wanted.
    fn validate(&self, event: &Self::Event) -> Result<(), Stop> {
        let _ = event;
        Ok(())
    }

    /// What the other direction carries of this change, too. When this event is the echo of such a change, it goes no
    /// further; otherwise its own echo will be known. `None`: nothing comes back.
    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let _ = event;
        None
    }

    /// `Event` to `Request`; pure: no clock, no network.
    fn transform(&self, event: Self::Event) -> Result<Self::Request, Stop>;

    /// Looks things up before the call.
    fn pre(&self, cx: &Context, request: Self::Request) -> impl Future<Output = Result<Self::Request, Stop>> + Send {
        let _ = cx;
        async { Ok(request) }
    }

    /// The effect of an earlier attempt whose outcome is not known, if it had any: the event is done with it, and nothing
    /// is sent. Asked only [in doubt](Context::is_in_doubt); left out where sending twice does what sending once does.
    fn find_effect(
        &self,
        cx: &Context,
        request: &Self::Request,
    ) -> impl Future<Output = Result<Option<Reply>, Stop>> + Send {
        let _ = (cx, request);
        async { Ok(None) }
    }

    /// The call to the other system.
    fn send(&self, cx: &Context, request: &Self::Request) -> impl Future<Output = Result<Reply, Stop>> + Send;

    /// What follows a successful call. A stop here never sends again.
    fn post(
        &self,
        cx: &Context,
        request: &Self::Request,
        reply: &Reply,
    ) -> impl Future<Output = Result<(), Stop>> + Send {
        let _ = (cx, request, reply);
        async { Ok(()) }
    }
}

/// Erases a handler's types for the table of actions.
pub fn handler<H: EventHandler>(handler: H) -> Box<dyn Action> {
    Box::new(Erased(handler))
}

struct Erased<H>(H);

#[async_trait]
impl<H: EventHandler> Action for Erased<H> {
    async fn run(&self, cx: &Context, event: &Event) -> Answer {
        let answer = self.stages(cx, event).await.unwrap_or_else(|stop| {
            cx.note_stop(&stop);
            stop.into_answer()
        });
        match answer.fate {
            // That nothing happened this time takes no doubt away.
            Fate::Retry { after } if cx.is_in_doubt() => Answer { fate: Fate::Unknown { after }, ..answer },
            _ => answer,
        }
    }
}

impl<H: EventHandler> Erased<H> {
    /// The order of the stages exists here and nowhere else.
    async fn stages(&self, cx: &Context, event: &Event) -> Result<Answer, Stop> {
        let record = cx.record();
        if cx.is_in_doubt() {
            record.in_doubt();
        }
        let stage = record.stage("decode");
        let decoded = decode::<H::Event>(event)?;
        stage.done();
        let stage = record.stage("validate");
        self.0.validate(&decoded)?;
        stage.done();
        let echo = self.0.echo(&decoded);
        if let Some(echo) = &echo
            && cx.echoes().is_echo(echo).await?
        {
            return Ok(Answer::suppressed(&event.code, &echo.discarded(&event.code)));
        }
        let stage = record.stage("transform");
        let request = self.0.transform(decoded)?;
        stage.done();
        let stage = record.stage("pre");
        let request = self.0.pre(cx, request).await?;
        stage.done();
        if let Some(echo) = &echo {
            cx.echoes().remember(echo).await?;
        }
        let stage = record.stage("send");
        let found = if cx.is_in_doubt() { self.0.find_effect(cx, &request).await? } else { None };
        let reply = match found {
            Some(reply) => reply,
            None => self.0.send(cx, &request).await?,
        };
        if !reply.is_success() {
            return Ok(failed_call(&reply));
        }
        stage.done();
        let stage = record.stage("post");
        if let Err(stop) = self.0.post(cx, &request, &reply).await {
            cx.note_stop(&stop);
            return Ok(stop.into_answer_after_send());
        }
        stage.done();
        match &reply.note {
            Some(note) => Ok(Answer::success(&format!("{}. {note}", H::SUCCESS))),
            None => Ok(Answer::success(H::SUCCESS)),
        }
    }
}

fn decode<T: DeserializeOwned + Validate>(event: &Event) -> Result<T, Stop> {
    json::decode(&event.data)
        .map_err(|fault| Stop::reject(format!("Data provided does not validate with the schema: {fault}")))
}

fn failed_call(reply: &Reply) -> Answer {
    let fate = match Fate::of_status(reply.status, reply.retry_after) {
        Fate::Done | Fate::Skipped | Fate::Suppressed => Fate::Refused,
        fate => fate,
    };
    let error = reply.error.clone().unwrap_or_else(|| format!("the target answered {}", reply.status));
    warn!(target: RUN_LOG, status = reply.status, "the call failed: {error}");
    Answer::failure(reply.status, &error, fate)
}
