//! One request that carried a delivery, and what came back.

use serde_json::Value;

use crate::cli::table::{cell, printable, time};

/// Prints both as they went over the wire, or would have.
pub fn print(exchange: &Value) {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    println!("{} {}   ({} UTC)", cell(request, "method"), cell(request, "url"), time(exchange, "at"));
    head_and_body(request);
    let words = match response["in_words"].as_str() {
        Some(words) => format!(": {words}"),
        None => String::new(),
    };
    println!("\n-> {}{words}, after {} ms", cell(response, "status"), cell(exchange, "duration_ms"));
    head_and_body(response);
}

fn head_and_body(part: &Value) {
    for (name, values) in part["headers"].as_object().into_iter().flatten() {
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("{}: {}", printable(name), printable(value));
        }
    }
    let body = part["body"].as_str().unwrap_or_default();
    if body.is_empty() {
        return;
    }
    println!();
    match serde_json::from_str::<Value>(body) {
        // Control characters are escaped in JSON.
        Ok(body) => println!("{body:#}"),
        Err(_) => body.lines().for_each(|line| println!("{}", printable(line))),
    }
}
