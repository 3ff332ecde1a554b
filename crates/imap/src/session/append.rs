//! APPEND.

use super::{Flow, Session, reply::Refusal, store::read_flags};
use crate::{
    grammar::store::Append,
    job::{Answer, Outcome, Task, Upload},
    place::Place,
};

impl Session {
    /// RFC 3501, section 6.3.11; APPENDUID: RFC 4315, section 3.
    pub(super) fn append(&mut self, tag: String, append: Append) -> Flow {
        let (flags, keywords) = match read_flags(&append.flags) {
            Ok(Some(flags)) => flags,
            Ok(None) => return self.bad(&tag, "an unknown system flag"),
            Err(error) => return self.no(&tag, error),
        };
        if append.message.is_empty() {
            return self.no(&tag, Refusal::new("CANNOT", "a message of no bytes is none"));
        }
        let folder = match Place::parse(&append.mailbox) {
            Ok(folder) => folder,
            Err(error) => return self.no(&tag, error),
        };
        let (received_at, message) = (append.at, append.message);
        let upload = Upload { folder, flags, keywords, received_at, message };
        self.run(Task::Append(upload), move |session, outcome| session.appended(tag, outcome))
    }

    fn appended(&mut self, tag: String, outcome: Outcome) -> Flow {
        match outcome {
            Ok(Answer::Appended { uid_validity, uid }) => {
                self.changed = true;
                self.settle(tag, &format!("[APPENDUID {uid_validity} {uid}] APPEND completed"))
            }
            Ok(_) => self.no(&tag, Refusal::bug()),
            Err(error) => self.no(&tag, Refusal::of_target(&error)),
        }
    }
}
