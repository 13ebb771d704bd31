use serde_json::Value;

/// A member that an event has to bring: its path from the event on, such as `data.value.sku`.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    path: &'static str,
    may_be_empty: bool,
}

/// There, and not an empty text. `null`, `0` and `false` are there.
pub const fn filled(path: &'static str) -> Need {
    Need { path, may_be_empty: false }
}

/// There, even as an empty text.
pub const fn present(path: &'static str) -> Need {
    Need { path, may_be_empty: true }
}

impl Need {
    pub(super) fn name(&self) -> &'static str {
        self.path
    }

    /// Whether it is about the whole of the data.
    pub(super) fn is_all(&self) -> bool {
        self.path == "data"
    }

    pub(super) fn is_missing(&self, data: &Value) -> bool {
        let mut members = self.path.split('.').skip(1);
        let found = members.try_fold(data, |found, name| found.get(name));
        found.is_none_or(|value| !self.may_be_empty && *value == "")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(need: Need, data: &Value, is_missing: bool) {
        assert_eq!(need.is_missing(data), is_missing, "{need:?} {data}");
    }

    #[test]
    fn only_what_is_not_there_or_an_empty_text_is_missing() {
        let sku = filled("data.value.sku");
        for there in [json!("A"), json!(null), json!(0), json!(false), json!({}), json!([])] {
            check(sku, &json!({"value": {"sku": there}}), false);
        }
        for data in
            [json!({"value": {"sku": ""}}), json!({"value": {}}), json!({"value": null}), json!(null), json!([])]
        {
            check(sku, &data, true);
        }
        check(present("data.value.sku"), &json!({"value": {"sku": ""}}), false);
        check(present("data.value.sku"), &json!({"value": {}}), true);
        check(filled("data"), &json!({}), false);
        check(filled("data"), &json!(""), true);
    }
}
