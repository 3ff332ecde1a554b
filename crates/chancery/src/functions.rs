//! `[lambda]` of the configuration: where the functions of e-mail flow rules run.

use std::path::PathBuf;

use lambda::{Credentials, Settings};
use serde::{Deserialize, Serialize};

use crate::{
    cli,
    failure::Failure,
    options::{read_credentials, refuse_without},
};

/// Where functions run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lambda {
    /// What speaks Lambda's `Invoke` for all functions: AWS Lambda, or what stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// Functions with a URL of their own: `ARN=URL`.
    pub(crate) functions: Vec<String>,
    /// File with the access key that calls are signed with, `ACCESS_KEY_ID:SECRET_ACCESS_KEY`; without it they are
    /// not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<PathBuf>,
}

impl Lambda {
    /// Flags and file together; for one function, the flag counts.
    pub(crate) fn merge(options: &cli::Serve, file: Self) -> Self {
        Self {
            endpoint: options.lambda_endpoint.clone().or(file.endpoint),
            functions: [file.functions, options.lambda_functions.clone()].concat(),
            credentials: options.lambda_credentials.clone().or(file.credentials),
        }
    }

    /// The same for those who call functions.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        if self.endpoint.is_none() && self.functions.is_empty() {
            let credentials = ("lambda-credentials", self.credentials.is_some());
            refuse_without("lambda-endpoint or lambda-function", &[credentials])?;
        }
        let functions = self.functions.iter().map(String::as_str);
        let settings = Settings::parse(self.endpoint.as_deref(), functions)
            .map_err(|error| Failure::new(format!("lambda: {error}")))?;
        let credentials = self.credentials.as_deref().map(read_credentials).transpose()?;
        let credentials =
            credentials.map(|(access_key_id, secret)| Credentials { access_key_id, secret });
        Ok(settings.signed(credentials))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_without_a_place_to_call_are_not_ignored() {
        let alone = Lambda { credentials: Some("/nowhere".into()), ..Lambda::default() };
        let message = alone.settings().unwrap_err().to_string();
        assert!(message.contains("lambda-credentials means nothing"), "{message}");
    }
}
