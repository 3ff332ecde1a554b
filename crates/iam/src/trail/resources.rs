//! What an event was about: the resources of its record, and the access keys that it names or gave.

use serde_json::Value;

use crate::arns;

/// Resources by which an event can be found at most.
const RESOURCES_MAX: usize = 50;

/// Bytes of a name by which an event can be found: no attribute that is asked for is longer.
const NAME_BYTES_MAX: usize = 2_000;

/// How CloudTrail calls access keys.
const ACCESS_KEY: &str = "AWS::IAM::AccessKey";

/// Where in a record access keys are.
const ACCESS_KEYS: [&str; 4] = [
    "/requestParameters/accessKeyId",
    "/responseElements/accessKey/accessKeyId",
    "/responseElements/credentials/accessKeyId",
    "/responseElements/serviceSpecificCredential/serviceSpecificCredentialId",
];

/// A resource that an event was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its type, such as `AWS::IAM::User`; none where AWS has no name for it.
    pub kind: Option<String>,
    /// Its ARN, or its friendly name, or its id.
    pub name: String,
}

/// What the record is about, each once. What has an ARN is there by its friendly name too.
pub(super) fn of(event: &Value) -> Vec<Touched> {
    let mut found = Vec::new();
    let rows = event.get("resources").and_then(Value::as_array).map(Vec::as_slice);
    for row in rows.unwrap_or_default() {
        let Some(arn) = row.get("ARN").and_then(Value::as_str) else { continue };
        let kind = row.get("type").and_then(Value::as_str);
        push(&mut found, kind, arn);
        if let Some(name) = friendly_name(arn) {
            push(&mut found, kind, name);
        }
    }
    for place in ACCESS_KEYS {
        if let Some(id) = event.pointer(place).and_then(Value::as_str) {
            push(&mut found, Some(ACCESS_KEY), id);
        }
    }
    found
}

/// The keys under which an event of `account` is found by what it was about, each once.
pub(super) fn subjects(account: &str, event: &Value) -> Vec<String> {
    let touched = of(event);
    let mut subjects = Vec::with_capacity(touched.len() + 1);
    for kind in touched.iter().filter_map(|touched| touched.kind.as_deref()) {
        let subject = by_type(account, kind);
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects.extend(touched.iter().map(|touched| by_name(account, &touched.name)));
    subjects
}

/// The key of events about resources of a type.
pub(super) fn by_type(account: &str, kind: &str) -> String {
    format!("{account}/type/{kind}")
}

/// The key of events about a resource by its name, ARN or id.
pub(super) fn by_name(account: &str, name: &str) -> String {
    format!("{account}/name/{name}")
}

fn push(found: &mut Vec<Touched>, kind: Option<&str>, name: &str) {
    let known = found.iter().any(|touched| touched.name == name);
    if !known && found.len() < RESOURCES_MAX && name.len() <= NAME_BYTES_MAX {
        found.push(Touched { kind: kind.map(str::to_owned), name: name.to_owned() });
    }
}

/// The rows of a record for what a call was about: each with the account that its ARN names.
pub(super) fn rows(caller_account: &str, arns: &[String]) -> Value {
    let row = |arn: &String| {
        let account = arns::account(arn).unwrap_or(caller_account);
        let mut row = serde_json::json!({ "ARN": arn, "accountId": account });
        if let Some(kind) = kind(arn) {
            row["type"] = kind.into();
        }
        row
    };
    arns.iter().take(RESOURCES_MAX).map(row).collect()
}

/// The type of what `arn` names, as CloudTrail and CloudFormation call it.
fn kind(arn: &str) -> Option<&'static str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    let family = resource.split('/').next()?;
    Some(match (service, family) {
        ("iam", "user") => "AWS::IAM::User",
        ("iam", "group") => "AWS::IAM::Group",
        ("iam", "role") => "AWS::IAM::Role",
        ("iam", "policy") => "AWS::IAM::Policy",
        ("iam", "instance-profile") => "AWS::IAM::InstanceProfile",
        ("iam", "mfa") => "AWS::IAM::MFADevice",
        ("iam", "server-certificate") => "AWS::IAM::ServerCertificate",
        ("iam", "saml-provider") => "AWS::IAM::SAMLProvider",
        ("iam", "oidc-provider") => "AWS::IAM::OIDCProvider",
        ("sts", "assumed-role") => "AWS::STS::AssumedRole",
        ("sts", "federated-user") => "AWS::STS::FederatedUser",
        ("workmail", "organization") => "AWS::WorkMail::Organization",
        _ => return None,
    })
}

/// The last part of an ARN that has a path; of a pattern there is none.
fn friendly_name(arn: &str) -> Option<&str> {
    let (_, name) = arn.rsplit_once('/')?;
    (!name.is_empty() && !name.contains(['*', '?'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn touched(kind: Option<&str>, name: &str) -> Touched {
        Touched { kind: kind.map(str::to_owned), name: name.to_owned() }
    }

    #[test]
    fn resources_are_found_by_arn_and_by_name() {
        let arns = ["arn:aws:iam::123456789012:user/staff/ada", "arn:aws:iam::aws:policy/ReadOnly"];
        let rows = rows("210987654321", &arns.map(str::to_owned));
        assert_eq!(
            rows,
            json!([
                { "ARN": arns[0], "accountId": "123456789012", "type": "AWS::IAM::User" },
                { "ARN": arns[1], "accountId": "210987654321", "type": "AWS::IAM::Policy" },
            ])
        );
        let (user, policy) = (Some("AWS::IAM::User"), Some("AWS::IAM::Policy"));
        assert_eq!(
            of(&json!({ "resources": rows })),
            [
                touched(user, arns[0]),
                touched(user, "ada"),
                touched(policy, arns[1]),
                touched(policy, "ReadOnly"),
            ]
        );
    }

    #[test]
    fn access_keys_are_found_where_they_are_named_or_given() {
        let event = json!({
            "requestParameters": { "accessKeyId": "AKIA1" },
            "responseElements": { "credentials": { "accessKeyId": "ASIA2" } },
        });
        let key = Some(ACCESS_KEY);
        assert_eq!(of(&event), [touched(key, "AKIA1"), touched(key, "ASIA2")]);
    }

    #[test]
    fn what_has_no_type_or_name_is_there_by_its_arn() {
        for arn in ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/*", "fish"] {
            let rows = rows("123456789012", &[arn.to_owned()]);
            let found = of(&json!({ "resources": rows }));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].name, arn);
        }
        assert!(of(&json!({ "resources": "odd" })).is_empty());
    }
}
