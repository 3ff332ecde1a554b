//! Going on after a mistake, as the author most likely meant it.

use super::{
    Bracket, Edit, Located, Member, Mistake, Node, Parser, Position, Span, Text, Token, Value,
    mend::double_quoted, quoted,
};

impl Parser<'_> {
    /// Where a token was guessed, a bracket that seems to be missing may stand in that token.
    pub(super) fn distrust(&mut self) {
        let unclosed = self.unclosed.filter(|_| self.lexer.guessed);
        if let Some(mistake) = unclosed.and_then(|place| self.mistakes.kept.get_mut(place)) {
            mistake.edits.clear();
        }
    }

    /// Members without the braces of an object around them: the text was cut out of something larger.
    pub(super) fn bare_members(&mut self, name: &str, span: Span) -> Node {
        let message = format!(
            "this is no document but a bare member {}: the outer `{{` is missing",
            quoted(name)
        );
        let hint = "put braces around the text";
        let place = self.mistakes.kept.len();
        self.add(Mistake::new(self.span, message).hint(hint));
        self.fragment = Some(place);
        let name = Located { value: name.into(), span };
        let first = self.member_value(name, 1);
        let mut members: Vec<Member> = first.into_iter().collect();
        while self.token == Token::Comma {
            self.take();
            let Some(name) = self.member_name(0) else { break };
            members.extend(self.member_value(name, 1));
        }
        self.check_names(&members);
        let mut edits = vec![Edit::insert(span.start.offset, "{")];
        // With or without the `}` that would belong to the missing brace.
        if self.token == Token::Close(Bracket::Brace) {
            self.take();
        } else {
            edits.push(Edit::insert(self.last.end.offset, "}"));
        }
        let node = Node {
            span: Span { start: span.start, end: self.last.end },
            value: Value::Object(members),
        };
        if let Some(mistake) = self.mistakes.kept.get_mut(place) {
            mistake.edits = edits;
        }
        self.trailing();
        node
    }

    pub(super) fn no_value(&mut self) -> Option<Node> {
        self.error(format!("expected a value, found {}", self.describe()));
        self.sound = false;
        // A comma, a closing bracket and the end are for the collection around.
        if self.token == Token::Colon {
            self.take();
        }
        None
    }

    pub(super) fn unknown_word(&mut self, depth: usize) -> Option<Node> {
        if depth == 0 {
            self.error(format!("expected a JSON object, found {}", self.describe()));
            // Not JSON at all: everything after would be a mistake too.
            self.abandon();
            return None;
        }
        let span = self.span;
        let mistake = Mistake::new(span, format!("expected a value, found {}", self.describe()));
        let (Token::Word(word), true) = (&self.token, self.is_name()) else {
            self.add(mistake);
            self.sound = false;
            self.take();
            return None;
        };
        let (value, written) = meant(word);
        let hint = format!("write `{written}`");
        self.add(mistake.hint(hint).edit(Edit::replace(span, written)));
        self.take();
        Some(Node { span, value })
    }

    /// Whether the token is a word that could be a name.
    pub(super) fn is_name(&self) -> bool {
        let Token::Word(word) = &self.token else { return false };
        let begins = word.starts_with(|char: char| char.is_ascii_alphabetic() || char == '*');
        begins && word.chars().all(|char| char.is_ascii_alphanumeric() || "*?-_./".contains(char))
    }

    /// Takes what stands where the name of a member should, so that the parser always moves on; commas,
    /// closing brackets and the end are for the collection.
    pub(super) fn skip_stray(&mut self, depth: usize) {
        match self.token {
            Token::Comma | Token::Close(_) | Token::End => {}
            // With its closing bracket, which else would close something else.
            Token::Open(_) => drop(self.value(depth + 1)),
            _ => self.take(),
        }
    }

    /// Whether the token is an item of the array around the object that is being read, whose closing
    /// brace is missing: another object, after a comma.
    pub(super) fn is_next_item(&self, members: &[Member]) -> bool {
        let in_array = matches!(self.open.as_slice(), [.., Bracket::Square, Bracket::Brace]);
        let object = self.token == Token::Open(Bracket::Brace);
        in_array && object && !members.is_empty() && self.follows_comma()
    }

    /// Ends the object that was opened at `start` before the comma.
    pub(super) fn end_before_item(&mut self, start: Position, members: Vec<Member>) -> Node {
        let end = members.last().map_or(start, |member| member.value.span.end);
        self.open.pop();
        self.comma = Some(self.last);
        self.missing_closing(Bracket::Brace, start, end, "{");
        self.check_names(&members);
        Node { span: Span { start, end }, value: Value::Object(members) }
    }

    /// The name of the next member of the object around the array that is being read, whose closing
    /// bracket is missing: its last item is a string, and a colon follows.
    pub(super) fn next_member(&self, items: &mut Vec<Node>) -> Option<Text> {
        let in_object = matches!(self.open.as_slice(), [.., Bracket::Brace, Bracket::Square]);
        if self.token != Token::Colon || !in_object {
            return None;
        }
        items.pop_if(|item| matches!(item.value, Value::String(_))).and_then(|item| {
            let Value::String(value) = item.value else { return None };
            Some(Located { value, span: item.span })
        })
    }

    /// Ends the array that was opened at `start` before the item that is a member's name.
    pub(super) fn end_before_member(
        &mut self,
        start: Position,
        items: Vec<Node>,
        name: Text,
        after_comma: bool,
    ) -> Node {
        let mut opening = start;
        opening.advance('[');
        let end = items.last().map_or(opening, |item| item.span.end);
        self.open.pop();
        self.missing_closing(Bracket::Square, start, end, &format!("\"{}\"", name.value));
        // A comma that is missing too is put in first: both would go to one place.
        let mistake = self.mistakes.kept.last_mut().filter(|_| !after_comma);
        if let Some(mistake) = mistake {
            mistake.edits.clear();
        }
        self.name = Some(name);
        Node { span: Span { start, end }, value: Value::Array(items) }
    }

    /// Whether the token before this one is a comma.
    pub(super) fn follows_comma(&self) -> bool {
        let last = self.last.start.offset..self.last.end.offset;
        self.lexer.text().get(last) == Some(",")
    }

    fn missing_closing(&mut self, kind: Bracket, opened: Position, end: Position, before: &str) {
        let wanted = kind.closing();
        let message =
            format!("`{wanted}` is missing before {}, opened at {opened}", quoted(before));
        let hint = format!("put a `{wanted}` where what was opened there ends");
        self.add(Mistake::new(self.span, message).hint(hint).missing(end, wanted));
    }
}

/// The value that a word without quotes was meant to be, and how that is written.
pub(super) fn meant(word: &str) -> (Value, String) {
    match word {
        "True" | "TRUE" => (Value::Boolean(true), "true".into()),
        "False" | "FALSE" => (Value::Boolean(false), "false".into()),
        "None" | "NULL" | "Null" | "nil" => (Value::Null, "null".into()),
        _ => (Value::String(word.into()), double_quoted(word)),
    }
}
