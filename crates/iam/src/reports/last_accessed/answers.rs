//! Reports given out a page at a time.

use wire::iam::{
    EntityDetails, EntityInfo, GetServiceLastAccessedDetailsRequest,
    GetServiceLastAccessedDetailsResponse, GetServiceLastAccessedDetailsWithEntitiesRequest,
    GetServiceLastAccessedDetailsWithEntitiesResponse, JobStatusType, PolicyOwnerEntityType,
    ServiceLastAccessed, TrackedActionLastAccessed, errors::INVALID_INPUT,
};
use world::Timestamp;

use super::{
    job,
    report::{Action, Person, Service, Use},
};
use crate::{
    door::{Call, Resource},
    pages::{Cut, Page},
};

pub(crate) async fn services(
    call: &mut Call,
    input: GetServiceLastAccessedDetailsRequest,
) -> Result<GetServiceLastAccessedDetailsResponse, wire::Error> {
    const LIST: &str = "GetServiceLastAccessedDetails";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let (caller, now) = (call.caller(), call.now());
    let snapshot = call.read("iam:GetServiceLastAccessedDetails", Resource::any()).await?;
    let job = job::load(snapshot, &caller, &input.job_id, now).await?;
    let cut = page.slice(job.report.services, |service| service.namespace.clone())?;
    Ok(GetServiceLastAccessedDetailsResponse {
        job_status: job.status,
        job_type: Some(job.granularity),
        job_creation_date: job.created_at,
        services_last_accessed: cut.items.into_iter().map(service).collect(),
        job_completion_date: job.completed_at,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
        error: job.error,
    })
}

pub(crate) async fn entities(
    call: &mut Call,
    input: GetServiceLastAccessedDetailsWithEntitiesRequest,
) -> Result<GetServiceLastAccessedDetailsWithEntitiesResponse, wire::Error> {
    const LIST: &str = "GetServiceLastAccessedDetailsWithEntities";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let (caller, now) = (call.caller(), call.now());
    let action = "iam:GetServiceLastAccessedDetailsWithEntities";
    let snapshot = call.read(action, Resource::any()).await?;
    let job = job::load(snapshot, &caller, &input.job_id, now).await?;
    let namespace = input.service_namespace;
    let services = &job.report.services;
    if job.status == JobStatusType::Completed
        && !services.iter().any(|service| service.namespace == namespace)
    {
        let message = format!("The service {namespace} is not part of the report.");
        return Err(INVALID_INPUT.with(message));
    }
    let cut = latest_first(page, job.report.entities, &namespace)?;
    Ok(GetServiceLastAccessedDetailsWithEntitiesResponse {
        job_status: job.status,
        job_creation_date: job.created_at,
        job_completion_date: job.completed_at,
        entity_details_list: cut
            .items
            .into_iter()
            .map(|person| shown(person, &namespace))
            .collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
        error: job.error,
    })
}

/// Those who used the service lately first, then those who never did.
fn latest_first(
    page: Page,
    people: Vec<Person>,
    service: &str,
) -> Result<Cut<Person>, store::Error> {
    page.slice(people, |person| {
        let at = person.services.get(service).copied().unwrap_or_default();
        // The later, the smaller; times are never negative.
        format!("{:020}/{}", i64::MAX - at, person.id)
    })
}

fn shown(person: Person, service: &str) -> EntityDetails {
    let at = person.services.get(service).copied();
    EntityDetails {
        last_authenticated: at.map(Timestamp::from_micros),
        entity_info: EntityInfo {
            arn: person.arn,
            name: person.name,
            r#type: match person.is_role {
                true => PolicyOwnerEntityType::Role,
                false => PolicyOwnerEntityType::User,
            },
            id: person.id,
            path: Some(person.path),
        },
    }
}

fn service(service: Service) -> ServiceLastAccessed {
    let name = actions::service(&service.namespace).map(actions::Service::name);
    let (at, entity, region) = parts(service.last);
    ServiceLastAccessed {
        service_name: name.unwrap_or(&service.namespace).to_owned(),
        last_authenticated: at,
        service_namespace: service.namespace,
        last_authenticated_entity: entity,
        last_authenticated_region: region,
        total_authenticated_entities: i32::try_from(service.users).ok(),
        tracked_actions_last_accessed: (!service.actions.is_empty())
            .then(|| service.actions.into_iter().map(action).collect()),
    }
}

fn action(action: Action) -> TrackedActionLastAccessed {
    let (last_accessed_time, last_accessed_entity, last_accessed_region) = parts(action.last);
    TrackedActionLastAccessed {
        action_name: Some(action.name),
        last_accessed_entity,
        last_accessed_time,
        last_accessed_region,
    }
}

/// When, by whom and where.
fn parts(last: Option<Use>) -> (Option<Timestamp>, Option<String>, Option<String>) {
    match last {
        Some(last) => {
            (Some(Timestamp::from_micros(last.at_micros)), Some(last.entity), Some(last.region))
        }
        None => (None, None, None),
    }
}
