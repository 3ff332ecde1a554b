//! Trust policies: who may assume a role.
//!
//! The text is kept byte for byte. What its ARNs of users and roles meant when it was stored is kept beside
//! it, so that nobody who comes later under an old name is trusted. Where an ARN no longer names what it
//! meant, answers show in its place what does: the ARN after a rename, the bare id after a deletion (IAM
//! User Guide, "AWS JSON policy elements: Principal").

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use policy::{Document, Kind, PrincipalEntry, PrincipalKind, ResourcePolicy, Source};
use store::{Row, Snapshot, Transaction, params};
use wire::iam::errors::MALFORMED_POLICY_DOCUMENT;

use crate::{
    arns::{self, PrincipalArn},
    documents, names, quotas,
};

/// The principals of a trust policy that name users, roles or their sessions, each with the id that it
/// means.
pub(crate) type Bindings = BTreeMap<String, String>;

/// A role, as far as it matters to who wants to assume it.
#[derive(Clone, Debug)]
pub struct Trust {
    /// `AROA..`.
    pub id: String,
    /// The account that owns it.
    pub account: String,
    /// The friendly name.
    pub name: String,
    /// The path, `/` or `/../`.
    pub path: String,
    /// How long a session may last at most, in seconds.
    pub max_session_duration: i64,
    /// The service that it belongs to, if it is a service-linked role. Nobody else may assume it.
    pub linked_service: Option<String>,
    /// The trust policy.
    pub policy: Arc<ResourcePolicy>,
    /// Principals as written, with the ids of the users and roles that they mean.
    pub bindings: Vec<(String, String)>,
}

/// The role of that ARN, which must be exact in every character.
///
/// # Errors
/// The store's, or that the stored trust policy is not understood any more.
pub async fn load(snapshot: &mut Snapshot, role_arn: &str) -> Result<Option<Trust>, wire::Error> {
    const SQL: &str = "SELECT id, name, path, max_session_duration, linked_service, trust_policy \
        FROM roles WHERE account_id = $1 AND name_key = $2 AND path = $3 AND name = $4";
    let Some(PrincipalArn::Role { account, path, name }) = PrincipalArn::parse(role_arn) else {
        return Ok(None);
    };
    let params = params![account, names::fold(name), path, name];
    let Some(role) = snapshot.row(SQL, params, Found::read).await? else { return Ok(None) };
    let bindings = bindings(snapshot, &role.id).await?;
    let policy = compiled(role_arn, &role.trust_policy)?;
    Ok(Some(Trust {
        id: role.id,
        account: account.to_owned(),
        name: role.name,
        path: role.path,
        max_session_duration: role.max_session_duration,
        linked_service: role.linked_service,
        policy,
        bindings,
    }))
}

/// Compiled trust policies kept at most; past it they start anew.
const COMPILED_MAX: usize = 2_000;

/// Trust policies by the ARN of their role, each with the text that it was compiled from, so that another
/// text is never answered with it.
static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

type Compiled = HashMap<String, (String, Arc<ResourcePolicy>)>;

fn compiled(role_arn: &str, text: &str) -> Result<Arc<ResourcePolicy>, wire::Error> {
    let known = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((compiled_from, policy)) = known().get(role_arn)
        && compiled_from == text
    {
        return Ok(Arc::clone(policy));
    }
    let source = Source { id: role_arn.into(), document: documents::stored(text, Kind::Trust)? };
    let policy = Arc::new(ResourcePolicy::new(source));
    let mut known = known();
    if known.len() >= COMPILED_MAX {
        known.clear();
    }
    known.insert(role_arn.to_owned(), (text.to_owned(), Arc::clone(&policy)));
    Ok(policy)
}

/// What is stored of a role in its own row.
struct Found {
    id: String,
    name: String,
    path: String,
    max_session_duration: i64,
    linked_service: Option<String>,
    trust_policy: String,
}

impl Found {
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            max_session_duration: row.get(3)?,
            linked_service: row.get(4)?,
            trust_policy: row.get(5)?,
        })
    }
}

async fn bindings(
    snapshot: &mut Snapshot,
    role_id: &str,
) -> Result<Vec<(String, String)>, store::Error> {
    const SQL: &str = "SELECT principal, entity_id FROM trust_principals WHERE role_id = $1";
    snapshot.rows(SQL, params![role_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Accepts the text of a trust policy and says what its principals mean.
///
/// # Errors
/// `MalformedPolicyDocument`, also for a principal that does not exist; `LimitExceeded`.
pub(crate) async fn accept(snapshot: &mut Snapshot, text: &str) -> Result<Bindings, wire::Error> {
    let document = documents::parse(text, Kind::Trust)?;
    let mut bindings = Bindings::new();
    for PrincipalEntry { value, .. } in aws_principals(&document) {
        if let Some(id) = meaning(snapshot, &value.value).await? {
            bindings.insert(value.value.to_string(), id);
        }
    }
    let size = documents::size(text).saturating_sub(1);
    quotas::check("ACLSizePerRole", quotas::TRUST_CHARS as i64, size as i64)?;
    Ok(bindings)
}

/// Keeps what the principals of the role's trust policy mean, in place of what they meant.
pub(crate) async fn bind(
    tx: &mut Transaction,
    role_id: &str,
    bindings: &Bindings,
) -> Result<(), store::Error> {
    const CLEAR: &str = "DELETE FROM trust_principals WHERE role_id = $1";
    const INSERT: &str =
        "INSERT INTO trust_principals (role_id, principal, entity_id) VALUES ($1, $2, $3)";
    tx.execute(CLEAR, params![role_id]).await?;
    for (principal, entity_id) in bindings {
        tx.execute(INSERT, params![role_id, principal, entity_id]).await?;
    }
    Ok(())
}

fn aws_principals(document: &Document) -> impl Iterator<Item = &PrincipalEntry> {
    let principals = document.statements().iter().filter_map(|one| one.principals.as_ref());
    principals.flat_map(|one| &one.entries).filter(|entry| entry.kind == PrincipalKind::Aws)
}

/// The id of the user or role that a principal names, if it names one.
async fn meaning(snapshot: &mut Snapshot, principal: &str) -> Result<Option<String>, wire::Error> {
    const USER: &str = "SELECT id FROM users \
        WHERE account_id = $1 AND name_key = $2 AND path = $3 AND name = $4";
    const ROLE: &str = "SELECT id FROM roles \
        WHERE account_id = $1 AND name_key = $2 AND path = $3 AND name = $4";
    const ROLE_OF_SESSION: &str =
        "SELECT id FROM roles WHERE account_id = $1 AND name_key = $2 AND name = $3";
    let id = |row: &Row<'_>| row.get::<String>(0);
    let found = match PrincipalArn::parse(principal) {
        Some(PrincipalArn::User { account, path, name }) => {
            snapshot.row(USER, params![account, names::fold(name), path, name], id).await?
        }
        Some(PrincipalArn::Role { account, path, name }) => {
            snapshot.row(ROLE, params![account, names::fold(name), path, name], id).await?
        }
        Some(PrincipalArn::RoleSession { account, role, .. }) => {
            snapshot.row(ROLE_OF_SESSION, params![account, names::fold(role), role], id).await?
        }
        Some(PrincipalArn::Account { account } | PrincipalArn::FederatedUser { account, .. }) => {
            return known(snapshot, ACCOUNT, account, principal).await;
        }
        None if principal == EVERYONE => return Ok(None),
        None if principal.bytes().all(|byte| byte.is_ascii_digit()) => {
            return known(snapshot, ACCOUNT, principal, principal).await;
        }
        None => return known(snapshot, ENTITY, principal, principal).await,
    };
    found.map(Some).ok_or_else(|| invalid(principal))
}

/// Everyone, with and without credentials.
const EVERYONE: &str = "*";

const ACCOUNT: &str = "SELECT 1 FROM accounts WHERE id = $1";

/// By its unique id, of any account.
const ENTITY: &str =
    "SELECT 1 FROM users WHERE id = $1 UNION ALL SELECT 1 FROM roles WHERE id = $1";

/// Refuses a principal of which `sql` does not find the `id`. It needs no binding: it is an id already.
async fn known(
    snapshot: &mut Snapshot,
    sql: &str,
    id: &str,
    principal: &str,
) -> Result<Option<String>, wire::Error> {
    match snapshot.row(sql, params![id], |_| Ok(())).await? {
        Some(()) => Ok(None),
        None => Err(invalid(principal)),
    }
}

fn invalid(principal: &str) -> wire::Error {
    MALFORMED_POLICY_DOCUMENT.with(format!("Invalid principal in policy: \"AWS\":\"{principal}\""))
}

/// Principals that do not name any more what they meant, by role.
#[derive(Default)]
pub(crate) struct Moved(HashMap<String, HashMap<String, String>>);

/// Of which roles principals are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    /// Roles with these names.
    Roles,
    /// Roles in instance profiles with these names.
    InstanceProfiles,
}

impl Scope {
    fn roles(self) -> &'static str {
        match self {
            Self::Roles => "SELECT id FROM roles",
            Self::InstanceProfiles => "SELECT role_id FROM instance_profiles",
        }
    }
}

/// What has moved under the trust policies of all roles of `scope` whose keys are in the range.
pub(crate) async fn moved(
    snapshot: &mut Snapshot,
    scope: Scope,
    account: &str,
    (first, last): (String, String),
) -> Result<Moved, store::Error> {
    let sql = format!(
        "SELECT t.role_id, t.principal, t.entity_id, u.account_id, u.path, u.name, \
         r.account_id, r.path, r.name FROM trust_principals t \
         LEFT JOIN users u ON u.id = t.entity_id LEFT JOIN roles r ON r.id = t.entity_id \
         WHERE t.role_id IN ({} WHERE account_id = $1 AND name_key >= $2 AND name_key <= $3)",
        scope.roles()
    );
    let principal = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, meant_now(row)?));
    let principals = snapshot.rows(&sql, params![account, first, last], principal).await?;
    let mut moved = Moved::default();
    for (role, written, now) in principals {
        if written != now {
            moved.0.entry(role).or_default().insert(written, now);
        }
    }
    Ok(moved)
}

/// How a principal is called now that stands in a row of [`moved`].
fn meant_now(row: &Row<'_>) -> Result<String, store::Error> {
    let written: String = row.get(1)?;
    let id: String = row.get(2)?;
    if let Some(account) = row.get::<Option<String>>(3)? {
        return Ok(arns::user(&account, &row.get::<String>(4)?, &row.get::<String>(5)?));
    }
    let session = match PrincipalArn::parse(&written) {
        Some(PrincipalArn::RoleSession { session, .. }) => Some(session),
        _ => None,
    };
    let role: Option<(String, String, String)> = match row.get::<Option<String>>(6)? {
        Some(account) => Some((account, row.get(7)?, row.get(8)?)),
        None => None,
    };
    Ok(match (role, session) {
        (Some((account, path, name)), None) => arns::role(&account, &path, &name),
        (Some((account, _, name)), Some(session)) => arns::assumed_role(&account, &name, session),
        (None, Some(session)) => format!("{id}:{session}"),
        (None, None) => id,
    })
}

impl Moved {
    /// The text of the role's trust policy with what its principals are called now.
    pub(crate) fn written(&self, role_id: &str, text: String) -> String {
        let Some(names) = self.0.get(role_id) else { return text };
        // A text that is not understood any more is shown as it is.
        let Ok(document) = policy::parse(&text, Kind::Trust) else { return text };
        let mut places: Vec<_> = aws_principals(&document)
            .filter_map(|entry| Some((entry.value.span, names.get(&*entry.value.value)?)))
            .collect();
        places.sort_by_key(|(span, _)| span.start.offset);
        let mut written = text;
        for (span, name) in places.into_iter().rev() {
            let name = serde_json::Value::from(name.as_str()).to_string();
            written.replace_range(span.start.offset..span.end.offset, &name);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const OLD: &str = "arn:aws:iam::123456789012:user/old";
    const OTHER: &str = "arn:aws:iam::123456789012:role/other";

    fn written(text: &str, now: &str) -> String {
        let names = HashMap::from([(OLD.to_owned(), now.to_owned())]);
        Moved(HashMap::from([("AROA1".to_owned(), names)])).written("AROA1", text.to_owned())
    }

    #[test]
    fn a_text_that_is_no_policy_stays() {
        assert_eq!(written("{", "new"), "{");
    }

    proptest! {
        /// Paths may have any visible character, so what is put in may have quotes and backslashes.
        #[test]
        fn a_principal_is_replaced_wherever_it_stands(path in "/([!-~]{1,20}/)?", many in any::<bool>()) {
            let principal = if many { json!([OTHER, OLD, OLD]) } else { json!(OLD) };
            let mut policy = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole",
                 "Condition": {"StringEquals": {"aws:PrincipalArn": OLD}}},
            ]});
            let now = arns::user("123456789012", &path, "new");
            let shown = written(&policy.to_string(), &now);
            policy["Statement"][0]["Principal"]["AWS"] =
                if many { json!([OTHER, now, now]) } else { json!(now) };
            prop_assert_eq!(serde_json::from_str::<Value>(&shown).ok(), Some(policy));
        }
    }
}
