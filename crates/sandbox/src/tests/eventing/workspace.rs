use serde_json::{Value, json};

use super::{SECRET, workspace};
use crate::eventing::workspace::Workspace;

#[test]
fn the_client_of_the_consoles_file_is_read() {
    let client = Workspace::parse(&workspace("client-1")).unwrap();
    assert_eq!(client.client_id, "client-1");
    assert_eq!(
        (client.client_secrets.clone(), client.scopes.clone()),
        (vec![SECRET.to_owned()], vec!["openid".to_owned(), "adobeio_api".to_owned()])
    );
    assert_eq!(client.ims_org_id.as_deref(), Some("AAA@AdobeOrg"));
    assert!(!format!("{client:?}").contains(SECRET));
}

#[test]
fn other_credentials_are_passed_over() {
    let mut file: Value = serde_json::from_str(&workspace("client-1")).unwrap();
    let credentials = file.pointer_mut("/project/workspace/details/credentials").unwrap().as_array_mut().unwrap();
    credentials.insert(0, json!({"integration_type": "apikey", "api_key": {"client_id": "other"}}));
    assert_eq!(Workspace::parse(&file.to_string()).unwrap().client_id, "client-1");
}

#[test]
fn what_is_missing_is_named_and_nothing_is_told() {
    fn check(file: &str, expected: &str) {
        assert_eq!(Workspace::parse(file).unwrap_err(), expected);
    }
    check("{", "it is no JSON");
    check("[]", "it has no `project.workspace.details.credentials`");
    check(
        r#"{"project":{"workspace":{"details":{"credentials":[]}}}}"#,
        "its credentials have no `oauth_server_to_server`",
    );
    check(&workspace("client-1").replace(SECRET, ""), "its client has no `client_secrets`");
    check(&workspace(""), "its client has no `client_id`");
}
