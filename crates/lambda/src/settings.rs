//! Where functions run, as the operator says it.

use std::collections::HashMap;

use errand::Url;
use world::Secret;

use crate::FunctionArn;

/// Where functions run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What speaks Lambda's `Invoke` for all functions.
    pub(crate) endpoint: Option<Url>,
    /// Functions that have a URL of their own.
    pub(crate) functions: HashMap<FunctionArn, Url>,
    /// By which calls are signed.
    pub(crate) credentials: Option<Credentials>,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret,
}

/// The text is none of a place where functions run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An endpoint is no URL.
    #[error(
        "`{0}` is not a URL such as https://lambda.us-east-1.amazonaws.com or http://127.0.0.1:9000"
    )]
    Endpoint(String),
    /// A function's entry has another form.
    #[error(
        "`{0}` is not ARN=URL, as in arn:aws:lambda:us-east-1:123456789012:function:f=http://127.0.0.1:9000"
    )]
    Function(String),
}

impl Settings {
    /// Reads the endpoint, and entries of the form `ARN=URL`. The last one for a function counts.
    ///
    /// # Errors
    /// [`SettingsError`] for the first that is of another form.
    pub fn parse<'a>(
        endpoint: Option<&str>,
        functions: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SettingsError> {
        let url = |text: &str| {
            Url::parse_trusted(text).map_err(|_| SettingsError::Endpoint(text.to_owned()))
        };
        let entry =
            |text: &'a str| entry(text).ok_or_else(|| SettingsError::Function(text.to_owned()));
        Ok(Self {
            endpoint: endpoint.map(url).transpose()?,
            functions: functions.into_iter().map(entry).collect::<Result<_, _>>()?,
            credentials: None,
        })
    }

    /// The same, with calls that are signed.
    #[must_use]
    pub fn signed(self, credentials: Option<Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Where a call of the function goes. A URL with a path is taken as it is: the runtime interface emulator has
    /// one path for whatever function runs in it.
    pub(crate) fn url(&self, function: &FunctionArn) -> Option<Url> {
        let base = match self.functions.get(function) {
            Some(url) if url.target() != "/" => return Some(url.clone()),
            Some(url) => url,
            None => self.endpoint.as_ref()?,
        };
        let path = base.target().trim_end_matches('/');
        let name = function.to_string().replace(':', "%3A").replace('$', "%24");
        base.at(&format!("{path}/2015-03-31/functions/{name}/invocations")).ok()
    }
}

fn entry(text: &str) -> Option<(FunctionArn, Url)> {
    let (arn, url) = text.split_once('=')?;
    Some((FunctionArn::parse(arn)?, Url::parse_trusted(url).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

    #[test]
    fn each_function_has_its_place() {
        let arn = FunctionArn::parse(ARN).unwrap();
        let url = |endpoint: Option<&str>, entries: &[&str]| {
            let settings = Settings::parse(endpoint, entries.iter().copied()).unwrap();
            settings.url(&arn).map(|url| url.to_string())
        };
        let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af\
                    /invocations";
        assert_eq!(url(None, &[]), None);
        assert_eq!(
            url(Some("http://10.0.0.1:4566"), &[]),
            Some(format!("http://10.0.0.1:4566{path}"))
        );
        assert_eq!(url(Some("https://l.org/x/"), &[]), Some(format!("https://l.org/x{path}")));
        let own = format!("{ARN}=http://127.0.0.1:9000");
        assert_eq!(
            url(Some("https://l.org"), &[&own]),
            Some(format!("http://127.0.0.1:9000{path}"))
        );
        let emulator = format!("{own}/2015-03-31/functions/function/invocations");
        assert_eq!(
            url(None, &[&own, &emulator]).as_deref(),
            emulator.split_once('=').map(|(_, url)| url)
        );
    }

    #[test]
    fn what_has_another_form_is_told() {
        assert!(Settings::parse(Some("lambda:80"), []).is_err());
        for entry in ["f=http://127.0.0.1/", ARN, "", &format!("{ARN}=127.0.0.1:80")] {
            let error = Settings::parse(None, [entry]).unwrap_err();
            assert_eq!(error, SettingsError::Function(entry.to_owned()));
        }
    }
}
