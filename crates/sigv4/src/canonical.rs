//! The canonical request: one text for all requests that mean the same.

use std::borrow::Cow;

use aws_lc_rs::digest;

use crate::{ALGORITHM, Request, encode};

/// Most names in `SignedHeaders`; SDKs sign about ten. A bound on the work done for a stranger.
const MAX_SIGNED_HEADERS: usize = 100;
const SIGNATURE: &[u8] = b"X-Amz-Signature";
const TOKEN: &[u8] = b"X-Amz-Security-Token";

/// How a service reads what is signed. The default is that of every service but S3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// How the path is written.
    pub path: PathStyle,
    /// Whether the body must be signed.
    pub payload: Payload,
}

/// How the path is written in the canonical request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathStyle {
    /// Dots and doubled slashes resolved, then encoded once more (`%20` becomes `%2520`).
    #[default]
    Normalized,
    /// As S3 has it: encoded once, nothing resolved.
    Literal,
}

/// Whether the body must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// The hash that is signed must be that of the body.
    #[default]
    Signed,
    /// As S3 has it: `UNSIGNED-PAYLOAD` is taken, and is what a presigned URL signs.
    MayBeUnsigned,
}

/// What the canonical query leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Omitted {
    Signature,
    SignatureAndToken,
}

impl Omitted {
    fn holds(self, name: &[u8]) -> bool {
        name == SIGNATURE || (self == Self::SignatureAndToken && name == TOKEN)
    }
}

/// The text in the place of the body's hash, or `None` if the one sent is not the body's.
pub(crate) fn payload<'a>(
    request: &Request<'a>,
    presigned: bool,
    rule: Payload,
) -> Option<Cow<'a, [u8]>> {
    let sent = request.header_values("x-amz-content-sha256").next();
    let unsigned = match sent {
        Some(text) => is_unsigned(text),
        None => presigned,
    };
    if unsigned && rule == Payload::MayBeUnsigned {
        return Some(Cow::Borrowed(sent.unwrap_or(b"UNSIGNED-PAYLOAD")));
    }
    let hash = sha256_hex(request.body);
    match sent {
        Some(text) if text.trim_ascii() != hash => None,
        _ => Some(Cow::Owned(hash.to_vec())),
    }
}

fn is_unsigned(text: &[u8]) -> bool {
    text == b"UNSIGNED-PAYLOAD" || text == b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
}

/// The canonical request, or `None` if a signed header is missing or too many are signed.
pub(crate) fn request(
    request: &Request<'_>,
    signed_headers: &str,
    payload: &[u8],
    path: PathStyle,
    omitted: Omitted,
) -> Option<Vec<u8>> {
    if signed_headers.split(';').nth(MAX_SIGNED_HEADERS).is_some() {
        return None;
    }
    let size: usize =
        request.headers.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut out = Vec::with_capacity(size + 2 * request.target.len() + signed_headers.len() + 128);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    append_path(request.path(), path, &mut out);
    out.push(b'\n');
    append_query(request.query(), omitted, &mut out);
    out.push(b'\n');
    for name in signed_headers.split(';') {
        append_header(request, name, &mut out)?;
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload);
    Some(out)
}

/// What the signing key signs.
pub(crate) fn string_to_sign(date: &str, scope: &str, canonical: &[u8]) -> Vec<u8> {
    let hash = sha256_hex(canonical);
    let parts = [ALGORITHM.as_bytes(), date.as_bytes(), scope.as_bytes(), &hash];
    parts.join(&b'\n')
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> [u8; 64] {
    encode::hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn append_path(path: &[u8], style: PathStyle, out: &mut Vec<u8>) {
    if path.is_empty() {
        out.push(b'/');
    } else if style == PathStyle::Literal {
        encode::recode(path, encode::Plus::Itself, Some(b'/'), out);
    } else {
        append_normalized(path, out);
    }
}

fn append_normalized(path: &[u8], out: &mut Vec<u8>) {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    for segment in &kept {
        out.push(b'/');
        encode::percent(segment, None, out);
    }
    if kept.is_empty() || path.ends_with(b"/") {
        out.push(b'/');
    }
}

fn append_query(query: &[u8], omitted: Omitted, out: &mut Vec<u8>) {
    if query.is_empty() {
        return;
    }
    let items = query.split(|byte| *byte == b'&').filter(|item| !item.is_empty());
    let mut items: Vec<_> = items.map(canonical_item).collect();
    items.retain(|(name, _)| !omitted.holds(name));
    items.sort_unstable();
    for (at, (name, value)) in items.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn canonical_item(item: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let at = item.iter().position(|byte| *byte == b'=').unwrap_or(item.len());
    let recode = |text: &[u8]| {
        let mut out = Vec::with_capacity(text.len());
        encode::recode(text, encode::Plus::Space, None, &mut out);
        out
    };
    (recode(&item[..at]), recode(item.get(at + 1..).unwrap_or_default()))
}

/// `name:value,value`, each value trimmed and its inner spaces collapsed; `None` if there is no such header.
fn append_header(request: &Request<'_>, name: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut values = request.header_values(name).peekable();
    values.peek()?;
    out.extend_from_slice(name.as_bytes());
    let mut separator = b':';
    for value in values {
        out.push(separator);
        append_collapsed(value, out);
        separator = b',';
    }
    out.push(b'\n');
    Some(())
}

fn append_collapsed(value: &[u8], out: &mut Vec<u8>) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}
