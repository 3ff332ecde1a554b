//! Which service and which operation a request means.

use std::time::Duration;

use hyper::{HeaderMap, Method, header::CONTENT_TYPE, http::request::Parts};
use wire::{
    OperationModel, Protocol, ServiceModel, aws_query,
    errors::{INVALID_ACTION, SIGNATURE_DOES_NOT_MATCH, VALIDATION},
    rest_json,
};

/// The services that the endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// CloudTrail.
    CloudTrail,
    /// Identity and Access Management.
    Iam,
    /// CloudWatch Logs.
    Logs,
    /// Security Token Service.
    Sts,
    /// WorkMail.
    WorkMail,
    /// WorkMail Message Flow.
    WorkMailMessageFlow,
}

impl Service {
    const ALL: [Self; 7] = [
        Self::AccessAnalyzer,
        Self::CloudTrail,
        Self::Iam,
        Self::Logs,
        Self::Sts,
        Self::WorkMail,
        Self::WorkMailMessageFlow,
    ];

    /// The service's tables.
    pub fn model(self) -> &'static ServiceModel {
        match self {
            Self::AccessAnalyzer => &wire::accessanalyzer::MODEL,
            Self::CloudTrail => &wire::cloudtrail::MODEL,
            Self::Iam => &wire::iam::MODEL,
            Self::Logs => &wire::logs::MODEL,
            Self::Sts => &wire::sts::MODEL,
            Self::WorkMail => &wire::workmail::MODEL,
            Self::WorkMailMessageFlow => &wire::workmailmessageflow::MODEL,
        }
    }

    /// The name of the service in event records.
    pub(crate) fn event_source(self) -> &'static str {
        match self {
            Self::AccessAnalyzer => "access-analyzer.amazonaws.com",
            Self::CloudTrail => "cloudtrail.amazonaws.com",
            Self::Iam => "iam.amazonaws.com",
            Self::Logs => "logs.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
            Self::WorkMail => "workmail.amazonaws.com",
            Self::WorkMailMessageFlow => "workmailMessageFlow.amazonaws.com",
        }
    }

    /// How far a request's clock may be off: 15 minutes for IAM and STS, 5 for the others.
    pub(crate) fn clock_tolerance(self) -> Duration {
        match self {
            Self::Iam | Self::Sts => Duration::from_secs(15 * 60),
            _ => Duration::from_secs(5 * 60),
        }
    }

    /// The region of a call that is scoped to `region`: IAM is in one whatever its clients sign for, so that
    /// none steps around a condition on `aws:RequestedRegion`.
    pub(crate) fn region(self, region: &str) -> &str {
        match self {
            Self::Iam => "us-east-1",
            _ => region,
        }
    }

    /// An error of [`wire::validate`], as the service calls it.
    pub(crate) fn own_kind(self, error: wire::Error) -> wire::Error {
        match self {
            Self::Logs if error.is(&VALIDATION) => {
                wire::logs::errors::INVALID_PARAMETER.with(error.message())
            }
            _ => error,
        }
    }

    fn by_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.model().signing_name == name)
    }

    fn by_target_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| match service.model().protocol {
            Protocol::Json { target_prefix, .. } => target_prefix == prefix,
            Protocol::Query { .. } | Protocol::RestJson => false,
        })
    }

    fn is_rest(self) -> bool {
        self.model().protocol == Protocol::RestJson
    }

    /// The operation that a form asks for without a signature, if it is one of those that need none.
    pub(crate) fn unsigned_query(
        parameters: &aws_query::Parameters<'_>,
    ) -> Option<(Self, &'static OperationModel)> {
        let asked = |service: Self| {
            let model = service.model();
            let is_query = matches!(model.protocol, Protocol::Query { .. });
            let operation = is_query.then(|| aws_query::operation(model, parameters).ok())??;
            Some((service, operation))
        };
        Self::ALL.into_iter().filter_map(asked).find(|(_, operation)| operation.unsigned)
    }
}

/// Where a request wants to go, as far as its head tells before anything is verified.
#[derive(Debug)]
pub(crate) struct Route {
    /// The service; the one that the credential scope names, if the protocol leaves it open.
    pub(crate) service: Service,
    /// What names the operation.
    pub(crate) asked: Asked,
}

/// How a request names its operation.
#[derive(Debug)]
pub(crate) enum Asked {
    /// By a parameter, which is in the query or in the body.
    Parameter,
    /// By the header of the JSON protocols: `WorkMailService.CreateUser`.
    Target(String),
    /// By method and path.
    Path(&'static OperationModel),
}

impl Route {
    /// Those headers of a request that become part of what it asks for.
    pub(crate) fn read_headers<'a>(&self, headers: &[(&'a str, &'a [u8])]) -> Vec<&'a str> {
        match self.asked {
            Asked::Parameter => Vec::new(),
            Asked::Target(_) => vec!["X-Amz-Target"],
            Asked::Path(operation) => {
                rest_json::read_headers(operation, headers.iter().map(|(name, _)| *name)).collect()
            }
        }
    }
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
pub(crate) fn spoken(head: &Parts) -> &'static ServiceModel {
    if head.headers.contains_key("x-amz-target") {
        return &wire::workmail::MODEL;
    }
    unscoped(head).map_or(&wire::iam::MODEL, |route| route.service.model())
}

/// Finds the way of a request by its head and the service that its credential scope names.
pub(crate) fn route(head: &Parts, scope_service: Option<&str>) -> Result<Route, NoRoute> {
    if let Some(target) = head.headers.get("x-amz-target") {
        return json(&head.method, target.to_str().unwrap_or_default(), &head.headers);
    }
    let scoped = scope_service.map(|name| (name, Service::by_signing_name(name)));
    match scoped {
        Some((_, Some(service))) if service.is_rest() => rest(service, head),
        Some((name, None)) if !is_query(head) => Err(unserved(name)),
        None if let Some(route) = unscoped(head) => Ok(route),
        _ => query(head, scoped),
    }
}

fn rest(service: Service, head: &Parts) -> Result<Route, NoRoute> {
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let model = service.model();
    match rest_json::operation(model, head.method.as_str(), path, query) {
        Ok(operation) => Ok(Route { service, asked: Asked::Path(operation) }),
        Err(error) => Err(NoRoute::Refused(model, error)),
    }
}

/// The way of an unsigned request to a service that has its method and path.
fn unscoped(head: &Parts) -> Option<Route> {
    let services = Service::ALL.into_iter().filter(|service| service.is_rest());
    services.filter_map(|service| rest(service, head).ok()).next()
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
    Ok(Route { service, asked: Asked::Target(target.to_owned()) })
}

fn query(head: &Parts, scoped: Option<(&str, Option<Service>)>) -> Result<Route, NoRoute> {
    let (method, headers) = (&head.method, &head.headers);
    if !is_query(head) {
        return Err(NoRoute::Redirect);
    }
    if method == Method::POST
        && media_type(headers).is_some_and(|kind| kind != "application/x-www-form-urlencoded")
    {
        let message = "The content type must be application/x-www-form-urlencoded.";
        return Err(NoRoute::Refused(&wire::iam::MODEL, SIGNATURE_DOES_NOT_MATCH.with(message)));
    }
    let service = match scoped {
        // Unsigned: the refusal that follows mostly needs no more than a form.
        None => Service::Iam,
        Some((name, service)) => service.ok_or_else(|| wrong_scope(name))?,
    };
    match service.model().protocol {
        Protocol::Query { .. } => Ok(Route { service, asked: Asked::Parameter }),
        // Signed for a service that wants its operation in a header which is not there.
        Protocol::Json { .. } | Protocol::RestJson => {
            let message = "The header X-Amz-Target names no operation.";
            Err(NoRoute::Refused(service.model(), INVALID_ACTION.with(message)))
        }
    }
}

/// Whether a request has the method and the path of the query protocol.
fn is_query(head: &Parts) -> bool {
    head.uri.path() == "/" && matches!(head.method, Method::GET | Method::POST)
}

/// What a client is told that signs for a service which is not here, by a path that no query has: in the form
/// of the REST protocols, which it must be speaking.
fn unserved(name: &str) -> NoRoute {
    let message = format!("The service '{name}' is not served here.");
    NoRoute::Refused(&wire::accessanalyzer::MODEL, INVALID_ACTION.with(message))
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
    use super::*;

    const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

    fn routed(
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        scope: Option<&str>,
    ) -> Result<Route, NoRoute> {
        let request = hyper::Request::builder().method(method).uri(path);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        route(&request.body(()).unwrap().into_parts().0, scope)
    }

    #[test]
    fn a_target_names_service_and_operation() {
        let headers = [JSON, ("x-amz-target", "WorkMailService.CreateUser")];
        let route = routed(Method::POST, "/", &headers, None).unwrap();
        assert_eq!(route.service, Service::WorkMail);
        assert!(matches!(route.asked, Asked::Target(t) if t == "WorkMailService.CreateUser"));
    }

    #[test]
    fn the_scope_names_the_service_of_a_query() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let route = routed(Method::POST, "/", &form, Some("sts")).unwrap();
        assert_eq!(route.service, Service::Sts);
        assert!(matches!(route.asked, Asked::Parameter));
    }

    #[test]
    fn what_has_no_way_in_is_told_so() {
        let target = |target| [JSON, ("x-amz-target", target)];
        let unknown = routed(Method::POST, "/", &target("DynamoDB_20120810.ListTables"), None);
        assert!(matches!(unknown, Err(NoRoute::Refused(_, e)) if e.is(&INVALID_ACTION)));
        let wrong = routed(Method::GET, "/", &[], Some("s3"));
        assert!(matches!(wrong, Err(NoRoute::Refused(_, e)) if e.message().contains("'s3'")));
        for (method, path) in [(Method::GET, "/messages/1"), (Method::DELETE, "/")] {
            let absent = routed(method, path, &[], Some("ses"));
            assert!(matches!(absent, Err(NoRoute::Refused(_, e)) if e.is(&INVALID_ACTION)));
        }
        let method = routed(Method::DELETE, "/", &[], Some("iam"));
        assert!(matches!(method, Err(NoRoute::Redirect)));
        let path = routed(Method::GET, "/bucket/key", &[], Some("iam"));
        assert!(matches!(path, Err(NoRoute::Redirect)));
        let text = routed(Method::POST, "/", &[("content-type", "text/plain")], Some("iam"));
        assert!(matches!(text, Err(NoRoute::Refused(_, e)) if e.is(&SIGNATURE_DOES_NOT_MATCH)));
    }
}
