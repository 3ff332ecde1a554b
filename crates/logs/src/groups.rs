//! Log groups.

use iam::door::{Call, Caller, Resource};
use store::{Row, Snapshot, Transaction, params};
use wire::logs::{
    CreateLogGroupRequest, DeleteLogGroupRequest, LogGroupClass, Operation,
    errors::{LIMIT_EXCEEDED, VALIDATION},
};
use world::Timestamp;

use crate::{refusal, tags, targets::OfGroup};

/// Groups of an account in a region at most.
const GROUPS_MAX: i64 = 10_000;

/// The name under which the store numbers groups.
const SEQUENCE: &str = "logs.group";

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) retention_days: Option<i64>,
    pub(crate) is_protected: bool,
}

pub(crate) const COLUMNS: &str = "id, name, created_at, retention_days, is_protected";

impl Group {
    pub(crate) fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            created_at: row.get(2)?,
            retention_days: row.get(3)?,
            is_protected: row.get(4)?,
        })
    }
}

/// The group of that name in the caller's account and region.
pub(crate) async fn find(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Option<Group>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log_groups WHERE account_id = $1 AND region = $2 AND name = $3"
    );
    snapshot.row(&sql, params![&caller.account, caller.region(), name], Group::of).await
}

pub(crate) async fn get(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Group, wire::Error> {
    find(snapshot, caller, name).await?.ok_or_else(refusal::no_group)
}

/// Whether a text can name a group (the model's pattern for `LogGroupName`).
pub(crate) fn is_name(text: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
    (1..=512).contains(&text.len()) && text.bytes().all(may_stand)
}

/// Whether an account has a group of that name in a region.
///
/// # Errors
/// The store's.
pub async fn exists(
    snapshot: &mut Snapshot,
    (account, region): (&str, &str),
    name: &str,
) -> Result<bool, store::Error> {
    const SQL: &str =
        "SELECT 1 FROM log_groups WHERE account_id = $1 AND region = $2 AND name = $3";
    Ok(snapshot.row(SQL, params![account, region, name], |_| Ok(())).await?.is_some())
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateLogGroupRequest,
) -> Result<(), wire::Error> {
    let (caller, now) = (call.caller(), call.now());
    check_options(&input)?;
    let brought = input.tags.unwrap_or_default();
    let target = || OfGroup {
        name: &input.log_group_name,
        change: Resource::default().bringing(brought.clone()),
    };
    if !brought.is_empty() {
        call.write(Operation::TagResource.action(), target()).await?;
    }
    let tx = call.write(Operation::CreateLogGroup.action(), target()).await?;
    tags::check_keys(brought.keys())?;
    if find(tx, &caller, &input.log_group_name).await?.is_some() {
        return Err(refusal::group_exists());
    }
    check_quota(tx, &caller).await?;
    const SQL: &str = "INSERT INTO log_groups \
        (id, account_id, region, name, created_at, is_protected) VALUES ($1, $2, $3, $4, $5, $6)";
    let id = tx.next_id(SEQUENCE).await?;
    let is_protected = input.deletion_protection_enabled.unwrap_or_default();
    let (account, region) = (&caller.account, caller.region());
    let row = params![id, account, region, &input.log_group_name, now, is_protected];
    tx.execute(SQL, row).await?;
    tags::put(tx, id, &brought).await
}

/// Keys of KMS and other classes than the one are not built, so a group with them is not made.
fn check_options(input: &CreateLogGroupRequest) -> Result<(), wire::Error> {
    if input.kms_key_id.is_some() {
        let message = "The specified KMS key cannot be used: there is no KMS here. All that is \
            stored is as safe as the disk under it.";
        return Err(refusal::invalid(message));
    }
    match input.log_group_class {
        None | Some(LogGroupClass::Standard) => Ok(()),
        Some(other) => {
            let class = other.as_str();
            Err(refusal::invalid(format!("The log group class {class} is not supported here.")))
        }
    }
}

async fn check_quota(tx: &mut Transaction, caller: &Caller) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM log_groups WHERE account_id = $1 AND region = $2";
    let key = params![&caller.account, caller.region()];
    let count: Option<i64> = tx.row(SQL, key, |row| row.get(0)).await?;
    if count.unwrap_or_default() < GROUPS_MAX {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED.with("Resource limit exceeded."))
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteLogGroupRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let target = OfGroup::named(&input.log_group_name);
    let tx = call.write(Operation::DeleteLogGroup.action(), target).await?;
    let group = get(tx, &caller, &input.log_group_name).await?;
    if group.is_protected {
        let name = &group.name;
        let message = format!(
            "The log group {name} has deletion protection. Turn it off before deleting the group."
        );
        return Err(VALIDATION.with(message));
    }
    for sql in [
        "DELETE FROM log_group_tags WHERE group_id = $1",
        "DELETE FROM log_groups WHERE id = $1",
        "INSERT INTO log_remains (group_id, stream_id) VALUES ($1, 0)",
    ] {
        tx.execute(sql, params![group.id]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_models_form() {
        for name in ["a", "/aws/workmail/emailevents/acme", "a.b-c_d#1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a:b", "a b", "é", &"a".repeat(513)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
