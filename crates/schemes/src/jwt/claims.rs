use serde::Deserialize;
use serde_json::Number;

/// What a token says, as far as anybody asks.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "iss")]
    pub(super) issuer: Option<String>,
    #[serde(rename = "aud", default, deserialize_with = "texts")]
    pub(super) audiences: Vec<String>,
    #[serde(rename = "exp", default, deserialize_with = "seconds")]
    pub(super) expires_s: Option<i64>,
    #[serde(rename = "nbf", default, deserialize_with = "seconds")]
    pub(super) not_before_s: Option<i64>,
}

/// One text or a list of them, as RFC 7519 has it.
fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::<Texts>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Many(texts)) => texts,
    })
}

/// Whole seconds; RFC 7519 allows fractions.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = Option::<Number>::deserialize(deserializer)?;
    Ok(number.and_then(|number| number.as_i64().or_else(|| number.as_f64().and_then(whole))))
}

fn whole(number: f64) -> Option<i64> {
    // What is beyond is no time of anybody's calendar.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and the fraction is meant to go")]
    (0.0..1e12).contains(&number).then_some(number as i64)
}
