//! What an access token of IMS says of itself. Nobody has checked its signature: this decides only whether it is worth
//! asking IMS, and until when an answer counts at the most.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

const ACCESS_TOKEN: &str = "access_token";

const CLIENT_ID_BYTES_MAX: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub client_id: String,
    pub expires: Timestamp,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_id: Option<String>,
    /// Both in milliseconds, as texts (contract, section 1.2).
    created_at: Option<Value>,
    expires_in: Option<Value>,
    /// In seconds, as everybody else has it.
    exp: Option<Value>,
}

impl Claims {
    /// What the token says, or why no token of IMS would say that.
    pub fn read(token: &str) -> Result<Self, &'static str> {
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err("the token is not of three parts with dots between them");
        };
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok();
        let payload = payload.and_then(|payload| serde_json::from_slice::<Payload>(&payload).ok());
        let payload = payload.ok_or("the middle part of the token is no JSON object in base64url")?;
        if payload.kind.as_deref() != Some(ACCESS_TOKEN) {
            return Err("the token is no access token");
        }
        let is_sendable = |id: &String| (1..=CLIENT_ID_BYTES_MAX).contains(&id.len()) && id.is_ascii();
        let client_id = payload.client_id.clone().filter(is_sendable).ok_or("the token names no client")?;
        let expires = payload.expires().ok_or("the token does not say when it ends")?;
        Ok(Self { client_id, expires })
    }
}

impl Payload {
    /// The earlier one when it says it in both ways.
    fn expires(&self) -> Option<Timestamp> {
        let number = |value: &Option<Value>| match value {
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        let theirs = number(&self.created_at).zip(number(&self.expires_in));
        let theirs = theirs.and_then(|(created, lives)| created.checked_add(lives));
        let theirs = theirs.and_then(|ends| Timestamp::from_millisecond(ends).ok());
        let usual = number(&self.exp).and_then(|ends| Timestamp::from_second(ends).ok());
        match (theirs, usual) {
            (Some(theirs), Some(usual)) => Some(theirs.min(usual)),
            (theirs, usual) => theirs.or(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(payload: &Value) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload.to_string()))
    }

    fn check(payload: &Value, expires: Result<i64, &str>) {
        let read = Claims::read(&token(payload));
        let expected = expires
            .map(|seconds| Claims { client_id: "shop".to_owned(), expires: Timestamp::from_second(seconds).unwrap() });
        assert_eq!(read, expected, "{payload}");
    }

    #[test]
    fn a_token_says_whose_it_is_and_when_it_ends() {
        let base = json!({"type": "access_token", "client_id": "shop"});
        let with = |members: Value| {
            let mut all = base.clone();
            all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            all
        };
        check(&with(json!({"created_at": "1700000000000", "expires_in": "86400000"})), Ok(1_700_086_400));
        check(&with(json!({"created_at": 1_700_000_000_000_i64, "expires_in": 1_000})), Ok(1_700_000_001));
        check(&with(json!({"exp": 1_700_000_005})), Ok(1_700_000_005));
        check(
            &with(json!({"created_at": "1700000000000", "expires_in": "9000", "exp": 1_700_000_005})),
            Ok(1_700_000_005),
        );
        check(&base, Err("the token does not say when it ends"));
        check(
            &with(json!({"created_at": "9223372036854775807", "expires_in": "1"})),
            Err("the token does not say when it ends"),
        );
        check(&with(json!({"type": "refresh_token", "exp": 1})), Err("the token is no access token"));
        check(&with(json!({"client_id": "", "exp": 1})), Err("the token names no client"));
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        for text in ["", "opaque", "a.b", "a.b.c.d"] {
            assert_eq!(Claims::read(text), Err("the token is not of three parts with dots between them"), "{text}");
        }
        for text in ["a.!.c", "a..c", "a.W10.c", "a.bnVsbA.c"] {
            let reason = Claims::read(text).unwrap_err();
            assert_eq!(reason, "the middle part of the token is no JSON object in base64url", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,200}", payload in "[\\x00-\\x7f]{0,100}") {
            let _ = Claims::read(&text);
            let _ = Claims::read(&format!("a.{}.b", BASE64_URL_SAFE_NO_PAD.encode(payload)));
        }
    }
}
