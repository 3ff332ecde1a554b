//! Tokens to values. After a mistake the parser goes on as the author most likely meant it.

mod mend;
mod recover;

use std::collections::HashSet;

use super::{
    DEPTH_MAX, Edit, Member, Mistake, Node, Value,
    lexer::{Bracket, Lexer, Token},
    mistake::Mistakes,
};
use crate::{
    defect::quoted,
    position::{Located, Position, Span, Text},
};

/// What came of a text.
#[derive(Debug)]
pub struct Parsed {
    /// The document, as far as it could be read. Of a fragment: its members.
    pub root: Option<Node>,
    /// Whether `root` is what the author wrote but for commas, quotes and closing brackets, so that
    /// looking at its shape makes sense.
    pub sound: bool,
    /// If the text is not a document but members cut out of one: the place of that mistake.
    pub fragment: Option<usize>,
    /// All that is wrong, in the order in which it was seen.
    pub mistakes: Vec<Mistake>,
    /// How many mistakes there are beyond those, which are bounded.
    pub omitted: usize,
}

/// Reads `text` to its end.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    parse_from(text, Position::START)
}

/// Reads `text` from `start` to its end. Places are counted from the start of `text`: so is read what
/// stands within a larger text, cut off at its end.
#[must_use]
pub fn parse_from(text: &str, start: Position) -> Parsed {
    let mut mistakes = Mistakes::default();
    let mut lexer = Lexer::new(text, start);
    let (token, span) = lexer.next(&mut mistakes);
    let mut parser = Parser {
        lexer,
        token,
        span,
        last: Span { start, end: start },
        sound: true,
        fragment: None,
        unclosed: None,
        open: Vec::new(),
        name: None,
        comma: None,
        abandoned: false,
        mistakes,
    };
    let root = parser.document();
    parser.distrust();
    Parsed {
        root,
        sound: parser.sound && !parser.lexer.guessed,
        fragment: parser.fragment,
        mistakes: parser.mistakes.kept,
        omitted: parser.mistakes.omitted,
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    span: Span,
    /// The last token that was taken.
    last: Span,
    sound: bool,
    fragment: Option<usize>,
    /// The mistake of an end that comes too early; what is missing there is added to it.
    unclosed: Option<usize>,
    /// Objects and arrays that are being read.
    open: Vec<Bracket>,
    /// A name that an array took for its item.
    name: Option<Text>,
    /// A comma that an object took, and that belongs to the array around it.
    comma: Option<Span>,
    /// Set when the rest of the text is not worth reading.
    abandoned: bool,
    mistakes: Mistakes,
}

impl Parser<'_> {
    fn document(&mut self) -> Option<Node> {
        if self.token == Token::End {
            self.error("the document is empty");
            return None;
        }
        let root = self.value(0);
        if let (Some(node), Token::Colon) = (&root, &self.token)
            && let Value::String(name) = &node.value
        {
            let name = name.clone();
            return Some(self.bare_members(&name, node.span));
        }
        self.trailing();
        root
    }

    /// What follows the end of the document.
    fn trailing(&mut self) {
        while let Token::Close(bracket) = self.token {
            self.one_too_many(bracket.closing());
            self.take();
        }
        if self.token != Token::End && !self.abandoned {
            let message = format!("{} after the end of the document", self.describe());
            self.add(
                Mistake::new(self.span, message).hint("a text holds one document: delete the rest"),
            );
        }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth == DEPTH_MAX {
            self.error(format!("nested deeper than {DEPTH_MAX} levels"));
            self.abandon();
            return None;
        }
        let start = self.span.start;
        let value = match &mut self.token {
            Token::Open(Bracket::Brace) => return Some(self.object(depth)),
            Token::Open(Bracket::Square) => return Some(self.array(depth)),
            Token::String(text) => Value::String(std::mem::take(text)),
            Token::Number(text) => Value::Number(std::mem::take(text)),
            Token::Misquoted(text) if depth > 0 => {
                let text = std::mem::take(text);
                self.misquoted("the string", &text);
                Value::String(text)
            }
            Token::Misquoted(_) => return self.unknown_word(depth),
            Token::Word(word) => match &**word {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                "null" => Value::Null,
                _ => return self.unknown_word(depth),
            },
            Token::Close(_) | Token::Colon | Token::Comma | Token::End => return self.no_value(),
        };
        self.take();
        Some(Node { span: Span { start, end: self.last.end }, value })
    }

    fn object(&mut self, depth: usize) -> Node {
        let start = self.span.start;
        self.open.push(Bracket::Brace);
        self.take();
        let mut members = Vec::new();
        let mut after_item = false;
        while self.more(Bracket::Brace, start, after_item) {
            after_item = true;
            if self.is_next_item(&members) {
                return self.end_before_item(start, members);
            }
            let Some(name) = self.member_name(depth) else { continue };
            members.extend(self.member_value(name, depth + 1));
        }
        self.open.pop();
        self.check_names(&members);
        Node { span: Span { start, end: self.last.end }, value: Value::Object(members) }
    }

    fn array(&mut self, depth: usize) -> Node {
        let start = self.span.start;
        self.open.push(Bracket::Square);
        self.take();
        let mut items = Vec::new();
        let mut after_item = false;
        while self.more(Bracket::Square, start, after_item) {
            after_item = true;
            let after_comma = self.follows_comma();
            items.extend(self.value(depth + 1));
            if let Some(name) = self.next_member(&mut items) {
                return self.end_before_member(start, items, name, after_comma);
            }
        }
        self.open.pop();
        Node { span: Span { start, end: self.last.end }, value: Value::Array(items) }
    }

    /// Takes the comma before the next item of a collection, or its closing bracket; says whether an
    /// item comes next.
    fn more(&mut self, kind: Bracket, opened: Position, after_item: bool) -> bool {
        if self.name.is_some() {
            return true;
        }
        loop {
            let comma = self.commas(after_item);
            match self.token {
                Token::Close(found) => {
                    self.comma_before_closing(comma, found);
                    if self.close(kind, found, opened) {
                        return false;
                    }
                }
                Token::End => {
                    self.unclosed(kind, opened);
                    return false;
                }
                _ => {
                    if after_item && comma.is_none() && self.starts_item() {
                        self.missing_comma();
                    }
                    return true;
                }
            }
        }
    }

    /// Takes the commas that come next, of which there should be one after an item and none before the
    /// first; says where the last stood.
    fn commas(&mut self, after_item: bool) -> Option<Span> {
        let mut last = self.comma.take();
        loop {
            match &self.token {
                Token::Comma if last.is_some() || !after_item => self.one_too_many(","),
                Token::Comma => {}
                Token::Word(word) if &**word == ";" && after_item && last.is_none() => {
                    let message = "expected a comma, found `;`";
                    let edit = Edit::replace(self.span, ",");
                    self.add(Mistake::new(self.span, message).hint("write `,`").edit(edit));
                }
                _ => return last,
            }
            last = Some(self.span);
            self.take();
        }
    }

    /// Deals with a closing bracket; says whether it ends the collection. One of the wrong kind is left
    /// to the collection that it closes, if there is one.
    fn close(&mut self, kind: Bracket, found: Bracket, opened: Position) -> bool {
        if kind == found {
            self.take();
            return true;
        }
        let waited_for = self.open.contains(&found);
        let (wanted, found) = (kind.closing(), found.closing());
        if waited_for {
            let message =
                format!("`{wanted}` is missing before this `{found}`, opened at {opened}");
            let hint = format!("put a `{wanted}` where what was opened there ends");
            self.add(Mistake::new(self.span, message).hint(hint).missing(self.last.end, wanted));
            self.sound = false;
        } else {
            self.one_too_many(found);
            self.take();
        }
        waited_for
    }

    fn member_name(&mut self, depth: usize) -> Option<Text> {
        if let Some(name) = self.name.take() {
            return Some(name);
        }
        let span = self.span;
        match &mut self.token {
            Token::String(text) => {
                let value = std::mem::take(text);
                self.take();
                Some(Located { value, span })
            }
            Token::Word(word) | Token::Misquoted(word) => {
                let value = std::mem::take(word);
                self.misquoted("the name", &value);
                self.take();
                Some(Located { value, span })
            }
            _ => {
                self.error(format!("expected the name of a member, found {}", self.describe()));
                self.sound = false;
                self.skip_stray(depth);
                None
            }
        }
    }

    /// The colon and the value after a member's name.
    fn member_value(&mut self, name: Text, depth: usize) -> Option<Member> {
        if self.token == Token::Colon {
            self.take();
        } else {
            let sign = matches!(&self.token, Token::Word(word) if matches!(&**word, "=" | "=>"));
            let message =
                format!("expected `:` after {}, found {}", quoted(&name.value), self.describe());
            let mistake = Mistake::new(self.span, message);
            if sign {
                let edit = Edit::replace(self.span, ":");
                self.add(mistake.hint("write `:`").edit(edit));
                self.take();
            } else if self.starts_item() {
                let hint = "put a `:` between the name and its value";
                self.add(mistake.hint(hint).missing(self.last.end, ":"));
            } else {
                self.add(mistake.hint("a member is a name, a `:` and a value"));
                self.sound = false;
                return None;
            }
        }
        let value = self.value(depth)?;
        Some(Member { name, value })
    }

    /// A name given twice: which of the two counts would be a guess.
    fn check_names(&mut self, members: &[Member]) {
        let mut seen = HashSet::new();
        for Member { name, .. } in members {
            if !seen.insert(&*name.value) {
                let message = format!("the member {} is given twice", quoted(&name.value));
                let hint = "keep one of them, or put both values into an array";
                self.add(Mistake::new(name.span, message).hint(hint));
            }
        }
    }

    fn starts_item(&self) -> bool {
        matches!(
            self.token,
            Token::Open(_)
                | Token::String(_)
                | Token::Misquoted(_)
                | Token::Number(_)
                | Token::Word(_)
        )
    }

    fn take(&mut self) {
        self.last = self.span;
        (self.token, self.span) = self.lexer.next(&mut self.mistakes);
    }

    fn abandon(&mut self) {
        self.token = Token::End;
        self.abandoned = true;
        self.sound = false;
    }

    fn error(&mut self, message: impl Into<String>) {
        self.add(Mistake::new(self.span, message));
    }

    fn add(&mut self, mistake: Mistake) {
        self.mistakes.add(mistake);
    }

    fn describe(&self) -> String {
        match &self.token {
            Token::Open(Bracket::Brace) => "`{`".into(),
            Token::Open(Bracket::Square) => "`[`".into(),
            Token::Close(bracket) => format!("`{}`", bracket.closing()),
            Token::Colon => "`:`".into(),
            Token::Comma => "`,`".into(),
            Token::String(text) => quoted(&format!("\"{text}\"")),
            Token::Number(text) | Token::Word(text) | Token::Misquoted(text) => quoted(text),
            Token::End => "the end of the text".into(),
        }
    }
}
