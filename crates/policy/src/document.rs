//! A policy as it was written: the tree that everything else stands on.
//!
//! Every element knows where it stands, for messages, for the linter and for explaining decisions.

use std::sync::Arc;

use crate::{
    index::{Key, Keys},
    operator::Operator,
    position::{Located, Span, Text},
    rule::Rule,
};

/// What a document is for, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A managed policy: an identity policy whose version must be 2012-10-17.
    Managed,
    /// A policy embedded in a user, group or role: an identity policy of any version.
    Inline,
    /// A policy passed for a session: an identity policy of any version.
    Session,
    /// The trust policy of a role: says who may assume it, so it has principals and no resource.
    Trust,
    /// A policy of any other resource: it has principals.
    Resource,
}

impl Kind {
    /// Whether the policy belongs to who asks rather than to what is asked for.
    #[must_use]
    pub fn is_identity(self) -> bool {
        match self {
            Self::Managed | Self::Inline | Self::Session => true,
            Self::Trust | Self::Resource => false,
        }
    }
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`, and what holds where none is given: `${..}` is plain text.
    V2008,
    /// `2012-10-17`: with policy variables.
    V2012,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "2008-10-17" => Some(Self::V2008),
            "2012-10-17" => Some(Self::V2012),
            _ => None,
        }
    }

    /// Whether `${..}` is a variable.
    #[must_use]
    pub fn has_variables(self) -> bool {
        self == Self::V2012
    }
}

/// A policy that parsed: what was written, and what it compiles to.
///
/// Cheap to share: sets hold it by [`Arc`] and only merge indexes.
#[derive(Debug)]
pub struct Document {
    pub(crate) written: Written,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) keys: Keys,
}

/// The elements of a document.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) version: Option<Located<Version>>,
    pub(crate) id: Option<Text>,
    pub(crate) statements: Vec<Statement>,
}

impl Written {
    pub(crate) fn version(&self) -> Version {
        self.version.as_ref().map_or(Version::V2008, |version| version.value)
    }
}

impl Document {
    /// What the rules of one effect bring to the index of a set.
    pub(crate) fn keys(&self, effect: Effect) -> &[Key] {
        match effect {
            Effect::Allow => &self.keys.permissions,
            Effect::Deny => &self.keys.denials,
        }
    }

    /// What the document was parsed as.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.written.kind
    }

    /// The whole of the document.
    #[must_use]
    pub fn span(&self) -> Span {
        self.written.span
    }

    /// The version that holds, written or not.
    #[must_use]
    pub fn version(&self) -> Version {
        self.written.version()
    }

    /// `Version`, where it is written.
    #[must_use]
    pub fn written_version(&self) -> Option<&Located<Version>> {
        self.written.version.as_ref()
    }

    /// `Id`.
    #[must_use]
    pub fn id(&self) -> Option<&Text> {
        self.written.id.as_ref()
    }

    /// The statements, in the order of the text.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.written.statements
    }
}

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// From its `{` to its `}`.
    pub span: Span,
    /// `Sid`; may be empty.
    pub sid: Option<Text>,
    /// `Principal` or `NotPrincipal`; always there in trust and resource policies, never in others.
    pub principals: Option<Principals>,
    /// `Effect`.
    pub effect: Located<Effect>,
    /// `Action` or `NotAction`; always there in identity policies.
    pub actions: Option<Clause>,
    /// `Resource` or `NotResource`; always there in identity policies, never in trust policies. A resource
    /// policy without speaks of the resource that it is attached to.
    pub resources: Option<Clause>,
    /// `Condition`, one entry for every operator and key; all must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Permits, unless another statement denies.
    Allow,
    /// Forbids, whatever else permits.
    Deny,
}

/// `Action`, `Resource`, or their opposite.
#[derive(Debug)]
pub struct Clause {
    /// The element's value, brackets included.
    pub span: Span,
    /// Whether it is `NotAction` or `NotResource`.
    pub negated: bool,
    /// The strings.
    pub entries: Vec<Text>,
}

/// `Principal` or its opposite.
#[derive(Debug)]
pub struct Principals {
    /// The element's value, brackets included.
    pub span: Span,
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    /// The values under all kinds; `"*"` alone is the same as `{"AWS": "*"}`.
    pub entries: Vec<PrincipalEntry>,
}

/// One value of a `Principal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// What it stands under.
    pub kind: PrincipalKind,
    /// The value as written.
    pub value: Text,
}

/// What a value of a `Principal` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// `AWS`: an account, a user, a role, a session, or `*` for everyone.
    Aws,
    /// `Service`: a service that acts by itself.
    Service,
    /// `Federated`: a provider of identities.
    Federated,
    /// `CanonicalUser`: an account by the id that S3 has for it.
    CanonicalUser,
}

impl PrincipalKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser];

    /// As policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One key under one operator of a `Condition`.
#[derive(Debug, PartialEq, Eq)]
pub struct Condition {
    /// The operator.
    pub operator: Located<Operator>,
    /// The condition key as written.
    pub key: Text,
    /// The values, any of which may match.
    pub values: Vec<Scalar>,
}

/// A value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// What it was in JSON.
    pub form: Form,
    /// Its text: of a string the content, of the others as written.
    pub text: Text,
}

/// The JSON form of a condition's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `"text"`
    String,
    /// `12.5`
    Number,
    /// `true` or `false`
    Boolean,
}

/// A document, and the name under which decisions cite it.
#[derive(Clone, Debug)]
pub struct Source {
    /// ARN of a managed policy, name of an inline one.
    pub id: Arc<str>,
    /// The policy.
    pub document: Arc<Document>,
}
