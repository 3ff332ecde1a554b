//! Somebody whose policies are asked without a call of theirs: by the simulator, and to explain.
//!
//! The question is put as the door puts it, with the door's own context and asker, so that the answer is
//! the one that a call would get.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use policy::{Context, Document, Kind, Policies, PolicySet, PolicyType, Source, Values};
use store::Snapshot;
use world::Timestamp;

use crate::{
    arns, documents,
    door::{
        CallContext, Caller, Origin, Principal, RequestFacts, Resource, RoleSession, SessionFacts,
    },
    entity::{Entity, EntityKind},
    explain::Label,
    identity_policies::{self, Held, Holder},
    tags,
};

/// A user, group, role or root, with all policies that bear on what it asks for.
pub(crate) struct Subject {
    /// The ARN by which it is spoken of.
    pub(crate) arn: String,
    /// Whether it is a group, which cannot call and of whom no key of a caller is known.
    pub(crate) is_group: bool,
    /// As the door would know it.
    pub(crate) caller: Caller,
    /// Its permissions policies.
    pub(crate) identity: Vec<Held>,
    /// Its permissions boundary.
    pub(crate) boundary: Option<Held>,
    tags: tags::Pairs,
}

/// A subject's policies, ready for decisions. The source of each is named by its place in the list.
pub(crate) struct Compiled {
    identity: PolicySet,
    boundary: Option<PolicySet>,
}

/// Condition keys that were given, in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(pub(crate) BTreeMap<String, GivenValues>);

impl Context for Given {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        Some(match self.0.get(key)? {
            GivenValues::One(value) => Values::One(value.into()),
            GivenValues::Many(values) => Values::Many(values.iter().map(Cow::from).collect()),
        })
    }
}

/// What was given for a condition key.
#[derive(Clone, Debug)]
pub(crate) enum GivenValues {
    One(String),
    Many(Vec<String>),
}

impl Subject {
    /// Root of an account.
    pub(crate) fn root(account: &str, now: Timestamp) -> Self {
        Self {
            arn: arns::root(account),
            is_group: false,
            caller: caller(account, Principal::Root, now),
            identity: Vec::new(),
            boundary: None,
            tags: Vec::new(),
        }
    }

    /// The entity with everything that hangs on it.
    pub(crate) async fn load(
        snapshot: &mut Snapshot,
        entity: &Entity,
        now: Timestamp,
    ) -> Result<Self, store::Error> {
        let mut subject = Self::named(entity, now);
        subject.identity = identity_policies::of(snapshot, entity).await?;
        subject.identity.extend(identity_policies::self_service(snapshot, entity).await?);
        subject.boundary = identity_policies::boundary_of(snapshot, entity).await?;
        subject.tags = tags::of(snapshot, &entity.id).await?;
        Ok(subject)
    }

    /// The entity alone, without policies or tags.
    pub(crate) fn named(entity: &Entity, now: Timestamp) -> Self {
        let (id, name, path) = (entity.id.clone(), entity.name.clone(), entity.path.clone());
        let principal = match entity.kind {
            EntityKind::User | EntityKind::Group => Principal::User { id, name, path },
            EntityKind::Role => Principal::Role(RoleSession {
                role_id: id,
                role_name: name,
                role_path: path,
                session_name: String::new(),
            }),
        };
        Self {
            arn: entity.arn(),
            is_group: entity.kind == EntityKind::Group,
            caller: caller(&entity.account, principal, now),
            identity: Vec::new(),
            boundary: None,
            tags: Vec::new(),
        }
    }

    /// Makes it one who calls with temporary credentials that were issued at that time, without policies,
    /// tags or a second factor of their own.
    pub(crate) fn begin_session(&mut self, at: Timestamp) {
        self.caller.session = Some(SessionFacts {
            issued_at: at,
            expires_at: at,
            mfa_at: None,
            origin: Origin::default(),
            scope: Arc::default(),
        });
    }

    /// Compiles the policies.
    pub(crate) fn compile(&self) -> Result<Compiled, wire::Error> {
        let boundary = self.boundary.as_ref().map(std::slice::from_ref);
        Ok(Compiled {
            identity: sources(&self.identity)?,
            boundary: boundary.map(sources).transpose()?,
        })
    }

    /// The condition keys of what it asks for on `resource`: those given, then those that are known of it.
    pub(crate) fn context<'a>(
        &'a self,
        given: &'a Given,
        resource: &'a Resource,
        unknown: &'a [&'a str],
    ) -> SubjectContext<'a> {
        let known = CallContext::new(&self.caller, &self.tags, resource);
        SubjectContext { given, known, unknown, is_group: self.is_group }
    }

    /// How a policy of the subject is told of, by the id of its source.
    pub(crate) fn label(&self, policy_type: PolicyType, id: &str) -> Label {
        let held = match policy_type {
            PolicyType::Identity => id.parse::<usize>().ok().and_then(|at| self.identity.get(at)),
            PolicyType::Boundary => self.boundary.as_ref(),
            _ => None,
        };
        let Some(held) = held else { return Label { name: id.to_owned(), attached: None } };
        let Holder { kind, name, .. } = &held.holder;
        let attached = match (policy_type, &held.arn) {
            (PolicyType::Boundary, _) => format!("the boundary of the {} {name}", kind.word()),
            (_, Some(arn)) if arn == identity_policies::SELF_SERVICE => {
                "granted by the account's password policy".to_owned()
            }
            (_, Some(_)) => format!("attached to the {} {name}", kind.word()),
            (_, None) => format!("embedded in the {} {name}", kind.word()),
        };
        let name = held.arn.clone().unwrap_or_else(|| held.name.clone());
        Label { name, attached: Some(attached) }
    }
}

impl Compiled {
    /// The policies of the subject's side.
    pub(crate) fn policies(&self) -> Policies<'_> {
        Policies {
            identity: Some(&self.identity),
            boundary: self.boundary.as_ref(),
            ..Policies::default()
        }
    }
}

/// What is known of a request that nobody makes.
pub(crate) struct SubjectContext<'a> {
    given: &'a Given,
    known: CallContext<'a>,
    /// Keys that only a real request has.
    unknown: &'a [&'a str],
    is_group: bool,
}

/// Keys of who calls; a group never does.
const OF_A_CALLER: [&str; 4] =
    ["aws:username", "aws:userid", "aws:principaltype", "aws:principalarn"];

impl Context for SubjectContext<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        if let Some(values) = self.given.get(key) {
            return Some(values);
        }
        if self.unknown.contains(&key) || (self.is_group && OF_A_CALLER.contains(&key)) {
            return None;
        }
        self.known.get(key)
    }
}

fn caller(account: &str, principal: Principal, now: Timestamp) -> Caller {
    let request = RequestFacts {
        request_id: String::new(),
        region: String::new(),
        source_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        user_agent: String::new(),
        secure_transport: false,
        now,
    };
    let account = account.to_owned();
    Caller { principal, account, session: None, access_key_id: String::new(), request }
}

fn sources(held: &[Held]) -> Result<PolicySet, wire::Error> {
    let source = |(at, held): (usize, &Held)| {
        let kind = if held.arn.is_some() { Kind::Managed } else { Kind::Inline };
        let document: Arc<Document> = documents::stored(&held.text, kind)?;
        Ok(Source { id: at.to_string().into(), document })
    };
    let sources: Result<Vec<_>, wire::Error> = held.iter().enumerate().map(source).collect();
    Ok(PolicySet::new(sources?))
}
