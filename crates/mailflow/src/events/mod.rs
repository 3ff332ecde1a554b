//! What happens to a message, for the event log of the organizations that it concerns.
//!
//! Whoever decides something about a message notes it in [`Events`], in one line. The records have the form and
//! the words of WorkMail's (WorkMail Administrator Guide, "Monitoring Amazon WorkMail email event logs").

mod chronicle;
mod facts;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{DmarcPolicy, Failure, Verdict};

pub(crate) use chronicle::{Chronicle, Told, sent};
pub(crate) use facts::Facts;

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "eventName", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum MailEvent {
    /// A message came in for the organization.
    OrganizationEmailReceived {
        /// Its recipients in the organization.
        recipients: Vec<String>,
        /// Who sent it for somebody else, if anybody did.
        #[serde(skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
        /// The address in `From`.
        from: String,
        /// Its subject.
        subject: String,
        /// Its `Message-ID`.
        message_id: String,
        /// Whether it looks like spam.
        spam_verdict: Verdict,
        /// Whether a signature of the author's domain holds.
        dkim_verdict: Verdict,
        /// Whether the server may send for the envelope's sender.
        spf_verdict: Verdict,
        /// Whether either of them speaks for the domain in `From`.
        dmarc_verdict: Verdict,
        /// What that domain asks for; only if the verdict is `FAIL`.
        #[serde(skip_serializing_if = "Option::is_none")]
        dmarc_policy: Option<DmarcPolicy>,
        /// When it came, in ISO 8601.
        message_timestamp: String,
    },
    /// It was put into a mailbox.
    MailboxEmailDelivered {
        /// The primary address of the mailbox's owner.
        recipient: String,
        /// The folder.
        folder: String,
    },
    /// An e-mail flow rule matched it.
    RuleApplied {
        /// The rule.
        rule_name: String,
        /// Whether it is for mail that comes or for mail that goes.
        rule_type: RuleType,
        /// What it did, for whom.
        rule_actions: Vec<RuleAction>,
    },
    /// A copy goes to the journal.
    JournalingInitiated {
        /// The journal.
        journaling_address: String,
    },
    /// A message that came in could not be delivered to a recipient.
    IncomingEmailBounced {
        /// The recipient, and why.
        bounced_recipient: BouncedRecipient,
    },
    /// A user handed in a message.
    OutgoingEmailSubmitted {
        /// All its recipients.
        recipients: Vec<String>,
        /// Who sent it for somebody else, if anybody did.
        #[serde(skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
        /// The address in `From`.
        from: String,
        /// Its subject.
        subject: String,
    },
    /// A message that a user handed in was delivered to a recipient, or the recipient's server took it.
    OutgoingEmailSent {
        /// The recipient.
        recipient: String,
        /// Who sent it for somebody else, if anybody did.
        #[serde(skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
        /// The address in `From`.
        from: String,
        /// Its `Message-ID`.
        message_id: String,
    },
    /// A message that a user handed in could not be delivered to a recipient.
    OutgoingEmailBounced {
        /// The recipient, and why.
        bounced_recipient: BouncedRecipient,
    },
    /// The policy of the domain in `From` was obeyed.
    DmarcPolicyApplied {
        /// The address in `From`.
        from: String,
        /// The recipients in the organization.
        recipients: Vec<String>,
        /// The policy.
        policy: DmarcPolicy,
    },
}

/// Which mail a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleType {
    /// Mail that comes.
    InboundRule,
    /// Mail that goes.
    OutboundRule,
}

/// What a rule did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleAction {
    /// The action, by the name that the rule has for it: `DROP`.
    pub action: String,
    /// For whom.
    pub recipients: Vec<String>,
}

/// A recipient whom a message could not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BouncedRecipient {
    /// The address.
    pub email_address: String,
    /// Why, in words.
    pub reason: String,
    /// Why, as an enhanced status code (RFC 3463).
    pub status: String,
}

/// What happened to one message, by the organization that it concerns, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    by_organization: BTreeMap<String, Vec<MailEvent>>,
}

impl Events {
    /// Notes that something happened.
    pub fn note(&mut self, organization: &str, event: MailEvent) {
        self.by_organization.entry(organization.to_owned()).or_default().push(event);
    }

    fn of(&self, organization: &str) -> &[MailEvent] {
        self.by_organization.get(organization).map_or(&[], Vec::as_slice)
    }
}

impl MailEvent {
    /// Whether it is about a message that came in, where it might be one that goes out.
    fn is_inbound(&self) -> bool {
        match self {
            Self::OrganizationEmailReceived { .. }
            | Self::MailboxEmailDelivered { .. }
            | Self::IncomingEmailBounced { .. }
            | Self::DmarcPolicyApplied { .. } => true,
            Self::RuleApplied { rule_type, .. } => *rule_type == RuleType::InboundRule,
            Self::JournalingInitiated { .. }
            | Self::OutgoingEmailSubmitted { .. }
            | Self::OutgoingEmailSent { .. }
            | Self::OutgoingEmailBounced { .. } => false,
        }
    }

    /// The record of it, found under `trace_id` with all else that happened to the message.
    fn record(&self, trace_id: &str) -> String {
        serde_json::json!({ "traceId": trace_id, "event": self }).to_string()
    }
}

impl From<&Failure> for BouncedRecipient {
    fn from(failure: &Failure) -> Self {
        Self {
            email_address: failure.recipient.clone(),
            reason: failure.said.clone().unwrap_or_else(|| failure.reason.clone()),
            status: failure.status.clone(),
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for DmarcPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_documented_words() {
        let shown = |event: &MailEvent| serde_json::to_value(event).unwrap();
        let delivered =
            MailEvent::MailboxEmailDelivered { recipient: "a@x".into(), folder: "INBOX".into() };
        assert_eq!(
            shown(&delivered),
            serde_json::json!({
                "eventName": "MAILBOX_EMAIL_DELIVERED", "recipient": "a@x", "folder": "INBOX",
            })
        );
        let action = RuleAction { action: "DROP".into(), recipients: vec!["a@x".into()] };
        let applied = MailEvent::RuleApplied {
            rule_name: "r".into(),
            rule_type: RuleType::InboundRule,
            rule_actions: vec![action],
        };
        assert_eq!(
            shown(&applied),
            serde_json::json!({
                "eventName": "RULE_APPLIED", "ruleName": "r", "ruleType": "INBOUND_RULE",
                "ruleActions": [{"action": "DROP", "recipients": ["a@x"]}],
            })
        );
        let reason = BouncedRecipient {
            email_address: "a@x".into(),
            reason: "the mailbox is full".into(),
            status: "5.2.2".into(),
        };
        assert_eq!(
            shown(&MailEvent::IncomingEmailBounced { bounced_recipient: reason })["bouncedRecipient"],
            serde_json::json!({
                "emailAddress": "a@x", "reason": "the mailbox is full", "status": "5.2.2",
            })
        );
        let policy = MailEvent::DmarcPolicyApplied {
            from: "f@y".into(),
            recipients: vec!["a@x".into()],
            policy: DmarcPolicy::Quarantine,
        };
        assert_eq!(shown(&policy)["policy"], "QUARANTINE");
    }
}
