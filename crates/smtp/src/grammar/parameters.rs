//! The parameters behind a path (RFC 5321 section 4.1.2, `Mail-parameters` and `Rcpt-parameters`).

use crate::{
    grammar::{BodyType, MailParameters, Malformed},
    limits::MAX_PARAMETERS,
};

/// Parameters of `MAIL`: `SIZE` (RFC 1870), `BODY` (RFC 6152), `SMTPUTF8` (RFC 6531) and `AUTH`
/// (RFC 4954 section 5, accepted and not believed).
pub(super) fn of_mail(text: &str) -> Result<MailParameters, Malformed> {
    let mut parsed = MailParameters::default();
    for parameter in split(text)? {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => parsed.size_octets = Some(number(value)?),
            ("BODY", Some(value)) => parsed.body = body(value)?,
            ("SMTPUTF8", None) => parsed.utf8 = true,
            ("AUTH", Some(_)) => {}
            _ => return Err(Malformed::Parameter),
        }
    }
    Ok(parsed)
}

/// No extension that is offered has a parameter for `RCPT`.
pub(super) fn of_rcpt(text: &str) -> Result<(), Malformed> {
    match split(text)?.next() {
        Some(_) => Err(Malformed::Parameter),
        None => Ok(()),
    }
}

fn split(text: &str) -> Result<impl Iterator<Item = &str>, Malformed> {
    if !text.is_empty() && !text.starts_with(' ') {
        return Err(Malformed::Argument("a space must part path and parameters"));
    }
    let parameters = || text.split(' ').filter(|parameter| !parameter.is_empty());
    if parameters().count() > MAX_PARAMETERS || text.chars().any(char::is_control) {
        return Err(Malformed::Parameter);
    }
    Ok(parameters())
}

/// RFC 1870 section 4: up to 20 digits. More than fits is as much as can be.
pub(super) fn number(text: &str) -> Result<u64, Malformed> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed::Argument("a number of up to 20 digits is wanted"));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn body(text: &str) -> Result<BodyType, Malformed> {
    if text.eq_ignore_ascii_case("7BIT") {
        return Ok(BodyType::SevenBit);
    }
    if text.eq_ignore_ascii_case("8BITMIME") {
        return Ok(BodyType::EightBit);
    }
    Err(Malformed::Parameter)
}
