//! What goes into a trace. Every part opens `tracing` spans of one target; who keeps them is the program's business, so
//! no part knows OpenTelemetry. When nobody keeps them, such a span costs the look at a flag.

use std::sync::OnceLock;

use tracing::Span;

use crate::TraceContext;

/// The target of all spans that belong into a trace. The log leaves it out.
pub const TARGET: &str = "kit::trace";

/// What the program knows about a span that it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    /// Makes a span that has not begun the child of one elsewhere.
    pub adopt: fn(&Span, &TraceContext),
    /// Tells that a span has to do with one elsewhere, which is not its parent.
    pub link: fn(&Span, &TraceContext),
    /// Where whatever the span causes goes on.
    pub context: fn(&Span) -> Option<TraceContext>,
}

static KEEPER: OnceLock<Keeper> = OnceLock::new();

/// Spans are kept from now on; the first keeper of a process stays.
pub fn keep(keeper: Keeper) {
    let _ = KEEPER.set(keeper);
}

/// Makes a span that has not begun go on where the context is: in another process, or before a restart.
pub fn adopt(span: &Span, context: Option<&TraceContext>) {
    if let (Some(keeper), Some(context)) = (kept_by(span), context) {
        (keeper.adopt)(span, context);
    }
}

/// Ties a span to a context that is not its parent.
pub fn link(span: &Span, context: &TraceContext) {
    if let Some(keeper) = kept_by(span) {
        (keeper.link)(span, context);
    }
}

/// The context for whatever comes after a span: its own when it is kept, otherwise the one that came in, unchanged.
pub fn onward(span: &Span, came_in: Option<&TraceContext>) -> Option<TraceContext> {
    kept_by(span).and_then(|keeper| (keeper.context)(span)).or_else(|| came_in.cloned())
}

fn kept_by(span: &Span) -> Option<&'static Keeper> {
    if span.is_disabled() { None } else { KEEPER.get() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_goes_on_where_no_span_is_kept() {
        let context = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None).unwrap();
        let span = tracing::info_span!(target: TARGET, "nobody keeps this");
        adopt(&span, Some(&context));
        link(&span, &context);
        assert_eq!(onward(&span, Some(&context)), Some(context));
        assert_eq!(onward(&span, None), None);
    }
}
