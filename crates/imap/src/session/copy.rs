//! COPY, MOVE and their UID forms.

use mailbox::{Uid, UidSet};

use super::{Flow, Session, reply::Refusal};
use crate::{
    grammar::set::Set,
    job::{Answer, Outcome, Task},
    place::Place,
    render::out::compact_set,
};

impl Session {
    /// RFC 3501, section 6.4.7; RFC 6851, section 3; COPYUID: RFC 4315, section 3.
    pub(super) fn copy(
        &mut self,
        tag: String,
        set: &Set,
        mailbox: &str,
        by_uid: bool,
        moves: bool,
    ) -> Flow {
        let Some(uids) = self.uids_of(set, by_uid) else {
            return self.bad(&tag, "there is no message with that number");
        };
        let to = match Place::parse(mailbox) {
            Ok(name) => name,
            Err(error) => return self.no(&tag, error),
        };
        let Some(selected) = &self.selected else { return self.no(&tag, Refusal::bug()) };
        if moves && selected.read_only {
            return self.no(&tag, Refusal::read_only());
        }
        let (folder, uids) = (selected.folder, uids.into_iter().map(Uid).collect::<UidSet>());
        let task = if moves { Task::Move(folder, uids, to) } else { Task::Copy(folder, uids, to) };
        self.run(task, move |session, outcome| session.copied(tag, outcome, moves))
    }

    fn copied(&mut self, tag: String, outcome: Outcome, moves: bool) -> Flow {
        let (uid_validity, pairs) = match outcome {
            Ok(Answer::Copied { uid_validity, pairs }) => (uid_validity, pairs),
            Ok(_) => return self.no(&tag, Refusal::bug()),
            Err(error) => return self.no(&tag, Refusal::of_target(&error)),
        };
        self.changed = true;
        let (from, to): (Vec<_>, Vec<_>) = pairs.iter().map(|(from, to)| (from.0, to.0)).unzip();
        let code = format!("[COPYUID {uid_validity} {} {}]", compact_set(from), compact_set(to));
        let name = if moves { "MOVE" } else { "COPY" };
        match (pairs.is_empty(), moves) {
            (true, _) => self.settle(tag, &format!("{name} completed: there was nothing")),
            (false, false) => self.settle(tag, &format!("{code} COPY completed")),
            // The code comes before the EXPUNGE responses (RFC 6851, section 4.3).
            (false, true) => {
                self.out.line(format_args!("* OK {code} moved"));
                self.settle(tag, "MOVE completed")
            }
        }
    }
}
