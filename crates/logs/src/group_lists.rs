//! `DescribeLogGroups`.

use std::collections::BTreeSet;

use iam::door::{Call, Caller, Resource};
use store::{Snapshot, params};
use wire::logs::{
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, LogGroup, LogGroupClass, Operation,
    errors::RESOURCE_NOT_FOUND,
};

use crate::{
    arns,
    events::millis,
    groups::{self, COLUMNS, Group},
    pages::Tokens,
    refusal, targets,
};

/// Groups in a page unless the caller asks for fewer; also the most (`DescribeLimit` of the model).
const PAGE_MAX: usize = 50;

/// Groups that are read at one time.
const BATCH: usize = 500;

pub(crate) async fn describe(
    call: &mut Call,
    input: DescribeLogGroupsRequest,
) -> Result<DescribeLogGroupsResponse, wire::Error> {
    let caller = call.caller();
    check(&caller, &input)?;
    let filters = (
        &input.log_group_name_prefix,
        &input.log_group_name_pattern,
        &input.log_group_identifiers,
        input.log_group_class.map(LogGroupClass::as_str),
    );
    let tokens = Tokens::of(call, Operation::DescribeLogGroups, &filters)?;
    let after =
        input.next_token.as_deref().map(|token| tokens.open::<String>(token)).transpose()?;
    // As AWS's denials show it: no group is named.
    let target = Resource::arn(arns::stream(&caller.account, caller.region(), "", ""));
    let snapshot = call.read(Operation::DescribeLogGroups.action(), target).await?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let limit = limit.clamp(1, PAGE_MAX);
    let mut found = match &input.log_group_identifiers {
        Some(identifiers) => named(snapshot, &caller, identifiers, after, limit).await?,
        None if is_other_class(&input) => Vec::new(),
        None => searched(snapshot, &caller, &input, after, limit).await?,
    };
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = match found.last() {
        Some(last) if more => Some(tokens.seal(&last.name)?),
        _ => None,
    };
    let is_search = input.log_group_name_pattern.is_some();
    let shown = found.into_iter().map(|group| shown(&caller, group, is_search)).collect();
    Ok(DescribeLogGroupsResponse { log_groups: Some(shown), next_token })
}

fn check(caller: &Caller, input: &DescribeLogGroupsRequest) -> Result<(), wire::Error> {
    let by_name = input.log_group_name_prefix.is_some() || input.log_group_name_pattern.is_some();
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        let message =
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(refusal::invalid(message));
    }
    if input.log_group_identifiers.is_some() && (by_name || input.log_group_class.is_some()) {
        let message = "With logGroupIdentifiers, no other filter can be given.";
        return Err(refusal::invalid(message));
    }
    // No account is linked to another here, so the caller's own is all there is.
    let accounts = input.account_identifiers.iter().flatten();
    if let Some(other) = accounts.clone().find(|account| **account != caller.account) {
        return Err(refusal::invalid(format!("The account {other} is not linked to this one.")));
    }
    if accounts.count() > 0 && !input.include_linked_accounts.unwrap_or_default() {
        let message = "accountIdentifiers can be given only with includeLinkedAccounts.";
        return Err(refusal::invalid(message));
    }
    Ok(())
}

/// Whether only groups of a class are asked for that none has.
fn is_other_class(input: &DescribeLogGroupsRequest) -> bool {
    input.log_group_class.is_some_and(|class| class != LogGroupClass::Standard)
}

/// The groups of those names, as far as they are there.
async fn named(
    snapshot: &mut Snapshot,
    caller: &Caller,
    identifiers: &[String],
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Group>, wire::Error> {
    let after = after.as_deref().unwrap_or_default();
    let mut names = BTreeSet::new();
    for identifier in identifiers {
        match targets::identified(caller, identifier) {
            Ok(name) => drop(names.insert(name)),
            // no group can have that name
            Err(error) if error.is(&RESOURCE_NOT_FOUND) => {}
            Err(error) => return Err(error),
        }
    }
    let mut found = Vec::new();
    for name in names.into_iter().filter(|name| *name > after) {
        found.extend(groups::find(snapshot, caller, name).await?);
        if found.len() > limit {
            break;
        }
    }
    Ok(found)
}

/// Groups by a prefix of their name, or by what it has in it; one more than fits.
async fn searched(
    snapshot: &mut Snapshot,
    caller: &Caller,
    input: &DescribeLogGroupsRequest,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Group>, store::Error> {
    let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
    let inside = input.log_group_name_pattern.as_deref().unwrap_or_default();
    // The first name of a page is the prefix itself, which `>` would leave out.
    let sql = format!(
        "SELECT {COLUMNS} FROM log_groups WHERE account_id = $1 AND region = $2 \
         AND name >= $3 AND name > $4 AND name < $5 ORDER BY name LIMIT $6"
    );
    // Names are of visible ASCII.
    let below = format!("{prefix}\u{7f}");
    let mut after = after.unwrap_or_default();
    let mut found = Vec::new();
    loop {
        let key = params![&caller.account, caller.region(), prefix, &after, &below, BATCH];
        let batch = snapshot.rows(&sql, key, Group::of).await?;
        let is_last = batch.len() < BATCH;
        if let Some(last) = batch.last() {
            after.clone_from(&last.name);
        }
        found.extend(batch.into_iter().filter(|group| group.name.contains(inside)));
        if is_last || found.len() > limit {
            return Ok(found);
        }
    }
}

/// A search by pattern shows less, as AWS has it.
fn shown(caller: &Caller, group: Group, is_search: bool) -> LogGroup {
    let (account, region) = (&caller.account, caller.region());
    let brief = LogGroup {
        arn: Some(arns::whole_group(account, region, &group.name)),
        creation_time: Some(millis(group.created_at)),
        log_group_name: Some(group.name.clone()),
        ..LogGroup::default()
    };
    if is_search {
        return brief;
    }
    LogGroup {
        log_group_arn: Some(arns::group(account, region, &group.name)),
        retention_in_days: group.retention_days.and_then(|days| i32::try_from(days).ok()),
        metric_filter_count: Some(0),
        log_group_class: Some(LogGroupClass::Standard),
        deletion_protection_enabled: Some(group.is_protected),
        ..brief
    }
}
