//! What a rule does.

use serde::{Deserialize, Serialize};

/// What happens to mail that a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// It is thrown away, and nobody is told.
    Drop,
    /// It is not taken, and its sender is told so.
    Bounce {
        /// What the sender is told in particular.
        message: Option<String>,
    },
    /// It goes into the junk folder, whatever it is. Inbound only.
    MoveToJunk,
    /// It goes into the inbox, whatever it is. Inbound only.
    BypassSpamCheck,
    /// As if there were no rules: hides what is less specific.
    Default,
    /// It is handed to a gateway. Outbound only.
    SmtpGateway {
        /// The gateway, of the same organization.
        gateway_id: String,
    },
    /// A function decides, or only hears of it.
    Lambda {
        /// The function.
        function_arn: String,
        /// Whether the message waits for its answer.
        synchronous: bool,
        /// What happens if no answer is had in time. Never a function.
        fallback: Box<Action>,
        /// How long an answer is tried for, in minutes; 0 is once.
        timeout_minutes: u8,
    },
}

impl Action {
    /// Of two rules that are equally specific the one with the lower number applies: the order of AWS's guide, of
    /// which for outbound rules we take DEFAULT behind what holds mail back.
    pub(super) fn precedence(&self) -> u8 {
        match self {
            Self::Drop => 0,
            Self::Bounce { .. } => 1,
            Self::MoveToJunk | Self::SmtpGateway { .. } => 2,
            Self::Default => 3,
            Self::BypassSpamCheck => 4,
            Self::Lambda { .. } => 5,
        }
    }

    /// The gateway that this may lead to.
    pub(super) fn gateway(&self) -> Option<&str> {
        match self {
            Self::SmtpGateway { gateway_id } => Some(gateway_id),
            Self::Lambda { fallback, .. } => fallback.gateway(),
            _ => None,
        }
    }

    /// Its name in the service model.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drop => "DROP",
            Self::Bounce { .. } => "BOUNCE",
            Self::MoveToJunk => "MOVE_TO_JUNK",
            Self::BypassSpamCheck => "BYPASS_SPAM_CHECK",
            Self::Default => "DEFAULT",
            Self::SmtpGateway { .. } => "SMTP_GATEWAY",
            Self::Lambda { .. } => "LAMBDA",
        }
    }
}
