//! Compiled strings with wildcards and variables, and matching them without backtracking over stars.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::{
    context::{Context, Values},
    template::{Piece, Variable},
};

/// Pieces and variables of a pattern that are matched without allocating.
const INLINE: usize = 12;

/// A pattern over a whole string. The commonest forms have their own quick ways.
#[derive(Debug)]
pub(crate) enum Glob {
    /// `*`
    Any,
    /// Text alone.
    Exact(Box<str>),
    /// Text and a star.
    Prefix(Box<str>),
    /// All else.
    Pieces(Box<[Piece]>),
}

impl Glob {
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        match pieces.as_slice() {
            [] => Self::Exact("".into()),
            [Piece::Many] => Self::Any,
            [Piece::Text(text)] => Self::Exact(text.clone()),
            [Piece::Text(text), Piece::Many] => Self::Prefix(text.clone()),
            _ => Self::Pieces(pieces.into()),
        }
    }

    /// Whether `text` matches. The text of variables is no wildcard; a pattern with a variable that has
    /// no value matches nothing.
    pub(crate) fn matches(&self, text: &str, context: &dyn Context) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Pieces(pieces) => match_pieces(pieces, text, context),
        }
    }

    /// The text that the pattern stands for, wildcards aside; nothing if a variable has no value.
    pub(crate) fn substitute<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match self {
            Self::Any => Some("*".into()),
            Self::Exact(text) => Some((&**text).into()),
            Self::Prefix(text) => Some(format!("{text}*").into()),
            Self::Pieces(pieces) => match &**pieces {
                [Piece::Variable(variable)] => resolve(variable, context),
                pieces => concatenate(pieces, context).map(Cow::Owned),
            },
        }
    }

    /// The text that every match begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        match self {
            Self::Any => "",
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Pieces(pieces) => match pieces.first() {
                Some(Piece::Text(text)) => text,
                _ => "",
            },
        }
    }
}

/// The value of a variable: that of its key if the request has exactly one, else the default.
fn resolve<'a>(variable: &'a Variable, context: &'a dyn Context) -> Option<Cow<'a, str>> {
    match context.get(&variable.key) {
        Some(Values::One(value)) => Some(value),
        // Only single-valued keys may stand in variables; which value was meant would be a guess.
        Some(Values::Many(values)) if !values.is_empty() => None,
        Some(Values::Many(_)) | None => variable.default.as_deref().map(Cow::Borrowed),
    }
}

fn concatenate(pieces: &[Piece], context: &dyn Context) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::One => text.push('?'),
            Piece::Many => text.push('*'),
            Piece::Variable(variable) => text.push_str(&resolve(variable, context)?),
        }
    }
    Some(text)
}

/// A piece whose variable has its value.
#[derive(Clone, Copy)]
enum Bit<'a> {
    Text(&'a str),
    One,
    Many,
}

fn match_pieces(pieces: &[Piece], text: &str, context: &dyn Context) -> bool {
    let mut values: SmallVec<[Cow<'_, str>; 4]> = SmallVec::new();
    for piece in pieces {
        let Piece::Variable(variable) = piece else { continue };
        let Some(value) = resolve(variable, context) else { return false };
        values.push(value);
    }
    let mut values = values.iter();
    let bits: SmallVec<[Bit<'_>; INLINE]> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Bit::Text(text),
            Piece::One => Bit::One,
            Piece::Many => Bit::Many,
            Piece::Variable(_) => Bit::Text(values.next().map_or("", |value| value)),
        })
        .collect();
    match_bits(&bits, text)
}

/// The stars cut the pattern into groups: the first must begin the text, the last must end it, and
/// taking the leftmost place for each between them is never wrong. So no star is ever tried twice.
fn match_bits(bits: &[Bit<'_>], text: &str) -> bool {
    let mut groups = bits.split(|bit| matches!(bit, Bit::Many));
    let first = groups.next().unwrap_or_default();
    let Some(rest) = strip_start(first, text) else { return false };
    let Some(last) = groups.next_back() else { return rest.is_empty() };
    let Some(mut rest) = strip_end(last, rest) else { return false };
    for group in groups {
        match find(group, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What follows `group` at the start of `text`.
fn strip_start<'t>(group: &[Bit<'_>], text: &'t str) -> Option<&'t str> {
    group.iter().try_fold(text, |rest, bit| match bit {
        Bit::Text(text) => rest.strip_prefix(text),
        Bit::One | Bit::Many => {
            let mut chars = rest.chars();
            chars.next().map(|_| chars.as_str())
        }
    })
}

/// What precedes `group` at the end of `text`.
fn strip_end<'t>(group: &[Bit<'_>], text: &'t str) -> Option<&'t str> {
    group.iter().rev().try_fold(text, |rest, bit| match bit {
        Bit::Text(text) => rest.strip_suffix(text),
        Bit::One | Bit::Many => {
            let mut chars = rest.chars();
            chars.next_back().map(|_| chars.as_str())
        }
    })
}

/// What follows the leftmost place of `group` in `text`.
fn find<'t>(group: &[Bit<'_>], text: &'t str) -> Option<&'t str> {
    if let [Bit::Text(text_bit)] = group {
        return text.split_once(text_bit).map(|(_, after)| after);
    }
    let starts = text.char_indices().map(|(index, _)| index).chain([text.len()]);
    starts.filter_map(|start| text.get(start..)).find_map(|rest| strip_start(group, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{self, Syntax};

    struct Keys;

    impl Context for Keys {
        fn get(&self, key: &str) -> Option<Values<'_>> {
            match key {
                "star" => Some(Values::One("*".into())),
                "name" => Some(Values::One("anna".into())),
                "empty" => Some(Values::Many(Vec::new())),
                "two" => Some(Values::Many(vec!["a".into(), "b".into()])),
                _ => None,
            }
        }
    }

    fn matches(pattern: &str, text: &str) -> bool {
        let syntax = Syntax { wildcards: true, variables: true };
        Glob::new(template::read(pattern, syntax).unwrap()).matches(text, &Keys)
    }

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a:b/c"),
            ("a*", "a"),
            ("*a", "ba"),
            ("a*b*c", "abc"),
            ("a*b*c", "aXbYbZc"),
            ("?", "é"),
            ("a?c", "a\u{1f600}c"),
            ("*?", "x"),
            ("?*?", "xy"),
            ("*ab?d*", "ababcd"),
            ("a**b", "ab"),
            ("*aab", "aaab"),
            ("a*?b", "axb"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("?", ""),
            ("a*a", "a"),
            ("?*?", "x"),
            ("a*b", "abc"),
            ("A", "a"),
            ("*ab*ab*", "aab"),
            ("a?", "a"),
            ("ab*bc", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn variables() {
        assert!(matches("user/${name}", "user/anna"));
        assert!(matches("*/${name}/*", "x/anna/y"));
        assert!(!matches("user/${name}", "user/bob"));
        assert!(matches("${star}", "*") && !matches("${star}", "x"));
        assert!(matches("${gone, 'd*'}", "d*") && !matches("${gone, 'd*'}", "dd"));
        assert!(matches("${empty, 'd'}", "d"));
        assert!(!matches("${gone}", "") && !matches("${gone}", "${gone}"));
        assert!(!matches("${two}", "a") && !matches("${two, 'a'}", "a"));
        assert!(!matches("*${gone}", "x"));
        assert!(matches("${*}${?}", "*?") && !matches("${*}", "x"));
    }

    #[test]
    fn many_stars_cost_little() {
        let pattern = "*a".repeat(500) + "b";
        assert!(!matches(&pattern, &"a".repeat(100_000)));
    }
}
