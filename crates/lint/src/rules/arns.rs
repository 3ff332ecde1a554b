//! The form of ARNs in `Resource` and `NotResource`, and whether the service has such resources.

use std::{collections::HashMap, sync::LazyLock};

use actions::{ResourceType, Service};

use super::{regions, variables};
use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    glob,
    tree::{Entry, Policy, Statement},
};

/// Parts of an ARN, `arn` among them.
const PARTS: usize = 6;

const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// Services of ARNs that are no prefix of actions.
const OTHER_SERVICES: [&str; 3] = ["catalog", "elastic-inference", "route53-recovery-control"];

/// The account of ARNs that are AWS's own.
const AWS_ACCOUNT: &str = "aws";

/// Digits of an account's id.
const ACCOUNT_DIGITS: usize = 12;

/// Steps of comparing two patterns that take as long as comparing two names.
const STEPS_PER_COMPARISON: usize = 2;

/// The parts of an ARN after the partition.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    // A trust policy has no resources; that is said elsewhere.
    if policy.kind == PolicyType::Trust {
        return;
    }
    let Some(element) = &statement.resources else { return };
    for entry in element.entries.iter().filter(|entry| entry.text != "*") {
        let plain = variables::blanked(entry.text);
        if let Some((code, message)) = fault(&plain, findings) {
            findings.add(code, entry.span, message);
        } else {
            of_resource_type(policy, entry, &plain, findings);
        }
    }
}

/// The service whose actions and ARNs belong into policies of resources of that type.
pub(super) fn service_of(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        "AWS::S3::Bucket" | "AWS::S3::AccessPoint" | "AWS::S3::MultiRegionAccessPoint" => "s3",
        "AWS::S3ObjectLambda::AccessPoint" => "s3-object-lambda",
        "AWS::IAM::AssumeRolePolicyDocument" => "sts",
        "AWS::DynamoDB::Table" => "dynamodb",
        _ => return None,
    })
}

fn of_resource_type(policy: &Policy<'_>, entry: &Entry<'_>, arn: &str, findings: &mut Findings) {
    let Some(type_) = policy.resource_type else { return };
    let Some(service) = service_of(type_) else { return };
    if arn.split(':').nth(2).is_some_and(|named| !glob::overlap(named, service)) {
        let message = format!(
            "The resource ARN is not supported for the resource-based policy attached to the resource \
             type {type_}."
        );
        findings.add(Code::UnsupportedResourceArnInPolicy, entry.span, message);
    }
}

/// What is wrong first.
fn fault(arn: &str, findings: &mut Findings) -> Option<(Code, String)> {
    if !arn.starts_with("arn:") {
        let message = "Add the required prefix (arn) to the resource ARN.";
        return Some((Code::InvalidArnPrefix, message.to_owned()));
    }
    let parts: Vec<&str> = arn.splitn(PARTS, ':').collect();
    if let Some(partition) = parts.get(1).filter(|partition| !is_partition(partition)) {
        let service = parts.get(2).copied().unwrap_or_default();
        return Some((Code::InvalidPartition, invalid_partition(service, partition)));
    }
    let [_, _, service, region, account, resource] = parts.as_slice() else {
        // A star at the end stands for the parts that are not there.
        return (!arn.ends_with('*')).then(missing_fields);
    };
    service_fault(service)
        .or_else(|| place_fault(&Arn { service, region, account, resource }))
        .or_else(|| type_fault(&Arn { service, region, account, resource }, findings))
}

fn missing_fields() -> (Code, String) {
    let message = format!(
        "Resource ARNs must include at least {PARTS} fields in the following structure: \
         arn:partition:service:region:account:resource"
    );
    (Code::MissingArnField, message)
}

fn is_partition(partition: &str) -> bool {
    partition.contains(['*', '?']) || PARTITIONS.contains(&partition)
}

fn invalid_partition(service: &str, partition: &str) -> String {
    format!(
        "The resource ARN for the service {service} does not support the partition {partition}. Use the \
         supported values: {}",
        PARTITIONS.join(", ")
    )
}

fn service_fault(service: &str) -> Option<(Code, String)> {
    if service.contains(['*', '?']) || OTHER_SERVICES.contains(&service) {
        return None;
    }
    let known = actions::service(service);
    if known.is_some_and(|known| known.prefix() != service) {
        let message = format!(
            "Update the service name {service} in the resource ARN to use all lowercase letters."
        );
        return Some((Code::InvalidArnServiceCase, message));
    }
    known.is_none().then(|| {
        let message = format!("The service {service} does not exist. Use a valid service name.");
        (Code::InvalidService, message)
    })
}

/// Region and account for themselves.
fn place_fault(arn: &Arn<'_>) -> Option<(Code, String)> {
    let is_wild = |part: &str| part.contains(['*', '?']);
    if !arn.account.is_empty()
        && !is_wild(arn.account)
        && arn.account != AWS_ACCOUNT
        && !is_account(arn.account)
    {
        let message = format!(
            "The resource ARN account ID {} is not valid. Provide a 12-digit account ID.",
            arn.account
        );
        return Some((Code::InvalidArnAccount, message));
    }
    if !arn.region.is_empty() && !is_wild(arn.region) && !regions::is_region(arn.region) {
        let message = format!(
            "The Region {} is not valid for this resource. Update the resource ARN to include a \
             supported Region.",
            arn.region
        );
        return Some((Code::InvalidArnRegion, message));
    }
    None
}

/// Region, account and resource, against those of the service's resource types.
fn type_fault(arn: &Arn<'_>, findings: &mut Findings) -> Option<(Code, String)> {
    let types = FORMS.get(arn.service)?;
    let mut fits = |form: &&Form| {
        // What is too much to compare may fit.
        let steps = form.resource.len() * arn.resource.len() / STEPS_PER_COMPARISON;
        glob::may_overlap(&form.resource, arn.resource)
            && (!findings.afford(1 + steps) || glob::overlap(&form.resource, arn.resource))
    };
    let fitting: Vec<&Form> = types.iter().filter(|form| fits(form)).collect();
    if fitting.is_empty() {
        let message = "Resource ARN does not match the expected ARN format. Update the resource portion \
                       of the ARN.";
        return Some((Code::InvalidArnResource, message.to_owned()));
    }
    let service = arn.service;
    let all = |rule: fn(&Form) -> bool| fitting.iter().all(|form| rule(form));
    // IAM refuses even a star where a region would be.
    let named = |part: &str| !part.is_empty() && (service == "iam" || !part.contains(['*', '?']));
    if named(arn.region) && all(|form| !form.region) {
        let message = format!(
            "The service {service} does not support specifying a Region in the resource ARN."
        );
        return Some((Code::ArnRegionNotAllowed, message));
    }
    if arn.region.is_empty() && all(|form| form.region) {
        return Some((
            Code::MissingArnRegion,
            format!("Add a Region to the {service} resource ARN."),
        ));
    }
    let named = !arn.account.is_empty() && !arn.account.contains(['*', '?']);
    if service == "s3" && named && all(|form| !form.account) {
        let message = format!(
            "The service {service} does not support specifying an account ID in the resource ARN."
        );
        return Some((Code::ArnAccountNotAllowed, message));
    }
    (arn.account.is_empty() && all(|form| form.account)).then(|| {
        (Code::MissingArnAccount, format!("Add an account ID to the {service} resource ARN."))
    })
}

/// What a resource type's ARNs have.
struct Form {
    region: bool,
    account: bool,
    resource: String,
}

/// The forms of the ARNs that name a service, of services that have any.
static FORMS: LazyLock<HashMap<&str, Vec<Form>>> = LazyLock::new(|| {
    let mut forms: HashMap<&str, Vec<Form>> = HashMap::new();
    // A service may work on another's resources, as STS on the roles of IAM.
    for type_ in actions::services().iter().flat_map(Service::resources) {
        if let Some((service, form)) = form(type_) {
            forms.entry(service).or_default().push(form);
        }
    }
    forms
});

/// The service that a type's ARNs name, and their form. Only of services with tables all forms are known.
fn form(type_: &'static ResourceType) -> Option<(&'static str, Form)> {
    let service = type_.arn().split(':').nth(2)?;
    let arn = variables::blanked(type_.arn());
    let parts: Vec<&str> = arn.splitn(PARTS, ':').collect();
    let &[_, _, _, region, account, resource] = parts.as_slice() else { return None };
    let form = Form {
        region: !region.is_empty(),
        account: !account.is_empty(),
        resource: resource.to_owned(),
    };
    actions::service(service).filter(|service| service.is_known())?;
    Some((service, form))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}
