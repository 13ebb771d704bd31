//! What a request asks: its operation, found and checked.

use graphql_parser::query::{Definition, Document, OperationDefinition, Query, Selection, SelectionSet, parse_query};
use serde_json::{Map, Value};

use super::Mistake;
use super::arguments::{Variables, page};
use super::schema::{QUERY, Room, Selected};
use crate::answer::shortened;

const QUERY_BYTES_MAX: usize = 32 * 1024;
/// The parser's words quote what it read.
const SYNTAX_CHARS_MAX: usize = 300;

/// A question for one page of products.
#[derive(Debug)]
pub struct Question {
    pub page: Page,
    pub products: Selected,
}

/// Sizes and numbers are at least 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Part of a name or of a SKU, in lower case; empty for all.
    pub search: String,
    pub size: usize,
    pub current: usize,
}

impl Question {
    pub fn parse(body: &[u8]) -> Result<Self, Mistake> {
        let Ok(Value::Object(request)) = serde_json::from_slice(body) else {
            return Err(Mistake("The body is no JSON object.".to_owned()));
        };
        let Some(text) = request.get("query").and_then(Value::as_str) else {
            return Err(Mistake("The body needs a text \"query\".".to_owned()));
        };
        let operation_name = match request.get("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
            Some(_) => return Err(Mistake("\"operationName\" is no text.".to_owned())),
        };
        let none = Map::new();
        let variables = match request.get("variables") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(variables)) => variables,
            Some(_) => return Err(Mistake("\"variables\" is no object.".to_owned())),
        };
        let document = document(text)?;
        let (definitions, selection) = match operation(&document, operation_name)? {
            OperationDefinition::SelectionSet(selection) => (&[][..], selection),
            OperationDefinition::Query(query) => (&query.variable_definitions[..], checked(query)?),
            OperationDefinition::Mutation(_) | OperationDefinition::Subscription(_) => {
                return Err(Mistake("The sandbox answers queries only.".to_owned()));
            }
        };
        let [Selection::Field(field)] = &selection.items[..] else {
            return Err(Mistake("The sandbox answers one field of the type \"Query\" at a time.".to_owned()));
        };
        let products = Selected::read(field, &QUERY, &mut Room::of_fields())?;
        let page = page(&field.arguments, &Variables { definitions, given: variables })?;
        Ok(Self { page, products })
    }
}

fn document(text: &str) -> Result<Document<'_, &str>, Mistake> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(Mistake(format!("The query is longer than {QUERY_BYTES_MAX} bytes.")));
    }
    // The parser cuts the indentation of block strings by bytes, and panics within a character.
    if text.contains("\"\"\"") {
        return Err(Mistake("Syntax Error: the sandbox knows no block strings.".to_owned()));
    }
    parse_query(text).map_err(|error| {
        let error = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Mistake(format!("Syntax Error: {}", error.chars().take(SYNTAX_CHARS_MAX).collect::<String>()))
    })
}

fn operation<'a>(
    document: &'a Document<'a, &'a str>,
    name: Option<&str>,
) -> Result<&'a OperationDefinition<'a, &'a str>, Mistake> {
    let operations = document.definitions.iter().filter_map(|definition| match definition {
        Definition::Operation(operation) => Some(operation),
        Definition::Fragment(_) => None,
    });
    let mut operations = operations.filter(|operation| name.is_none() || name == name_of(operation));
    match (operations.next(), operations.next(), name) {
        (Some(operation), None, _) => Ok(operation),
        (None, _, Some(name)) => Err(Mistake(format!("Unknown operation named \"{}\".", shortened(name)))),
        (None, _, None) => Err(Mistake("The query has no operation.".to_owned())),
        (Some(_), Some(_), Some(name)) => {
            Err(Mistake(format!("There can be only one operation named \"{}\".", shortened(name))))
        }
        (Some(_), Some(_), None) => {
            Err(Mistake("A query with several operations needs an \"operationName\".".to_owned()))
        }
    }
}

fn name_of<'a>(operation: &OperationDefinition<'a, &'a str>) -> Option<&'a str> {
    match operation {
        OperationDefinition::SelectionSet(_) => None,
        OperationDefinition::Query(query) => query.name,
        OperationDefinition::Mutation(mutation) => mutation.name,
        OperationDefinition::Subscription(subscription) => subscription.name,
    }
}

fn checked<'a>(query: &'a Query<'a, &'a str>) -> Result<&'a SelectionSet<'a, &'a str>, Mistake> {
    if query.directives.is_empty() {
        Ok(&query.selection_set)
    } else {
        Err(Mistake("The sandbox knows no directives.".to_owned()))
    }
}
