//! Whom the mail side believes, as the operator chooses.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How it is decided whether a domain is its organization's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DomainVerification {
    /// Who may register a domain is believed: it is verified at once.
    #[default]
    Trust,
    /// The DNS is looked up, as AWS does.
    Dns,
}

/// Whose mail is asked where it really comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailAuthentication {
    /// Nobody's.
    Off,
    /// That of every server but those on this machine: they are the operator's own.
    #[default]
    On,
    /// Everybody's.
    Always,
}

impl From<DomainVerification> for workmail::Verification {
    fn from(chosen: DomainVerification) -> Self {
        match chosen {
            DomainVerification::Trust => Self::Trust,
            DomainVerification::Dns => Self::Dns,
        }
    }
}

impl From<MailAuthentication> for smtp::Judged {
    fn from(chosen: MailAuthentication) -> Self {
        match chosen {
            MailAuthentication::Off => Self::Nobody,
            MailAuthentication::On => Self::Elsewhere,
            MailAuthentication::Always => Self::Everybody,
        }
    }
}
