//! The IAM policy language: text to a document with positions, documents to a set, a set to decisions.
//!
//! ```
//! use std::sync::Arc;
//! use policy::{Decision, Kind, PolicySet, Request, Source};
//!
//! let text = r#"{
//!     "Version": "2012-10-17",
//!     "Statement": {"Effect": "Allow", "Action": "workmail:List*", "Resource": "*"}
//! }"#;
//! let document = Arc::new(policy::parse(text, Kind::Managed)?);
//! let set = PolicySet::new([Source { id: "Listing".into(), document }]);
//!
//! let request = Request { action: "workmail:ListUsers", resource: "*", context: &() };
//! let Decision::Allow(cause) = set.decide(&request) else { panic!("denied") };
//! assert_eq!((cause.source(), cause.position().line), ("Listing", 3));
//! # Ok::<(), policy::Malformed>(())
//! ```
//!
//! What it must not know: accounts, principals and their attachments, storage, the clock. Whatever a
//! policy may ask of a request comes through [`Context`].
//!
//! What it is not yet: trust, resource and session policies and boundaries. Elements that only those
//! have are refused, never passed over.
//!
//! Choices where the documentation is silent or contradicts itself:
//! - Resources and ARNs are compared with case, actions and condition keys without.
//! - What a variable stands for is never a wildcard, and never moves the parts of an ARN.
//! - A value that cannot be read matches nothing; a negated operator holds where nothing matches.
//! - An operator without `ForAllValues` or `ForAnyValue` over several values takes any of them; negated,
//!   it holds if none matches.
//! - Variables that are malformed, where variables count, make the document malformed.

mod check;
mod condition;
mod context;
mod defect;
mod document;
mod glob;
mod index;
mod json;
mod operator;
mod parse;
mod position;
mod resource;
mod rule;
mod set;
mod shape;
mod template;

pub use context::{Context, Values};
pub use defect::{Defect, Malformed};
pub use document::{
    Clause, Condition, Document, Effect, Form, Kind, Scalar, Source, Statement, Version,
};
pub use operator::{Operator, Order, Quantifier, Test};
pub use parse::{TEXT_CHARS_MAX, parse, size_without_whitespace};
pub use position::{Located, Position, Span, Text};
pub use set::{Cause, Decision, PolicySet, Request};
