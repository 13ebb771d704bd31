//! What the bodies of all requests under way may take together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER};

use crate::answer;
use crate::body::{announced, drain_apart};
use crate::inflate::{Decompression, Encoding, Inflater};

const RETRY_AFTER_SECONDS: &str = "1";

/// A body that announces no more than this is counted as announced, which costs less than counting what comes.
const SMALL_BYTES_MAX: usize = 4 * 1024;

/// A number of bytes that all request bodies share.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes_max: usize,
    bytes: AtomicUsize,
    decompression: Decompression,
}

/// What the bodies of one client may take of it; goes along with each of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub bytes: Arc<AtomicUsize>,
    pub bytes_max: usize,
}

impl Bodies {
    pub fn new(bytes_max: usize, decompression: Decompression) -> Self {
        Self(Arc::new(Shared { bytes_max, bytes: AtomicUsize::new(0), decompression }))
    }
}

tokio::task_local! {
    /// What the body of the request has taken that this task answers.
    static HELD: Arc<Held>;
}

/// The body of the request that this task answers is refused: what it took is given back, and what still comes of it is
/// thrown away without being counted.
pub(crate) fn give_back() {
    // A small body is counted as announced and given back with its request.
    let _ = HELD.try_with(|held| held.give_back());
}

/// Counts what has come of a body until its request is answered; the request that finds no room is told to come again.
/// What a large body announces is not counted: it is not here yet, and may never come.
pub(crate) async fn bounded(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let encoding = Encoding::of(request.headers());
    let decompression = bodies.0.decompression;
    let share = request.extensions().get().cloned();
    let held = Held {
        bodies,
        share,
        bytes: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        is_refused: AtomicBool::new(false),
    };
    let small = announced(request.headers()).filter(|bytes| *bytes <= SMALL_BYTES_MAX);
    if let (Some(bytes), Encoding::Plain) = (small, encoding) {
        return if held.take(bytes).is_ok() { next.run(request).await } else { come_again() };
    }
    let held = Arc::new(held);
    let request = match (encoding, decompression) {
        (Encoding::Plain, _) => request.map(|body| counted(body, Arc::downgrade(&held))),
        (Encoding::Gzip, Decompression::Gzip) => inflated(request, Arc::downgrade(&held)),
        (Encoding::Gzip, Decompression::Off) | (Encoding::Unknown, _) => {
            drain_apart(request.into_body().into_data_stream());
            return decompression.refusal();
        }
    };
    let response = HELD.scope(Arc::clone(&held), next.run(request)).await;
    if held.is_over.load(Ordering::Relaxed) { come_again() } else { response }
}

fn come_again() -> Response {
    let told = "more is being sent than can be held at once; send it again later";
    let response = answer::error(StatusCode::SERVICE_UNAVAILABLE, told);
    ([(RETRY_AFTER, RETRY_AFTER_SECONDS)], response).into_response()
}

/// The body, with each chunk counted as long as its request is not answered: after that it is only thrown away.
fn counted(body: Body, held: Weak<Held>) -> Body {
    let counting = Some((body.into_data_stream(), held));
    Body::from_stream(stream::unfold(counting, async |counting| {
        let (mut stream, held) = counting?;
        let chunk = stream.next().await?;
        let taken = match (&chunk, held.upgrade()) {
            (Ok(chunk), Some(held)) => held.take(chunk.len()),
            (Ok(_), None) | (Err(_), _) => Ok(()),
        };
        match taken {
            Ok(()) => Some((chunk, Some((stream, held)))),
            Err(no_room) => {
                drain_apart(stream);
                Some((Err(no_room), None))
            }
        }
    }))
}

/// The request as if it had come without compression; what its body becomes is counted.
fn inflated(mut request: Request, held: Weak<Held>) -> Request {
    for header in [CONTENT_ENCODING, CONTENT_LENGTH] {
        request.headers_mut().remove(header);
    }
    request.map(|body| {
        let inflating = Inflating { stream: body.into_data_stream(), held, inflater: Inflater::new(), is_over: false };
        Body::from_stream(stream::unfold(inflating, async |mut inflating| Some((inflating.next().await?, inflating))))
    })
}

struct Inflating {
    stream: BodyDataStream,
    held: Weak<Held>,
    inflater: Inflater,
    is_over: bool,
}

impl Inflating {
    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        if self.is_over {
            return None;
        }
        let next = loop {
            // Whoever is answered may go on to send, and nobody inflates it.
            let Some(held) = self.held.upgrade() else { return self.stream.next().await };
            match self.inflater.give_out() {
                Ok(Some(piece)) => break held.take(piece.len()).map(|()| piece),
                Ok(None) => {}
                Err(not_gzip) => break Err(axum::Error::new(not_gzip)),
            }
            drop(held);
            match self.stream.next().await {
                Some(Ok(chunk)) => self.inflater.take_in(chunk),
                Some(Err(error)) => break Err(error),
                None => {
                    self.is_over = true;
                    break self.inflater.end().map_err(axum::Error::new);
                }
            }
        };
        self.is_over |= next.is_err();
        Some(next)
    }
}

/// What one body has taken, given back with it.
#[derive(Debug)]
struct Held {
    bodies: Bodies,
    share: Option<Share>,
    bytes: AtomicUsize,
    is_over: AtomicBool,
    is_refused: AtomicBool,
}

impl Held {
    fn give_back(&self) {
        self.is_refused.store(true, Ordering::Relaxed);
        let bytes = self.bytes.swap(0, Ordering::Relaxed);
        self.bodies.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(share) = &self.share {
            share.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    fn take(&self, bytes: usize) -> Result<(), axum::Error> {
        if self.is_refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let shared = &self.bodies.0;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_beyond = |taken: &AtomicUsize, bytes_max: usize| {
            taken.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > bytes_max
        };
        let is_own_beyond = self.share.as_ref().is_some_and(|share| is_beyond(&share.bytes, share.bytes_max));
        if is_beyond(&shared.bytes, shared.bytes_max) || is_own_beyond {
            self.is_over.store(true, Ordering::Relaxed);
            return Err(axum::Error::new("no room for more of a body"));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use tokio::sync::{mpsc, watch};
    use tower::ServiceExt;

    use super::*;
    use crate::BodyRules;

    /// Reads a body, says so, and answers when the gate opens.
    fn router(bodies: &Bodies, read: mpsc::UnboundedSender<usize>, gate: watch::Receiver<bool>) -> Router {
        let handler = move |request: Request| async move {
            let (head, body) = request.into_parts();
            let body = BodyRules::default().read(1_000, &head.headers, body).await?;
            read.send(body.len()).unwrap();
            gate.clone().wait_for(|is_open| *is_open).await.unwrap();
            Ok::<_, crate::BodyFault>(StatusCode::OK)
        };
        Router::new().route("/", post(handler)).layer(from_fn_with_state(bodies.clone(), bounded))
    }

    fn request(is_announced: bool, bytes: usize) -> Request {
        let request = Request::post("/");
        let request = if is_announced { request.header(CONTENT_LENGTH, bytes) } else { request };
        request.body(Body::from(vec![b'x'; bytes])).unwrap()
    }

    #[tokio::test]
    async fn what_all_bodies_take_is_bounded_and_given_back() {
        for is_announced in [false, true] {
            check_bound(is_announced).await;
        }
    }

    async fn check_bound(is_announced: bool) {
        let bodies = Bodies::new(1_500, Decompression::Gzip);
        let (read, mut came) = mpsc::unbounded_channel();
        let (gate, opened) = watch::channel(false);
        let router = router(&bodies, read, opened);
        let first = tokio::spawn(router.clone().oneshot(request(is_announced, 1_000)));
        assert_eq!(came.recv().await, Some(1_000));
        let refused = router.clone().oneshot(request(is_announced, 501)).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], RETRY_AFTER_SECONDS);
        let second = tokio::spawn(router.clone().oneshot(request(is_announced, 500)));
        assert_eq!(came.recv().await, Some(500));
        gate.send_replace(true);
        for answered in [first, second] {
            assert_eq!(answered.await.unwrap().unwrap().status(), StatusCode::OK);
        }
        assert_eq!(bodies.0.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_sender_that_goes_and_a_body_that_is_refused_give_back_theirs() {
        for is_announced in [false, true] {
            check_return(is_announced).await;
        }
    }

    async fn check_return(is_announced: bool) {
        let bodies = Bodies::new(1_500, Decompression::Gzip);
        let (read, mut came) = mpsc::unbounded_channel();
        let (_gate, opened) = watch::channel(false);
        let router = router(&bodies, read, opened);
        let gone = tokio::spawn(router.clone().oneshot(request(is_announced, 1_000)));
        assert_eq!(came.recv().await, Some(1_000));
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        let refused = router.oneshot(request(is_announced, 1_001)).await.unwrap();
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(bodies.0.bytes.load(Ordering::Relaxed), 0);
    }
}
