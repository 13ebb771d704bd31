//! Damage to the files of a store is told, not passed over.
//!
//! SQLite takes an empty file for a new database, and a log that breaks off for one that ends there. Both would lose
//! acknowledged events without a word. The log's index is written after the log was synced, so what it counts must be
//! in the log.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::DATABASE;
use super::open::head;
use crate::error::OpenError;

/// A database up to this size has all of its pages looked at when it opens: a quarter of a second. In a larger one
/// damage is found where it is read.
const CHECKED_BYTES_MAX: u64 = 64 << 20;

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const INDEX_HEADER: usize = 48;

/// Refuses files of which SQLite would take less than was acknowledged.
pub(super) fn check_files(folder: &Path, was_made: bool) -> Result<(), OpenError> {
    let database = folder.join(DATABASE);
    let log = folder.join(format!("{DATABASE}-wal"));
    let has_log = fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let bytes = fs::metadata(&database).map_or(0, |database| database.len());
    // One byte is nothing to SQLite, too.
    if bytes <= 1 && (was_made || has_log) {
        let what = "it is empty or missing, though events were stored in it".to_owned();
        return Err(OpenError::Damaged { file: database, what });
    }
    let counted = bytes_counted(&head(&database, 100));
    if !has_log && counted.is_some_and(|counted| bytes < counted) {
        let what = format!("it ends after {bytes} bytes, {} too early", counted.unwrap_or(bytes) - bytes);
        return Err(OpenError::Damaged { file: database, what });
    }
    let index = head(&folder.join(format!("{DATABASE}-shm")), 2 * INDEX_HEADER as u64 + 4);
    match Counted::of(&index) {
        Some(counted) => counted.check(log),
        None => Ok(()),
    }
}

/// The size of a database by its own count: SQLite takes a last page that is cut off for one that ends in zeros.
fn bytes_counted(header: &[u8]) -> Option<u64> {
    let number = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let page_bytes = u16::from_be_bytes(header.get(16..18)?.try_into().ok()?);
    let page_bytes = if page_bytes == 1 { 65_536 } else { u64::from(page_bytes) };
    let is_counted = header.starts_with(b"SQLite format 3\0") && number(24)? == number(92)?;
    is_counted.then_some(u64::from(number(28)?) * page_bytes)
}

/// Looks at all pages of a database that is small.
pub(super) fn check_pages(folder: &Path, connection: &Connection) -> Result<(), OpenError> {
    let file = folder.join(DATABASE);
    if fs::metadata(&file)?.len() > CHECKED_BYTES_MAX {
        return Ok(());
    }
    let what: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if what == "ok" { Ok(()) } else { Err(OpenError::Damaged { file, what: what.replace('\n', " ") }) }
}

/// Tells damage from other failures.
pub(super) fn explain(folder: &Path, error: OpenError) -> OpenError {
    match error {
        OpenError::Database(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) =>
        {
            OpenError::Damaged { file: folder.join(DATABASE), what: error.to_string() }
        }
        other => other,
    }
}

/// What the log's index counted when the last process ended without closing the store.
struct Counted {
    frames: u32,
    page_bytes: usize,
    salt: [u8; 8],
}

impl Counted {
    /// `None` when it counts nothing that the database does not have.
    fn of(index: &[u8]) -> Option<Self> {
        let (header, rest) = index.split_at_checked(INDEX_HEADER)?;
        let (copy, rest) = rest.split_at_checked(INDEX_HEADER)?;
        let number = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let copied = u32::from_ne_bytes(rest.try_into().ok()?);
        let frames = number(16)?;
        let page_bytes = u16::from_ne_bytes(header.get(14..16)?.try_into().ok()?);
        let is_whole = header == copy && header.get(12) == Some(&1);
        (is_whole && frames > copied).then_some(Self {
            frames,
            page_bytes: if page_bytes == 1 { 65_536 } else { page_bytes.into() },
            salt: header.get(32..40)?.try_into().ok()?,
        })
    }

    fn check(&self, log: PathBuf) -> Result<(), OpenError> {
        let whole = match File::open(&log) {
            Ok(file) => self.whole_frames(BufReader::new(file)),
            Err(_) => Some(0),
        };
        match whole {
            Some(whole) if whole < self.frames => {
                let what = format!("of its {} entries only the first {whole} are whole", self.frames);
                Err(OpenError::Damaged { file: log, what })
            }
            _ => Ok(()),
        }
    }

    /// How many frames of the log are as they were written. `None`: the index is of another log.
    fn whole_frames(&self, mut log: impl Read) -> Option<u32> {
        let mut header = [0; LOG_HEADER];
        if log.read_exact(&mut header).is_err() {
            return Some(0);
        }
        if header[16..24] != self.salt {
            return None;
        }
        let is_big_endian = header[3] & 1 == 1;
        let mut sum = add((0, 0), &header[..24], is_big_endian);
        if stored(&header[24..]) != sum {
            return Some(0);
        }
        let mut frame = vec![0; FRAME_HEADER + self.page_bytes];
        for whole in 0..self.frames {
            if log.read_exact(&mut frame).is_err() || frame[8..16] != self.salt {
                return Some(whole);
            }
            sum = add(add(sum, &frame[..8], is_big_endian), &frame[FRAME_HEADER..], is_big_endian);
            if stored(&frame[16..]) != sum {
                return Some(whole);
            }
        }
        Some(self.frames)
    }
}

/// SQLite's checksum over a log, in its two words.
fn add((mut one, mut two): (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let word = |bytes: [u8; 4]| if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    for [a, b, c, d, e, f, g, h] in bytes.as_chunks::<8>().0 {
        one = one.wrapping_add(word([*a, *b, *c, *d])).wrapping_add(two);
        two = two.wrapping_add(word([*e, *f, *g, *h])).wrapping_add(one);
    }
    (one, two)
}

fn stored(bytes: &[u8]) -> (u32, u32) {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
    (word(0), word(4))
}
