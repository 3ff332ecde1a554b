//! Verifying signatures (RFC 6376, section 6).

use dns::{Dns, LookupError};
use futures_util::future::join_all;
use world::Timestamp;

use super::{
    Refused, SIGNATURES_MAX, Signed,
    canonical::Form,
    key::Key,
    sign::DkimKey,
    signature::{self, Signature},
};
use crate::message::{Field, Message};

/// The hashes of a body, each made when it is first asked for.
struct Bodies<'a> {
    body: &'a [u8],
    simple: Option<[u8; 32]>,
    relaxed: Option<[u8; 32]>,
}

impl Bodies<'_> {
    fn hash(&mut self, form: Form) -> [u8; 32] {
        let known = match form {
            Form::Simple => &mut self.simple,
            Form::Relaxed => &mut self.relaxed,
        };
        *known.get_or_insert_with(|| form.body_hash(self.body))
    }
}

/// A signature that may hold: what its key has to verify.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    signature: Signature<'a>,
    input: Vec<u8>,
}

/// What became of a field before its key is known.
pub(crate) type Prepared<'a> = (Field<'a>, Result<Claim<'a>, Refused>);

/// All that needs no key: takes time for a large message.
pub(crate) fn prepare<'a>(message: &Message<'a>, now: Timestamp) -> Vec<Prepared<'a>> {
    let mut bodies = Bodies { body: message.body, simple: None, relaxed: None };
    let fields = message.fields.iter().filter(|field| field.is(signature::FIELD));
    let claim = |field: &Field<'a>| (*field, claim(message, *field, &mut bodies, now));
    fields.take(SIGNATURES_MAX).map(claim).collect()
}

fn claim<'a>(
    message: &Message<'a>,
    field: Field<'a>,
    bodies: &mut Bodies<'_>,
    now: Timestamp,
) -> Result<Claim<'a>, Refused> {
    if message.is_flood {
        return Err(Refused::Flood);
    }
    let signature = Signature::parse(field)?;
    if signature.is_partial {
        return Err(Refused::Partial);
    }
    if signature.is_expired(now) {
        return Err(Refused::Expired);
    }
    if bodies.hash(signature.body_form)[..] != signature.body_hash {
        return Err(Refused::Body);
    }
    let input = signature.input(&message.fields);
    Ok(Claim { signature, input })
}

/// Looks for the keys, and verifies.
pub(crate) async fn verify(dns: &Dns, prepared: Vec<Prepared<'_>>) -> Vec<Signed> {
    join_all(prepared.into_iter().map(|(field, claim)| outcome(dns, field, claim))).await
}

async fn outcome(dns: &Dns, field: Field<'_>, claim: Result<Claim<'_>, Refused>) -> Signed {
    let (domain, selector) = signature::claimed(&field);
    let outcome = match claim {
        Ok(claim) => by_key(dns, &claim).await,
        Err(refused) => Err(refused),
    };
    Signed { domain, selector, outcome }
}

async fn by_key(dns: &Dns, claim: &Claim<'_>) -> Result<(), Refused> {
    let signature = &claim.signature;
    let records = match dns.texts(&signature.key_name()).await {
        Ok(records) => records,
        Err(LookupError::Failed(_)) => return Err(Refused::Lookup),
        Err(_) => return Err(Refused::NoKey),
    };
    // Section 3.6.2.2: one record; of several, the first that is a key.
    let key = records.iter().find_map(|record| Key::parse(record)).ok_or(Refused::NoKey)?;
    if key.is_strict && signature.identity_domain != signature.domain {
        return Err(Refused::Signature);
    }
    key.verify(signature.algorithm, &claim.input, &signature.signature)
}

/// Whether the DNS says of `domain` that `key` is its key of that name.
///
/// # Errors
/// If that cannot be found out now.
pub async fn is_published(
    dns: &Dns,
    domain: &str,
    selector: &str,
    key: &DkimKey,
) -> Result<bool, LookupError> {
    match dns.texts(&format!("{selector}._domainkey.{domain}")).await {
        Ok(records) => {
            let mut keys = records.iter().filter_map(|record| Key::parse(record));
            Ok(keys.any(|found| found.is("rsa", key.public())))
        }
        Err(error) if error.is_void() => Ok(false),
        Err(error) => Err(error),
    }
}
