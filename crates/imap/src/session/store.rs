//! STORE and UID STORE.

use mailbox::{Error, Flags, FolderId, Keywords, Modseq, Uid, UidSet};

use super::{Flow, Session, reply::Refusal, updates::Expunges};
use crate::{
    grammar::store::{How, Store},
    job::{Answer, Marks, Outcome, Task},
    limits::BATCH_MESSAGES,
    render::{message, out::compact_set},
};

/// A STORE that goes on batch by batch, so that no writer waits long for it.
struct Batches {
    tag: String,
    folder: FolderId,
    by_uid: bool,
    silent: bool,
    marks: Marks,
    unchanged_since: Option<Modseq>,
    /// What is still to be changed, growing.
    uids: Vec<u32>,
    at: usize,
    /// Whether any of them was gone.
    missing: bool,
    /// What was left alone since it had changed in between: UIDs or sequence numbers.
    modified: Vec<u32>,
}

impl Session {
    /// RFC 3501, section 6.4.6; UNCHANGEDSINCE: RFC 7162, section 3.1.3.
    pub(super) fn store(&mut self, tag: String, store: Store, by_uid: bool) -> Flow {
        let Some(uids) = self.uids_of(&store.set, by_uid) else {
            return self.bad(&tag, "there is no message with that number");
        };
        let (flags, keywords) = match read_flags(&store.flags) {
            Ok(Some(flags)) => flags,
            Ok(None) => return self.bad(&tag, "an unknown system flag"),
            Err(error) => return self.no(&tag, error),
        };
        let folder = match &self.selected {
            Some(selected) if !selected.read_only => selected.folder,
            _ => return self.no(&tag, Refusal::read_only()),
        };
        let marks = match store.how {
            How::Replace => Marks::Replace(flags, keywords),
            How::Add => Marks::Add(flags, keywords),
            How::Remove => Marks::Remove(flags, keywords),
        };
        self.condstore |= store.unchanged_since.is_some();
        let since = |since| Modseq(i64::try_from(since).unwrap_or(i64::MAX));
        let unchanged_since = store.unchanged_since.map(since);
        let (silent, modified) = (store.silent, Vec::new());
        self.store_next(Batches {
            tag,
            folder,
            by_uid,
            silent,
            marks,
            unchanged_since,
            uids,
            at: 0,
            missing: false,
            modified,
        })
    }

    fn store_next(&mut self, mut batches: Batches) -> Flow {
        let rest = batches.uids.get(batches.at..).unwrap_or_default();
        let next: UidSet = rest.iter().take(BATCH_MESSAGES).copied().map(Uid).collect();
        if next.is_empty() {
            return self.stored_all(batches);
        }
        let asked = rest.len().min(BATCH_MESSAGES);
        batches.at += asked;
        let task =
            Task::Store(batches.folder, next, batches.marks.clone(), batches.unchanged_since);
        self.run(task, move |session, outcome| session.stored(batches, asked, outcome))
    }

    fn stored(&mut self, mut batches: Batches, asked: usize, outcome: Outcome) -> Flow {
        let (stored, modified) = match outcome {
            Ok(Answer::Stored { stored, modified }) => (stored, modified),
            Ok(_) => return self.no(&batches.tag, Refusal::bug()),
            Err(error) => return self.no(&batches.tag, error),
        };
        self.note_told(&stored);
        batches.missing |= stored.len() + modified.len() < asked;
        let Some(selected) = &self.selected else { return self.no(&batches.tag, Refusal::bug()) };
        // With CONDSTORE also a silent STORE tells the new MODSEQ (RFC 7162, section 3.1.3).
        for message in stored.iter().filter(|_| !batches.silent || self.condstore) {
            if let Some(sequence) = selected.view.sequence(message.uid.0) {
                message::write_flags(
                    &mut self.out,
                    sequence,
                    message,
                    !batches.silent,
                    self.condstore,
                );
            }
        }
        let number = |uid: &Uid| {
            if batches.by_uid {
                return Some(uid.0);
            };
            selected.view.sequence(uid.0).and_then(|sequence| u32::try_from(sequence).ok())
        };
        batches.modified.extend(modified.iter().filter_map(number));
        self.store_next(batches)
    }

    fn stored_all(&mut self, batches: Batches) -> Flow {
        let Batches { tag, by_uid, missing, modified, .. } = batches;
        self.changed = true;
        let name = if by_uid { "UID STORE" } else { "STORE" };
        let line = match (modified.is_empty(), missing && !by_uid) {
            (false, _) => {
                format!("{tag} OK [MODIFIED {}] {name} completed in part", compact_set(modified))
            }
            (true, true) => format!("{tag} NO [EXPUNGEISSUED] some of the messages are gone"),
            (true, false) => format!("{tag} OK {name} completed"),
        };
        self.settle_with(line, if by_uid { Expunges::Told } else { Expunges::Held })
    }
}

/// Flags as the mailbox has them; nothing if a system flag is not known. \Recent cannot be changed and is
/// passed over (RFC 3501, section 2.3.2), for clients that send back what they were shown.
pub(super) fn read_flags(names: &[String]) -> Result<Option<(Flags, Keywords)>, Error> {
    let mut flags = Flags::NONE;
    let mut keywords = Vec::new();
    for name in names {
        let Some(system) = name.strip_prefix('\\') else {
            keywords.push(name.as_str());
            continue;
        };
        flags |= match system.to_ascii_lowercase().as_str() {
            "answered" => Flags::ANSWERED,
            "flagged" => Flags::FLAGGED,
            "deleted" => Flags::DELETED,
            "seen" => Flags::SEEN,
            "draft" => Flags::DRAFT,
            "recent" => Flags::NONE,
            _ => return Ok(None),
        };
    }
    Keywords::new(keywords).map(|keywords| Some((flags, keywords)))
}
