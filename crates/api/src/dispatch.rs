//! One request from its bytes to its answer.

use std::time::Duration;

use http_body_util::Full;
use hyper::{Response, body::Bytes, header::USER_AGENT, http::request::Parts};
use iam::door::{Call, Caller, Outcome, Record};
use sigv4::Presented;
use store::Snapshot;
use wire::{
    Error, OperationModel, ServiceModel, Shape, Value, aws_json, aws_query,
    errors::SERVICE_UNAVAILABLE, rest_json, trail,
};

use crate::{
    Api, Service, answer,
    authenticate::{Facts, authenticate, refused},
    proxies::Origin,
    route::{self, Asked, NoRoute, Route},
};

/// How often a call that met a conflict is run in all.
const ATTEMPTS_MAX: u32 = 10;

/// How long the first pause between two attempts in turn is; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(2);

/// The region of a call without a signature, which is what names a region.
const UNSIGNED_REGION: &str = "us-east-1";

/// A request as it came in.
pub(crate) struct Incoming {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) origin: Origin,
    pub(crate) request_id: String,
}

/// Answers a request, whatever it is.
pub(crate) async fn dispatch(api: &Api, incoming: Incoming) -> Response<Full<Bytes>> {
    let headers: Vec<(&str, &[u8])> =
        incoming.head.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    let target = incoming.head.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = sigv4::Request {
        method: incoming.head.method.as_str(),
        target: target.as_bytes(),
        headers: &headers,
        body: &incoming.body,
    };
    let presented = Presented::parse(&request);
    let scope = presented.as_ref().ok().and_then(|p| p.as_ref()?.scope());
    let way = route::route(&incoming.head, scope.map(|scope| scope.service));
    let (model, result) = match way {
        Err(NoRoute::Redirect) => return answer::redirect(&incoming.request_id),
        Err(NoRoute::Refused(model, error)) => (model, Err(error)),
        Ok(route) => {
            let model = route.service.model();
            (model, serve(api, &incoming, &request, presented, route).await)
        }
    };
    result.unwrap_or_else(|error| turn_away(model, &of_the_store(error), &incoming))
}

/// Answers a request that did not become a call. There is nobody to record it for, so it is counted and logged.
fn turn_away(model: &ServiceModel, error: &Error, incoming: &Incoming) -> Response<Full<Bytes>> {
    let code = error.kind().code(model.protocol).code;
    let (request_id, peer) = (&incoming.request_id, incoming.origin.address);
    metrics::counter!("chancery_api_refused_total", "service" => model.service, "code" => code)
        .increment(1);
    tracing::info!(request_id, %peer, service = model.service, code, "a request was turned away");
    refuse(model, error, request_id)
}

/// Authenticates and runs the call. An error here is one that no handler saw.
async fn serve(
    api: &Api,
    incoming: &Incoming,
    request: &sigv4::Request<'_>,
    presented: Result<Option<Presented<'_>>, sigv4::Error>,
    route: Route,
) -> Result<Response<Full<Bytes>>, Error> {
    let Some(presented) = presented.map_err(|error| refused(&error))? else {
        return serve_unsigned(api, incoming, request, &route).await;
    };
    let mut snapshot = api.door.snapshot().await?;
    let facts = facts(api, incoming);
    let identity = authenticate(api, &route, request, &presented, &mut snapshot, facts).await?;
    let parameters = Parameters::of(request, &route)?;
    let operation = parameters.operation(route.service.model())?;
    let run = Run { api, service: route.service, operation, caller: identity.caller };
    Ok(run.on(snapshot, &parameters).await)
}

/// Runs a call without a signature, if it is of an operation that needs none.
async fn serve_unsigned(
    api: &Api,
    incoming: &Incoming,
    request: &sigv4::Request<'_>,
    route: &Route,
) -> Result<Response<Full<Bytes>>, Error> {
    let missing = || refused(&sigv4::Error::MissingAuthentication);
    let parameters = Parameters::of(request, route).map_err(|_| missing())?;
    let (service, operation) = parameters.unsigned(route.service).ok_or_else(missing)?;
    let request = facts(api, incoming).in_region(service.region(UNSIGNED_REGION));
    let run = Run { api, service, operation, caller: Caller::anonymous(request) };
    Ok(run.on(api.door.snapshot().await?, &parameters).await)
}

fn facts(api: &Api, incoming: &Incoming) -> Facts {
    let user_agent = incoming.head.headers.get(USER_AGENT).map(|value| value.as_bytes());
    Facts {
        now: api.door.world().now(),
        request_id: incoming.request_id.clone(),
        source_ip: incoming.origin.address,
        secure_transport: incoming.origin.secure,
        user_agent: String::from_utf8_lossy(user_agent.unwrap_or_default()).into_owned(),
    }
}

/// The parameters of a request, in the form of its protocol.
enum Parameters<'a> {
    Query(aws_query::Parameters<'a>),
    Json { target: &'a str, body: &'a [u8] },
    Rest { operation: &'static OperationModel, request: rest_json::Request<'a> },
}

impl<'a> Parameters<'a> {
    fn of(request: &sigv4::Request<'a>, route: &'a Route) -> Result<Self, Error> {
        // INVARIANT: the target was taken out of a URI, which is ASCII.
        let target = std::str::from_utf8(request.target).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (headers, body) = (request.headers, request.body);
        Ok(match &route.asked {
            Asked::Parameter => Self::Query(aws_query::Parameters::parse(query, body)?),
            Asked::Target(target) => Self::Json { target, body },
            Asked::Path(operation) => {
                Self::Rest { operation, request: rest_json::Request { path, query, headers, body } }
            }
        })
    }

    fn operation(&self, model: &'static ServiceModel) -> Result<&'static OperationModel, Error> {
        match self {
            Self::Query(parameters) => aws_query::operation(model, parameters),
            Self::Json { target, .. } => aws_json::operation(model, target),
            Self::Rest { operation, .. } => Ok(operation),
        }
    }

    /// The operation, if it needs no signature, and its service, which in a query no scope has named.
    fn unsigned(&self, service: Service) -> Option<(Service, &'static OperationModel)> {
        if let Self::Query(parameters) = self {
            return Service::unsigned_query(parameters);
        }
        let operation = self.operation(service.model()).ok()?;
        operation.unsigned.then_some((service, operation))
    }

    fn decode(&self, operation: &'static OperationModel) -> Result<Value, Error> {
        match self {
            Self::Query(parameters) => aws_query::decode(operation, parameters),
            Self::Json { body, .. } => aws_json::decode(operation, body),
            Self::Rest { request, .. } => rest_json::decode(operation, *request),
        }
    }
}

/// A call of a known operation, by a caller who is known or need not be.
struct Run<'a> {
    api: &'a Api,
    service: Service,
    operation: &'static OperationModel,
    caller: Caller,
}

impl Run<'_> {
    async fn on(&self, snapshot: Snapshot, parameters: &Parameters<'_>) -> Response<Full<Bytes>> {
        match self.input(parameters) {
            Ok(input) => self.run(snapshot, input).await,
            Err(error) => self.reject(snapshot, &error).await,
        }
    }

    fn input(&self, parameters: &Parameters<'_>) -> Result<Value, Error> {
        let input = parameters.decode(self.operation)?;
        if let Some(shape) = self.operation.input {
            wire::validate(shape, &input, self.service.model().telling())
                .map_err(|error| self.service.own_kind(error))?;
        }
        Ok(input)
    }

    /// Runs the call, again where it met a conflict, and records how it ended.
    async fn run(&self, snapshot: Snapshot, input: Value) -> Response<Full<Bytes>> {
        let mut snapshot = Some(snapshot);
        let mut turn = None;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(snapshot.take(), &input).await {
                Ok(output) => return self.succeeded(&output),
                Err(Failed { error, .. }) if attempt < ATTEMPTS_MAX && is_conflict(&error) => error,
                Err(failed) => return self.failed(failed, &input).await,
            };
            tracing::debug!(%error, attempt, operation = self.operation.name, "conflict: again");
            match &turn {
                None => turn = Some(self.api.turns.wait(&self.caller.account).await),
                Some(_) => tokio::time::sleep(PAUSE * (1 << attempt.min(6))).await,
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, snapshot: Option<Snapshot>, input: &Value) -> Result<Value, Failed> {
        let snapshot = match snapshot {
            Some(snapshot) => snapshot,
            None => self.api.door.snapshot().await.map_err(Failed::without_call)?,
        };
        let mut call = Call::new(self.api.door.clone(), self.caller.clone(), snapshot);
        let output = match self.handle(&mut call, input.clone()).await {
            Ok(output) => output,
            Err(error) => return Err(Failed { error, call: Some(call) }),
        };
        let record =
            self.record(input, Outcome::Succeeded { response_elements: self.elements(&output) });
        call.succeed(record).await.map_err(Failed::without_call)?;
        Ok(output)
    }

    async fn handle(&self, call: &mut Call, input: Value) -> Result<Value, Error> {
        let name = self.operation.name;
        let lost = || Error::internal(format!("no handler for `{name}`"));
        match self.service {
            Service::AccessAnalyzer => {
                let operation = wire::accessanalyzer::Operation::parse(name).ok_or_else(lost)?;
                let service = &self.api.services.accessanalyzer;
                wire::accessanalyzer::dispatch(service, operation, call, input).await
            }
            Service::CloudTrail => {
                let operation = wire::cloudtrail::Operation::parse(name).ok_or_else(lost)?;
                wire::cloudtrail::dispatch(&self.api.services.cloudtrail, operation, call, input)
                    .await
            }
            Service::Iam => {
                let operation = wire::iam::Operation::parse(name).ok_or_else(lost)?;
                wire::iam::dispatch(&self.api.services.iam, operation, call, input).await
            }
            Service::Logs => {
                let operation = wire::logs::Operation::parse(name).ok_or_else(lost)?;
                wire::logs::dispatch(&self.api.services.logs, operation, call, input).await
            }
            Service::Sts => {
                let operation = wire::sts::Operation::parse(name).ok_or_else(lost)?;
                wire::sts::dispatch(&self.api.services.sts, operation, call, input).await
            }
            Service::WorkMailMessageFlow => {
                let operation =
                    wire::workmailmessageflow::Operation::parse(name).ok_or_else(lost)?;
                let service = &self.api.services.messageflow;
                wire::workmailmessageflow::dispatch(service, operation, call, input).await
            }
            Service::WorkMail => {
                let operation = wire::workmail::Operation::parse(name).ok_or_else(lost)?;
                wire::workmail::dispatch(&self.api.services.workmail, operation, call, input).await
            }
        }
    }

    fn succeeded(&self, output: &Value) -> Response<Full<Bytes>> {
        self.count("ok");
        let model = self.service.model();
        answer::success(model, self.operation, output, &self.caller.request.request_id)
    }

    async fn failed(&self, failed: Failed, input: &Value) -> Response<Full<Bytes>> {
        let error = of_the_store(failed.error);
        let record = self.record(input, self.failure(&error));
        match failed.call {
            Some(call) => call.fail(record).await,
            None => self.api.door.record(&self.caller, record).await,
        }
        self.answer_failure(&error)
    }

    /// Ends a call whose input cannot be taken.
    async fn reject(&self, snapshot: Snapshot, error: &Error) -> Response<Full<Bytes>> {
        drop(snapshot);
        let outcome = self.failure(error);
        let record = Record { request_parameters: None, ..self.record_of(outcome) };
        self.api.door.record(&self.caller, record).await;
        self.answer_failure(error)
    }

    fn answer_failure(&self, error: &Error) -> Response<Full<Bytes>> {
        let model = self.service.model();
        self.count(error.kind().code(model.protocol).code);
        refuse(model, error, &self.caller.request.request_id)
    }

    fn count(&self, code: &'static str) {
        let service = self.service.model().service;
        let labels = [("service", service), ("operation", self.operation.name), ("code", code)];
        metrics::counter!("chancery_api_requests_total", &labels).increment(1);
    }

    fn record(&self, input: &Value, outcome: Outcome) -> Record {
        let parameters = self.operation.input.map(|shape| trail::json(shape, input));
        Record { request_parameters: parameters, ..self.record_of(outcome) }
    }

    fn record_of(&self, outcome: Outcome) -> Record {
        Record {
            event_source: self.service.event_source(),
            event_name: self.operation.name,
            service: self.service.model().service,
            request_parameters: None,
            outcome,
        }
    }

    fn failure(&self, error: &Error) -> Outcome {
        let code = error.kind().code(self.service.model().protocol).code;
        Outcome::Failed { code, message: error.message().to_owned() }
    }

    /// What the call answered, for the record: of changes, and of what gave credentials out, as CloudTrail
    /// has it: nothing if the answer is empty.
    fn elements(&self, output: &Value) -> Option<String> {
        let reads = iam::trail::is_read_only(self.operation.name);
        let gives = |shape: &Shape| shape.members().iter().any(|m| m.name == "Credentials");
        let told = self.operation.output.filter(|shape| !reads || gives(shape));
        told.map(|shape| trail::json(shape, output)).filter(|json| json != "{}")
    }
}

/// A call that failed, and the call itself if it is still to be ended.
struct Failed {
    error: Error,
    call: Option<Call>,
}

impl Failed {
    fn without_call(error: store::Error) -> Self {
        Self { error: error.into(), call: None }
    }
}

/// Whether running the whole call again may help: a conflict, or a race for a unique name, which the next
/// attempt will see and answer properly.
fn is_conflict(error: &Error) -> bool {
    error.source_ref::<store::Error>().is_some_and(|error| error.is_conflict() || error.is_unique())
}

/// What the client is told of a store that cannot serve right now: that trying again may help.
fn of_the_store(error: Error) -> Error {
    match error.source_ref::<store::Error>() {
        Some(cause) if cause.is_conflict() || cause.is_full() || cause.is_unavailable() => {
            tracing::error!(%cause, "the store cannot serve a call");
            SERVICE_UNAVAILABLE
                .with("The request has failed due to a temporary failure of the server.")
        }
        _ => error,
    }
}

fn refuse(model: &ServiceModel, error: &Error, request_id: &str) -> Response<Full<Bytes>> {
    if error.status(model.protocol) >= 500 {
        let cause = error.source().map(ToString::to_string);
        tracing::error!(request_id, %error, cause, "a request failed on our side");
    }
    answer::failure(model, error, request_id)
}
