//! Credentials in the query of a presigned URL.

use std::{borrow::Cow, time::Duration};

use crate::{
    ALGORITHM, Error,
    encode::decode,
    presented::{Form, Parts},
};

/// Longest life of a presigned URL: seven days.
const MAX_EXPIRES_SECONDS: u64 = 604_800;

/// The `X-Amz-` items of a query that bear a signature.
#[derive(Default)]
pub(crate) struct Parameters<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// The items found, or `None` if the query claims no signature.
    pub(crate) fn find(query: &'a [u8]) -> Option<Self> {
        if query.is_empty() {
            return None;
        }
        let mut found = Self::default();
        for item in query.split(|byte| *byte == b'&') {
            found.set(item);
        }
        let claims = [&found.algorithm, &found.credential, &found.signature];
        claims.iter().any(|claim| claim.is_some()).then_some(found)
    }

    /// Takes an item over; the first of several counts.
    fn set(&mut self, item: &'a [u8]) {
        let at = item.iter().position(|byte| *byte == b'=').unwrap_or(item.len());
        let slot = match &*decode(&item[..at]) {
            "X-Amz-Algorithm" => &mut self.algorithm,
            "X-Amz-Credential" => &mut self.credential,
            "X-Amz-Date" => &mut self.date,
            "X-Amz-Expires" => &mut self.expires,
            "X-Amz-Signature" => &mut self.signature,
            "X-Amz-SignedHeaders" => &mut self.signed_headers,
            "X-Amz-Security-Token" => &mut self.token,
            _ => return,
        };
        let value = item.get(at + 1..).unwrap_or_default();
        slot.get_or_insert_with(|| decode(value));
    }

    /// The whole of the credentials, or which of them are missing.
    pub(crate) fn complete(self) -> Result<Parts<'a>, Error> {
        let missing = self.missing();
        let (
            Some(algorithm),
            Some(credential),
            Some(date),
            Some(expires),
            Some(signature),
            Some(signed_headers),
        ) = (
            self.algorithm,
            self.credential,
            self.date,
            self.expires,
            self.signature,
            self.signed_headers,
        )
        else {
            return Err(missing);
        };
        if algorithm != ALGORITHM {
            return Err(Error::incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let form = Form::Query { expires: lifetime(&expires)?, bears_token: self.token.is_some() };
        Ok(Parts { form, credential, signed_headers, signature, date, token: self.token })
    }

    fn missing(&self) -> Error {
        let mut message = String::new();
        for (value, name) in [
            (&self.algorithm, "X-Amz-Algorithm"),
            (&self.credential, "X-Amz-Credential"),
            (&self.signature, "X-Amz-Signature"),
            (&self.signed_headers, "X-Amz-SignedHeaders"),
            (&self.date, "X-Amz-Date"),
            (&self.expires, "X-Amz-Expires"),
        ] {
            if value.is_none() {
                message += &format!("AWS query-string parameters must include '{name}'. ");
            }
        }
        Error::incomplete(message + "Re-examine the query-string parameters.")
    }
}

fn lifetime(text: &str) -> Result<Duration, Error> {
    let seconds = text.parse().ok().filter(|seconds| (1..=MAX_EXPIRES_SECONDS).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        Error::incomplete(format!(
            "X-Amz-Expires must be between 1 and {MAX_EXPIRES_SECONDS} seconds, got '{text}'. \
             Re-examine the query-string parameters."
        ))
    })
}
