//! Mistakes of JSON as findings.

use policy::{
    Span,
    json::{Mistake, Parsed},
};

use crate::{
    code::Code,
    finding::Findings,
    wrapper::{self, Wrapper},
};

/// All mistakes, in the parser's words, with what mends them.
pub(crate) fn mistakes(parsed: &Parsed, wrapped: Option<&Wrapper<'_>>, findings: &mut Findings) {
    for (place, mistake) in parsed.mistakes.iter().enumerate() {
        let span = match mistake.missing_at {
            Some(at) => Span { start: at, end: at },
            None => mistake.span,
        };
        let finding = findings.add(Code::JsonSyntaxError, span, &*mistake.message);
        if let (Some(wrapper), true) = (wrapped, parsed.fragment == Some(place)) {
            finding.hint(wrapper::hint(wrapper));
            finding.edits = wrapper::unwrap(wrapper);
            continue;
        }
        finding.hint.clone_from(&mistake.hint);
        finding.edits.clone_from(&mistake.edits);
    }
}

/// The one finding that AWS has for a text that is no JSON.
pub(crate) fn only(mistake: &Mistake, findings: &mut Findings) {
    let at = mistake.span.start;
    let (line, column) = (at.line, at.column.saturating_sub(1));
    let message =
        format!("Fix the JSON syntax error at index {} line {line} column {column}.", at.offset);
    findings.add(Code::JsonSyntaxError, mistake.span, message);
}
