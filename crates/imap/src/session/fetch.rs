//! FETCH and UID FETCH.

use std::{collections::BTreeMap, sync::Arc};

use mailbox::{Error, Flags, FolderId, Keywords, Message, Modseq, Uid, UidSet};

use super::{Flow, Session, reply::Refusal, updates::Expunges};
use crate::{
    grammar::{
        fetch::{Fetch, Item},
        set::Set,
    },
    job::{Answer, Detail, Fetched, Marks, Outcome, Task},
    limits::{BATCH_BODIES, BATCH_MESSAGES},
    render::message,
};

/// A FETCH that goes on batch by batch: each batch is sent before the next is read.
struct Batches {
    tag: String,
    folder: FolderId,
    items: Arc<[Item]>,
    detail: Detail,
    by_uid: bool,
    /// Whether fetching marks messages as seen.
    marks_seen: bool,
    /// What is still to be fetched, growing.
    uids: Vec<u32>,
    /// How many of them have been fetched.
    at: usize,
    /// Whether any of them was gone.
    missing: bool,
}

impl Session {
    /// RFC 3501, sections 6.4.5 and 6.4.8; CHANGEDSINCE: RFC 7162, section 3.1.4.1.
    pub(super) fn fetch(&mut self, tag: String, fetch: Fetch, by_uid: bool) -> Flow {
        let Some(uids) = self.uids_of(&fetch.set, by_uid) else {
            return self.bad(&tag, "there is no message with that number");
        };
        let Some(selected) = &self.selected else { return self.no(&tag, Refusal::bug()) };
        let items = complete(fetch.items, by_uid, fetch.changed_since.is_some());
        self.condstore |= items.contains(&Item::ModSeq);
        let batches = Batches {
            tag,
            folder: selected.folder,
            detail: items.iter().map(detail).max().unwrap_or(Detail::Row),
            by_uid,
            marks_seen: selected.marks_seen && items.iter().any(marks_seen),
            items: items.into(),
            uids,
            at: 0,
            missing: false,
        };
        match fetch.changed_since {
            Some(since) => self.fetch_changed(batches, since),
            None => self.fetch_next(batches),
        }
    }

    /// Leaves only what has changed to be fetched.
    fn fetch_changed(&mut self, mut batches: Batches, since: u64) -> Flow {
        let since = Modseq(i64::try_from(since).unwrap_or(i64::MAX));
        let task = Task::Changes(batches.folder, since);
        self.run(task, move |session, outcome| match outcome {
            Ok(Answer::Changes(changes)) => {
                let changed =
                    |uid: &u32| changes.changed.binary_search_by_key(uid, |m| m.uid.0).is_ok();
                batches.uids.retain(changed);
                session.fetch_next(batches)
            }
            Ok(_) => session.no(&batches.tag, Refusal::bug()),
            Err(error) => session.no(&batches.tag, error),
        })
    }

    fn fetch_next(&mut self, batches: Batches) -> Flow {
        let most = if batches.detail == Detail::Body { BATCH_BODIES } else { BATCH_MESSAGES };
        let next: UidSet = batches.rest().iter().take(most).copied().map(Uid).collect();
        if next.is_empty() {
            return self.fetched_all(batches);
        }
        let task = Task::Messages(batches.folder, next, batches.detail);
        self.run(task, move |session, outcome| session.fetched(batches, outcome))
    }

    fn fetched(&mut self, mut batches: Batches, outcome: Outcome) -> Flow {
        let (found, through) = match outcome {
            Ok(Answer::Messages { found, through }) => (found, through),
            Ok(Answer::Unavailable) => return self.no(&batches.tag, Refusal::unavailable()),
            Ok(_) => return self.no(&batches.tag, Refusal::bug()),
            Err(error) => return self.no(&batches.tag, error),
        };
        let read = batches.rest().iter().take_while(|uid| **uid <= through.0).count();
        if read == 0 {
            return self.no(&batches.tag, Refusal::bug());
        }
        batches.at += read;
        batches.missing |= found.len() < read;
        let unseen = |found: &&Fetched| !found.message.flags.contains(Flags::SEEN);
        let unseen: UidSet = found.iter().filter(unseen).map(|found| found.message.uid).collect();
        if !batches.marks_seen || unseen.is_empty() {
            return self.tell(batches, &found, &BTreeMap::new());
        }
        let marks = Marks::Add(Flags::SEEN, Keywords::none());
        let task = Task::Store(batches.folder, unseen, marks, None);
        self.run(task, move |session, outcome| session.marked_seen(batches, found, outcome))
    }

    /// The new flags go with the response (RFC 3501, section 6.4.5: `BODY[<section>]`).
    fn marked_seen(&mut self, batches: Batches, mut found: Vec<Fetched>, outcome: Outcome) -> Flow {
        let stored = match outcome {
            Ok(Answer::Stored { stored, .. }) => stored,
            // The right is gone since the folder was selected.
            Err(Error::NotPermitted) => Vec::new(),
            Ok(_) => return self.no(&batches.tag, Refusal::bug()),
            Err(error) => return self.no(&batches.tag, error),
        };
        self.note_told(&stored);
        let stored: BTreeMap<Uid, Message> = stored.into_iter().map(|m| (m.uid, m)).collect();
        for found in &mut found {
            if let Some(now) = stored.get(&found.message.uid) {
                let summary = found.message.summary.take();
                found.message = Message { summary, ..now.clone() };
            }
        }
        self.tell(batches, &found, &stored)
    }

    fn tell(
        &mut self,
        batches: Batches,
        found: &[Fetched],
        marked: &BTreeMap<Uid, Message>,
    ) -> Flow {
        let Some(selected) = &self.selected else { return self.no(&batches.tag, Refusal::bug()) };
        let with_flags = with_flags(&batches.items, self.condstore);
        for found in found {
            let Some(sequence) = selected.view.sequence(found.message.uid.0) else { continue };
            let is_marked = marked.contains_key(&found.message.uid);
            let items = if is_marked { &with_flags[..] } else { &batches.items[..] };
            message::write(&mut self.out, sequence, found, items);
        }
        self.fetch_next(batches)
    }

    /// Messages that went away in between are an error only if they were asked for by number (RFC 5530,
    /// section 3: EXPUNGEISSUED).
    fn fetched_all(&mut self, batches: Batches) -> Flow {
        let Batches { tag, by_uid, missing, .. } = batches;
        if missing {
            self.changed = true;
        }
        let line = match (by_uid, missing) {
            (false, true) => format!("{tag} NO [EXPUNGEISSUED] some of the messages are gone"),
            (false, false) => format!("{tag} OK FETCH completed"),
            (true, _) => format!("{tag} OK UID FETCH completed"),
        };
        self.settle_with(line, if by_uid { Expunges::Told } else { Expunges::Held })
    }

    /// The UIDs that a set means; nothing if it names a sequence number that is not there.
    pub(super) fn uids_of(&self, set: &Set, by_uid: bool) -> Option<Vec<u32>> {
        let view = &self.selected.as_ref()?.view;
        if by_uid { Some(view.with_uids(set)) } else { view.with_sequences(set) }
    }
}

impl Batches {
    fn rest(&self) -> &[u32] {
        self.uids.get(self.at..).unwrap_or_default()
    }
}

/// UID FETCH always tells the UID, CHANGEDSINCE always MODSEQ; nothing is told twice.
fn complete(items: Vec<Item>, by_uid: bool, changed_since: bool) -> Vec<Item> {
    let uid = by_uid.then_some(Item::Uid);
    let modseq = changed_since.then_some(Item::ModSeq);
    let mut complete: Vec<Item> = Vec::with_capacity(items.len() + 2);
    for item in uid.into_iter().chain(items).chain(modseq) {
        if !complete.contains(&item) {
            complete.push(item);
        }
    }
    complete
}

fn with_flags(items: &[Item], condstore: bool) -> Vec<Item> {
    let modseq = condstore.then_some(Item::ModSeq);
    let more = [Item::Flags].into_iter().chain(modseq).filter(|item| !items.contains(item));
    items.iter().cloned().chain(more).collect()
}

fn detail(item: &Item) -> Detail {
    match item {
        Item::Flags | Item::Uid | Item::InternalDate | Item::Size | Item::ModSeq => Detail::Row,
        Item::Envelope | Item::Body | Item::BodyStructure => Detail::Summary,
        Item::Section(_) => Detail::Body,
    }
}

fn marks_seen(item: &Item) -> bool {
    matches!(item, Item::Section(section) if !section.peek)
}
