//! A `DKIM-Signature` field (RFC 6376, section 3.5).

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use world::Timestamp;

use super::{Refused, canonical::Form};
use crate::{
    domain,
    message::Field,
    tags::{Tags, unfolded, words},
};

/// The field's name.
pub(crate) const FIELD: &str = "DKIM-Signature";

/// Names in the tag `h`.
const SIGNED_MAX: usize = 256;

/// Base64 as others write it, with and without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    RsaSha256,
    Ed25519Sha256,
}

impl Algorithm {
    fn by_name(name: &str) -> Option<Self> {
        match name {
            "rsa-sha256" => Some(Self::RsaSha256),
            "ed25519-sha256" => Some(Self::Ed25519Sha256),
            // RFC 8301, section 3.1: rsa-sha1 proves nothing any more.
            _ => None,
        }
    }

    /// The word for it in a key's tag `k`.
    pub(super) fn key_type(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    pub(crate) field: Field<'a>,
    pub(crate) algorithm: Algorithm,
    pub(crate) domain: String,
    pub(crate) selector: String,
    pub(crate) header_form: Form,
    pub(crate) body_form: Form,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// The names of signed fields, in lower case.
    pub(crate) signed: Vec<String>,
    /// Whose the message is, within the domain.
    pub(crate) identity_domain: String,
    /// Whether only the beginning of the body is signed.
    pub(crate) is_partial: bool,
    pub(crate) expires_at: Option<i64>,
}

/// Who claims to have signed, as far as that can be read.
pub(crate) fn claimed(field: &Field<'_>) -> (Option<String>, Option<String>) {
    let text = String::from_utf8_lossy(field.value);
    let Some(tags) = Tags::parse(&text) else { return (None, None) };
    let name = |tag| domain::normal(&unfolded(tags.of(tag)?));
    (name("d"), name("s"))
}

impl<'a> Signature<'a> {
    pub(crate) fn parse(field: Field<'a>) -> Result<Self, Refused> {
        let text = std::str::from_utf8(field.value).map_err(|_| Refused::Malformed)?;
        let tags = Tags::parse(text).ok_or(Refused::Malformed)?;
        let need = |tag| tags.of(tag).ok_or(Refused::Malformed);
        if need("v")? != "1" {
            return Err(Refused::Malformed);
        }
        let name = |tag| domain::normal(&unfolded(need(tag)?)).ok_or(Refused::Malformed);
        let octets = |tag| BASE64.decode(unfolded(need(tag)?)).map_err(|_| Refused::Malformed);
        let (header_form, body_form) = match tags.of("c") {
            Some(text) => Form::pair(text).ok_or(Refused::Unsupported)?,
            None => (Form::Simple, Form::Simple),
        };
        let domain = name("d")?;
        let identity_domain = match tags.of("i") {
            Some(identity) => domain::of_address(&unfolded(identity)).ok_or(Refused::Malformed)?,
            None => domain.clone(),
        };
        if !domain::is_within(&identity_domain, &domain) {
            return Err(Refused::Malformed);
        }
        Ok(Self {
            field,
            algorithm: Algorithm::by_name(need("a")?).ok_or(Refused::Unsupported)?,
            domain,
            selector: name("s")?,
            header_form,
            body_form,
            body_hash: octets("bh")?,
            signature: octets("b")?,
            signed: signed(need("h")?)?,
            identity_domain,
            is_partial: tags.of("l").is_some(),
            expires_at: expires_at(&tags)?,
        })
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| now.as_seconds() >= at)
    }

    /// Where the key is.
    pub(crate) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What was signed: the named fields, each time the next one from the bottom, and then this one without the
    /// signature itself (section 3.7).
    pub(crate) fn input(&self, fields: &[Field<'_>]) -> Vec<u8> {
        let mut input = Vec::new();
        // How many fields from the bottom are used up, by name.
        let mut used: Vec<(&str, usize)> = Vec::new();
        for name in &self.signed {
            let known = used.iter().position(|(known, _)| known == name);
            let place = known.unwrap_or_else(|| {
                used.push((name, 0));
                used.len() - 1
            });
            let from_bottom = fields.iter().rev().filter(|field| field.is(name));
            if let Some(field) = from_bottom.clone().nth(used[place].1) {
                self.header_form.add_field(field, &mut input);
                used[place].1 += 1;
            }
        }
        let bare = without_signature(self.field.raw);
        self.header_form.add_field(&crate::message::field(&bare), &mut input);
        while input.last().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            input.pop();
        }
        input
    }
}

/// Section 3.5: `From` must be among them.
fn signed(text: &str) -> Result<Vec<String>, Refused> {
    let names: Vec<String> = words(text).take(SIGNED_MAX + 1).collect();
    let is_fine = names.len() <= SIGNED_MAX
        && names.iter().any(|name| name == "from")
        && names.iter().all(|name| !name.is_empty());
    if is_fine { Ok(names) } else { Err(Refused::Malformed) }
}

fn expires_at(tags: &Tags<'_>) -> Result<Option<i64>, Refused> {
    let Some(text) = tags.of("x") else { return Ok(None) };
    let seconds: i64 = text.parse().map_err(|_| Refused::Malformed)?;
    let signed_at = tags.of("t").and_then(|text| text.parse::<i64>().ok());
    match signed_at {
        Some(signed_at) if seconds <= signed_at => Err(Refused::Malformed),
        _ => Ok(Some(seconds)),
    }
}

/// The field with nothing in its tag `b`.
fn without_signature(raw: &[u8]) -> Vec<u8> {
    let Some(colon) = memchr::memchr(b':', raw) else { return raw.to_vec() };
    let (head, mut rest) = raw.split_at(colon + 1);
    let mut bare = head.to_vec();
    while !rest.is_empty() {
        let end = memchr::memchr(b';', rest).map_or(rest.len(), |at| at + 1);
        let (piece, after) = rest.split_at(end);
        match memchr::memchr(b'=', piece) {
            Some(equals) if piece[..equals].trim_ascii() == b"b" => {
                bare.extend_from_slice(&piece[..=equals]);
                if piece.ends_with(b";") {
                    bare.push(b';');
                }
            }
            _ => bare.extend_from_slice(piece),
        }
        rest = after;
    }
    bare
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::field;

    #[test]
    fn the_signature_itself_is_not_signed() {
        let raw = b"DKIM-Signature: v=1; bh=x=; b = abc\r\n\t def ; t=1\r\n";
        assert_eq!(without_signature(raw), b"DKIM-Signature: v=1; bh=x=; b =; t=1\r\n");
        assert_eq!(without_signature(b"D: a=1; b=xy\r\n"), b"D: a=1; b=");
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let good = "v=1; a=rsa-sha256; d=a.example; s=x; h=from:to; bh=YQ==; b=Y Q; i=@b.a.example";
        let parse = |text: &str| Signature::parse(field(format!("D:{text}\r\n").leak().as_bytes()));
        let signature = parse(good).unwrap();
        assert_eq!(signature.key_name(), "x._domainkey.a.example");
        assert_eq!(
            (signature.signed.len(), signature.identity_domain.as_str()),
            (2, "b.a.example")
        );
        for (from, to) in [
            ("v=1", "v=2"),
            ("rsa-sha256", "rsa-sha1"),
            ("h=from:to", "h=to"),
            ("bh=YQ==;", ""),
            ("@b.a.example", "@b.example"),
            ("d=a.example", "d=a b"),
            ("s=x", "s=x; x=1; t=2"),
        ] {
            assert!(parse(&good.replace(from, to)).is_err(), "{to}");
        }
    }

    proptest! {
        #[test]
        fn any_field_is_borne(value in proptest::collection::vec(any::<u8>(), 0..120)) {
            let raw = [b"DKIM-Signature:", &value[..]].concat();
            let _ = Signature::parse(field(&raw));
            let _ = without_signature(&raw);
        }
    }
}
