//! Command lines (RFC 5321 section 4.1.1).

use crate::grammar::{
    address::{Path, parse_path},
    parameters,
};

#[derive(Debug, PartialEq)]
pub(crate) enum Command<'a> {
    /// `EHLO` (extended) or `HELO`.
    Hello {
        extended: bool,
        name: &'a str,
    },
    Mail {
        from: Path,
        parameters: MailParameters,
    },
    Rcpt {
        to: Path,
    },
    Data,
    Bdat {
        octets: u64,
        last: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct MailParameters {
    pub(crate) size_octets: Option<u64>,
    pub(crate) body: BodyType,
    pub(crate) utf8: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum BodyType {
    #[default]
    SevenBit,
    EightBit,
}

/// Why a line is no command.
#[derive(Debug, PartialEq)]
pub(crate) enum Malformed {
    /// Not a command that is known.
    Unknown,
    /// The arguments are not what the command takes.
    Argument(&'static str),
    /// The sender is no path.
    Sender,
    /// The recipient is no path.
    Recipient,
    /// A parameter that was not offered.
    Parameter,
    /// A chunk whose length cannot be told: what follows is neither content nor commands for certain.
    Chunk,
}

/// Parses a line without its CRLF. Verbs are of any case (RFC 5321 section 2.4); space at the end of a
/// line is tolerated (section 4.1.1).
pub(crate) fn parse(line: &str) -> Result<Command<'_>, Malformed> {
    let line = line.trim_end_matches([' ', '\t']);
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    if verb.len() > 8 {
        return Err(Malformed::Unknown);
    }
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(true, argument),
        "HELO" => hello(false, argument),
        "MAIL" => mail(argument),
        "RCPT" => rcpt(argument),
        "DATA" => alone(Command::Data, argument),
        "BDAT" => bdat(argument),
        "RSET" => alone(Command::Rset, argument),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => Ok(Command::Vrfy),
        "EXPN" => Ok(Command::Expn),
        "HELP" => Ok(Command::Help),
        "QUIT" => alone(Command::Quit, argument),
        "STARTTLS" => alone(Command::StartTls, argument),
        "AUTH" => auth(argument),
        _ => Err(Malformed::Unknown),
    }
}

fn alone<'a>(command: Command<'a>, argument: &str) -> Result<Command<'a>, Malformed> {
    if !argument.is_empty() {
        return Err(Malformed::Argument("no argument is wanted"));
    }
    Ok(command)
}

/// The name must be fit for a `Received` field, so it holds nothing that is special there; otherwise
/// it is not judged (RFC 5321 section 4.1.4: a name that is not the peer's is no reason to refuse).
fn hello(extended: bool, argument: &str) -> Result<Command<'_>, Malformed> {
    let name = argument.trim();
    let fit = |c: char| c.is_ascii_graphic() && !"()<>@,;\\\"".contains(c);
    if name.is_empty() || name.len() > 255 || !name.chars().all(fit) {
        return Err(Malformed::Argument("a domain or an address literal is wanted"));
    }
    Ok(Command::Hello { extended, name })
}

fn mail(argument: &str) -> Result<Command<'_>, Malformed> {
    let text = after_keyword(argument, "FROM:")?;
    let (from, rest) = parse_path(text).ok_or(Malformed::Sender)?;
    if from == Path::Postmaster {
        return Err(Malformed::Sender);
    }
    Ok(Command::Mail { from, parameters: parameters::of_mail(rest)? })
}

fn rcpt(argument: &str) -> Result<Command<'_>, Malformed> {
    let text = after_keyword(argument, "TO:")?;
    let (to, rest) = parse_path(text).ok_or(Malformed::Recipient)?;
    if to == Path::Null {
        return Err(Malformed::Recipient);
    }
    parameters::of_rcpt(rest)?;
    Ok(Command::Rcpt { to })
}

/// Spaces behind the colon are no part of the grammar, and are common.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Result<&'a str, Malformed> {
    match argument.split_at_checked(keyword.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(keyword) => {
            Ok(rest.trim_start_matches(' '))
        }
        _ if keyword == "FROM:" => Err(Malformed::Argument("FROM:<address> is wanted")),
        _ => Err(Malformed::Argument("TO:<address> is wanted")),
    }
}

/// RFC 3030 section 2.
fn bdat(argument: &str) -> Result<Command<'_>, Malformed> {
    let (octets, last) = match argument.split_once(' ') {
        Some((octets, word)) if word.eq_ignore_ascii_case("LAST") => (octets, true),
        Some(_) => return Err(Malformed::Chunk),
        None => (argument, false),
    };
    let octets = parameters::number(octets).map_err(|_| Malformed::Chunk)?;
    Ok(Command::Bdat { octets, last })
}

/// RFC 4954 section 4.
fn auth(argument: &str) -> Result<Command<'_>, Malformed> {
    let (mechanism, initial) = match argument.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial)),
        None => (argument, None),
    };
    if mechanism.is_empty() || initial.is_some_and(|text| text.contains(' ')) {
        return Err(Malformed::Argument("a mechanism and at most one response are wanted"));
    }
    Ok(Command::Auth { mechanism, initial })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grammar::Address;

    #[test]
    fn mail_takes_what_is_offered_and_nothing_else() {
        let parsed = parse("mail from:<a@x.org> size=12 BODY=8BITMIME smtputf8 AUTH=<>").unwrap();
        let parameters =
            MailParameters { size_octets: Some(12), body: BodyType::EightBit, utf8: true };
        let from = Path::Mailbox(Address::parse("a@x.org").unwrap());
        assert_eq!(parsed, Command::Mail { from, parameters });
        for parameter in ["RET=FULL", "BODY=BINARYMIME", "SMTPUTF8=1", "SIZE"] {
            let line = format!("MAIL FROM:<> {parameter}");
            assert_eq!(parse(&line), Err(Malformed::Parameter), "{line}");
        }
        for size in ["-1", "x", "", "123456789012345678901"] {
            let line = format!("MAIL FROM:<> SIZE={size}");
            assert!(matches!(parse(&line), Err(Malformed::Argument(_))), "{line}");
        }
    }

    #[test]
    fn a_chunk_has_a_length() {
        for line in ["BDAT", "BDAT x", "BDAT -1", "BDAT 1 2", "BDAT LAST"] {
            assert_eq!(parse(line), Err(Malformed::Chunk), "{line}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        assert_eq!(parse("BDAT 86 LAST"), Ok(Command::Bdat { octets: 86, last: true }));
        assert_eq!(parse("RCPT TO: <postmaster>"), Ok(Command::Rcpt { to: Path::Postmaster }));
        assert_eq!(parse("QUIT  "), Ok(Command::Quit));
        assert_eq!(parse("RCPT TO:<>"), Err(Malformed::Recipient));
        assert_eq!(parse("RCPT TO:<a@x> NOTIFY=NEVER"), Err(Malformed::Parameter));
        assert_eq!(parse("XCLIENT"), Err(Malformed::Unknown));
        for line in ["DATA 1", "EHLO", "EHLO a b", "HELO (x)", "AUTH", "MAIL <a@x>"] {
            assert!(matches!(parse(line), Err(Malformed::Argument(_))), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_taken_or_refused(line in "((MAIL FROM:|RCPT TO:|EHLO |AUTH |BDAT )?.{0,80})") {
            let _ = parse(&line);
        }
    }
}
