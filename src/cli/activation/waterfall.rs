//! The stages of a run and the calls that it made, one below the other, each where it stood in time.

use console::style;
use serde_json::Value;

use crate::cli::table::{cell, cut, printable, rows, terminal_width};

/// Of a line that nobody's terminal limits.
const WIDTH: usize = 120;

/// The bars take a part of the line, within these bounds.
const BAR_LEAST: usize = 16;
const BAR_MOST: usize = 48;

/// A text of a target is not cut below this, however narrow the terminal.
const SAID_LEAST: usize = 30;

struct Line<'a> {
    label: String,
    start_us: u64,
    us: u64,
    is_failed: bool,
    below: Option<&'a Value>,
}

/// What a record tells of stages and calls, drawn.
pub fn lines(detail: &Value) -> Vec<String> {
    draw(detail, terminal_width().unwrap_or(WIDTH))
}

fn draw(detail: &Value, width: usize) -> Vec<String> {
    let mut drawn: Vec<Line<'_>> = rows(&detail["stages"]).iter().map(stage).collect();
    drawn.extend(rows(&detail["calls"]).iter().map(call));
    // Calls stand below the stage that made them, which began before or with them.
    drawn.sort_by_key(|line| (line.start_us, line.below.is_some()));
    let end = drawn.iter().map(|line| line.start_us + line.us).max().unwrap_or_default().max(1);
    let label_width = drawn.iter().map(|line| line.label.chars().count()).max().unwrap_or_default();
    let bar_width = (width / 3).clamp(BAR_LEAST, BAR_MOST);
    let mut text = Vec::new();
    for line in &drawn {
        let padding = " ".repeat(label_width - line.label.chars().count());
        let bar = bar(line, end, bar_width);
        let bar = if line.is_failed { style(bar).red().to_string() } else { bar };
        let took = took(line.us);
        text.push(format!(" {}{padding}  {took:>9}  {bar}", line.label).trim_end().to_owned());
        if let Some(answer) = line.below.map(answered).filter(|answer| !answer.is_empty()) {
            text.push(format!("     {}", cut(&answer, width.saturating_sub(5).max(SAID_LEAST))));
        }
    }
    let left_out = detail["calls_left_out"].as_u64().unwrap_or_default();
    if left_out > 0 {
        text.push(format!(" and {left_out} more calls"));
    }
    text
}

fn number(span: &Value, member: &str) -> u64 {
    span[member].as_u64().unwrap_or_default()
}

fn stage(span: &Value) -> Line<'_> {
    let is_failed = span["stopped"] == true;
    let ended = if is_failed { " (stopped)" } else { "" };
    let label = format!("{}{ended}", cell(span, "name"));
    Line { label, start_us: number(span, "start_us"), us: number(span, "us"), is_failed, below: None }
}

fn call(span: &Value) -> Line<'_> {
    let status = if span["status"].is_u64() { cell(span, "status") } else { "no answer".to_owned() };
    let label = format!("  {} {} {}: {status}", cell(span, "target"), cell(span, "method"), cell(span, "path"));
    let is_failed = span["status"].as_u64().is_none_or(|status| status >= 400);
    Line { label, start_us: number(span, "start_us"), us: number(span, "us"), is_failed, below: Some(span) }
}

/// The target's own words, or why there are none.
fn answered(span: &Value) -> String {
    let said = span["error"].as_str().or(span.pointer("/stop/message").and_then(Value::as_str));
    printable(said.unwrap_or_default())
}

fn bar(line: &Line<'_>, end: u64, width: usize) -> String {
    let column = |us: u64| usize::try_from(us.min(end) * width as u64 / end).unwrap_or(width);
    let before = column(line.start_us).min(width - 1);
    let long = (column(line.start_us + line.us) - column(line.start_us)).clamp(1, width - before);
    format!("{}{}", " ".repeat(before), "█".repeat(long))
}

fn took(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{} s", us / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_stage_and_call_stands_where_it_was_in_time() {
        let detail = json!({
            "stages": [
                {"name": "decode", "start_us": 0, "us": 500},
                {"name": "send", "start_us": 1_000, "us": 3_000, "stopped": true},
            ],
            "calls": [{
                "target": "commerce", "method": "POST", "path": "products", "start_us": 1_000, "us": 2_000, "status": 400,
                "error": "no\u{1b}[2J",
            }],
        });
        let expected = [
            " decode                            500 µs  ██",
            " send (stopped)                    3.0 ms      ████████████",
            "   commerce POST products: 400     2.0 ms      ████████",
            "     no\u{fffd}[2J",
        ];
        assert_eq!(draw(&detail, 48), expected);
    }

    #[test]
    fn whatever_stands_in_a_record_is_drawn() {
        for detail in [
            json!({}),
            json!({"stages": [{}], "calls": [{}], "calls_left_out": 3}),
            json!({"stages": [{"name": "send", "start_us": u64::MAX / 64, "us": 7}]}),
            json!({"stages": "none"}),
        ] {
            let drawn = draw(&detail, 0);
            assert!(drawn.iter().all(|line| line.chars().count() < 100), "{drawn:?}");
        }
    }
}
