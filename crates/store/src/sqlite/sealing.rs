//! The sealed values of a database, when it is opened.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{checkpoint, rows};
use crate::error::OpenError;
use crate::{SealError, Vault};

/// Has every value that is to be sealed sealed with the newest key: all of them in one transaction, or none. What was
/// there before is overwritten in the database, and the log that held it is cut off.
///
/// For the one process that has the store open.
pub(super) fn renew(connection: &mut Connection, vault: &Vault) -> Result<(), OpenError> {
    connection.pragma_update(None, "secure_delete", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut renewed = 0;
    for name in vault.names() {
        let Some(stored) = stored(&transaction, name)? else { continue };
        if let Some(sealed) = vault.renew(name, stored.clone())? {
            rows::replace_value(&transaction, name, &stored, &sealed)?;
            renewed += 1;
        }
    }
    transaction.commit()?;
    connection.pragma_update(None, "secure_delete", false)?;
    if renewed > 0 {
        checkpoint::copy(connection, "TRUNCATE");
        tracing::info!(values = renewed, "secrets in the store were sealed with the newest key");
    }
    Ok(())
}

/// Refuses values that the process that has the store open keeps another way than this vault would.
pub(super) fn check(connection: &Connection, vault: &Vault) -> Result<(), OpenError> {
    for name in vault.names() {
        let Some(stored) = stored(connection, name)? else { continue };
        if vault.renew(name, stored)?.is_some() {
            return Err(SealError::Company(name).into());
        }
    }
    Ok(())
}

/// A value as it is kept, whether it has expired or not.
pub(super) fn stored(connection: &Connection, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("SELECT value FROM value WHERE key = ?1", [name], |row| row.get(0)).optional()
}
