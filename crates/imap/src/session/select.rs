//! SELECT, EXAMINE, CLOSE and UNSELECT.

use std::collections::BTreeMap;

use mailbox::{Error, Flags, Folder, FolderId, MailboxId, Modseq, Opened, Rights, UidSet};

use super::{Flow, Session, reply::Refusal, view::View};
use crate::{
    job::{Answer, Outcome, Task},
    place::Place,
};

/// The selected folder.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) folder: FolderId,
    pub(super) mailbox: MailboxId,
    pub(super) place: Place,
    pub(super) read_only: bool,
    /// Whether the user could mark messages as seen when the folder was selected.
    pub(super) marks_seen: bool,
    /// What the client knows of.
    pub(super) view: View,
    /// The newest change that the client has been told of, or that is in `held`.
    pub(super) modseq: Modseq,
    /// Messages that are gone and that the client could not yet be told of.
    pub(super) held: Vec<u32>,
    /// Messages that the client has changed itself, and the change: it need not be told again.
    pub(super) told: BTreeMap<u32, Modseq>,
}

impl Selected {
    fn new(place: Place, folder: &Folder, uids: Vec<u32>, read_only: bool, rights: Rights) -> Self {
        Self {
            folder: folder.id,
            mailbox: folder.mailbox,
            place,
            read_only,
            marks_seen: !read_only && rights.contains(Rights::SEEN),
            view: View::new(uids),
            modseq: folder.highest_modseq,
            held: Vec::new(),
            told: BTreeMap::new(),
        }
    }
}

impl Session {
    /// RFC 3501, sections 6.3.1 and 6.3.2. Whatever comes of it, what was selected is no longer.
    pub(super) fn select(
        &mut self,
        tag: String,
        mailbox: &str,
        read_only: bool,
        condstore: bool,
    ) -> Flow {
        self.leave();
        self.condstore |= condstore;
        match Place::parse(mailbox) {
            Ok(place) => self.run(Task::Open(place.clone()), move |session, outcome| {
                session.opened(&tag, place, outcome, read_only)
            }),
            Err(_) => self.no(&tag, Error::NoSuchFolder),
        }
    }

    /// READ-ONLY where the user may change nothing: RFC 4314, section 5.2.
    fn opened(&mut self, tag: &str, place: Place, outcome: Outcome, examines: bool) -> Flow {
        let (opened, rights) = match outcome {
            Ok(Answer::Opened(opened, rights)) => (opened, rights),
            Ok(_) => return self.no(tag, Refusal::bug()),
            Err(error) => return self.no(tag, error),
        };
        let read_only = examines || !rights.intersects(Rights::CHANGES);
        self.describe(&opened, if read_only { Rights::NONE } else { rights });
        let uids = opened.entries.iter().map(|entry| entry.uid.0).collect();
        let selected = Selected::new(place, &opened.folder, uids, read_only, rights);
        self.selected = Some(selected);
        self.changed = false;
        let code = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        let name = if examines { "EXAMINE" } else { "SELECT" };
        self.ok(tag, &format!("[{code}] {name} completed"))
    }

    /// HIGHESTMODSEQ: RFC 7162, section 3.1.2.1.
    fn describe(&mut self, opened: &Opened, rights: Rights) {
        let Opened { folder, entries, keywords } = opened;
        let system = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
        let mut known = system.to_owned();
        keywords.iter().for_each(|keyword| known.extend([" ", keyword]));
        let permanent = permanent_flags(rights, &known);
        self.out.line(format_args!("* {} EXISTS", entries.len())).line("* 0 RECENT");
        self.out.line(format_args!("* FLAGS ({known})"));
        self.out.line(format_args!("* OK [PERMANENTFLAGS ({permanent})] may be changed"));
        let unseen = entries.iter().position(|entry| !entry.flags.contains(Flags::SEEN));
        if let Some(index) = unseen {
            self.out.line(format_args!("* OK [UNSEEN {}] first unseen", index + 1));
        }
        self.out.line(format_args!("* OK [UIDVALIDITY {}] UIDs are valid", folder.uid_validity));
        self.out.line(format_args!("* OK [UIDNEXT {}] next UID", folder.uid_next));
        self.out.line(format_args!("* OK [HIGHESTMODSEQ {}] newest change", folder.highest_modseq));
    }

    /// RFC 3501, section 6.4.2: removes deleted messages without telling of them.
    pub(super) fn close(&mut self, tag: String) -> Flow {
        let Some(selected) = self.selected.take() else { return self.unselect(&tag) };
        if selected.read_only {
            return self.ok(&tag, "CLOSE completed");
        }
        let uids = UidSet::from_iter([1..=selected.view.last_uid()]);
        self.run(Task::Expunge(selected.folder, uids), move |session, outcome| match outcome {
            // Who may not expunge may close all the same (RFC 4314, section 4).
            Ok(_) | Err(Error::NoSuchFolder | Error::NotPermitted) => {
                session.ok(&tag, "CLOSE completed")
            }
            Err(error) => session.no(&tag, error),
        })
    }

    /// RFC 3691, section 2.
    pub(super) fn unselect(&mut self, tag: &str) -> Flow {
        self.leave();
        self.ok(tag, "UNSELECT completed")
    }

    pub(super) fn leave(&mut self) {
        self.selected = None;
    }
}

/// RFC 4314, section 5.1.1: those that the user may change; `known` are all, keywords too.
fn permanent_flags(rights: Rights, known: &str) -> String {
    if rights.contains(Rights::SEEN | Rights::MARK_DELETED | Rights::WRITE) {
        return format!("{known} \\*");
    }
    let may = |name: &&str| match *name {
        "\\Seen" => rights.contains(Rights::SEEN),
        "\\Deleted" => rights.contains(Rights::MARK_DELETED),
        _ => rights.contains(Rights::WRITE),
    };
    let new = rights.contains(Rights::WRITE).then_some("\\*");
    known.split(' ').filter(may).chain(new).collect::<Vec<_>>().join(" ")
}
