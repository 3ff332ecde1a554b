//! `ListPolicies`: the account's own policies, then those of AWS.

use store::{Row, Snapshot, params};
use wire::iam::{
    ListPoliciesRequest, ListPoliciesResponse, Policy, PolicyScopeType, PolicyUsageType,
};

use crate::{
    door::{Call, Resource},
    managed, names,
    pages::Page,
    policies::{self, Stored, Usage},
};

/// Begins the keys of the account's own policies in the order of the list.
const OWN: &str = "0/";

/// Begins the keys of AWS's policies; sorts after the account's own.
const AWS: &str = "1/";

/// Which policies are asked for.
struct Filter {
    path_prefix: String,
    attached: bool,
    bounding: bool,
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListPoliciesRequest,
) -> Result<ListPoliciesResponse, wire::Error> {
    let page = Page::of(call, "ListPolicies", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let filter = Filter {
        path_prefix: input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned()),
        attached: input.only_attached.unwrap_or(false)
            || input.policy_usage_filter == Some(PolicyUsageType::PermissionsPolicy),
        bounding: input.policy_usage_filter == Some(PolicyUsageType::PermissionsBoundary),
    };
    // There is no ARN for it: AWS names the path in plain words, and only `*` matches that.
    let target = Resource::arn(format!("policy path {}", filter.path_prefix));
    let snapshot = call.read("iam:ListPolicies", target).await?;
    let scope = input.scope.unwrap_or(PolicyScopeType::All);
    let mut found = Vec::new();
    if scope != PolicyScopeType::Aws && !page.after().starts_with(AWS) {
        let after = page.after().strip_prefix(OWN).unwrap_or_default();
        found = own(snapshot, &caller.account, &filter, after, page.fetch()).await?;
    }
    if scope != PolicyScopeType::Local {
        found.extend(of_aws(snapshot, &caller.account, &filter, page.after()).await?);
    }
    found.truncate(page.fetch());
    let cut = page.cut(found, |(key, _)| key.clone())?;
    Ok(ListPoliciesResponse {
        policies: Some(cut.items.into_iter().map(|(_, policy)| policy).collect()),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

async fn own(
    snapshot: &mut Snapshot,
    account: &str,
    filter: &Filter,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Policy)>, store::Error> {
    let sql = format!(
        "SELECT {}, attached, bounding FROM (SELECT p.*, \
            (SELECT COUNT(*) FROM attachments a \
             WHERE a.account_id = p.account_id AND a.policy_arn = p.arn) AS attached, \
            (SELECT COUNT(*) FROM users u \
             WHERE u.account_id = p.account_id AND u.permissions_boundary = p.arn) \
            + (SELECT COUNT(*) FROM roles r \
             WHERE r.account_id = p.account_id AND r.permissions_boundary = p.arn) AS bounding \
         FROM policies p WHERE p.account_id = $1 AND p.name_key > $2 \
         AND p.path >= $3 AND p.path <= $4) AS counted \
         WHERE attached >= $5 AND bounding >= $6 ORDER BY name_key LIMIT $7",
        Stored::COLUMNS
    );
    let params = params![
        account,
        after,
        &filter.path_prefix,
        names::prefix_end(&filter.path_prefix),
        i64::from(filter.attached),
        i64::from(filter.bounding),
        limit,
    ];
    let policy = |row: &Row<'_>| {
        let policy = Stored::read(row)?;
        let usage = Usage { attachments: row.get(9)?, boundaries: row.get(10)? };
        Ok((format!("{OWN}{}", names::fold(&policy.name)), policy.shown(usage)))
    };
    snapshot.rows(&sql, params, policy).await
}

async fn of_aws(
    snapshot: &mut Snapshot,
    account: &str,
    filter: &Filter,
    after: &str,
) -> Result<Vec<(String, Policy)>, store::Error> {
    let mut found = Vec::new();
    for policy in managed::all() {
        let key = format!("{AWS}{}", names::fold(policy.name()));
        if key.as_str() <= after || !policy.path().starts_with(&filter.path_prefix) {
            continue;
        }
        let usage = policies::usage(snapshot, account, policy.arn).await?;
        let (wanted_attached, wanted_bounding) = (filter.attached, filter.bounding);
        if (!wanted_attached || usage.attachments > 0) && (!wanted_bounding || usage.boundaries > 0)
        {
            found.push((key, policies::shown_aws(policy, usage)));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}
