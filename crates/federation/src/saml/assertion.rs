//! What an assertion says (SAML Core, section 2).

use std::collections::BTreeMap;

use roxmltree::Node;
use world::Timestamp;

use super::{ASSERTION, time};
use crate::xml::{children, only, text};

/// The method by which who brings an assertion proves to be its subject: by bringing it.
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Attributes of an assertion at most, and values of each.
const ATTRIBUTES_MAX: usize = 500;

/// What a provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The entity id of the provider.
    pub issuer: String,
    /// Whom it speaks of.
    pub subject: NameId,
    /// Where it was sent (`saml:aud`).
    pub recipient: String,
    /// When the session at the provider ends, and with it everything that rests on it.
    pub session_ends_at: Option<Timestamp>,
    /// The attributes by name, in the order of their names.
    pub attributes: BTreeMap<String, Vec<String>>,
    pub(super) issued_at: Timestamp,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Vec<Timestamp>,
    pub(super) audiences: Vec<String>,
}

/// The name of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    /// The name itself.
    pub value: String,
    /// What kind of name it is: a URI, such as `urn:oasis:names:tc:SAML:2.0:nameid-format:persistent`.
    pub format: Option<String>,
}

impl Assertion {
    /// Reads an assertion; none if a part that must be there is not.
    pub(super) fn read(node: Node<'_, '_>) -> Option<Self> {
        if node.attribute("Version") != Some("2.0") {
            return None;
        }
        let subject = only(node, (ASSERTION, "Subject"))?;
        let confirmation = confirmation(subject)?;
        let conditions = only(node, (ASSERTION, "Conditions"))?;
        let ends = [confirmation.attribute("NotOnOrAfter"), conditions.attribute("NotOnOrAfter")];
        Some(Self {
            issuer: text(only(node, (ASSERTION, "Issuer"))?)?,
            subject: name_id(subject)?,
            recipient: confirmation.attribute("Recipient")?.to_owned(),
            session_ends_at: session_ends_at(node)?,
            attributes: attributes(node)?,
            issued_at: time(node.attribute("IssueInstant")?)?,
            not_before: optional(conditions.attribute("NotBefore").map(time))?,
            not_on_or_after: ends.into_iter().flatten().map(time).collect::<Option<_>>()?,
            audiences: audiences(conditions)?,
        })
    }

    /// The value of an attribute, if it has exactly one.
    pub fn single(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)?.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// What is there must be good; what is not there need not be.
fn optional<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
        None => Some(None),
    }
}

fn name_id(subject: Node<'_, '_>) -> Option<NameId> {
    let node = only(subject, (ASSERTION, "NameID"))?;
    let value = text(node).filter(|value| !value.is_empty())?;
    Some(NameId { value, format: node.attribute("Format").map(str::to_owned) })
}

/// The data of the confirmation by bearing: it must end, and may not begin later than the assertion itself
/// (SAML Profiles, section 4.1.4.2).
fn confirmation<'a>(subject: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
    let is_bearer = |node: &Node<'_, '_>| node.attribute("Method") == Some(BEARER);
    let mut found = children(subject, (ASSERTION, "SubjectConfirmation")).filter(is_bearer);
    let data = only(found.next()?, (ASSERTION, "SubjectConfirmationData"))?;
    let is_bounded = data.has_attribute("NotOnOrAfter") && !data.has_attribute("NotBefore");
    (found.next().is_none() && is_bounded).then_some(data)
}

fn session_ends_at(node: Node<'_, '_>) -> Option<Option<Timestamp>> {
    let ends = children(node, (ASSERTION, "AuthnStatement"))
        .filter_map(|statement| statement.attribute("SessionNotOnOrAfter"))
        .map(time)
        .collect::<Option<Vec<_>>>()?;
    Some(ends.into_iter().min())
}

/// The audiences that every restriction allows (SAML Core, section 2.5.1.4).
fn audiences(conditions: Node<'_, '_>) -> Option<Vec<String>> {
    let mut allowed: Option<Vec<String>> = None;
    for restriction in children(conditions, (ASSERTION, "AudienceRestriction")) {
        let audiences =
            children(restriction, (ASSERTION, "Audience")).map(text).collect::<Option<Vec<_>>>()?;
        allowed = Some(match allowed {
            None => audiences,
            Some(allowed) => allowed.into_iter().filter(|one| audiences.contains(one)).collect(),
        });
    }
    Some(allowed.unwrap_or_default())
}

fn attributes(node: Node<'_, '_>) -> Option<BTreeMap<String, Vec<String>>> {
    let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in children(node, (ASSERTION, "AttributeStatement")) {
        for attribute in children(statement, (ASSERTION, "Attribute")) {
            let values = attributes.entry(attribute.attribute("Name")?.to_owned()).or_default();
            // A value that is a structure of its own is none of those that are read here.
            values.extend(children(attribute, (ASSERTION, "AttributeValue")).filter_map(text));
            if values.len() > ATTRIBUTES_MAX {
                return None;
            }
        }
    }
    (attributes.len() <= ATTRIBUTES_MAX).then_some(attributes)
}
