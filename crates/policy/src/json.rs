//! JSON as policies need it: every value knows where it stands, and one mistake does not hide the next.
//!
//! Grammar of RFC 8259. Depth is bounded by [`DEPTH_MAX`]; the size of the text is the caller's concern.

mod lexer;
mod parser;

use crate::position::{Span, Text};

pub(crate) use parser::parse;

/// Levels of nesting that are read. A policy has seven: document, statements, statement, condition,
/// operator, values, value.
pub(crate) const DEPTH_MAX: usize = 32;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    /// The digits as written: policies compare numbers exactly.
    Number(Box<str>),
    String(Box<str>),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Text,
    pub(crate) value: Node,
}

impl Value {
    /// The kind of value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
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
