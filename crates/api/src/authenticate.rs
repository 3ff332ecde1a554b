//! Whose request it is: signature, time, scope, key and token, in the order in which AWS checks them.

use iam::door::{Identity, Refusal, RequestFacts};
use sigv4::{PathStyle, Payload, Presented, Rules, Scope};
use store::Snapshot;
use wire::{
    Error,
    errors::{
        EXPIRED_TOKEN, INCOMPLETE_SIGNATURE, INVALID_CLIENT_TOKEN_ID, MALFORMED_QUERY_STRING,
        MISSING_AUTHENTICATION_TOKEN, SIGNATURE_DOES_NOT_MATCH,
    },
};
use world::Timestamp;

use crate::{Api, Service, route::Route};

/// What the services here sign: the path is normalised, and the body is always part of it.
pub(crate) const RULES: Rules = Rules { path: PathStyle::Normalized, payload: Payload::Signed };

/// Checks time and scope, finds the key, and verifies the signature. What it gives is proved.
pub(crate) async fn authenticate(
    api: &Api,
    route: &Route,
    request: &sigv4::Request<'_>,
    presented: &Presented<'_>,
    snapshot: &mut Snapshot,
    facts: Facts,
) -> Result<Identity, Error> {
    let service = route.service;
    presented.check_time(facts.now, service.clock_tolerance()).map_err(|e| refused(&e))?;
    let scope = check_scope(service, presented)?;
    for header in route.read_headers(request.headers) {
        // It is part of what is asked for, so unsigned it would let anybody turn a call into another.
        presented.check_signed(header).map_err(|e| refused(&e))?;
    }
    let access_key_id = scope.access_key_id;
    let facts = facts.in_region(service.region(scope.region));
    let identity = api
        .door
        .identify(snapshot, access_key_id, presented.token(), facts)
        .await
        .map_err(unidentified)?;
    let key = api.signing_keys.key(presented.credential(), &scope, &identity.secret);
    presented.verify(request, &key, RULES).map_err(|e| refused(&e))?;
    Ok(identity)
}

/// What is known of a request before its scope is.
pub(crate) struct Facts {
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
    pub(crate) source_ip: std::net::IpAddr,
    pub(crate) user_agent: String,
    pub(crate) secure_transport: bool,
}

impl Facts {
    /// The facts of a request to a service in `region`.
    pub(crate) fn in_region(self, region: &str) -> RequestFacts {
        RequestFacts {
            request_id: self.request_id,
            region: region.to_owned(),
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            secure_transport: self.secure_transport,
            now: self.now,
        }
    }
}

fn check_scope<'p>(service: Service, presented: &'p Presented<'_>) -> Result<Scope<'p>, Error> {
    let served = service.model().signing_name;
    presented
        .check_scope(|name| if name == served { Ok(()) } else { Err(served) })
        .map_err(|e| refused(&e))
}

/// A refusal of the signature in the protocol-neutral kind; the codec knows each protocol's code for it.
pub(crate) fn refused(error: &sigv4::Error) -> Error {
    let kind = match error {
        sigv4::Error::MissingAuthentication => &MISSING_AUTHENTICATION_TOKEN,
        sigv4::Error::MalformedQuery(_) => &MALFORMED_QUERY_STRING,
        sigv4::Error::Incomplete(_) => &INCOMPLETE_SIGNATURE,
        _ => &SIGNATURE_DOES_NOT_MATCH,
    };
    kind.with(error.to_string())
}

/// What is told of credentials that name nobody.
pub(crate) fn unidentified(refusal: Refusal) -> Error {
    match refusal {
        Refusal::UnknownKey => {
            INVALID_CLIENT_TOKEN_ID.with("The security token included in the request is invalid.")
        }
        Refusal::BadToken => {
            INVALID_CLIENT_TOKEN_ID.with("The security token included in the request is invalid")
        }
        Refusal::ExpiredToken => {
            EXPIRED_TOKEN.with("The security token included in the request is expired")
        }
        Refusal::Store(error) => error.into(),
    }
}
