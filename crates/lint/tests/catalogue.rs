//! Every code of the catalogue: a policy that earns it, and one like it that has nothing wrong at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use lint::{Code, PolicyType, lint};

use PolicyType::{Identity, Resource, ServiceControl, Trust};

/// A code, and two texts. What begins with `{` is a statement, put into a policy; what begins with `!` is
/// a policy; both without spaces before.
type Row = (Code, PolicyType, &'static str, &'static str);

fn policy(text: &str) -> String {
    match text.strip_prefix('!') {
        Some(policy) => policy.to_owned(),
        None => format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#),
    }
}

fn codes(kind: PolicyType, text: &str) -> Vec<Code> {
    lint(&policy(text), kind).iter().map(|finding| finding.code).collect()
}

fn assert_rows(rows: &[Row]) -> HashSet<Code> {
    for (code, kind, bad, good) in rows {
        let found = codes(*kind, bad);
        assert!(found.contains(code), "{code} is not found, but {found:?}: {bad}");
        assert_eq!(codes(*kind, good), [], "{code}: {good}");
    }
    rows.iter().map(|row| row.0).collect()
}

/// A statement that allows `workmail:ListUsers`, with the condition `condition`.
macro_rules! when {
    ($condition:literal) => {
        concat!(
            r#"{"Effect": "Allow", "Action": "workmail:ListUsers", "Resource": "*", "Condition": {"#,
            $condition,
            "}}"
        )
    };
}

/// A statement that allows `iam:PassRole`.
macro_rules! pass {
    ($rest:literal) => {
        concat!(r#"{"Effect": "Allow", "#, $rest, "}")
    };
}

/// A statement of a trust policy.
macro_rules! trust {
    ($principal:literal, $rest:literal) => {
        concat!(r#"{"Effect": "Allow", "Principal": "#, $principal, ", ", $rest, "}")
    };
}

const ACCOUNT_TRUST: &str = trust!(r#"{"AWS": "111122223333"}"#, r#""Action": "sts:AssumeRole""#);
const PLAIN: &str = r#"{"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}"#;

const SHAPE: &[Row] = &[
    (
        Code::JsonSyntaxError,
        Identity,
        r#"{"Effect": "Allow" "Action": "workmail:*", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::DataTypeMismatch,
        Identity,
        r#"{"Effect": "Allow", "Action": 1, "Resource": "*"}"#,
        PLAIN,
    ),
    (Code::DataTypeMismatch, Identity, "![]", PLAIN),
    (
        Code::InvalidPolicyElement,
        Identity,
        r#"{"Effect": "Allow", "Actions": "workmail:*", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::UnsupportedElementCombination,
        Identity,
        r#"{"Effect": "Deny", "Action": "workmail:*", "NotAction": "ses:*", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "NotAction": "ses:*", "Resource": "*"}"#,
    ),
    (
        Code::InvalidVersion,
        Identity,
        r#"!{"Version": "2024-01-01", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}"#,
        r#"!{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}"#,
    ),
    (Code::MissingVersion, Identity, r#"!{"Statement": []}"#, PLAIN),
    (Code::MissingStatement, Identity, r#"!{"Version": "2012-10-17"}"#, PLAIN),
    (Code::MissingEffect, Identity, r#"{"Action": "workmail:*", "Resource": "*"}"#, PLAIN),
    (
        Code::InvalidEffect,
        Identity,
        r#"{"Effect": "allow", "Action": "ses:*", "Resource": "*"}"#,
        PLAIN,
    ),
    (Code::MissingAction, Identity, r#"{"Effect": "Allow", "Resource": "*"}"#, PLAIN),
    (Code::MissingResource, Identity, r#"{"Effect": "Allow", "Action": "ses:*"}"#, PLAIN),
    (
        Code::MissingPrincipal,
        Resource,
        r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}"#,
    ),
    (
        Code::UnsupportedSid,
        Identity,
        r#"{"Sid": "a b", "Effect": "Allow", "Action": "ses:*", "Resource": "*"}"#,
        r#"{"Sid": "ab1", "Effect": "Allow", "Action": "ses:*", "Resource": "*"}"#,
    ),
    (
        Code::EmptySidValue,
        Identity,
        r#"{"Sid": "", "Effect": "Allow", "Action": "ses:*", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::UniqueSidsRequired,
        Identity,
        r#"{"Sid": "a", "Effect": "Allow", "Action": "ses:*", "Resource": "*"}, {"Sid": "a", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}"#,
        r#"{"Sid": "a", "Effect": "Allow", "Action": "ses:*", "Resource": "*"}, {"Sid": "A", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}"#,
    ),
    (
        Code::UniqueSidsRecommended,
        Resource,
        r#"{"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}, {"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}"#,
        r#"{"Sid": "a b", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}"#,
    ),
    (
        Code::EmptyArrayAction,
        Identity,
        r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::EmptyArrayResource,
        Identity,
        r#"{"Effect": "Allow", "Action": "ses:*", "Resource": []}"#,
        PLAIN,
    ),
    (
        Code::EmptyArrayPrincipal,
        Resource,
        r#"{"Effect": "Deny", "Principal": {"AWS": []}, "Action": "s3:GetObject"}"#,
        r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}"#,
    ),
    (
        Code::EmptyObjectPrincipal,
        Resource,
        r#"{"Effect": "Deny", "Principal": {}, "Action": "s3:GetObject"}"#,
        r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}"#,
    ),
    (
        Code::EmptyObjectCondition,
        Identity,
        r#"{"Effect": "Allow", "Action": "ses:*", "Resource": "*", "Condition": {}}"#,
        PLAIN,
    ),
    (Code::EmptyObjectCondition, Identity, when!(r#""Bool": {}"#), PLAIN),
];

const ACTIONS: &[Row] = &[
    (
        Code::InvalidAction,
        Identity,
        r#"{"Effect": "Allow", "Action": "workmail:SetAdmin", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": "WORKMAIL:listusers", "Resource": "*"}"#,
    ),
    (
        Code::InvalidAction,
        Identity,
        r#"{"Effect": "Allow", "Action": "workmail:Xyz*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": "workmail:*SmtpGate?ay", "Resource": "*"}"#,
    ),
    (
        Code::InvalidAction,
        Identity,
        r#"{"Effect": "Allow", "Action": "ListUsers", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::InvalidServiceInAction,
        Identity,
        r#"{"Effect": "Allow", "Action": "workmial:*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": "dynamodb:NobodyKnows", "Resource": "*"}"#,
    ),
    (
        Code::WildcardInServiceName,
        Identity,
        r#"{"Effect": "Deny", "Action": "work*:ListUsers", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#,
    ),
    (
        Code::UnsupportedActionInPolicy,
        Trust,
        trust!(r#"{"AWS": "111122223333"}"#, r#""Action": "iam:ListRoles""#),
        trust!(r#"{"AWS": "111122223333"}"#, r#""Action": ["sts:AssumeRole", "sts:Tag*"]"#),
    ),
    (
        Code::ScpSyntaxErrorActionWildcard,
        ServiceControl,
        r#"{"Effect": "Deny", "Action": "workmail:*Users", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "Action": "workmail:List*", "Resource": "*"}"#,
    ),
    (
        Code::ScpSyntaxErrorPrincipal,
        ServiceControl,
        r#"{"Effect": "Deny", "Principal": "*", "Action": "workmail:*", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "Action": "workmail:*", "Resource": "*"}"#,
    ),
    (
        Code::RedundantAction,
        Identity,
        r#"{"Effect": "Allow", "Action": ["ses:Get*", "SES:getaccount"], "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": ["ses:Get*", "ses:ListTemplates"], "Resource": "*"}"#,
    ),
    (
        Code::RedundantResource,
        Identity,
        r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::a/b"]}"#,
        r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::A/b"]}"#,
    ),
    (
        Code::RedundantStatement,
        Identity,
        r#"{"Sid": "a", "Effect": "Allow", "Action": ["ses:*", "kms:*"], "Resource": "*"}, {"Effect": "Allow", "Resource": ["*"], "Action": ["KMS:*", "ses:*"]}"#,
        r#"{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}, {"Effect": "Deny", "Resource": "*", "Action": "ses:*"}"#,
    ),
];

macro_rules! on {
    ($resource:literal) => {
        concat!(r#"{"Effect": "Deny", "Action": "*", "Resource": ""#, $resource, r#""}"#)
    };
}

const ORGANIZATION: &str = on!("arn:aws:workmail:us-east-1:111122223333:organization/m-1");

const ARNS: &[Row] = &[
    (Code::InvalidArnPrefix, Identity, on!("workmail:us-east-1:x"), ORGANIZATION),
    (Code::InvalidArnPrefix, Identity, on!("organization/m-1"), ORGANIZATION),
    (
        Code::MissingArnField,
        Identity,
        on!("arn:aws:workmail:us-east-1:m-1"),
        on!("arn:aws:workmail:*"),
    ),
    (Code::InvalidPartition, Identity, on!("arn:aww:s3:::a"), on!("arn:aws-cn:s3:::a")),
    (Code::InvalidArnServiceCase, Identity, on!("arn:aws:S3:::a"), on!("arn:aws:s3:::a")),
    (
        Code::InvalidService,
        Identity,
        on!("arn:aws:s33:::a"),
        on!("arn:aws:catalog:us-east-1:111122223333:x"),
    ),
    (
        Code::ArnRegionNotAllowed,
        Identity,
        on!("arn:aws:iam:us-east-1:111122223333:role/a"),
        on!("arn:aws:iam::111122223333:role/a"),
    ),
    (
        Code::ArnRegionNotAllowed,
        Identity,
        on!("arn:aws:iam:*:*:role/a"),
        on!("arn:aws:s3:*:*:bucket"),
    ),
    (
        Code::MissingArnRegion,
        Identity,
        on!("arn:aws:workmail::111122223333:organization/m-1"),
        ORGANIZATION,
    ),
    (
        Code::InvalidArnRegion,
        Identity,
        on!("arn:aws:workmail:us-east-9:111122223333:organization/m-1"),
        on!("arn:aws:workmail:us-*:*:organization/*"),
    ),
    (
        Code::ArnAccountNotAllowed,
        Identity,
        on!("arn:aws:s3::111122223333:bucket"),
        on!("arn:aws:s3:us-east-1:111122223333:accesspoint/a"),
    ),
    (
        Code::MissingArnAccount,
        Identity,
        on!("arn:aws:workmail:us-east-1::organization/m-1"),
        on!("arn:aws:ec2:us-east-1::image/ami-1"),
    ),
    (
        Code::InvalidArnAccount,
        Identity,
        on!("arn:aws:iam::11112222333:role/a"),
        on!("arn:aws:iam::aws:policy/a"),
    ),
    (
        Code::InvalidArnResource,
        Identity,
        on!("arn:aws:workmail:us-east-1:111122223333:group/m-1"),
        on!("arn:aws:workmail:us-east-1:111122223333:*"),
    ),
    (
        Code::InvalidArnResource,
        Identity,
        on!("arn:aws:iam::111122223333:roles/a"),
        on!("arn:aws:iam::111122223333:*/${aws:username}"),
    ),
];

const PASS_ROLE: &[Row] = &[
    (
        Code::PassRoleWithStarInResource,
        Identity,
        pass!(
            r#""Action": ["iam:PassRole"], "Resource": "*", "Condition": {"StringEqualsIfExists": {"iam:PassedToService": "ec2.amazonaws.com"}}"#
        ),
        pass!(
            r#""Action": "iam:passrole", "Resource": "*", "Condition": {"StringLike": {"IAM:PassedToService": "*x"}}"#
        ),
    ),
    (
        Code::PassRoleWithStarInResource,
        Identity,
        pass!(r#""Action": "iam:PassRole", "Resource": "*""#),
        pass!(
            r#""Action": "iam:PassRole", "Resource": "*", "Condition": {"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"}}"#
        ),
    ),
    (
        Code::PassRoleWithStarInActionAndResource,
        Identity,
        pass!(r#""Action": "iam:Pass*", "Resource": "*""#),
        pass!(r#""Action": "iam:Pass*", "Resource": "arn:aws:iam::*:role/*""#),
    ),
    (
        Code::PassRoleWithStarInResourceAndNotaction,
        Identity,
        pass!(r#""NotAction": "iam:CreateServiceLinkedRole", "Resource": "*""#),
        pass!(r#""NotAction": "iam:*", "Resource": "*""#),
    ),
    (
        Code::PassRoleWithNotresource,
        Identity,
        pass!(r#""Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/a""#),
        r#"{"Effect": "Deny", "Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/a"}"#,
    ),
    (
        Code::PassRoleWithStarInActionAndNotresource,
        Identity,
        pass!(r#""Action": "iam:Pass*", "NotResource": "arn:aws:iam::*:role/a""#),
        r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#,
    ),
    (
        Code::PassRoleWithNotactionAndNotresource,
        Identity,
        pass!(
            r#""NotAction": "iam:CreateServiceLinkedRole", "NotResource": "arn:aws:iam::*:role/a""#
        ),
        PLAIN,
    ),
    (
        Code::CreateSlrWithStarInResource,
        Identity,
        pass!(
            r#""Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": {"StringLike": {"iam:AWSServiceName": "*x"}}"#
        ),
        pass!(
            r#""Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": {"StringLike": {"iam:AWSServiceName": "events.workmail.amazonaws.com"}}"#
        ),
    ),
    (
        Code::CreateSlrWithStarInActionAndResource,
        Identity,
        pass!(r#""Action": "iam:CreateService*", "Resource": "*""#),
        pass!(r#""Action": "iam:CreateUser*", "Resource": "*""#),
    ),
    (
        Code::CreateSlrWithStarInResourceAndNotaction,
        Identity,
        pass!(r#""NotAction": "iam:PassRole", "Resource": "*""#),
        PLAIN,
    ),
    (
        Code::CreateSlrWithNotresource,
        Identity,
        pass!(r#""Action": "iam:CreateServiceLinkedRole", "NotResource": "arn:aws:iam::*:role/a""#),
        PLAIN,
    ),
    (
        Code::CreateSlrWithStarInActionAndNotresource,
        Identity,
        pass!(r#""Action": "iam:CreateService*", "NotResource": "arn:aws:iam::*:role/a""#),
        PLAIN,
    ),
    (
        Code::CreateSlrWithNotactionAndNotresource,
        Identity,
        pass!(r#""NotAction": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/a""#),
        PLAIN,
    ),
];

macro_rules! resource {
    ($principal:literal) => {
        concat!(
            r#"{"Effect": "Allow", "Principal": "#,
            $principal,
            r#", "Action": "s3:GetObject"}"#
        )
    };
    ($principal:literal, $condition:literal) => {
        concat!(
            r#"{"Effect": "Allow", "Principal": "#,
            $principal,
            r#", "Action": "s3:GetObject", "Condition": {"#,
            $condition,
            "}}"
        )
    };
}

const PRINCIPALS: &[Row] = &[
    (
        Code::UnsupportedPrincipal,
        Identity,
        r#"{"Effect": "Allow", "Principal": "*", "Action": "ses:*", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::InvalidPrincipalFormat,
        Resource,
        resource!(r#""111122223333""#),
        resource!(r#"{"AWS": "111122223333"}"#),
    ),
    (
        Code::InvalidPrincipalFormat,
        Resource,
        resource!(r#"{"AWS": "arn:aws:iam::111122223333:group/a"}"#),
        resource!(
            r#"{"AWS": ["arn:aws:iam::111122223333:user/a", "arn:aws:sts::111122223333:assumed-role/a/b"]}"#
        ),
    ),
    (
        Code::InvalidPrincipalKey,
        Resource,
        resource!(r#"{"Aws": "111122223333"}"#),
        resource!(r#"{"CanonicalUser": "a1"}"#),
    ),
    (
        Code::UnsupportedWildcardInPrincipal,
        Resource,
        resource!(r#"{"AWS": "arn:aws:iam::111122223333:user/*"}"#),
        resource!(r#""*""#),
    ),
    (
        Code::InvalidServicePrincipalFormat,
        Resource,
        resource!(
            r#"{"Service": "events"}"#,
            r#""StringEquals": {"aws:SourceAccount": "111122223333"}"#
        ),
        resource!(
            r#"{"Service": "events.workmail.amazonaws.com"}"#,
            r#""StringEquals": {"aws:SourceAccount": "111122223333"}"#
        ),
    ),
    (
        Code::FederatedPrincipalNotSupported,
        Resource,
        resource!(r#"{"Federated": "www.amazon.com"}"#),
        resource!(r#""*""#),
    ),
    (
        Code::InvalidRoleReference,
        Resource,
        resource!(r#"{"AWS": "AROAAAAAAAAAAAAAAAAAA"}"#),
        resource!(r#"{"AWS": "arn:aws:iam::111122223333:role/a"}"#),
    ),
    (
        Code::InvalidUserReference,
        Resource,
        resource!(r#"{"AWS": "AIDAAAAAAAAAAAAAAAAAA"}"#),
        resource!(r#"{"AWS": "arn:aws:iam::111122223333:root"}"#),
    ),
    (
        Code::AllowWithNotprincipal,
        Resource,
        r#"{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:GetObject"}"#,
        r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:GetObject"}"#,
    ),
    (
        Code::RestrictAccessToServicePrincipal,
        Resource,
        resource!(r#"{"Service": "ses.amazonaws.com"}"#),
        resource!(
            r#"{"Service": "ses.amazonaws.com"}"#,
            r#""ArnLike": {"AWS:SourceArn": "arn:aws:ses:*:111122223333:*"}"#
        ),
    ),
    (
        Code::RecommendedConditionKeyForServicePrincipal,
        Resource,
        resource!(
            r#"{"Service": "ses.amazonaws.com"}"#,
            r#""StringEquals": {"aws:Referer": "111122223333"}"#
        ),
        resource!(
            r#"{"Service": "ses.amazonaws.com"}"#,
            r#""StringEquals": {"aws:SourceAccount": "111122223333"}"#
        ),
    ),
    (
        Code::IrrelevantConditionKeyInPolicy,
        Resource,
        resource!(r#""*""#, r#""StringEquals": {"aws:ResourceAccount": "111122223333"}"#),
        resource!(r#""*""#, r#""StringEquals": {"aws:PrincipalAccount": "111122223333"}"#),
    ),
];

const SAML: &str = r#"{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/a"}, "Action": "sts:AssumeRoleWithSAML", "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}"#;
const OPEN_ID: &str = r#"{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/id.example.com/a"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"id.example.com/a:aud": "c"}}}"#;

const TRUST: &[Row] = &[
    (
        Code::RoleTrustPolicySyntaxErrorNotprincipal,
        Trust,
        r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#,
        ACCOUNT_TRUST,
    ),
    (
        Code::RoleTrustPolicySyntaxErrorResource,
        Trust,
        trust!(r#"{"AWS": "111122223333"}"#, r#""Action": "sts:AssumeRole", "Resource": "*""#),
        ACCOUNT_TRUST,
    ),
    (
        Code::RoleTrustPolicyUnsupportedWildcardInPrincipal,
        Trust,
        trust!(r#""*""#, r#""Action": "sts:AssumeRole""#),
        r#"{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}"#,
    ),
    (
        Code::InvalidFederatedPrincipalSyntaxInRoleTrustPolicy,
        Trust,
        trust!(
            r#"{"Federated": "arn:aws:iam::111122223333:provider/a"}"#,
            r#""Action": "sts:AssumeRoleWithSAML""#
        ),
        SAML,
    ),
    (
        Code::MismatchedActionForPrincipal,
        Trust,
        trust!(
            r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/a"}"#,
            r#""Action": "sts:AssumeRoleWithWebIdentity""#
        ),
        OPEN_ID,
    ),
    (
        Code::MissingActionForConditionKey,
        Trust,
        trust!(
            r#"{"AWS": "111122223333"}"#,
            r#""Action": "sts:AssumeRole", "Condition": {"StringLike": {"sts:SourceIdentity": "a*"}}"#
        ),
        trust!(
            r#"{"AWS": "111122223333"}"#,
            r#""Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Condition": {"StringLike": {"sts:SourceIdentity": "a*"}}"#
        ),
    ),
    (
        Code::RedundantPrincipalInRoleTrustPolicy,
        Trust,
        trust!(
            r#"{"AWS": ["arn:aws:iam::111122223333:role/p/a", "arn:aws:sts::111122223333:assumed-role/a/s"]}"#,
            r#""Action": "sts:AssumeRole""#
        ),
        trust!(
            r#"{"AWS": ["arn:aws:iam::111122223333:role/p/a", "arn:aws:sts::111122223333:assumed-role/b/s"]}"#,
            r#""Action": "sts:AssumeRole""#
        ),
    ),
    (
        Code::MissingConditionKeyForOidcPrincipal,
        Trust,
        trust!(
            r#"{"Federated": "cognito-identity.amazonaws.com"}"#,
            r#""Action": "sts:AssumeRoleWithWebIdentity""#
        ),
        OPEN_ID,
    ),
    (
        Code::ConfirmAudienceClaimType,
        Trust,
        r#"{"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"ForAnyValue:StringEquals": {"accounts.google.com:aud": "c"}}}"#,
        r#"{"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"accounts.google.com:aud": "c"}}}"#,
    ),
];

const CONDITIONS: &[Row] = &[
    (
        Code::InvalidConditionOperator,
        Identity,
        when!(r#""stringequals": {"aws:username": "a"}"#),
        when!(r#""StringEquals": {"aws:username": "a"}"#),
    ),
    (
        Code::NullWithIfExists,
        Identity,
        when!(r#""NullIfExists": {"aws:username": "true"}"#),
        when!(r#""Null": {"aws:username": "true"}"#),
    ),
    (
        Code::NullWithQualifier,
        Identity,
        when!(r#""ForAllValues:Null": {"aws:TagKeys": "true"}"#),
        when!(r#""Null": {"aws:TagKeys": true}"#),
    ),
    (
        Code::InvalidConditionKeyFormat,
        Identity,
        when!(r#""StringEquals": {"username": "a"}"#),
        when!(r#""StringEquals": {"AWS:UserName": "a"}"#),
    ),
    (
        Code::InvalidGlobalConditionKey,
        Identity,
        when!(r#""StringEquals": {"aws:user": "a"}"#),
        when!(r#""StringEquals": {"aws:userid": "a"}"#),
    ),
    (
        Code::UnsupportedGlobalConditionKey,
        Identity,
        when!(r#""StringEquals": {"aws:ARN": "a"}"#),
        when!(r#""StringEquals": {"aws:PrincipalArn": "a"}"#),
    ),
    (
        Code::InvalidServiceConditionKey,
        Identity,
        when!(r#""StringEquals": {"workmail:Role": "a"}"#),
        when!(r#""StringEquals": {"dynamodb:Anything": "a"}"#),
    ),
    (
        Code::InvalidService,
        Identity,
        when!(r#""StringEquals": {"workmial:Role": "a"}"#),
        when!(r#""StringEquals": {"id.example.com:sub": "a"}"#),
    ),
    (
        Code::UnsupportedActionForConditionKey,
        Identity,
        when!(r#""StringEquals": {"workmail:ImpersonationRoleId": "a"}"#),
        r#"{"Effect": "Allow", "Action": "workmail:AssumeImpersonationRole", "Resource": "*", "Condition": {"StringEquals": {"workmail:ImpersonationRoleId": "a"}}}"#,
    ),
    (
        Code::DuplicateKeysWithDifferentCase,
        Identity,
        when!(r#""StringEquals": {"aws:username": "a", "aws:UserName": "b"}"#),
        when!(r#""StringEquals": {"aws:username": "a"}, "StringLike": {"aws:UserName": "b*"}"#),
    ),
    (
        Code::InvalidConditionDataType,
        Identity,
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": ["1", 2]}"#),
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": 2}"#),
    ),
    (
        Code::InvalidConditionMultipleBoolean,
        Identity,
        when!(r#""Bool": {"aws:SecureTransport": ["true", "false"]}"#),
        when!(r#""Bool": {"aws:SecureTransport": "true"}"#),
    ),
    (
        Code::MissingQualifier,
        Identity,
        when!(r#""StringEquals": {"aws:TagKeys": "a"}"#),
        when!(r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#),
    ),
    (
        Code::ForallvaluesWithSingleValuedKey,
        Identity,
        when!(r#""ForAllValues:StringEquals": {"aws:username": "a"}"#),
        when!(r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#),
    ),
    (
        Code::MissingTagKeyInCondition,
        Identity,
        when!(r#""StringEquals": {"aws:PrincipalTag": "a"}"#),
        when!(r#""StringEquals": {"aws:PrincipalTag/team": "a"}"#),
    ),
    (
        Code::InvalidRegion,
        Identity,
        when!(r#""StringEquals": {"aws:RequestedRegion": "eu-wset-1"}"#),
        when!(r#""StringLike": {"aws:RequestedRegion": "eu-*"}"#),
    ),
    (
        Code::InvalidVpcFormat,
        Identity,
        when!(r#""StringEquals": {"aws:SourceVpc": "vpc-1"}"#),
        when!(r#""StringEquals": {"aws:SourceVpc": "vpc-12345678"}"#),
    ),
    (
        Code::InvalidVpceFormat,
        Identity,
        when!(r#""StringEquals": {"aws:SourceVpce": "vpc-12345678"}"#),
        when!(r#""StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d5e6f7a8b9"}"#),
    ),
    (
        Code::PrivateIpAddress,
        Identity,
        when!(r#""IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "fd00::/8"]}"#),
        when!(r#""IpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#),
    ),
    (
        Code::PrivateNotipaddress,
        Identity,
        when!(r#""NotIpAddress": {"aws:SourceIp": "192.168.1.1"}"#),
        when!(r#""NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}"#),
    ),
    (
        Code::PrivateIpAddressSubset,
        Identity,
        when!(r#""IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "203.0.113.0/24"]}"#),
        when!(r#""IpAddress": {"aws:SourceIp": "2001:db8::/32"}"#),
    ),
    (
        Code::PrivateNotipaddressSubset,
        Identity,
        when!(r#""NotIpAddress": {"aws:SourceIp": ["::1", "203.0.113.0/24"]}"#),
        when!(r#""NotIpAddress": {"aws:SourceIp": "8.0.0.0/7"}"#),
    ),
    (
        Code::ImproveIpRange,
        Identity,
        when!(r#""IpAddress": {"aws:SourceIp": "203.0.113.5/24"}"#),
        when!(r#""IpAddress": {"aws:SourceIp": "203.0.113.5/32"}"#),
    ),
    (
        Code::TypeMismatchIpRange,
        Identity,
        when!(r#""IpAddress": {"aws:SourceIp": "203.0.113.5/33"}"#),
        when!(r#""IpAddress": {"aws:SourceIp": "2001:db8::1"}"#),
    ),
    (
        Code::TypeMismatchBoolean,
        Identity,
        when!(r#""Bool": {"aws:SecureTransport": "yes"}"#),
        when!(r#""Bool": {"aws:SecureTransport": "True"}"#),
    ),
    (
        Code::TypeMismatchDate,
        Identity,
        when!(r#""DateLessThan": {"aws:CurrentTime": "tomorrow"}"#),
        when!(r#""DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}"#),
    ),
    (
        Code::InvalidDateValue,
        Identity,
        when!(r#""DateLessThan": {"aws:CurrentTime": "2021"}"#),
        when!(r#""DateLessThan": {"aws:CurrentTime": "2021-01"}"#),
    ),
    (
        Code::TypeMismatchNumber,
        Identity,
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}"#),
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": "3600.5"}"#),
    ),
    (
        Code::TypeMismatchString,
        Identity,
        when!(r#""BinaryEquals": {"dynamodb:Key": "a*"}"#),
        when!(r#""BinaryEquals": {"dynamodb:Key": "QUJD"}"#),
    ),
    (
        Code::TypeMismatch,
        Identity,
        when!(r#""StringEquals": {"aws:SourceIp": "203.0.113.5"}"#),
        when!(r#""NumericLessThan": {"aws:EpochTime": 1900000000}"#),
    ),
    (
        Code::WildcardWithoutLikeOperator,
        Identity,
        when!(r#""StringEquals": {"aws:username": "a*"}"#),
        when!(r#""StringEquals": {"aws:username": "a${*}"}"#),
    ),
    (
        Code::EquivalentToNullFalse,
        Identity,
        when!(r#""StringLike": {"aws:username": "*"}"#),
        when!(r#""StringLike": {"aws:username": "a*"}"#),
    ),
    (
        Code::StringLikeOperatorWithArnConditionKeys,
        Identity,
        when!(r#""StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"}"#),
        when!(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"}"#),
    ),
    (
        Code::MissingPairedConditionKeys,
        Identity,
        when!(r#""IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}"#),
        when!(
            r#""IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceVpc": "vpc-12345678"}"#
        ),
    ),
    (
        Code::RedundantConditionValueNum,
        Identity,
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": [1, 2]}"#),
        when!(r#""NumericEquals": {"aws:MultiFactorAuthAge": [1, 2]}"#),
    ),
    (Code::EmptyArrayCondition, Identity, when!(r#""StringEquals": {"aws:username": []}"#), PLAIN),
    (
        Code::EmptyArrayConditionForallvalues,
        Identity,
        when!(r#""ForAllValues:StringEquals": {"aws:TagKeys": []}"#),
        PLAIN,
    ),
    (
        Code::EmptyArrayConditionForanyvalue,
        Identity,
        when!(r#""ForAnyValue:StringEquals": {"aws:TagKeys": []}"#),
        PLAIN,
    ),
    (
        Code::EmptyArrayConditionIfexists,
        Identity,
        when!(r#""StringEqualsIfExists": {"aws:username": []}"#),
        PLAIN,
    ),
    (
        Code::AllowWithUnsupportedTagConditionKeyForService,
        Identity,
        r#"{"Effect": "Allow", "Action": "route53domains:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}"#,
        when!(r#""StringEquals": {"aws:ResourceTag/a": "b"}"#),
    ),
    (
        Code::DenyWithUnsupportedTagConditionKeyForService,
        Identity,
        r#"{"Effect": "Deny", "Action": "route53domains:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}"#,
        r#"{"Effect": "Deny", "Action": "route53domains:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceTag/a": "b"}}}"#,
    ),
    (
        Code::AllowNotactionWithUnsupportedTagConditionKeyForService,
        Identity,
        r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}"#,
        when!(r#""StringEquals": {"aws:ResourceTag/a": "b"}"#),
    ),
    (
        Code::DenyNotactionWithUnsupportedTagConditionKeyForService,
        Identity,
        r#"{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}"#,
        r#"{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/a": "b"}}}"#,
    ),
];

const VARIABLES: &[Row] = &[
    (
        Code::MissingBraceInVariable,
        Identity,
        on!("arn:aws:s3:::a/${aws:username"),
        on!("arn:aws:s3:::a/${aws:username}"),
    ),
    (
        Code::MissingQuoteInVariable,
        Identity,
        on!("arn:aws:s3:::a/${aws:username, 'x}"),
        on!("arn:aws:s3:::a/${aws:username, 'x}'}"),
    ),
    (
        Code::UnsupportedSpaceInVariable,
        Identity,
        on!("arn:aws:s3:::a/${aws: username}"),
        on!("arn:aws:s3:::a/${ aws:username }"),
    ),
    (Code::EmptyVariable, Identity, on!("arn:aws:s3:::a/${}"), on!("arn:aws:s3:::a/${$}{}")),
    (
        Code::DeprecatedGlobalConditionKey,
        Identity,
        on!("arn:aws:s3:::a/${aws:ARN}"),
        on!("arn:aws:s3:::a/${aws:PrincipalArn}"),
    ),
    (
        Code::InvalidVariableForOperator,
        Identity,
        when!(r#""NumericLessThan": {"aws:MultiFactorAuthAge": "${aws:PrincipalTag/a}"}"#),
        when!(r#""Bool": {"aws:SecureTransport": "${aws:PrincipalTag/a}"}"#),
    ),
    (
        Code::VariableUnsupportedInElement,
        Identity,
        r#"{"Effect": "Deny", "Action": "ses:${aws:username}", "Resource": "*"}"#,
        PLAIN,
    ),
    (
        Code::VariableUnsupportedInVersion,
        Identity,
        r#"!{"Version": "2008-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::a/${aws:username}"}}"#,
        r#"!{"Version": "2008-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::a/${}"}}"#,
    ),
];

#[test]
fn shapes() {
    assert_rows(SHAPE);
}

#[test]
fn actions() {
    assert_rows(ACTIONS);
}

#[test]
fn arns() {
    assert_rows(ARNS);
}

#[test]
fn roles_that_are_passed_and_made() {
    assert_rows(PASS_ROLE);
}

#[test]
fn principals() {
    assert_rows(PRINCIPALS);
}

#[test]
fn trust_policies() {
    assert_rows(TRUST);
}

#[test]
fn conditions() {
    assert_rows(CONDITIONS);
}

#[test]
fn variables() {
    assert_rows(VARIABLES);
}

/// A text of the kind whose size is `chars` without white space, and as much with.
fn sized(statement: &str, chars: usize) -> String {
    let empty = format!(r#"{{"Version":"2012-10-17","Id":"","Statement":{statement}}}"#);
    empty.replace(r#""Id":"""#, &format!(r#""Id":"{}""#, "x".repeat(chars - empty.len())))
}

#[test]
fn sizes() {
    let control = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
    let resource = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*"}"#;
    let trust = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#;
    for (code, kind, statement, quota) in [
        (Code::PolicySizeExceedsIdentityPolicyQuota, Identity, control, 10_240),
        (Code::PolicySizeExceedsResourcePolicyQuota, Resource, resource, 20_480),
        (Code::PolicySizeExceedsRoleTrustPolicyQuota, Trust, trust, 2_048),
        (Code::PolicySizeExceedsScpQuota, ServiceControl, control, 5_120),
    ] {
        assert_eq!(codes(kind, &format!("!{}", sized(statement, quota))), []);
        assert_eq!(codes(kind, &format!("!{}", sized(statement, quota + 1))), [code]);
    }
    let spacious = sized(control, 10_240).replace("\":", "\" : ");
    assert_eq!(codes(Identity, &format!("!{spacious}")), []);
}

#[test]
fn what_does_not_belong_to_the_resource() {
    let bucket = Some("AWS::S3::Bucket");
    let text = |action: &str, resource: &str| {
        policy(&format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "{action}", "Resource": "{resource}"}}"#
        ))
    };
    let codes = |text: &str| -> Vec<Code> {
        lint::validate(text, Resource, bucket).iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(&text("s3:GetObject", "arn:aws:s3:::a/*")), []);
    assert_eq!(codes(&text("sqs:SendMessage", "*")), [Code::UnsupportedActionInPolicy]);
    assert_eq!(
        codes(&text("s3:*", "arn:aws:sqs:us-east-1:111122223333:a")),
        [Code::UnsupportedResourceArnInPolicy]
    );
}

/// No code without a row.
#[test]
fn the_catalogue_is_complete() {
    let tables = [SHAPE, ACTIONS, ARNS, PASS_ROLE, PRINCIPALS, TRUST, CONDITIONS, VARIABLES];
    let mut covered: HashSet<Code> =
        tables.iter().flat_map(|rows| rows.iter().map(|row| row.0)).collect();
    // These have tests of their own.
    covered.extend([
        Code::PolicySizeExceedsIdentityPolicyQuota,
        Code::PolicySizeExceedsResourcePolicyQuota,
        Code::PolicySizeExceedsRoleTrustPolicyQuota,
        Code::PolicySizeExceedsScpQuota,
        Code::UnsupportedResourceArnInPolicy,
    ]);
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !covered.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
