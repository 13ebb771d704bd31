use serde_json::{Value, json};

use super::{load, load_action, told};

fn check(yaml: &str, expected: &Value) {
    let line = format!("inputs: {{IN: {yaml}}}");
    let action = load_action(&["function: f", "runtime: rust", &line]).unwrap();
    assert_eq!(&action.inputs["IN"], expected, "{yaml}");
}

#[test]
fn variables_are_replaced_in_texts() {
    check("$NAME", &json!("value"));
    check("'${NAME}'", &json!("value"));
    check("'${ NAME }'", &json!("value"));
    check("'$na-me_2'", &json!("other"));
    check("'a $NAME/${NAME}. $NAME'", &json!("a value/value. value"));
    check("'$NAME$NAME'", &json!("valuevalue"));
    check("'ü$NAME€'", &json!("üvalue€"));
}

#[test]
fn one_file_has_the_inputs_of_several_packages() {
    let package = |name: &str| {
        format!(
            "      {name}:\n        inputs:\n          $include: actions/shared.yaml\n        actions:\n          created:\n            function: f\n            runtime: rust\n            inputs:\n              OWN: 1\n"
        )
    };
    let root = format!("application:\n  runtimeManifest:\n    packages:\n{}{}", package("one"), package("two"));
    let shared = "# For all.\nNAME: $NAME\nOTHER: $OTHER\n";
    let manifest = load(&[("app.config.yaml", &root), ("actions/shared.yaml", shared)]).unwrap();
    assert_eq!(manifest.actions.len(), 2);
    for action in &manifest.actions {
        assert_eq!(json!(action.inputs), json!({"NAME": "value", "OTHER": "", "OWN": 1}), "{}", action.package);
    }
}

#[test]
fn variables_that_are_not_set_become_empty() {
    check("$OTHER", &json!(""));
    check("$EMPTY", &json!(""));
    check("'a${OTHER}b'", &json!("ab"));
}

#[test]
fn a_dollar_without_a_name_stays() {
    check("'$'", &json!("$"));
    check("'5 $ and $$'", &json!("5 $ and $$"));
    check("'${}'", &json!("${}"));
    check("'${NAME'", &json!("${NAME"));
    check("'${a b}'", &json!("${a b}"));
    check("'{NAME}'", &json!("{NAME}"));
}

#[test]
fn a_value_is_not_searched_for_variables_again() {
    check("$DOLLAR", &json!("$NAME"));
}

#[test]
fn variables_are_replaced_inside_lists_and_maps() {
    check("['$NAME', {a: '$NAME', b: ['x$NAME']}]", &json!(["value", {"a": "value", "b": ["xvalue"]}]));
}

#[test]
fn names_of_types_become_empty_values() {
    check("string", &json!(""));
    check("integer", &json!(0));
    check("number", &json!(0));
    check("boolean", &json!("boolean"));
    check("'a string'", &json!("a string"));
}

#[test]
fn a_map_with_value_or_default_becomes_that() {
    check("{type: string, value: $NAME}", &json!("value"));
    check("{type: string, default: $NAME}", &json!("value"));
    check("{default: 1, value: 2}", &json!(2));
    check("{value: string}", &json!("string"));
    check("{value: [$NAME]}", &json!(["value"]));
}

#[test]
fn other_values_stay_what_they_are() {
    check("true", &json!(true));
    check("yes", &json!("yes"));
    check("null", &Value::Null);
    check("-3", &json!(-3));
    check("1.5", &json!(1.5));
    check("'1'", &json!("1"));
    check("0042", &json!("0042"));
    check("18446744073709551615", &json!(u64::MAX));
    check("{a: [1, null]}", &json!({"a": [1, null]}));
}

#[test]
fn numbers_that_json_lacks_are_refused() {
    let faults = load_action(&["function: f", "runtime: rust", "inputs:", "  A: .inf", "  B: [.nan]"]).unwrap_err();
    assert_eq!(
        told(&faults),
        [
            "app.config.yaml:10 packages.stock-backoffice.actions.updated.inputs.A: expected a finite number",
            "app.config.yaml:11 packages.stock-backoffice.actions.updated.inputs.B.0: expected a finite number",
        ]
    );
}
