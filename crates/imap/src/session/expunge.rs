//! EXPUNGE and UID EXPUNGE.

use mailbox::{Uid, UidSet};

use super::{Flow, Session, reply::Refusal};
use crate::{grammar::set::Set, job::Task};

impl Session {
    /// RFC 3501, section 6.4.3; RFC 4315, section 2.1. Only what the client knows of is removed.
    pub(super) fn expunge(&mut self, tag: String, set: Option<Set>) -> Flow {
        let selected = match &self.selected {
            Some(selected) if !selected.read_only => selected,
            _ => return self.no(&tag, Refusal::read_only()),
        };
        let uids: UidSet = match &set {
            Some(set) => selected.view.with_uids(set).into_iter().map(Uid).collect(),
            None => [1..=selected.view.last_uid()].into_iter().collect(),
        };
        let task = Task::Expunge(selected.folder, uids);
        self.run(task, move |session, outcome| match outcome {
            Ok(_) => session.poll(tag, "EXPUNGE completed"),
            Err(error) => session.no(&tag, error),
        })
    }
}
