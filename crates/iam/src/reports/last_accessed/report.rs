//! A report as it is stored: the services that policies allow, who could use them, and who did.

use std::collections::{BTreeMap, HashMap};

use policy::{Document, Kind};
use serde::{Deserialize, Serialize};
use wire::iam::AccessAdvisorUsageGranularityType as Granularity;

use super::{accesses::Stored, scope::Scope};
use crate::entity::EntityKind;

/// A finished report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    /// The services that the policies allow, in the order of their namespaces.
    pub(super) services: Vec<Service>,
    /// Who could use the policies, in the order of their names.
    pub(super) entities: Vec<Person>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Service {
    pub(super) namespace: String,
    /// How often it was used: by how many.
    pub(super) users: usize,
    pub(super) last: Option<Use>,
    /// The actions that are tracked, where they were asked for.
    pub(super) actions: Vec<Action>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) last: Option<Use>,
}

/// An attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Use {
    /// Microseconds since the epoch.
    pub(super) at_micros: i64,
    /// The ARN of who made it.
    pub(super) entity: String,
    pub(super) region: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) is_role: bool,
    /// The last attempt at each service, in microseconds since the epoch, by its namespace.
    pub(super) services: BTreeMap<String, i64>,
}

impl Report {
    /// Puts together what the policies of `scope` allow, and what its people did of that.
    pub(super) fn new(
        scope: &Scope,
        accesses: &HashMap<String, Vec<Stored>>,
        granularity: Granularity,
    ) -> Result<Self, policy::Malformed> {
        let parse = |text: &String| policy::parse(text, Kind::Inline);
        let documents: Vec<Document> =
            scope.policies.iter().map(parse).collect::<Result<_, _>>()?;
        let uses = uses(scope, accesses);
        let allowed = actions::services().iter().filter(|service| {
            documents.iter().any(|document| document.may_allow_service(service.prefix()))
        });
        let services = allowed.map(|service| Service {
            namespace: service.prefix().to_owned(),
            users: users(&uses, service.prefix()),
            last: last(uses.iter().filter(|(of, ..)| *of == service.prefix())),
            actions: match granularity {
                Granularity::ServiceLevel => Vec::new(),
                Granularity::ActionLevel => tracked(service, &documents, &uses),
            },
        });
        Ok(Self { services: services.collect(), entities: people(scope, accesses) })
    }
}

/// Service and action of an attempt, and the attempt.
type Tried<'a> = (&'a str, &'a str, Use);

/// All attempts of the people.
fn uses<'a>(scope: &Scope, accesses: &'a HashMap<String, Vec<Stored>>) -> Vec<Tried<'a>> {
    let of_each = scope.entities.iter().flat_map(|entity| {
        let arn = entity.arn();
        let own = accesses.get(&entity.id).into_iter().flatten();
        own.map(move |stored| {
            let (at_micros, region) = (stored.at.as_micros(), stored.region.clone());
            let tried = Use { at_micros, entity: arn.clone(), region };
            (stored.service.as_str(), stored.action.as_str(), tried)
        })
    });
    of_each.collect()
}

fn last<'a>(uses: impl Iterator<Item = &'a Tried<'a>>) -> Option<Use> {
    uses.map(|(_, _, tried)| tried).max_by_key(|tried| tried.at_micros).cloned()
}

fn users(uses: &[Tried<'_>], service: &str) -> usize {
    let mut arns: Vec<&str> = uses
        .iter()
        .filter(|(of, ..)| *of == service)
        .map(|(_, _, tried)| tried.entity.as_str())
        .collect();
    arns.sort_unstable();
    arns.dedup();
    arns.len()
}

/// The actions of a service that the policies allow. Only those of services whose actions are known can be
/// told of.
fn tracked(
    service: &'static actions::Service,
    documents: &[Document],
    uses: &[Tried<'_>],
) -> Vec<Action> {
    let allowed = service.actions().iter().filter(|action| {
        let full = format!("{}:{}", service.prefix(), action.name());
        documents.iter().any(|document| document.may_allow(&full))
    });
    let action = |action: &actions::Action| {
        let own = uses.iter().filter(|(of, name, _)| {
            *of == service.prefix() && name.eq_ignore_ascii_case(action.name())
        });
        Action { name: action.name().to_owned(), last: last(own) }
    };
    allowed.map(action).collect()
}

fn people(scope: &Scope, accesses: &HashMap<String, Vec<Stored>>) -> Vec<Person> {
    let person = |entity: &crate::entity::Entity| {
        let mut services: BTreeMap<String, i64> = BTreeMap::new();
        for stored in accesses.get(&entity.id).into_iter().flatten() {
            let at = services.entry(stored.service.clone()).or_default();
            *at = stored.at.as_micros().max(*at);
        }
        Person {
            arn: entity.arn(),
            name: entity.name.clone(),
            path: entity.path.clone(),
            id: entity.id.clone(),
            is_role: entity.kind == EntityKind::Role,
            services,
        }
    };
    scope.entities.iter().map(person).collect()
}
