//! Asking why somebody may or may not do something, without a call of theirs.

use policy::{Policies, Question, Request};
use store::{Snapshot, params};
use world::Timestamp;

use super::{Explanation, notes};
use crate::{
    arns::{self, PrincipalArn},
    assuming::Assuming,
    door::{CallAsker, Principal, Resource, Target},
    entity::EntityKind,
    entity_arns::EntityArn,
    subject::{Given, GivenValues, Subject},
};

/// Condition keys that only a real request has. They can be given.
const UNKNOWN: [&str; 4] =
    ["aws:securetransport", "aws:sourceip", "aws:useragent", "aws:requestedregion"];

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The ARN of a user, a role, a session of a role, or root.
    pub principal: String,
    /// The action, as in `iam:GetUser`.
    pub action: String,
    /// The ARN of a resource, or `*`.
    pub resource: String,
    /// Condition keys of the request; one that is there several times has several values.
    pub context: Vec<(String, String)>,
    /// The time that the request is thought to be made at.
    pub now: Timestamp,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The ARN is not that of a user, a role, a session of a role, or root.
    #[error(
        "`{0}` is not the ARN of a user, of a role or a session of one, or of an account's root user"
    )]
    NoPrincipal(String),
    /// There is nobody with that ARN.
    #[error("there is no `{0}`")]
    UnknownPrincipal(String),
    /// The action does not have the form of one, or has wildcards.
    #[error("`{0}` is not an action, which is a service and a name, as in `iam:GetUser`")]
    NoAction(String),
    /// The resource is neither `*` nor an ARN.
    #[error("`{0}` is not the ARN of a resource, nor `*`")]
    NoResource(String),
    /// A stored policy cannot be read.
    #[error("a policy cannot be read: {0}")]
    Policy(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Tells why what is asked would be allowed or denied, by the policies in `snapshot`.
///
/// # Errors
/// An [`AskError`].
pub async fn explain(snapshot: &mut Snapshot, asked: &Asked) -> Result<Explanation, AskError> {
    check(asked)?;
    let subject = subject(snapshot, asked).await?;
    let resource = resource(snapshot, &subject, asked).await?;
    let owner = resource.owner(&subject.caller);
    let is_foreign = owner != subject.caller.account;
    let guard = resource.guard.as_ref();
    let notes = notes::of(asked, &subject.caller, &resource);
    if subject.caller.is_root() && guard.is_none() && !is_foreign {
        let explanation = Explanation::of_root(&subject.arn, &asked.action, &asked.resource);
        return Ok(Explanation { notes, ..explanation });
    }
    let (given, compiled) = (given(&asked.context), subject.compile().map_err(unreadable)?);
    let context = subject.context(&given, &resource, &UNKNOWN);
    let request = Request { action: &asked.action, resource: &resource.arn, context: &context };
    let question = Question {
        request,
        asker: &CallAsker::new(&subject.caller, guard),
        cross_account: is_foreign,
        policies: Policies {
            resource: guard.map(|guard| (guard.kind, &*guard.policy)),
            ..compiled.policies()
        },
    };
    let labels = |policy_type, id: &str| subject.label(policy_type, id);
    let explanation = Explanation::new(&question, &asked.principal, &labels);
    Ok(Explanation { notes, ..explanation })
}

fn check(asked: &Asked) -> Result<(), AskError> {
    let is_action = match asked.action.split_once(':') {
        Some((service, name)) => {
            let is_name = |text: &str| {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            is_name(service) && is_name(name)
        }
        None => false,
    };
    if !is_action {
        return Err(AskError::NoAction(asked.action.clone()));
    }
    // `arn:partition:service:region:account:resource`
    let is_arn = asked.resource.starts_with("arn:") && asked.resource.splitn(6, ':').count() == 6;
    if asked.resource != "*" && !is_arn {
        return Err(AskError::NoResource(asked.resource.clone()));
    }
    Ok(())
}

async fn subject(snapshot: &mut Snapshot, asked: &Asked) -> Result<Subject, AskError> {
    let arn = &asked.principal;
    let (named, session) = match PrincipalArn::parse(arn) {
        Some(PrincipalArn::Account { account }) => return root(snapshot, account, asked).await,
        Some(PrincipalArn::RoleSession { account, role, session }) => {
            (EntityArn::parse(&arns::role(account, "/", role)), session)
        }
        _ => (EntityArn::parse(arn), ""),
    };
    let named = named.ok_or_else(|| AskError::NoPrincipal(arn.clone()))?;
    let entity = named.find(snapshot, &named.account).await?;
    let entity = entity.ok_or_else(|| AskError::UnknownPrincipal(arn.clone()))?;
    let mut subject = Subject::load(snapshot, &entity, asked.now).await?;
    if subject.is_group {
        return Err(AskError::NoPrincipal(arn.clone()));
    }
    if let Principal::Role(role) = &mut subject.caller.principal {
        session.clone_into(&mut role.session_name);
        subject.begin_session(asked.now);
    }
    Ok(subject)
}

async fn root(snapshot: &mut Snapshot, account: &str, asked: &Asked) -> Result<Subject, AskError> {
    const SQL: &str = "SELECT 1 FROM accounts WHERE id = $1";
    match snapshot.row(SQL, params![account], |_| Ok(())).await? {
        Some(()) => Ok(Subject::root(account, asked.now)),
        None => Err(AskError::UnknownPrincipal(asked.principal.clone())),
    }
}

/// The resource with its tags, if IAM keeps them, and its owner; a role that is to be assumed with its
/// trust policy.
async fn resource(
    snapshot: &mut Snapshot,
    subject: &Subject,
    asked: &Asked,
) -> Result<Resource, AskError> {
    let (arn, caller) = (&asked.resource, &subject.caller);
    let resource = match EntityArn::parse(arn) {
        Some(named) if named.kind == EntityKind::Role && is_of_sts(&asked.action) => {
            Assuming::new(arn, Resource::default()).resolve(snapshot, caller).await
        }
        Some(named) => named.resolve(snapshot, caller).await,
        None => Ok(Resource::arn(arn)),
    };
    let resource = resource.map_err(unreadable)?;
    Ok(match arns::account(arn) {
        Some(owner) if owner != caller.account => resource.owned_by(owner),
        _ => resource,
    })
}

fn is_of_sts(action: &str) -> bool {
    action.split_once(':').is_some_and(|(service, _)| service.eq_ignore_ascii_case("sts"))
}

fn given(context: &[(String, String)]) -> Given {
    let mut given = Given::default();
    for (key, value) in context {
        let entry = given.0.entry(key.to_lowercase());
        entry
            .and_modify(|known| match known {
                GivenValues::One(first) => {
                    *known = GivenValues::Many(vec![first.clone(), value.clone()]);
                }
                GivenValues::Many(values) => values.push(value.clone()),
            })
            .or_insert_with(|| GivenValues::One(value.clone()));
    }
    given
}

fn unreadable(error: wire::Error) -> AskError {
    let cause = error.source().map_or_else(|| error.message().to_owned(), ToString::to_string);
    AskError::Policy(cause)
}
