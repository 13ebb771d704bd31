use comfy_table::{Table, presets};

/// A table without lines: columns that `grep` and `awk` can read too.
pub fn plain<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table
}
