//! How long the events of a group are kept.

use iam::door::Call;
use store::params;
use wire::logs::{DeleteRetentionPolicyRequest, Operation, PutRetentionPolicyRequest};

use crate::{groups, refusal, targets::OfGroup};

/// The days that can be chosen (CloudWatch Logs API Reference, "PutRetentionPolicy").
const DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(crate) async fn put(
    call: &mut Call,
    input: PutRetentionPolicyRequest,
) -> Result<(), wire::Error> {
    if !DAYS.contains(&input.retention_in_days) {
        let days = DAYS.map(|days| days.to_string()).join(", ");
        return Err(refusal::invalid(format!(
            "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy \
             constraint: Member must satisfy enum value set: [{days}]",
            input.retention_in_days
        )));
    }
    let operation = Operation::PutRetentionPolicy;
    set(call, operation, &input.log_group_name, Some(input.retention_in_days.into())).await
}

/// Without a policy, events are kept for ever.
pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteRetentionPolicyRequest,
) -> Result<(), wire::Error> {
    set(call, Operation::DeleteRetentionPolicy, &input.log_group_name, None).await
}

async fn set(
    call: &mut Call,
    operation: Operation,
    name: &str,
    days: Option<i64>,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write(operation.action(), OfGroup::named(name)).await?;
    let group = groups::get(tx, &caller, name).await?;
    const SQL: &str = "UPDATE log_groups SET retention_days = $2 WHERE id = $1";
    tx.execute(SQL, params![group.id, days]).await?;
    Ok(())
}
