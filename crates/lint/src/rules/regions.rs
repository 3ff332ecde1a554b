//! Names of regions and of networks' parts in conditions.

use policy::Test;

use crate::{
    code::Code,
    finding::Findings,
    tree::{Condition, Policy, Statement},
};

/// AWS's regions, by partition.
const REGIONS: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "eu-isoe-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "eusc-de-east-1",
];

/// Digits of the ids of networks' parts: old ones and new ones.
const ID_DIGITS: [usize; 2] = [8, 17];

pub(super) fn is_region(name: &str) -> bool {
    REGIONS.contains(&name)
}

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let key = condition.key.value.to_ascii_lowercase();
        match key.as_str() {
            "aws:requestedregion" => values(condition, findings, is_region, |value| {
                let message = format!(
                    "The Region {value} is not valid. Update the condition value to a suported Region."
                );
                (Code::InvalidRegion, message)
            }),
            "aws:sourcevpc" => values(
                condition,
                findings,
                |value| is_id(value, "vpc-"),
                |_| (Code::InvalidVpcFormat, id_message("VPC", "vpc-", " ")),
            ),
            "aws:sourcevpce" => values(
                condition,
                findings,
                |value| is_id(value, "vpce-"),
                |_| (Code::InvalidVpceFormat, id_message("VPCE", "vpce-", "  ")),
            ),
            _ => {}
        }
    }
}

/// Looks at the values of comparisons without wildcards.
fn values(
    condition: &Condition<'_>,
    findings: &mut Findings,
    valid: impl Fn(&str) -> bool,
    fault: impl Fn(&str) -> (Code, String),
) {
    let compares = |test| matches!(test, Test::StringEquals | Test::StringEqualsIgnoreCase);
    if !condition.operator.is_some_and(|operator| compares(operator.test)) {
        return;
    }
    for value in condition.texts().filter(|value| !value.text.contains("${")) {
        if !valid(value.text) {
            let (code, message) = fault(value.text);
            findings.add(code, value.span, message);
        }
    }
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        ID_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// AWS's words, with its own spaces.
fn id_message(what: &str, prefix: &str, space: &str) -> String {
    format!(
        "The {what} identifier in the condition key value is not valid.{space}Use the prefix '{prefix}' \
         followed by 8 or 17 alphanumeric characters."
    )
}
