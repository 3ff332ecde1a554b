//! The role that a job names: handed over by the caller, trusting the service, allowed to write.
//!
//! This server writes with the operator's own credentials. The role decides whether it may.

use iam::{
    door::Caller,
    service_roles::{self, Deed, Service},
};
use store::Snapshot;
use wire::workmail::StartMailboxExportJobRequest;

use crate::{organizations, refusal};

/// The principal that the role must trust.
pub(super) const PRINCIPAL: &str = "export.workmail.amazonaws.com";

/// Refuses unless the role lets this service write what is asked for.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) async fn check(
    snapshot: &mut Snapshot,
    caller: &Caller,
    input: &StartMailboxExportJobRequest,
    path: &str,
) -> Result<(), wire::Error> {
    let organization = organizations::arn(caller, &input.organization_id);
    let role = input.role_arn.as_str();
    let service = Service {
        principal: PRINCIPAL,
        source_account: &caller.account,
        source_arn: &organization,
    };
    if !service.may_assume(snapshot, role).await? {
        let text = format!("The role {role} does not exist or does not trust {PRINCIPAL}.");
        return Err(refusal::invalid(text));
    }
    let bucket = format!("arn:aws:s3:::{}", input.s3_bucket_name);
    let (object, key) = (format!("{bucket}/{path}"), input.kms_key_arn.as_str());
    let via = format!("s3.{}.amazonaws.com", caller.region());
    let through_s3 =
        [("kms:ViaService", via.as_str()), ("kms:EncryptionContext:aws:s3:arn", &object)];
    for (action, resource, context) in [
        ("s3:PutObject", object.as_str(), &[][..]),
        ("s3:AbortMultipartUpload", &object, &[]),
        ("s3:GetBucketPolicyStatus", &bucket, &[]),
        ("kms:GenerateDataKey", key, &through_s3),
        ("kms:Decrypt", key, &through_s3),
    ] {
        let deed = Deed { action, resource, context };
        if !service_roles::may_do(snapshot, role, &deed, caller.request.now).await? {
            let text = format!("The role {role} is not allowed to perform {action} on {resource}.");
            return Err(refusal::invalid(text));
        }
    }
    Ok(())
}
