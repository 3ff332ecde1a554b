//! Findings in the API's form.

use lint::{Finding, PathElement as Step, Severity};
use policy::{Position as At, Span as Stretch};
use wire::accessanalyzer::{
    Location, PathElement, Position, Span, Substring, ValidatePolicyFinding,
    ValidatePolicyFindingType as Kind,
};

/// Shows findings of one text.
///
/// The linter counts columns from 1 and offsets in bytes, the API columns from 0 and offsets in characters.
pub(crate) struct Shower {
    /// Offsets of the bytes that begin no character.
    inner_bytes: Vec<usize>,
}

impl Shower {
    pub(crate) fn new(text: &str) -> Self {
        let inner = |(_, byte): &(usize, u8)| byte & 0b1100_0000 == 0b1000_0000;
        Self { inner_bytes: text.bytes().enumerate().filter(inner).map(|(at, _)| at).collect() }
    }

    pub(crate) fn finding(&self, finding: &Finding) -> ValidatePolicyFinding {
        ValidatePolicyFinding {
            finding_details: finding.message.clone(),
            finding_type: kind(finding.severity()),
            issue_code: finding.code.name().to_owned(),
            learn_more_link: finding.code.learn_more(),
            locations: finding.locations.iter().map(|location| self.location(location)).collect(),
        }
    }

    fn location(&self, location: &lint::Location) -> Location {
        Location { path: location.path.iter().map(step).collect(), span: self.span(location.span) }
    }

    fn span(&self, span: Stretch) -> Span {
        Span { start: self.position(span.start), end: self.position(span.end) }
    }

    fn position(&self, at: At) -> Position {
        let inner = self.inner_bytes.partition_point(|&byte| byte < at.offset);
        Position {
            line: at.line.try_into().unwrap_or(i32::MAX),
            column: (at.column - 1).try_into().unwrap_or(i32::MAX),
            offset: number(at.offset - inner),
        }
    }
}

fn kind(severity: Severity) -> Kind {
    match severity {
        Severity::Error => Kind::Error,
        Severity::SecurityWarning => Kind::SecurityWarning,
        Severity::Warning => Kind::Warning,
        Severity::Suggestion => Kind::Suggestion,
    }
}

fn step(step: &Step) -> PathElement {
    let mut element = PathElement::default();
    match step {
        Step::Key(name) => element.key = Some(name.clone()),
        Step::Value(name) => element.value = Some(name.clone()),
        Step::Index(index) => element.index = Some(number(*index)),
        Step::Substring { start, length } => {
            let (start, length) = (number(*start), number(*length));
            element.substring = Some(Substring { start, length });
        }
    }
    element
}

/// Texts are far shorter than what the API's integers can count.
fn number(count: usize) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
