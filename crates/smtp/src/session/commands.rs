//! What each command does (RFC 5321 section 4.1.1).

use bytes::BytesMut;
use world::Timestamp;

use super::{
    Asked, Envelope, Hello, Question, Role, Session, State, Step,
    line::{self, Line},
};
use crate::{
    grammar::{self, Address, Command, MailParameters, Malformed, Path},
    reply::Reply,
};

impl Session {
    /// Takes the next line. `None` means that there is more to do at once.
    pub(super) fn read_command(&mut self, input: &mut BytesMut, now: Timestamp) -> Option<Step> {
        let line = self.take_line(input)?;
        let Ok(line) = line else { return Some(Step::Read) };
        let text = match std::str::from_utf8(&line) {
            Ok(text) if !text.bytes().any(|octet| octet < b' ' && octet != b'\t') => text,
            _ => {
                self.refuse(&Reply::new(500, "5.5.2", "command holds octets that are no text"));
                return None;
            }
        };
        match grammar::parse(text) {
            Ok(command) => self.run(command, input, now),
            // Octets of the chunk must never be run as commands.
            Err(malformed @ Malformed::Chunk) => {
                self.hang_up(&explain(&malformed));
                None
            }
            Err(malformed) => {
                self.refuse(&explain(&malformed));
                None
            }
        }
    }

    /// A line; `Err` while there is no whole one; `None` if the connection is beyond help.
    pub(super) fn take_line(&mut self, input: &mut BytesMut) -> Option<Result<BytesMut, ()>> {
        match line::take(input) {
            Line::Whole(line) => return Some(Ok(line)),
            Line::Partial => return Some(Err(())),
            Line::TooLong => self.hang_up(&Reply::new(500, "5.5.2", "line too long, closing")),
            Line::Broken => {
                self.hang_up(&Reply::new(
                    500,
                    "5.5.2",
                    "lines end with CRLF and nothing else, closing",
                ));
            }
        }
        None
    }

    fn run(&mut self, command: Command<'_>, input: &mut BytesMut, now: Timestamp) -> Option<Step> {
        match command {
            Command::Rcpt { to } => return self.rcpt(to),
            Command::Bdat { octets, last } => {
                self.bdat(octets, last, now);
                return None;
            }
            _ => self.count_idle(),
        }
        if self.is_closed() {
            return None;
        }
        match command {
            Command::Hello { extended, name } => self.hello(extended, name),
            Command::Mail { from, parameters } => return self.mail(from, &parameters, now),
            Command::Data => self.data(now),
            Command::Rset => self.rset(),
            Command::Noop => self.say(&Reply::new(250, "2.0.0", "ok")),
            // RFC 5321 section 7.3: neither confirmed nor denied, against harvesting.
            Command::Vrfy => self.say(&Reply::new(252, "2.5.0", "send mail and see")),
            Command::Expn => self.refuse(&Reply::new(502, "5.5.1", "lists are not shown")),
            Command::Help => self.say(&Reply::new(214, "2.0.0", "see RFC 5321")),
            Command::Quit => self.hang_up(&Reply::new(221, "2.0.0", "goodbye")),
            Command::StartTls => return self.starttls(input),
            Command::Auth { mechanism, initial } => return self.auth(mechanism, initial),
            Command::Rcpt { .. } | Command::Bdat { .. } => {}
        }
        None
    }

    /// Also ends a transaction (RFC 5321 section 4.1.4).
    fn hello(&mut self, extended: bool, name: &str) {
        self.envelope = None;
        self.hello = Some(Hello { extended, name: name.to_owned() });
        let host = self.config.host.clone();
        if !extended {
            return self.say(&Reply::new(250, "", host));
        }
        let mut lines = format!("250-{host}\r\n250-PIPELINING\r\n");
        lines += &format!("250-SIZE {}\r\n", self.config.limits.message_octets);
        lines += "250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n";
        if self.offers_starttls() {
            lines += "250-STARTTLS\r\n";
        }
        if self.offers_auth() {
            lines += "250-AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2\r\n";
        }
        lines += "250 ENHANCEDSTATUSCODES\r\n";
        self.output.extend_from_slice(lines.as_bytes());
    }

    fn offers_starttls(&self) -> bool {
        self.peer.starttls && !self.peer.tls
    }

    /// RFC 3207 section 4. What came behind the command came in clear, perhaps from a third party, and
    /// is thrown away.
    fn starttls(&mut self, input: &mut BytesMut) -> Option<Step> {
        if !self.offers_starttls() {
            self.refuse(&Reply::new(503, "5.5.1", "TLS is not to be had here"));
            return None;
        }
        input.clear();
        self.say(&Reply::new(220, "2.0.0", "go ahead"));
        self.state = State::Handshake;
        Some(Step::StartTls)
    }

    fn mail(&mut self, from: Path, parameters: &MailParameters, now: Timestamp) -> Option<Step> {
        if let Err(reply) = self.may_mail(&from, parameters) {
            self.refuse(&reply);
            return None;
        }
        let sender = match from {
            Path::Mailbox(address) => Some(address),
            Path::Null | Path::Postmaster => None,
        };
        let envelope = Envelope {
            sender: sender.clone(),
            recipients: Vec::new(),
            declared_octets: parameters.size_octets.unwrap_or(0),
            utf8: parameters.utf8,
            since: now,
            chunks: None,
        };
        match (self.role, sender) {
            (Role::Submission, Some(sender)) => {
                self.state = State::Asked(Asked::Sender(envelope));
                Some(Step::Ask(Question::Sender(sender)))
            }
            _ => {
                self.begin(envelope);
                None
            }
        }
    }

    fn may_mail(&self, from: &Path, parameters: &MailParameters) -> Result<(), Reply> {
        if self.hello.is_none() {
            return Err(Reply::new(503, "5.5.1", "EHLO comes first"));
        }
        if self.envelope.is_some() {
            return Err(Reply::new(503, "5.5.1", "one MAIL at a time"));
        }
        if self.role == Role::Submission && !self.authenticated {
            return Err(Reply::new(530, "5.7.0", "authentication required"));
        }
        if self.role == Role::Submission && *from == Path::Null {
            return Err(Reply::new(550, "5.7.1", "you may not send under this address"));
        }
        if let Path::Mailbox(address) = from {
            refuse_wide(address, parameters.utf8)?;
        }
        // RFC 1870 section 6.1.
        let limit = u64::try_from(self.config.limits.message_octets).unwrap_or(u64::MAX);
        if parameters.size_octets.is_some_and(|octets| octets > limit) {
            return Err(Reply::new(552, "5.3.4", format!("a message has at most {limit} octets")));
        }
        Ok(())
    }

    pub(super) fn begin(&mut self, envelope: Envelope) {
        self.envelope = Some(envelope);
        self.transactions += 1;
        self.say(&Reply::new(250, "2.1.0", "sender ok"));
    }

    fn rcpt(&mut self, to: Path) -> Option<Step> {
        match self.may_rcpt(to) {
            Ok(address) => {
                self.state = State::Asked(Asked::Recipient(address.clone()));
                Some(Step::Ask(Question::Recipient(address)))
            }
            Err(reply) => {
                self.refuse(&reply);
                None
            }
        }
    }

    fn may_rcpt(&self, to: Path) -> Result<Address, Reply> {
        let Some(envelope) = self.envelope.as_ref().filter(|envelope| envelope.chunks.is_none())
        else {
            return Err(Reply::new(503, "5.5.1", "MAIL comes first"));
        };
        let address = match to {
            Path::Mailbox(address) => address,
            Path::Postmaster | Path::Null => self
                .config
                .postmaster
                .clone()
                .ok_or_else(|| Reply::new(550, "5.1.1", "no postmaster without a domain"))?,
        };
        refuse_wide(&address, envelope.utf8)?;
        // RFC 5321 section 4.5.3.1.10.
        if envelope.recipients.len() >= self.config.limits.recipients {
            return Err(Reply::new(452, "4.5.3", "too many recipients"));
        }
        Ok(address)
    }

    fn rset(&mut self) {
        self.envelope = None;
        self.say(&Reply::new(250, "2.0.0", "ok"));
    }
}

/// RFC 6531 section 3.5.
fn refuse_wide(address: &Address, utf8: bool) -> Result<(), Reply> {
    if !utf8 && !address.is_ascii() {
        return Err(Reply::new(553, "5.6.7", "such an address needs SMTPUTF8"));
    }
    Ok(())
}

fn explain(malformed: &Malformed) -> Reply {
    match *malformed {
        Malformed::Unknown => Reply::new(500, "5.5.1", "unknown command"),
        Malformed::Argument(wanted) => Reply::new(501, "5.5.4", wanted),
        Malformed::Sender => Reply::new(501, "5.1.7", "the sender is no address"),
        Malformed::Recipient => Reply::new(501, "5.1.3", "the recipient is no address"),
        Malformed::Parameter => Reply::new(555, "5.5.4", "unknown parameter"),
        Malformed::Chunk => Reply::new(501, "5.5.4", "the length of the chunk is wanted, closing"),
    }
}
