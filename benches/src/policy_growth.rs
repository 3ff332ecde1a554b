//! How a decision grows with the number of policies and statements.

use std::{fmt::Write, sync::Arc, time::Instant};

use policy::{Decision, Kind, PolicySet, Request, Source};

use crate::{
    outcome::Outcome,
    policy::{self as typical, AIM_TYPICAL, aimed, expect, managed, pace, request, tell},
    report,
};

/// Statements in a generated policy of a large set.
const STATEMENTS: usize = 100;

/// Statements of the largest set: 100 policies.
pub(crate) const STATEMENTS_MAX: usize = 10_000;

/// Aim of the median among [`STATEMENTS_MAX`], in microseconds.
const AIM_LARGEST: f64 = 10.0;

/// How the statements of a large set differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In their actions: each names some of its own.
    Actions,
    /// In their resources: all name the same action.
    Resources,
    /// In their resources, under `workmail:*`.
    Wildcards,
    /// In the account of their resources: roles of the same name, as those who administer many accounts
    /// have them.
    Accounts,
    /// In their conditions: a tag of the caller decides, as where teams are told apart.
    Tags,
}

impl Shape {
    pub(crate) const ALL: [Self; 5] =
        [Self::Actions, Self::Resources, Self::Wildcards, Self::Accounts, Self::Tags];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Actions => "an action each",
            Self::Resources => "one action, a resource each",
            Self::Wildcards => "workmail:*, a resource each",
            Self::Accounts => "sts:AssumeRole, an account each",
            Self::Tags => "one action, a tag each",
        }
    }

    /// Action and resource pattern of a statement.
    fn speaks_of(self, number: usize) -> (String, String) {
        let organization = |number| format!("arn:aws:workmail:*:*:organization/m-{number:016x}*");
        match self {
            Self::Actions => (format!("workmail:List{number}x*"), organization(number)),
            Self::Resources => ("workmail:ListUsers".into(), organization(number)),
            Self::Wildcards => ("workmail:*".into(), organization(number)),
            Self::Accounts => {
                ("sts:AssumeRole".into(), format!("arn:aws:iam::{number:012}:role/Administrator"))
            }
            Self::Tags => ("workmail:ListUsers".into(), "*".into()),
        }
    }

    /// The condition of a statement, in JSON.
    fn asks(self, number: usize) -> String {
        match self {
            Self::Tags => {
                format!(r#"{{"StringEquals": {{"aws:PrincipalTag/Team": "team-{number}"}}}}"#)
            }
            Self::Actions | Self::Resources | Self::Wildcards | Self::Accounts => {
                r#"{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}"#.into()
            }
        }
    }

    /// A request that one statement allows.
    pub(crate) fn question(self, statements: usize) -> (String, String) {
        let (action, resource) = self.speaks_of(statements / 2);
        let action = match self {
            Self::Wildcards => "workmail:ListUsers".into(),
            Self::Tags => return (action, typical::ORGANIZATION.into()),
            Self::Actions | Self::Resources | Self::Accounts => action.replace('*', "Users"),
        };
        (action, resource.replace(":*:*:", ":us-east-1:123456789012:").replace('*', "/user/1"))
    }
}

/// Measures and reports.
pub(crate) fn run() -> Outcome<()> {
    report::part("policy: one decision among many");
    for count in [1, 10, 100] {
        let mut sources = managed(&["AmazonWorkMailFullAccess"])?;
        sources.extend(generated(Shape::Actions, (count - 1) * 3, 3)?);
        let (set, request) = (PolicySet::new(sources), request("workmail:ListUsers"));
        expect(matches!(set.decide(&request), Decision::Allow(_)), "an allowance")?;
        aimed(&format!("{count} policies"), &mut pace(&set, &request), AIM_TYPICAL);
    }
    let began = Instant::now();
    let sources = generated(Shape::Resources, STATEMENTS_MAX, STATEMENTS)?;
    report::figure("10,000 statements: parsed in", format!("{:.0} ms", millis(began)));
    let began = Instant::now();
    drop(PolicySet::new(sources));
    report::figure("10,000 statements: put together in", format!("{:.1} ms", millis(began)));
    for shape in Shape::ALL {
        for statements in [100, 1_000, STATEMENTS_MAX] {
            tell_among(shape, statements)?;
        }
    }
    Ok(())
}

fn tell_among(shape: Shape, statements: usize) -> Outcome<()> {
    let set = set(shape, statements)?;
    let (action, resource) = shape.question(statements);
    let request =
        Request { action: &action, resource: &resource, ..typical::request("workmail:ListUsers") };
    expect(matches!(set.decide(&request), Decision::Allow(_)), "an allowance")?;
    let name = format!("{}: {}", report::grouped(statements as f64), shape.name());
    if statements == STATEMENTS_MAX {
        aimed(&name, &mut pace(&set, &request), AIM_LARGEST);
    } else {
        tell(&name, &mut pace(&set, &request));
    }
    Ok(())
}

/// A set of so many statements, in policies of [`STATEMENTS`].
pub(crate) fn set(shape: Shape, statements: usize) -> Outcome<PolicySet> {
    Ok(PolicySet::new(generated(shape, statements, STATEMENTS)?))
}

/// Policies whose statements differ in one way; every tenth denies what nobody asks for, and all have a
/// condition.
fn generated(shape: Shape, statements: usize, in_each: usize) -> Outcome<Vec<Source>> {
    let source = |start| -> Outcome<Source> {
        let numbers = start..statements.min(start + in_each);
        let document = policy::parse(&text(shape, numbers), Kind::Managed)?;
        Ok(Source { id: format!("Generated{start}").into(), document: Arc::new(document) })
    };
    (0..statements).step_by(in_each).map(source).collect()
}

fn text(shape: Shape, numbers: std::ops::Range<usize>) -> String {
    let mut text = r#"{"Version": "2012-10-17", "Statement": ["#.to_owned();
    let first = numbers.start;
    for number in numbers {
        let (action, resource) = shape.speaks_of(number);
        let condition = shape.asks(number);
        let effect = if number % 10 == 9 { "Deny" } else { "Allow" };
        let comma = if number == first { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            r#"{comma}{{"Effect": "{effect}", "Action": "{action}", "Resource": "{resource}",
            "Condition": {condition}}}"#
        );
    }
    text.push_str("]}");
    text
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
