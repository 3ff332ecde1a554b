//! The form of ARNs in `Resource` and `NotResource`.

use super::{LEGACY, entries};
use crate::{
    defect::{Defects, Stage, quoted},
    document::Statement,
    glob::Glob,
    position::Text,
    template::{self, Syntax},
};

/// What the resource part of an IAM ARN may begin with.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Two passes, as AWS makes them: the form of each ARN, and, as long as none was wrong, what its
/// older parser says. All `Resource` elements come before all `NotResource` elements.
pub(super) fn check(statements: &[Statement], defects: &mut Defects) {
    let mut faulty = false;
    for negated in [false, true] {
        for statement in statements {
            let resources = entries(statement.resources.as_ref(), negated);
            for resource in resources {
                faulty |= form(resource, defects);
            }
            if !faulty {
                resources.iter().for_each(|resource| legacy(resource, defects));
            }
        }
    }
}

/// Says whether the form is wrong.
fn form(resource: &Text, defects: &mut Defects) -> bool {
    let Some((verdict, message)) = form_fault(&resource.value) else { return false };
    let message = format!("the resource {} {message}", quoted(&resource.value));
    defects.add(resource.span.start, Stage::Resource, verdict, message);
    true
}

/// AWS's message and ours.
fn form_fault(resource: &str) -> Option<(String, &'static str)> {
    if resource == "*" {
        return None;
    }
    let not_an_arn = || {
        let verdict = format!("Resource {resource} must be in ARN format or \"*\".");
        Some((verdict, "is neither an ARN nor `*`"))
    };
    let Some((prefix, rest)) = resource.split_once(':') else { return not_an_arn() };
    let (partition, rest) = match rest.split_once(':') {
        Some((partition, rest)) => (partition, Some(rest)),
        None => (rest, None),
    };
    if !is_partition(partition) {
        return Some((
            partition_verdict(partition, rest),
            "is in no partition, which must be `aws`",
        ));
    }
    if prefix != "arn" {
        return not_an_arn();
    }
    let vendor = rest.map(|rest| rest.split_once(':').unwrap_or((rest, "")));
    match vendor {
        Some((service, rest)) if !service.contains(['*', '?']) => {
            place_fault(resource, service, rest)
        }
        _ => Some((
            "Resource vendor must be fully qualified and cannot contain regexes.".to_owned(),
            "names no service, or has a wildcard in its name",
        )),
    }
}

/// The partition of this installation, or a pattern for it: `arn:*:..` stands in policies of AWS's own.
fn is_partition(partition: &str) -> bool {
    const OURS: &str = "aws";
    let pattern = template::read(partition, Syntax::WILDCARDS).map(Glob::new);
    partition == OURS || pattern.is_ok_and(|pattern| pattern.matches(OURS, &()))
}

fn partition_verdict(partition: &str, rest: Option<&str>) -> String {
    let rest = rest.filter(|rest| !rest.is_empty()).unwrap_or("*");
    let given = rest.splitn(4, ':').count();
    let missing = ":*".repeat(4 - given);
    format!(
        "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{rest}{missing}\"."
    )
}

/// Regions and paths that a service's ARNs cannot have; `rest` is what follows the service.
fn place_fault(resource: &str, service: &str, rest: &str) -> Option<(String, &'static str)> {
    let mut parts = rest.splitn(3, ':');
    let (region, account) = (parts.next().unwrap_or(""), parts.next());
    let path = parts.next().unwrap_or("");
    match service {
        "iam" if !region.is_empty() || account.is_none() => Some((
            format!("IAM resource {resource} cannot contain region information."),
            "is an IAM resource, which has no region",
        )),
        "iam" if path != "*" && !IAM_PATHS.iter().any(|start| path.starts_with(start)) => Some((
            format!(
                "IAM resource path must either be \"*\" or start with {}.",
                IAM_PATHS.join(", ")
            ),
            "names no kind of IAM resource",
        )),
        // Access points have a region, and always an account; buckets have neither.
        "s3" if !region.is_empty() && account == Some("") => Some((
            format!("Resource {resource} can not contain region information."),
            "is a bucket, which has no region",
        )),
        _ => None,
    }
}

/// An ARN must name its service, and one with an empty part must be whole.
fn legacy(resource: &Text, defects: &mut Defects) {
    let text = &*resource.value;
    if text == "*" {
        return;
    }
    let whole = text.bytes().filter(|&byte| byte == b':').count() >= 5;
    let names_service = text.split(':').nth(2).is_some_and(|service| !service.is_empty());
    if names_service && (whole || !text.contains("::")) {
        return;
    }
    let message = format!("the resource {} is an ARN with parts missing", quoted(text));
    defects.add(resource.span.start, Stage::Legacy, LEGACY, message);
}
