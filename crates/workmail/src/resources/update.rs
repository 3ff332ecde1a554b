//! UpdateResource: a member that is absent stays as it is, an empty description is cleared.

use iam::door::Call;
use store::{Transaction, params};
use wire::workmail::{
    Operation, UpdateResourceRequest, UpdateResourceResponse, errors::INVALID_CONFIGURATION,
};

use super::{Details, RESOURCE, delegates};
use crate::{
    entities::{self, Entity, Forms},
    organizations,
};

pub(crate) async fn update_resource(
    call: &mut Call,
    input: UpdateResourceRequest,
) -> Result<UpdateResourceResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::UpdateResource, &input.organization_id).await?;
    let given = &input.resource_id;
    let resource = entities::require(tx, &organization.id, given, Forms::Any, &RESOURCE).await?;
    let resource = resource.living()?;
    if let Some(name) = &input.name {
        rename(tx, &organization.id, &resource, name).await?;
    }
    if let Some(hidden) = input.hidden_from_global_address_list {
        entities::set_hidden(tx, &resource.id, hidden).await?;
    }
    let mut details = Details::of(tx, &resource.id).await?;
    change(&mut details, &input);
    if input.booking_options.is_some() && !details.booking.accept {
        require_delegate(tx, &resource).await?;
    }
    details.update(tx, &resource.id).await?;
    Ok(UpdateResourceResponse {})
}

fn change(details: &mut Details, input: &UpdateResourceRequest) {
    details.kind = input.r#type.unwrap_or(details.kind);
    if let Some(text) = &input.description {
        details.description = Some(text.expose().to_owned()).filter(|text| !text.is_empty());
    }
    if let Some(given) = &input.booking_options {
        details.booking = details.booking.changed(given);
    }
}

/// A name that differs from the old one in letter case alone is free to the resource that has it.
async fn rename(
    tx: &mut Transaction,
    organization: &str,
    resource: &Entity,
    name: &str,
) -> Result<(), wire::Error> {
    let key = name.to_lowercase();
    if key != resource.name.to_lowercase() {
        entities::check_name(tx, organization, name).await?;
    }
    const SQL: &str = "UPDATE entities SET name = $2, name_key = $3 WHERE id = $1";
    tx.execute(SQL, params![&resource.id, name, key]).await?;
    Ok(())
}

/// Requests that are not accepted by themselves must have somebody who answers them.
async fn require_delegate(tx: &mut Transaction, resource: &Entity) -> Result<(), wire::Error> {
    if delegates::are_others(tx, &resource.id, "").await? {
        return Ok(());
    }
    let text = format!(
        "The resource {} has no delegate, so that it must accept requests by itself.",
        resource.name
    );
    Err(INVALID_CONFIGURATION.with(text))
}
