//! SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314, section 3).

use mailbox::{Error, Rights};

use super::{Flow, Session, reply::Refusal};
use crate::{
    grammar::acl::{Acl, LETTERS, letters, obsolete},
    job::{Answer, Task},
    place::Place,
};

impl Session {
    pub(super) fn acl(&mut self, tag: String, acl: Acl) -> Flow {
        match acl {
            Acl::Set { mailbox, identifier, grant, deletes } => {
                let Ok(place) = Place::parse(&mailbox) else {
                    return self.no(&tag, Error::NoSuchFolder);
                };
                // Rights that are taken from who has them otherwise (RFC 4314, section 2).
                if identifier.starts_with('-') {
                    let refusal = Refusal::new("CANNOT", "there are no negative rights");
                    return self.no(&tag, refusal);
                }
                let done = if deletes { "DELETEACL completed" } else { "SETACL completed" };
                self.run_simple(tag, Task::Grant(place, identifier, grant), done)
            }
            Acl::Get(mailbox) => self.get_acl(tag, &mailbox),
            Acl::List { mailbox, identifier } => self.list_rights(tag, &mailbox, identifier),
            Acl::My(mailbox) => self.my_rights(tag, &mailbox),
        }
    }

    /// RFC 4314, sections 3.3 and 3.6.
    fn get_acl(&mut self, tag: String, mailbox: &str) -> Flow {
        let Ok(place) = Place::parse(mailbox) else { return self.no(&tag, Error::NoSuchFolder) };
        let name = place.to_string();
        self.run(Task::Grants(place), move |session, outcome| match outcome {
            Ok(Answer::Grants(grants)) => {
                let out = &mut session.out;
                out.text("* ACL ").mailbox(&name);
                for (identifier, rights) in grants {
                    out.byte(b' ').astring(&identifier).byte(b' ').astring(&letters(rights));
                }
                out.text("\r\n");
                session.settle(tag, "GETACL completed")
            }
            Ok(_) => session.no(&tag, Refusal::bug()),
            Err(error) => session.no(&tag, error),
        })
    }

    /// RFC 4314, sections 3.4 and 3.7: what an identifier always has, then what it can be given, one by one.
    fn list_rights(&mut self, tag: String, mailbox: &str, identifier: String) -> Flow {
        let Ok(place) = Place::parse(mailbox) else { return self.no(&tag, Error::NoSuchFolder) };
        let name = place.to_string();
        let task = Task::RightsAlways(place, identifier.clone());
        self.run(task, move |session, outcome| match outcome {
            Ok(Answer::Rights(always)) => {
                let out = &mut session.out;
                out.text("* LISTRIGHTS ").mailbox(&name).byte(b' ').astring(&identifier);
                out.byte(b' ').astring(&letters(always));
                let optional = LETTERS.into_iter().chain(obsolete());
                for (letter, _) in optional.filter(|(_, right)| !always.contains(*right)) {
                    out.byte(b' ').byte(letter);
                }
                out.text("\r\n");
                session.settle(tag, "LISTRIGHTS completed")
            }
            Ok(_) => session.no(&tag, Refusal::bug()),
            Err(error) => session.no(&tag, error),
        })
    }

    /// RFC 4314, sections 3.5 and 3.8.
    fn my_rights(&mut self, tag: String, mailbox: &str) -> Flow {
        let Ok(place) = Place::parse(mailbox) else { return self.no(&tag, Error::NoSuchFolder) };
        let name = place.to_string();
        self.run(Task::MyRights(place), move |session, outcome| match outcome {
            Ok(Answer::Rights(rights)) => {
                session.tell_rights(&name, rights);
                session.settle(tag, "MYRIGHTS completed")
            }
            Ok(_) => session.no(&tag, Refusal::bug()),
            Err(error) => session.no(&tag, error),
        })
    }

    fn tell_rights(&mut self, name: &str, rights: Rights) {
        self.out.text("* MYRIGHTS ").mailbox(name).byte(b' ').astring(&letters(rights)).line("");
    }
}
