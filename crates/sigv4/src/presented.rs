//! The credentials that a request presents, and the checks on them in AWS's order.

use std::{borrow::Cow, time::Duration};

use aws_lc_rs::constant_time;
use world::Timestamp;

use crate::{
    Error, Request, Rules, Scope, SigningKey,
    canonical::{self, Omitted},
    encode, header,
    query::Parameters,
    time,
};

/// The credentials of one request, complete but not yet believed.
#[derive(Debug)]
pub struct Presented<'a> {
    parts: Parts<'a>,
    signed_at: Timestamp,
}

/// What both forms carry.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) form: Form,
    pub(crate) credential: Cow<'a, str>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) date: Cow<'a, str>,
    pub(crate) token: Option<Cow<'a, str>>,
}

impl Parts<'_> {
    fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name.eq_ignore_ascii_case(header))
    }
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Header,
    Query { expires: Duration, bears_token: bool },
}

impl<'a> Presented<'a> {
    /// Reads the credentials out of a request; `None` if it bears none.
    ///
    /// # Errors
    /// [`Error::MalformedQuery`] for a broken escape, [`Error::Incomplete`] for missing or unreadable parts,
    /// [`Error::Signature`] if there are two signatures or the host is not signed.
    pub fn parse(request: &Request<'a>) -> Result<Option<Self>, Error> {
        encode::check(request.query())?;
        let mut headers = request.header_values("authorization");
        let parts = match (headers.next(), Parameters::find(request.query())) {
            (None, None) => return Ok(None),
            (Some(value), None) if headers.next().is_none() => header::parse(request, value)?,
            (None, Some(parameters)) => parameters.complete()?,
            _ => return Err(Error::mismatch()),
        };
        if !parts.signs("host") {
            return Err(Error::signature(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        let signed_at = time::parse(&parts.date)?;
        Ok(Some(Self { parts, signed_at }))
    }

    /// Checks that a header, `name` in any letter case, is among those signed. Whoever acts on a header of
    /// the request must ask this first: one that is not signed may be anybody's.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn check_signed(&self, name: &str) -> Result<(), Error> {
        if self.parts.signs(name) {
            return Ok(());
        }
        Err(Error::signature(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        )))
    }

    /// Checks the age of the signature: a header is good for `tolerance` on either side of `now`, a presigned
    /// URL from `tolerance` before its date until it expires. IAM and STS tolerate 15 minutes, others 5.
    ///
    /// # Errors
    /// [`Error::Expired`].
    pub fn check_time(&self, now: Timestamp, tolerance: Duration) -> Result<(), Error> {
        let life = match self.parts.form {
            Form::Header => tolerance,
            Form::Query { expires, .. } => expires,
        };
        time::check(self.signed_at, now, life, tolerance)
    }

    /// Checks what the credential is scoped to. `serves` says whether the service named is the one called, and
    /// which one is if not.
    ///
    /// # Errors
    /// [`Error::Incomplete`] unless the credential has five parts, [`Error::Signature`] if one is wrong.
    pub fn check_scope<'s>(
        &self,
        serves: impl FnOnce(&str) -> Result<(), &'s str>,
    ) -> Result<Scope<'_>, Error> {
        let scope = self.scope().ok_or_else(|| {
            Error::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/term, got '{}'",
                self.parts.credential
            ))
        })?;
        scope.check(serves(scope.service), &self.parts.date)?;
        Ok(scope)
    }

    /// What the credential claims to be scoped to, unchecked; `None` unless it has five parts.
    pub fn scope(&self) -> Option<Scope<'_>> {
        Scope::parse(&self.parts.credential)
    }

    /// The whole credential, `AKID/20150830/us-east-1/iam/aws4_request`.
    pub fn credential(&self) -> &str {
        &self.parts.credential
    }

    /// The session token sent along, signed or not.
    pub fn token(&self) -> Option<&str> {
        self.parts.token.as_deref()
    }

    /// When the request says it was signed.
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// Whether this is a presigned URL.
    pub fn is_presigned(&self) -> bool {
        self.parts.form != Form::Header
    }

    /// Checks the signature itself, in constant time. `request` must be the one that was parsed.
    ///
    /// # Errors
    /// [`Error::Signature`] if it is not the one that `key` makes.
    pub fn verify(
        &self,
        request: &Request<'_>,
        key: &SigningKey,
        rules: Rules,
    ) -> Result<(), Error> {
        if self.is_signed_by(request, key, rules, Omitted::Signature) {
            return Ok(());
        }
        // a token may be added to a presigned URL after signing
        let token_added = matches!(self.parts.form, Form::Query { bears_token: true, .. });
        if token_added && self.is_signed_by(request, key, rules, Omitted::SignatureAndToken) {
            return Ok(());
        }
        Err(Error::mismatch())
    }

    fn is_signed_by(
        &self,
        request: &Request<'_>,
        key: &SigningKey,
        rules: Rules,
        omitted: Omitted,
    ) -> bool {
        let Some(payload) = canonical::payload(request, self.is_presigned(), rules.payload) else {
            return false;
        };
        let names = &self.parts.signed_headers;
        let Some(canonical) = canonical::request(request, names, &payload, rules.path, omitted)
        else {
            return false;
        };
        let Some((_, scope)) = self.parts.credential.split_once('/') else { return false };
        let expected = key.sign(&canonical::string_to_sign(&self.parts.date, scope, &canonical));
        constant_time::verify_slices_are_equal(&expected, self.parts.signature.as_bytes()).is_ok()
    }
}
