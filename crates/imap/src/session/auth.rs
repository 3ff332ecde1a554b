//! CAPABILITY, ID, LOGIN, AUTHENTICATE, ENABLE and LOGOUT.

use base64::{Engine, engine::general_purpose::STANDARD};
use mailbox::MailboxId;
use sasl::{Bearer, Mechanism};
use world::Secret;

use super::{Awaiting, Flow, Session, reply::Refusal};
use crate::{
    job::{Answer, Job, Outcome},
    limits::{LOGIN_FAILURE_DELAY, MAX_LOGIN_FAILURES},
};

/// What a stranger may use.
const FOR_STRANGERS: &str = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE AUTH=PLAIN AUTH=OAUTHBEARER \
    AUTH=XOAUTH2";
/// What a user may use.
const FOR_USERS: &str = "IMAP4rev1 LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN UIDPLUS MOVE UNSELECT \
    SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE CONDSTORE QUOTA ACL RIGHTS=texk";
/// The longest login name or password, in bytes.
const MAX_CREDENTIAL_BYTES: usize = 512;

impl Session {
    /// RFC 3501, section 7.1: greeting.
    pub(super) fn greet(&mut self) {
        let capabilities = self.capabilities();
        self.out.line(format_args!("* OK [CAPABILITY {capabilities}] Chancery is ready"));
    }

    fn capabilities(&self) -> &'static str {
        if self.user.is_some() { FOR_USERS } else { FOR_STRANGERS }
    }

    /// RFC 3501, section 6.1.1.
    pub(super) fn capability(&mut self, tag: &str) -> Flow {
        let capabilities = self.capabilities();
        self.out.line(format_args!("* CAPABILITY {capabilities}"));
        self.ok(tag, "CAPABILITY completed")
    }

    /// RFC 2971, section 3.1.
    pub(super) fn id(&mut self, tag: &str) -> Flow {
        self.out.line("* ID (\"name\" \"Chancery\")");
        self.ok(tag, "ID completed")
    }

    /// RFC 3501, section 6.1.3.
    pub(super) fn logout(&mut self, tag: &str) -> Flow {
        let _ = self.bye("until next time");
        let _ = self.ok(tag, "LOGOUT completed");
        Flow::Close
    }

    /// RFC 3501, section 6.2.3.
    pub(super) fn login(&mut self, tag: String, login: &[u8], password: Secret) -> Flow {
        match std::str::from_utf8(login) {
            Ok(login) => self.check_credentials(tag, login.to_owned(), password),
            Err(_) => self.bad(&tag, "a login name is UTF-8"),
        }
    }

    /// RFC 3501, section 6.2.2; initial response: RFC 4959, section 3.
    pub(super) fn authenticate(
        &mut self,
        tag: String,
        mechanism: &str,
        initial: Option<&[u8]>,
    ) -> Flow {
        let by = match Mechanism::by_name(mechanism) {
            Some(mechanism) => Some(mechanism),
            None if mechanism == "PLAIN" => None,
            None => return self.no(&tag, Refusal::new("CANNOT", "the mechanism is not known")),
        };
        match initial {
            Some(response) => self.credentials(&tag, by, response),
            None => {
                self.out.line("+ ");
                self.awaiting = Awaiting::Credentials { tag, by };
                Flow::Next
            }
        }
    }

    /// The response of PLAIN, `[authzid] NUL authcid NUL passwd` (RFC 4616, section 2), or of a mechanism that
    /// bears a token.
    pub(super) fn credentials(
        &mut self,
        tag: &str,
        by: Option<Mechanism>,
        response: &[u8],
    ) -> Flow {
        if response == b"*" {
            return self.bad(tag, "AUTHENTICATE cancelled");
        }
        if let Some(mechanism) = by {
            return match bearer(mechanism, response) {
                Some(shown) => self.check_token(tag.to_owned(), mechanism, shown),
                None => self.bad(tag, "the response is not one of the mechanism"),
            };
        }
        match plain(response) {
            Some((login, password)) => self.check_credentials(tag.to_owned(), login, password),
            None => self.bad(tag, "the response is not one of PLAIN"),
        }
    }

    fn check_token(&mut self, tag: String, mechanism: Mechanism, shown: Bearer) -> Flow {
        let job = Job::LoginByToken { login: shown.login, token: shown.token };
        let then = move |session: &mut Self, outcome: Outcome| match outcome {
            Ok(Answer::User(None)) => session.turn_token_away(tag, mechanism),
            outcome => session.checked(tag, outcome),
        };
        Flow::Run(job, Box::new(then))
    }

    /// The client is told why in a challenge, and has to answer before the command fails (RFC 7628, section 3.2.3).
    fn turn_token_away(&mut self, tag: String, mechanism: Mechanism) -> Flow {
        self.login_failures += 1;
        let pause = Job::Pause(LOGIN_FAILURE_DELAY * self.login_failures);
        let then = move |session: &mut Self, _: Outcome| {
            let challenge = STANDARD.encode(mechanism.refusal());
            session.out.line(format_args!("+ {challenge}"));
            session.awaiting = Awaiting::Resignation { tag };
            Flow::Next
        };
        Flow::Run(pause, Box::new(then))
    }

    /// Whatever the client says to the refusal of its token.
    pub(super) fn resigned(&mut self, tag: &str) -> Flow {
        self.refuse(tag, Refusal::new("AUTHENTICATIONFAILED", "the token is not accepted"))
    }

    fn check_credentials(&mut self, tag: String, login: String, password: Secret) -> Flow {
        if login.len().max(password.expose().len()) > MAX_CREDENTIAL_BYTES {
            return self.bad(&tag, "the login name or password is too long");
        }
        let job = Job::Login { login, password };
        Flow::Run(job, Box::new(move |session, outcome| session.checked(tag, outcome)))
    }

    fn checked(&mut self, tag: String, outcome: Outcome) -> Flow {
        match outcome {
            Ok(Answer::User(Some(user))) => self.welcome(&tag, user),
            Ok(Answer::User(None)) => {
                let why = Refusal::new("AUTHENTICATIONFAILED", "wrong login name or password");
                self.turn_away(tag, why)
            }
            Ok(Answer::Refused) => self.turn_away(tag, not_allowed()),
            Ok(Answer::Unavailable) => self.no(&tag, Refusal::unavailable()),
            Ok(_) => self.no(&tag, Refusal::bug()),
            Err(error) => self.no(&tag, error),
        }
    }

    fn welcome(&mut self, tag: &str, user: MailboxId) -> Flow {
        self.user = Some(user);
        self.framer.trust();
        self.extend_deadline();
        self.ok(tag, &format!("[CAPABILITY {FOR_USERS}] welcome"))
    }

    /// Each failure waits longer before its answer, and there are few of them.
    fn turn_away(&mut self, tag: String, why: Refusal) -> Flow {
        self.login_failures += 1;
        let pause = Job::Pause(LOGIN_FAILURE_DELAY * self.login_failures);
        let then = move |session: &mut Self, _: Outcome| session.refuse(&tag, why);
        Flow::Run(pause, Box::new(then))
    }

    fn refuse(&mut self, tag: &str, why: Refusal) -> Flow {
        let flow = self.no(tag, why);
        if self.login_failures < MAX_LOGIN_FAILURES {
            return flow;
        }
        self.bye("too many failed logins")
    }

    /// RFC 5161, section 3.1: what is not known is passed over.
    pub(super) fn enable(&mut self, tag: &str, names: &[String]) -> Flow {
        let condstore = names.iter().any(|name| name == "CONDSTORE");
        self.condstore |= condstore;
        self.out.line(if condstore { "* ENABLED CONDSTORE" } else { "* ENABLED" });
        self.ok(tag, "ENABLE completed")
    }
}

/// RFC 5530, section 3: "the access control system does not permit this user to carry out an operation".
/// AUTHORIZATIONFAILED would be about acting for somebody else, and AUTHENTICATIONFAILED would have clients ask
/// for another password.
fn not_allowed() -> Refusal {
    Refusal::new("NOPERM", "your organization does not allow this access")
}

fn bearer(mechanism: Mechanism, response: &[u8]) -> Option<Bearer> {
    mechanism.read(&Secret::new(STANDARD.decode(response).ok()?))
}

/// Login name and password; nobody may act for somebody else.
fn plain(response: &[u8]) -> Option<(String, Secret)> {
    let decoded = Secret::new(STANDARD.decode(response).ok()?);
    let mut parts = decoded.expose_text()?.split('\0');
    let (acts_for, login, password) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && !login.is_empty();
    let same = acts_for.is_empty() || acts_for == login;
    (whole && same).then(|| (login.to_owned(), Secret::new(password)))
}
