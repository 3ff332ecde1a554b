//! The way of a text: characters, JSON, shape, AWS's checks, and, if nothing is wrong, compiled rules.

use crate::{
    check,
    defect::{Defects, INVALID_JSON, Malformed, SYNTAX},
    document::{Document, Kind, Written},
    index::Keys,
    json,
    position::Position,
    rule, shape,
};

/// Characters that a document may have, whitespace included: the limit of the parameter that carries it.
pub const TEXT_CHARS_MAX: usize = 131_072;

/// Reads a policy.
///
/// # Errors
/// [`Malformed`], with everything that is wrong and where, if the text is not a policy of that kind.
pub fn parse(text: &str, kind: Kind) -> Result<Document, Malformed> {
    let mut defects = Defects::new(if kind == Kind::Trust { INVALID_JSON } else { SYNTAX });
    let written = read(text, kind, &mut defects);
    defects.into_result()?;
    let compiled = written.and_then(|written| {
        let rules = rule::compile(&written).ok()?;
        Some(Document { keys: Keys::new(&rules), rules, written })
    });
    compiled.ok_or_else(|| {
        // Nothing is left out without a defect; should that ever be wrong, the text is refused.
        let mut defects = Defects::new(SYNTAX);
        defects.syntax(Position::START, "the document is not understood");
        defects.into_malformed()
    })
}

fn read(text: &str, kind: Kind, defects: &mut Defects) -> Option<Written> {
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        let message = format!("the document has more than {TEXT_CHARS_MAX} characters");
        defects.syntax(Position::START, message);
        return None;
    }
    characters(text, defects);
    let parsed = json::parse(text);
    for mistake in parsed.mistakes {
        let at = mistake.span.start;
        // Of a character that no policy has it is said already.
        if text.get(at.offset..).and_then(|rest| rest.chars().next()).is_none_or(is_taken) {
            defects.syntax(at, mistake.message);
        }
    }
    defects.omit(parsed.omitted);
    defects.say(SYNTAX);
    let root = parsed.root.filter(|_| parsed.sound && parsed.fragment.is_none())?;
    let written = shape::read(&root, kind, defects)?;
    check::check(&written, defects);
    Some(written)
}

/// The characters that IAM takes in a document: tab, line feed, carriage return, U+0020 to U+00FF.
fn characters(text: &str, defects: &mut Defects) {
    let mut at = Position::START;
    for char in text.chars() {
        if !is_taken(char) {
            let code = u32::from(char);
            defects.syntax(at, format!("a policy cannot have the character U+{code:04X}"));
        }
        at.advance(char);
    }
}

fn is_taken(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{ff}')
}

/// The size that quotas count: characters that are not whitespace.
#[must_use]
pub fn size_without_whitespace(text: &str) -> usize {
    text.chars().filter(|char| !char.is_whitespace()).count()
}
