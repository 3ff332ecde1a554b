//! `ValidatePolicy`.

use iam::door::{Call, Resource};
use lint::PolicyType;
use policy::TEXT_CHARS_MAX;
use wire::accessanalyzer::{
    PolicyType as Asked, ValidatePolicyRequest, ValidatePolicyResourceType as ResourceType,
    ValidatePolicyResponse, errors::VALIDATION,
};

use crate::{shown::Shower, token::Token};

/// Findings of a page when the caller does not say, and at most.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1_000;

pub(crate) async fn validate(
    call: &mut Call,
    input: ValidatePolicyRequest,
) -> Result<ValidatePolicyResponse, wire::Error> {
    let limit = limit(input.max_results)?;
    let kind = kind(&input)?;
    let text = &input.policy_document;
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        let message = format!("The policy document has more than {TEXT_CHARS_MAX} characters.");
        return Err(VALIDATION.with(message));
    }
    let token = Token::of(call, &input);
    let first = input.next_token.as_deref().map_or(Ok(0), |text| token.open(text))?;
    call.read("access-analyzer:ValidatePolicy", Resource::any()).await?;
    call.release();
    let resource_type = input.validate_policy_resource_type.map(ResourceType::as_str);
    // The same text has the same findings, so a place in their list is a place for ever.
    let findings = lint::validate(text, kind, resource_type);
    let shower = Shower::new(text);
    let page = findings.iter().skip(first).take(limit).map(|finding| shower.finding(finding));
    let next = first.saturating_add(limit);
    let next_token = (next < findings.len()).then(|| token.seal(next)).transpose()?;
    Ok(ValidatePolicyResponse { findings: page.collect(), next_token })
}

fn limit(max_results: Option<i32>) -> Result<usize, wire::Error> {
    let Some(asked) = max_results else { return Ok(PAGE) };
    let limit = usize::try_from(asked).ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    limit.ok_or_else(|| {
        VALIDATION.with(format!("maxResults must be between 1 and {PAGE_MAX}, not {asked}."))
    })
}

fn kind(input: &ValidatePolicyRequest) -> Result<PolicyType, wire::Error> {
    match (input.policy_type, input.validate_policy_resource_type) {
        (Asked::ResourcePolicy, Some(ResourceType::AwsIamAssumeRolePolicyDocument)) => {
            Ok(PolicyType::Trust)
        }
        (Asked::ResourcePolicy, _) => Ok(PolicyType::Resource),
        (_, Some(_)) => {
            let message = "validatePolicyResourceType can be used only with the policy type \
                           RESOURCE_POLICY.";
            Err(VALIDATION.with(message))
        }
        (Asked::IdentityPolicy, None) => Ok(PolicyType::Identity),
        (Asked::ServiceControlPolicy, None) => Ok(PolicyType::ServiceControl),
        (Asked::ResourceControlPolicy, None) => Ok(PolicyType::ResourceControl),
    }
}
