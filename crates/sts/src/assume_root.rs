//! `AssumeRoot`: the management account of an organisation acts as root of a member. Accounts here are in
//! no organisation, so none may: what AWS tells an account that manages nobody.

use iam::door::{Call, Resource};
use wire::{
    errors::ACCESS_DENIED,
    sts::{AssumeRootRequest, AssumeRootResponse},
};

pub(crate) async fn assume(
    call: &mut Call,
    input: AssumeRootRequest,
) -> Result<AssumeRootResponse, wire::Error> {
    const ACTION: &str = "sts:AssumeRoot";
    let arn = match input.target_principal.as_str() {
        account if account.bytes().all(|byte| byte.is_ascii_digit()) => iam::arns::root(account),
        arn => arn.to_owned(),
    };
    let mut target = Resource::arn(&*arn);
    if let Some(policy) = input.task_policy_arn.arn {
        target = target.with("sts:TaskPolicyArn", policy);
    }
    call.read(ACTION, target).await?;
    let caller = call.caller().arn();
    Err(ACCESS_DENIED
        .with(format!("User: {caller} is not authorized to perform: {ACTION} on resource: {arn}")))
}
