//! How a decision grows with the number of policies and statements.

use std::{fmt::Write, sync::Arc, time::Instant};

use policy::{Decision, Kind, PolicySet, Source};

use crate::{
    outcome::Outcome,
    policy::{expect, managed, pace, request, tell},
    report,
};

/// Policies of the largest set.
const POLICIES: usize = 100;

/// Statements in each of them: 10,000 in all.
const STATEMENTS: usize = 100;

/// Measures and reports.
pub(crate) fn run() -> Outcome<()> {
    for count in [1, 10, 100] {
        let mut sources = managed(&["AmazonWorkMailFullAccess"])?;
        sources.extend(generated(count - 1, 3)?);
        tell_allowed(&format!("{count} policies: median"), sources)?;
    }
    let mut sources = managed(&["AmazonWorkMailFullAccess"])?;
    let began = Instant::now();
    sources.extend(generated(POLICIES, STATEMENTS)?);
    report::figure("10,000 statements: parsed in", format!("{:.0} ms", millis(began)));
    let began = Instant::now();
    drop(PolicySet::new(sources.clone()));
    report::figure("10,000 statements: put together in", format!("{:.1} ms", millis(began)));
    tell_allowed("10,000 statements: median", sources)
}

fn tell_allowed(name: &str, sources: Vec<Source>) -> Outcome<()> {
    let set = PolicySet::new(sources);
    let request = request("workmail:ListUsers");
    expect(matches!(set.decide(&request), Decision::Allow(_)), "an allowance")?;
    tell(name, &mut pace(&set, &request));
    Ok(())
}

/// Policies whose statements name actions, patterns, resources and conditions; every tenth denies.
fn generated(policies: usize, statements: usize) -> Outcome<Vec<Source>> {
    let source = |number| -> Outcome<Source> {
        let document = policy::parse(&text(number, statements), Kind::Managed)?;
        Ok(Source { id: format!("Generated{number}").into(), document: Arc::new(document) })
    };
    (0..policies).map(source).collect()
}

fn text(policy: usize, statements: usize) -> String {
    let mut text = r#"{"Version": "2012-10-17", "Statement": ["#.to_owned();
    for number in 0..statements {
        let effect = if number % 10 == 9 { "Deny" } else { "Allow" };
        let comma = if number == 0 { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            r#"{comma}{{"Effect": "{effect}",
            "Action": ["workmail:Get{policy}x{number}", "ses:List{number}*", "s3:*Object{policy}"],
            "Resource": "arn:aws:workmail:*:*:organization/m-{policy:08x}{number:08x}*",
            "Condition": {{"StringLike": {{"aws:PrincipalArn": "arn:aws:iam::*:user/team{number}/*"}}}}}}"#
        );
    }
    text.push_str("]}");
    text
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
