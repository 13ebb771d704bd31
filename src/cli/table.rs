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
