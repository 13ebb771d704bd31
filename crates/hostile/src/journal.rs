use axum::body::Body;
use http::Request;
use http::header::LINK;
use serde_json::Value;

use crate::face::{Answer, ask, query};
use crate::service::{JOURNAL, ORGANIZATION, WORLD};

/// Any query of a journal is a page or is refused, and the links of a page lead to pages.
pub fn journal(input: &[u8]) {
    let path = format!("/events/organizations/{ORGANIZATION}/integrations/{}/{JOURNAL}", WORLD.credential.id);
    let Some(answer) = get(&format!("{path}?{}", query(input))) else { return };
    match answer.status.as_u16() {
        200 | 204 => {
            for link in answer.headers.get_all(LINK) {
                let link = link.to_str().expect("a link is text");
                let (_, rest) = link.split_once('<').expect("a link has a target");
                let (target, _) = rest.split_once('>').expect("a target has an end");
                // Others are patterns with names in braces.
                if target.contains('{') {
                    continue;
                }
                let status = get(target).expect("a link is a URL").status;
                assert!(matches!(status.as_u16(), 200 | 204), "{target}: {status}");
            }
        }
        400 | 410 => drop(serde_json::from_slice::<Value>(&answer.body).expect("a refusal is JSON")),
        status => panic!("{status}"),
    }
}

/// None for what is no URL.
fn get(path_and_query: &str) -> Option<Answer> {
    let request =
        WORLD.signed(Request::get(path_and_query)).header("x-ims-org-id", "0123456789ABCDEF01234567@AdobeOrg");
    Some(ask(&WORLD.router, request.body(Body::empty()).ok()?))
}
