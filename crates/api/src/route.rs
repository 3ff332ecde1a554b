//! Which service and which operation a request means.

use std::time::Duration;

use hyper::{HeaderMap, Method, header::CONTENT_TYPE};
use wire::{
    Protocol, ServiceModel,
    errors::{INVALID_ACTION, SIGNATURE_DOES_NOT_MATCH},
};

/// The services that the endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Identity and Access Management.
    Iam,
    /// Security Token Service.
    Sts,
    /// WorkMail.
    WorkMail,
}

impl Service {
    const ALL: [Self; 3] = [Self::Iam, Self::Sts, Self::WorkMail];

    /// The service's tables.
    pub fn model(self) -> &'static ServiceModel {
        match self {
            Self::Iam => &wire::iam::MODEL,
            Self::Sts => &wire::sts::MODEL,
            Self::WorkMail => &wire::workmail::MODEL,
        }
    }

    /// The name of the service in event records.
    pub(crate) fn event_source(self) -> &'static str {
        match self {
            Self::Iam => "iam.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
            Self::WorkMail => "workmail.amazonaws.com",
        }
    }

    /// How far a request's clock may be off: 15 minutes for IAM and STS, 5 for the others.
    pub(crate) fn clock_tolerance(self) -> Duration {
        match self {
            Self::Iam | Self::Sts => Duration::from_secs(15 * 60),
            Self::WorkMail => Duration::from_secs(5 * 60),
        }
    }

    /// The region of a call that is scoped to `region`: IAM is in one whatever its clients sign for, so that
    /// none steps around a condition on `aws:RequestedRegion`.
    pub(crate) fn region(self, region: &str) -> &str {
        match self {
            Self::Iam => "us-east-1",
            Self::Sts | Self::WorkMail => region,
        }
    }

    fn by_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.model().signing_name == name)
    }

    fn by_target_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| match service.model().protocol {
            Protocol::Json { target_prefix, .. } => target_prefix == prefix,
            Protocol::Query { .. } => false,
        })
    }
}

/// Where a request wants to go, as far as its head tells before anything is verified.
#[derive(Debug)]
pub(crate) struct Route {
    /// The service; the one that the credential scope names, if the protocol leaves it open.
    pub(crate) service: Service,
    /// The header that names the operation in the JSON protocols: `WorkMailService.CreateUser`.
    pub(crate) target: Option<String>,
}

/// Why a request has no way in.
#[derive(Debug)]
pub(crate) enum NoRoute {
    /// The method is none of the protocol's: AWS sends such a client to its pages.
    Redirect,
    /// It fails in the protocol it seems to speak.
    Refused(&'static ServiceModel, wire::Error),
}

/// The service whose protocol a request seems to speak, for refusing it before it is routed.
pub(crate) fn spoken(headers: &HeaderMap) -> &'static ServiceModel {
    if headers.contains_key("x-amz-target") { &wire::workmail::MODEL } else { &wire::iam::MODEL }
}

/// Finds the way of a request by its head and the service that its credential scope names.
pub(crate) fn route(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    scope_service: Option<&str>,
) -> Result<Route, NoRoute> {
    match headers.get("x-amz-target") {
        Some(target) => json(method, target.to_str().unwrap_or_default(), headers),
        None => query(method, path, headers, scope_service),
    }
}

fn json(method: &Method, target: &str, headers: &HeaderMap) -> Result<Route, NoRoute> {
    let prefix = target.rsplit_once('.').map_or(target, |(prefix, _)| prefix);
    let unknown = |model| {
        let message = format!("No operation `{target}` is served here.");
        NoRoute::Refused(model, INVALID_ACTION.with(message))
    };
    let Some(service) = Service::by_target_prefix(prefix) else {
        return Err(unknown(&wire::workmail::MODEL));
    };
    let is_json = media_type(headers).is_some_and(|media_type| {
        media_type.starts_with("application/x-amz-json-1.") || media_type == "application/json"
    });
    if method != Method::POST || !is_json {
        return Err(unknown(service.model()));
    }
    Ok(Route { service, target: Some(target.to_owned()) })
}

fn query(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    scope_service: Option<&str>,
) -> Result<Route, NoRoute> {
    if path != "/" || (method != Method::GET && method != Method::POST) {
        return Err(NoRoute::Redirect);
    }
    if method == Method::POST
        && media_type(headers).is_some_and(|kind| kind != "application/x-www-form-urlencoded")
    {
        let message = "The content type must be application/x-www-form-urlencoded.";
        return Err(NoRoute::Refused(&wire::iam::MODEL, SIGNATURE_DOES_NOT_MATCH.with(message)));
    }
    let service = match scope_service {
        // Unsigned: the refusal that follows needs no more than a form.
        None => Service::Iam,
        Some(name) => Service::by_signing_name(name).ok_or_else(|| wrong_scope(name))?,
    };
    match service.model().protocol {
        Protocol::Query { .. } => Ok(Route { service, target: None }),
        // Signed for a service that wants its operation in a header which is not there.
        Protocol::Json { .. } => {
            let message = "The header X-Amz-Target names no operation.";
            Err(NoRoute::Refused(service.model(), INVALID_ACTION.with(message)))
        }
    }
}

fn wrong_scope(name: &str) -> NoRoute {
    let served = Service::ALL.map(|service| format!("'{}'", service.model().signing_name));
    let message = format!(
        "Credential should be scoped to correct service: {}. '{name}' is not served here.",
        served.join(", ")
    );
    NoRoute::Refused(&wire::iam::MODEL, SIGNATURE_DOES_NOT_MATCH.with(message))
}

/// The media type of the body in lower case, without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

    #[test]
    fn a_target_names_service_and_operation() {
        let headers = headers(&[JSON, ("x-amz-target", "WorkMailService.CreateUser")]);
        let route = route(&Method::POST, "/", &headers, None).unwrap();
        assert_eq!(route.service, Service::WorkMail);
        assert_eq!(route.target.as_deref(), Some("WorkMailService.CreateUser"));
    }

    #[test]
    fn the_scope_names_the_service_of_a_query() {
        let form = headers(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
        let route = route(&Method::POST, "/", &form, Some("sts")).unwrap();
        assert_eq!(route.service, Service::Sts);
        assert_eq!(route.target, None);
    }

    #[test]
    fn what_has_no_way_in_is_told_so() {
        let target = |target| headers(&[JSON, ("x-amz-target", target)]);
        let unknown = route(&Method::POST, "/", &target("DynamoDB_20120810.ListTables"), None);
        assert!(matches!(unknown, Err(NoRoute::Refused(_, e)) if e.is(&INVALID_ACTION)));
        let wrong = route(&Method::GET, "/", &headers(&[]), Some("s3"));
        assert!(matches!(wrong, Err(NoRoute::Refused(_, e)) if e.message().contains("'s3'")));
        let method = route(&Method::DELETE, "/", &headers(&[]), Some("iam"));
        assert!(matches!(method, Err(NoRoute::Redirect)));
        let path = route(&Method::GET, "/bucket/key", &headers(&[]), Some("iam"));
        assert!(matches!(path, Err(NoRoute::Redirect)));
        let text = headers(&[("content-type", "text/plain")]);
        let text = route(&Method::POST, "/", &text, Some("iam"));
        assert!(matches!(text, Err(NoRoute::Refused(_, e)) if e.is(&SIGNATURE_DOES_NOT_MATCH)));
    }
}
