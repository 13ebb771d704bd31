use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adobe::{Backoffice, Bearer, Clock, Commerce, Governor, Limits, NoCredentials};
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use futures_util::future::join_all;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method};
use sdk::{Call, Fate, TargetPort};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use super::{get, post};
use crate::support::{Stand, json, pool};

fn governed(url: &str, concurrency: usize) -> Commerce {
    let limits = Limits { concurrency, rate: None, wait: Duration::from_secs(20) };
    let governor = Governor::new("commerce", limits, Clock::system());
    let bearer = Arc::new(Bearer::new(SecretString::from("token")));
    Commerce::new(pool(), url, bearer, governor)
}

/// How many calls of each path there are at one time, and the most there were.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<String, (usize, usize)>>>);

impl Crowd {
    fn enter(&self, path: &str) {
        let mut paths = self.0.lock().unwrap();
        let (now, most) = paths.entry(path.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
    }

    fn leave(&self, path: &str) {
        self.0.lock().unwrap().get_mut(path).unwrap().0 -= 1;
    }

    fn most(&self, path: &str) -> usize {
        self.0.lock().unwrap()[path].1
    }

    /// Answers a call when `together` calls are there.
    async fn serve(&self, together: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (crowd, barrier) = (self.clone(), Arc::new(Barrier::new(together)));
        let router = Router::new().fallback(move |request: Request| {
            let (crowd, barrier) = (crowd.clone(), Arc::clone(&barrier));
            async move {
                let path = request.uri().path().to_owned();
                crowd.enter(&path);
                barrier.wait().await;
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                crowd.leave(&path);
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

fn put(sku: &str) -> Call {
    let path = format!("products/{sku}");
    Call { method: Method::PUT, changes: vec![format!("sku/{sku}")], ..post(&path, "{}") }
}

#[tokio::test]
async fn writes_to_one_sku_never_overlap() {
    let crowd = Crowd::default();
    let commerce = governed(&crowd.serve(1).await, 16);
    let replies = join_all((0..20).map(|_| commerce.call(put("A")))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().is_success()));
    assert_eq!(crowd.most("/V1/products/A"), 1);
}

#[tokio::test]
async fn writes_to_two_skus_do_overlap() {
    // The server answers only when both are there.
    let commerce = governed(&Crowd::default().serve(2).await, 16);
    let replies = join_all(["A", "B"].map(|sku| commerce.call(put(sku)))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().is_success()));
}

#[tokio::test]
async fn reading_excludes_nobody() {
    let commerce = governed(&Crowd::default().serve(3).await, 16);
    let read = Call { changes: vec!["sku/A".to_owned()], ..get("products/A") };
    let replies = join_all([put("A"), read.clone(), read].map(|call| commerce.call(call))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().is_success()));
}

#[tokio::test]
async fn calls_keep_to_the_places() {
    let crowd = Crowd::default();
    let commerce = governed(&crowd.serve(1).await, 3);
    join_all((0..30).map(|_| commerce.call(get("orders")))).await;
    assert!(crowd.most("/V1/orders") <= 3);
}

#[tokio::test]
async fn a_pause_holds_for_all_calls_of_the_target() {
    let stand = Stand::start(|_, _| ([(RETRY_AFTER, "3600")], json(200, "{}")).into_response());
    let quick = stand.await;
    let stand = Stand::start(|_, _| {
        let mut response = json(429, r#"{"message":"Too Many Requests"}"#);
        response.headers_mut().insert(RETRY_AFTER, "3600".parse().unwrap());
        response
    });
    let stand = stand.await;
    let governor = Governor::new("erp", Limits::default(), Clock::system());
    let client = |url: &str| {
        let (pool, governor) = (pool(), Arc::clone(&governor));
        Backoffice::new(pool, url, HeaderMap::new(), Arc::new(NoCredentials), governor)
    };
    assert!(client(&quick.url).call(get("orders")).await.unwrap().is_success());
    let reply = client(&stand.url).call(get("orders")).await.unwrap();
    assert_eq!((reply.status, reply.retry_after), (429, Some(Duration::from_hours(1))));
    let stop = client(&stand.url).call(get("orders")).await.unwrap_err();
    assert_eq!(stop.to_string(), "The back office has more calls than it can take; this one waits");
    let Fate::Retry { after: Some(after) } = stop.fate() else { panic!("{stop:?}") };
    assert!((Duration::from_secs(50)..=Duration::from_mins(1)).contains(after));
    assert_eq!((quick.count("/"), stand.count("/")), (1, 1));
}
