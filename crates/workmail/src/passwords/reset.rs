//! ResetPassword.

use iam::door::Call;
use wire::workmail::{EntityType, Operation, ResetPasswordRequest, ResetPasswordResponse};

use super::{Hasher, policy, set};
use crate::{
    entities::{self, Forms},
    organizations,
};

pub(crate) async fn reset_password(
    call: &mut Call,
    hasher: &Hasher,
    input: ResetPasswordRequest,
) -> Result<ResetPasswordResponse, wire::Error> {
    let (world, now) = (call.world(), call.now());
    let operation = Operation::ResetPassword;
    let (id, given, kinds) = (&input.organization_id, &input.user_id, [EntityType::User]);
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let user = entities::require(snapshot, &organization.id, given, Forms::Id, &kinds).await?;
    user.living()?;
    let password = policy::check(&input.password)?;
    call.release(); // others must not wait for the hash to be made
    let hash = hasher.hash(&world, password).await?;
    let (tx, organization) = organizations::write(call, operation, id).await?;
    let user = entities::require(tx, &organization.id, given, Forms::Id, &kinds).await?;
    set(tx, &user.living()?.id, &hash, now).await?;
    Ok(ResetPasswordResponse {})
}
