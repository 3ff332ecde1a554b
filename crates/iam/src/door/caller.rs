//! Who calls, and from where.

use std::net::IpAddr;

use world::Timestamp;

/// The principal of a call with the facts of its request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who calls.
    pub principal: Principal,
    /// The account that the principal belongs to: 12 digits.
    pub account: String,
    /// Set when the call was signed with temporary credentials.
    pub session: Option<SessionFacts>,
    /// The access key that signed the call.
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
}

/// What is known of temporary credentials.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// When the credentials were issued (`aws:TokenIssueTime`).
    pub issued_at: Timestamp,
    /// When a second factor was proved, if one was (`aws:MultiFactorAuthAge`).
    pub mfa_at: Option<Timestamp>,
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
    /// The caller's ARN, as `GetCallerIdentity` and denials show it.
    pub fn arn(&self) -> String {
        let account = &self.account;
        match &self.principal {
            Principal::Root => format!("arn:aws:iam::{account}:root"),
            Principal::User { name, path, .. } => {
                format!("arn:aws:iam::{account}:user{path}{name}")
            }
        }
    }

    /// The unique id (`aws:userid`): the account id for root, `AIDA..` for a user.
    pub fn user_id(&self) -> &str {
        match &self.principal {
            Principal::Root => &self.account,
            Principal::User { id, .. } => id,
        }
    }

    /// The name of the IAM user; none for root.
    pub fn user_name(&self) -> Option<&str> {
        match &self.principal {
            Principal::Root => None,
            Principal::User { name, .. } => Some(name),
        }
    }

    /// Whether this is the account's root user.
    pub fn is_root(&self) -> bool {
        self.principal == Principal::Root
    }

    /// The region of the credential scope.
    pub fn region(&self) -> &str {
        &self.request.region
    }
}
