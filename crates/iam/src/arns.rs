//! Amazon resource names of IAM: made from their parts, and taken apart again.

/// The account part of the ARNs of AWS's own policies.
const AWS: &str = "aws";

/// The ARN of a user.
pub fn user(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user{path}{name}")
}

/// The ARN of a group.
pub fn group(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:group{path}{name}")
}

/// The ARN of a role.
pub fn role(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role{path}{name}")
}

/// The ARN of an instance profile.
pub fn instance_profile(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:instance-profile{path}{name}")
}

/// The ARN of a session of a role; the role's path is not in it.
pub fn assumed_role(account: &str, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

/// The ARN of a federated user.
pub fn federated_user(account: &str, name: &str) -> String {
    format!("arn:aws:sts::{account}:federated-user/{name}")
}

/// The account that owns what `arn` names: its fifth part, if that is an account.
pub fn account(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// The ARN of a customer's managed policy.
pub fn policy(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:policy{path}{name}")
}

/// The ARN of a FIDO key, which is its serial number; `holder` is `user/..` or `root`.
pub fn fido(account: &str, holder: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:u2f/{holder}/{name}")
}

/// The ARN of a server certificate.
pub fn server_certificate(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:server-certificate{path}{name}")
}

/// The ARN of a virtual MFA device, which is its serial number.
pub fn mfa(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:mfa{path}{name}")
}

/// The ARN of the account itself, which stands for its root user too.
pub fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// A managed policy's ARN, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyArn<'a> {
    /// The account that owns it; none for AWS's own.
    pub account: Option<&'a str>,
    /// The path, `/` or `/../`.
    pub path: &'a str,
    /// The friendly name.
    pub name: &'a str,
}

impl<'a> PolicyArn<'a> {
    /// The parts of `arn`, if it has the form of a policy's.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let (account, rest) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
        let full = rest.strip_prefix("policy")?;
        let (path, name) = full.split_at(full.rfind('/')? + 1);
        let account = (account != AWS).then_some(account);
        (path.starts_with('/') && !name.is_empty()).then_some(Self { account, path, name })
    }
}

/// The ARN of one who can act, taken apart, as principals of policies name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalArn<'a> {
    /// The account itself: `root`.
    Account {
        /// Its id.
        account: &'a str,
    },
    /// A user.
    User {
        /// The account that owns it.
        account: &'a str,
        /// The path, `/` or `/../`.
        path: &'a str,
        /// The friendly name.
        name: &'a str,
    },
    /// A role.
    Role {
        /// The account that owns it.
        account: &'a str,
        /// The path, `/` or `/../`.
        path: &'a str,
        /// The friendly name.
        name: &'a str,
    },
    /// A session of a role.
    RoleSession {
        /// The account that owns the role.
        account: &'a str,
        /// The role's friendly name.
        role: &'a str,
        /// The session's name.
        session: &'a str,
    },
    /// A federated user.
    FederatedUser {
        /// The account that it was made in.
        account: &'a str,
        /// Its name.
        name: &'a str,
    },
}

impl<'a> PrincipalArn<'a> {
    /// The parts of `arn`, if it has one of these forms.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let (service, rest) = arn.strip_prefix("arn:aws:")?.split_once("::")?;
        let (account, resource) = rest.split_once(':')?;
        if (service, resource) == ("iam", "root") {
            return Some(Self::Account { account });
        }
        let (family, rest) = resource.split_at(resource.find('/')?);
        let (path, name) = rest.split_at(rest.rfind('/')? + 1);
        if name.is_empty() {
            return None;
        }
        match (service, family) {
            ("iam", "user") => Some(Self::User { account, path, name }),
            ("iam", "role") => Some(Self::Role { account, path, name }),
            ("sts", "federated-user") if path == "/" => Some(Self::FederatedUser { account, name }),
            ("sts", "assumed-role") => {
                let role = path.strip_prefix('/')?.strip_suffix('/')?;
                let simple = !role.is_empty() && !role.contains('/');
                simple.then_some(Self::RoleSession { account, role, session: name })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_a_policy_arn_apart() {
        let parts = PolicyArn::parse("arn:aws:iam::123456789012:policy/a/b/N");
        let expected = PolicyArn { account: Some("123456789012"), path: "/a/b/", name: "N" };
        assert_eq!(parts, Some(expected));
        let own = PolicyArn::parse("arn:aws:iam::aws:policy/AdministratorAccess");
        assert_eq!(own.map(|own| (own.account, own.path)), Some((None, "/")));
    }

    #[test]
    fn refuses_what_names_no_policy() {
        for arn in ["", "arn:aws:iam::1:policy", "arn:aws:iam::1:policy/", "arn:aws:iam::1:user/x"]
        {
            assert_eq!(PolicyArn::parse(arn), None, "{arn}");
        }
    }

    #[test]
    fn takes_the_arns_of_principals_apart() {
        use PrincipalArn as P;
        let account = "123456789012";
        let expected = [
            (":iam::123456789012:root", P::Account { account }),
            (":iam::123456789012:user/a/b/n", P::User { account, path: "/a/b/", name: "n" }),
            (":iam::123456789012:role/n", P::Role { account, path: "/", name: "n" }),
            (
                ":sts::123456789012:assumed-role/r/s",
                P::RoleSession { account, role: "r", session: "s" },
            ),
            (":sts::123456789012:federated-user/n", P::FederatedUser { account, name: "n" }),
        ];
        for (arn, parts) in expected {
            assert_eq!(P::parse(&format!("arn:aws{arn}")), Some(parts), "{arn}");
        }
        for arn in [":iam::1:role", ":iam::1:role/", ":iam::1:group/g", ":sts::1:assumed-role/r"] {
            assert_eq!(P::parse(&format!("arn:aws{arn}")), None, "{arn}");
        }
    }

    proptest! {
        #[test]
        fn any_principal_is_survived(text in "(arn:aws:(iam|sts)::[0-9]{0,3}:(role|user|assumed-role)/)?\\PC{0,64}") {
            let _ = PrincipalArn::parse(&text);
        }

        #[test]
        fn any_text_is_survived(text in "(arn:aws:iam::[0-9]{0,3}:policy)?\\PC{0,64}") {
            let _ = PolicyArn::parse(&text);
        }
    }
}
