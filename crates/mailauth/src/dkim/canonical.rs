//! What of a message is signed, in one of two forms (RFC 6376, section 3.4).

use aws_lc_rs::digest::{Context, SHA256};

use crate::message::Field;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// To the octet.
    Simple,
    /// Spaces and the case of names do not count.
    Relaxed,
}

impl Form {
    /// Those of header and body: the tag `c`.
    pub(crate) fn pair(text: &str) -> Option<(Self, Self)> {
        let (header, body) = text.split_once('/').unwrap_or((text, "simple"));
        Some((Self::by_name(header)?, Self::by_name(body)?))
    }

    fn by_name(name: &str) -> Option<Self> {
        match name {
            "simple" => Some(Self::Simple),
            "relaxed" => Some(Self::Relaxed),
            _ => None,
        }
    }

    /// Adds a field.
    pub(crate) fn add_field(self, field: &Field<'_>, to: &mut Vec<u8>) {
        match self {
            Self::Simple => to.extend_from_slice(field.raw),
            Self::Relaxed => {
                to.extend(field.name.iter().map(u8::to_ascii_lowercase));
                to.push(b':');
                add_relaxed(field.value, to);
                to.extend_from_slice(b"\r\n");
            }
        }
    }

    /// The hash of a body.
    pub(crate) fn body_hash(self, body: &[u8]) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        match self {
            Self::Simple => hash_simple(body, &mut hash),
            Self::Relaxed => hash_relaxed(body, &mut hash),
        }
        let mut octets = [0; 32];
        octets.copy_from_slice(hash.finish().as_ref());
        octets
    }
}

/// Section 3.4.2: unfolded, each run of spaces one, none at the ends.
fn add_relaxed(value: &[u8], to: &mut Vec<u8>) {
    let words = value.split(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
    for (index, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            to.push(b' ');
        }
        to.extend_from_slice(word);
    }
}

/// Section 3.4.3: empty lines at the end do not count; an empty body is one empty line.
fn hash_simple(body: &[u8], hash: &mut Context) {
    let mut body = body;
    while let Some(shorter) = body.strip_suffix(b"\r\n") {
        body = shorter;
    }
    hash.update(body);
    hash.update(b"\r\n");
}

/// Section 3.4.4: besides, spaces at the end of a line do not count, and each run within one is one.
fn hash_relaxed(body: &[u8], hash: &mut Context) {
    let mut empty_lines = 0;
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = trim_spaces(line.strip_suffix(b"\r").unwrap_or(line));
        rest = after;
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..empty_lines {
            hash.update(b"\r\n");
        }
        empty_lines = 0;
        hash_line(line, hash);
        hash.update(b"\r\n");
    }
}

fn trim_spaces(mut line: &[u8]) -> &[u8] {
    while let [shorter @ .., b' ' | b'\t'] = line {
        line = shorter;
    }
    line
}

/// Most lines have no run of spaces and go as they are.
fn hash_line(line: &[u8], hash: &mut Context) {
    let is_space = |b: u8| matches!(b, b' ' | b'\t');
    let (mut from, mut at) = (0, 0);
    while let Some(found) = memchr::memchr2(b' ', b'\t', &line[at..]) {
        let space = at + found;
        let run = line[space..].iter().take_while(|b| is_space(**b)).count();
        if run > 1 || line[space] == b'\t' {
            hash.update(&line[from..space]);
            hash.update(b" ");
            from = space + run;
        }
        at = space + run;
    }
    hash.update(&line[from..]);
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;
    use proptest::prelude::*;

    use super::*;
    use crate::message::field;

    fn sha256(text: &[u8]) -> Vec<u8> {
        digest::digest(&SHA256, text).as_ref().to_vec()
    }

    /// The plain way: the whole text in the other form.
    fn reference(body: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(body).into_owned();
        let mut lines: Vec<String> = text
            .split("\r\n")
            .map(|line| {
                let mut out = String::new();
                for c in line.chars().map(|c| if c == '\t' { ' ' } else { c }) {
                    if c != ' ' || !out.ends_with(' ') {
                        out.push(c);
                    }
                }
                out.trim_end_matches(' ').to_owned()
            })
            .collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 6376, section 3.4.5
        let mut out = Vec::new();
        for raw in [&b"A: X\r\n"[..], b"B : Y\t\r\n\tZ  \r\n"] {
            Form::Relaxed.add_field(&field(raw), &mut out);
        }
        assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(Form::Relaxed.body_hash(body)[..], sha256(b" C\r\nD E\r\n"));
        assert_eq!(Form::Simple.body_hash(body)[..], sha256(b" C \r\nD \t E\r\n"));
        assert_eq!(Form::Simple.body_hash(b"")[..], sha256(b"\r\n"));
        assert_eq!(Form::Relaxed.body_hash(b"")[..], sha256(b""));
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_way(pieces in proptest::collection::vec("[ab]| |\t|\r\n", 0..40)) {
            let body = pieces.concat().into_bytes();
            prop_assert_eq!(&Form::Relaxed.body_hash(&body)[..], sha256(&reference(&body)));
        }
    }
}
