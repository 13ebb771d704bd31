//! What a store has on disk: its files as they are, and every column of every row.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::{Place, Watch};

/// Rows of a larger store are not read apart; its files are.
const ROWS_BYTES_MAX: u64 = 64 << 20;

pub fn look(watch: &Watch, folder: &Path) {
    for file in files(folder) {
        let Ok(bytes) = fs::read(&file) else { continue };
        watch.look(&Place::File(name(&file)), &bytes);
        if file.extension().is_some_and(|extension| extension == "db") && bytes.len() as u64 <= ROWS_BYTES_MAX {
            // A long value is on several pages, so that the bytes of the file do not show it.
            let _ = rows(watch, &file);
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a copy: whoever opens a database after a crash also mends it, and a test may want to see the kit do that.
///
/// # Errors
/// It is no database any more, as some tests want it.
fn rows(watch: &Watch, file: &Path) -> rusqlite::Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(file, &copy).unwrap();
    let _ = fs::copy(with_end(file, "-wal"), with_end(&copy, "-wal"));
    let connection = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let mut select = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let mut texts = vec![Vec::new(); columns.len()];
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            for (column, text) in texts.iter_mut().enumerate() {
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(column)? {
                    text.extend_from_slice(bytes);
                    text.push(b'\n');
                }
            }
        }
        for (column, text) in columns.into_iter().zip(texts) {
            watch.look(&Place::Row { table: table.clone(), column }, &text);
        }
    }
    Ok(())
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}
