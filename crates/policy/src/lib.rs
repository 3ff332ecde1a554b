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
//! One set is one kind of policy. What all kinds together say of a request, those of who asks, of the
//! resource and of organisations, [`evaluate`] tells:
//!
//! ```
//! use std::sync::Arc;
//! use policy::{
//!     ArnAsker, Kind, Policies, PolicyType, Question, Request, ResourceKind, ResourcePolicy, Source,
//!     Verdict, evaluate,
//! };
//!
//! let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
//!     "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#;
//! let document = Arc::new(policy::parse(trust, Kind::Trust)?);
//! let role = "arn:aws:iam::111122223333:role/worker";
//! let trust = ResourcePolicy::new(Source { id: role.into(), document });
//!
//! let anna = ArnAsker::user("arn:aws:iam::111122223333:user/anna");
//! let verdict = evaluate(&Question {
//!     request: Request { action: "sts:AssumeRole", resource: role, context: &() },
//!     asker: &anna,
//!     cross_account: false,
//!     policies: Policies {
//!         resource: Some((ResourceKind::RoleTrust, &trust)),
//!         ..Policies::default()
//!     },
//! });
//! // The trust policy leaves it to the account, and the user has no policy that allows it.
//! let Verdict::Denied(denial) = verdict else { panic!("allowed") };
//! assert_eq!(denial.policy_type, PolicyType::Identity);
//! assert_eq!(
//!     denial.reason("sts:AssumeRole"),
//!     "because no identity-based policy allows the sts:AssumeRole action"
//! );
//! # Ok::<(), policy::Malformed>(())
//! ```
//!
//! What it must not know: accounts, principals and their attachments, storage, the clock. Whatever a
//! policy may ask of a request comes through [`Context`], whom it names is for [`Asker`] to say.
//!
//! Choices where the documentation is silent or contradicts itself:
//! - Resources and ARNs are compared with case, actions and condition keys without.
//! - In resource policies a short ARN matches only by a `*`, which then reaches over colons too.
//! - `NotPrincipal` that denies spares only whom it names in every way there is: a session also by its
//!   role and its account. One that allows means everyone of whom it names nothing.
//! - What a variable stands for is never a wildcard, and never moves the parts of an ARN.
//! - A value that cannot be read matches nothing; a negated operator holds where nothing matches.
//! - An operator without `ForAllValues` or `ForAnyValue` over several values takes any of them; negated,
//!   it holds if none matches.
//! - `ForAllValues` holds where the key has only empty strings, as if it were missing.
//! - Variables that are malformed, where variables count, make the document malformed.

mod asker;
mod check;
mod condition;
mod context;
mod defect;
mod document;
mod evaluate;
mod explain;
mod glob;
mod grants;
mod index;
pub mod json;
mod keys;
mod operator;
mod parse;
mod position;
mod principal;
mod resource;
mod resource_policy;
mod rule;
mod set;
mod shape;
mod template;

pub use asker::{ArnAsker, Asker, Named, Nature, names_account};
pub use condition::{is_date, is_number};
pub use context::{Context, Values};
pub use defect::{Defect, Malformed, quoted};
pub use document::{
    Clause, Condition, Document, Effect, Form, Kind, PrincipalEntry, PrincipalKind, Principals,
    Scalar, Source, Statement, Version,
};
pub use evaluate::{
    Decisions, Denial, Grant, Policies, PolicyType, Question, ResourceKind, Verdict, evaluate,
};
pub use explain::{Look, Miss};
pub use operator::{Operator, Order, Quantifier, Test};
pub use parse::{TEXT_CHARS_MAX, parse, size_without_whitespace};
pub use position::{Located, Position, Span, Text};
pub use resource_policy::{ResourceDecision, ResourcePolicy};
pub use set::{Cause, Decision, PolicySet, Request};
