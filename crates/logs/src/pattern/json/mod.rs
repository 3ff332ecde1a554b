//! Conditions on messages that are JSON.

mod parse;

use regex::Regex;
use serde_json::Value;

use super::matcher::is_glob_match;

pub(super) use parse::parse;

/// A condition.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Of { selector: Vec<Step>, test: Test },
}

/// A step from a value to one inside it.
#[derive(Debug)]
pub(crate) enum Step {
    Property(String),
    Element(usize),
}

/// What is asked of a selected value.
#[derive(Debug)]
pub(crate) enum Test {
    NotExists,
    IsNull,
    Is(bool),
    Equal(Operand),
    Unequal(Operand),
    Compare(Ordered, f64),
}

/// How numbers are to stand to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ordered {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a value is compared with.
#[derive(Debug)]
pub(crate) enum Operand {
    /// A text, in which `*` stands for any characters.
    Text(String),
    /// A number, and how it is written.
    Number(f64, String),
    Regex(Regex),
}

impl Condition {
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(value)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(value)),
            Self::Of { selector, test } => test.holds(select(value, selector)),
        }
    }
}

fn select<'a>(value: &'a Value, selector: &[Step]) -> Option<&'a Value> {
    selector.iter().try_fold(value, |value, step| match step {
        Step::Property(name) => value.get(name),
        Step::Element(index) => value.get(index),
    })
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Self::NotExists) };
        match self {
            Self::NotExists => false,
            Self::IsNull => value.is_null(),
            Self::Is(wanted) => value.as_bool() == Some(*wanted),
            Self::Equal(operand) => operand.is(value) == Some(true),
            Self::Unequal(operand) => operand.is(value) == Some(false),
            Self::Compare(order, number) => {
                value.as_f64().is_some_and(|value| order.holds(value, *number))
            }
        }
    }
}

impl Ordered {
    fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::Less => value < number,
            Self::LessOrEqual => value <= number,
            Self::Greater => value > number,
            Self::GreaterOrEqual => value >= number,
        }
    }
}

impl Operand {
    /// Whether this is the value; none of an object or a list, which nothing can be compared with.
    fn is(&self, value: &Value) -> Option<bool> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) | Value::Null => value.to_string(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        Some(match self {
            Self::Text(glob) => is_glob_match(glob, &text),
            Self::Number(number, written) => match value.as_f64() {
                Some(value) => value == *number,
                None => *written == text,
            },
            Self::Regex(regex) => regex.is_match(&text),
        })
    }
}
