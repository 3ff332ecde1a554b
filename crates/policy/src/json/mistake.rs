//! What is wrong with a text that should be JSON, and how to mend it.

use std::borrow::Cow;

use crate::position::{Position, Span};

/// Mistakes kept of one text; further ones are only counted.
const MISTAKES_MAX: usize = 100;

/// A place where the text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was seen.
    pub span: Span,
    /// Where something is missing, if that is not where it was missed.
    pub missing_at: Option<Position>,
    /// What is wrong: lower case, no full stop, the document's own words in backticks.
    pub message: String,
    /// What to do about it, where that can be said.
    pub hint: Option<String>,
    /// The changes that mend it; none where there is more than one way.
    pub edits: Vec<Edit>,
}

/// A change of the text: the bytes from `start` to before `end` become `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Offset of the first byte replaced.
    pub start: usize,
    /// Offset after the last byte replaced; equal to `start` where something is put in.
    pub end: usize,
    /// What comes there.
    pub text: Cow<'static, str>,
}

impl Edit {
    /// Puts `text` in.
    pub fn insert(at: usize, text: impl Into<Cow<'static, str>>) -> Self {
        Self { start: at, end: at, text: text.into() }
    }

    /// Puts `text` in the place of what `span` covers.
    pub fn replace(span: Span, text: impl Into<Cow<'static, str>>) -> Self {
        Self { start: span.start.offset, end: span.end.offset, text: text.into() }
    }

    /// Takes out what `span` covers.
    #[must_use]
    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

impl Mistake {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, missing_at: None, message: message.into(), hint: None, edits: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts `text`, which is missing, in at `at`.
    pub(super) fn missing(mut self, at: Position, text: &'static str) -> Self {
        self.missing_at = Some(at);
        self.edit(Edit::insert(at.offset, text))
    }

    pub(super) fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }
}

/// `text` with `edits` made. Of edits that overlap the first counts; of those at one place, in their order.
///
/// # Panics
/// Never: an edit that does not lie within `text`, or cuts a character, is left out.
#[must_use]
pub fn mend(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.start);
    let mut mended = String::with_capacity(text.len());
    let mut done = 0;
    for edit in sorted {
        let fits = edit.start >= done && text.get(edit.start..edit.end).is_some();
        let Some(kept) = text.get(done..edit.start).filter(|_| fits) else { continue };
        mended.push_str(kept);
        mended.push_str(&edit.text);
        done = edit.end;
    }
    mended.push_str(text.get(done..).unwrap_or_default());
    mended
}

/// Collects the mistakes of one text.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    pub(crate) kept: Vec<Mistake>,
    pub(crate) omitted: usize,
}

impl Mistakes {
    pub(super) fn add(&mut self, mistake: Mistake) {
        if self.kept.len() == MISTAKES_MAX {
            self.omitted += 1;
        } else {
            self.kept.push(mistake);
        }
    }
}
