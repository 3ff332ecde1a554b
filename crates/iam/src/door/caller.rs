//! Who calls, and from where.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use world::Timestamp;

use crate::arns;

/// The principal of a call with the facts of its request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who calls.
    pub principal: Principal,
    /// The account that the principal belongs to: 12 digits; empty for who is in none.
    pub account: String,
    /// Set when the call was signed with temporary credentials.
    pub session: Option<SessionFacts>,
    /// The access key that signed the call; empty for an unsigned one.
    pub access_key_id: String,
    /// What the request itself told.
    pub request: RequestFacts,
}

/// Who can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user, whom nothing in IAM limits.
    Root,
    /// An IAM user.
    User {
        /// `AIDA..`, never reused.
        id: String,
        /// The friendly name.
        name: String,
        /// The path, `/` or `/../`.
        path: String,
    },
    /// Somebody who has assumed a role.
    Role(RoleSession),
    /// Whom a user, or root, vouched for with `GetFederationToken`.
    Federated(FederatedUser),
    /// Whom an identity provider vouched for: only while they assume a role.
    Web(WebIdentity),
    /// Nobody that is known: an operation that needs no signature.
    Anonymous,
}

/// A role, and the name of the session in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSession {
    /// `AROA..`, never reused.
    pub role_id: String,
    /// The friendly name of the role.
    pub role_name: String,
    /// The role's path, which the session's ARN leaves out.
    pub role_path: String,
    /// The name that was given when the role was assumed.
    pub session_name: String,
}

/// A federated user: a name, and who vouched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedUser {
    /// The name.
    pub name: String,
    /// The user whose permissions it shares; none for root.
    pub issuer: Option<Issuer>,
}

/// The IAM user who vouched for a federated user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// `AIDA..`
    pub id: String,
    /// The friendly name.
    pub name: String,
    /// The path.
    pub path: String,
}

/// Somebody whom an identity provider named, in a token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The ARN of the provider.
    pub provider: String,
    /// How events name the person: `<provider>:<audience>:<subject>`.
    pub user_id: String,
    /// The provider's own name for the person.
    pub user_name: String,
    /// Whether it was SAML, not OpenID Connect.
    pub saml: bool,
}

/// What is known of temporary credentials.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// When the credentials were issued (`aws:TokenIssueTime`).
    pub issued_at: Timestamp,
    /// When they expire.
    pub expires_at: Timestamp,
    /// When a second factor was proved, if one was (`aws:MultiFactorAuthAge`).
    pub mfa_at: Option<Timestamp>,
    /// How they were come by.
    pub origin: Origin,
    /// What was said when they were made.
    pub scope: Arc<SessionScope>,
}

/// How temporary credentials were come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// By `GetSessionToken`, `GetFederationToken` or by assuming a role.
    #[default]
    Sts,
    /// By signing in with a password.
    SignIn,
}

/// What a session was given when it was made, and cannot change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionScope {
    /// A policy that limits the session: its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// ARNs of managed policies that limit it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
    /// Session tags, which outweigh those of the role or user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that go on to roles assumed from this session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitive_tag_keys: Vec<String>,
    /// Who stands behind it (`aws:SourceIdentity`); goes on to roles assumed from this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The identity provider that vouched (`aws:FederatedProvider`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

impl SessionScope {
    /// Whether session policies limit the session.
    pub fn is_limited(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }
}

/// What the request told of itself.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// A UUID that names the request in its answer and its event record.
    pub request_id: String,
    /// The region of the credential scope.
    pub region: String,
    /// The peer's address.
    pub source_ip: IpAddr,
    /// The `User-Agent` header; empty when absent.
    pub user_agent: String,
    /// Whether the request came by TLS.
    pub secure_transport: bool,
    /// The time that the whole call works with.
    pub now: Timestamp,
}

impl Caller {
    /// A caller that nothing vouches for.
    pub fn anonymous(request: RequestFacts) -> Self {
        Self {
            principal: Principal::Anonymous,
            account: String::new(),
            session: None,
            access_key_id: String::new(),
            request,
        }
    }

    /// The caller's ARN, as `GetCallerIdentity` and denials show it. Who has none is called by another name.
    pub fn arn(&self) -> String {
        let account = &self.account;
        match &self.principal {
            Principal::Root => arns::root(account),
            Principal::User { name, path, .. } => arns::user(account, path, name),
            Principal::Role(role) => {
                arns::assumed_role(account, &role.role_name, &role.session_name)
            }
            Principal::Federated(user) => arns::federated_user(account, &user.name),
            Principal::Web(identity) => identity.user_id.clone(),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// What conditions compare with `aws:PrincipalArn`: of a role session the role itself.
    pub fn principal_arn(&self) -> String {
        match &self.principal {
            Principal::Role(role) => arns::role(&self.account, &role.role_path, &role.role_name),
            _ => self.arn(),
        }
    }

    /// The unique id (`aws:userid`): the account id for root, `AIDA..` for a user, `AROA..:session` for a
    /// role session, `account:name` for a federated user.
    pub fn user_id(&self) -> Cow<'_, str> {
        match &self.principal {
            Principal::Root => (&*self.account).into(),
            Principal::User { id, .. } => id.into(),
            Principal::Role(role) => format!("{}:{}", role.role_id, role.session_name).into(),
            Principal::Federated(user) => format!("{}:{}", self.account, user.name).into(),
            Principal::Web(identity) => (&*identity.user_id).into(),
            Principal::Anonymous => "anonymous".into(),
        }
    }

    /// The id of the user or role whose policies the caller has: `AIDA..` or `AROA..`.
    pub fn entity_id(&self) -> Option<&str> {
        match &self.principal {
            Principal::User { id, .. } => Some(id),
            Principal::Role(role) => Some(&role.role_id),
            Principal::Federated(user) => Some(&user.issuer.as_ref()?.id),
            Principal::Root | Principal::Web(_) | Principal::Anonymous => None,
        }
    }

    /// The name of the IAM user; none for everybody else.
    pub fn user_name(&self) -> Option<&str> {
        match &self.principal {
            Principal::User { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether this is the account's root user.
    pub fn is_root(&self) -> bool {
        self.principal == Principal::Root
    }

    /// What the session was given when it was made, if this is one.
    pub fn scope(&self) -> Option<&SessionScope> {
        self.session.as_ref().map(|session| &*session.scope)
    }

    /// The region of the credential scope.
    pub fn region(&self) -> &str {
        &self.request.region
    }
}
