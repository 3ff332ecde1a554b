//! What the domain in `From` wants to happen to mail that is not from it (RFC 9989), where the recipient's
//! organization obeys.

use std::collections::{BTreeMap, HashMap};

use store::Snapshot;

use crate::{
    Authentication, DmarcPolicy, Error, Incoming, Verdict, author,
    events::{Events, MailEvent},
    treatment::{Placement, Treatment},
};

/// The policy that a message has come under, and who obeys it.
pub(crate) struct Enforcement<'a> {
    incoming: &'a Incoming,
    policy: Option<DmarcPolicy>,
    /// The organization behind each domain, if it obeys.
    obeying: HashMap<String, Option<String>>,
    /// The recipients in each.
    applied: BTreeMap<String, Vec<String>>,
}

impl<'a> Enforcement<'a> {
    pub(crate) fn of(incoming: &'a Incoming) -> Self {
        let policy = policy(&incoming.authentication);
        Self { incoming, policy, obeying: HashMap::new(), applied: BTreeMap::new() }
    }

    pub(crate) async fn treatment(
        &mut self,
        snapshot: &mut Snapshot,
        recipient: &str,
    ) -> Result<Treatment, Error> {
        const INBOX: Treatment = Treatment::Deliver(Placement::Inbox);
        let Some(policy) = self.policy else { return Ok(INBOX) };
        let Some((_, domain)) = recipient.rsplit_once('@') else { return Ok(INBOX) };
        let obeying = match self.obeying.get(domain) {
            Some(known) => known.clone(),
            None => {
                let found = workmail::dmarc::enforcing(snapshot, domain).await?;
                self.obeying.insert(domain.to_owned(), found.clone());
                found
            }
        };
        let Some(organization) = obeying else { return Ok(INBOX) };
        self.applied.entry(organization).or_default().push(recipient.to_owned());
        Ok(match policy {
            DmarcPolicy::None => INBOX,
            DmarcPolicy::Quarantine => Treatment::Deliver(Placement::Junk),
            DmarcPolicy::Reject => Treatment::Drop,
        })
    }

    /// Notes whom it was obeyed for.
    pub(crate) fn note(self, events: &mut Events) {
        let Some(policy) = self.policy else { return };
        let message = self.incoming.content.get(self.incoming.return_path_octets..);
        let from = author::named(message.unwrap_or_default()).from.into_iter().next();
        let from = from.unwrap_or_default();
        for (organization, recipients) in self.applied {
            let from = from.clone();
            events.note(&organization, MailEvent::DmarcPolicyApplied { from, recipients, policy });
        }
    }
}

fn policy(authentication: &Authentication) -> Option<DmarcPolicy> {
    authentication.dmarc_policy.filter(|_| authentication.dmarc == Verdict::Fail)
}
