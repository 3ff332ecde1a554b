//! Conditions compiled, and whether they hold.
//!
//! IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context
//! keys or values". One rule covers the cases that the guide leaves open: a value that cannot be read, in
//! the policy or in the request, matches nothing, and a negated operator holds where nothing matches.

mod instant;
mod network;
mod number;

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::{
    context::Context,
    document::{Scalar, Version},
    glob::Glob,
    operator::{Operator, Order, Quantifier, Test},
    resource::ArnPattern,
    template::{self, Syntax, VariableError},
};

pub(crate) use instant::Instant;
use network::Network;
use number::Number;

/// Whether the `Date` operators can read `text`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    Instant::parse(text).is_some()
}

/// Whether the `Numeric` operators can read `text`.
#[must_use]
pub fn is_number(text: &str) -> bool {
    Number::parse(text).is_some()
}

/// One key under one operator.
#[derive(Debug)]
pub(crate) struct Condition {
    /// In lower case.
    key: Box<str>,
    operator: Operator,
    values: Comparison,
}

/// The policy's values, read as what the operator compares; those that cannot be read are left out, for
/// they match nothing.
#[derive(Debug)]
enum Comparison {
    Text(Box<[Glob]>),
    IgnoreCase(Box<[Glob]>),
    Number(Order, Box<[Number]>),
    Instant(Order, Box<[Instant]>),
    Truth(Box<[Glob]>),
    /// Canonical base64, which is equal when the bytes are.
    Base64(Box<[Box<str>]>),
    Network(Box<[Network]>),
    Arn(Box<[ArnPattern]>),
    /// Whether the key must be missing.
    Missing(Box<[bool]>),
}

impl Condition {
    pub(crate) fn new(
        written: &crate::document::Condition,
        version: Version,
    ) -> Result<Self, VariableError> {
        let operator = written.operator.value;
        Ok(Self {
            key: written.key.value.to_lowercase().into(),
            operator,
            values: Comparison::new(operator.test, &written.values, version)?,
        })
    }

    /// The key and the texts of which it must have one, if that is what the condition asks.
    pub(crate) fn equality(&self) -> Option<(&str, &[Glob])> {
        let Operator { quantifier, test, negated, if_exists } = self.operator;
        let needs_value = !negated && !if_exists && quantifier != Some(Quantifier::ForAllValues);
        match &self.values {
            Comparison::Text(globs) if needs_value && test == Test::StringEquals => {
                Some((&self.key, globs))
            }
            _ => None,
        }
    }

    /// Whether the request satisfies the condition.
    pub(crate) fn holds(&self, context: &dyn Context) -> bool {
        let values = context.get(&self.key);
        let values = values.as_ref().map_or(&[][..], |values| values.as_slice());
        if let Comparison::Missing(wanted) = &self.values {
            return wanted.contains(&values.is_empty());
        }
        let Operator { quantifier, negated, if_exists, .. } = self.operator;
        let matches = |value: &Cow<'_, str>| self.values.matches(value, context);
        match quantifier {
            _ if values.is_empty() && if_exists => true,
            // Of no values, all match and none does. Empty strings alone are no values here (IAM User
            // Guide, "Set operators for multivalued context keys": "a null dataset, such as an empty
            // string").
            Some(Quantifier::ForAllValues) => {
                values.iter().all(|value| matches(value) != negated)
                    || values.iter().all(|value| value.is_empty())
            }
            Some(Quantifier::ForAnyValue) => values.iter().any(|value| matches(value) != negated),
            None => values.iter().any(matches) != negated,
        }
    }
}

impl Comparison {
    fn new(test: Test, values: &[Scalar], version: Version) -> Result<Self, VariableError> {
        let texts = || values.iter().map(|value| &*value.text.value);
        let variables = version.has_variables() && test.has_variables();
        let globs = |wildcards| -> Result<Box<[Glob]>, VariableError> {
            let syntax = Syntax { wildcards, variables };
            texts().map(|text| template::read(text, syntax).map(Glob::new)).collect()
        };
        Ok(match test {
            Test::StringEquals => Self::Text(globs(false)?),
            Test::StringLike => Self::Text(globs(true)?),
            Test::StringEqualsIgnoreCase => Self::IgnoreCase(globs(false)?),
            Test::Bool => Self::Truth(globs(false)?),
            Test::Numeric(order) => {
                Self::Number(order, texts().filter_map(Number::parse).collect())
            }
            Test::Date(order) => Self::Instant(order, texts().filter_map(Instant::parse).collect()),
            Test::BinaryEquals => {
                Self::Base64(texts().filter(|text| is_base64(text)).map(Into::into).collect())
            }
            Test::IpAddress => Self::Network(texts().filter_map(Network::parse).collect()),
            Test::ArnLike => Self::Arn(
                texts().map(|text| ArnPattern::new(text, version)).collect::<Result<_, _>>()?,
            ),
            Test::Null => Self::Missing(texts().filter_map(truth).collect()),
        })
    }

    /// Whether a value of the request matches any of the policy's.
    fn matches(&self, value: &str, context: &dyn Context) -> bool {
        match self {
            Self::Text(globs) => globs.iter().any(|glob| glob.matches(value, context)),
            Self::IgnoreCase(globs) => globs.iter().any(|glob| {
                glob.substitute(context).is_some_and(|text| same_ignoring_case(&text, value))
            }),
            Self::Number(order, numbers) => number::compare(value, numbers, *order),
            Self::Instant(order, instants) => Instant::parse(value).is_some_and(|value| {
                instants.iter().any(|instant| order.accepts(value.cmp(instant)))
            }),
            Self::Truth(globs) => truth(value).is_some_and(|value| {
                let wanted = |glob: &Glob| truth(&glob.substitute(context)?);
                globs.iter().any(|glob| wanted(glob) == Some(value))
            }),
            Self::Base64(texts) => texts.iter().any(|text| **text == *value),
            Self::Network(networks) => value
                .parse()
                .is_ok_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Arn(patterns) => patterns.iter().any(|pattern| pattern.matches(value, context)),
            // Asks about the key, never about a value.
            Self::Missing(_) => false,
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Canonical base64: the engine refuses stray bits and missing padding.
fn is_base64(text: &str) -> bool {
    BASE64.decode(text).is_ok()
}

fn same_ignoring_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}
