//! Versions of managed policies: numbered from 1, never reused, one of them in force.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    CreatePolicyVersionRequest, CreatePolicyVersionResponse, DeletePolicyVersionRequest,
    GetPolicyVersionRequest, GetPolicyVersionResponse, ListPolicyVersionsRequest,
    ListPolicyVersionsResponse, PolicyVersion, SetDefaultPolicyVersionRequest,
    errors::{DELETE_CONFLICT, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
};
use world::Timestamp;

use crate::{
    documents,
    door::Call,
    epoch,
    managed::ManagedPolicy,
    pages::Page,
    policies::{self, ByArn, Found, Stored},
    quotas,
};

/// The number of the version that a policy is made with.
pub(crate) const FIRST_VERSION: u32 = 1;

/// One version, with its document.
struct Version {
    number: u32,
    document: String,
    created_at: Timestamp,
}

/// `v5` for 5.
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreatePolicyVersionRequest,
) -> Result<CreatePolicyVersionResponse, wire::Error> {
    const ACTION: &str = "iam:CreatePolicyVersion";
    const UPDATE: &str = "UPDATE policies SET next_version = $2, default_version = $3, \
        updated_at = $4 WHERE id = $1";
    let (caller, now) = (call.caller(), call.now());
    let tx = call.write(ACTION, ByArn::new(&input.policy_arn)?).await?;
    let policy = policies::get_own(tx, &caller, ACTION, &input.policy_arn).await?;
    policies::check_document(&input.policy_document)?;
    if count(tx, &policy.id).await? >= quotas::VERSIONS_PER_POLICY {
        return Err(LIMIT_EXCEEDED.with(
            "A managed policy can have up to 5 versions. Before you create a new version, you must \
             delete an existing version.",
        ));
    }
    let number = policy.next_version;
    insert(tx, &policy.id, number, &input.policy_document, now).await?;
    let is_default = input.set_as_default.unwrap_or(false);
    let default = if is_default { number } else { policy.default_version };
    tx.execute(UPDATE, params![&policy.id, number + 1, default, now]).await?;
    epoch::bump(tx, &caller.account).await?;
    let version = PolicyVersion {
        document: None,
        version_id: Some(version_id(number)),
        is_default_version: Some(is_default),
        create_date: Some(now),
    };
    Ok(CreatePolicyVersionResponse { policy_version: Some(version) })
}

/// Stores a version of a policy.
pub(crate) async fn insert(
    tx: &mut Transaction,
    policy_id: &str,
    number: u32,
    document: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO policy_versions (policy_id, version, document, created_at) \
        VALUES ($1, $2, $3, $4)";
    tx.execute(SQL, params![policy_id, number, document, now]).await.map(drop)
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetPolicyVersionRequest,
) -> Result<GetPolicyVersionResponse, wire::Error> {
    let caller = call.caller();
    let (arn, id) = (&input.policy_arn, &input.version_id);
    let snapshot = call.read("iam:GetPolicyVersion", ByArn::new(arn)?).await?;
    let found = policies::get_any(snapshot, &caller, arn).await;
    let found = found.map_err(|error| of_version(error, arn, id))?;
    let default = default_of(&found);
    let number = number_of(id).ok_or_else(|| unknown(arn, id))?;
    let versions = all(snapshot, &found).await?.into_iter();
    let version = versions
        .into_iter()
        .find(|version| version.number == number)
        .ok_or_else(|| unknown(arn, id))?;
    let document = Some(documents::encoded(&version.document));
    let policy_version = PolicyVersion { document, ..version.shown(default) };
    Ok(GetPolicyVersionResponse { policy_version: Some(policy_version) })
}

/// The versions, newest first, without their documents.
pub(crate) async fn list(
    call: &mut Call,
    input: ListPolicyVersionsRequest,
) -> Result<ListPolicyVersionsResponse, wire::Error> {
    let page = Page::of(call, "ListPolicyVersions", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let target = ByArn::new(&input.policy_arn)?;
    let snapshot = call.read("iam:ListPolicyVersions", target).await?;
    let found = policies::get_any(snapshot, &caller, &input.policy_arn).await?;
    let default = default_of(&found);
    let newest_first = |version: &Version| format!("{:010}", u32::MAX - version.number);
    let cut = page.slice(all(snapshot, &found).await?, newest_first)?;
    Ok(ListPolicyVersionsResponse {
        versions: Some(cut.items.iter().map(|version| version.shown(default)).collect()),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn set_default(
    call: &mut Call,
    input: SetDefaultPolicyVersionRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:SetDefaultPolicyVersion";
    const SQL: &str = "UPDATE policies SET default_version = $2 WHERE id = $1";
    let caller = call.caller();
    let tx = call.write(ACTION, ByArn::new(&input.policy_arn)?).await?;
    let (arn, id) = (&input.policy_arn, &input.version_id);
    let policy = policies::get_own(tx, &caller, ACTION, arn).await;
    let policy = policy.map_err(|error| of_version(error, arn, id))?;
    let number = existing(tx, &policy, id).await?;
    tx.execute(SQL, params![&policy.id, number]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeletePolicyVersionRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:DeletePolicyVersion";
    const SQL: &str = "DELETE FROM policy_versions WHERE policy_id = $1 AND version = $2";
    let caller = call.caller();
    let tx = call.write(ACTION, ByArn::new(&input.policy_arn)?).await?;
    let (arn, id) = (&input.policy_arn, &input.version_id);
    let policy = policies::get_own(tx, &caller, ACTION, arn).await;
    let policy = policy.map_err(|error| of_version(error, arn, id))?;
    let number = existing(tx, &policy, id).await?;
    if number == policy.default_version {
        return Err(DELETE_CONFLICT.with("Cannot delete the default version of a policy."));
    }
    tx.execute(SQL, params![&policy.id, number]).await?;
    Ok(())
}

/// How many versions a policy has.
pub(crate) async fn count(snapshot: &mut Snapshot, policy_id: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM policy_versions WHERE policy_id = $1";
    Ok(snapshot.row(SQL, params![policy_id], |row| row.get(0)).await?.unwrap_or(0))
}

/// The number of a version that is there, or `NoSuchEntity`.
async fn existing(snapshot: &mut Snapshot, policy: &Stored, id: &str) -> Result<u32, wire::Error> {
    const SQL: &str = "SELECT 1 FROM policy_versions WHERE policy_id = $1 AND version = $2";
    let number = number_of(id).ok_or_else(|| unknown(&policy.arn, id))?;
    match snapshot.row(SQL, params![&policy.id, number], |_| Ok(())).await? {
        Some(()) => Ok(number),
        None => Err(unknown(&policy.arn, id)),
    }
}

/// 5 for `v5`. The model also allows a suffix, which no version here has.
fn number_of(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok()
}

/// The versions of a policy, newest first, with their documents.
pub(crate) async fn with_documents(
    snapshot: &mut Snapshot,
    found: &Found,
) -> Result<Vec<PolicyVersion>, store::Error> {
    let default = default_of(found);
    let mut versions = all(snapshot, found).await?;
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    let shown = |version: &Version| PolicyVersion {
        document: Some(documents::encoded(&version.document)),
        ..version.shown(default)
    };
    Ok(versions.iter().map(shown).collect())
}

fn default_of(found: &Found) -> u32 {
    match found {
        Found::Aws(policy) => policy.default_version().number,
        Found::Customer(policy) => policy.default_version,
    }
}

async fn all(snapshot: &mut Snapshot, found: &Found) -> Result<Vec<Version>, store::Error> {
    match found {
        Found::Aws(policy) => Ok(of_aws(policy)),
        Found::Customer(policy) => own(snapshot, &policy.id).await,
    }
}

fn of_aws(policy: &ManagedPolicy) -> Vec<Version> {
    let version = |version: &crate::managed::ManagedVersion| Version {
        number: version.number,
        document: version.document.to_owned(),
        created_at: version.created_at(),
    };
    policy.versions().iter().map(version).collect()
}

async fn own(snapshot: &mut Snapshot, policy_id: &str) -> Result<Vec<Version>, store::Error> {
    const SQL: &str =
        "SELECT version, document, created_at FROM policy_versions WHERE policy_id = $1";
    let version = |row: &Row<'_>| {
        Ok(Version { number: row.get(0)?, document: row.get(1)?, created_at: row.get(2)? })
    };
    snapshot.rows(SQL, params![policy_id], version).await
}

impl Version {
    /// As answers carry it, without its document.
    fn shown(&self, default: u32) -> PolicyVersion {
        PolicyVersion {
            document: None,
            version_id: Some(version_id(self.number)),
            is_default_version: Some(self.number == default),
            create_date: Some(self.created_at),
        }
    }
}

/// A version of a policy that is not there is told of as a version that is not there.
fn of_version(error: wire::Error, arn: &str, id: &str) -> wire::Error {
    if error.is(&NO_SUCH_ENTITY) { unknown(arn, id) } else { error }
}

fn unknown(arn: &str, id: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("Policy {arn} version {id} does not exist or is not attachable."))
}
