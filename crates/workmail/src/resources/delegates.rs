//! Delegates: users and groups who answer requests to a resource in its place.

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    AssociateDelegateToResourceRequest, AssociateDelegateToResourceResponse, Delegate,
    DisassociateDelegateFromResourceRequest, DisassociateDelegateFromResourceResponse, EntityType,
    ListResourceDelegatesRequest, ListResourceDelegatesResponse, MemberType, Operation,
    errors::ENTITY_STATE,
};

use super::{Details, RESOURCE};
use crate::{
    entities::{self, Entity, Forms},
    organizations,
    page::Page,
};

/// What can be a delegate.
const DELEGATES: [EntityType; 2] = [EntityType::User, EntityType::Group];

pub(crate) async fn associate_delegate_to_resource(
    call: &mut Call,
    input: AssociateDelegateToResourceRequest,
) -> Result<AssociateDelegateToResourceResponse, wire::Error> {
    let operation = Operation::AssociateDelegateToResource;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let (resource, delegate) =
        both(tx, &organization.id, &input.resource_id, &input.entity_id).await?;
    const SQL: &str = "INSERT INTO resource_delegates (resource_id, delegate_id, delegate_key) \
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(SQL, params![&resource.id, &delegate.id, delegate.name.to_lowercase()]).await?;
    Ok(AssociateDelegateToResourceResponse {})
}

pub(crate) async fn disassociate_delegate_from_resource(
    call: &mut Call,
    input: DisassociateDelegateFromResourceRequest,
) -> Result<DisassociateDelegateFromResourceResponse, wire::Error> {
    let operation = Operation::DisassociateDelegateFromResource;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let (resource, delegate) =
        both(tx, &organization.id, &input.resource_id, &input.entity_id).await?;
    const SQL: &str = "DELETE FROM resource_delegates \
        WHERE resource_id = $1 AND delegate_key = $2 AND delegate_id = $3";
    let key = params![&resource.id, delegate.name.to_lowercase(), &delegate.id];
    let removed = tx.execute(SQL, key).await?;
    if removed > 0 {
        keep_answerable(tx, &resource, &delegate).await?;
    }
    Ok(DisassociateDelegateFromResourceResponse {})
}

/// The last delegate of a resource that does not accept by itself stays: nobody else would answer.
async fn keep_answerable(
    snapshot: &mut Snapshot,
    resource: &Entity,
    delegate: &Entity,
) -> Result<(), wire::Error> {
    let details = Details::of(snapshot, &resource.id).await?;
    if details.booking.accept || are_others(snapshot, &resource.id, &delegate.id).await? {
        return Ok(());
    }
    let text = format!(
        "{} is the last delegate of the resource {}, which does not accept requests by itself.",
        delegate.name, resource.name
    );
    Err(ENTITY_STATE.with(text))
}

/// Whether a resource has a delegate other than `delegate`.
pub(super) async fn are_others(
    snapshot: &mut Snapshot,
    resource: &str,
    delegate: &str,
) -> Result<bool, store::Error> {
    const SQL: &str =
        "SELECT 1 FROM resource_delegates WHERE resource_id = $1 AND delegate_id <> $2 LIMIT 1";
    Ok(snapshot.row(SQL, params![resource, delegate], |_| Ok(())).await?.is_some())
}

pub(crate) async fn list_resource_delegates(
    call: &mut Call,
    input: ListResourceDelegatesRequest,
) -> Result<ListResourceDelegatesResponse, wire::Error> {
    let operation = Operation::ListResourceDelegates;
    let (id, given) = (&input.organization_id, &input.resource_id);
    let scope = [id.as_str(), given];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let resource =
        entities::require(snapshot, &organization.id, given, Forms::Any, &RESOURCE).await?;
    let resource = resource.living()?;
    let range = page.range("");
    const SQL: &str = "SELECT r.delegate_key, e.id, e.kind \
        FROM resource_delegates r CROSS JOIN entities e \
        WHERE e.id = r.delegate_id AND r.resource_id = $1 \
        AND (r.delegate_key, r.delegate_id) > ($2, $3) \
        ORDER BY r.delegate_key, r.delegate_id LIMIT $4";
    let bounds = params![&resource.id, &range.key, &range.id, range.fetch];
    let mut found: Vec<(String, Delegate)> = snapshot
        .rows(SQL, bounds, |row| {
            let kind = MemberType::parse(row.get(2)?);
            let r#type = kind.ok_or_else(|| store::Error::corrupt("the kind of a delegate"))?;
            Ok((row.get(0)?, Delegate { id: row.get(1)?, r#type }))
        })
        .await?;
    let next_token = page.cut(&mut found, |(key, delegate)| (key, &delegate.id))?;
    let delegates = found.into_iter().map(|(_, delegate)| delegate).collect();
    Ok(ListResourceDelegatesResponse { delegates: Some(delegates), next_token })
}

/// The living resource and delegate that a request names.
async fn both(
    snapshot: &mut Snapshot,
    organization: &str,
    resource: &str,
    delegate: &str,
) -> Result<(Entity, Entity), wire::Error> {
    let resource =
        entities::require(snapshot, organization, resource, Forms::Any, &RESOURCE).await?;
    let delegate =
        entities::require(snapshot, organization, delegate, Forms::Any, &DELEGATES).await?;
    Ok((resource.living()?, delegate.living()?))
}
