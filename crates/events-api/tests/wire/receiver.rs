use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, Uri};
use tokio::net::TcpListener;

/// A webhook that answers as the test says, and remembers what it was asked.
pub struct Receiver {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The challenge in the query.
    pub fn challenge(&self) -> String {
        let query = self.uri.query().unwrap();
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "challenge").unwrap().1.into_owned()
    }
}

type Answers = Arc<dyn Fn(&Received) -> Response + Send + Sync>;

impl Receiver {
    pub async fn answering<A: IntoResponse>(answer: impl Fn(&Received) -> A + Send + Sync + 'static) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let answers: Answers = Arc::new(move |request| answer(request).into_response());
        let state = (Arc::clone(&received), answers);
        let router = Router::new().fallback(receive).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, received }
    }

    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

async fn receive(
    State((received, answers)): State<(Arc<Mutex<Vec<Received>>>, Answers)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Received { method, uri, headers, body: String::from_utf8(body.to_vec()).unwrap() };
    let answer = answers(&request);
    received.lock().unwrap().push(request);
    answer
}
