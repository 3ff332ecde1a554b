//! Tags of groups.

use std::collections::BTreeMap;

use iam::door::{Call, Caller, Resource, Target};
use store::{Snapshot, Transaction, params};
use wire::logs::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, Operation, TagResourceRequest,
    UntagResourceRequest, errors::TOO_MANY_TAGS,
};

use crate::{
    arns,
    groups::{self, Group},
    refusal,
};

/// Tags of one group (AWS's quota).
const TAGS_MAX: i64 = 50;

pub(crate) async fn tag(call: &mut Call, input: TagResourceRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let change = Resource::default().bringing(input.tags.clone());
    let target = Tagged { arn: &input.resource_arn, change };
    let tx = call.write(Operation::TagResource.action(), target).await?;
    check_keys(input.tags.keys())?;
    let group = get(tx, &caller, &input.resource_arn).await?;
    put(tx, group.id, &input.tags).await
}

pub(crate) async fn untag(call: &mut Call, input: UntagResourceRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let change = Resource::default().naming(input.tag_keys.clone());
    let target = Tagged { arn: &input.resource_arn, change };
    let tx = call.write(Operation::UntagResource.action(), target).await?;
    let group = get(tx, &caller, &input.resource_arn).await?;
    for key in &input.tag_keys {
        const SQL: &str = "DELETE FROM log_group_tags WHERE group_id = $1 AND key = $2";
        tx.execute(SQL, params![group.id, key]).await?;
    }
    Ok(())
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, wire::Error> {
    let caller = call.caller();
    let target = Tagged { arn: &input.resource_arn, change: Resource::default() };
    let snapshot = call.read(Operation::ListTagsForResource.action(), target).await?;
    let group = get(snapshot, &caller, &input.resource_arn).await?;
    let tags = of(snapshot, group.id).await?;
    Ok(ListTagsForResourceResponse { tags: Some(tags.into_iter().collect()) })
}

/// A resource given by its ARN, with what the call does to its tags.
struct Tagged<'a> {
    arn: &'a str,
    change: Resource,
}

impl Target for Tagged<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let tags = match arns::group_name(self.arn, &caller.account, caller.region()) {
            Some(name) => of_name(snapshot, caller, name).await?,
            None => Vec::new(),
        };
        Ok(Resource { arn: self.arn.to_owned(), ..self.change.clone() }.tagged(tags))
    }
}

async fn get(snapshot: &mut Snapshot, caller: &Caller, arn: &str) -> Result<Group, wire::Error> {
    match arns::group_name(arn, &caller.account, caller.region()) {
        Some(name) => groups::get(snapshot, caller, name).await,
        None => Err(refusal::no_group()),
    }
}

/// The tags of a group of the caller's account and region; none if it is not there.
pub(crate) async fn of_name(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Vec<(String, String)>, store::Error> {
    const SQL: &str = "SELECT t.key, t.value FROM log_groups g \
        JOIN log_group_tags t ON t.group_id = g.id \
        WHERE g.account_id = $1 AND g.region = $2 AND g.name = $3 ORDER BY t.key";
    let key = params![&caller.account, caller.region(), name];
    snapshot.rows(SQL, key, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// The tags of a group, sorted by key.
pub(crate) async fn of(
    snapshot: &mut Snapshot,
    group: i64,
) -> Result<Vec<(String, String)>, store::Error> {
    const SQL: &str = "SELECT key, value FROM log_group_tags WHERE group_id = $1 ORDER BY key";
    snapshot.rows(SQL, params![group], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Adds tags to a group, or replaces their values.
pub(crate) async fn put(
    tx: &mut Transaction,
    group: i64,
    tags: &BTreeMap<String, String>,
) -> Result<(), wire::Error> {
    for (key, value) in tags {
        const SQL: &str = "INSERT INTO log_group_tags (group_id, key, value) \
            VALUES ($1, $2, $3) ON CONFLICT (group_id, key) DO UPDATE SET value = $3";
        tx.execute(SQL, params![group, key, value]).await?;
    }
    const COUNT: &str = "SELECT COUNT(*) FROM log_group_tags WHERE group_id = $1";
    let held: Option<i64> = tx.row(COUNT, params![group], |row| row.get(0)).await?;
    if held.unwrap_or_default() > TAGS_MAX {
        let text = format!("A log group can have {TAGS_MAX} tags at most.");
        return Err(TOO_MANY_TAGS.with(text));
    }
    Ok(())
}

/// Refuses keys that only AWS may give.
pub(crate) fn check_keys<'a>(keys: impl Iterator<Item = &'a String>) -> Result<(), wire::Error> {
    for key in keys {
        if key.to_lowercase().starts_with("aws:") {
            let text = format!("The tag key {key} is not valid: aws: is reserved.");
            return Err(refusal::invalid(text));
        }
    }
    Ok(())
}
