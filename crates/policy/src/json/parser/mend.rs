//! Mistakes that are mended in one way only, and what mends them.

use super::{Bracket, Edit, Mistake, Parser, Position, Span, quoted};

impl Parser<'_> {
    /// Notes that the token, whose inside is `text`, stands in the wrong quotes.
    pub(super) fn misquoted(&mut self, what: &str, text: &str) {
        let message =
            format!("{what} {} must stand in double quotes", quoted(text.trim_matches('\'')));
        let written = double_quoted(text);
        let mistake = Mistake::new(self.span, message).hint(format!("write {}", quoted(&written)));
        self.add(mistake.edit(Edit::replace(self.span, written)));
    }

    pub(super) fn missing_comma(&mut self) {
        let before = self.lexer.text().get(self.last.start.offset..self.last.end.offset);
        let hint = format!("put a comma after {}", quoted(before.unwrap_or_default()));
        let message = format!("expected a comma before {}", self.describe());
        self.add(Mistake::new(self.span, message).hint(hint).missing(self.last.end, ","));
    }

    pub(super) fn comma_before_closing(&mut self, comma: Option<Span>, found: Bracket) {
        let Some(span) = comma else { return };
        let closing = found.closing();
        let mistake = Mistake::new(span, format!("a comma before the closing `{closing}`"));
        // Of several commas the others are mended already.
        self.add(mistake.hint("delete the comma").edit(Edit::delete(span)));
    }

    /// Notes that the token, `what`, should not be there. If it has a line to itself, the line goes.
    pub(super) fn one_too_many(&mut self, what: &str) {
        let text = self.lexer.text();
        let (before, after) = (
            text.get(..self.span.start.offset).unwrap_or_default(),
            text.get(self.span.end.offset..).unwrap_or_default(),
        );
        let line = before.trim_end_matches([' ', '\t']);
        let rest = after.split('\n').next().unwrap_or_default();
        let mut edit = Edit::delete(self.span);
        if let Some(line) = line.strip_suffix('\n').filter(|_| rest.trim().is_empty()) {
            edit.start = line.strip_suffix('\r').unwrap_or(line).len();
            edit.end += rest.trim_end_matches('\r').len();
        }
        let mistake = Mistake::new(self.span, format!("one `{what}` too many"));
        self.add(mistake.hint(format!("delete this `{what}`")).edit(edit));
    }

    pub(super) fn unclosed(&mut self, kind: Bracket, opened: Position) {
        let closing = kind.closing();
        if !self.abandoned {
            let message = format!("the text ends where `{closing}` is missing, opened at {opened}");
            self.unclosed = Some(self.mistakes.kept.len());
            let mistake = Mistake::new(self.span, message).hint("close all brackets that are open");
            self.add(mistake.edit(Edit::insert(self.last.end.offset, "")));
        }
        // The collections around this one end here too; saying so again would tell nothing.
        self.abandoned = true;
        let indent = self.indent(opened);
        if let Some(mistake) = self.unclosed.and_then(|place| self.mistakes.kept.get_mut(place)) {
            for edit in &mut mistake.edits {
                edit.text.to_mut().push_str(&format!("{indent}{closing}"));
            }
        }
    }

    /// What comes before the bracket that closes what was opened at `opened`: a line end and the white
    /// space at the start of that line, or nothing on the same line.
    pub(super) fn indent(&self, opened: Position) -> String {
        if opened.line == self.last.end.line {
            return String::new();
        }
        let before = self.lexer.text().get(..opened.offset).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        format!("\n{}", &line[..line.len() - line.trim_start().len()])
    }
}

/// `text` as a JSON string. What follows a backslash is left as it is but for single quotes, which need
/// none.
pub(super) fn double_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace("\\'", "'").replace('"', "\\\""))
}
