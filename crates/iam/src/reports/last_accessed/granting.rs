//! `ListPoliciesGrantingServiceAccess`: which of somebody's policies allow a service.

use policy::{Document, Kind};
use wire::iam::{
    ListPoliciesGrantingServiceAccessEntry, ListPoliciesGrantingServiceAccessRequest,
    ListPoliciesGrantingServiceAccessResponse, PolicyGrantingServiceAccess, PolicyOwnerEntityType,
    PolicyType, errors::INVALID_INPUT,
};

use crate::{
    door::Call,
    entity::EntityKind,
    entity_arns::EntityArn,
    identity_policies::{self, Held},
    pages::Page,
};

pub(crate) async fn list(
    call: &mut Call,
    input: ListPoliciesGrantingServiceAccessRequest,
) -> Result<ListPoliciesGrantingServiceAccessResponse, wire::Error> {
    const LIST: &str = "ListPoliciesGrantingServiceAccess";
    let page = Page::of(call, LIST, input.marker.as_deref(), None)?;
    let caller = call.caller();
    let named = EntityArn::expect(&input.arn)?;
    let unknown = |service: &&String| actions::service(service).is_none();
    if let Some(service) = input.service_namespaces.iter().find(unknown) {
        let message = format!("The service namespace {service} is not valid.");
        return Err(INVALID_INPUT.with(message));
    }
    let snapshot = call.read("iam:ListPoliciesGrantingServiceAccess", &named).await?;
    let entity = named.load(snapshot, &caller.account).await?;
    let held = identity_policies::of(snapshot, &entity).await?;
    let parse = |held: &Held| policy::parse(&held.text, Kind::Inline);
    let documents: Vec<Document> = held.iter().map(parse).collect::<Result<_, _>>()?;
    // The order is that of the call.
    let places = input.service_namespaces.into_iter().enumerate().collect();
    let cut = page.slice(places, |(place, _): &(usize, String)| format!("{place:03}"))?;
    let entry = |(_, service): (usize, String)| {
        let pairs = held.iter().zip(&documents);
        let granting = pairs.filter(|(_, document)| document.may_allow_service(&service));
        ListPoliciesGrantingServiceAccessEntry {
            policies: Some(granting.map(|(held, _)| shown(held)).collect()),
            service_namespace: Some(service.clone()),
        }
    };
    Ok(ListPoliciesGrantingServiceAccessResponse {
        policies_granting_service_access: cut.items.into_iter().map(entry).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// Inline policies have no ARN, so it is told in whom they are embedded.
fn shown(held: &Held) -> PolicyGrantingServiceAccess {
    let owner = held.arn.is_none().then_some(&held.holder);
    PolicyGrantingServiceAccess {
        policy_name: held.name.clone(),
        policy_type: match held.arn {
            Some(_) => PolicyType::Managed,
            None => PolicyType::Inline,
        },
        policy_arn: held.arn.clone(),
        entity_type: owner.map(|owner| match owner.kind {
            EntityKind::User => PolicyOwnerEntityType::User,
            EntityKind::Group => PolicyOwnerEntityType::Group,
            EntityKind::Role => PolicyOwnerEntityType::Role,
        }),
        entity_name: owner.map(|owner| owner.name.clone()),
    }
}
