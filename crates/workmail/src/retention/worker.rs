//! What the policies say, done: messages that are too old are moved or removed, in small transactions.
//!
//! Nothing is remembered between two rounds. What was done is done, and the next round finds what is left, also
//! after a restart.

use std::time::Duration;

use mailbox::{
    FolderId, MailboxId, Role,
    expiry::{self, Due, EXPIRE_ROWS, Expiry},
};
use store::{Row, Snapshot, Store, params};
use wire::workmail::{FolderName, RetentionAction};
use world::Timestamp;

/// Rules that are read at one time.
const RULES_ROWS: usize = 100;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Messages that were moved to the folder of deleted items.
    pub moved: usize,
    /// Messages that were removed for good.
    pub removed: usize,
}

/// Moves and removes the messages that the retention policies find too old at `now`, in at most `steps_max`
/// transactions of bounded size.
///
/// # Errors
/// What the store says; the steps before stay done, and the next call goes on from there.
pub async fn expire_messages(
    store: &Store,
    now: Timestamp,
    steps_max: usize,
) -> Result<Expired, mailbox::Error> {
    let mut round = Round { store, now, steps_left: steps_max, expired: Expired::default() };
    let mut after = (String::new(), String::new());
    loop {
        let rules = Rule::page(&mut store.read().await?, &after).await?;
        let Some(last) = rules.last() else { return Ok(round.expired) };
        after = (last.organization.clone(), last.folder.as_str().to_owned());
        for rule in &rules {
            round.keep(rule).await?;
        }
    }
}

/// A rule that does something.
struct Rule {
    organization: String,
    folder: FolderName,
    action: RetentionAction,
    period_days: u32,
}

impl Rule {
    /// The rules after that of an organization and folder.
    async fn page(
        snapshot: &mut Snapshot,
        after: &(String, String),
    ) -> Result<Vec<Self>, store::Error> {
        const SQL: &str = "SELECT organization_id, folder, action, period_days FROM retention_rules \
            WHERE action <> 'NONE' AND (organization_id, folder) > ($1, $2) \
            ORDER BY organization_id, folder LIMIT $3";
        snapshot.rows(SQL, params![&after.0, &after.1, RULES_ROWS], Self::of).await
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("a rule of retention");
        Ok(Self {
            organization: row.get(0)?,
            folder: FolderName::parse(row.get(1)?).ok_or_else(corrupt)?,
            action: RetentionAction::parse(row.get(2)?).ok_or_else(corrupt)?,
            period_days: row.get(3)?,
        })
    }

    /// Whether the rule is as it was when it was read: who takes it back shall lose nothing more.
    async fn holds(&self, snapshot: &mut Snapshot) -> Result<bool, store::Error> {
        const SQL: &str = "SELECT 1 FROM retention_rules WHERE organization_id = $1 \
            AND folder = $2 AND action = $3 AND period_days = $4";
        let (folder, action) = (self.folder.as_str(), self.action.as_str());
        let key = params![&self.organization, folder, action, self.period_days];
        Ok(snapshot.row(SQL, key, |_| Ok(())).await?.is_some())
    }

    fn due(&self, now: Timestamp) -> Due<'_> {
        let period = Duration::from_secs(u64::from(self.period_days) * DAY_SECONDS);
        let until = now.saturating_sub(period);
        Due { organization: &self.organization, role: role(self.folder), until, now }
    }

    fn expiry(&self) -> Option<Expiry> {
        match self.action {
            RetentionAction::None => None,
            RetentionAction::Delete => Some(Expiry::ToTrash),
            RetentionAction::PermanentlyDelete => Some(Expiry::Remove),
        }
    }
}

fn role(folder: FolderName) -> Role {
    match folder {
        FolderName::Inbox => Role::Inbox,
        FolderName::DeletedItems => Role::Trash,
        FolderName::SentItems => Role::Sent,
        FolderName::Drafts => Role::Drafts,
        FolderName::JunkEmail => Role::Junk,
    }
}

struct Round<'a> {
    store: &'a Store,
    now: Timestamp,
    steps_left: usize,
    expired: Expired,
}

impl Round<'_> {
    /// Does what a rule says in all mailboxes of its organization.
    async fn keep(&mut self, rule: &Rule) -> Result<(), mailbox::Error> {
        let Some(expiry) = rule.expiry() else { return Ok(()) };
        let due = rule.due(self.now);
        let (mut after, mut messages) = (MailboxId::default(), 0);
        while self.steps_left > 0 {
            let look = expiry::look(&mut self.store.read().await?, &due, after).await?;
            for folder in look.folders {
                messages += self.empty(rule, folder, &due, expiry).await?;
            }
            let Some(last) = look.last else { break };
            after = last;
        }
        self.tell(rule, expiry, messages);
        Ok(())
    }

    /// Expires what is due in a folder. One that cannot be emptied does not keep others from it.
    async fn empty(
        &mut self,
        rule: &Rule,
        folder: FolderId,
        due: &Due<'_>,
        expiry: Expiry,
    ) -> Result<usize, mailbox::Error> {
        let mut messages = 0;
        while self.steps_left > 0 {
            self.steps_left -= 1;
            let mut tx = self.store.write().await?;
            if !rule.holds(&mut tx).await? {
                break;
            }
            let count = match expiry::expire(&mut tx, folder, due, expiry).await {
                Ok(count) => count,
                Err(mailbox::Error::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, %folder, "cannot expire the messages of a folder");
                    break;
                }
            };
            tx.commit().await?;
            messages += count;
            if count < EXPIRE_ROWS {
                break;
            }
        }
        Ok(messages)
    }

    fn tell(&mut self, rule: &Rule, expiry: Expiry, messages: usize) {
        if messages == 0 {
            return;
        }
        let (organization, folder) = (&rule.organization, rule.folder.as_str());
        let action = rule.action.as_str();
        tracing::info!(%organization, folder, action, messages, "messages expired");
        metrics::counter!("chancery_retention_messages_total", "action" => action)
            .increment(messages as u64);
        match expiry {
            Expiry::ToTrash => self.expired.moved += messages,
            Expiry::Remove => self.expired.removed += messages,
        }
    }
}
