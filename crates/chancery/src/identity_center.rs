//! `[[identity_center]]` of the configuration: which OpenID Connect provider stands behind an instance.

use iam::issuer_keys::Issuer;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// An instance of Identity Center, as the operator describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityCenter {
    /// The ARN that organizations name in their identity provider configuration.
    pub(crate) instance: String,
    /// The provider: `https://` and a host, perhaps with a path, exactly as its tokens have it.
    pub(crate) issuer: String,
    /// Whom its tokens must be meant for.
    pub(crate) audience: String,
    /// The claim that holds an address of the user.
    #[serde(default = "email")]
    pub(crate) claim: String,
    /// SHA-1 digests of certificates that its server is trusted by, beside the system's authorities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) thumbprints: Vec<String>,
}

impl IdentityCenter {
    /// The same for those who verify tokens.
    pub(crate) fn parsed(&self) -> Result<workmail::IdentityCenter, Failure> {
        let wrong = |what: &str, text: &str| {
            Failure::new(format!("identity_center: `{text}` is not {what}"))
        };
        if !self.instance.starts_with("arn:") || !self.instance.contains(":sso:::instance/") {
            return Err(wrong("the ARN of an instance", &self.instance));
        }
        let url = self.issuer.strip_prefix("https://").filter(|url| !url.contains(['?', '#']));
        let url = url.filter(|_| errand::Url::parse(&self.issuer).is_ok());
        let url = url.ok_or_else(|| wrong("https:// and a host", &self.issuer))?;
        for thumbprint in &self.thumbprints {
            let parsed = thumbprint.parse::<errand::Thumbprint>();
            parsed.map_err(|_| wrong("the SHA-1 digest of a certificate in hex", thumbprint))?;
        }
        Ok(workmail::IdentityCenter {
            instance: self.instance.clone(),
            issuer: Issuer { url: url.to_owned(), thumbprints: self.thumbprints.clone() },
            audience: self.audience.clone(),
            claim: self.claim.clone(),
        })
    }
}

fn email() -> String {
    "email".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_found_before_the_start() {
        let center = IdentityCenter {
            instance: "arn:aws:sso:::instance/ssoins-0123456789abcdef".to_owned(),
            issuer: "https://login.example.com/realms/mail".to_owned(),
            audience: "mail".to_owned(),
            claim: email(),
            thumbprints: vec!["a".repeat(40)],
        };
        assert_eq!(center.parsed().unwrap().issuer.url, "login.example.com/realms/mail");
        for wrong in [
            IdentityCenter { instance: "ssoins-1".to_owned(), ..center.clone() },
            IdentityCenter { issuer: "http://login.example.com".to_owned(), ..center.clone() },
            IdentityCenter { issuer: "https://login.example.com?a".to_owned(), ..center.clone() },
            IdentityCenter { thumbprints: vec!["x".to_owned()], ..center.clone() },
        ] {
            assert!(wrong.parsed().is_err(), "{wrong:?}");
        }
    }
}
