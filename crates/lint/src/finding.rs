//! What the linter says.

use policy::{Span, json::Edit};

use crate::code::{Code, Severity};

/// Findings kept of one document; further ones are only counted.
const FINDINGS_MAX: usize = 1_000;

/// Something to say about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// In AWS's words where AWS has words for it.
    pub message: String,
    /// Where; the first is the place to show. Never empty.
    pub locations: Vec<Location>,
    /// What to do about it, where that can be said.
    pub hint: Option<String>,
    /// The changes of the text that mend it without doubt; none where there is a doubt.
    pub edits: Vec<Edit>,
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    pub(crate) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn edit(&mut self, edit: Edit) -> &mut Self {
        self.edits.push(edit);
        self
    }

    /// One more place that belongs to it.
    pub(crate) fn also_at(&mut self, span: Span) -> &mut Self {
        self.locations.push(Location { path: Vec::new(), span });
        self
    }
}

/// A place in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// From the document down; empty for the document itself, and where the text is no JSON.
    pub path: Vec<PathElement>,
    /// Where in the text.
    pub span: Span,
}

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathElement {
    /// To the name of a member.
    Key(String),
    /// To the value of a member.
    Value(String),
    /// To an item of an array, counted from 0.
    Index(usize),
    /// To a part of a string, in characters.
    Substring {
        /// The first character, counted from 0.
        start: usize,
        /// How many.
        length: usize,
    },
}

/// Names and patterns compared for one document. Policies that people write stay far below; beyond it
/// the rules that compare say nothing more, so that no text takes long.
const COMPARISONS_MAX: usize = 2_000_000;

/// Collects findings.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    /// Comparisons still to be made.
    left: usize,
    /// Takes what is beyond the bound.
    scratch: Option<Box<Finding>>,
}

impl Default for Findings {
    fn default() -> Self {
        Self { list: Vec::new(), left: COMPARISONS_MAX, scratch: None }
    }
}

impl Findings {
    /// Whether `comparisons` more can be made; if so they are counted.
    pub(crate) fn afford(&mut self, comparisons: usize) -> bool {
        let left = self.left.checked_sub(comparisons);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Adds a finding, to which its finder may add more.
    pub(crate) fn add(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Finding {
        let finding = Finding {
            code,
            message: message.into(),
            locations: vec![Location { path: Vec::new(), span }],
            hint: None,
            edits: Vec::new(),
        };
        if self.list.len() >= FINDINGS_MAX {
            return self.scratch.insert(Box::new(finding));
        }
        let place = self.list.len();
        self.list.push(finding);
        &mut self.list[place]
    }
}
