use std::time::Duration;

use http::Method;
use sdk::Inputs;
use serde_json::json;

use super::failure::{Failure, Remedy};
use super::progress::{Memory, pages};
use super::query;

/// A page that a target asks for again is carried this many times more.
const REPEATS_MAX: u32 = 3;

/// Before the first repetition; each further one doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// Whatever a target asks for. The pause and the longest call fit into the lease.
const PAUSE_LONGEST: Duration = Duration::from_secs(10);

/// How the back office takes a page.
#[derive(Debug)]
pub struct Backoffice {
    method: Method,
    path: String,
}

impl Backoffice {
    pub fn read(inputs: &Inputs) -> Result<Self, String> {
        let method = match inputs.text("BACKOFFICE_METHOD") {
            None | Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some(_) => return Err("the input `BACKOFFICE_METHOD` must be `POST`, `PUT` or `PATCH`".to_owned()),
        };
        let path = inputs.text("BACKOFFICE_PATH").unwrap_or("products/pages");
        let is_relative = !path.starts_with('/') && !path.contains("//") && path.chars().all(|c| c.is_ascii_graphic());
        if !is_relative {
            let problem = "must be a path below the back office's address, such as `products/pages`";
            return Err(format!("the input `BACKOFFICE_PATH` {problem}"));
        }
        Ok(Self { method, path: path.to_owned() })
    }
}

/// What became of a page.
#[derive(Debug)]
pub enum Carried {
    Page {
        products: usize,
        total: u64,
    },
    /// There are fewer pages than there were.
    PastTheEnd {
        total: u64,
    },
}

/// Brings a page from Commerce to the back office, again when a target asks for it.
pub async fn carry(
    memory: &Memory<'_>,
    backoffice: &Backoffice,
    page: u32,
    page_size: u32,
) -> Result<Carried, Failure> {
    let mut repeats = 0;
    loop {
        let failure = match carry_once(memory, backoffice, page, page_size).await {
            Ok(carried) => return Ok(carried),
            Err(failure) => failure,
        };
        match failure.remedy {
            Remedy::Again { after } if repeats < REPEATS_MAX => {
                tokio::time::sleep(pause(repeats, after)).await;
                repeats += 1;
            }
            Remedy::Again { .. } | Remedy::None | Remedy::Look => return Err(failure),
        }
    }
}

async fn carry_once(
    memory: &Memory<'_>,
    backoffice: &Backoffice,
    page: u32,
    page_size: u32,
) -> Result<Carried, Failure> {
    memory.lease().await?;
    let cx = memory.cx();
    let found = match query::products(cx, page, page_size).await {
        Ok(found) => found,
        // Commerce refuses pages behind the last one, in words that are its own.
        Err(failure) if failure.remedy == Remedy::Look && page > 1 => {
            memory.lease().await?;
            let total = query::products(cx, 1, page_size).await?.total;
            return if pages(total, page_size) < page { Ok(Carried::PastTheEnd { total }) } else { Err(failure) };
        }
        Err(failure) => return Err(failure),
    };
    let (products, total) = (found.items.len(), found.total);
    if products > 0 {
        memory.lease().await?;
        let body = json!({"page": page, "items": found.items}).to_string().into_bytes();
        let reply = cx.backoffice().call(backoffice.method.clone(), backoffice.path.clone(), Some(body)).await?;
        if !reply.is_success() {
            return Err(Failure::of_reply(&reply, "the back office"));
        }
    }
    Ok(Carried::Page { products, total })
}

fn pause(repeats: u32, after: Option<Duration>) -> Duration {
    let pause = PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(repeats));
    after.map_or(pause, |after| after.max(pause)).min(PAUSE_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(repeats: u32, after_ms: Option<u64>, milliseconds: u64) {
        assert_eq!(pause(repeats, after_ms.map(Duration::from_millis)), Duration::from_millis(milliseconds));
    }

    #[test]
    fn pauses_double_and_listen_to_the_target_within_bounds() {
        check(0, None, 500);
        check(1, None, 1_000);
        check(2, None, 2_000);
        check(0, Some(3_000), 3_000);
        check(2, Some(100), 2_000);
        check(0, Some(60_000), 10_000);
        check(u32::MAX, None, 10_000);
    }

    #[test]
    fn the_way_to_the_back_office_is_checked() {
        let read = |name: &str, value: &str| Backoffice::read(&Inputs::new([(name.to_owned(), value.into())].into()));
        let default = Backoffice::read(&Inputs::default()).unwrap();
        assert_eq!((default.method, &*default.path), (Method::POST, "products/pages"));
        assert_eq!(read("BACKOFFICE_METHOD", "PATCH").unwrap().method, Method::PATCH);
        assert_eq!(read("BACKOFFICE_PATH", "a/b?c=d").unwrap().path, "a/b?c=d");
        for method in ["GET", "post", "DELETE"] {
            assert!(read("BACKOFFICE_METHOD", method).unwrap_err().contains("`POST`, `PUT` or `PATCH`"));
        }
        for path in ["/products", "https://example.com/", "a b", "ü"] {
            assert!(read("BACKOFFICE_PATH", path).unwrap_err().contains("`products/pages`"), "{path}");
        }
    }
}
