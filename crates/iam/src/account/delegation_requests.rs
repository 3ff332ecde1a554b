//! Delegation requests: what a partner of AWS asks to be allowed for a while in a customer's account.
//!
//! What is asked for is a policy template that the partner registered with AWS beforehand. Nobody can
//! register one here, so no request can be made, and none can be found.

use wire::iam::{
    AcceptDelegationRequestRequest, AssociateDelegationRequestRequest,
    CreateDelegationRequestRequest, CreateDelegationRequestResponse, GetDelegationRequestRequest,
    GetDelegationRequestResponse, GetHumanReadableSummaryRequest, GetHumanReadableSummaryResponse,
    ListDelegationRequestsRequest, ListDelegationRequestsResponse, RejectDelegationRequestRequest,
    SendDelegationTokenRequest, UpdateDelegationRequestRequest,
    errors::{INVALID_INPUT, NO_SUCH_ENTITY},
};

use crate::{
    door::{Call, Resource},
    pages::Page,
};

/// Begins the resource part of a request's ARN.
const KIND: &str = "delegation-request/";

pub(crate) async fn create(
    call: &mut Call,
    input: CreateDelegationRequestRequest,
) -> Result<CreateDelegationRequestResponse, wire::Error> {
    call.read("iam:CreateDelegationRequest", Resource::any()).await?;
    Err(match input.permissions.policy_template_arn {
        Some(arn) => INVALID_INPUT.with(format!("The policy template {arn} is not registered.")),
        None => INVALID_INPUT.with("Permissions must have a PolicyTemplateArn."),
    })
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetDelegationRequestRequest,
) -> Result<GetDelegationRequestResponse, wire::Error> {
    Err(not_found(call, "iam:GetDelegationRequest", &input.delegation_request_id).await)
}

/// There are none, whoever is asked for.
pub(crate) async fn list(
    call: &mut Call,
    input: ListDelegationRequestsRequest,
) -> Result<ListDelegationRequestsResponse, wire::Error> {
    const LIST: &str = "ListDelegationRequests";
    Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    call.read("iam:ListDelegationRequests", Resource::any()).await?;
    Ok(ListDelegationRequestsResponse {
        delegation_requests: Some(Vec::new()),
        marker: None,
        is_truncated: Some(false),
    })
}

pub(crate) async fn update(
    call: &mut Call,
    input: UpdateDelegationRequestRequest,
) -> Result<(), wire::Error> {
    Err(not_found(call, "iam:UpdateDelegationRequest", &input.delegation_request_id).await)
}

pub(crate) async fn accept(
    call: &mut Call,
    input: AcceptDelegationRequestRequest,
) -> Result<(), wire::Error> {
    Err(not_found(call, "iam:AcceptDelegationRequest", &input.delegation_request_id).await)
}

pub(crate) async fn reject(
    call: &mut Call,
    input: RejectDelegationRequestRequest,
) -> Result<(), wire::Error> {
    Err(not_found(call, "iam:RejectDelegationRequest", &input.delegation_request_id).await)
}

pub(crate) async fn associate(
    call: &mut Call,
    input: AssociateDelegationRequestRequest,
) -> Result<(), wire::Error> {
    Err(not_found(call, "iam:AssociateDelegationRequest", &input.delegation_request_id).await)
}

pub(crate) async fn send_token(
    call: &mut Call,
    input: SendDelegationTokenRequest,
) -> Result<(), wire::Error> {
    Err(not_found(call, "iam:SendDelegationToken", &input.delegation_request_id).await)
}

/// Only delegation requests have summaries.
pub(crate) async fn summary(
    call: &mut Call,
    input: GetHumanReadableSummaryRequest,
) -> Result<GetHumanReadableSummaryResponse, wire::Error> {
    let arn = &input.entity_arn;
    let id = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':'));
    let id = id.and_then(|(_, resource)| resource.strip_prefix(KIND));
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Err(INVALID_INPUT.with(format!("{arn} is not the ARN of a delegation request.")));
    };
    call.read("iam:GetHumanReadableSummary", Resource::arn(arn)).await?;
    Err(unknown(id))
}

/// What who may ask is told of a request by its id.
async fn not_found(call: &mut Call, action: &str, id: &str) -> wire::Error {
    let arn = format!("arn:aws:iam::{}:{KIND}{id}", call.caller().account);
    match call.read(action, Resource::arn(arn)).await {
        Ok(_) => unknown(id),
        Err(refusal) => refusal,
    }
}

fn unknown(id: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The delegation request with id {id} cannot be found."))
}
