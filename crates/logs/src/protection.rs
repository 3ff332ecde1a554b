//! Protection of groups from being deleted.

use iam::door::Call;
use store::params;
use wire::logs::{Operation, PutLogGroupDeletionProtectionRequest};

use crate::{
    groups,
    targets::{self, OfGroup},
};

pub(crate) async fn put(
    call: &mut Call,
    input: PutLogGroupDeletionProtectionRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let name = targets::identified(&caller, &input.log_group_identifier)?;
    let operation = Operation::PutLogGroupDeletionProtection;
    let tx = call.write(operation.action(), OfGroup::named(name)).await?;
    let group = groups::get(tx, &caller, name).await?;
    const SQL: &str = "UPDATE log_groups SET is_protected = $2 WHERE id = $1";
    tx.execute(SQL, params![group.id, input.deletion_protection_enabled]).await?;
    Ok(())
}
