//! FIDO keys and passkeys as second factors (W3C Web Authentication, Level 2).
//!
//! No operation of IAM makes one: AWS registers them in its console alone, so whoever serves people at a browser
//! does it with these functions. It gives the browser a [`challenge`] and what [`keys`] tells; what comes back is
//! proved by [`verify_registration`] and kept by [`register`], or checked by [`check_assertion`]. From then on the
//! key is an MFA device like others, which IAM lists and deactivates.
//!
//! The challenge must be kept by the server and used once; nothing here remembers it. Attestation is not asked for:
//! a key is trusted because its holder registered it while signed in, not because of who made it.

mod authenticator;
mod ceremony;
mod cose;

use store::{Row, Snapshot, Transaction, params};
use wire::{
    errors::VALIDATION,
    iam::errors::{ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
};
use world::{Timestamp, World};

pub use ceremony::{Assertion, Expected, NewKey, Refused, verify_registration};

use crate::{
    arns,
    mfa::{self, MfaOwner},
};

/// A credential is of one holder, everywhere.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0011-fido-credentials",
    sql: "CREATE UNIQUE INDEX fido_keys_by_credential ON fido_keys (credential_id);",
};

/// Bytes of a challenge (section 13.4.3 wants 16 at least).
pub const CHALLENGE_BYTES: usize = 32;

/// Characters of the name that a holder gives a key.
const NAME_CHARS_MAX: usize = 64;

/// Characters that make the serial numbers of namesakes differ.
const SUFFIX_CHARS: usize = 26;

/// The algorithms that a key may use, best first, as COSE numbers them: for `pubKeyCredParams`.
pub const ALGORITHMS: [i64; 3] = cose::ALGORITHMS;

/// A registered key, as a browser must be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The serial number: its ARN.
    pub serial: String,
    /// The credential's id, for `allowCredentials` and `excludeCredentials`.
    pub credential_id: Vec<u8>,
}

/// A challenge, to be signed once.
pub fn challenge(world: &World) -> [u8; CHALLENGE_BYTES] {
    world.random_bytes()
}

/// The keys of `owner`, oldest first.
///
/// # Errors
/// The store's.
pub async fn keys(snapshot: &mut Snapshot, owner: &MfaOwner) -> Result<Vec<Key>, store::Error> {
    const SQL: &str = "SELECT d.serial, k.credential_id FROM fido_keys k \
        JOIN mfa_devices d ON d.id = k.device_id WHERE d.holder = $1 ORDER BY d.id";
    let key = |row: &Row<'_>| Ok(Key { serial: row.get(0)?, credential_id: row.get(1)? });
    snapshot.rows(SQL, params![owner.id()], key).await
}

/// Gives `owner` a key that [`verify_registration`] proved, under the name that they choose for it. Returns its
/// serial number, `arn:aws:iam::<account>:u2f/user/<user>/<name>-..`.
///
/// # Errors
/// `ValidationError` for a name that no device may have, `EntityAlreadyExists` for a key that is registered,
/// `LimitExceeded` past eight devices, `NoSuchEntity` without the user; what the store says.
pub async fn register(
    tx: &mut Transaction,
    world: &World,
    owner: &MfaOwner,
    name: &str,
    key: &NewKey,
    now: Timestamp,
) -> Result<String, wire::Error> {
    const SQL: &str = "INSERT INTO fido_keys (device_id, credential_id, public_key, sign_count, \
        certifications) VALUES ($1, $2, $3, $4, $5)";
    const TAKEN: &str = "SELECT 1 FROM fido_keys WHERE credential_id = $1";
    check_name(name)?;
    if tx.row(TAKEN, params![&key.credential_id], |_| Ok(())).await?.is_some() {
        return Err(ENTITY_ALREADY_EXISTS.with("MFA Device is already in use."));
    }
    let serial = serial(tx, world, owner, name).await?;
    let id = mfa::insert_fido(tx, world, owner, &serial, now).await?;
    let certifications = serde_json::to_string(&key.certifications)?;
    let (credential, public) = (&key.credential_id, &key.public_key);
    let params = params![&id, credential, public, key.sign_count, certifications];
    tx.execute(SQL, params).await?;
    Ok(serial)
}

/// Whether `assertion` was signed by a key of `owner`. The key's counter is moved on, so that a copy of the key is
/// found out.
///
/// # Errors
/// The store's.
pub async fn check_assertion(
    tx: &mut Transaction,
    owner: &MfaOwner,
    expected: &Expected<'_>,
    assertion: &Assertion<'_>,
) -> Result<Result<(), Refused>, store::Error> {
    const SQL: &str = "SELECT k.device_id, k.public_key, k.sign_count FROM fido_keys k \
        JOIN mfa_devices d ON d.id = k.device_id WHERE k.credential_id = $1 AND d.holder = $2";
    const COUNT: &str = "UPDATE fido_keys SET sign_count = $2 WHERE device_id = $1";
    let known = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let params = params![assertion.credential_id, owner.id()];
    let known: Option<(String, Vec<u8>, i64)> = tx.row(SQL, params, known).await?;
    let Some((device_id, public_key, last_count)) = known else {
        return Ok(Err(Refused::UnknownKey));
    };
    let count = match ceremony::verify_assertion(expected, &public_key, last_count, assertion) {
        Ok(count) => count,
        Err(refused) => return Ok(Err(refused)),
    };
    tx.execute(COUNT, params![&device_id, count]).await?;
    Ok(Ok(()))
}

/// What the model's pattern allows in serial numbers, without what parts an ARN.
fn check_name(name: &str) -> Result<(), wire::Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(VALIDATION.with(
        "The specified value for deviceName is invalid. It must contain only alphanumeric characters \
         and/or the following: +=,.@_-",
    ))
}

async fn serial(
    snapshot: &mut Snapshot,
    world: &World,
    owner: &MfaOwner,
    name: &str,
) -> Result<String, wire::Error> {
    const SQL: &str = "SELECT name FROM users WHERE id = $1 AND account_id = $2";
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let account = owner.account();
    let suffix = world.random_text(ALPHABET, SUFFIX_CHARS);
    if owner.is_root() {
        return Ok(arns::fido(account, "root", &format!("{name}-{suffix}")));
    }
    let user: Option<String> =
        snapshot.row(SQL, params![owner.id(), account], |row| row.get(0)).await?;
    let user = user.ok_or_else(|| NO_SUCH_ENTITY.with("The user cannot be found."))?;
    Ok(arns::fido(account, &format!("user/{user}"), &format!("{name}-{suffix}")))
}
