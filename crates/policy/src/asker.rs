//! Who asks, as the principals of trust and resource policies name it.
//!
//! IAM User Guide, "AWS JSON policy elements: Principal". A policy names with unequal strength: what is
//! granted to the asker itself needs nothing else, what is granted to its account still needs the
//! account's own policies. So the answer to "does this name the asker?" is how it does.

use crate::document::PrincipalKind;

/// Whoever makes the request.
///
/// The values of principals are compared here and nowhere else, so that an implementation can hold a
/// value against what it meant when the policy was stored: a user who was deleted and made anew has the
/// same ARN and is someone else.
pub trait Asker {
    /// What kind of asker it is.
    fn nature(&self) -> Nature;

    /// How `value`, which stands under `kind` in a policy, names the asker; nothing if it does not.
    ///
    /// `*` under `AWS` names everyone, also who has no credentials.
    fn named_by(&self, kind: PrincipalKind, value: &str) -> Option<Named>;

    /// All ways in which a policy can name the asker, [`Named::Anyone`] aside: what a `NotPrincipal` that
    /// denies must list to spare it.
    fn names(&self) -> &[Named] {
        self.nature().names()
    }
}

/// The kinds of asker, which different policies bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// The root user of an account: no identity policy counts.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    RoleSession,
    /// A session of `GetFederationToken`: without a session policy it may do nothing.
    FederatedUser,
    /// A service acting by itself: only resource policies count.
    Service,
    /// Someone whom a provider of identities vouches for, about to assume a role: only the trust policy
    /// counts.
    WebIdentity,
    /// Nobody known: only resource policies for everyone count.
    Anonymous,
}

impl Nature {
    /// All ways in which a policy can name such an asker.
    #[must_use]
    pub fn names(self) -> &'static [Named] {
        match self {
            Self::Root => &[Named::Account],
            Self::User => &[Named::Itself, Named::Account],
            Self::RoleSession => &[Named::Itself, Named::Role, Named::Account],
            Self::FederatedUser => &[Named::Itself, Named::Issuer, Named::Account],
            Self::Service | Self::WebIdentity => &[Named::Itself],
            Self::Anonymous => &[],
        }
    }

    /// Whether it belongs to an account, whose policies bind it.
    pub(crate) fn has_account(self) -> bool {
        match self {
            Self::Root | Self::User | Self::RoleSession | Self::FederatedUser => true,
            Self::Service | Self::WebIdentity | Self::Anonymous => false,
        }
    }
}

/// How a principal names an asker, the weaker before the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// By its account, which may pass on what it is granted.
    Account,
    /// A federated session by the user who issued it.
    Issuer,
    /// A role's session by the role.
    Role,
    /// As one of everybody.
    Anyone,
    /// As itself: the user, the session, the service, the provider.
    Itself,
}

/// Whether `value` of a principal is the account: its id, or the ARN of its root.
#[must_use]
pub fn names_account(value: &str, account: &str) -> bool {
    let root = value.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
    !account.is_empty() && root.unwrap_or(value) == account
}

/// An asker who is known by ARNs alone.
#[derive(Clone, Debug)]
pub struct ArnAsker {
    nature: Nature,
    account: Box<str>,
    /// The names that mean itself.
    itself: Box<[Box<str>]>,
    /// The ARN of a session's role or issuer.
    behind: Option<Box<str>>,
    names: &'static [Named],
}

impl ArnAsker {
    /// The root user of an account.
    #[must_use]
    pub fn root(account: &str) -> Self {
        Self::new(Nature::Root, account, None, None)
    }

    /// An IAM user.
    #[must_use]
    pub fn user(arn: &str) -> Self {
        Self::new(Nature::User, account(arn), Some(arn), None)
    }

    /// A role, whichever its session.
    #[must_use]
    pub fn role(role_arn: &str) -> Self {
        let names = &[Named::Role, Named::Account];
        Self { names, ..Self::new(Nature::RoleSession, account(role_arn), None, Some(role_arn)) }
    }

    /// A session of a role.
    #[must_use]
    pub fn role_session(session_arn: &str, role_arn: &str) -> Self {
        let account = account(session_arn);
        Self::new(Nature::RoleSession, account, Some(session_arn), Some(role_arn))
    }

    /// A session of `GetFederationToken`; no `issuer_arn` if the root user issued it.
    #[must_use]
    pub fn federated_user(arn: &str, issuer_arn: Option<&str>) -> Self {
        let asker = Self::new(Nature::FederatedUser, account(arn), Some(arn), issuer_arn);
        match issuer_arn {
            Some(_) => asker,
            None => Self { names: &[Named::Itself, Named::Account], ..asker },
        }
    }

    /// A service, by any of its names.
    #[must_use]
    pub fn service<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            itself: names.into_iter().map(Into::into).collect(),
            ..Self::outside(Nature::Service)
        }
    }

    /// Someone whom a provider of identities vouches for: its ARN, or its domain.
    #[must_use]
    pub fn web_identity(provider: &str) -> Self {
        Self { itself: Box::new([provider.into()]), ..Self::outside(Nature::WebIdentity) }
    }

    /// Nobody known.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::outside(Nature::Anonymous)
    }

    /// The root user, user, role, role session or federated user whose ARN this is; nothing if it is none.
    /// Of a session's role only the name is known, so its path is taken to be `/`.
    #[must_use]
    pub fn of(arn: &str) -> Option<Self> {
        let [partition, service, "", account, name] = crate::resource::parts(arn)? else {
            return None;
        };
        if name == "root" && service == "iam" {
            return Some(Self::root(account));
        }
        match (service, name.split_once('/')?) {
            ("iam", ("user", _)) => Some(Self::user(arn)),
            ("iam", ("role", _)) => Some(Self::role(arn)),
            ("sts", ("assumed-role", rest)) => {
                let (role, _) = rest.split_once('/')?;
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Some(Self::role_session(arn, &role_arn))
            }
            ("sts", ("federated-user", _)) => Some(Self::federated_user(arn, None)),
            _ => None,
        }
    }

    fn new(nature: Nature, account: &str, itself: Option<&str>, behind: Option<&str>) -> Self {
        Self {
            nature,
            account: account.into(),
            itself: itself.into_iter().map(Into::into).collect(),
            behind: behind.map(Into::into),
            names: nature.names(),
        }
    }

    fn outside(nature: Nature) -> Self {
        Self::new(nature, "", None, None)
    }
}

fn account(arn: &str) -> &str {
    crate::resource::parts(arn).map_or("", |[_, _, _, account, _]| account)
}

impl Asker for ArnAsker {
    fn nature(&self) -> Nature {
        self.nature
    }

    fn named_by(&self, kind: PrincipalKind, value: &str) -> Option<Named> {
        let is_itself = || self.itself.iter().any(|name| **name == *value);
        match (kind, self.nature) {
            (PrincipalKind::Aws, _) if value == "*" => Some(Named::Anyone),
            (PrincipalKind::Aws, nature) if nature.has_account() => {
                if is_itself() {
                    Some(Named::Itself)
                } else if self.behind.as_deref() == Some(value) {
                    let by_role = nature == Nature::RoleSession;
                    Some(if by_role { Named::Role } else { Named::Issuer })
                } else {
                    names_account(value, &self.account).then_some(Named::Account)
                }
            }
            (PrincipalKind::Service, Nature::Service)
            | (PrincipalKind::Federated, Nature::WebIdentity) => {
                is_itself().then_some(Named::Itself)
            }
            _ => None,
        }
    }

    fn names(&self) -> &[Named] {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn names(asker: &ArnAsker, value: &str) -> Option<Named> {
        asker.named_by(PrincipalKind::Aws, value)
    }

    #[test]
    fn every_nature_is_named_in_its_ways() {
        let root = "arn:aws:iam::111122223333:root";
        let user = "arn:aws:iam::111122223333:user/a/anna";
        let role = "arn:aws:iam::111122223333:role/r";
        let session = "arn:aws:sts::111122223333:assumed-role/r/s";
        let federated = "arn:aws:sts::111122223333:federated-user/f";
        for (asker, value, expected) in [
            (ArnAsker::root(ACCOUNT), root, Some(Named::Account)),
            (ArnAsker::user(user), user, Some(Named::Itself)),
            (ArnAsker::user(user), ACCOUNT, Some(Named::Account)),
            (ArnAsker::user(user), root, Some(Named::Account)),
            (ArnAsker::user(user), "444455556666", None),
            (ArnAsker::user(user), "arn:aws:iam::111122223333:user/anna", None),
            (ArnAsker::role_session(session, role), session, Some(Named::Itself)),
            (ArnAsker::role_session(session, role), role, Some(Named::Role)),
            (ArnAsker::federated_user(federated, Some(user)), user, Some(Named::Issuer)),
            (ArnAsker::federated_user(federated, None), root, Some(Named::Account)),
            (ArnAsker::anonymous(), "*", Some(Named::Anyone)),
            (ArnAsker::anonymous(), "", None),
            (ArnAsker::anonymous(), "arn:aws:iam:::root", None),
        ] {
            assert_eq!(names(&asker, value), expected, "{asker:?} {value}");
        }
        let service = ArnAsker::service(["a.amazonaws.com", "b.amazonaws.com"]);
        let named = |kind| service.named_by(kind, "b.amazonaws.com");
        assert_eq!(named(PrincipalKind::Service), Some(Named::Itself));
        assert_eq!(named(PrincipalKind::Federated), None);
    }

    #[test]
    fn an_arn_tells_who_asks() {
        let nature = |arn| ArnAsker::of(arn).map(|asker| asker.nature());
        assert_eq!(nature("arn:aws:iam::1:root"), Some(Nature::Root));
        assert_eq!(nature("arn:aws:iam::1:user/a"), Some(Nature::User));
        assert_eq!(nature("arn:aws:iam::1:role/a"), Some(Nature::RoleSession));
        assert_eq!(nature("arn:aws:sts::1:federated-user/a"), Some(Nature::FederatedUser));
        assert_eq!(nature("arn:aws:iam::1:group/a"), None);
        let session = ArnAsker::of("arn:aws:sts::1:assumed-role/r/s").unwrap();
        assert_eq!(names(&session, "arn:aws:iam::1:role/r"), Some(Named::Role));
    }
}
