use comfy_table::{Table, presets};
use console::Term;

/// Where nobody sees columns, a cell that has the rest of the line is still cut.
const LINE_CHARACTERS: usize = 400;

/// A table without lines: columns that `grep` and `awk` can read too.
pub fn plain<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table
}

/// The columns of the terminal that stdout is, or those of a long line.
pub fn width() -> usize {
    Term::stdout().size_checked().map_or(LINE_CHARACTERS, |(_, columns)| usize::from(columns))
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
