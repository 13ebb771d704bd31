use std::collections::BTreeMap;
use std::sync::Arc;

/// One attempt of an events service at delivering an event: what Adobe's runtime actions find in `__adobe_headers`
/// (contract, section 4.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names this attempt.
    pub id: String,
    /// The events service's own id of the event, the same on every attempt.
    pub event_id: String,
    pub code: String,
    /// `<provider metadata>_<organisation>_<instance>`, when the provider is one of this service.
    pub provider: Option<String>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The headers of the request that brought the event by webhook; then they stand for all of the above.
    pub sent: Option<Arc<BTreeMap<String, String>>>,
}

impl Delivery {
    /// The headers by their names in lower case. `x-adobe-retry-count` is absent on the first attempt.
    pub fn adobe_headers(&self) -> BTreeMap<String, String> {
        if let Some(sent) = &self.sent {
            return BTreeMap::clone(sent);
        }
        let mut headers = BTreeMap::from([
            ("x-request-id", self.id.clone()),
            ("x-adobe-delivery-id", self.id.clone()),
            ("x-adobe-event-id", self.event_id.clone()),
            ("x-adobe-event-code", self.code.clone()),
        ]);
        headers.extend(self.provider.clone().map(|provider| ("x-adobe-provider", provider)));
        if self.attempt > 1 {
            headers.insert("x-adobe-retry-count", (self.attempt - 1).to_string());
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Delivery;

    #[test]
    fn retries_are_counted_from_the_second_attempt_on() {
        let [id, event_id, code] = ["d", "e", "c"].map(str::to_owned);
        let first = Delivery { id, event_id, code, provider: None, attempt: 1, sent: None };
        let names: Vec<String> = first.adobe_headers().into_keys().collect();
        assert_eq!(names, ["x-adobe-delivery-id", "x-adobe-event-code", "x-adobe-event-id", "x-request-id"]);
        let third = Delivery { attempt: 3, provider: Some("p".to_owned()), ..first };
        let headers = third.adobe_headers();
        assert_eq!((headers["x-adobe-retry-count"].as_str(), headers["x-adobe-provider"].as_str()), ("2", "p"));
    }
}
