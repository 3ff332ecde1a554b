//! Session tokens that were opened before.
//!
//! What a token says never changes, so it is unsealed and unpacked once. Whether it still counts, and whom it
//! speaks for, is asked at each call: its end, and the user or role behind it, are not kept here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use store::Keyring;
use world::{Secret, Timestamp};

use super::{Refusal, SessionFacts, SessionScope};
use crate::session::{self, Session, Subject};

/// Tokens kept at most; past it the cache starts anew.
const TOKENS_MAX: usize = 2_000;

/// Bytes that the scope of a kept session may take: what is larger is opened at each call, for a token unfolds
/// to forty times its size at worst.
const SCOPE_BYTES_MAX: usize = 16 * 1024;

/// What a token says, in the form that a call needs.
pub(super) struct Opened {
    pub(super) account: String,
    pub(super) subject: Subject,
    pub(super) access_key_id: String,
    pub(super) secret: Arc<Secret>,
    pub(super) facts: SessionFacts,
}

impl From<Session> for Opened {
    fn from(session: Session) -> Self {
        Self {
            secret: Arc::new(session.secret()),
            facts: SessionFacts {
                issued_at: session.issued_at(),
                expires_at: session.expires_at(),
                mfa_at: session.mfa_at_micros.map(Timestamp::from_micros),
                origin: session.origin,
                scope: Arc::new(session.scope),
            },
            account: session.account,
            subject: session.subject,
            access_key_id: session.access_key_id,
        }
    }
}

/// Opened tokens by their digest: the tokens themselves are not kept.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<HashMap<Digest, Arc<Opened>>>);

type Digest = [u8; SHA256_OUTPUT_LEN];

impl TokenCache {
    /// What `token` says; its expiry is for the caller to check.
    pub(super) fn opened(&self, keyring: &Keyring, token: &str) -> Result<Arc<Opened>, Refusal> {
        let mut key = Digest::default();
        key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(opened) = self.lock().get(&key) {
            return Ok(Arc::clone(opened));
        }
        let session = session::open(keyring, token).map_err(|_| Refusal::BadToken)?;
        let opened = Arc::new(Opened::from(session));
        if bytes(&opened.facts.scope) <= SCOPE_BYTES_MAX {
            self.keep(key, &opened);
        }
        Ok(opened)
    }

    fn keep(&self, key: Digest, opened: &Arc<Opened>) {
        let mut tokens = self.lock();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(key, Arc::clone(opened));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Opened>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of the texts of a scope.
fn bytes(scope: &SessionScope) -> usize {
    let texts = scope.policy_arns.iter().chain(&scope.transitive_tag_keys).chain(&scope.policy);
    let tags = scope.tags.iter().map(|(key, value)| key.len() + value.len());
    texts.map(String::len).chain(tags).sum()
}

#[cfg(test)]
mod tests {
    use world::World;

    use super::*;
    use crate::MIGRATIONS;

    fn sealed(keyring: &Keyring, policy: Option<String>) -> String {
        let (world, account) = (World::system(), "123456789012".to_owned());
        let now = world.now();
        let mut session = Session::new(&world, account, Subject::Root, now, now);
        session.scope.policy = policy;
        session::seal(keyring, &session, 0).unwrap()
    }

    #[tokio::test]
    async fn a_token_is_opened_once_and_no_other_is_taken_for_it() {
        let store = store::testing::on_sqlite(&[MIGRATIONS]).await;
        let (keyring, cache) = (store.keyring(), TokenCache::default());
        let token = sealed(keyring, Some("{}".to_owned()));
        let first = cache.opened(keyring, &token).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.opened(keyring, &token).unwrap()));
        assert_eq!(first.facts.scope.policy.as_deref(), Some("{}"));
        let altered = format!("B{}", &token[1..]);
        assert!(matches!(cache.opened(keyring, &altered), Err(Refusal::BadToken)));
        assert!(!Arc::ptr_eq(&first, &cache.opened(keyring, &sealed(keyring, None)).unwrap()));
    }

    #[tokio::test]
    async fn a_large_session_is_not_kept() {
        let store = store::testing::on_sqlite(&[MIGRATIONS]).await;
        let (keyring, cache) = (store.keyring(), TokenCache::default());
        let token = sealed(keyring, Some(" ".repeat(SCOPE_BYTES_MAX + 1)));
        let first = cache.opened(keyring, &token).unwrap();
        assert!(!Arc::ptr_eq(&first, &cache.opened(keyring, &token).unwrap()));
    }
}
