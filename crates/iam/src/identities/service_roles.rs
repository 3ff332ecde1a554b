//! Roles that a service works with: whether it may take one on, and what the role may then do.
//!
//! A service of this house does the work itself. It asks here first, so that the role's trust policy and the
//! role's permissions are obeyed as if it had assumed the role.

use std::borrow::Cow;

use policy::{ArnAsker, Context, Request, Values};
use store::Snapshot;
use world::Timestamp;

use crate::{
    explain::{
        Ruling,
        ask::{self, AskError, Asked},
    },
    trust,
};

/// A service, and on whose behalf it works (IAM User Guide, "The confused deputy problem").
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// Its principal, such as `export.workmail.amazonaws.com`.
    pub principal: &'a str,
    /// The account of the resource that it works for.
    pub source_account: &'a str,
    /// The ARN of that resource.
    pub source_arn: &'a str,
}

/// Something that a role shall be allowed to do.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// The action.
    pub action: &'a str,
    /// The ARN of the resource.
    pub resource: &'a str,
    /// Condition keys of the request.
    pub context: &'a [(&'a str, &'a str)],
}

impl Service<'_> {
    /// Whether the trust policy of the role lets the service assume it. A role that does not exist lets nobody.
    ///
    /// # Errors
    /// The store's, or that the stored trust policy is not understood any more.
    pub async fn may_assume(
        &self,
        snapshot: &mut Snapshot,
        role_arn: &str,
    ) -> Result<bool, wire::Error> {
        let Some(trust) = trust::load(snapshot, role_arn).await? else { return Ok(false) };
        if trust.linked_service.as_deref().is_some_and(|service| service != self.principal) {
            return Ok(false);
        }
        let request = Request { action: "sts:AssumeRole", resource: role_arn, context: self };
        Ok(trust.policy.decide(&request, &ArnAsker::service([self.principal])).is_allowed())
    }
}

impl Context for Service<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        let value = match key {
            "aws:sourceaccount" => self.source_account,
            "aws:sourcearn" => self.source_arn,
            "aws:principalisawsservice" => "true",
            "aws:principalservicename" => self.principal,
            _ => return None,
        };
        Some(Values::One(Cow::Borrowed(value)))
    }
}

/// Whether the policies of a role, which exists, allow it to do something at the time `now`.
///
/// # Errors
/// The store's, or that a stored policy is not understood any more.
pub async fn may_do(
    snapshot: &mut Snapshot,
    role_arn: &str,
    deed: &Deed<'_>,
    now: Timestamp,
) -> Result<bool, wire::Error> {
    let asked = Asked {
        principal: role_arn.to_owned(),
        action: deed.action.to_owned(),
        resource: deed.resource.to_owned(),
        context: deed.context.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        now,
    };
    match ask::explain(snapshot, &asked).await {
        Ok(explanation) => Ok(explanation.decision == Ruling::Allowed),
        // Bare, so that the dispatcher sees a conflict as such.
        Err(AskError::Store(error)) => Err(error.into()),
        Err(error) => Err(error.into()),
    }
}
