//! Who may reach a mailbox by which protocol and from where: the access control rules of an organization.
//!
//! The rules are about users and their mail clients, not about the API. They are asked at every sign-in, and
//! again for all who are signed in when they change: see [`Visit`](crate::Visit).

mod ip_range;
mod operations;
mod rows;
mod rules;
mod visit;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use store::{Change, Snapshot, Transaction, params};

pub(crate) use operations::{
    delete_access_control_rule, get_access_control_effect, list_access_control_rules,
    put_access_control_rule,
};
pub(crate) use rows::create_default;
pub use visit::Visit;
pub(crate) use visit::Watches;

use crate::{recipients::MailUser, verdict::Effect};
use rules::{Request, Who, effect};

/// The topic of a notice that those who are signed in may no longer be allowed to; its key is the organization.
const TOPIC: &str = "workmail.access";

/// A way to a mailbox, as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the name of a protocol or program")]
pub enum AccessAction {
    ActiveSync,
    AutoDiscover,
    #[serde(rename = "EWS")]
    Ews,
    #[serde(rename = "IMAP")]
    Imap,
    #[serde(rename = "SMTP")]
    Smtp,
    WindowsOutlook,
    WebMail,
}

impl AccessAction {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ActiveSync,
        Self::AutoDiscover,
        Self::Ews,
        Self::Imap,
        Self::Smtp,
        Self::WindowsOutlook,
        Self::WebMail,
    ];

    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveSync => "ActiveSync",
            Self::AutoDiscover => "AutoDiscover",
            Self::Ews => "EWS",
            Self::Imap => "IMAP",
            Self::Smtp => "SMTP",
            Self::WindowsOutlook => "WindowsOutlook",
            Self::WebMail => "WebMail",
        }
    }

    /// The action of that name, in that letter case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// Whether a user may reach the own mailbox: is registered still, and allowed by the rules of the organization.
///
/// # Errors
/// The store's.
pub async fn permits(
    snapshot: &mut Snapshot,
    user: &MailUser,
    action: AccessAction,
    address: IpAddr,
) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM entities WHERE id = $1 AND state = 'ENABLED'";
    if snapshot.row(SQL, params![&user.id], |_| Ok(())).await?.is_none() {
        return Ok(false);
    }
    let rules = rows::of_organization(snapshot, &user.organization_id).await?;
    let request = Request { who: Who::User(&user.id), action, address };
    Ok(effect(&rules, &request).0 == Effect::Allow)
}

/// Whether a role may reach mailboxes by EWS from an address. Whose, its own rules say.
pub(crate) async fn permits_role(
    snapshot: &mut Snapshot,
    organization: &str,
    role: &str,
    address: IpAddr,
) -> Result<bool, store::Error> {
    let rules = rows::of_organization(snapshot, organization).await?;
    let request = Request { who: Who::Role(role), action: AccessAction::Ews, address };
    Ok(effect(&rules, &request).0 == Effect::Allow)
}

/// Has everybody of an organization who is signed in judged again, once the transaction is committed.
pub(crate) fn judge_again(tx: &mut Transaction, organization: &str) {
    tx.notify(Change::new(TOPIC, organization));
}
