//! Managed policies with all their versions.

use store::{Snapshot, params};
use wire::iam::ManagedPolicyDetail;

use super::{Detail, Range};
use crate::{
    managed, names,
    policies::{self, Found, Stored},
    policy_versions,
};

pub(super) async fn own(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    let sql = format!(
        "SELECT {} FROM policies WHERE account_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3",
        Stored::COLUMNS
    );
    let params = params![range.account, range.after, range.limit];
    let mut found = Vec::new();
    for policy in snapshot.rows(&sql, params, Stored::read).await? {
        let key = names::fold(&policy.name);
        let policy = Found::Customer(policy);
        found.push((key, Detail::Policy(detail(snapshot, range.account, &policy).await?)));
    }
    Ok(found)
}

pub(super) async fn of_aws(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    let keyed = managed::all().iter().map(|policy| (names::fold(policy.name()), policy));
    let mut keyed: Vec<_> = keyed.filter(|(key, _)| key.as_str() > range.after).collect();
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut found = Vec::new();
    for (key, policy) in keyed.into_iter().take(range.limit) {
        let policy = Found::Aws(policy);
        found.push((key, Detail::Policy(detail(snapshot, range.account, &policy).await?)));
    }
    Ok(found)
}

async fn detail(
    snapshot: &mut Snapshot,
    account: &str,
    found: &Found,
) -> Result<ManagedPolicyDetail, store::Error> {
    let usage = policies::usage(snapshot, account, found.arn()).await?;
    let versions = policy_versions::with_documents(snapshot, found).await?;
    let policy = found.shown(usage);
    Ok(ManagedPolicyDetail {
        policy_name: policy.policy_name,
        policy_id: policy.policy_id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: policy.default_version_id,
        attachment_count: policy.attachment_count,
        permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
        is_attachable: policy.is_attachable,
        description: found.description(),
        create_date: policy.create_date,
        update_date: policy.update_date,
        policy_version_list: Some(versions),
    })
}
