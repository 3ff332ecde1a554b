//! DescribeOrganization and ListOrganizations.

use iam::door::{Call, Resource};
use store::params;
use wire::workmail::{
    DescribeOrganizationRequest, DescribeOrganizationResponse, ListOrganizationsRequest,
    ListOrganizationsResponse, Operation, OrganizationSummary,
};

use super::{COLUMNS, Named, Organization, State, arn, patience, removal};
use crate::{migration_admin, page::Page};

/// The type of the directory that is made with an organization.
const DIRECTORY_TYPE: &str = "VpcDirectory";

pub(crate) async fn describe_organization(
    call: &mut Call,
    input: DescribeOrganizationRequest,
) -> Result<DescribeOrganizationResponse, wire::Error> {
    let caller = call.caller();
    let (id, operation) = (&input.organization_id, Operation::DescribeOrganization);
    let (wait, awaited) = (patience::TO_LOOK, State::is_under_way);
    let organization = patience::settled(call, (operation, Named(id)), id, wait, awaited).await?;
    let migration_admin = migration_admin::of(call.opened()?, id).await?;
    let error_message = match organization.state {
        State::Deleting => removal::progress(call.opened()?, id).await?.map(told),
        _ => organization.error_message,
    };
    Ok(DescribeOrganizationResponse {
        arn: Some(arn(&caller, id)),
        state: Some(organization.state.as_str().to_owned()),
        organization_id: Some(organization.id),
        alias: Some(organization.alias),
        directory_id: Some(organization.directory_id),
        directory_type: Some(DIRECTORY_TYPE.to_owned()),
        default_mail_domain: organization.default_domain,
        completed_date: organization.completed_at,
        error_message,
        migration_admin,
        interoperability_enabled: Some(false),
    })
}

/// How far a deletion is; the model has no other member for it.
fn told((left, total): (u64, u64)) -> String {
    format!("{left} of {total} users, groups, resources and mailboxes are left to delete.")
}

pub(crate) async fn list_organizations(
    call: &mut Call,
    input: ListOrganizationsRequest,
) -> Result<ListOrganizationsResponse, wire::Error> {
    let caller = call.caller();
    let operation = Operation::ListOrganizations;
    let page = Page::open(call, operation, &[], input.next_token.as_deref(), input.max_results)?;
    let snapshot = call.read(operation.action(), Resource::any()).await?;
    let range = page.range("");
    let sql = format!(
        "SELECT {COLUMNS}, alias_key FROM organizations \
         WHERE account_id = $1 AND region = $2 AND deleted_at IS NULL \
         AND (alias_key, id) > ($3, $4) AND alias_key < $5 ORDER BY alias_key, id LIMIT $6"
    );
    let bounds = params![
        &caller.account,
        caller.region(),
        &range.key,
        &range.id,
        &range.below,
        range.fetch,
    ];
    let mut found: Vec<(Organization, String)> =
        snapshot.rows(&sql, bounds, |row| Ok((Organization::of(row)?, row.get(7)?))).await?;
    let next_token = page.cut(&mut found, |(organization, key)| (key, &organization.id))?;
    let summaries = found.into_iter().map(|(organization, _)| OrganizationSummary {
        state: Some(organization.state.as_str().to_owned()),
        organization_id: Some(organization.id),
        alias: Some(organization.alias),
        default_mail_domain: organization.default_domain,
        error_message: organization.error_message,
    });
    Ok(ListOrganizationsResponse { organization_summaries: Some(summaries.collect()), next_token })
}
