//! Decisions of the policy language: of a typical principal, of all kinds of policy together, and of many
//! policies and statements.

use std::{borrow::Cow, hint::black_box, sync::Arc};

use policy::{
    ArnAsker, Context, Decision, Kind, Policies, PolicySet, Question, Request, ResourceKind,
    ResourcePolicy, Source, Values, evaluate,
};

use crate::{
    outcome::Outcome,
    pace::{self, Pace},
    policy_growth,
    report::{self, grouped, micros},
};

/// `AmazonWorkMailFullAccess` and nine others; none of them allows everything.
pub(crate) const MANAGED: [&str; 10] = [
    "AmazonWorkMailFullAccess",
    "AWSAccountManagementFullAccess",
    "AWSAccountManagementReadOnlyAccess",
    "AmazonSESFullAccess",
    "AmazonSESReadOnlyAccess",
    "AmazonWorkMailMessageFlowFullAccess",
    "AmazonWorkMailReadOnlyAccess",
    "IAMReadOnlyAccess",
    "IAMUserChangePassword",
    "SignInLocalDevelopmentAccess",
];

/// A policy of the customer's own that denies, for the explicit denials.
const DENIAL: &str = r#"{
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": "workmail:Delete*",
        "Resource": "arn:aws:workmail:*:123456789012:organization/*",
        "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}
    }
}"#;

/// A policy of a resource that leaves it to the account.
const RESOURCE: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "workmail:*"},
        {"Effect": "Deny", "Principal": "*", "Action": "workmail:Delete*"}
    ]
}"#;

/// The caller.
pub(crate) const USER: &str = "Mary";
const USER_ARN: &str = "arn:aws:iam::123456789012:user/Mary";

/// Aim of the typical decision's median, in microseconds.
pub(crate) const AIM_TYPICAL: f64 = 0.5;

/// Measures and reports.
pub(crate) fn run() -> Outcome<()> {
    report::part("policy: one decision, ten managed policies");
    let allowing = PolicySet::new(managed(&MANAGED)?);
    let denying = typical()?;

    let list = request("workmail:ListUsers");
    expect(matches!(allowing.decide(&list), Decision::Allow(_)), "an allowance")?;
    aimed("allow", &mut pace(&allowing, &list), AIM_TYPICAL);
    let counted = allocation_counter::measure(|| {
        black_box(allowing.decide(&list));
    });
    let none = counted.count_total == 0;
    report::aimed("allow: allocations", counted.count_total.to_string(), "none", none);

    let read = request("s3:GetObject");
    expect(matches!(allowing.decide(&read), Decision::ImplicitDeny), "an implicit denial")?;
    tell("implicit denial", &mut pace(&allowing, &read));
    let delete = request("workmail:DeleteOrganization");
    expect(matches!(denying.decide(&delete), Decision::ExplicitDeny(_)), "an explicit denial")?;
    tell("explicit denial, with a condition", &mut pace(&denying, &delete));
    whole(&allowing)?;
    policy_growth::run()?;
    crate::cedar::run()
}

/// All kinds of policy together: identity, boundary, session, and a resource's policy.
fn whole(own: &PolicySet) -> Outcome<()> {
    let boundary = PolicySet::new(managed(&["AmazonWorkMailFullAccess"])?);
    let document = Arc::new(policy::parse(RESOURCE, Kind::Resource)?);
    let resource = ResourcePolicy::new(Source { document, id: "resource".into() });
    let asker = ArnAsker::user(USER_ARN);
    let question = Question {
        request: request("workmail:ListUsers"),
        asker: &asker,
        cross_account: true,
        policies: Policies {
            identity: Some(own),
            boundary: Some(&boundary),
            session: Some(&boundary),
            resource: Some((ResourceKind::Ordinary, &resource)),
            ..Policies::default()
        },
    };
    expect(evaluate(&question).is_allowed(), "an allowance")?;
    let mut pace = pace::of(|| {
        black_box(evaluate(black_box(&question)));
    });
    tell("with boundary, session and resource policy", &mut pace);
    Ok(())
}

/// One line with median, p99 and decisions a second.
pub(crate) fn tell(name: &str, pace: &mut Pace) {
    report::figure(name, line(pace));
}

/// The same with an aim for the median, in microseconds.
pub(crate) fn aimed(name: &str, pace: &mut Pace, aim_micros: f64) {
    let aim = format!("median < {}", micros(aim_micros));
    report::aimed(name, line(pace), &aim, pace.median_micros() < aim_micros);
}

fn line(pace: &mut Pace) -> String {
    let (median, p99) = (micros(pace.median_micros()), micros(pace.micros_at(0.99)));
    let rate = grouped(1e6 / pace.mean_micros());
    format!("median {median}, p99 {p99}, {rate}/s")
}

/// How long a decision takes.
pub(crate) fn pace(set: &PolicySet, request: &Request<'_>) -> Pace {
    pace::of(|| {
        black_box(set.decide(black_box(request)));
    })
}

/// The ten managed policies and one that denies.
pub(crate) fn typical() -> Outcome<PolicySet> {
    let document = Arc::new(policy::parse(DENIAL, Kind::Managed)?);
    let denial = Source { document, id: "NoDeletion".into() };
    Ok(PolicySet::new(managed(&MANAGED)?.into_iter().chain([denial])))
}

/// The managed policies of these names, as a user has them attached.
pub(crate) fn managed(names: &[&str]) -> Outcome<Vec<Source>> {
    let source = |name: &&str| -> Outcome<Source> {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        let text = iam::managed::default_document(&arn).ok_or_else(|| format!("no `{arn}`"))?;
        Ok(Source { document: Arc::new(policy::parse(text, Kind::Managed)?), id: arn.into() })
    };
    names.iter().map(source).collect()
}

/// The organization that is asked for, of the caller's own account.
pub(crate) const ORGANIZATION: &str =
    "arn:aws:workmail:us-east-1:123456789012:organization/m-0123456789abcdef";

/// A call on the organization.
pub(crate) fn request(action: &str) -> Request<'_> {
    Request { action, resource: ORGANIZATION, context: &Call }
}

/// The facts of a call, at hand as they are in the server.
pub(crate) const FACTS: [(&str, &str); 8] = [
    ("aws:sourceip", "203.0.113.7"),
    ("aws:username", USER),
    ("aws:principaltag/team", "team-50"),
    ("aws:principalarn", USER_ARN),
    ("aws:principaltype", "User"),
    ("aws:securetransport", "true"),
    ("aws:currenttime", "2026-11-22T04:00:00Z"),
    ("aws:requestedregion", "us-east-1"),
];

struct Call;

impl Context for Call {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        let (_, value) = FACTS.iter().find(|(name, _)| *name == key)?;
        Some(Values::One(Cow::Borrowed(value)))
    }
}

/// What is measured must be what it is called.
pub(crate) fn expect(met: bool, what: &str) -> Outcome<()> {
    if met { Ok(()) } else { Err(format!("the policies do not give {what}").into()) }
}
