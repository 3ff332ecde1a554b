//! Condition keys.

use crate::{pattern, service, service::Folded, tables::GLOBAL};

/// The prefix of condition keys that belong to no service.
const GLOBAL_PREFIX: &str = "aws:";

/// A condition key.
#[derive(Debug, PartialEq, Eq)]
pub struct ConditionKey {
    pub(crate) name: &'static str,
    pub(crate) kind: KeyKind,
}

/// What values a condition key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are AWS's own")]
pub enum KeyKind {
    String,
    ArrayOfString,
    ARN,
    ArrayOfARN,
    Numeric,
    Bool,
    Date,
    IPAddress,
}

impl KeyKind {
    /// Whether a request may have several values of the key.
    #[must_use]
    pub fn is_multivalued(self) -> bool {
        matches!(self, Self::ArrayOfString | Self::ArrayOfARN)
    }
}

impl ConditionKey {
    /// The name; what varies in it is written `${..}`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What values it has.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether part of the name varies, as the tag's in `aws:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.name.contains("${")
    }

    /// Whether `name` is this key, case aside. What varies has to be there.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        if !self.varies() {
            return self.name.eq_ignore_ascii_case(name);
        }
        pattern::fits(self.name, name)
    }
}

/// The global condition keys, sorted by name.
#[must_use]
pub fn global_keys() -> &'static [ConditionKey] {
    GLOBAL
}

/// The global condition key that `name` is.
#[must_use]
pub fn global_key(name: &str) -> Option<&'static ConditionKey> {
    find(GLOBAL, name)
}

/// The condition key that `name` is, global or of whatever service is known. Keys that come from an
/// identity provider, as `saml:aud`, are those of `sts`.
#[must_use]
pub fn condition_key(name: &str) -> Option<&'static ConditionKey> {
    if let Some(key) = global_key(name) {
        return Some(key);
    }
    let (prefix, _) = name.split_once(':')?;
    if prefix.eq_ignore_ascii_case(GLOBAL_PREFIX.trim_end_matches(':')) {
        return None;
    }
    let own = service(prefix).and_then(|service| service.key(name));
    own.or_else(|| service("sts")?.key(name))
}

/// Finds `name` in keys sorted by name: exactly, or where part of a name varies.
pub(crate) fn find(keys: &'static [ConditionKey], name: &str) -> Option<&'static ConditionKey> {
    match keys.binary_search_by(|key| Folded(key.name).cmp(&Folded(name))) {
        Ok(place) => keys.get(place),
        Err(_) => keys.iter().find(|key| key.varies() && key.is(name)),
    }
}
