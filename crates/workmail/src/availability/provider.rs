//! Who knows when the people of another domain are free.

use base64::{Engine, engine::general_purpose::STANDARD};
use errand::{Url, header::HeaderValue};
use store::{Keyring, Row};
use wire::workmail::{EwsAvailabilityProvider, LambdaAvailabilityProvider};
use world::Secret;

use crate::refusal;

/// A provider of free/busy times.
pub(super) enum Provider {
    Ews(Ews),
    /// A function, by its ARN.
    Lambda(String),
}

/// A server that speaks Exchange Web Services.
pub(super) struct Ews {
    pub(super) endpoint: String,
    pub(super) username: String,
    pub(super) password: Secret,
}

impl Provider {
    /// The provider that a request gives, if it gives one.
    ///
    /// # Errors
    /// `InvalidParameterException` for two, or for one that could never be asked.
    pub(super) fn given(
        ews: Option<EwsAvailabilityProvider>,
        lambda: Option<LambdaAvailabilityProvider>,
    ) -> Result<Option<Self>, wire::Error> {
        match (ews, lambda) {
            (None, None) => Ok(None),
            (Some(ews), None) => Ews::given(ews).map(Self::Ews).map(Some),
            (None, Some(lambda)) => Ok(Some(Self::Lambda(lambda.lambda_arn))),
            (Some(_), Some(_)) => Err(refusal::invalid("Only one provider can be given.")),
        }
    }

    /// The same where one must be given.
    pub(super) fn required(
        ews: Option<EwsAvailabilityProvider>,
        lambda: Option<LambdaAvailabilityProvider>,
    ) -> Result<Self, wire::Error> {
        let given = Self::given(ews, lambda)?;
        given.ok_or_else(|| refusal::invalid("An EwsProvider or a LambdaProvider is needed."))
    }

    /// Reads `endpoint, username, password, lambda_arn`.
    pub(super) fn of(
        row: &Row<'_>,
        keyring: &Keyring,
        purpose: &str,
    ) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("an availability provider");
        if let Some(arn) = row.get(3)? {
            return Ok(Self::Lambda(arn));
        }
        let sealed: Option<Vec<u8>> = row.get(2)?;
        Ok(Self::Ews(Ews {
            endpoint: row.get::<Option<String>>(0)?.ok_or_else(corrupt)?,
            username: row.get::<Option<String>>(1)?.ok_or_else(corrupt)?,
            password: keyring.open(purpose, &sealed.ok_or_else(corrupt)?)?,
        }))
    }
}

impl Ews {
    fn given(ews: EwsAvailabilityProvider) -> Result<Self, wire::Error> {
        if Url::parse(&ews.ews_endpoint).is_err() {
            let text = format!("The EwsEndpoint {} is not an https URL.", ews.ews_endpoint);
            return Err(refusal::invalid(text));
        }
        // it ends the user name in basic authentication (RFC 7617, section 2)
        if ews.ews_username.contains(':') {
            return Err(refusal::invalid("The EwsUsername cannot hold a colon."));
        }
        let password = Secret::new(ews.ews_password.expose());
        Ok(Self { endpoint: ews.ews_endpoint, username: ews.ews_username, password })
    }

    /// The header `Authorization` (RFC 7617).
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let mut plain = format!("{}:", self.username).into_bytes();
        plain.extend_from_slice(self.password.expose());
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(&plain))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
