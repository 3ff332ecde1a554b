//! Tags of organizations.

use std::collections::BTreeSet;

use iam::door::{Call, Caller, Resource};
use store::{Snapshot, params};
use wire::workmail::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, Operation, Tag, TagResourceRequest,
    TagResourceResponse, UntagResourceRequest, UntagResourceResponse, errors::TOO_MANY_TAGS,
};

use crate::{
    organizations::{self, Organization},
    refusal,
};

/// Tags of one organization (AWS's quota).
const TAGS_MAX: i64 = 50;

pub(crate) async fn tag_resource(
    call: &mut Call,
    input: TagResourceRequest,
) -> Result<TagResourceResponse, wire::Error> {
    let caller = call.caller();
    let arn = &input.resource_arn;
    check_keys(&input.tags)?;
    let brought = input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    let target = Tagged { arn, change: Resource::default().bringing(brought) };
    let tx = call.write(Operation::TagResource.action(), target).await?;
    let organization = find(tx, &caller, arn).await?.standing()?;
    for tag in &input.tags {
        const SQL: &str = "INSERT INTO organization_tags (organization_id, key, value) \
            VALUES ($1, $2, $3) ON CONFLICT (organization_id, key) DO UPDATE SET value = $3";
        tx.execute(SQL, params![&organization.id, &tag.key, &tag.value]).await?;
    }
    const COUNT: &str = "SELECT COUNT(*) FROM organization_tags WHERE organization_id = $1";
    let held: Option<i64> = tx.row(COUNT, params![&organization.id], |row| row.get(0)).await?;
    if held.unwrap_or_default() > TAGS_MAX {
        let text = format!("The resource {arn} can have {TAGS_MAX} tags at most.");
        return Err(TOO_MANY_TAGS.with(text));
    }
    Ok(TagResourceResponse {})
}

pub(crate) async fn untag_resource(
    call: &mut Call,
    input: UntagResourceRequest,
) -> Result<UntagResourceResponse, wire::Error> {
    let caller = call.caller();
    let arn = &input.resource_arn;
    let target = Tagged { arn, change: Resource::default().naming(input.tag_keys.clone()) };
    let tx = call.write(Operation::UntagResource.action(), target).await?;
    let organization = living(find(tx, &caller, arn).await?, arn)?;
    for key in &input.tag_keys {
        const SQL: &str = "DELETE FROM organization_tags WHERE organization_id = $1 AND key = $2";
        tx.execute(SQL, params![&organization.id, key]).await?;
    }
    Ok(UntagResourceResponse {})
}

pub(crate) async fn list_tags_for_resource(
    call: &mut Call,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, wire::Error> {
    let caller = call.caller();
    let arn = &input.resource_arn;
    let target = Tagged { arn, change: Resource::default() };
    let snapshot = call.read(Operation::ListTagsForResource.action(), target).await?;
    let organization = living(find(snapshot, &caller, arn).await?, arn)?;
    let tags = of_organization(snapshot, &caller, &organization.id).await?;
    let tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(ListTagsForResourceResponse { tags: Some(tags) })
}

/// The tags of an organization of the caller's account and region, sorted by key.
pub(crate) async fn of_organization(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<Vec<(String, String)>, store::Error> {
    const SQL: &str = "SELECT t.key, t.value FROM organizations o \
        JOIN organization_tags t ON t.organization_id = o.id \
        WHERE o.id = $1 AND o.account_id = $2 AND o.region = $3 ORDER BY t.key";
    let key = params![id, &caller.account, caller.region()];
    snapshot.rows(SQL, key, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// A resource given by its ARN, with what the call does to its tags.
struct Tagged<'a> {
    arn: &'a str,
    change: Resource,
}

impl iam::door::Target for Tagged<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let tags = match organization_id(caller, self.arn) {
            Some(id) => of_organization(snapshot, caller, id).await?,
            None => Vec::new(),
        };
        Ok(Resource { arn: self.arn.to_owned(), ..self.change.clone() }.tagged(tags))
    }
}

async fn find(
    snapshot: &mut Snapshot,
    caller: &Caller,
    arn: &str,
) -> Result<Organization, wire::Error> {
    let found = match organization_id(caller, arn) {
        Some(id) => organizations::find(snapshot, caller, id).await?,
        None => None,
    };
    found.ok_or_else(|| refusal::no_resource(arn))
}

/// Untag and List declare no error for a deleted organization but that there is none.
fn living(organization: Organization, arn: &str) -> Result<Organization, wire::Error> {
    if organization.state.is_over() { Err(refusal::no_resource(arn)) } else { Ok(organization) }
}

/// The id in an ARN of the caller's account and region.
fn organization_id<'a>(caller: &Caller, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&organizations::arn(caller, ""))
}

fn check_keys(tags: &[Tag]) -> Result<(), wire::Error> {
    let mut seen = BTreeSet::new();
    for Tag { key, .. } in tags {
        if key.to_lowercase().starts_with("aws:") {
            let text = format!("The tag key {key} is not valid: aws: is reserved.");
            return Err(refusal::invalid(text));
        }
        if !seen.insert(key) {
            return Err(refusal::invalid(format!("The tag key {key} is given twice.")));
        }
    }
    Ok(())
}
