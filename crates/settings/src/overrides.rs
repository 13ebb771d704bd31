//! What single registrations ask of their deliveries: `delivery.json` beside the other files of onboarding.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Number;
use serde_saphyr::Spanned;

use crate::environment::{OnParked, Retry, delivery, quantity};
use crate::manifest::tree::{self, Scalar, Tree};
use crate::{Fault, Faults, Location, suggestion};

/// Where they stand, below the project folder.
pub const DELIVERY_FILE: &str = "onboarding/config/delivery.json";

const MEMBERS: [&str; 7] =
    ["retry_delays", "retry_for", "retry_jitter", "attempts_max", "retry_after_max", "on_parked", "at_once"];
const LEFT_OUT: &str = "leave it out for what holds for all registrations";

/// What registrations want otherwise, by name or slug.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeliveryOverrides {
    registrations: BTreeMap<String, DeliveryOverride>,
}

/// What one registration wants otherwise. None: as the environment says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeliveryOverride {
    /// Never empty.
    pub retry_delays: Option<Vec<Duration>>,
    pub retry_for: Option<Duration>,
    pub retry_jitter: Option<f64>,
    pub attempts_max: Option<u32>,
    pub retry_after_max: Option<Duration>,
    pub on_parked: Option<OnParked>,
    /// Deliveries that run at the same time.
    pub at_once: Option<usize>,
}

impl DeliveryOverrides {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Everything that is wrong, with line and member.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let registrations = registrations(text, &mut faults);
        Faults::none_or(faults, Self { registrations })
    }

    /// Names, or slugs, with what is wanted under them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DeliveryOverride)> {
        self.registrations.iter().map(|(name, wanted)| (name.as_str(), wanted))
    }
}

impl DeliveryOverride {
    /// The retries of a registration: what it says itself, and of `all` what it leaves out.
    pub fn retry(&self, all: &Retry) -> Retry {
        Retry {
            delays: self.retry_delays.clone().unwrap_or_else(|| all.delays.clone()),
            total: self.retry_for.unwrap_or(all.total),
            jitter: self.retry_jitter.unwrap_or(all.jitter),
            attempts_max: self.attempts_max.unwrap_or(all.attempts_max),
            retry_after_max: self.retry_after_max.unwrap_or(all.retry_after_max),
        }
    }
}

type Members = [(Spanned<String>, Spanned<Tree>)];

fn registrations(text: &str, faults: &mut Vec<Fault>) -> BTreeMap<String, DeliveryOverride> {
    let mut registrations = BTreeMap::new();
    let example = "such as `{\"backoffice-product-sync\": {\"retry_for\": \"2h\"}}`";
    // The tree knows lines and takes YAML, of which JSON is a part; the file is to be JSON.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
        faults.push(fault(line, "", "expected JSON", example));
        return registrations;
    }
    let tree = match tree::parse(text) {
        Ok(tree) => tree,
        Err(wrong) => {
            faults.push(fault(wrong.line, "", wrong.problem, example));
            return registrations;
        }
    };
    let Tree::Map(entries) = &tree.value else {
        faults.push(fault(1, "", "expected an object by registration", example));
        return registrations;
    };
    report_repeated(entries, "", faults);
    for (name, value) in entries {
        let Tree::Map(members) = &value.value else {
            faults.push(fault(line(name), &name.value, "expected an object", example));
            continue;
        };
        report_repeated(members, &format!("{}.", name.value), faults);
        let mut wanted = DeliveryOverride::default();
        for (member, value) in members {
            let key = format!("{}.{}", name.value, member.value);
            let at = Member { name: &member.value, key, line: line(member), value: &value.value };
            if let Err((problem, hint)) = set(&mut wanted, &at) {
                faults.push(fault(at.line, &at.key, problem, hint));
            }
        }
        registrations.insert(name.value.clone(), wanted);
    }
    registrations
}

struct Member<'a> {
    name: &'a str,
    key: String,
    line: u64,
    value: &'a Tree,
}

/// Problem and hint.
type Wrong = (String, String);

fn set(wanted: &mut DeliveryOverride, member: &Member<'_>) -> Result<(), Wrong> {
    match member.name {
        "retry_delays" => wanted.retry_delays = Some(delays(member.value)?),
        "retry_for" => {
            wanted.retry_for = Some(duration(member.value, &delivery::RETRY_FOR, "`1s` to `30d`")?);
        }
        "retry_jitter" => {
            let share = number(member.value).and_then(Number::as_f64);
            let share = share.filter(|share| delivery::RETRY_JITTER.contains(share));
            wanted.retry_jitter = Some(share.ok_or_else(|| wrong("expected a number from 0 to 1", "such as `0.1`"))?);
        }
        "attempts_max" => wanted.attempts_max = Some(whole(member.value, &delivery::ATTEMPTS_MAX)?),
        "retry_after_max" => {
            wanted.retry_after_max = Some(duration(member.value, &delivery::RETRY_AFTER_MAX, "`1s` to `1d`")?);
        }
        "on_parked" => {
            let parsed = text(member.value).and_then(OnParked::parse);
            wanted.on_parked =
                Some(parsed.ok_or_else(|| wrong(delivery::ON_PARKED_EXPECTED, delivery::ON_PARKED_HINT))?);
        }
        "at_once" => wanted.at_once = Some(whole(member.value, &delivery::AT_ONCE)?),
        name => {
            return Err(wrong("expected a member that deliveries have", &suggestion::hint(name, &MEMBERS)));
        }
    }
    Ok(())
}

fn delays(value: &Tree) -> Result<Vec<Duration>, Wrong> {
    let read = match value {
        Tree::List(items) => items.iter().map(|item| text(&item.value)).collect::<Option<Vec<&str>>>(),
        Tree::Scalar(_) | Tree::Map(_) => None,
    };
    read.and_then(|texts| delivery::retry_delays(texts.into_iter())).ok_or_else(|| {
        let problem = format!("{}, as an array", delivery::RETRY_DELAYS_EXPECTED);
        wrong(&problem, "such as `[\"1m\", \"2m\", \"15m\"]`; the last one repeats")
    })
}

fn duration(value: &Tree, range: &RangeInclusive<Duration>, span: &str) -> Result<Duration, Wrong> {
    let read = text(value).and_then(quantity::duration).filter(|duration| range.contains(duration));
    read.ok_or_else(|| wrong(&format!("expected a duration from {span}"), "such as `\"2h\"`; it is a text"))
}

fn whole<T: TryFrom<u64> + PartialOrd + ToString>(value: &Tree, range: &RangeInclusive<T>) -> Result<T, Wrong> {
    let read = number(value).and_then(Number::as_u64).and_then(|number| T::try_from(number).ok());
    read.filter(|number| range.contains(number)).ok_or_else(|| {
        let (least, most) = (range.start().to_string(), range.end().to_string());
        wrong(&format!("expected a whole number from {least} to {most}"), LEFT_OUT)
    })
}

fn text(value: &Tree) -> Option<&str> {
    match value {
        Tree::Scalar(Scalar::Text(text)) => Some(text),
        Tree::Scalar(_) | Tree::List(_) | Tree::Map(_) => None,
    }
}

fn number(value: &Tree) -> Option<&Number> {
    match value {
        Tree::Scalar(Scalar::Number(number)) => Some(number),
        Tree::Scalar(_) | Tree::List(_) | Tree::Map(_) => None,
    }
}

fn wrong(problem: &str, hint: &str) -> Wrong {
    (problem.to_owned(), hint.to_owned())
}

fn report_repeated(entries: &Members, prefix: &str, faults: &mut Vec<Fault>) {
    for (index, (name, _)) in entries.iter().enumerate() {
        if entries[..index].iter().any(|(earlier, _)| earlier.value == name.value) {
            let key = format!("{prefix}{}", name.value);
            faults.push(fault(line(name), &key, "expected each name once", "remove one of the two"));
        }
    }
}

fn line(name: &Spanned<String>) -> u64 {
    name.referenced.line().max(1)
}

fn fault(line: u64, key: &str, problem: impl Into<String>, hint: impl Into<String>) -> Fault {
    let at = Location { file: PathBuf::from(DELIVERY_FILE), line: line.max(1) };
    Fault::new(Some(at), key, problem, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DeliveryOverrides, Faults> {
        DeliveryOverrides::parse(text)
    }

    #[test]
    fn a_registration_says_what_it_wants_otherwise() {
        let text = r#"{"Backoffice Order Sync": {"retry_delays": ["1m", "2m"], "retry_for": "24h", "retry_jitter": 0,
            "attempts_max": 50, "retry_after_max": "1h", "on_parked": "block", "at_once": 4}, "other": {}}"#;
        let overrides = parse(text).unwrap();
        let [(name, order), (_, other)] = overrides.iter().collect::<Vec<_>>().try_into().expect("two registrations");
        assert_eq!(name, "Backoffice Order Sync");
        assert_eq!((order.on_parked, order.at_once), (Some(OnParked::Block), Some(4)));
        assert_eq!(other, &DeliveryOverride::default());
        let all = Retry {
            delays: vec![Duration::from_secs(1)],
            total: Duration::from_hours(1),
            jitter: 0.1,
            attempts_max: 200,
            retry_after_max: Duration::from_mins(1),
        };
        assert_eq!(other.retry(&all), all);
        let own = Retry {
            delays: vec![Duration::from_mins(1), Duration::from_mins(2)],
            total: Duration::from_hours(24),
            jitter: 0.0,
            attempts_max: 50,
            retry_after_max: Duration::from_hours(1),
        };
        assert_eq!(order.retry(&all), own);
        assert_eq!(parse("{}").unwrap(), DeliveryOverrides::default());
    }

    #[test]
    fn all_faults_are_told_with_line_and_member() {
        let text = "{\n  \"a\": {\n    \"retry_dalays\": [\"1m\"],\n    \"retry_for\": 5,\n    \"at_once\": 0\n  },\n  \
                    \"b\": [],\n  \"a\": {\"on_parked\": \"stop\"}\n}";
        let faults = parse(text).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let begin = |line: u64, key: &str| format!("{DELIVERY_FILE}:{line}: `{key}`: expected ");
        for (told, (line, key)) in told.iter().zip([
            (3, "a.retry_dalays"),
            (4, "a.retry_for"),
            (5, "a.at_once"),
            (7, "b"),
            (8, "a"),
            (8, "a.on_parked"),
        ]) {
            assert!(told.starts_with(&begin(line, key)) && told.contains("\n  hint: "), "{told}");
        }
        assert_eq!(told.len(), 6, "{faults}");
        assert!(told[0].ends_with("did you mean `retry_delays`?"), "{faults}");
    }

    #[test]
    fn what_is_out_of_range_or_of_another_type_is_refused() {
        for member in [
            r#""retry_delays": []"#,
            r#""retry_delays": "1m""#,
            r#""retry_delays": ["0s"]"#,
            r#""retry_delays": [60]"#,
            r#""retry_for": "31d""#,
            r#""retry_jitter": 1.5"#,
            r#""retry_jitter": "0.1""#,
            r#""attempts_max": 10001"#,
            r#""attempts_max": 1.5"#,
            r#""retry_after_max": "2d""#,
            r#""on_parked": true"#,
            r#""at_once": null"#,
        ] {
            let faults = parse(&format!("{{\"a\": {{{member}}}}}")).unwrap_err();
            assert_eq!(faults.len(), 1, "{member}: {faults}");
        }
        for text in ["", "[]", "a: {at_once: 4}", "{\"a\": 1}", "{\"a\": {\"at_once\": 4,}}", "null"] {
            assert_eq!(parse(text).unwrap_err().len(), 1, "{text}");
        }
    }
}
