use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::Fate;

fn call(body: Option<Vec<u8>>) -> Call {
    let path = "products".to_owned();
    Call { method: Method::POST, path, body, event_id: None, trace: None, changes: Vec::new() }
}

/// The calls of a record as they are kept.
fn kept(record: &Record) -> Timeline {
    serde_json::from_str(&record.take(Ended::Badly).detail.unwrap()).unwrap()
}

#[test]
fn a_stage_that_is_left_early_has_stopped_the_run() {
    let record = Record::new(LogRules::default());
    record.stage("decode").done();
    drop(record.stage("validate"));
    let detail: Value = serde_json::from_str(&record.take(Ended::Badly).detail.unwrap()).unwrap();
    let stopped: Vec<&Value> = detail["stages"].as_array().unwrap().iter().map(|stage| &stage["stopped"]).collect();
    assert_eq!(stopped, [&Value::Null, &json!(true)]);
    assert_eq!(record.take(Ended::Badly), Recorded::default(), "nothing is left");
}

#[test]
fn what_came_back_can_be_given_again() {
    let check = |answer: Result<Reply, Stop>| {
        let record = Record::new(LogRules::default());
        record.call("commerce", &call(None)).answered(&answer);
        let again = kept(&record).calls[0].answer.again().unwrap();
        assert_eq!(format!("{again:?}"), format!("{answer:?}"));
    };
    let error = Some("The SKU is taken".to_owned());
    check(Ok(Reply { error, ..Reply::new(400, json!({"message": "no"})) }));
    check(Ok(Reply::of_earlier_attempt(Value::Null)));
    check(Err(Stop::retry("busy").after(Duration::from_secs(3))));
    check(Err(Stop::unknown("the connection broke")));
    check(Err(Stop::park("no credentials").with_status(401)));
    check(Err(Stop::skip("nothing to do")));
    assert_eq!(Fate::named("nonsense", None), None);
}

#[test]
fn bodies_are_cut_and_cannot_be_given_again() {
    let record = Record::new(LogRules::default());
    let long = "ä".repeat(40_000);
    record.call("commerce", &call(Some(long.clone().into_bytes()))).answered(&Ok(Reply::new(200, json!(long))));
    let timeline = kept(&record);
    let Some(Text::Cut { begin, bytes }) = &timeline.calls[0].request else { panic!("{timeline:?}") };
    assert_eq!((begin.len(), *bytes), (64 << 10, 80_000));
    assert!(timeline.calls[0].answer.again().is_none());
}

#[test]
fn a_run_that_calls_without_end_is_recorded_within_limits() {
    let record = Record::new(LogRules::default());
    for _ in 0..1_000 {
        record.call("commerce", &call(Some(vec![b'a'; 10_000]))).answered(&Ok(Reply::new(200, Value::Null)));
    }
    let recorded = record.take(Ended::Badly).detail.unwrap();
    assert!(recorded.len() < 300_000, "{}", recorded.len());
    let timeline: Timeline = serde_json::from_str(&recorded).unwrap();
    assert_eq!((timeline.calls.len(), timeline.calls_left_out), (100, 900));
}

#[test]
fn a_call_that_was_cut_off_has_no_answer() {
    let record = Record::new(LogRules::default());
    drop(record.call("backoffice", &call(None)));
    let timeline = kept(&record);
    assert!(timeline.calls[0].answer.again().is_none());
}

#[test]
fn of_a_run_that_went_well_less_is_kept() {
    let record = Record::new(LogRules::default());
    let body = "b".repeat(10_000);
    record.call("commerce", &call(Some(body.into_bytes()))).answered(&Ok(Reply::new(200, json!("short"))));
    let timeline: Timeline = serde_json::from_str(&record.take(Ended::Well).detail.unwrap()).unwrap();
    let Some(Text::Cut { begin, bytes }) = &timeline.calls[0].request else { panic!("{timeline:?}") };
    assert_eq!((begin.len(), *bytes), (2_048, 10_000));
    assert_eq!(timeline.calls[0].answer.response, Some(Text::Whole(r#""short""#.to_owned())));
}
