//! The caller, as the principals of trust and resource policies name it.

use policy::{Asker, Named, Nature, PrincipalKind, names_account};

use super::{Caller, FederatedUser, Principal, target::Guard};
use crate::arns;

/// A caller, held against a policy whose ARNs may be bound to what they meant when it was stored.
pub(crate) struct CallAsker<'a> {
    caller: &'a Caller,
    bindings: Option<&'a [(String, String)]>,
}

impl<'a> CallAsker<'a> {
    pub(crate) fn new(caller: &'a Caller, guard: Option<&'a Guard>) -> Self {
        let bindings = guard.and_then(|guard| guard.bindings.as_deref());
        Self { caller, bindings }
    }

    /// How a principal of the kind `AWS` names the caller.
    fn named(&self, value: &str) -> Option<Named> {
        if value == "*" {
            return Some(Named::Anyone);
        }
        if !self.nature().names().contains(&Named::Account) {
            return None;
        }
        if names_account(value, &self.caller.account) {
            return Some(Named::Account);
        }
        match self.bindings {
            None => self.by_arn(value),
            Some(bindings) => match bindings.iter().find(|(written, _)| written == value) {
                Some((_, id)) => self.by_id(&meant(value, id)),
                // What is bound to nothing is an id already, or a federated user, whom only a name tells.
                None => self.by_id(value).or_else(|| self.federated(value)),
            },
        }
    }

    fn by_arn(&self, arn: &str) -> Option<Named> {
        let (caller, account) = (self.caller, &self.caller.account);
        if caller.arn() == arn {
            return Some(Named::Itself);
        }
        match &caller.principal {
            Principal::Role(_) => (caller.principal_arn() == arn).then_some(Named::Role),
            Principal::Federated(FederatedUser { issuer: Some(user), .. }) => {
                (arns::user(account, &user.path, &user.name) == arn).then_some(Named::Issuer)
            }
            _ => None,
        }
    }

    fn by_id(&self, id: &str) -> Option<Named> {
        let caller = self.caller;
        match &caller.principal {
            Principal::User { id: own, .. } => (own == id).then_some(Named::Itself),
            Principal::Role(role) if role.role_id == id => Some(Named::Role),
            Principal::Role(_) => (caller.user_id() == id).then_some(Named::Itself),
            Principal::Federated(FederatedUser { issuer: Some(user), .. }) => {
                (user.id == id).then_some(Named::Issuer)
            }
            _ => None,
        }
    }

    fn federated(&self, arn: &str) -> Option<Named> {
        let is_federated = matches!(self.caller.principal, Principal::Federated(_));
        (is_federated && self.caller.arn() == arn).then_some(Named::Itself)
    }
}

/// The id that a bound ARN stands for: of a role's session with the session's name.
fn meant(arn: &str, id: &str) -> String {
    match arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, session)) => format!("{id}:{session}"),
        None => id.to_owned(),
    }
}

impl Asker for CallAsker<'_> {
    fn nature(&self) -> Nature {
        match &self.caller.principal {
            Principal::Root => Nature::Root,
            Principal::User { .. } => Nature::User,
            Principal::Role(_) => Nature::RoleSession,
            Principal::Federated(_) => Nature::FederatedUser,
            Principal::Web(_) => Nature::WebIdentity,
            Principal::Anonymous => Nature::Anonymous,
        }
    }

    fn named_by(&self, kind: PrincipalKind, value: &str) -> Option<Named> {
        match (kind, &self.caller.principal) {
            (PrincipalKind::Aws, _) => self.named(value),
            (PrincipalKind::Federated, Principal::Web(identity)) => {
                (identity.provider == value).then_some(Named::Itself)
            }
            _ => None,
        }
    }

    fn names(&self) -> &[Named] {
        match &self.caller.principal {
            Principal::Federated(FederatedUser { issuer: None, .. }) => {
                &[Named::Itself, Named::Account]
            }
            _ => self.nature().names(),
        }
    }
}
