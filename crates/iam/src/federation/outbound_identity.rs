//! Outbound web identity federation: tokens that tell other servers which principal of an account asks.
//!
//! An account that enables it becomes an issuer of its own, at a URL below this server's public one. What it
//! signs with is made when it is first needed, sealed, and replaced from time to time; the public halves are
//! served to whoever asks, as OpenID Connect Discovery 1.0 has it.

use std::time::Duration;

use federation::jwt::{Signer, SigningAlgorithm};
use serde_json::{Value, json};
use store::{Keyring, Migration, Row, Snapshot, Transaction, params};
use wire::iam::{
    EnableOutboundWebIdentityFederationResponse, GetOutboundWebIdentityFederationInfoResponse,
    errors::{FEATURE_DISABLED, FEATURE_ENABLED},
};
use world::{Secret, Timestamp, World};

use crate::{
    door::{Call, Caller, Door, Resource},
    purposes,
    tags::{self, Pairs},
};

/// How long a key signs.
const ROTATION: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a key is published after it signed for the last time: longer than any token is good.
const AFTERLIFE: Duration = Duration::from_secs(24 * 3600);

/// The tables of issuers and their keys.
pub(crate) const SCHEMA: Migration = Migration {
    name: "iam-0012-outbound-identity",
    sql: "CREATE TABLE outbound_issuers (
        account_id TEXT PRIMARY KEY REFERENCES accounts (id),
        id TEXT NOT NULL UNIQUE,
        enabled INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    );

    CREATE TABLE outbound_keys (
        id TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        algorithm TEXT NOT NULL,
        public TEXT NOT NULL,
        sealed BLOB NOT NULL,
        created_at INTEGER NOT NULL
    );
    CREATE INDEX outbound_keys_by_account ON outbound_keys (account_id, algorithm, created_at);",
};

/// An account as an issuer.
struct Issuer {
    id: String,
    enabled: bool,
}

/// A key as it is stored.
struct Key {
    id: String,
    algorithm: SigningAlgorithm,
    public: String,
    sealed: Vec<u8>,
}

/// Makes the account an issuer. It keeps its name when it is turned off and on again.
pub(crate) async fn enable(
    call: &mut Call,
) -> Result<EnableOutboundWebIdentityFederationResponse, wire::Error> {
    const SQL: &str = "INSERT INTO outbound_issuers (account_id, id, enabled, created_at) \
        VALUES ($1, $2, 1, $3) ON CONFLICT (account_id) DO UPDATE SET enabled = 1";
    let (caller, world, now, base) = (call.caller(), call.world(), call.now(), call.public_url());
    let tx = call.write("iam:EnableOutboundWebIdentityFederation", Resource::any()).await?;
    let known = issuer(tx, &caller.account).await?;
    if known.as_ref().is_some_and(|issuer| issuer.enabled) {
        return Err(FEATURE_ENABLED
            .with("Outbound web identity federation is already enabled for your account."));
    }
    let id = known.map_or_else(|| world.random_uuid(), |issuer| issuer.id);
    tx.execute(SQL, params![&caller.account, &id, now]).await?;
    Ok(EnableOutboundWebIdentityFederationResponse { issuer_identifier: Some(url(&base, &id)) })
}

pub(crate) async fn disable(call: &mut Call) -> Result<(), wire::Error> {
    const SQL: &str =
        "UPDATE outbound_issuers SET enabled = 0 WHERE account_id = $1 AND enabled = 1";
    let caller = call.caller();
    let tx = call.write("iam:DisableOutboundWebIdentityFederation", Resource::any()).await?;
    if tx.execute(SQL, params![&caller.account]).await? == 0 {
        return Err(disabled());
    }
    Ok(())
}

pub(crate) async fn info(
    call: &mut Call,
) -> Result<GetOutboundWebIdentityFederationInfoResponse, wire::Error> {
    let (caller, base) = (call.caller(), call.public_url());
    let snapshot = call.read("iam:GetOutboundWebIdentityFederationInfo", Resource::any()).await?;
    let issuer = issuer(snapshot, &caller.account).await?.filter(|issuer| issuer.enabled);
    let issuer = issuer.ok_or_else(disabled)?;
    Ok(GetOutboundWebIdentityFederationInfoResponse {
        issuer_identifier: Some(url(&base, &issuer.id)),
        jwt_vending_enabled: Some(issuer.enabled),
    })
}

fn disabled() -> wire::Error {
    FEATURE_DISABLED.with("Outbound web identity federation is not enabled for your account.")
}

/// The URL of the account as an issuer and a key that signs for it, if `action` on `target` is allowed; none
/// if the account is no issuer. The key is made if there is none, or none that is young enough.
///
/// # Errors
/// `AccessDenied`; the store's.
pub async fn signer(
    call: &mut Call,
    action: &str,
    target: &Resource,
    algorithm: SigningAlgorithm,
) -> Result<Option<(String, Signer)>, wire::Error> {
    let (caller, keyring, now) = (call.caller(), call.keyring(), call.now());
    let base = call.public_url();
    let snapshot = call.read(action, target).await?;
    let issuer = issuer(snapshot, &caller.account).await?.filter(|issuer| issuer.enabled);
    let Some(issuer) = issuer else { return Ok(None) };
    let url = url(&base, &issuer.id);
    if let Some(key) = current(snapshot, &caller.account, algorithm, now).await? {
        return Ok(Some((url, key.signer(&keyring)?)));
    }
    // Making a key takes its time, which nobody shall wait for.
    call.release();
    let made = Key::make(&call.world(), keyring.clone(), algorithm).await?;
    let tx = call.write(action, target).await?;
    let key = match current(tx, &caller.account, algorithm, now).await? {
        Some(key) => key,
        None => {
            made.insert(tx, &caller.account, now).await?;
            forget(tx, &caller.account, now).await?;
            made
        }
    };
    Ok(Some((url, key.signer(&keyring)?)))
}

/// The tags that a principal bears: those of its user or role, and over them those of its session.
///
/// # Errors
/// The store's.
pub async fn principal_tags(
    snapshot: &mut Snapshot,
    caller: &Caller,
) -> Result<Pairs, store::Error> {
    let mut found = match caller.entity_id() {
        Some(id) => tags::of(snapshot, id).await?,
        None => Pairs::new(),
    };
    for tag in caller.scope().into_iter().flat_map(|scope| &scope.tags) {
        found.retain(|other| tags::folded(other) != tags::folded(tag));
        found.push(tag.clone());
    }
    Ok(found)
}

/// The discovery document of an issuer (OpenID Connect Discovery 1.0, section 3), if there is such a one.
///
/// # Errors
/// The store's.
pub async fn discovery(door: &Door, issuer_id: &str) -> Result<Option<Value>, store::Error> {
    if account_of(&mut door.snapshot().await?, issuer_id).await?.is_none() {
        return Ok(None);
    }
    let issuer = url(door.public_url(), issuer_id);
    Ok(Some(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{KEYS_PATH}"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SigningAlgorithm::ALL.map(SigningAlgorithm::name),
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "jti"],
    })))
}

/// The public keys of an issuer (RFC 7517, section 5), if there is such a one. What it signed before it was
/// turned off can still be verified.
///
/// # Errors
/// The store's.
pub async fn key_set(door: &Door, issuer_id: &str) -> Result<Option<Value>, store::Error> {
    const SQL: &str =
        "SELECT public FROM outbound_keys WHERE account_id = $1 ORDER BY created_at DESC, id";
    let mut snapshot = door.snapshot().await?;
    let Some(account) = account_of(&mut snapshot, issuer_id).await? else { return Ok(None) };
    let keys: Vec<String> = snapshot.rows(SQL, params![&account], |row| row.get(0)).await?;
    let key = |text: &String| serde_json::from_str::<Value>(text);
    let keys = keys.iter().map(key).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|_| store::Error::corrupt("a public key is no JSON"))?;
    Ok(Some(json!({ "keys": keys })))
}

/// Where the keys of an issuer are, below its URL.
const KEYS_PATH: &str = "/.well-known/jwks.json";

/// The URL of an issuer, below that of this server.
fn url(base: &str, issuer_id: &str) -> String {
    format!("{base}/tokens/{issuer_id}")
}

async fn issuer(snapshot: &mut Snapshot, account: &str) -> Result<Option<Issuer>, store::Error> {
    const SQL: &str = "SELECT id, enabled FROM outbound_issuers WHERE account_id = $1";
    let issuer = |row: &Row<'_>| Ok(Issuer { id: row.get(0)?, enabled: row.get(1)? });
    snapshot.row(SQL, params![account], issuer).await
}

async fn account_of(
    snapshot: &mut Snapshot,
    issuer_id: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT account_id FROM outbound_issuers WHERE id = $1";
    snapshot.row(SQL, params![issuer_id], |row| row.get(0)).await
}

/// The youngest key of the account, if it still signs.
async fn current(
    snapshot: &mut Snapshot,
    account: &str,
    algorithm: SigningAlgorithm,
    now: Timestamp,
) -> Result<Option<Key>, store::Error> {
    const SQL: &str = "SELECT id, public, sealed FROM outbound_keys WHERE account_id = $1 \
        AND algorithm = $2 AND created_at > $3 ORDER BY created_at DESC, id LIMIT 1";
    let params = params![account, algorithm.name(), now.saturating_sub(ROTATION)];
    let key = |row: &Row<'_>| {
        Ok(Key { id: row.get(0)?, algorithm, public: row.get(1)?, sealed: row.get(2)? })
    };
    snapshot.row(SQL, params, key).await
}

/// Deletes keys whose last token has long expired.
async fn forget(tx: &mut Transaction, account: &str, now: Timestamp) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM outbound_keys WHERE account_id = $1 AND created_at < $2";
    let eldest = now.saturating_sub(ROTATION + AFTERLIFE);
    tx.execute(SQL, params![account, eldest]).await.map(drop)
}

impl Key {
    async fn make(
        world: &World,
        keyring: Keyring,
        algorithm: SigningAlgorithm,
    ) -> Result<Self, wire::Error> {
        let id = world.random_uuid();
        let make = move || {
            let private = algorithm.generate().map_err(wire::Error::internal)?;
            let signer = Signer::new(id.clone(), algorithm, &private)?;
            let public = signer.public()?.to_string();
            let sealed = keyring.seal(&purposes::outbound_key(&id), private.expose())?;
            Ok(Self { id, algorithm, public, sealed })
        };
        tokio::task::spawn_blocking(make).await?
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        account: &str,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO outbound_keys (id, account_id, algorithm, public, sealed, \
            created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let params =
            params![&self.id, account, self.algorithm.name(), &self.public, &self.sealed, now];
        tx.execute(SQL, params).await.map(drop)
    }

    fn signer(self, keyring: &Keyring) -> Result<Signer, wire::Error> {
        let private: Secret = keyring.open(&purposes::outbound_key(&self.id), &self.sealed)?;
        Ok(Signer::new(self.id, self.algorithm, &private)?)
    }
}
