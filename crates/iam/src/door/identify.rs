//! From an access key id, and a session token where there is one, to a principal and its secret.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use store::{Snapshot, params};
use world::Secret;

use super::{
    Caller, Door, FederatedUser, Issuer, Principal, RequestFacts, RoleSession, tokens::Opened,
};
use crate::{purposes, session::Subject};

/// The secrets kept unsealed at most; past it the cache starts anew.
const SECRETS_MAX: usize = 10_000;

/// Who an access key belongs to, and the secret that a signature must prove. Until it is proved, nothing
/// here may be told to the peer.
#[derive(Debug)]
pub struct Identity {
    /// The caller, if the signature holds.
    pub caller: Caller,
    /// The secret access key.
    pub secret: Arc<Secret>,
}

/// Why credentials name nobody.
#[derive(Debug)]
pub enum Refusal {
    /// The key is unknown or inactive, or its user is gone.
    UnknownKey,
    /// The session token is missing where one is needed, broken, or not of this key.
    BadToken,
    /// The session token has expired.
    ExpiredToken,
    /// The store could not be asked.
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Door {
    /// A snapshot to identify a caller in, and then to read what it may.
    ///
    /// # Errors
    /// The store's.
    pub async fn snapshot(&self) -> Result<Snapshot, store::Error> {
        self.inner.store.read().await
    }

    /// Finds who signs with `access_key_id`.
    ///
    /// # Errors
    /// A [`Refusal`]; which one, the peer may learn.
    pub async fn identify(
        &self,
        snapshot: &mut Snapshot,
        access_key_id: &str,
        session_token: Option<&str>,
        request: RequestFacts,
    ) -> Result<Identity, Refusal> {
        match session_token {
            Some(token) => self.identify_session(snapshot, access_key_id, token, request).await,
            None => self.identify_key(snapshot, access_key_id, request).await,
        }
    }

    async fn identify_key(
        &self,
        snapshot: &mut Snapshot,
        access_key_id: &str,
        request: RequestFacts,
    ) -> Result<Identity, Refusal> {
        if !access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Refusal::UnknownKey); // no id, and with a NUL in it no text for the store
        }
        let row = key_row(snapshot, access_key_id).await?.ok_or(Refusal::UnknownKey)?;
        if row.status != "Active" {
            return Err(Refusal::UnknownKey);
        }
        let secret = self.inner.secrets.unsealed(self, access_key_id, &row.sealed)?;
        let caller = Caller {
            principal: row.principal,
            account: row.account,
            session: None,
            access_key_id: access_key_id.to_owned(),
            request,
        };
        Ok(Identity { caller, secret })
    }

    async fn identify_session(
        &self,
        snapshot: &mut Snapshot,
        access_key_id: &str,
        token: &str,
        request: RequestFacts,
    ) -> Result<Identity, Refusal> {
        let session = self.inner.tokens.opened(self.inner.store.keyring(), token)?;
        if session.access_key_id != access_key_id {
            return Err(Refusal::BadToken);
        }
        if session.facts.expires_at <= request.now {
            return Err(Refusal::ExpiredToken);
        }
        let principal = subject(snapshot, &session).await?.ok_or(Refusal::UnknownKey)?;
        let caller = Caller {
            principal,
            account: session.account.clone(),
            session: Some(session.facts.clone()),
            access_key_id: session.access_key_id.clone(),
            request,
        };
        Ok(Identity { caller, secret: Arc::clone(&session.secret) })
    }
}

/// Whom a session speaks for, as they are now; nobody if they are gone.
async fn subject(
    snapshot: &mut Snapshot,
    session: &Opened,
) -> Result<Option<Principal>, store::Error> {
    match &session.subject {
        Subject::Root => root(snapshot, &session.account).await,
        Subject::User(id) => Ok(user(snapshot, id).await?.map(Principal::from)),
        Subject::Role { id, session_name } => role(snapshot, id, session_name).await,
        Subject::Federated { name, issuer: None } => {
            let principal =
                Principal::Federated(FederatedUser { name: name.clone(), issuer: None });
            Ok(root(snapshot, &session.account).await?.map(|_| principal))
        }
        Subject::Federated { name, issuer: Some(id) } => {
            Ok(user(snapshot, id).await?.map(|issuer| {
                Principal::Federated(FederatedUser { name: name.clone(), issuer: Some(issuer) })
            }))
        }
    }
}

impl From<Issuer> for Principal {
    fn from(user: Issuer) -> Self {
        Self::User { id: user.id, name: user.name, path: user.path }
    }
}

struct KeyRow {
    account: String,
    status: String,
    sealed: Vec<u8>,
    principal: Principal,
}

async fn key_row(snapshot: &mut Snapshot, id: &str) -> Result<Option<KeyRow>, store::Error> {
    const SQL: &str = "SELECT k.account_id, k.status, k.secret, u.id, u.name, u.path \
        FROM access_keys k LEFT JOIN users u ON u.id = k.user_id WHERE k.id = $1";
    snapshot
        .row(SQL, params![id], |row| {
            let principal = match row.get::<Option<String>>(3)? {
                None => Principal::Root,
                Some(id) => Principal::User { id, name: row.get(4)?, path: row.get(5)? },
            };
            Ok(KeyRow { account: row.get(0)?, status: row.get(1)?, sealed: row.get(2)?, principal })
        })
        .await
}

async fn user(snapshot: &mut Snapshot, id: &str) -> Result<Option<Issuer>, store::Error> {
    const SQL: &str = "SELECT id, name, path FROM users WHERE id = $1";
    let user =
        |row: &store::Row<'_>| Ok(Issuer { id: row.get(0)?, name: row.get(1)?, path: row.get(2)? });
    snapshot.row(SQL, params![id], user).await
}

async fn role(
    snapshot: &mut Snapshot,
    id: &str,
    session_name: &str,
) -> Result<Option<Principal>, store::Error> {
    const SQL: &str = "SELECT id, name, path FROM roles WHERE id = $1";
    let role = |row: &store::Row<'_>| {
        Ok(Principal::Role(RoleSession {
            role_id: row.get(0)?,
            role_name: row.get(1)?,
            role_path: row.get(2)?,
            session_name: session_name.to_owned(),
        }))
    };
    snapshot.row(SQL, params![id], role).await
}

async fn root(snapshot: &mut Snapshot, account: &str) -> Result<Option<Principal>, store::Error> {
    const SQL: &str = "SELECT id FROM accounts WHERE id = $1";
    snapshot.row(SQL, params![account], |_| Ok(Principal::Root)).await
}

/// Unsealed secrets, keyed by the key's id and its sealed bytes, so that a replaced secret is never served.
#[derive(Default)]
pub(super) struct SecretCache(Mutex<Unsealed>);

type Unsealed = HashMap<String, (Vec<u8>, Arc<Secret>)>;

impl SecretCache {
    fn unsealed(&self, door: &Door, id: &str, sealed: &[u8]) -> Result<Arc<Secret>, Refusal> {
        if let Some((known, secret)) = self.lock().get(id)
            && known == sealed
        {
            return Ok(Arc::clone(secret));
        }
        let keyring = door.inner.store.keyring();
        let secret = Arc::new(keyring.open(&purposes::access_key(id), sealed)?);
        let mut secrets = self.lock();
        if secrets.len() >= SECRETS_MAX {
            secrets.clear();
        }
        secrets.insert(id.to_owned(), (sealed.to_vec(), Arc::clone(&secret)));
        Ok(secret)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Unsealed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
