//! SELECT, EXAMINE, CLOSE and UNSELECT.

use std::collections::BTreeMap;

use mailbox::{Error, Flags, Folder, FolderId, FolderName, Modseq, Opened, UidSet};

use super::{Flow, Session, reply::Refusal, view::View};
use crate::job::{Answer, Outcome, Task};

/// The selected folder.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) folder: FolderId,
    pub(super) name: FolderName,
    pub(super) read_only: bool,
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
    fn new(folder: &Folder, uids: Vec<u32>, read_only: bool) -> Self {
        Self {
            folder: folder.id,
            name: folder.name.clone(),
            read_only,
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
        match FolderName::parse(mailbox) {
            Ok(name) => self.run(Task::Open(name), move |session, outcome| {
                session.opened(&tag, outcome, read_only)
            }),
            Err(_) => self.no(&tag, Error::NoSuchFolder),
        }
    }

    fn opened(&mut self, tag: &str, outcome: Outcome, read_only: bool) -> Flow {
        let opened = match outcome {
            Ok(Answer::Opened(opened)) => opened,
            Ok(_) => return self.no(tag, Refusal::bug()),
            Err(error) => return self.no(tag, error),
        };
        self.describe(&opened, read_only);
        let uids = opened.entries.iter().map(|entry| entry.uid.0).collect();
        self.selected = Some(Selected::new(&opened.folder, uids, read_only));
        self.changed = false;
        let done = if read_only {
            "[READ-ONLY] EXAMINE completed"
        } else {
            "[READ-WRITE] SELECT completed"
        };
        self.ok(tag, done)
    }

    /// HIGHESTMODSEQ: RFC 7162, section 3.1.2.1.
    fn describe(&mut self, opened: &Opened, read_only: bool) {
        let Opened { folder, entries, keywords } = opened;
        let system = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
        let mut known = system.to_owned();
        keywords.iter().for_each(|keyword| known.extend([" ", keyword]));
        let permanent = if read_only { String::new() } else { format!("{known} \\*") };
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
            Ok(_) | Err(Error::NoSuchFolder) => session.ok(&tag, "CLOSE completed"),
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
