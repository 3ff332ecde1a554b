//! The policies of a typical principal: `AmazonWorkMailFullAccess` and nine others of AWS's own.

use std::sync::Arc;

use policy::{Kind, PolicySet, Source, parse};
use serde_json::{Value, json};

fn allow(actions: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn work_mail_full_access() -> Value {
    let text = include_str!("../fixtures/prerequisites-full-access-corrected.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    let actions = document["Statement"][0]["Action"].as_array_mut().unwrap();
    let retired =
        ["ds:CreateDomain", "ds:DeleteAlias", "ds:ExtendDirectory", "ec2:DescribeDomains"];
    actions.retain(|action| !retired.contains(&action.as_str().unwrap()));
    actions.push("route53:GetHostedZone".into());
    document["Statement"].take()
}

fn iam_full_access() -> Value {
    let organizations = [
        "DescribeAccount",
        "DescribeOrganization",
        "DescribeOrganizationalUnit",
        "DescribePolicy",
        "ListChildren",
        "ListParents",
        "ListPoliciesForTarget",
        "ListRoots",
        "ListPolicies",
        "ListTargetsForPolicy",
    ];
    let organizations = organizations.iter().map(|name| format!("organizations:{name}"));
    let actions: Vec<String> = ["iam:*".to_owned()].into_iter().chain(organizations).collect();
    allow(json!(actions), json!("*"))
}

/// Names and statements.
fn policies() -> [(&'static str, Value); 10] {
    let all = json!("*");
    let own = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"];
    [
        ("AmazonWorkMailFullAccess", work_mail_full_access()),
        ("AmazonWorkMailMessageFlowFullAccess", allow(json!("workmailmessageflow:*"), all.clone())),
        (
            "AmazonWorkMailReadOnlyAccess",
            allow(
                json!([
                    "ses:Describe*",
                    "ses:Get*",
                    "workmail:Describe*",
                    "workmail:Get*",
                    "workmail:List*",
                    "workmail:Search*",
                    "lambda:ListFunctions",
                    "iam:ListRoles",
                    "logs:DescribeLogGroups",
                    "cloudwatch:GetMetricData"
                ]),
                all.clone(),
            ),
        ),
        ("IAMFullAccess", iam_full_access()),
        (
            "IAMReadOnlyAccess",
            allow(
                json!([
                    "iam:GenerateCredentialReport",
                    "iam:GenerateServiceLastAccessedDetails",
                    "iam:Get*",
                    "iam:List*",
                    "iam:SimulateCustomPolicy",
                    "iam:SimulatePrincipalPolicy"
                ]),
                all.clone(),
            ),
        ),
        (
            "IAMUserChangePassword",
            json!([
                allow(json!("iam:ChangePassword"), json!(own)),
                allow(json!("iam:GetAccountPasswordPolicy"), all.clone())
            ]),
        ),
        ("AmazonSESFullAccess", allow(json!("ses:*"), all.clone())),
        (
            "AmazonSESReadOnlyAccess",
            allow(json!(["ses:Get*", "ses:List*", "ses:BatchGetMetricData"]), all.clone()),
        ),
        ("AWSAccountManagementFullAccess", allow(json!("account:*"), all.clone())),
        (
            "SignInLocalDevelopmentAccess",
            allow(
                json!(["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"]),
                json!("arn:aws:signin:*:*:oauth2/public-client/*"),
            ),
        ),
    ]
}

/// The documents, parsed.
pub(crate) fn sources() -> Vec<Source> {
    let source = |(name, statements): (&str, Value)| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let document = Arc::new(parse(&text, Kind::Managed).unwrap());
        Source { id: format!("arn:aws:iam::aws:policy/{name}").into(), document }
    };
    policies().into_iter().map(source).collect()
}

pub(crate) fn set() -> PolicySet {
    PolicySet::new(sources())
}
