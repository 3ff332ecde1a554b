//! The rows of MFA devices.

use store::{Row, Snapshot, Transaction, params};
use world::{Timestamp, World};

use super::totp::Pace;
use crate::tags;

/// The tables of MFA devices. `holder` is the user's id, or the account's for root; a device without one is not
/// enabled. `id` orders by the time of making. A FIDO key has no seed, and a row in `fido_keys`.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0005-mfa-devices",
    sql: "
CREATE TABLE mfa_devices (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    serial TEXT NOT NULL UNIQUE,
    seed BLOB,
    holder TEXT,
    enabled_at INTEGER,
    drift_steps INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX mfa_devices_by_account ON mfa_devices (account_id, id);
CREATE INDEX mfa_devices_by_holder ON mfa_devices (holder);

CREATE TABLE fido_keys (
    device_id TEXT PRIMARY KEY REFERENCES mfa_devices (id),
    credential_id BLOB NOT NULL,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    certifications TEXT NOT NULL
);
",
};

/// Columns of a [`Device`], in the order in which it reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, serial, seed, holder, enabled_at, drift_steps, last_step FROM mfa_devices ",
            $rest
        )
    };
}

/// An MFA device.
#[derive(Debug)]
pub struct Device {
    /// The serial number: its ARN.
    pub serial: String,
    /// When it was given to its holder; none for one that is not.
    pub enabled_at: Option<Timestamp>,
    pub(super) id: String,
    pub(super) seed: Option<Vec<u8>>,
    pub(super) holder: Option<String>,
    pub(super) pace: Pace,
}

/// The kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program that shows codes of six digits.
    Virtual,
    /// A FIDO key or passkey, which signs challenges.
    Fido,
}

impl Device {
    /// What kind it is.
    pub fn kind(&self) -> Kind {
        if self.seed.is_some() { Kind::Virtual } else { Kind::Fido }
    }

    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            serial: row.get(1)?,
            seed: row.get(2)?,
            holder: row.get(3)?,
            enabled_at: row.get(4)?,
            pace: Pace { drift_steps: row.get(5)?, last_step: row.get(6)? },
        })
    }
}

/// A new id; later ones are greater.
pub(super) fn id(world: &World, now: Timestamp) -> String {
    format!("mfa-{:016x}-{}", now.as_micros(), world.random_hex::<4>())
}

pub(super) async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    serial: &str,
) -> Result<Option<Device>, store::Error> {
    const SQL: &str = select!("WHERE account_id = $1 AND serial = $2");
    snapshot.row(SQL, params![account, serial], Device::read).await
}

/// The devices of a user or, by the account's number, of root.
pub(super) async fn of_holder(
    snapshot: &mut Snapshot,
    holder: &str,
) -> Result<Vec<Device>, store::Error> {
    const SQL: &str = select!("WHERE holder = $1 ORDER BY id");
    snapshot.rows(SQL, params![holder], Device::read).await
}

/// A device that nobody holds yet; a FIDO key has no seed.
pub(super) async fn insert(
    tx: &mut Transaction,
    id: &str,
    account: &str,
    serial: &str,
    seed: Option<Vec<u8>>,
) -> Result<(), store::Error> {
    const SQL: &str =
        "INSERT INTO mfa_devices (id, account_id, serial, seed) VALUES ($1, $2, $3, $4)";
    tx.execute(SQL, params![id, account, serial, seed]).await.map(drop)
}

pub(super) async fn set_pace(
    tx: &mut Transaction,
    id: &str,
    pace: Pace,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE mfa_devices SET drift_steps = $2, last_step = $3 WHERE id = $1";
    tx.execute(SQL, params![id, pace.drift_steps, pace.last_step]).await.map(drop)
}

pub(super) async fn assign(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE mfa_devices SET holder = $2, enabled_at = $3 WHERE id = $1";
    tx.execute(SQL, params![id, holder, now]).await.map(drop)
}

/// The codes that were used stay used.
pub(super) async fn unassign(tx: &mut Transaction, id: &str) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE mfa_devices SET holder = NULL, enabled_at = NULL WHERE id = $1";
    tx.execute(SQL, params![id]).await.map(drop)
}

pub(super) async fn delete(tx: &mut Transaction, id: &str) -> Result<(), store::Error> {
    tags::remove_all(tx, id).await?;
    for sql in
        ["DELETE FROM fido_keys WHERE device_id = $1", "DELETE FROM mfa_devices WHERE id = $1"]
    {
        tx.execute(sql, params![id]).await?;
    }
    Ok(())
}
