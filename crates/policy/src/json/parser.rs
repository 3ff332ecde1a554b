//! Tokens to values. After a mistake the parser goes on as the author most likely meant it.

use std::collections::HashSet;

use super::{
    DEPTH_MAX, Member, Node, Value,
    lexer::{Bracket, Lexer, Token},
};
use crate::{
    defect::{Defects, quoted},
    position::{Located, Position, Span, Text},
};

/// What came of a text.
pub(crate) struct Parsed {
    /// The document, as far as it could be read.
    pub(crate) root: Option<Node>,
    /// Whether `root` is what the author wrote but for commas and closing brackets, so that looking
    /// at its shape makes sense.
    pub(crate) sound: bool,
}

/// Reads `text` to its end, adding every mistake to `defects`.
pub(crate) fn parse(text: &str, defects: &mut Defects) -> Parsed {
    let mut lexer = Lexer::new(text);
    let (token, span) = lexer.next(defects);
    let mut parser = Parser {
        lexer,
        token,
        span,
        end: Position::START,
        sound: true,
        open_braces: 0,
        open_squares: 0,
        abandoned: false,
        defects,
    };
    let root = parser.document();
    Parsed { root, sound: parser.sound && !parser.lexer.guessed }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    span: Span,
    /// Where the last token that was taken ended.
    end: Position,
    sound: bool,
    /// Objects and arrays that are being read.
    open_braces: usize,
    open_squares: usize,
    /// Set when the rest of the text is not worth reading.
    abandoned: bool,
    defects: &'a mut Defects,
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
            self.bare_members(&name, node.span);
            return None;
        }
        self.trailing();
        root
    }

    /// Members without the braces of an object around them: the text was cut out of something larger.
    fn bare_members(&mut self, name: &str, span: Span) {
        let message = format!(
            "this is no document but a bare member {}: the outer `{{` is missing",
            quoted(name)
        );
        self.error(message);
        self.sound = false;
        let name = Located { value: name.into(), span };
        let first = self.member_value(name, 1);
        let mut members: Vec<Member> = first.into_iter().collect();
        while self.token == Token::Comma {
            self.take();
            let Some(name) = self.member_name(0) else { break };
            members.extend(self.member_value(name, 1));
        }
        self.check_names(&members);
        // With or without the `}` that would belong to the missing brace.
        if self.token == Token::Close(Bracket::Brace) {
            self.take();
        }
        self.trailing();
    }

    /// What follows the end of the document.
    fn trailing(&mut self) {
        while let Token::Close(bracket) = self.token {
            self.error(format!("one `{}` too many", bracket.closing()));
            self.take();
        }
        if self.token != Token::End && !self.abandoned {
            self.error(format!("{} after the end of the document", self.describe()));
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
            Token::Word(word) => match &**word {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                "null" => Value::Null,
                _ => return self.unknown_word(depth),
            },
            Token::Close(_) | Token::Colon | Token::Comma | Token::End => return self.no_value(),
        };
        self.take();
        Some(Node { span: Span { start, end: self.end }, value })
    }

    fn no_value(&mut self) -> Option<Node> {
        self.error(format!("expected a value, found {}", self.describe()));
        self.sound = false;
        // A comma, a closing bracket and the end are for the collection around.
        if self.token == Token::Colon {
            self.take();
        }
        None
    }

    fn unknown_word(&mut self, depth: usize) -> Option<Node> {
        let what = if depth == 0 { "a JSON object" } else { "a value" };
        self.error(format!("expected {what}, found {}", self.describe()));
        self.sound = false;
        if depth == 0 {
            // Not JSON at all: everything after would be a mistake too.
            self.abandon();
        } else {
            self.take();
        }
        None
    }

    fn object(&mut self, depth: usize) -> Node {
        let start = self.span.start;
        self.open_braces += 1;
        self.take();
        let mut members = Vec::new();
        let mut after_item = false;
        while self.more(Bracket::Brace, start, after_item) {
            after_item = true;
            let Some(name) = self.member_name(depth) else { continue };
            members.extend(self.member_value(name, depth + 1));
        }
        self.open_braces -= 1;
        self.check_names(&members);
        Node { span: Span { start, end: self.end }, value: Value::Object(members) }
    }

    fn array(&mut self, depth: usize) -> Node {
        let start = self.span.start;
        self.open_squares += 1;
        self.take();
        let mut items = Vec::new();
        let mut after_item = false;
        while self.more(Bracket::Square, start, after_item) {
            after_item = true;
            items.extend(self.value(depth + 1));
        }
        self.open_squares -= 1;
        Node { span: Span { start, end: self.end }, value: Value::Array(items) }
    }

    /// Takes the comma before the next item of a collection, or its closing bracket; says whether an
    /// item comes next.
    fn more(&mut self, kind: Bracket, opened: Position, after_item: bool) -> bool {
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
                        self.error(format!("expected a comma before {}", self.describe()));
                    }
                    return true;
                }
            }
        }
    }

    /// Takes the commas that come next, of which there should be one after an item and none before the
    /// first; says where the last stood.
    fn commas(&mut self, after_item: bool) -> Option<Position> {
        let mut last = None;
        while self.token == Token::Comma {
            if last.is_some() || !after_item {
                self.error("one `,` too many");
            }
            last = Some(self.span.start);
            self.take();
        }
        last
    }

    fn comma_before_closing(&mut self, comma: Option<Position>, found: Bracket) {
        if let Some(at) = comma {
            let closing = found.closing();
            self.defects.syntax(at, format!("a comma before the closing `{closing}`"));
        }
    }

    /// Deals with a closing bracket; says whether it ends the collection. One of the wrong kind is left
    /// to the collection that it closes, if there is one.
    fn close(&mut self, kind: Bracket, found: Bracket, opened: Position) -> bool {
        if kind == found {
            self.take();
            return true;
        }
        let waited_for = match found {
            Bracket::Brace => self.open_braces > 0,
            Bracket::Square => self.open_squares > 0,
        };
        let (wanted, found) = (kind.closing(), found.closing());
        if waited_for {
            self.error(format!("`{wanted}` is missing before this `{found}`, opened at {opened}"));
            self.sound = false;
        } else {
            self.error(format!("one `{found}` too many"));
            self.take();
        }
        waited_for
    }

    fn unclosed(&mut self, kind: Bracket, opened: Position) {
        if !self.abandoned {
            let closing = kind.closing();
            self.error(format!("the text ends where `{closing}` is missing, opened at {opened}"));
        }
        // The collections around this one end here too; saying so again would tell nothing.
        self.abandoned = true;
    }

    fn member_name(&mut self, depth: usize) -> Option<Text> {
        let span = self.span;
        match &mut self.token {
            Token::String(text) => {
                let value = std::mem::take(text);
                self.take();
                Some(Located { value, span })
            }
            Token::Word(word) => {
                let value = std::mem::take(word);
                let message = format!(
                    "the name {} must stand in double quotes",
                    quoted(value.trim_matches('\''))
                );
                self.error(message);
                self.sound = false;
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
            let name = quoted(&name.value);
            self.error(format!("expected `:` after {name}, found {}", self.describe()));
            self.sound = false;
            if !self.starts_item() {
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
                self.defects.syntax(name.span.start, message);
            }
        }
    }

    /// Takes what stands where the name of a member should, so that the parser always moves on; commas,
    /// closing brackets and the end are for the collection.
    fn skip_stray(&mut self, depth: usize) {
        match self.token {
            Token::Comma | Token::Close(_) | Token::End => {}
            // With its closing bracket, which else would close something else.
            Token::Open(_) => drop(self.value(depth + 1)),
            _ => self.take(),
        }
    }

    fn starts_item(&self) -> bool {
        matches!(self.token, Token::Open(_) | Token::String(_) | Token::Number(_) | Token::Word(_))
    }

    fn take(&mut self) {
        self.end = self.span.end;
        (self.token, self.span) = self.lexer.next(self.defects);
    }

    fn abandon(&mut self) {
        self.token = Token::End;
        self.abandoned = true;
        self.sound = false;
    }

    fn error(&mut self, message: impl Into<String>) {
        self.defects.syntax(self.span.start, message);
    }

    fn describe(&self) -> String {
        match &self.token {
            Token::Open(Bracket::Brace) => "`{`".into(),
            Token::Open(Bracket::Square) => "`[`".into(),
            Token::Close(bracket) => format!("`{}`", bracket.closing()),
            Token::Colon => "`:`".into(),
            Token::Comma => "`,`".into(),
            Token::String(text) => quoted(&format!("\"{text}\"")),
            Token::Number(text) | Token::Word(text) => quoted(text),
            Token::End => "the end of the text".into(),
        }
    }
}
