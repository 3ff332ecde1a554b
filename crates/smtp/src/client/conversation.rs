//! Handing one message to one server, as a pure state machine.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use world::Secret;

use super::reply::{Reader, Reply};

/// What is to be handed over.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    /// Our own name.
    pub(crate) host: String,
    /// Empty for the null sender.
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    /// Octets of the message.
    pub(crate) octets: usize,
    /// Whether the message holds other octets than ASCII.
    pub(crate) eight_bit: bool,
    /// Whether addresses or header need SMTPUTF8.
    pub(crate) utf8: bool,
    pub(crate) tls: Tls,
    /// Who we are to the server, if it must know.
    pub(crate) login: Option<Login>,
}

/// What is wanted of TLS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tls {
    /// Nothing: all goes in clear.
    Without,
    /// To be used where it is offered.
    IfOffered,
    /// Nothing goes without it.
    Required,
    /// It began with the connection.
    Already,
}

/// A name and its password (RFC 4954).
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// What became of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The other server is now responsible.
    Taken(String),
    /// Not now.
    Later(String),
    /// Never.
    Refused(String),
}

/// What the caller has to do, after writing the output.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Read more.
    Read,
    /// Shake hands, then call [`Conversation::tls_started`].
    StartTls,
    /// Write the message, dot-stuffed, and the final dot; then call [`Conversation::message_sent`].
    Send,
    /// It is over; write what is left and close.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    /// The server is to ask for the name.
    Username,
    /// The server is to ask for the password.
    Password,
    /// Name and password are given.
    LogIn,
    Mail,
    /// The reply for the recipient with this index is awaited.
    Rcpt(usize),
    Data,
    Sending,
    Sent,
    Over,
}

/// See the module. One command at a time: a queue is limited by the network, not by round trips.
#[derive(Debug)]
pub(crate) struct Conversation {
    errand: Errand,
    state: State,
    replies: Reader,
    offers: Offers,
    in_tls: bool,
    output: Vec<u8>,
    outcomes: Vec<Option<Outcome>>,
    trouble: Option<String>,
}

/// What the other server can do (RFC 5321 section 4.1.1.1).
#[derive(Debug, Default)]
struct Offers {
    starttls: bool,
    auth_plain: bool,
    auth_login: bool,
    eight_bit: bool,
    utf8: bool,
    /// Of a message; 0 or none is no limit (RFC 1870 section 3).
    size: bool,
    size_octets: usize,
}

/// How a conversation ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Report {
    /// One for each recipient; none where the server gave no verdict.
    pub(crate) outcomes: Vec<Option<Outcome>>,
    /// Why there are recipients without a verdict.
    pub(crate) trouble: Option<String>,
    /// Whether the whole message was sent. A server that was lost after that may have taken it.
    pub(crate) was_sent: bool,
}

impl Conversation {
    pub(crate) fn new(errand: Errand) -> Self {
        let outcomes = vec![None; errand.recipients.len()];
        let in_tls = errand.tls == Tls::Already;
        Self {
            errand,
            state: State::Greeting,
            replies: Reader::default(),
            offers: Offers::default(),
            in_tls,
            output: Vec::new(),
            outcomes,
            trouble: None,
        }
    }

    /// Takes replies from `input` as far as they go.
    pub(crate) fn advance(&mut self, input: &mut BytesMut) -> Step {
        loop {
            match self.state {
                State::Over => return Step::Done,
                State::Sending => return Step::Send,
                State::Handshake => return Step::StartTls,
                _ => {}
            }
            match self.replies.take(input) {
                Ok(Some(reply)) => self.hear(&reply, input),
                Ok(None) => return Step::Read,
                Err(nonsense) => self.give_up(nonsense.to_string()),
            }
        }
    }

    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The handshake is done: what was offered before does not count (RFC 3207 section 4.2).
    pub(crate) fn tls_started(&mut self) {
        self.in_tls = true;
        self.hello();
    }

    pub(crate) fn message_sent(&mut self) {
        self.state = State::Sent;
    }

    /// Whether the verdict on a whole message is awaited, which takes longest.
    pub(crate) fn is_sent(&self) -> bool {
        self.state == State::Sent
    }

    /// The connection is lost, or never came about.
    pub(crate) fn lost(&mut self, why: String) {
        self.trouble.get_or_insert(why);
    }

    /// How it ended.
    pub(crate) fn report(self) -> Report {
        let was_sent = self.state == State::Sent;
        Report { outcomes: self.outcomes, trouble: self.trouble, was_sent }
    }

    fn hear(&mut self, reply: &Reply, input: &mut BytesMut) {
        match (self.state, reply.code) {
            // RFC 5321 section 3.8: a server may leave at any time.
            (_, 421) => self.give_up(reply.to_string()),
            (State::Greeting, 220) => self.hello(),
            (State::Ehlo, 250) => self.greeted(reply),
            // RFC 5321 section 4.1.4: an old server does not know EHLO.
            (State::Ehlo, 500..) if self.errand.may_be_in_clear() => {
                self.command(State::Helo, format!("HELO {}", self.errand.host))
            }
            (State::Helo, 250) => self.mail(),
            // What came behind the reply came in clear, perhaps from a third party.
            (State::StartTls, 220) => {
                input.clear();
                self.state = State::Handshake;
            }
            (State::StartTls, _) if self.errand.may_be_in_clear() => self.mail(),
            (State::Username, 334) => self.give(State::Password, |login| login.username.as_bytes()),
            (State::Password, 334) => self.give(State::LogIn, |login| login.password.expose()),
            (State::LogIn, 235) => self.mail(),
            (State::Mail, 250) => self.rcpt(0),
            (State::Rcpt(index), code) => {
                if code >= 300 {
                    self.decide(index, verdict(reply));
                }
                self.rcpt(index + 1);
            }
            (State::Data, 354) => self.state = State::Sending,
            (State::Sent, _) => self.finish(&verdict(reply)),
            (
                State::StartTls
                | State::Username
                | State::Password
                | State::LogIn
                | State::Mail
                | State::Data,
                400..,
            ) => self.finish(&verdict(reply)),
            _ => self.give_up(reply.to_string()),
        }
    }

    fn hello(&mut self) {
        self.command(State::Ehlo, format!("EHLO {}", self.errand.host));
    }

    fn greeted(&mut self, reply: &Reply) {
        self.offers = Offers::read(reply);
        match self.errand.tls {
            Tls::IfOffered | Tls::Required if self.offers.starttls && !self.in_tls => {
                self.command(State::StartTls, "STARTTLS".to_owned());
            }
            // RFC 7435 is for who only listens; X.7.10 of RFC 5248 is encryption needed.
            Tls::Required if !self.in_tls => self.refuse("5.7.10 the server offers no TLS"),
            _ => self.log_in(),
        }
    }

    /// RFC 4954 section 4, by PLAIN (RFC 4616) or what many servers have in its place.
    fn log_in(&mut self) {
        let Some(login) = &self.errand.login else { return self.mail() };
        if !self.in_tls {
            return self.refuse("5.7.11 a password goes in TLS only");
        }
        if self.offers.auth_plain {
            let mut plain = format!("\0{}\0", login.username).into_bytes();
            plain.extend_from_slice(login.password.expose());
            let line = format!("AUTH PLAIN {}", STANDARD.encode(plain));
            return self.command(State::LogIn, line);
        }
        if self.offers.auth_login {
            return self.command(State::Username, "AUTH LOGIN".to_owned());
        }
        self.refuse("5.7.4 the server takes no password");
    }

    fn give(&mut self, state: State, part: impl Fn(&Login) -> &[u8]) {
        let given = self.errand.login.as_ref().map(|login| STANDARD.encode(part(login)));
        self.command(state, given.unwrap_or_default());
    }

    fn mail(&mut self) {
        if self.errand.utf8 && !self.offers.utf8 {
            return self.refuse("554 5.6.7 the server cannot take internationalized mail");
        }
        if (1..self.errand.octets).contains(&self.offers.size_octets) {
            return self.refuse("552 5.3.4 the message is larger than the server takes");
        }
        let mut line = format!("MAIL FROM:<{}>", self.errand.sender);
        if self.offers.size {
            line += &format!(" SIZE={}", self.errand.octets);
        }
        // Without the extension 8-bit text is sent as it is: nearly every server passes it on, and to
        // recode would break signatures (RFC 6376 section 5.3).
        if self.errand.eight_bit && self.offers.eight_bit {
            line += " BODY=8BITMIME";
        }
        if self.errand.utf8 {
            line += " SMTPUTF8";
        }
        self.command(State::Mail, line);
    }

    /// The next recipient, or on to the message if any was accepted.
    fn rcpt(&mut self, index: usize) {
        if let Some(recipient) = self.errand.recipients.get(index) {
            let line = format!("RCPT TO:<{recipient}>");
            return self.command(State::Rcpt(index), line);
        }
        if self.outcomes.iter().all(Option::is_some) {
            return self.quit();
        }
        self.command(State::Data, "DATA".to_owned());
    }

    fn command(&mut self, state: State, line: String) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.state = state;
    }

    fn decide(&mut self, index: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(index) {
            slot.get_or_insert(outcome);
        }
    }

    /// The same for all that are undecided.
    fn finish(&mut self, outcome: &Outcome) {
        for slot in &mut self.outcomes {
            slot.get_or_insert_with(|| outcome.clone());
        }
        self.quit();
    }

    /// What the server is found not to be able to do.
    fn refuse(&mut self, why: &str) {
        self.finish(&Outcome::Refused(why.to_owned()));
    }

    fn give_up(&mut self, why: String) {
        self.trouble.get_or_insert(why);
        self.quit();
    }

    fn quit(&mut self) {
        self.command(State::Over, "QUIT".to_owned());
    }
}

impl Errand {
    /// Whether the message, and nothing else, may go in clear.
    fn may_be_in_clear(&self) -> bool {
        self.tls != Tls::Required && self.login.is_none()
    }
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let (keyword, parameter) = line.split_once(' ').unwrap_or((line, ""));
            match keyword.to_ascii_uppercase().as_str() {
                "STARTTLS" => offers.starttls = true,
                "8BITMIME" => offers.eight_bit = true,
                "AUTH" => {
                    let known =
                        |name| parameter.split(' ').any(|word| word.eq_ignore_ascii_case(name));
                    (offers.auth_plain, offers.auth_login) = (known("PLAIN"), known("LOGIN"));
                }
                "SMTPUTF8" => offers.utf8 = true,
                "SIZE" => {
                    offers.size = true;
                    offers.size_octets = parameter.trim().parse().unwrap_or(0);
                }
                _ => {}
            }
        }
        offers
    }
}

/// RFC 5321 section 4.2.1: the first digit decides.
fn verdict(reply: &Reply) -> Outcome {
    let text = reply.to_string();
    match reply.code {
        200..=299 => Outcome::Taken(text),
        500..=599 => Outcome::Refused(text),
        _ => Outcome::Later(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn errand(recipients: &[&str]) -> Errand {
        Errand {
            host: "mx.ours".into(),
            sender: "ann@ours".into(),
            recipients: recipients.iter().map(|text| (*text).to_owned()).collect(),
            octets: 1000,
            eight_bit: true,
            utf8: false,
            tls: Tls::IfOffered,
            login: None,
        }
    }

    fn to_gateway(tls: Tls) -> Errand {
        let login = Login { username: "acme".into(), password: Secret::new("s3cret") };
        Errand { tls, login: Some(login), ..errand(&["a@far"]) }
    }

    /// Plays the server's replies; gives what was said and how it ended.
    fn play(errand: Errand, replies: &[&str]) -> (String, Report) {
        let mut conversation = Conversation::new(errand);
        let (mut said, mut input) = (Vec::new(), BytesMut::new());
        for reply in replies {
            input.extend_from_slice(reply.as_bytes());
            input.extend_from_slice(b"\r\n");
            while let step @ (Step::Send | Step::StartTls) = conversation.advance(&mut input) {
                said.extend(conversation.take_output());
                match step {
                    Step::Send => {
                        said.extend_from_slice(b"(message)\r\n");
                        conversation.message_sent();
                    }
                    _ => conversation.tls_started(),
                }
            }
            said.extend(conversation.take_output());
        }
        (String::from_utf8(said).unwrap(), conversation.report())
    }

    fn taken(text: &str) -> Option<Outcome> {
        Some(Outcome::Taken(text.into()))
    }

    #[test]
    fn a_message_is_handed_over() {
        let ehlo = "250-mx\r\n250-STARTTLS\r\n250-SIZE 5000\r\n250 8BITMIME";
        let replies =
            ["220 mx", ehlo, "220 go", ehlo, "250 ok", "250 ok", "550 no", "354 go", "250 taken"];
        let (said, report) = play(errand(&["a@far", "b@far"]), &replies);
        assert_eq!(
            said,
            "EHLO mx.ours\r\nSTARTTLS\r\nEHLO mx.ours\r\n\
             MAIL FROM:<ann@ours> SIZE=1000 BODY=8BITMIME\r\nRCPT TO:<a@far>\r\n\
             RCPT TO:<b@far>\r\nDATA\r\n(message)\r\nQUIT\r\n"
        );
        let refused = Some(Outcome::Refused("550 no".into()));
        assert_eq!(report.outcomes, [taken("250 taken"), refused]);
        assert!(!report.was_sent);
    }

    #[test]
    fn a_gateway_is_told_the_password_in_tls_only() {
        let clear = "250-gw\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS";
        let secure = "250-gw\r\n250 AUTH CRAM-MD5 login plain";
        let rest = ["235 in", "250 ok", "250 ok", "354 go", "250 taken"];
        let replies = [&["220 gw", clear, "220 go", secure][..], &rest].concat();
        let (said, report) = play(to_gateway(Tls::Required), &replies);
        let start =
            "EHLO mx.ours\r\nSTARTTLS\r\nEHLO mx.ours\r\nAUTH PLAIN AGFjbWUAczNjcmV0\r\nMAIL";
        assert!(said.starts_with(start), "{said}");
        assert_eq!(report.outcomes, [taken("250 taken")]);
        let replies = [&["220 gw", secure][..], &rest].concat();
        let (said, report) = play(to_gateway(Tls::Already), &replies);
        assert!(said.starts_with("EHLO mx.ours\r\nAUTH PLAIN"), "{said}");
        assert_eq!(report.outcomes, [taken("250 taken")]);

        for replies in [
            &["220 gw", secure][..],
            &["220 gw", "502 what"],
            &["220 gw", clear, "454 not now"],
            &["220 gw", clear, "502 what"],
        ] {
            let (said, report) = play(to_gateway(Tls::Required), replies);
            assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
            assert_ne!(report.outcomes, [taken("250 taken")]);
        }
        let (said, _) = play(to_gateway(Tls::IfOffered), &["220 gw", secure]);
        assert!(!said.contains("AUTH"), "{said}");
    }

    #[test]
    fn a_gateway_without_plain_asks_in_turn() {
        let login = "250-gw\r\n250 AUTH LOGIN";
        let replies = ["220 gw", login, "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "535 5.7.8 no"];
        let (said, report) = play(to_gateway(Tls::Already), &replies);
        assert!(said.contains("AUTH LOGIN\r\nYWNtZQ==\r\nczNjcmV0\r\nQUIT"), "{said}");
        assert_eq!(report.outcomes, [Some(Outcome::Refused("535 5.7.8 no".into()))]);
        let (_, report) = play(to_gateway(Tls::Already), &["220 gw", "250 gw"]);
        assert!(matches!(&report.outcomes[0], Some(Outcome::Refused(_))));
    }

    #[test]
    fn success_out_of_place_is_none() {
        for replies in
            [&["220 m", "250 m", "251 m"][..], &["220 m", "250 m", "250 m", "250 m", "250 m"]]
        {
            let report = play(errand(&["a@far"]), replies).1;
            assert_eq!(report.outcomes, [None]);
            assert!(report.trouble.is_some());
        }
    }

    #[test]
    fn an_old_server_is_greeted_again() {
        let replies = ["220 mx", "502 what", "250 mx", "250 ok", "250 ok", "354 go", "250 ok"];
        let (said, report) = play(errand(&["a@far"]), &replies);
        assert!(said.contains("HELO mx.ours\r\nMAIL FROM:<ann@ours>\r\n"), "{said}");
        assert_eq!(report.outcomes, [taken("250 ok")]);
    }

    #[test]
    fn refusals_are_told_apart() {
        let outcome = |replies: &[&str]| play(errand(&["a@far"]), replies).1;
        let later = Some(Outcome::Later("451 wait".into()));
        assert_eq!(outcome(&["220 m", "250 m", "451 wait"]).outcomes[0], later);
        assert_eq!(outcome(&["220 m", "250 m", "250 m", "451 wait"]).outcomes, [later]);
        let refused = Some(Outcome::Refused("554 spam".into()));
        let replies = ["220 m", "250 m", "250 m", "250 m", "354 m", "554 spam"];
        assert_eq!(outcome(&replies).outcomes, [refused]);
        for replies in [&["554 go away"][..], &["220 m", "421 busy"], &["hello"]] {
            let report = outcome(replies);
            assert_eq!(report.outcomes, [None]);
            assert!(report.trouble.is_some());
        }
    }

    #[test]
    fn a_server_lost_after_the_message_may_have_it() {
        let replies = ["220 m", "250 m", "250 m", "250 m", "354 m"];
        let (_, report) = play(errand(&["a@far"]), &replies);
        assert!(report.was_sent);
        assert_eq!(report.outcomes, [None]);
    }

    #[test]
    fn what_the_server_cannot_take_is_refused_here() {
        let wide = Errand { utf8: true, ..errand(&["ü@far"]) };
        let (said, report) = play(wide.clone(), &["220 m", "250 m"]);
        assert!(!said.contains("MAIL"));
        assert!(
            matches!(&report.outcomes[0], Some(Outcome::Refused(text)) if text.contains("5.6.7"))
        );
        let (said, _) = play(wide, &["220 m", "250-m\r\n250 SMTPUTF8"]);
        assert!(said.contains("MAIL FROM:<ann@ours> SMTPUTF8\r\n"));
        let (_, report) = play(errand(&["a@far"]), &["220 m", "250-m\r\n250 SIZE 999"]);
        assert!(
            matches!(&report.outcomes[0], Some(Outcome::Refused(text)) if text.contains("5.3.4"))
        );
    }

    #[test]
    fn what_is_injected_behind_starttls_is_dropped() {
        let (said, _) =
            play(errand(&["a@far"]), &["220 m", "250-m\r\n250 STARTTLS", "220 go\r\n250 x"]);
        assert!(said.ends_with("STARTTLS\r\nEHLO mx.ours\r\n"), "{said}");
    }

    proptest! {
        #[test]
        fn any_server_is_borne(replies in proptest::collection::vec("[2-5][0-5]0[ -].{0,9}|.{0,9}", 0..20)) {
            let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
            let (_, report) = play(errand(&["a@far", "b@far"]), &replies);
            prop_assert_eq!(report.outcomes.len(), 2);
        }
    }
}
