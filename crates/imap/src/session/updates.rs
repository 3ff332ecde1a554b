//! NOOP, CHECK, IDLE, and what the client is told without asking (RFC 3501, sections 5.2 and 7.4.1).

use mailbox::{Error, Message};

use super::{Awaiting, Flow, Session};
use crate::{
    grammar::framer::Frame,
    job::{Answer, Changes, Task},
    render::message,
};

/// Whether messages may disappear at this point (RFC 3501, section 7.4.1: EXPUNGE).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expunges {
    /// Between commands, and with commands that use no sequence numbers.
    Told,
    /// With FETCH, STORE and SEARCH.
    Held,
}

impl Session {
    /// RFC 3501, sections 6.1.2 and 6.4.1: looks for changes whether or not there was notice of any.
    pub(super) fn poll(&mut self, tag: String, done: &'static str) -> Flow {
        self.changed = true;
        self.settle(tag, done)
    }

    /// Ends a command with OK, after telling what has changed.
    pub(super) fn settle(&mut self, tag: String, done: &str) -> Flow {
        self.settle_with(format!("{tag} OK {done}"), Expunges::Told)
    }

    /// Ends a command with `line`, after telling what has changed.
    pub(super) fn settle_with(&mut self, line: String, expunges: Expunges) -> Flow {
        if self.changed && self.selected.is_some() {
            return self.refresh(expunges, move |session| session.end_with(&line));
        }
        self.tell_expunged(expunges);
        self.end_with(&line)
    }

    fn end_with(&mut self, line: &str) -> Flow {
        self.out.line(line);
        Flow::Next
    }

    /// RFC 2177, section 3.
    pub(super) fn idle(&mut self, tag: String) -> Flow {
        self.out.line("+ idling");
        self.awaiting = Awaiting::Done { tag };
        self.changed = true;
        Flow::Next
    }

    pub(super) fn while_idle(&mut self, tag: String) -> Option<Flow> {
        if self.changed && self.selected.is_some() {
            self.awaiting = Awaiting::Done { tag };
            return Some(self.refresh(Expunges::Told, |session| {
                // Should it have failed, the next notice leads here again.
                session.changed = false;
                Flow::Next
            }));
        }
        match self.framer.line() {
            Frame::Incomplete => {
                self.awaiting = Awaiting::Done { tag };
                None
            }
            Frame::Whole(line) if line.eq_ignore_ascii_case(b"DONE") => {
                Some(self.settle(tag, "IDLE terminated"))
            }
            _ => Some(self.bad(&tag, "DONE was expected")),
        }
    }

    /// Reads what has changed in the selected folder, tells it, and goes on.
    fn refresh(
        &mut self,
        expunges: Expunges,
        then: impl FnOnce(&mut Self) -> Flow + Send + 'static,
    ) -> Flow {
        let Some(selected) = &self.selected else { return then(self) };
        self.changed = false;
        let task = Task::Changes(selected.folder, selected.modseq);
        self.run(task, move |session, outcome| match outcome {
            Ok(Answer::Changes(changes)) => {
                session.take_in(changes, expunges);
                then(session)
            }
            Err(Error::NoSuchFolder) => session.bye("the selected mailbox is gone"),
            _ => {
                session.changed = true;
                then(session)
            }
        })
    }

    fn take_in(&mut self, changes: Changes, expunges: Expunges) {
        let Some(selected) = &mut self.selected else { return };
        selected.held.extend(changes.vanished.iter().map(|uid| uid.0));
        if let Some(present) = &changes.present {
            let present: Vec<_> = present.iter().map(|uid| uid.0).collect();
            selected.held.extend(selected.view.absent_from(&present));
        }
        selected.modseq = selected.modseq.max(changes.through);
        self.tell_expunged(expunges);
        self.tell_changed(&changes.changed);
    }

    fn tell_expunged(&mut self, expunges: Expunges) {
        let Some(selected) = &mut self.selected else { return };
        if expunges == Expunges::Held || selected.held.is_empty() {
            return;
        }
        let gone = std::mem::take(&mut selected.held);
        for sequence in selected.view.remove(gone) {
            self.out.line(format_args!("* {sequence} EXPUNGE"));
        }
    }

    /// New messages: EXISTS (RFC 3501, section 7.3.1); new flags: FETCH (section 7.4.2).
    fn tell_changed(&mut self, changed: &[Message]) {
        let Some(selected) = &mut self.selected else { return };
        let told = std::mem::take(&mut selected.told);
        let known = selected.view.last_uid();
        let mut new = 0;
        for message in changed {
            if message.uid.0 > known {
                new += usize::from(selected.view.push(message.uid.0));
            } else if told.get(&message.uid.0) != Some(&message.modseq)
                && let Some(sequence) = selected.view.sequence(message.uid.0)
            {
                message::write_flags(&mut self.out, sequence, message, true, self.condstore);
            }
        }
        if new > 0 {
            self.out.line(format_args!("* {} EXISTS", selected.view.len())).line("* 0 RECENT");
        }
    }

    /// Notes changes that the client has made itself and been told of.
    pub(super) fn note_told(&mut self, messages: &[Message]) {
        let Some(selected) = &mut self.selected else { return };
        let told = messages.iter().map(|message| (message.uid.0, message.modseq));
        selected.told.extend(told.filter(|(_, modseq)| *modseq > selected.modseq));
    }
}
