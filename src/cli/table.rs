use comfy_table::{Table, presets};
use console::Term;
use jiff::Timestamp;
use serde_json::Value;

/// Where nobody sees columns, a cell that has the rest of the line is still cut.
const LINE_CHARACTERS: usize = 400;

/// A table without lines: columns that `grep` and `awk` can read too.
pub fn plain<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = bare();
    table.set_header(header);
    table
}

/// A table without lines and without a header.
pub fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Rows that come one by one: columns are as wide as what was in them so far.
pub struct Growing<const COLUMNS: usize>([usize; COLUMNS]);

impl<const COLUMNS: usize> Growing<COLUMNS> {
    pub fn new(header: [&str; COLUMNS]) -> Self {
        Self(header.map(|name| name.chars().count()))
    }

    /// The next row; the last column ends where its text ends.
    pub fn line(&mut self, cells: &[String; COLUMNS]) -> String {
        let mut line = String::new();
        for (width, cell) in self.0.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
            line.push(' ');
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', *width - cell.chars().count() + 1));
        }
        line.trim_end().to_owned()
    }
}

/// The member of a row as a cell has it, without what would steer a terminal; nothing when there is none.
pub fn cell(row: &Value, member: &str) -> String {
    match &row[member] {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// The member of a row that is a time.
pub fn time(row: &Value, member: &str) -> String {
    let text = row[member].as_str().unwrap_or_default();
    text.parse::<Timestamp>().map(|at| at.strftime("%F %T").to_string()).unwrap_or_default()
}

/// The rows of an answer that is a list.
pub fn rows(answer: &Value) -> &[Value] {
    answer.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Prints what programs read.
pub fn print_json(answer: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(answer)?);
    Ok(())
}

/// The columns of the terminal that stdout is, or those of a long line.
pub fn width() -> usize {
    terminal_width().unwrap_or(LINE_CHARACTERS)
}

/// The columns of the terminal that stdout is.
pub fn terminal_width() -> Option<usize> {
    Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}

/// The begin of a text that takes no more than `width` columns.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A text that strangers wrote, without what would steer a terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_not_printed() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{9b}ä"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}ä");
    }

    #[test]
    fn a_text_that_is_too_long_ends_with_a_sign() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("two words", 5), "two…");
        assert_eq!(cut("äöüäöü", 3), "äö…");
        assert_eq!(cut("", 0), "");
    }
}
