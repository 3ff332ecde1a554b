//! When two signed requests mean the same: written from the specification, slowly, and apart from the code
//! under test.
//!
//! Two requests mean the same if they agree in
//! - method and body, byte for byte;
//! - path: decoded only by dropping empty and `.` segments and resolving `..` (or, for S3, by percent-decoding);
//! - query: the multiset of decoded names and values;
//! - the signed headers: names without regard to letter case, values as words between white space, in order;
//! - credential, date, signed names, signature, and session token if it is signed. In an `Authorization`
//!   header the white space around the fields, their order and unknown fields do not matter.

use std::collections::BTreeMap;

use sigv4::PathStyle;

use crate::Owned;

type Bytes = Vec<u8>;

#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    method: Bytes,
    body: Bytes,
    path: Vec<Bytes>,
    query: Vec<(Bytes, Bytes)>,
    fields: BTreeMap<String, String>,
    headers: BTreeMap<String, Vec<Vec<Bytes>>>,
}

/// `None` if the request bears no signature. A token that is not signed is none of the signature's business.
pub(crate) fn meaning(request: &Owned, style: PathStyle, token_signed: bool) -> Option<Meaning> {
    let mut parts = request.target.splitn(2, |byte| *byte == b'?');
    let path = path(parts.next()?, style);
    let mut query = query(parts.next().unwrap_or_default());
    if !token_signed {
        query.retain(|(name, _)| name != b"X-Amz-Security-Token");
    }
    let fields = fields(request, &query)?;
    let signed = fields.get("SignedHeaders")?.split(';');
    let headers = signed.map(|name| (name.to_lowercase(), words(request, name))).collect();
    let (method, body) = (request.method.clone(), request.body.clone());
    Some(Meaning { method, body, path, query, fields, headers })
}

fn path(text: &[u8], style: PathStyle) -> Vec<Bytes> {
    if style == PathStyle::Literal {
        return vec![decode(text, false)];
    }
    let mut kept: Vec<Bytes> = Vec::new();
    for segment in text.split(|byte| *byte == b'/') {
        if segment == b".." {
            kept.pop();
        } else if !segment.is_empty() && segment != b"." {
            kept.push(segment.to_vec());
        }
    }
    if text.ends_with(b"/") && !kept.is_empty() {
        kept.push(Bytes::new());
    }
    kept
}

fn query(text: &[u8]) -> Vec<(Bytes, Bytes)> {
    let items = text.split(|byte| *byte == b'&').filter(|item| !item.is_empty());
    let mut items: Vec<_> = items
        .map(|item| {
            let mut sides = item.splitn(2, |byte| *byte == b'=');
            let mut side = || decode(sides.next().unwrap_or_default(), true);
            (side(), side())
        })
        .collect();
    items.sort();
    items
}

fn decode(text: &[u8], plus: bool) -> Bytes {
    let mut out = Bytes::new();
    let mut at = 0;
    while at < text.len() {
        let digits = text.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match (text[at], escaped) {
            (b'%', Some(digits)) => {
                out.push(u8::from_str_radix(digits, 16).unwrap());
                at += 2;
            }
            (b'+', _) if plus => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// The fields of the signature and the date that it names.
fn fields(request: &Owned, query: &[(Bytes, Bytes)]) -> Option<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    let Some(header) = request.header("authorization") else {
        for (name, value) in query {
            let name = String::from_utf8(name.clone()).ok()?;
            if let Some(name) = name.strip_prefix("X-Amz-") {
                fields.insert(name.to_owned(), String::from_utf8(value.clone()).ok()?);
            }
        }
        fields.insert("form".to_owned(), "query".to_owned());
        return Some(fields);
    };
    let text = std::str::from_utf8(header).ok()?.trim();
    let (algorithm, rest) = text.split_once([' ', '\t'])?;
    for field in rest.split(',') {
        let (name, value) = field.trim().split_once('=')?;
        fields.insert(name.to_owned(), value.to_owned());
    }
    let date = request.header("x-amz-date")?;
    fields.insert("date".to_owned(), String::from_utf8_lossy(date).trim().to_owned());
    fields.insert("algorithm".to_owned(), algorithm.to_owned());
    fields.insert("form".to_owned(), "header".to_owned());
    Some(fields)
}

fn words(request: &Owned, name: &str) -> Vec<Vec<Bytes>> {
    let of_name = |key: &[u8]| key.eq_ignore_ascii_case(name.as_bytes());
    let values = request.headers.iter().filter(|(key, _)| of_name(key));
    let split = |value: &Bytes| {
        let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.map(<[u8]>::to_vec).collect()
    };
    values.map(|(_, value)| split(value)).collect()
}
