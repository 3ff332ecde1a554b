//! Changing the flags and keywords of messages.

use std::ops::Range;

use store::{Transaction, params};

use crate::{
    Columns, Cursor, Error, Flags, FolderId, Keywords, Message, Modseq, Uid, UidSet,
    folders::{self, Delta},
    mailboxes,
};

/// What to do with the given flags and keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagAction {
    /// Set them.
    Add,
    /// Take them away.
    Remove,
    /// Set them and take all others away.
    Replace,
    /// Set those of them that are among `flags` and take the others of `flags` away; the same for all keywords if
    /// `keywords`. The rest stays as it is.
    ReplaceAmong {
        /// The flags that can change.
        flags: Flags,
        /// Whether keywords can change.
        keywords: bool,
    },
}

/// A change to the flags and keywords of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagChange {
    /// What to do with them.
    pub action: FlagAction,
    /// The flags.
    pub flags: Flags,
    /// The keywords.
    pub keywords: Keywords,
}

impl FlagChange {
    fn of(&self, message: &Message) -> Result<(Flags, Keywords), Error> {
        Ok(match self.action {
            FlagAction::Add => {
                (message.flags.with(self.flags), message.keywords.with(&self.keywords)?)
            }
            FlagAction::Remove => {
                (message.flags.without(self.flags), message.keywords.without(&self.keywords))
            }
            FlagAction::Replace => (self.flags, self.keywords.clone()),
            FlagAction::ReplaceAmong { flags, keywords } => {
                let other = self.flags.without(flags);
                let kept = message.flags.without(flags);
                let words = if keywords { &self.keywords } else { &message.keywords };
                (self.flags.without(other).with(kept), words.clone())
            }
        })
    }
}

/// What a change of flags did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// The messages that were to be changed, as they are now, in the order of their UIDs. One that had the flags
    /// already keeps its old modseq.
    pub messages: Vec<Message>,
    /// Messages left alone because they had changed since.
    pub failed: Vec<Uid>,
    /// The change that this was; the folder's last change if nothing changed.
    pub modseq: Modseq,
}

/// Changes flags and keywords of the messages of `uids` that are there; with `unchanged_since`, only of those
/// whose last change is not after it. A message that has them already does not change.
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::NoSuchMailbox`], [`Error::TooManyKeywords`]; what the store says.
pub async fn change_flags(
    tx: &mut Transaction,
    folder: FolderId,
    uids: &UidSet,
    change: &FlagChange,
    unchanged_since: Option<Modseq>,
) -> Result<Flagged, Error> {
    let folder = folders::get(tx, folder).await?;
    let mut messages = Cursor::new(folder.id, uids.clone(), Columns::Row).all(tx).await?;
    let failed = messages
        .extract_if(.., |message| unchanged_since.is_some_and(|since| message.modseq > since))
        .map(|message| message.uid)
        .collect();
    let (delta, runs) = plan(&mut messages, change)?;
    if runs.is_empty() {
        return Ok(Flagged { messages, failed, modseq: folder.highest_modseq });
    }
    let modseq = mailboxes::touch(tx, folder.mailbox).await?;
    for run in runs {
        messages[run.clone()].iter_mut().for_each(|message| message.modseq = modseq);
        write(tx, folder.id, &messages[run]).await?;
    }
    folders::adjust(tx, folder.id, modseq, delta).await?;
    Ok(Flagged { messages, failed, modseq })
}

/// Puts the new flags into `messages`; gives what the counts change by, and the runs of messages with UIDs side
/// by side that come to bear the same: each is written by one statement.
fn plan(
    messages: &mut [Message],
    change: &FlagChange,
) -> Result<(Delta, Vec<Range<usize>>), Error> {
    let mut delta = Delta::default();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for place in 0..messages.len() {
        let (flags, keywords) = change.of(&messages[place])?;
        let message = &mut messages[place];
        if (message.flags, &message.keywords) == (flags, &keywords) {
            continue;
        }
        count(&mut delta, message.flags, flags);
        message.flags = flags;
        message.keywords = keywords;
        match runs.last_mut() {
            Some(run) if run.end == place && continues(messages, place) => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    Ok((delta, runs))
}

/// Whether the message at `place`, not the first, follows the one before with no UID between, and bears the same.
fn continues(messages: &[Message], place: usize) -> bool {
    let (before, message) = (&messages[place - 1], &messages[place]);
    message.uid.0 == before.uid.0 + 1
        && message.flags == before.flags
        && message.keywords == before.keywords
}

fn count(delta: &mut Delta, before: Flags, after: Flags) {
    let change = |flag| i64::from(after.contains(flag)) - i64::from(before.contains(flag));
    delta.unseen -= change(Flags::SEEN);
    delta.deleted += change(Flags::DELETED);
}

async fn write(tx: &mut Transaction, folder: FolderId, run: &[Message]) -> Result<(), Error> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(()) };
    let sql = "UPDATE messages SET flags = $4, keywords = $5, modseq = $6 \
               WHERE folder_id = $1 AND uid BETWEEN $2 AND $3";
    let (flags, keywords) = (first.flags.bits(), first.keywords.to_column());
    let params = params![folder.0, first.uid.0, last.uid.0, flags, keywords, first.modseq.0];
    tx.execute(sql, params).await?;
    Ok(())
}
