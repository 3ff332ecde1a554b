//! Why somebody gets no further, as they are told.

use std::{error::Error as StdError, time::Duration};

use workmail::TokenError;

/// Why a request of a person is refused. The texts are for people, and say nothing that helps a guesser: an
/// account that is not there, a user that is not there and a wrong password are one refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Something is missing, too long, or cannot be meant.
    #[error("{0}")]
    Invalid(&'static str),
    /// No such account, user or password.
    #[error("Your authentication information is incorrect. Please try again.")]
    Incorrect,
    /// The code of the second factor is wrong or was used.
    #[error("The code is not valid. Wait for the next one and try again.")]
    Code,
    /// Too many attempts; nothing was looked at.
    #[error("There were too many attempts. Try again later.")]
    TooMany {
        /// How long nothing will be looked at.
        retry_after: Duration,
    },
    /// The token is of another step, altered, expired or used up, or the password is another one by now.
    #[error("This sign-in cannot be continued. Start again.")]
    Step,
    /// The password is too old, and the account's policy lets no user replace such a one.
    #[error("Your password has expired. Ask your administrator to set a new one.")]
    PasswordEnded,
    /// A password that root may not have.
    #[error(
        "The password needs 8 to 128 characters of three of the four kinds (upper case, lower case, digits, \
         symbols) and must not be the account's name or e-mail address."
    )]
    Password,
    /// Nobody can sign up here by themselves.
    #[error("Sign-up is closed. Ask the operator of this server for an account.")]
    SignUpClosed,
    /// The code that was mailed is wrong or no longer good.
    #[error("The code is not the one that was sent, or is no longer good.")]
    MailedCode,
    /// More wait for their code than there is room for.
    #[error("This cannot be done right now. Try again later.")]
    Busy,
    /// Only root can do this, and only in a session that began with its password.
    #[error("Only the root user can do this, after signing in with its password.")]
    RootOnly,
    /// Only who signed in here can do this.
    #[error("Sign in with your password first.")]
    NotSignedIn,
    /// A key, or what it signed, cannot be taken.
    #[error("The key cannot be registered: {0}.")]
    Fido(#[from] iam::fido::Refused),
    /// Credentials from which no console session can be made.
    #[error("{0}")]
    Federation(&'static str),
    /// A personal access token that cannot be made.
    #[error("{0}")]
    MailToken(TokenError),
    /// The access rules of the organization.
    #[error("Your organization does not allow this access.")]
    AccessRules,
    /// An operation of IAM refused it.
    #[error("{}", .0.message())]
    Iam(wire::Error),
    /// The store failed.
    #[error("The request failed on our side.")]
    Store(#[from] store::Error),
    /// Something else of ours failed.
    #[error("The request failed on our side.")]
    Internal(Box<dyn StdError + Send + Sync>),
}

impl Refusal {
    /// A failure of ours.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "InvalidRequest",
            Self::Incorrect => "SignInFailed",
            Self::Code => "InvalidAuthenticationCode",
            Self::TooMany { .. } => "TooManyAttempts",
            Self::Step => "InvalidToken",
            Self::PasswordEnded => "PasswordExpired",
            Self::Password => "PasswordPolicyViolation",
            Self::SignUpClosed => "SignUpClosed",
            Self::MailedCode => "InvalidCode",
            Self::RootOnly | Self::NotSignedIn => "AccessDenied",
            Self::Fido(_) => "InvalidKey",
            Self::Federation(_) => "InvalidCredentials",
            Self::MailToken(TokenError::Inactive) => "PersonalAccessTokensInactive",
            Self::MailToken(TokenError::TooMany) => "LimitExceeded",
            Self::MailToken(_) => "InvalidRequest",
            Self::AccessRules => "AccessDenied",
            Self::Iam(error) => error.kind().query.code,
            Self::Busy => "ServiceUnavailable",
            Self::Store(error) if is_passing(error) => "ServiceUnavailable",
            Self::Store(_) | Self::Internal(_) => "InternalFailure",
        }
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::Password | Self::MailedCode | Self::Federation(_) => 400,
            Self::MailToken(TokenError::Inactive) | Self::AccessRules => 403,
            Self::Fido(_) | Self::MailToken(_) => 400,
            Self::Incorrect | Self::Code | Self::Step => 401,
            Self::PasswordEnded | Self::SignUpClosed => 403,
            Self::RootOnly | Self::NotSignedIn => 403,
            Self::TooMany { .. } => 429,
            Self::Iam(error) => error.kind().query.status,
            Self::Busy => 503,
            Self::Store(error) if is_passing(error) => 503,
            Self::Store(_) | Self::Internal(_) => 500,
        }
    }

    /// Whether running the whole step again may help.
    pub(crate) fn is_conflict(&self) -> bool {
        let cause = match self {
            Self::Store(error) => Some(error),
            Self::Iam(error) => error.source_ref::<store::Error>(),
            Self::Internal(error) => error.downcast_ref::<store::Error>(),
            _ => None,
        };
        cause.is_some_and(|error| error.is_conflict() || error.is_unique())
    }

    /// What lies behind a failure of ours, for the log.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(error.to_string()),
            Self::Internal(error) => Some(error.to_string()),
            Self::Iam(error) => error.source().map(ToString::to_string),
            _ => None,
        }
    }
}

impl From<wire::Error> for Refusal {
    fn from(error: wire::Error) -> Self {
        Self::Iam(error)
    }
}

impl From<mailflow::Error> for Refusal {
    fn from(error: mailflow::Error) -> Self {
        match error {
            mailflow::Error::Store(error) => Self::Store(error),
            error => Self::internal(error),
        }
    }
}

fn is_passing(error: &store::Error) -> bool {
    error.is_conflict() || error.is_full() || error.is_unavailable()
}
