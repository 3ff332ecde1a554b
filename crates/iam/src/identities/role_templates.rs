//! Role templates. AWS's services bring them; no service here does, so none can be found.

use wire::iam::{
    AcquireRoleRequest, AcquireRoleResponse, GetRoleTemplateVersionRequest,
    GetRoleTemplateVersionResponse,
    errors::{INVALID_INPUT, NO_SUCH_ENTITY},
};

use crate::door::{Call, Resource};

pub(crate) async fn acquire_role(
    call: &mut Call,
    input: AcquireRoleRequest,
) -> Result<AcquireRoleResponse, wire::Error> {
    check_arn(&input.template_arn)?;
    call.read("iam:AcquireRole", Resource::arn(&input.template_arn)).await?;
    Err(unknown(&input.template_arn))
}

pub(crate) async fn version(
    call: &mut Call,
    input: GetRoleTemplateVersionRequest,
) -> Result<GetRoleTemplateVersionResponse, wire::Error> {
    check_arn(&input.template_arn)?;
    call.read("iam:GetRoleTemplateVersion", Resource::arn(&input.template_arn)).await?;
    Err(unknown(&input.template_arn))
}

/// Refuses what is no ARN of IAM's: `arn:aws:iam::<owner>:<resource>`.
fn check_arn(arn: &str) -> Result<(), wire::Error> {
    let resource = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':'));
    match resource {
        Some((_, resource)) if !resource.is_empty() => Ok(()),
        _ => Err(INVALID_INPUT.with(format!("ARN {arn} is not valid."))),
    }
}

fn unknown(arn: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The role template {arn} cannot be found."))
}
