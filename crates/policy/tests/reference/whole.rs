//! All kinds of policy together, step by step as the description has them.

use serde_json::Value;

use crate::reference::{Question, Reference, Seen, Verdict, statements, strings};

/// Whoever asks, by what can be said of it.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// `root`, `user`, `role session`, `federated user`, `service`, `web identity` or `anonymous`.
    pub(crate) nature: &'static str,
    /// Its id; empty if it belongs to no account.
    pub(crate) account: &'static str,
    /// Its ARN or name.
    pub(crate) name: &'static str,
    /// The ARN of a session's role or issuer.
    pub(crate) behind: Option<&'static str>,
}

/// The documents of each kind; of organisations, those of each level.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    pub(crate) identity: Vec<Value>,
    pub(crate) boundary: Option<Value>,
    pub(crate) session: Option<Value>,
    /// `ordinary`, `trust` or `key`.
    pub(crate) resource: Option<(&'static str, Value)>,
    pub(crate) service_control: Vec<Value>,
    pub(crate) resource_control: Vec<Value>,
}

pub(crate) struct Whole<'a> {
    pub(crate) question: &'a Question,
    pub(crate) seen: &'a Seen,
    pub(crate) who: &'a Who,
    pub(crate) foreign: bool,
    pub(crate) documents: &'a Documents,
}

impl Whole<'_> {
    /// `allowed`, or the kind of policy that denies and how.
    pub(crate) fn decide(&self) -> String {
        let outcome = self.outcome();
        self.seen.note(format!("{} {outcome}", self.who.nature));
        outcome
    }

    fn outcome(&self) -> String {
        let Documents { identity, boundary, session, resource, service_control, resource_control } =
            self.documents;
        let member = !self.who.account.is_empty();
        let bound = member && self.who.nature != "root";
        // Step 1: any denial.
        let denies = |policies: &[Value]| self.own(policies) == Verdict::ExplicitDeny;
        let trust = matches!(resource, Some(("trust", _)));
        let resource_denies =
            resource.as_ref().is_some_and(|(_, policy)| self.resource_denies(policy));
        for (name, denied) in [
            ("identity", bound && denies(identity)),
            ("resource", !trust && resource_denies),
            (
                "boundary",
                bound && boundary.iter().any(|policy| denies(std::slice::from_ref(policy))),
            ),
            (
                "session",
                member && session.iter().any(|policy| denies(std::slice::from_ref(policy))),
            ),
            (
                "service control",
                member && service_control.iter().any(|policy| denies(std::slice::from_ref(policy))),
            ),
            (
                "resource control",
                resource_control.iter().any(|policy| self.resource_denies(policy)),
            ),
            ("trust", trust && resource_denies),
        ] {
            if denied {
                return format!("{name} explicit");
            }
        }
        // What each kind allows.
        let allows = |policies: &[Value]| self.own(policies) == Verdict::Allow;
        let one = |policy: &Value| allows(std::slice::from_ref(policy));
        let identity = !bound || allows(identity);
        let boundary = !bound || boundary.as_ref().is_none_or(one);
        let session = match session {
            Some(policy) => !member || one(policy),
            None => self.who.nature != "federated user",
        };
        let ways = match resource {
            Some((_, policy)) => self.ways(policy),
            None => Vec::new(),
        };
        let directly = ways.iter().any(|way| ["itself", "anyone"].contains(way));
        let by_role = ways.iter().any(|way| ["role", "issuer"].contains(way));
        let by_account = ways.contains(&"account");
        self.seen.note(format!("ways {directly} {by_role} {by_account}"));
        // Steps 3 to 6, and the exceptions.
        let mut lacking = Vec::new();
        let must_grant = match resource {
            Some(("ordinary", _)) | None => !member || self.foreign,
            Some(_) => true,
        };
        let short_cut = !self.foreign && member;
        if member && !identity && !(short_cut && (directly || by_role)) {
            lacking.push("identity");
        }
        if must_grant && ways.is_empty() && !trust {
            lacking.push("resource");
        }
        if member && !boundary && !(short_cut && directly) {
            lacking.push("boundary");
        }
        if member && !session && !(short_cut && directly) {
            lacking.push("session");
        }
        // Step 2.
        if member && !service_control.iter().all(one) {
            lacking.push("service control");
        }
        if !resource_control.iter().all(|policy| !self.ways(policy).is_empty()) {
            lacking.push("resource control");
        }
        if must_grant && ways.is_empty() && trust {
            lacking.push("trust");
        }
        match lacking.first() {
            Some(name) => format!("{name} implicit"),
            None => "allowed".to_owned(),
        }
    }

    fn own(&self, policies: &[Value]) -> Verdict {
        let Self { question, seen, .. } = *self;
        Reference { question, seen, of_resource: false }.decide(policies)
    }

    fn applying<'p>(&self, policy: &'p Value, effect: &str) -> Vec<Value>
    where
        Self: 'p,
    {
        let Self { question, seen, .. } = *self;
        let reference = Reference { question, seen, of_resource: true };
        let mut applying = statements(policy);
        applying.retain(|statement| {
            statement["Effect"] == effect && reference.applies(policy, statement)
        });
        applying
    }

    fn resource_denies(&self, policy: &Value) -> bool {
        self.applying(policy, "Deny").iter().any(|statement| match statement.get("NotPrincipal") {
            None => !self.named(&statement["Principal"]).is_empty(),
            Some(spared) => {
                let spared = self.named(spared);
                let all = self.all_ways();
                let every = !all.is_empty() && all.iter().all(|way| spared.contains(way));
                let denied = !every && !spared.contains(&"anyone");
                self.seen.note(format!("NotPrincipal denies {denied}"));
                denied
            }
        })
    }

    /// In which ways statements that allow name the asker.
    fn ways(&self, policy: &Value) -> Vec<&'static str> {
        let applying = self.applying(policy, "Allow");
        let ways = applying.iter().flat_map(|statement| match statement.get("NotPrincipal") {
            None => self.named(&statement["Principal"]),
            Some(excepted) if self.named(excepted).is_empty() => vec!["anyone"],
            Some(_) => Vec::new(),
        });
        ways.collect()
    }

    fn all_ways(&self) -> Vec<&'static str> {
        let behind = match self.who.nature {
            "role session" => "role",
            _ => "issuer",
        };
        let mut ways = Vec::new();
        if !["root", "anonymous"].contains(&self.who.nature) {
            ways.push("itself");
        }
        if self.who.behind.is_some() {
            ways.push(behind);
        }
        if !self.who.account.is_empty() {
            ways.push("account");
        }
        ways
    }

    /// In which ways principals name the asker.
    fn named(&self, principals: &Value) -> Vec<&'static str> {
        let Value::Object(kinds) = principals else { return vec!["anyone"] };
        let entries = kinds.iter().flat_map(|(kind, values)| {
            strings(values).into_iter().map(move |value| (kind.clone(), value))
        });
        entries.filter_map(|(kind, value)| self.way(&kind, &value)).collect()
    }

    fn way(&self, kind: &str, value: &str) -> Option<&'static str> {
        let Who { nature, account, name, behind } = self.who;
        let root = format!("arn:aws:iam::{account}:root");
        match (kind, *nature) {
            ("AWS", _) if value == "*" => Some("anyone"),
            ("AWS", _) if account.is_empty() => None,
            ("AWS", _) if value == *account || value == root => Some("account"),
            ("AWS", _) if value == *name => Some("itself"),
            ("AWS", nature) if *behind == Some(value) => {
                Some(if nature == "role session" { "role" } else { "issuer" })
            }
            ("Service", "service") | ("Federated", "web identity") if value == *name => {
                Some("itself")
            }
            _ => None,
        }
    }
}
