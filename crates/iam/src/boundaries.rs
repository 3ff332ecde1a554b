//! Permissions boundaries: a managed policy that says how far a user's own policies may reach.

use store::{Snapshot, Transaction, params};
use wire::{errors::VALIDATION, iam::errors::NO_SUCH_ENTITY};

use crate::{arns::PolicyArn, policies};

/// The condition key that tells which boundary a call sets.
pub(crate) const CONDITION_KEY: &str = "iam:PermissionsBoundary";

/// Refuses what is no ARN of a policy.
pub(crate) fn check_arn(arn: &str) -> Result<(), wire::Error> {
    match PolicyArn::parse(arn) {
        Some(_) => Ok(()),
        None => Err(VALIDATION.with("Value not valid for parameter 'PermissionsBoundary'.")),
    }
}

/// Refuses a policy that is not there.
pub(crate) async fn check_exists(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<(), wire::Error> {
    if policies::find(snapshot, account, arn).await?.is_some() {
        return Ok(());
    }
    Err(NO_SUCH_ENTITY.with(format!("Policy {arn} does not exist or is not attachable.")))
}

/// Sets a user's boundary.
pub(crate) async fn set(
    tx: &mut Transaction,
    user_id: &str,
    arn: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE users SET permissions_boundary = $2 WHERE id = $1";
    tx.execute(SQL, params![user_id, arn]).await.map(drop)
}
