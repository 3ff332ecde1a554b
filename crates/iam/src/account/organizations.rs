//! What rests on AWS Organizations. There are none here, so every account is one outside an organization.

use wire::{
    errors::ACCESS_DENIED,
    iam::{
        DisableOrganizationsRootCredentialsManagementRequest,
        DisableOrganizationsRootCredentialsManagementResponse,
        DisableOrganizationsRootSessionsRequest, DisableOrganizationsRootSessionsResponse,
        EnableOrganizationsRootCredentialsManagementRequest,
        EnableOrganizationsRootCredentialsManagementResponse,
        EnableOrganizationsRootSessionsRequest, EnableOrganizationsRootSessionsResponse,
        GenerateOrganizationsAccessReportRequest, GenerateOrganizationsAccessReportResponse,
        GetOrganizationsAccessReportRequest, GetOrganizationsAccessReportResponse,
        ListOrganizationsFeaturesRequest, ListOrganizationsFeaturesResponse,
        errors::{NO_SUCH_ENTITY, ORGANIZATION_NOT_FOUND},
    },
};

use crate::door::{Call, Resource};

pub(crate) async fn enable_root_credentials(
    call: &mut Call,
    _: EnableOrganizationsRootCredentialsManagementRequest,
) -> Result<EnableOrganizationsRootCredentialsManagementResponse, wire::Error> {
    Err(no_organization(call, "iam:EnableOrganizationsRootCredentialsManagement").await)
}

pub(crate) async fn disable_root_credentials(
    call: &mut Call,
    _: DisableOrganizationsRootCredentialsManagementRequest,
) -> Result<DisableOrganizationsRootCredentialsManagementResponse, wire::Error> {
    Err(no_organization(call, "iam:DisableOrganizationsRootCredentialsManagement").await)
}

pub(crate) async fn enable_root_sessions(
    call: &mut Call,
    _: EnableOrganizationsRootSessionsRequest,
) -> Result<EnableOrganizationsRootSessionsResponse, wire::Error> {
    Err(no_organization(call, "iam:EnableOrganizationsRootSessions").await)
}

pub(crate) async fn disable_root_sessions(
    call: &mut Call,
    _: DisableOrganizationsRootSessionsRequest,
) -> Result<DisableOrganizationsRootSessionsResponse, wire::Error> {
    Err(no_organization(call, "iam:DisableOrganizationsRootSessions").await)
}

pub(crate) async fn list_features(
    call: &mut Call,
    _: ListOrganizationsFeaturesRequest,
) -> Result<ListOrganizationsFeaturesResponse, wire::Error> {
    Err(no_organization(call, "iam:ListOrganizationsFeatures").await)
}

/// Only the management account of an organization may ask for this report, and no account is one.
pub(crate) async fn generate_access_report(
    call: &mut Call,
    input: GenerateOrganizationsAccessReportRequest,
) -> Result<GenerateOrganizationsAccessReportResponse, wire::Error> {
    const ACTION: &str = "iam:GenerateOrganizationsAccessReport";
    let (path, caller) = (&input.entity_path, call.caller());
    // The resource is an access report (Service Authorization Reference, "Identity And Access Management").
    let arn = format!("arn:aws:iam::{}:access-report/{path}", caller.account);
    call.read(ACTION, Resource::arn(&arn)).await?;
    Err(ACCESS_DENIED.with(format!(
        "User: {} is not authorized to perform: {ACTION} on resource: {arn}",
        caller.arn()
    )))
}

/// No job was ever begun.
pub(crate) async fn access_report(
    call: &mut Call,
    input: GetOrganizationsAccessReportRequest,
) -> Result<GetOrganizationsAccessReportResponse, wire::Error> {
    call.read("iam:GetOrganizationsAccessReport", Resource::any()).await?;
    Err(NO_SUCH_ENTITY.with(format!("Job {} cannot be found.", input.job_id)))
}

/// What an account outside an organization is told, if it may ask at all.
async fn no_organization(call: &mut Call, action: &str) -> wire::Error {
    match call.read(action, Resource::any()).await {
        Ok(_) => ORGANIZATION_NOT_FOUND.with(
            "The request was rejected because no organization is associated with your account.",
        ),
        Err(refusal) => refusal,
    }
}
