//! What a credential is scoped to: `AKID/20150830/us-east-1/iam/aws4_request`.

use crate::{Error, TERMINATOR};

/// A credential taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The access key that signed.
    pub access_key_id: &'a str,
    /// The day, `YYYYMMDD`.
    pub date: &'a str,
    /// The region named; any text that looks like one.
    pub region: &'a str,
    /// The signing name of the service.
    pub service: &'a str,
    terminator: &'a str,
}

impl<'a> Scope<'a> {
    /// `None` unless there are exactly five parts.
    pub(crate) fn parse(credential: &'a str) -> Option<Self> {
        let mut parts = credential.split('/');
        let scope = Self {
            access_key_id: parts.next()?,
            date: parts.next()?,
            region: parts.next()?,
            service: parts.next()?,
            terminator: parts.next()?,
        };
        parts.next().is_none().then_some(scope)
    }

    /// Checks every part but the key; all that is wrong is told at once.
    pub(crate) fn check(&self, service: Result<(), &str>, signed_at: &str) -> Result<(), Error> {
        let mut faults = Vec::new();
        if !is_region(self.region) {
            faults.push(format!(
                "Credential should be scoped to a valid region, not '{}'.",
                self.region
            ));
        }
        if let Err(expected) = service {
            faults.push(format!("Credential should be scoped to correct service: '{expected}'."));
        }
        if self.terminator != TERMINATOR {
            faults.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                self.terminator
            ));
        }
        let day = signed_at.get(..8).unwrap_or_default();
        if self.date != day {
            faults.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{day}', from '{signed_at}'.",
                self.date
            ));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::signature(faults.join(" "))) }
    }
}

/// `^[a-z]{2}(-[a-z]+)+-[0-9]+$`
fn is_region(text: &str) -> bool {
    let Some((names, number)) = text.rsplit_once('-') else { return false };
    let mut names = names.split('-');
    let lower = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    let place = names.next().is_some_and(|name| name.len() == 2 && lower(name));
    let mut rest = names.peekable();
    let number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    place && number && rest.peek().is_some() && rest.all(lower)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_by_their_shape() {
        for region in ["us-east-1", "us-gov-west-1", "eu-isoe-west-1", "xx-here-42"] {
            assert!(is_region(region), "{region}");
        }
        for other in ["", "us", "us-1", "us-east", "us-east-", "us-East-1", "usa-east-1", "us--1"] {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn every_fault_is_told() {
        let scope = Scope::parse("AKID/20150829/mars/sts/aws5_request").unwrap();
        assert_eq!(
            scope.check(Err("iam"), "20150830T123600Z").unwrap_err().to_string(),
            "Credential should be scoped to a valid region, not 'mars'. \
             Credential should be scoped to correct service: 'iam'. \
             Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. \
             Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20150829' != '20150830', from '20150830T123600Z'."
        );
        assert_eq!(Scope::parse("AKID/20150829/mars/sts"), None);
        assert_eq!(Scope::parse("AKID/20150829/mars/sts/aws4_request/"), None);
    }
}
