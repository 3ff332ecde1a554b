//! A policy as far as it can be understood, whatever is wrong with it: the ground of all rules.

use policy::{
    Operator, Span, Text,
    json::{Member, Node, Value},
};

use crate::PolicyType;

/// A policy.
pub(crate) struct Policy<'a> {
    pub(crate) root: &'a Node,
    /// The text in which it stands.
    pub(crate) text: &'a str,
    pub(crate) kind: PolicyType,
    /// The kind of resource that a resource policy is for, if it was told.
    pub(crate) resource_type: Option<&'a str>,
    /// Whether all that was written was read; if not, nothing can be said of what is missing.
    pub(crate) whole: bool,
    pub(crate) version: Option<&'a Node>,
    pub(crate) statements: Vec<Statement<'a>>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

pub(crate) struct Statement<'a> {
    pub(crate) node: &'a Node,
    pub(crate) members: &'a [Member],
    pub(crate) effect: Option<Effect>,
    pub(crate) actions: Option<Element<'a>>,
    pub(crate) resources: Option<Element<'a>>,
    pub(crate) principals: Option<Principals<'a>>,
    pub(crate) conditions: Vec<Condition<'a>>,
}

/// `Action`, `Resource`, or their opposite.
pub(crate) struct Element<'a> {
    pub(crate) member: &'a Member,
    pub(crate) negated: bool,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// A string and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

/// `Principal` or `NotPrincipal`.
pub(crate) struct Principals<'a> {
    pub(crate) member: &'a Member,
    pub(crate) negated: bool,
    /// Kind and principal. Of `"*"` without a kind, the kind is `AWS`.
    pub(crate) entries: Vec<(&'a str, Entry<'a>)>,
}

/// One key under one operator.
pub(crate) struct Condition<'a> {
    pub(crate) operator_name: &'a Text,
    pub(crate) operator: Option<Operator>,
    pub(crate) key: &'a Text,
    pub(crate) value: &'a Node,
}

impl<'a> Policy<'a> {
    pub(crate) fn statement_nodes(root: &'a Node) -> &'a [Node] {
        match member(root, "Statement").map(|member| &member.value) {
            Some(Node { value: Value::Array(items), .. }) => items,
            Some(node) => std::slice::from_ref(node),
            None => &[],
        }
    }

    /// Whether `${..}` is a variable in this policy.
    pub(crate) fn has_variables(&self) -> bool {
        let version = self.version.map(|node| &node.value);
        matches!(version, Some(Value::String(version)) if &**version == "2012-10-17")
    }
}

impl<'a> Statement<'a> {
    pub(crate) fn new(node: &'a Node) -> Option<Self> {
        let Value::Object(members) = &node.value else { return None };
        Some(Self {
            node,
            members,
            effect: find(members, "Effect").and_then(effect),
            actions: element(members, "Action", "NotAction"),
            resources: element(members, "Resource", "NotResource"),
            principals: principals(members),
            conditions: find(members, "Condition").map(conditions).unwrap_or_default(),
        })
    }

    pub(crate) fn member(&self, name: &str) -> Option<&'a Member> {
        find(self.members, name)
    }

    pub(crate) fn allows(&self) -> bool {
        self.effect == Some(Effect::Allow)
    }

    /// The entries of `Action`; none of `NotAction`.
    pub(crate) fn action_entries(&self) -> &[Entry<'a>] {
        match &self.actions {
            Some(element) if !element.negated => &element.entries,
            _ => &[],
        }
    }

    /// Whether a condition asks for one of `keys`, in whatever way.
    pub(crate) fn asks_for(&self, keys: &[&str]) -> bool {
        let asks = |key: &str| keys.iter().any(|wanted| wanted.eq_ignore_ascii_case(key));
        self.conditions.iter().any(|condition| asks(&condition.key.value))
    }
}

impl<'a> Condition<'a> {
    /// The values, one or many.
    pub(crate) fn values(&self) -> &'a [Node] {
        match &self.value.value {
            Value::Array(items) => items,
            _ => std::slice::from_ref(self.value),
        }
    }

    /// The values as text: strings, and the others as they are written.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        self.values()
            .iter()
            .filter_map(|node| scalar(node).map(|text| Entry { text, span: node.span }))
    }
}

/// A scalar's text.
pub(crate) fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Some(text),
        Value::Boolean(true) => Some("true"),
        Value::Boolean(false) => Some("false"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The member of an object with that name.
pub(crate) fn member<'a>(node: &'a Node, name: &str) -> Option<&'a Member> {
    match &node.value {
        Value::Object(members) => find(members, name),
        _ => None,
    }
}

fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| &*member.name.value == name)
}

fn effect(member: &Member) -> Option<Effect> {
    let text = scalar(&member.value)?;
    if text.eq_ignore_ascii_case("Allow") {
        return Some(Effect::Allow);
    }
    text.eq_ignore_ascii_case("Deny").then_some(Effect::Deny)
}

/// Of two that exclude each other the first counts.
fn element<'a>(members: &'a [Member], name: &str, opposite: &str) -> Option<Element<'a>> {
    let (member, negated) = match find(members, name) {
        Some(member) => (member, false),
        None => (find(members, opposite)?, true),
    };
    Some(Element { member, negated, entries: strings(&member.value) })
}

/// The strings of a value that is one or many.
pub(crate) fn strings(node: &Node) -> Vec<Entry<'_>> {
    let items = match &node.value {
        Value::Array(items) => items,
        _ => std::slice::from_ref(node),
    };
    let string = |node: &'_ Node| -> bool { matches!(node.value, Value::String(_)) };
    let strings = items.iter().filter(|node| string(node));
    strings.filter_map(|node| Some(Entry { text: scalar(node)?, span: node.span })).collect()
}

fn principals(members: &[Member]) -> Option<Principals<'_>> {
    let (member, negated) = match find(members, "Principal") {
        Some(member) => (member, false),
        None => (find(members, "NotPrincipal")?, true),
    };
    let entries = match &member.value.value {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|kind| {
                strings(&kind.value).into_iter().map(|entry| (&*kind.name.value, entry))
            })
            .collect(),
        Value::String(text) => vec![("AWS", Entry { text, span: member.value.span })],
        _ => Vec::new(),
    };
    Some(Principals { member, negated, entries })
}

fn conditions(member: &Member) -> Vec<Condition<'_>> {
    let Value::Object(operators) = &member.value.value else { return Vec::new() };
    let mut conditions = Vec::new();
    for Member { name: operator_name, value } in operators {
        let Value::Object(keys) = &value.value else { continue };
        let operator = Operator::parse(&operator_name.value);
        for Member { name: key, value } in keys {
            conditions.push(Condition { operator_name, operator, key, value });
        }
    }
    conditions
}
