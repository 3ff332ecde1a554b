//! The compiled identity policies of a principal, kept while nothing in its account's IAM has changed.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use policy::{Document, Kind, PolicySet, Source};
use store::{Snapshot, params};

use super::{Caller, Principal};
use crate::{managed, password_policy, tags};

/// Principals whose compiled policies are kept at most; past it the cache starts anew.
const PRINCIPALS_MAX: usize = 10_000;

/// Parsed documents kept at most; past it the cache starts anew.
const DOCUMENTS_MAX: usize = 20_000;

/// Two caches. Sets are keyed by principal and good for one epoch of its account, which every change in
/// IAM moves on; documents are keyed by their own text, so they never go stale, and a new epoch costs a
/// few reads but no parsing.
#[derive(Default)]
pub(super) struct PermissionCache {
    sets: Mutex<HashMap<String, (i64, Arc<Permissions>)>>,
    documents: Mutex<HashMap<Arc<str>, Arc<Document>>>,
}

/// What a principal may do: what its identity policies and its boundary allow, and neither denies.
#[derive(Default)]
pub(super) struct Permissions {
    /// The policies of the user and its groups.
    pub(super) identity: PolicySet,
    /// How far those reach, if the user has a boundary.
    pub(super) boundary: Option<PolicySet>,
    /// The user's tags (`aws:PrincipalTag/..`).
    pub(super) tags: tags::Pairs,
}

/// Whether what is read is committed. What a transaction sees may never be: once it is rolled back, the
/// next change gives the same epoch to other permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Committed,
    Pending,
}

/// What a password policy grants by `AllowUsersToChangePassword`: the same as AWS's policy of that name,
/// `IAMUserChangePassword`.
const SELF_SERVICE: &str = "arn:aws:iam::aws:policy/IAMUserChangePassword";

impl PermissionCache {
    /// The policies of `caller` as they are in `snapshot`, kept if they are committed.
    pub(super) async fn of(
        &self,
        snapshot: &mut Snapshot,
        standing: Standing,
        caller: &Caller,
    ) -> Result<Arc<Permissions>, wire::Error> {
        let Principal::User { id, .. } = &caller.principal else {
            return Ok(Arc::new(Permissions::default()));
        };
        let epoch = epoch(snapshot, &caller.account).await?;
        if let Some((known, set)) = lock(&self.sets).get(id)
            && *known == epoch
        {
            return Ok(Arc::clone(set));
        }
        let identity = PolicySet::new(self.identity(snapshot, &caller.account, id).await?);
        let boundary = self.boundary(snapshot, id).await?.map(|source| PolicySet::new([source]));
        let tags = tags::of(snapshot, id).await?;
        let set = Arc::new(Permissions { identity, boundary, tags });
        if standing == Standing::Committed {
            insert(&self.sets, PRINCIPALS_MAX, id.clone(), (epoch, Arc::clone(&set)));
        }
        Ok(set)
    }

    async fn identity(
        &self,
        snapshot: &mut Snapshot,
        account: &str,
        user_id: &str,
    ) -> Result<Vec<Source>, wire::Error> {
        let mut sources = Vec::new();
        for (arn, text) in attached(snapshot, user_id).await? {
            sources.push(self.managed(arn, text)?);
        }
        if password_policy::users_may_change(snapshot, account).await? {
            sources.push(self.managed(SELF_SERVICE.to_owned(), None)?);
        }
        for (name, text) in inline(snapshot, user_id).await? {
            sources.push(Source { document: self.document(text, Kind::Inline)?, id: name.into() });
        }
        Ok(sources)
    }

    async fn boundary(
        &self,
        snapshot: &mut Snapshot,
        user_id: &str,
    ) -> Result<Option<Source>, wire::Error> {
        const SQL: &str = "SELECT u.permissions_boundary, v.document FROM users u \
            LEFT JOIN policies p ON p.arn = u.permissions_boundary \
            LEFT JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.default_version \
            WHERE u.id = $1 AND u.permissions_boundary IS NOT NULL";
        let parts = |row: &store::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        match snapshot.row(SQL, params![user_id], parts).await? {
            Some((arn, text)) => self.managed(arn, text).map(Some),
            None => Ok(None),
        }
    }

    /// A managed policy: AWS's own where no text is stored. One that is neither does not parse.
    fn managed(&self, arn: String, text: Option<String>) -> Result<Source, wire::Error> {
        let text = match text {
            Some(text) => text,
            None => managed::default_document(&arn).unwrap_or_default().to_owned(),
        };
        Ok(Source { document: self.document(text, Kind::Managed)?, id: arn.into() })
    }

    /// A stored document was parsed before it was stored; one that does not parse now fails the call, for
    /// what is not understood must not be passed over: it might deny.
    fn document(&self, text: String, kind: Kind) -> Result<Arc<Document>, wire::Error> {
        if let Some(document) = lock(&self.documents).get(text.as_str()) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(policy::parse(&text, kind)?);
        insert(&self.documents, DOCUMENTS_MAX, text.into(), Arc::clone(&document));
        Ok(document)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn insert<K: Eq + Hash, V>(cache: &Mutex<HashMap<K, V>>, max: usize, key: K, value: V) {
    let mut cache = lock(cache);
    if cache.len() >= max {
        cache.clear();
    }
    cache.insert(key, value);
}

async fn epoch(snapshot: &mut Snapshot, account: &str) -> Result<i64, wire::Error> {
    const SQL: &str = "SELECT policy_epoch FROM accounts WHERE id = $1";
    let epoch = snapshot.row(SQL, params![account], |row| row.get(0)).await?;
    epoch.ok_or_else(|| store::Error::corrupt("the caller's account is gone").into())
}

/// Managed policies attached to the user or its groups: ARN, and the text unless it is AWS's own.
async fn attached(
    snapshot: &mut Snapshot,
    user_id: &str,
) -> Result<Vec<(String, Option<String>)>, store::Error> {
    const SQL: &str = "SELECT DISTINCT a.policy_arn, v.document FROM attachments a \
        LEFT JOIN policies p ON p.arn = a.policy_arn \
        LEFT JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.default_version \
        WHERE a.entity_id = $1 \
        OR a.entity_id IN (SELECT group_id FROM group_members WHERE user_id = $1)";
    snapshot.rows(SQL, params![user_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Inline policies of the user and its groups: name and text.
async fn inline(
    snapshot: &mut Snapshot,
    user_id: &str,
) -> Result<Vec<(String, String)>, store::Error> {
    const SQL: &str = "SELECT name, document FROM inline_policies WHERE entity_id = $1 \
        OR entity_id IN (SELECT group_id FROM group_members WHERE user_id = $1)";
    snapshot.rows(SQL, params![user_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}
