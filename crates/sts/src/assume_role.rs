//! `AssumeRole`: a user, or the session of a role, takes on a role that trusts it.

use iam::{
    assuming::Assuming,
    door::{Call, Caller, Resource},
};
use wire::{
    errors::ACCESS_DENIED,
    sts::{AssumeRoleRequest, AssumeRoleResponse},
};

use crate::{
    role_session::{self, Wanted},
    scope::{self, Wish},
    second_factor,
};

const ACTION: &str = "sts:AssumeRole";

pub(crate) async fn assume(
    call: &mut Call,
    input: AssumeRoleRequest,
) -> Result<AssumeRoleResponse, wire::Error> {
    let caller = call.caller();
    role_session::check_role_arn(&input.role_arn)?;
    if caller.is_root() {
        return Err(ACCESS_DENIED.with("Roles may not be assumed by root accounts."));
    }
    refuse_contexts(&input)?;
    let wish = Wish {
        policy: input.policy,
        policy_arns: input.policy_arns,
        tags: input.tags,
        transitive_tag_keys: input.transitive_tag_keys,
        source_identity: input.source_identity,
        provider: None,
    };
    let scope = wish.checked()?;
    let mut asked =
        scope::asked(&scope).with("sts:RoleSessionName", input.role_session_name.as_str());
    if let Some(external_id) = &input.external_id {
        asked = asked.with("sts:ExternalId", external_id);
    }
    let scope = scope::inherit(scope, caller.scope())?;
    let serial = input.serial_number.as_deref();
    if second_factor::prove(call, serial, input.token_code.as_ref()).await? {
        asked =
            asked.with("aws:MultiFactorAuthPresent", "true").with("aws:MultiFactorAuthAge", "0");
    }
    let target = Assuming::new(&*input.role_arn, asked.clone());
    call.read(ACTION, &target).await?;
    authorize_extras(call, &caller, &input.role_arn, (asked, &scope)).await?;
    let wanted = Wanted {
        role_arn: input.role_arn,
        session_name: input.role_session_name,
        scope,
        duration_seconds: input.duration_seconds,
        ends_at: None,
        token_chars_min: input.minimum_session_token_size,
    };
    let issued = role_session::issue(call, ACTION, &target, wanted).await?;
    Ok(AssumeRoleResponse {
        credentials: Some(issued.credentials),
        assumed_role_user: Some(issued.assumed_role_user),
        packed_policy_size: issued.packed_policy_size,
        source_identity: issued.source_identity,
        session_token_utilization: issued.token_utilization,
        session_token_size: issued.token_size,
    })
}

/// Tags and a source identity need permissions of their own, of the caller and of the role's trust policy.
/// A source identity that the caller's session has stays as it is.
pub(crate) async fn authorize_extras(
    call: &mut Call,
    caller: &Caller,
    role_arn: &str,
    (asked, scope): (Resource, &iam::door::SessionScope),
) -> Result<(), wire::Error> {
    if !scope.tags.is_empty() {
        call.read("sts:TagSession", Assuming::new(role_arn, asked.clone())).await?;
    }
    let Some(identity) = &scope.source_identity else { return Ok(()) };
    let given = caller.scope().and_then(|scope| scope.source_identity.as_ref());
    if given.is_some_and(|given| given != identity) {
        return Err(ACCESS_DENIED.with(format!(
            "User: {} is not authorized to perform: sts:SetSourceIdentity on resource: {role_arn}",
            caller.arn()
        )));
    }
    call.read("sts:SetSourceIdentity", Assuming::new(role_arn, asked)).await.map(drop)
}

/// Context assertions come from IAM Identity Center, which this product does not have, so none can be one
/// that it made.
fn refuse_contexts(input: &AssumeRoleRequest) -> Result<(), wire::Error> {
    match &input.provided_contexts {
        Some(contexts) if !contexts.is_empty() => {
            Err(ACCESS_DENIED.with("The provided context assertion could not be verified."))
        }
        _ => Ok(()),
    }
}
