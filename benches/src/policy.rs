//! One decision of the policy language, for a user with ten managed policies.

use std::{
    borrow::Cow,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use policy::{Context, Decision, Kind, PolicySet, Request, Source, Values};

use crate::{
    outcome::Outcome,
    pace::Pace,
    policy_growth,
    report::{self, micros},
};

/// `AmazonWorkMailFullAccess` and nine others; none of them allows everything.
const MANAGED: [&str; 10] = [
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

/// Decisions in one sample, so that the clock's own cost (some 20 ns) does not show.
const BATCH: u32 = 16;

/// Samples of each case.
const SAMPLES: usize = 50_000;

/// Decisions before the clock starts.
const WARM_UP: usize = 20_000;

const AIM_MICROS: f64 = 2.0;

/// Measures and reports.
pub(crate) fn run() -> Outcome<()> {
    report::part("policy: one decision, ten managed policies");
    let allowing = PolicySet::new(managed(&MANAGED)?);
    let denying = PolicySet::new(managed(&MANAGED)?.into_iter().chain([denial()?]));

    let list = request("workmail:ListUsers");
    expect(matches!(allowing.decide(&list), Decision::Allow(_)), "an allowance")?;
    let mut allow = pace(&allowing, &list);
    let median = allow.median_micros();
    report::aimed("allow: median", micros(median), "< 2 us", median < AIM_MICROS);
    report::figure("allow: p99", micros(allow.micros_at(0.99)));
    let counted = allocation_counter::measure(|| {
        black_box(allowing.decide(&list));
    });
    let none = counted.count_total == 0;
    report::aimed("allow: allocations", counted.count_total.to_string(), "none", none);

    let read = request("s3:GetObject");
    expect(matches!(allowing.decide(&read), Decision::ImplicitDeny), "an implicit denial")?;
    tell("implicit denial: median", &mut pace(&allowing, &read));
    let delete = request("workmail:DeleteOrganization");
    expect(matches!(denying.decide(&delete), Decision::ExplicitDeny(_)), "an explicit denial")?;
    tell("explicit denial, with a condition: median", &mut pace(&denying, &delete));
    policy_growth::run()
}

/// One line with median and p99.
pub(crate) fn tell(name: &str, pace: &mut Pace) {
    let (median, p99) = (micros(pace.median_micros()), micros(pace.micros_at(0.99)));
    report::figure(name, format!("{median}, p99 {p99}"));
}

/// How long a decision takes.
pub(crate) fn pace(set: &PolicySet, request: &Request<'_>) -> Pace {
    for _ in 0..WARM_UP {
        black_box(set.decide(black_box(request)));
    }
    let mut pace = Pace::default();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        for _ in 0..BATCH {
            black_box(set.decide(black_box(request)));
        }
        let took: Duration = began.elapsed() / BATCH;
        // A Duration counts whole nanoseconds, which is fine enough here.
        pace.add(took);
    }
    pace
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

fn denial() -> Outcome<Source> {
    let document = Arc::new(policy::parse(DENIAL, Kind::Managed)?);
    Ok(Source { document, id: "NoDeletion".into() })
}

/// A call on an organization of the caller's own account.
pub(crate) fn request(action: &str) -> Request<'_> {
    let resource = "arn:aws:workmail:us-east-1:123456789012:organization/m-0123456789abcdef";
    Request { action, resource, context: &Call }
}

/// The facts of a call, at hand as they are in the server.
struct Call;

impl Context for Call {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        let value = match key {
            "aws:sourceip" => "203.0.113.7",
            "aws:username" => "Mary",
            "aws:principalarn" => "arn:aws:iam::123456789012:user/Mary",
            "aws:principaltype" => "User",
            "aws:securetransport" => "true",
            "aws:currenttime" => "2026-11-22T04:00:00Z",
            "aws:requestedregion" => "us-east-1",
            _ => return None,
        };
        Some(Values::One(Cow::Borrowed(value)))
    }
}

/// What is measured must be what it is called.
pub(crate) fn expect(met: bool, what: &str) -> Outcome<()> {
    if met { Ok(()) } else { Err(format!("the policies do not give {what}").into()) }
}
