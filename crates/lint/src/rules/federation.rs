//! Identity providers in trust policies of roles.

use policy::Quantifier;

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Entry, Policy, Statement},
};

/// Providers that are known by their domain, without an ARN.
const DOMAINS: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// What a principal of a trust policy is to the actions of STS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider<'a> {
    Saml,
    /// OpenID Connect, with what its condition keys begin with.
    OpenId(&'a str),
    /// No provider.
    None,
}

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    if policy.kind != PolicyType::Trust {
        return;
    }
    let mut providers = Vec::new();
    for (kind, entry) in &principals.entries {
        let provider = match *kind {
            "Federated" if entry.text.contains(['*', '?', '$']) => continue,
            "Federated" => provider(entry.text),
            _ => Some(Provider::None),
        };
        match provider {
            Some(provider) => providers.push((entry, provider)),
            None => bad_form(entry, findings),
        }
    }
    if statement.allows() && !principals.negated {
        actions_fit(statement, &providers, findings);
        unconditional(statement, &providers, findings);
    }
    audiences(statement, findings);
}

fn bad_form(entry: &Entry<'_>, findings: &mut Findings) {
    let message = "The principal value specifies a federated principal that does not match the expected \
                   format. Update the federated principal to a domain name or a SAML metadata ARN.";
    findings.add(Code::InvalidFederatedPrincipalSyntaxInRoleTrustPolicy, entry.span, message);
}

fn provider(text: &str) -> Option<Provider<'_>> {
    if let Some(rest) = text.strip_prefix("arn:") {
        let (_, resource) = rest.split_once("::")?;
        let (account, resource) = resource.split_once(':')?;
        if !super::arns::is_account(account) {
            return None;
        }
        let named = |kind| resource.strip_prefix(kind).filter(|name| !name.is_empty());
        return match (named("saml-provider/"), named("oidc-provider/")) {
            (Some(_), _) => Some(Provider::Saml),
            (_, Some(host)) => Some(Provider::OpenId(host)),
            _ => None,
        };
    }
    let is_domain = text.contains('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/:".contains(&byte));
    (DOMAINS.contains(&text) || is_domain).then_some(Provider::OpenId(text))
}

/// Each action of STS goes with one kind of provider.
fn actions_fit(
    statement: &Statement<'_>,
    providers: &[(&Entry<'_>, Provider<'_>)],
    findings: &mut Findings,
) {
    for action in statement.action_entries() {
        let fits: fn(Provider<'_>) -> bool = match action.text.to_ascii_lowercase().as_str() {
            "sts:assumerole" => |provider| provider == Provider::None,
            "sts:assumerolewithsaml" => |provider| provider == Provider::Saml,
            "sts:assumerolewithwebidentity" => |provider| matches!(provider, Provider::OpenId(_)),
            _ => continue,
        };
        // One action may be for one principal and the next for another.
        if providers.iter().any(|(_, provider)| fits(*provider)) || providers.is_empty() {
            continue;
        }
        let names: Vec<_> = providers.iter().map(|(entry, _)| entry.text).collect();
        let message = format!(
            "The {} action is invalid with the following principal(s): {}. Use a SAML provider principal \
             with the sts:AssumeRoleWithSAML action or use an OIDC provider principal with the \
             sts:AssumeRoleWithWebIdentity action. Ensure the provider is Federated if you use either of \
             the two options.",
            action.text,
            names.join(", ")
        );
        findings.add(Code::MismatchedActionForPrincipal, action.span, message);
    }
}

/// A provider of the public lets in everyone who has an account there.
fn unconditional(
    statement: &Statement<'_>,
    providers: &[(&Entry<'_>, Provider<'_>)],
    findings: &mut Findings,
) {
    for (entry, provider) in providers {
        let Provider::OpenId(host) = provider else { continue };
        let asked = statement.conditions.iter().any(|condition| {
            let key = condition.key.value.as_bytes();
            key.get(..host.len()).is_some_and(|start| start.eq_ignore_ascii_case(host.as_bytes()))
        });
        if !asked {
            let message = "Using an Open ID Connect principal without a condition can be overly \
                           permissive. Add condition keys with a prefix that matches your federated OIDC \
                           principals to ensure that only the intended identity provider assumes the role.";
            findings
                .add(Code::MissingConditionKeyForOidcPrincipal, entry.span, message)
                .hint(format!("ask for `{host}:aud` and `{host}:sub`"));
        }
    }
}

fn audiences(statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let qualified = condition.operator.is_some_and(|operator| {
            matches!(operator.quantifier, Some(Quantifier::ForAllValues | Quantifier::ForAnyValue))
        });
        let provider = condition.key.value.strip_suffix(":aud").filter(|host| *host != "saml");
        if qualified && provider.is_some() {
            let message = "The 'aud' (audience) claim key identifies the recipients that the JSON web \
                           token is intended for. Audience claims can be multivalued or single-valued. If \
                           the claim is multivalued, use a ForAllValues or ForAnyValue qualifier. If the \
                           claim is single-valued, do not use a qualifier.";
            findings.add(Code::ConfirmAudienceClaimType, condition.key.span, message);
        }
    }
}
