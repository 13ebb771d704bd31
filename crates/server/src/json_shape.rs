//! How deep and how wide a JSON body is, before anybody builds something from it.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What JSON bodies may be like.
#[derive(Clone, Copy, Debug)]
pub struct JsonRules {
    /// Arrays and objects in each other.
    pub depth_max: usize,
    /// Members and elements in all.
    pub members_max: usize,
}

/// Beyond which of them a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    Depth,
    Members,
}

/// Whether a body may be read as JSON: it says so, or says nothing.
pub(crate) fn may_be_json(headers: &HeaderMap) -> bool {
    const NAME: &[u8] = b"json";
    headers
        .get(CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().windows(NAME.len()).any(|word| word.eq_ignore_ascii_case(NAME)))
}

/// Counts brackets and commas outside of texts, in one pass and without memory. What is no JSON is for others to say.
pub(crate) fn check(rules: JsonRules, body: &[u8]) -> Result<(), Beyond> {
    let (mut depth, mut members) = (0_usize, 0_usize);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while bytes.next().is_some_and(|byte| *byte != b'"' && (*byte != b'\\' || bytes.next().is_some())) {}
            }
            b',' => members += 1,
            b'[' | b'{' => {
                depth += 1;
                members += 1;
                if depth > rules.depth_max {
                    return Err(Beyond::Depth);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if members > rules.members_max { Err(Beyond::Members) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn shape(text: &str) -> (bool, bool) {
        let rules = |depth_max, members_max| JsonRules { depth_max, members_max };
        (check(rules(2, 100), text.as_bytes()).is_ok(), check(rules(100, 3), text.as_bytes()).is_ok())
    }

    #[test]
    fn brackets_and_commas_count_outside_of_texts() {
        assert_eq!(shape(r#"{"a":[1,2]}"#), (true, true));
        assert_eq!(shape("[[[]]]"), (false, true));
        assert_eq!(shape("[1,2,3,4]"), (true, false));
        assert_eq!(shape(r#"["[[[[,,,,\"[[,,\\",1]"#), (true, true));
        assert_eq!(shape(r#""[[[,,,,"#), (true, true), "a text that does not end");
        assert_eq!(shape("\"\\"), (true, true));
        assert_eq!(shape("]]]]{}"), (true, true));
        assert_eq!(shape("[],[],[],[]"), (true, false));
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Members and elements, where an array or object without any counts as one.
    fn members(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.len().max(1) + items.iter().map(members).sum::<usize>(),
            Value::Object(object) => object.len().max(1) + object.values().map(members).sum::<usize>(),
            _ => 0,
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let text = r#"[\[\]{},"\\a]{0,6}"#;
        let leaf = prop_oneof![any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
        leaf.prop_recursive(6, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_counts_what_a_parser_sees(document in documents(), pretty in any::<bool>()) {
            let text = if pretty { format!("{document:#}") } else { document.to_string() };
            let (depth, members) = (depth(&document), members(&document));
            let check = |depth_max, members_max| check(JsonRules { depth_max, members_max }, text.as_bytes());
            prop_assert_eq!(check(depth, members), Ok(()));
            if depth > 0 {
                prop_assert_eq!(check(depth - 1, members), Err(Beyond::Depth));
                prop_assert_eq!(check(depth, members - 1), Err(Beyond::Members));
            }
        }

        #[test]
        fn any_bytes_are_counted(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = check(JsonRules { depth_max: 3, members_max: 3 }, &bytes);
        }
    }
}
