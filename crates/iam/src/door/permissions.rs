//! The compiled identity policies of a principal, kept while nothing in its account's IAM has changed.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use policy::{Document, Kind, PolicySet, Source};
use store::{Snapshot, params};

use super::{Caller, Principal, SessionScope};
use crate::{
    identity_policies::SELF_SERVICE, ids::Kind as Id, managed, password_policy, policies, tags,
};

/// Compiled sets kept at most, of users and roles, and of sessions; past it the cache starts anew.
const SETS_MAX: usize = 10_000;

/// Parsed documents kept at most; past it the cache starts anew.
const DOCUMENTS_MAX: usize = 20_000;

/// Three caches. Sets are keyed by the user or role, or by the access key of the session that they limit,
/// and good for one epoch of the account, which every change in IAM moves on; documents are keyed by their own text, so they never go stale, and a new epoch costs a
/// few reads but no parsing.
#[derive(Default)]
pub(super) struct PermissionCache {
    entities: Mutex<HashMap<String, (i64, Arc<Permissions>)>>,
    sessions: Mutex<HashMap<String, (i64, Arc<PolicySet>)>>,
    documents: Mutex<HashMap<Arc<str>, Arc<Document>>>,
}

/// What limits a caller.
pub(super) struct Limits {
    /// What the user or role may do.
    pub(super) own: Arc<Permissions>,
    /// What the session may do of that, if it was made with policies.
    pub(super) session: Option<Arc<PolicySet>>,
}

/// What a user or role may do: what its identity policies and its boundary allow, and neither denies.
#[derive(Default)]
pub(super) struct Permissions {
    /// The policies of the user and its groups, or of the role.
    pub(super) identity: PolicySet,
    /// How far those reach, if there is a boundary.
    pub(super) boundary: Option<PolicySet>,
    /// The tags of the user or role (`aws:PrincipalTag/..`).
    pub(super) tags: tags::Pairs,
}

/// Whether what is read is committed. What a transaction sees may never be: once it is rolled back, the
/// next change gives the same epoch to other permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Committed,
    Pending,
}

/// The name under which decisions cite the policy text that a session was made with.
const SESSION_POLICY: &str = "session policy";

/// The policy that allows whatever there is.
const EVERYTHING: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

impl PermissionCache {
    /// The policies of `caller` as they are in `snapshot`, kept if they are committed.
    pub(super) async fn of(
        &self,
        snapshot: &mut Snapshot,
        standing: Standing,
        caller: &Caller,
    ) -> Result<Limits, wire::Error> {
        if caller.account.is_empty() {
            return Ok(Limits { own: Arc::default(), session: None });
        }
        let at = (epoch(snapshot, &caller.account).await?, standing);
        let own = match caller.entity_id() {
            Some(id) => self.entity(snapshot, at, &caller.account, id).await?,
            None => self.without_entity(caller)?,
        };
        let session = match caller.scope().filter(|scope| scope.is_limited()) {
            Some(scope) => Some(self.session(snapshot, at, &caller.access_key_id, scope).await?),
            None => None,
        };
        Ok(Limits { own, session })
    }

    /// Whom root vouched for has all that root has, as far as the session's policies go. Everybody else who
    /// is no user and no role has no policies of its own.
    fn without_entity(&self, caller: &Caller) -> Result<Arc<Permissions>, wire::Error> {
        if !matches!(caller.principal, Principal::Federated(_)) {
            return Ok(Arc::default());
        }
        let identity = PolicySet::new([self.managed(EVERYTHING.to_owned(), None)?]);
        Ok(Arc::new(Permissions { identity, ..Permissions::default() }))
    }

    /// What a user or role may do, as it is in `snapshot` at an epoch of its account.
    pub(super) async fn entity(
        &self,
        snapshot: &mut Snapshot,
        (epoch, standing): (i64, Standing),
        account: &str,
        id: &str,
    ) -> Result<Arc<Permissions>, wire::Error> {
        if let Some((known, set)) = lock(&self.entities).get(id)
            && *known == epoch
        {
            return Ok(Arc::clone(set));
        }
        let identity = PolicySet::new(self.identity(snapshot, account, id).await?);
        let boundary = self.boundary(snapshot, id).await?.map(|source| PolicySet::new([source]));
        let tags = tags::of(snapshot, id).await?;
        let set = Arc::new(Permissions { identity, boundary, tags });
        if standing == Standing::Committed {
            insert(&self.entities, SETS_MAX, id.to_owned(), (epoch, Arc::clone(&set)));
        }
        Ok(set)
    }

    /// The policies that a session was made with. A managed one counts as it is now, and one that is gone
    /// allows nothing.
    async fn session(
        &self,
        snapshot: &mut Snapshot,
        (epoch, standing): (i64, Standing),
        access_key_id: &str,
        scope: &SessionScope,
    ) -> Result<Arc<PolicySet>, wire::Error> {
        if let Some((known, set)) = lock(&self.sessions).get(access_key_id)
            && *known == epoch
        {
            return Ok(Arc::clone(set));
        }
        let mut sources = Vec::new();
        for arn in &scope.policy_arns {
            let text = policies::default_text(snapshot, arn).await?;
            if text.is_some() || managed::default_document(arn).is_some() {
                sources.push(self.managed(arn.clone(), text)?);
            }
        }
        if let Some(text) = &scope.policy {
            let document = self.document(text.clone(), Kind::Session)?;
            sources.push(Source { id: SESSION_POLICY.into(), document });
        }
        let set = Arc::new(PolicySet::new(sources));
        if standing == Standing::Committed {
            let key = access_key_id.to_owned();
            insert(&self.sessions, SETS_MAX, key, (epoch, Arc::clone(&set)));
        }
        Ok(set)
    }

    async fn identity(
        &self,
        snapshot: &mut Snapshot,
        account: &str,
        entity_id: &str,
    ) -> Result<Vec<Source>, wire::Error> {
        let mut sources = Vec::new();
        for (arn, text) in attached(snapshot, entity_id).await? {
            sources.push(self.managed(arn, text)?);
        }
        if is_user(entity_id) && password_policy::users_may_change(snapshot, account).await? {
            sources.push(self.managed(SELF_SERVICE.to_owned(), None)?);
        }
        for (name, text) in inline(snapshot, entity_id).await? {
            sources.push(Source { document: self.document(text, Kind::Inline)?, id: name.into() });
        }
        Ok(sources)
    }

    async fn boundary(
        &self,
        snapshot: &mut Snapshot,
        entity_id: &str,
    ) -> Result<Option<Source>, wire::Error> {
        let sql = match is_user(entity_id) {
            true => "SELECT permissions_boundary FROM users WHERE id = $1",
            false => "SELECT permissions_boundary FROM roles WHERE id = $1",
        };
        let arn = |row: &store::Row<'_>| row.get::<Option<String>>(0);
        let Some(arn) = snapshot.row(sql, params![entity_id], arn).await?.flatten() else {
            return Ok(None);
        };
        let text = policies::default_text(snapshot, &arn).await?;
        self.managed(arn, text).map(Some)
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

/// Users' ids tell what they are.
fn is_user(entity_id: &str) -> bool {
    entity_id.starts_with(Id::User.prefix())
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
