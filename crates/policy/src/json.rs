//! JSON as policies need it: every value knows where it stands, and one mistake does not hide the next.
//!
//! Grammar of RFC 8259. Depth is bounded by [`DEPTH_MAX`]; the size of the text is the caller's concern.
//! What is not JSON is read as the author most likely meant it; each mistake knows how to mend the text,
//! where there is only one way.

mod comment;
mod lexer;
mod mistake;
mod parser;

use crate::position::{Span, Text};

pub use mistake::{Edit, Mistake, mend};
pub use parser::{Parsed, parse, parse_from};

/// Levels of nesting that are read. A policy has seven: document, statements, statement, condition,
/// operator, values, value.
pub const DEPTH_MAX: usize = 32;

/// A value and where it stands.
#[derive(Debug)]
pub struct Node {
    /// From its first character to the place after its last, quotes and brackets included.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A value of JSON.
#[derive(Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// The digits as written: policies compare numbers exactly.
    Number(Box<str>),
    /// A string, its escapes resolved.
    String(Box<str>),
    /// Values in square brackets.
    Array(Vec<Node>),
    /// Members in braces, in the order of the text; a name may be there twice.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Node,
}

impl Value {
    /// The kind of value, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}
