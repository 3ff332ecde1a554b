//! What becomes of a verdict.

use super::{Asked, Session, State, Verdict};
use crate::{limits::MAX_AUTH_FAILURES, reply::Reply};

impl Session {
    /// Gives the answer to the question that [`advance`](Session::advance) asked last.
    pub fn answer(&mut self, verdict: Verdict) {
        let State::Asked(asked) = std::mem::replace(&mut self.state, State::Command) else {
            debug_assert!(false, "nothing was asked");
            return self.hang_up(&Reply::new(421, "4.3.0", "out of step, closing"));
        };
        match (asked, verdict) {
            (Asked::Password | Asked::Token(_), Verdict::Accept) => {
                self.authenticated = true;
                self.say(&Reply::new(235, "2.7.0", "welcome"));
            }
            (Asked::Sender(envelope), Verdict::Accept) => self.begin(envelope),
            (Asked::Recipient(address), Verdict::Accept) => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients.push(address);
                }
                self.say(&Reply::new(250, "2.1.5", "recipient ok"));
            }
            (Asked::Deliver, Verdict::Accept) => {
                self.idle_commands = 0;
                self.errors = 0;
                let text = format!("taken as {}.{}", self.peer.id, self.transactions);
                self.say(&Reply::new(250, "2.0.0", text));
            }
            (Asked::Token(mechanism), Verdict::WrongPassword) => self.challenge_token(mechanism),
            (_, Verdict::WrongPassword) => {
                self.turn_away(&Reply::new(535, "5.7.8", "wrong name or password"));
            }
            // RFC 4954 section 6 leaves the status of a refusal by policy open.
            (_, Verdict::NotAllowed) => {
                let text = "your organization does not allow this access";
                self.turn_away(&Reply::new(535, "5.7.1", text));
            }
            (Asked::Password | Asked::Token(_), _) => {
                self.refuse(&Reply::new(454, "4.7.0", "try again later"))
            }
            (_, refusal) => self.refuse(&explain(refusal)),
        }
    }

    pub(super) fn turn_away(&mut self, reply: &Reply) {
        self.refuse(reply);
        self.auth_failures += 1;
        if self.auth_failures >= MAX_AUTH_FAILURES && !self.is_closed() {
            self.hang_up(&Reply::new(421, "4.7.0", "too many failed logins, closing"));
        }
    }
}

fn explain(verdict: Verdict) -> Reply {
    match verdict {
        Verdict::NotYours => Reply::new(550, "5.7.1", "you may not send under this address"),
        Verdict::Unknown => Reply::new(550, "5.1.1", "no such recipient"),
        Verdict::NotOurs => Reply::new(550, "5.7.1", "relaying denied"),
        // A reply is in ASCII (RFC 5321 section 4.2).
        Verdict::Blocked(text) if text.is_ascii() => Reply::new(550, "5.7.1", text),
        Verdict::Blocked(_) => Reply::new(550, "5.7.1", "the message is not taken here"),
        // RFC 5321 section 4.5.3.1.10 keeps 552 for what will not pass; a full mailbox may be emptied.
        Verdict::MailboxFull => Reply::new(452, "4.2.2", "mailbox is full"),
        Verdict::StoreFull => Reply::new(452, "4.3.1", "out of storage, try again later"),
        Verdict::Accept | Verdict::WrongPassword | Verdict::NotAllowed | Verdict::TryLater => {
            Reply::new(451, "4.3.0", "try again later")
        }
    }
}
