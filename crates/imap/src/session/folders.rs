//! CREATE, DELETE, RENAME, SUBSCRIBE, NAMESPACE and quota.

use mailbox::{Error, Role};

use super::{Flow, Session, reply::Refusal};
use crate::{
    grammar::utf7,
    job::{Answer, Outcome, Task},
    place::{OTHER_USERS, Place},
};

/// The only quota root: the whole mailbox.
const QUOTA_ROOT: &str = "mailbox";

impl Session {
    /// RFC 3501, section 6.3.3; special uses: RFC 6154, section 3.
    pub(super) fn create(
        &mut self,
        tag: String,
        mailbox: &str,
        special_use: Option<String>,
    ) -> Flow {
        if special_use.is_some() {
            return self
                .no(&tag, Refusal::new("USEATTR", "special uses are given out by the server"));
        }
        match Place::parse(mailbox) {
            Ok(name) => self.run_simple(tag, Task::Create(name), "CREATE completed"),
            Err(error) => self.no(&tag, error),
        }
    }

    /// RFC 3501, section 6.3.4.
    pub(super) fn delete(&mut self, tag: String, mailbox: &str) -> Flow {
        let name = match Place::parse(mailbox) {
            Ok(name) => name,
            Err(_) => return self.no(&tag, Error::NoSuchFolder),
        };
        let task = Task::Delete(name.clone());
        self.run(task, move |session, outcome| {
            let is_selected =
                session.selected.as_ref().is_some_and(|selected| selected.place == name);
            if is_selected && outcome.is_ok() {
                session.leave();
            }
            session.conclude(tag, outcome, "DELETE completed")
        })
    }

    /// RFC 3501, section 6.3.5.
    pub(super) fn rename(&mut self, tag: String, from: &str, to: &str) -> Flow {
        let Ok(from) = Place::parse(from) else {
            return self.no(&tag, Error::NoSuchFolder);
        };
        match Place::parse(to) {
            Ok(to) => self.run_simple(tag, Task::Rename(from, to), "RENAME completed"),
            Err(error) => self.no(&tag, error),
        }
    }

    /// RFC 3501, sections 6.3.6 and 6.3.7.
    pub(super) fn subscribe(&mut self, tag: String, mailbox: &str, subscribed: bool) -> Flow {
        let done = if subscribed { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" };
        match Place::parse(mailbox) {
            Ok(name) => self.run_simple(tag, Task::Subscribe(name, subscribed), done),
            Err(_) => self.no(&tag, Error::NoSuchFolder),
        }
    }

    /// RFC 2342, section 5: one personal namespace, one of other users.
    pub(super) fn namespace(&mut self, tag: &str) -> Flow {
        let others = format_args!("((\"{OTHER_USERS}/\" \"/\"))");
        self.out.line(format_args!("* NAMESPACE ((\"\" \"/\")) {others} NIL"));
        self.ok(tag, "NAMESPACE completed")
    }

    /// RFC 2087, section 4.2.
    pub(super) fn get_quota(&mut self, tag: String, root: &str) -> Flow {
        if root != QUOTA_ROOT {
            return self.no(&tag, Refusal::new("NONEXISTENT", "there is no such quota root"));
        }
        self.run(Task::Quota, move |session, outcome| {
            session.tell_quota(tag, outcome, "GETQUOTA completed")
        })
    }

    /// RFC 2087, section 4.3. The root of a mailbox may be asked for before it exists. Quotas of others are theirs to
    /// know: their folders are shown without a root.
    pub(super) fn get_quota_root(&mut self, tag: String, mailbox: &str) -> Flow {
        let foreign = Place::parse(mailbox).ok().filter(|place| place.owner.is_some());
        let mailbox = utf7::encode(mailbox);
        if let Some(place) = foreign {
            return self.run(Task::Folder(place), move |session, outcome| match outcome {
                Ok(_) => {
                    session.out.text("* QUOTAROOT ").string(&mailbox).line("");
                    session.settle(tag, "GETQUOTAROOT completed")
                }
                Err(error) => session.no(&tag, error),
            });
        }
        self.run(Task::Quota, move |session, outcome| {
            session.out.text("* QUOTAROOT ").string(&mailbox).text(" ").string(QUOTA_ROOT).line("");
            session.tell_quota(tag, outcome, "GETQUOTAROOT completed")
        })
    }

    /// STORAGE is counted in units of 1024 octets (RFC 2087, section 3).
    fn tell_quota(&mut self, tag: String, outcome: Outcome, done: &'static str) -> Flow {
        match outcome {
            Ok(Answer::Quota { used_bytes, limit_bytes }) => {
                let (used, limit) = (used_bytes.div_ceil(1024), limit_bytes / 1024);
                self.out.line(format_args!("* QUOTA \"{QUOTA_ROOT}\" (STORAGE {used} {limit})"));
                self.settle(tag, done)
            }
            outcome => self.conclude(tag, outcome, done),
        }
    }

    pub(super) fn run_simple(&mut self, tag: String, task: Task, done: &'static str) -> Flow {
        self.run(task, move |session, outcome| session.conclude(tag, outcome, done))
    }

    /// Ends a command that has nothing to tell but whether it was done.
    fn conclude(&mut self, tag: String, outcome: Outcome, done: &'static str) -> Flow {
        match outcome {
            Ok(Answer::Done) => self.settle(tag, done),
            Ok(_) => self.no(&tag, Refusal::bug()),
            Err(error) => self.no(&tag, error),
        }
    }
}

/// The attribute of a special use (RFC 6154, section 2).
pub(super) fn attribute(role: Role) -> Option<&'static str> {
    match role {
        Role::Inbox => None,
        Role::Sent => Some("\\Sent"),
        Role::Drafts => Some("\\Drafts"),
        Role::Trash => Some("\\Trash"),
        Role::Junk => Some("\\Junk"),
        Role::Archive => Some("\\Archive"),
    }
}
