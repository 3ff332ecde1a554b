//! The names of condition operators.
//!
//! IAM User Guide, "IAM JSON policy elements: Condition operators" and "multiple keys and values".

use std::fmt;

/// A condition operator with its prefix and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`.
    pub quantifier: Option<Quantifier>,
    /// The comparison.
    pub test: Test,
    /// Whether the comparison is turned round, as in `StringNotEquals`.
    pub negated: bool,
    /// `IfExists`: a missing key satisfies it.
    pub if_exists: bool,
}

/// How many values of the request must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Every one.
    ForAllValues,
    /// At least one.
    ForAnyValue,
}

/// The comparison of a condition operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// Equal strings.
    StringEquals,
    /// Equal strings but for case.
    StringEqualsIgnoreCase,
    /// A string and a pattern with `*` and `?`.
    StringLike,
    /// Decimal numbers.
    Numeric(Order),
    /// Points in time.
    Date(Order),
    /// `true` and `false`.
    Bool,
    /// Equal bytes, both in base64.
    BinaryEquals,
    /// An address and a network.
    IpAddress,
    /// An ARN and a pattern for each of its six parts.
    ArnLike,
    /// Whether the key is missing.
    Null,
}

/// The order that two values must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The request's value equals the policy's.
    Equals,
    /// The request's value is smaller or earlier.
    LessThan,
    /// The request's value is not greater or later.
    LessThanEquals,
    /// The request's value is greater or later.
    GreaterThan,
    /// The request's value is not smaller or earlier.
    GreaterThanEquals,
}

impl Test {
    /// Whether `${..}` in the operator's values is a variable.
    #[must_use]
    pub fn has_variables(self) -> bool {
        match self {
            Self::StringEquals
            | Self::StringEqualsIgnoreCase
            | Self::StringLike
            | Self::ArnLike
            | Self::Bool => true,
            Self::Numeric(_)
            | Self::Date(_)
            | Self::BinaryEquals
            | Self::IpAddress
            | Self::Null => false,
        }
    }
}

impl Order {
    pub(crate) fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

impl Operator {
    /// The operator called `name`; its case counts.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Quantifier::ForAllValues), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::ForAnyValue), rest)
        } else {
            (None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (test, negated) = base_operator(base)?;
        // `Null` asks for the key's absence itself.
        let allowed = test != Test::Null || !if_exists;
        allowed.then_some(Self { quantifier, test, negated, if_exists })
    }
}

/// By the name that [`Operator::parse`] reads; of two names for the same, `ArnLike`.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Some(Quantifier::ForAllValues) => "ForAllValues:",
            Some(Quantifier::ForAnyValue) => "ForAnyValue:",
            None => "",
        })?;
        let not = if self.negated { "Not" } else { "" };
        match self.test {
            Test::StringEquals => write!(f, "String{not}Equals"),
            Test::StringEqualsIgnoreCase => write!(f, "String{not}EqualsIgnoreCase"),
            Test::StringLike => write!(f, "String{not}Like"),
            Test::Numeric(order) => write!(f, "Numeric{not}{order:?}"),
            Test::Date(order) => write!(f, "Date{not}{order:?}"),
            Test::Bool => f.write_str("Bool"),
            Test::BinaryEquals => f.write_str("BinaryEquals"),
            Test::IpAddress => write!(f, "{not}IpAddress"),
            Test::ArnLike => write!(f, "Arn{not}Like"),
            Test::Null => f.write_str("Null"),
        }?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

fn base_operator(name: &str) -> Option<(Test, bool)> {
    Some(match name {
        "StringEquals" => (Test::StringEquals, false),
        "StringNotEquals" => (Test::StringEquals, true),
        "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
        "StringLike" => (Test::StringLike, false),
        "StringNotLike" => (Test::StringLike, true),
        "Bool" => (Test::Bool, false),
        "BinaryEquals" => (Test::BinaryEquals, false),
        "IpAddress" => (Test::IpAddress, false),
        "NotIpAddress" => (Test::IpAddress, true),
        // The two are the same (IAM User Guide, "ARN condition operators").
        "ArnEquals" | "ArnLike" => (Test::ArnLike, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::ArnLike, true),
        "Null" => (Test::Null, false),
        _ => return ordered(name),
    })
}

fn ordered(name: &str) -> Option<(Test, bool)> {
    let (family, order): (fn(Order) -> Test, &str) = match name.strip_prefix("Numeric") {
        Some(order) => (Test::Numeric, order),
        None => (Test::Date, name.strip_prefix("Date")?),
    };
    let (order, negated) = match order {
        "Equals" => (Order::Equals, false),
        "NotEquals" => (Order::Equals, true),
        "LessThan" => (Order::LessThan, false),
        "LessThanEquals" => (Order::LessThanEquals, false),
        "GreaterThan" => (Order::GreaterThan, false),
        "GreaterThanEquals" => (Order::GreaterThanEquals, false),
        _ => return None,
    };
    Some((family(order), negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_shown_by_its_name() {
        for name in [
            "ForAllValues:StringNotEqualsIgnoreCaseIfExists",
            "ForAnyValue:StringLike",
            "NumericNotEquals",
            "DateGreaterThanEquals",
            "NotIpAddress",
            "ArnNotLike",
            "Null",
            "BoolIfExists",
        ] {
            assert_eq!(Operator::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(Operator::parse("ArnEquals").unwrap().to_string(), "ArnLike");
    }

    #[test]
    fn prefix_and_suffix_are_taken_off() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.quantifier, Some(Quantifier::ForAnyValue));
        assert_eq!(operator.test, Test::StringLike);
        assert!(operator.negated && operator.if_exists);
    }

    #[test]
    fn names_that_are_no_operators() {
        for name in [
            "",
            "stringEquals",
            "StringEqualsIfExistsIfExists",
            "ForAnyValue::StringEquals",
            "ForAnyValue:ForAllValues:StringEquals",
            "NumericLike",
            "Date",
            "NullIfExists",
            "BoolEquals",
            "BinaryNotEquals",
            "IfExists",
            "StringEquals ",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
