//! What services of this house may do with the roles that customers gave them.
//!
//! A service that does something for a customer outside a call (it writes a log, it fetches an object) acts with a
//! role of the customer, as AWS's services do: the role must trust it, and the role's policies must allow what is
//! done. Both are decided each time, on what stands in the store at that moment.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
};

use policy::{ArnAsker, Policies, Question, Request, ResourceKind};
use store::{Snapshot, params};
use world::Timestamp;

use super::{
    Caller, Principal, RequestFacts, Resource, RoleSession,
    context::CallContext,
    permissions::{PermissionCache, Permissions, Standing},
};
use crate::{
    arns, tags,
    trust::{self, Trust},
};

/// Roles that are remembered at most; past it the memory starts anew.
const ROLES_MAX: usize = 10_000;

/// The name of the sessions in which services act.
const SESSION_NAME: &str = "service";

/// A service that is about to act.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// Its principal, such as `events.workmail.amazonaws.com`.
    pub service: &'a str,
    /// The role that it was given.
    pub role_arn: &'a str,
    /// For whose sake it acts: the ARN of a resource (`aws:SourceArn`).
    pub source_arn: &'a str,
    /// The region of that resource.
    pub region: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What is known of the roles that services act with: good for as long as the epoch of their account stands still.
#[derive(Default)]
pub struct ServiceRoles {
    permissions: PermissionCache,
    roles: Mutex<HashMap<String, (i64, Arc<Role>)>>,
}

/// A role.
struct Role {
    trust: Trust,
    permissions: Arc<Permissions>,
}

/// A role in which a service is, at one moment.
pub struct InRole {
    caller: Caller,
    role: Arc<Role>,
}

impl ServiceRoles {
    /// Puts a service into its role. None if there is no such role, if it does not trust the service, or if what
    /// is stored of it is not understood.
    ///
    /// What `snapshot` shows of IAM must be committed: give no transaction that has changed any of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn assume(
        &self,
        snapshot: &mut Snapshot,
        actor: &Actor<'_>,
    ) -> Result<Option<InRole>, store::Error> {
        let role = match self.role(snapshot, actor.role_arn).await {
            Ok(role) => role,
            Err(error) => return not_understood(actor, error),
        };
        let Some(role) = role.filter(|role| does_trust(&role.trust, actor)) else {
            return Ok(None);
        };
        let session = RoleSession {
            role_id: role.trust.id.clone(),
            role_name: role.trust.name.clone(),
            role_path: role.trust.path.clone(),
            session_name: SESSION_NAME.to_owned(),
        };
        let account = role.trust.account.clone();
        let caller = caller(actor, Principal::Role(session), account);
        Ok(Some(InRole { caller, role }))
    }

    async fn role(
        &self,
        snapshot: &mut Snapshot,
        role_arn: &str,
    ) -> Result<Option<Arc<Role>>, wire::Error> {
        let Some(account) = arns::account(role_arn) else { return Ok(None) };
        let Some(epoch) = epoch(snapshot, account).await? else { return Ok(None) };
        let lock = || self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, role)) = lock().get(role_arn)
            && *known == epoch
        {
            return Ok(Some(Arc::clone(role)));
        }
        let Some(trust) = trust::load(snapshot, role_arn).await? else { return Ok(None) };
        let at = (epoch, Standing::Committed);
        let permissions = self.permissions.entity(snapshot, at, account, &trust.id).await?;
        let role = Arc::new(Role { trust, permissions });
        let mut roles = lock();
        if roles.len() >= ROLES_MAX {
            roles.clear();
        }
        roles.insert(role_arn.to_owned(), (epoch, Arc::clone(&role)));
        Ok(Some(role))
    }
}

impl InRole {
    /// Whether the role's policies allow `action` on a resource of its account.
    pub fn may(&self, action: &str, resource: &Resource) -> bool {
        let Permissions { identity, boundary, tags } = &*self.role.permissions;
        let context = CallContext::new(&self.caller, tags, resource);
        let asker = super::CallAsker::new(&self.caller, None);
        let question = Question {
            request: Request { action, resource: &resource.arn, context: &context },
            asker: &asker,
            cross_account: false,
            policies: Policies {
                identity: Some(identity),
                boundary: boundary.as_ref(),
                ..Policies::default()
            },
        };
        policy::evaluate(&question).is_allowed()
    }
}

/// Whether a role trusts a service to act with it; none if there is no such role. Also good in a transaction that
/// has changed it.
///
/// # Errors
/// The store's, or that the stored trust policy is not understood any more.
pub async fn trusts(
    snapshot: &mut Snapshot,
    actor: &Actor<'_>,
) -> Result<Option<bool>, wire::Error> {
    let trust = trust::load(snapshot, actor.role_arn).await?;
    Ok(trust.map(|trust| does_trust(&trust, actor)))
}

/// What trust policies ask for so that nobody else's resource is served (IAM User Guide, "The confused deputy
/// problem") is told as conditions.
fn does_trust(trust: &Trust, actor: &Actor<'_>) -> bool {
    const ACTION: &str = "sts:AssumeRole";
    let resource = Resource::arn(actor.role_arn)
        .with("aws:SourceArn", actor.source_arn)
        .with("aws:SourceAccount", arns::account(actor.source_arn).unwrap_or_default())
        .with("aws:PrincipalIsAWSService", "true")
        .with("aws:PrincipalServiceName", actor.service);
    let caller = caller(actor, Principal::Anonymous, String::new());
    let no_tags = tags::Pairs::new();
    let context = CallContext::new(&caller, &no_tags, &resource);
    let question = Question {
        request: Request { action: ACTION, resource: actor.role_arn, context: &context },
        asker: &ArnAsker::service([actor.service]),
        cross_account: false,
        policies: Policies {
            resource: Some((ResourceKind::RoleTrust, &trust.policy)),
            ..Policies::default()
        },
    };
    policy::evaluate(&question).is_allowed()
}

/// The service as one who calls: from this very host.
fn caller(actor: &Actor<'_>, principal: Principal, account: String) -> Caller {
    Caller {
        principal,
        account,
        session: None,
        access_key_id: String::new(),
        request: RequestFacts {
            request_id: String::new(),
            region: actor.region.to_owned(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: actor.service.to_owned(),
            secure_transport: true,
            now: actor.now,
        },
    }
}

/// A failure of the store must be told on, for the transaction is over; a policy that is not understood allows
/// nothing.
fn not_understood(actor: &Actor<'_>, error: wire::Error) -> Result<Option<InRole>, store::Error> {
    if let Some(error) = error.source_ref::<store::Error>() {
        return Err(error.clone());
    }
    tracing::warn!(role = actor.role_arn, %error, "a role is not understood");
    Ok(None)
}

async fn epoch(snapshot: &mut Snapshot, account: &str) -> Result<Option<i64>, store::Error> {
    const SQL: &str = "SELECT policy_epoch FROM accounts WHERE id = $1";
    snapshot.row(SQL, params![account], |row| row.get(0)).await
}
