//! The keys of OpenID Connect providers, fetched from them and kept for a while.
//!
//! Where they are is told by the provider's discovery document (OpenID Connect Discovery 1.0, section 4). A
//! token that names a key which is not known makes them be fetched again, but not more often than
//! [`REFETCH_INTERVAL`]: who makes up keys costs the provider next to nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use errand::{Client, Reply, Request, StatusCode, Thumbprint, Trust, Url};
use federation::jwt::KeySet;
use world::Timestamp;

/// How long keys are taken as they are.
const KEEP: Duration = Duration::from_secs(3600);

/// How often a provider is asked at most, whatever came of it.
const REFETCH_INTERVAL: Duration = Duration::from_secs(10);

/// Providers whose keys are kept at most; past it all are forgotten.
const PROVIDERS_MAX: usize = 1_000;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The provider does not answer.
    #[error("the identity provider cannot be reached")]
    Unreachable(#[source] errand::Error),
    /// Neither the system's authorities nor the thumbprints vouch for the provider's server.
    #[error("the certificate of the identity provider is not trusted")]
    Untrusted(#[source] errand::Error),
    /// What it answers is no discovery document of this issuer, or no key set.
    #[error("the identity provider publishes no keys")]
    NoKeys,
    /// It was asked a moment ago, in vain.
    #[error("the identity provider was asked a moment ago")]
    AskedLately,
}

/// Where keys come from, and by what that is believed: the trust of one account is not another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer {
    /// Host and path of the issuer, without `https://`.
    pub url: String,
    /// SHA-1 digests of certificates that its server is trusted by, in hex, beside the system's authorities.
    pub thumbprints: Vec<String>,
}

/// The keys of all providers.
#[derive(Default)]
pub struct IssuerKeys(Mutex<HashMap<Issuer, Arc<tokio::sync::Mutex<Kept>>>>);

#[derive(Default)]
struct Kept {
    keys: Option<(Timestamp, Arc<KeySet>)>,
    asked_at: Option<Timestamp>,
}

impl IssuerKeys {
    /// The keys of a provider, fetched if need be. They have the key `key_id` if the provider publishes it.
    ///
    /// Calls about the same provider wait for each other, so that it is asked once for all of them.
    ///
    /// # Errors
    /// A [`KeysError`].
    pub async fn of(
        &self,
        errands: &Client,
        issuer: &Issuer,
        key_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, KeysError> {
        let kept = self.kept(issuer);
        let mut kept = kept.lock().await;
        if let Some((fetched_at, keys)) = &kept.keys {
            let is_known = key_id.is_none_or(|id| keys.has(id));
            let is_fresh = now.since(*fetched_at) < KEEP;
            if is_fresh && (is_known || kept.was_asked_lately(now)) {
                return Ok(Arc::clone(keys));
            }
        }
        if kept.was_asked_lately(now) {
            return Err(KeysError::AskedLately);
        }
        kept.asked_at = Some(now);
        let keys = Arc::new(fetch(errands, issuer).await?);
        kept.keys = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    fn kept(&self, issuer: &Issuer) -> Arc<tokio::sync::Mutex<Kept>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PROVIDERS_MAX && !places.contains_key(issuer) {
            places.clear();
        }
        Arc::clone(places.entry(issuer.clone()).or_default())
    }
}

impl Kept {
    fn was_asked_lately(&self, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|asked_at| now.since(asked_at) < REFETCH_INTERVAL)
    }
}

async fn fetch(errands: &Client, issuer: &Issuer) -> Result<KeySet, KeysError> {
    let thumbprints = issuer.thumbprints.iter().filter_map(|text| text.parse::<Thumbprint>().ok());
    let trust = Trust::thumbprints(thumbprints);
    let issuer = format!("https://{}", issuer.url);
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovery = get(errands, &discovery, &trust).await?;
    let discovery: serde_json::Value =
        serde_json::from_slice(&discovery.body).map_err(|_| KeysError::NoKeys)?;
    if discovery["issuer"].as_str() != Some(&*issuer) {
        return Err(KeysError::NoKeys);
    }
    let keys = discovery["jwks_uri"].as_str().ok_or(KeysError::NoKeys)?;
    let keys = get(errands, keys, &trust).await?;
    KeySet::parse(&keys.body).map_err(|_| KeysError::NoKeys)
}

async fn get(errands: &Client, url: &str, trust: &Trust) -> Result<Reply, KeysError> {
    let url = Url::parse(url).map_err(|_| KeysError::NoKeys)?;
    let reply = errands.run(Request::get(url).trusting(trust.clone())).await;
    let reply = reply.map_err(|error| match error.is_untrusted() {
        true => KeysError::Untrusted(error),
        false => KeysError::Unreachable(error),
    })?;
    if reply.status == StatusCode::OK { Ok(reply) } else { Err(KeysError::NoKeys) }
}
