//! Connections that wait for the next errand to the same place.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use crate::{Trust, Url, url::Scheme};

/// How long a connection waits: less than most servers keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Connections that wait for one place at most.
const PER_PLACE_MAX: usize = 4;

/// Places that connections wait for at most; past it all are closed.
const PLACES_MAX: usize = 64;

/// The sending half of a connection.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// Where a connection leads, and by what its other end was believed: one errand's trust is not another's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    scheme: Scheme,
    host: String,
    port: u16,
    trust: Trust,
}

impl Place {
    pub(crate) fn new(url: &Url, trust: &Trust) -> Self {
        let scheme = url.scheme();
        Self { scheme, host: url.host().to_owned(), port: url.port(), trust: trust.clone() }
    }
}

/// The connections that wait.
#[derive(Default)]
pub(crate) struct Idle(Mutex<HashMap<Place, Vec<(Instant, Sender)>>>);

impl Idle {
    /// A connection that still seems alive.
    pub(crate) fn take(&self, place: &Place) -> Option<Sender> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = places.get_mut(place)?;
        while let Some((since, sender)) = waiting.pop() {
            if since.elapsed() < IDLE_TIMEOUT && sender.is_ready() {
                return Some(sender);
            }
        }
        places.remove(place);
        None
    }

    /// Lets a connection wait, if it can be used again.
    pub(crate) fn keep(&self, place: Place, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES_MAX && !places.contains_key(&place) {
            places.clear();
        }
        let waiting = places.entry(place).or_default();
        waiting.retain(|(since, sender)| since.elapsed() < IDLE_TIMEOUT && !sender.is_closed());
        if waiting.len() < PER_PLACE_MAX {
            waiting.push((Instant::now(), sender));
        }
    }
}
