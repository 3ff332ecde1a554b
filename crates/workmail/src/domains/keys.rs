//! The keys that sign the mail of domains.
//!
//! A key is made when its record is first shown: before that nobody can publish it, and a signature that nobody
//! can verify is worth nothing.

use mailauth::DkimKey;
use store::{Keyring, Snapshot, Transaction, params};
use tokio::task;
use world::{Secret, Timestamp, World};

use super::Verification;

/// Random bytes in the name of a key.
const SELECTOR_BYTES: usize = 8;

/// The key of a domain.
#[derive(Debug)]
pub struct SigningKey {
    /// Its name within the domain.
    pub selector: String,
    /// The key.
    pub key: DkimKey,
    /// When it was made.
    pub(super) created_at: Timestamp,
}

/// The key that signs the mail of a domain, if it is one of the organization and its key is known to the world.
///
/// # Errors
/// The store's, and if the key cannot be opened.
pub async fn signing_key(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    organization: &str,
    domain: &str,
) -> Result<Option<SigningKey>, store::Error> {
    const SQL: &str = "SELECT 1 FROM mail_domains \
        WHERE name = $1 AND organization_id = $2 AND ownership = 'VERIFIED' AND dkim = 'VERIFIED'";
    let found = snapshot.row(SQL, params![domain, organization], |_| Ok(())).await?;
    match found {
        Some(()) => find(snapshot, keyring, domain).await,
        None => Ok(None),
    }
}

/// The key of a domain, if one was made.
pub(super) async fn find(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    domain: &str,
) -> Result<Option<SigningKey>, store::Error> {
    const SQL: &str = "SELECT selector, sealed, created_at FROM domain_keys WHERE domain = $1";
    type Row = (String, Vec<u8>, Timestamp);
    let read = |row: &store::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let row: Option<Row> = snapshot.row(SQL, params![domain], read).await?;
    let Some((selector, sealed, created_at)) = row else { return Ok(None) };
    let key = DkimKey::new(&keyring.open(&purpose(domain), &sealed)?)
        .map_err(|_| store::Error::corrupt("the key of a domain"))?;
    Ok(Some(SigningKey { selector, key, created_at }))
}

/// A new private key. Takes long: hold nothing meanwhile.
pub(super) async fn generate() -> Result<Secret, wire::Error> {
    let made = task::spawn_blocking(DkimKey::generate).await;
    let made = made.map_err(|_| wire::Error::internal("a key could not be made"))?;
    made.map_err(|_| wire::Error::internal("a key could not be made"))
}

/// Gives a domain its key, unless it has got one meanwhile.
pub(super) async fn put(
    tx: &mut Transaction,
    keyring: &Keyring,
    world: &World,
    domain: &str,
    key: &Secret,
    verification: Verification,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO domain_keys (domain, selector, sealed, created_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (domain) DO NOTHING";
    let sealed = keyring.seal(&purpose(domain), key.expose())?;
    let selector = world.random_hex::<SELECTOR_BYTES>();
    tx.execute(SQL, params![domain, selector, sealed, world.now()]).await?;
    if verification == Verification::Trust {
        const TRUSTED: &str = "UPDATE mail_domains SET dkim = 'VERIFIED' WHERE name = $1";
        tx.execute(TRUSTED, params![domain]).await?;
    }
    Ok(())
}

fn purpose(domain: &str) -> String {
    format!("dkim-key/{domain}")
}
