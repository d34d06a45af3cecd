//! Tables with aligned columns.

use comfy_table::{ContentArrangement, Table, presets};

/// Returns an empty table without borders.
pub fn table<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(titles);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// Returns the table's text without trailing blanks.
pub fn lines(table: &Table) -> String {
    table.lines().map(|it| format!("{}\n", it.trim_end())).collect()
}
