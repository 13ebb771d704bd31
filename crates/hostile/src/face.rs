use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What no request line can have; everything else reaches the parser as it is.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a thread can have a runtime");
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Waits on this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// What a program's routes answer.
pub(crate) fn ask(router: &Router, request: Request<Body>) -> Answer {
    wait(async {
        let Ok(response) = router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, ANSWER_BYTES_MAX).await.expect("an answer has an end");
        Answer { status: head.status, headers: head.headers, body: body.into() }
    })
}

/// Any bytes as the query of a URL.
pub(crate) fn query(bytes: &[u8]) -> String {
    percent_encode(bytes, NOT_IN_A_QUERY).to_string()
}
