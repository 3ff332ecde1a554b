//! DescribeOrganization and ListOrganizations.

use iam::door::{Call, Resource};
use store::params;
use wire::workmail::{
    DescribeOrganizationRequest, DescribeOrganizationResponse, ListOrganizationsRequest,
    ListOrganizationsResponse, Operation, OrganizationSummary,
};

use super::{COLUMNS, Named, Organization, arn, require};
use crate::page::Page;

/// The type of the directory that is made with an organization.
const DIRECTORY_TYPE: &str = "VpcDirectory";

pub(crate) async fn describe_organization(
    call: &mut Call,
    input: DescribeOrganizationRequest,
) -> Result<DescribeOrganizationResponse, wire::Error> {
    let caller = call.caller();
    let id = &input.organization_id;
    let operation = Operation::DescribeOrganization;
    let snapshot = call.read(operation.action(), Named(id)).await?;
    let organization = require(snapshot, &caller, id).await?;
    Ok(DescribeOrganizationResponse {
        arn: Some(arn(&caller, id)),
        state: Some(organization.state().to_owned()),
        organization_id: Some(organization.id),
        alias: Some(organization.alias),
        directory_id: Some(organization.directory_id),
        directory_type: Some(DIRECTORY_TYPE.to_owned()),
        default_mail_domain: organization.default_domain,
        completed_date: Some(organization.created_at),
        error_message: None,
        migration_admin: None,
        interoperability_enabled: Some(false),
    })
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
        snapshot.rows(&sql, bounds, |row| Ok((Organization::of(row)?, row.get(6)?))).await?;
    let next_token = page.cut(&mut found, |(organization, key)| (key, &organization.id))?;
    let summaries = found.into_iter().map(|(organization, _)| OrganizationSummary {
        state: Some(organization.state().to_owned()),
        organization_id: Some(organization.id),
        alias: Some(organization.alias),
        default_mail_domain: organization.default_domain,
        error_message: None,
    });
    Ok(ListOrganizationsResponse { organization_summaries: Some(summaries.collect()), next_token })
}
