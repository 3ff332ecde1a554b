//! Strings with wildcards and policy variables, cut into pieces.
//!
//! IAM User Guide, "IAM policy elements: Variables and tags".

/// A piece of a string of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Stands for itself; never empty, never beside another text.
    Text(Box<str>),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Many,
    /// `${key}`, `${key, 'default'}`.
    Variable(Variable),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The condition key, in lower case.
    pub(crate) key: Box<str>,
    /// What to take where the request has no such key.
    pub(crate) default: Option<Box<str>>,
}

/// What in a string is more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    pub(crate) variables: bool,
}

impl Syntax {
    /// Wildcards and nothing else.
    pub(crate) const WILDCARDS: Self = Self { wildcards: true, variables: false };
}

/// Why `${` begins no variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariableError {
    #[error("a variable has no closing `}}`")]
    Unclosed,
    #[error("a variable is empty")]
    Empty,
    #[error("a variable has a space in its name")]
    Space,
    #[error("the default of a variable must stand in single quotes")]
    Unquoted,
}

/// Cuts `text` into pieces.
pub(crate) fn read(text: &str, syntax: Syntax) -> Result<Vec<Piece>, VariableError> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if syntax.variables && rest.starts_with("${") {
            let (inner, after) = variable_body(rest)?;
            rest = after;
            match inner {
                // The way to write a character that would mean something.
                "*" | "?" | "$" => plain.push_str(inner),
                _ => {
                    flush(&mut plain, &mut pieces);
                    pieces.push(Piece::Variable(variable(inner)?));
                }
            }
            continue;
        }
        rest = rest.get(char.len_utf8()..).unwrap_or_default();
        let wildcard = match char {
            '*' if syntax.wildcards => Piece::Many,
            '?' if syntax.wildcards => Piece::One,
            _ => {
                plain.push(char);
                continue;
            }
        };
        flush(&mut plain, &mut pieces);
        // Two stars in a row say no more than one.
        if wildcard != Piece::Many || pieces.last() != Some(&Piece::Many) {
            pieces.push(wildcard);
        }
    }
    flush(&mut plain, &mut pieces);
    Ok(pieces)
}

/// Cuts pieces at the first `limit - 1` colons of their text; colons in variables do not count.
pub(crate) fn split_at_colons(pieces: Vec<Piece>, limit: usize) -> Vec<Vec<Piece>> {
    let mut parts = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            push(&mut parts, piece);
            continue;
        };
        let free = limit - parts.len();
        for (index, chunk) in text.splitn(free + 1, ':').enumerate() {
            if index > 0 {
                parts.push(Vec::new());
            }
            if !chunk.is_empty() {
                push(&mut parts, Piece::Text(chunk.into()));
            }
        }
    }
    parts
}

/// The names of the keys of a text's variables, as written. Variables that are none have no name.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.get(rest.find("${")?..)?;
            let (inner, after) = variable_body(rest).ok()?;
            rest = after;
            let key = inner.split_once(',').map_or(inner, |(key, _)| key).trim();
            if !matches!(inner, "*" | "?" | "$") && !key.is_empty() {
                return Some(key);
            }
        }
    })
}

fn push(parts: &mut [Vec<Piece>], piece: Piece) {
    if let Some(last) = parts.last_mut() {
        last.push(piece);
    }
}

fn flush(plain: &mut String, pieces: &mut Vec<Piece>) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain).into()));
    }
}

/// What stands between `${` and `}`, and what follows. A `}` in the quotes of a default belongs to it.
fn variable_body(text: &str) -> Result<(&str, &str), VariableError> {
    let body = text.get(2..).unwrap_or_default();
    let mut in_quotes = false;
    for (index, char) in body.char_indices() {
        match char {
            '\'' => in_quotes = !in_quotes,
            '}' if !in_quotes => {
                let (inner, after) = body.split_at(index);
                return Ok((inner, after.get(1..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    Err(VariableError::Unclosed)
}

fn variable(inner: &str) -> Result<Variable, VariableError> {
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim())),
        None => (inner.trim(), None),
    };
    if key.is_empty() {
        return Err(VariableError::Empty);
    }
    if key.contains(char::is_whitespace) {
        return Err(VariableError::Space);
    }
    let default = match default {
        None => None,
        Some(quoted) => {
            let inner = quoted.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            let valid = inner.filter(|text| !text.contains('\''));
            Some(valid.ok_or(VariableError::Unquoted)?.into())
        }
    };
    Ok(Variable { key: key.to_lowercase().into(), default })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Syntax = Syntax { wildcards: true, variables: true };

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    fn variable(key: &str, default: Option<&str>) -> Piece {
        Piece::Variable(Variable { key: key.into(), default: default.map(Into::into) })
    }

    #[test]
    fn pieces_of_a_string() {
        let read = |string| read(string, FULL).unwrap();
        assert_eq!(read(""), []);
        assert_eq!(read("a*?b"), [text("a"), Piece::Many, Piece::One, text("b")]);
        assert_eq!(read("***"), [Piece::Many]);
        assert_eq!(read("${*}${?}${$}{}$"), [text("*?${}$")]);
        assert_eq!(
            read("u/${aws:UserName}/"),
            [text("u/"), variable("aws:username", None), text("/")]
        );
        assert_eq!(read("${ k , 'a }, b' }"), [variable("k", Some("a }, b"))]);
        assert_eq!(read("${k,''}"), [variable("k", Some(""))]);
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for (string, error) in [
            ("a${b", VariableError::Unclosed),
            ("${", VariableError::Unclosed),
            ("${k,'a}", VariableError::Unclosed),
            ("${}", VariableError::Empty),
            ("${ }", VariableError::Empty),
            ("${a b}", VariableError::Space),
            ("${a, b}", VariableError::Unquoted),
            ("${a,'}'b'}", VariableError::Unclosed),
            ("${a,}", VariableError::Unquoted),
        ] {
            assert_eq!(read(string, FULL), Err(error), "{string}");
        }
    }

    #[test]
    fn names_of_keys() {
        let keys = |text| keys(text).collect::<Vec<_>>();
        assert_eq!(keys("a${aws:UserName}/${*}${ k , 'a }' }${$}$"), ["aws:UserName", "k"]);
        assert_eq!(keys("${}${a"), [""; 0]);
        assert_eq!(keys("plain"), [""; 0]);
    }

    #[test]
    fn without_variables_they_are_text() {
        let syntax = Syntax { wildcards: false, variables: false };
        assert_eq!(read("${a*", syntax), Ok(vec![text("${a*")]));
    }

    #[test]
    fn parts_are_cut_at_colons_of_text_only() {
        let pieces = read("arn:aws:${a:b}::x*:y:z", FULL).unwrap();
        let parts = split_at_colons(pieces, 6);
        assert_eq!(parts.len(), 6);
        assert_eq!(parts[2], [variable("a:b", None)]);
        assert_eq!(parts[3], []);
        assert_eq!(parts[4], [text("x"), Piece::Many]);
        assert_eq!(parts[5], [text("y:z")]);
    }
}
