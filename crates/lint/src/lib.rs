//! What is wrong, dangerous or needless in a policy, where it stands, and how to mend it.
//!
//! ```
//! use lint::{Code, PolicyType};
//!
//! let text = r#"{
//!     "Version": "2012-10-17",
//!     "Statement": {"Effect": "Allow", "Action": ["iam:PasRole" "ses:*"], "Resource": "*"}
//! }"#;
//! let findings = lint::lint(text, PolicyType::Identity);
//! let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
//! assert_eq!(codes, [Code::InvalidAction, Code::JsonSyntaxError]);
//! assert_eq!(findings[0].hint.as_deref(), Some("did you mean `iam:PassRole`?"));
//! assert!(lint::fix(text, PolicyType::Identity).text.contains(r#""iam:PasRole", "ses:*""#));
//! ```
//!
//! The rules are those of AWS's "IAM Access Analyzer policy check reference". [`validate`] answers as the
//! API does. [`lint`] is for authors: it goes on after mistakes of JSON, knows policies that were cut out
//! of something larger, and says what to do. [`fix`] does it, where there is only one way.
//!
//! What it is not: it does not decide requests, and knows no accounts. Of services without tables in
//! `actions` it says nothing but whether they exist.

mod code;
mod finding;
mod fix;
mod glob;
mod markdown;
mod path;
mod rules;
mod syntax;
mod tree;
mod wrapper;

pub use code::{Code, Severity};
pub use finding::{Finding, Location, PathElement};
pub use fix::{Fixed, fix};
pub use markdown::{Block, policies};
pub use policy::{Position, Span, json::Edit};

use finding::Findings;
use policy::json::{self, Node};
use tree::{Policy, Statement};

/// What a policy is for, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// Of a user, a group, a role, a permission set; managed or inline.
    Identity,
    /// Of a resource.
    Resource,
    /// Of a role: who may assume it.
    Trust,
    /// Of an organisation, over its accounts' users and roles.
    ServiceControl,
    /// Of an organisation, over its accounts' resources.
    ResourceControl,
}

/// Everything there is to say of `text`, in the order of the text.
#[must_use]
pub fn lint(text: &str, kind: PolicyType) -> Vec<Finding> {
    lint_from(text, Position::START, kind)
}

/// The same for a policy that stands within a larger text, which is cut off at the policy's end. Places
/// are counted from the start of `text`.
#[must_use]
pub fn lint_from(text: &str, start: Position, kind: PolicyType) -> Vec<Finding> {
    let parsed = json::parse_from(text, start);
    let mut findings = Findings::default();
    let wrapped = parsed.root.as_ref().and_then(wrapper::find);
    syntax::mistakes(&parsed, wrapped.as_ref(), &mut findings);
    let Some(root) = &parsed.root else { return findings.list };
    if let Some(wrapper) = wrapped.as_ref().filter(|_| parsed.fragment.is_none()) {
        wrapper::report(wrapper, root, &mut findings);
    }
    let document = wrapped.as_ref().map_or(root, |wrapper| wrapper.document);
    rules(document, text, kind, None, parsed.sound, &mut findings);
    finish(findings, root, text)
}

/// What AWS's `ValidatePolicy` says of `text`. If it is no JSON, that is all there is to say.
/// `resource_type` is the type of the resource that a resource policy is for, as `AWS::S3::Bucket`.
#[must_use]
pub fn validate(text: &str, kind: PolicyType, resource_type: Option<&str>) -> Vec<Finding> {
    let parsed = json::parse(text);
    let mut findings = Findings::default();
    if let Some(mistake) = parsed.mistakes.iter().min_by_key(|mistake| mistake.span.start) {
        syntax::only(mistake, &mut findings);
        return findings.list;
    }
    let Some(root) = &parsed.root else { return findings.list };
    rules(root, text, kind, resource_type, true, &mut findings);
    finish(findings, root, text)
}

fn rules<'a>(
    root: &'a Node,
    text: &'a str,
    kind: PolicyType,
    resource_type: Option<&'a str>,
    whole: bool,
    findings: &mut Findings,
) {
    let policy = Policy {
        root,
        text,
        kind,
        resource_type,
        whole,
        version: tree::member(root, "Version").map(|member| &member.value),
        statements: Policy::statement_nodes(root).iter().filter_map(Statement::new).collect(),
    };
    rules::check(&policy, findings);
}

/// Gives every place its path, and puts all in the order of the text.
fn finish(findings: Findings, root: &Node, text: &str) -> Vec<Finding> {
    let mut list = findings.list;
    for location in list.iter_mut().flat_map(|finding| &mut finding.locations) {
        location.path = path::to(root, location.span, text);
    }
    list.sort_by_key(|finding| {
        (finding.locations.first().map(|location| location.span.start), finding.severity())
    });
    list
}
