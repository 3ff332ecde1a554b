//! What is wrong with a document, in AWS's words and in ours.

use std::{borrow::Cow, fmt, fmt::Write as _};

use crate::position::Position;

/// Defects kept of one document; further ones are only counted.
const DEFECTS_MAX: usize = 100;

/// Defects spelt out in a message; further ones are only counted.
const LISTED_MAX: usize = 20;

/// Characters of a user's text that a message repeats.
const QUOTED_CHARS_MAX: usize = 60;

/// What AWS says of everything that is no JSON or does not have the shape of a policy.
pub(crate) const SYNTAX: &str = "Syntax errors in policy.";

/// What AWS says instead of a trust policy that is no JSON.
pub(crate) const INVALID_JSON: &str = "This policy contains invalid Json";

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// What is wrong there: lower case, no full stop, the document's own words in backticks.
    pub message: String,
    stage: Stage,
    verdict: Cow<'static, str>,
}

impl Defect {
    /// The message AWS gives for this defect if it is the first that it finds.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.verdict
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// The order in which AWS looks: the first stage with a defect gives the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Syntax,
    Version,
    Legacy,
    StatementId,
    ActionMissing,
    Resource,
    Action,
    /// A resource that is missing, or that may not be there.
    ResourcePresence,
    Principal,
}

/// Collects the defects of one document.
#[derive(Debug)]
pub(crate) struct Defects {
    kept: Vec<Defect>,
    omitted: usize,
    /// What AWS says of a defect of syntax at this time.
    syntax: &'static str,
}

impl Defects {
    /// None yet; `syntax` is AWS's word for defects of syntax.
    pub(crate) fn new(syntax: &'static str) -> Self {
        Self { kept: Vec::new(), omitted: 0, syntax }
    }

    /// From here on, AWS's word for defects of syntax is another.
    pub(crate) fn say(&mut self, syntax: &'static str) {
        self.syntax = syntax;
    }

    /// A defect of syntax.
    pub(crate) fn syntax(&mut self, at: Position, message: impl Into<String>) {
        self.add(at, Stage::Syntax, self.syntax, message);
    }

    pub(crate) fn add(
        &mut self,
        at: Position,
        stage: Stage,
        verdict: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) {
        if self.kept.len() == DEFECTS_MAX {
            self.omitted += 1;
            return;
        }
        self.kept.push(Defect {
            line: at.line,
            column: at.column,
            offset: at.offset,
            message: message.into(),
            stage,
            verdict: verdict.into(),
        });
    }

    /// Counts defects that were found and not kept.
    pub(crate) fn omit(&mut self, count: usize) {
        self.omitted += count;
    }

    /// `Ok` if there are none.
    pub(crate) fn into_result(self) -> Result<(), Malformed> {
        if self.kept.is_empty() { Ok(()) } else { Err(self.into_malformed()) }
    }

    /// The answer to a document that has defects.
    pub(crate) fn into_malformed(self) -> Malformed {
        let Self { mut kept, omitted, syntax } = self;
        // Which defect AWS names follows the order of its checks; the list follows the text. Both keep
        // what was found first before what was found later.
        let first = kept.iter().min_by_key(|defect| defect.stage);
        let verdict = first.map_or(syntax, Defect::verdict).to_owned();
        kept.sort_by_key(|defect| defect.offset);
        let message = explain(&verdict, &kept, omitted);
        Malformed { verdict, message, defects: kept, omitted }
    }
}

fn explain(verdict: &str, defects: &[Defect], omitted: usize) -> String {
    let mut message = format!("{verdict} (");
    for (index, defect) in defects.iter().take(LISTED_MAX).enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        // Writing to a string cannot fail.
        let _ = write!(message, "{separator}{defect}");
    }
    let unlisted = defects.len().saturating_sub(LISTED_MAX) + omitted;
    if unlisted > 0 {
        let _ = write!(message, "; and {unlisted} more");
    }
    message.push(')');
    message
}

/// A document that is no policy: what AWS answers as `MalformedPolicyDocument`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    verdict: String,
    message: String,
    defects: Vec<Defect>,
    omitted: usize,
}

impl Malformed {
    /// AWS's message, followed in parentheses by the line and column of every defect.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// AWS's message alone.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// All that is wrong, in the order of the text.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// How many defects there are beyond those of [`defects`](Self::defects), which is bounded.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

/// A user's text in backticks, shortened for a message.
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("`{}...`", text.get(..end).unwrap_or(text)),
        None => format!("`{text}`"),
    }
}
