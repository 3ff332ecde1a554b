//! The evaluator to compare with: slow, and straight from the description of the language.
//!
//! It shares nothing with the crate: it walks the JSON as serde_json reads it, tries every statement, and
//! matches by plain recursion. It knows only the literals that the tests use for dates and base64.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use serde_json::Value;

/// The condition keys of a request, in lower case.
pub(crate) type Facts = BTreeMap<String, Fact>;

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// What was seen to happen, so that a test can tell that it tested something.
#[derive(Default)]
pub(crate) struct Seen(RefCell<BTreeSet<String>>);

impl Seen {
    pub(crate) fn note(&self, event: impl Into<String>) {
        self.0.borrow_mut().insert(event.into());
    }

    pub(crate) fn assert_all(&self, wanted: impl IntoIterator<Item = String>) {
        let seen = self.0.borrow();
        let missing: Vec<_> = wanted.into_iter().filter(|event| !seen.contains(event)).collect();
        assert!(missing.is_empty(), "never seen: {missing:?}");
    }
}

/// Dates and the seconds and nanoseconds since 1970 that they stand for.
pub(crate) const DATES: [(&str, (i64, u32)); 11] = [
    ("2020-01-01T00:00:00Z", (1_577_836_800, 0)),
    ("2020-01-01", (1_577_836_800, 0)),
    ("1577836800", (1_577_836_800, 0)),
    ("2020-01-01T02:00:00+02:00", (1_577_836_800, 0)),
    ("2020-01-01T00:00:00.5Z", (1_577_836_800, 500_000_000)),
    ("2019-12-31T23:59:59Z", (1_577_836_799, 0)),
    ("0", (0, 0)),
    ("1969-07-20T20:17:40Z", (-14_182_940, 0)),
    ("9999-12-31", (253_402_214_400, 0)),
    // Numbers elsewhere, but years where a date is wanted.
    ("-1", (-62_198_755_200, 0)),
    ("-0", (-62_167_219_200, 0)),
];

/// Base64 and the bytes that it stands for.
pub(crate) const BASE64: [(&str, Option<&[u8]>); 5] = [
    ("AAEC", Some(&[0, 1, 2])),
    ("AAE=", Some(&[0, 1])),
    ("", Some(&[])),
    // Bits that no byte uses.
    ("AAF=", None),
    ("AAE", None),
];

pub(crate) struct Reference<'a> {
    pub(crate) question: &'a Question,
    pub(crate) seen: &'a Seen,
    /// Whether the policies are those of a resource.
    pub(crate) of_resource: bool,
}

impl Reference<'_> {
    /// Any denial denies; otherwise any permission permits.
    pub(crate) fn decide(&self, policies: &[Value]) -> Verdict {
        let applying = |effect: &str| {
            policies.iter().any(|policy| {
                let statements = statements(policy);
                statements.iter().any(|statement| {
                    statement["Effect"] == effect && self.applies(policy, statement)
                })
            })
        };
        if applying("Deny") {
            Verdict::ExplicitDeny
        } else if applying("Allow") {
            Verdict::Allow
        } else {
            Verdict::ImplicitDeny
        }
    }

    pub(crate) fn applies(&self, policy: &Value, statement: &Value) -> bool {
        let variables = policy["Version"] == "2012-10-17";
        self.clause(statement, "Action", |pattern| self.action(pattern))
            && self.clause(statement, "Resource", |pattern| self.resource(pattern, variables))
            && self.conditions(statement, variables)
    }

    fn clause(&self, statement: &Value, name: &str, matches: impl Fn(&str) -> bool) -> bool {
        let opposite = format!("Not{name}");
        if statement.get(name).is_none() && statement.get(&opposite).is_none() {
            self.seen.note(format!("no {name}"));
            return true;
        }
        let negated = statement.get(&opposite).is_some();
        let entries = strings(&statement[if negated { opposite.as_str() } else { name }]);
        let any = entries.iter().any(|pattern| matches(pattern));
        self.seen.note(format!("{} {any}", if negated { &opposite } else { name }));
        any != negated
    }

    fn action(&self, pattern: &str) -> bool {
        let tokens = plain_tokens(&pattern.to_lowercase());
        glob(&tokens, &chars(&self.question.action.to_lowercase()))
    }

    fn resource(&self, pattern: &str, variables: bool) -> bool {
        if pattern == "*" {
            return true;
        }
        let parts: Vec<&str> = self.question.resource.splitn(6, ':').collect();
        if parts.len() < 6 || parts[0] != "arn" {
            return false;
        }
        let mut patterns: Vec<&str> = pattern.splitn(6, ':').collect();
        if patterns.len() < 6 && self.of_resource {
            // A star reaches as far as it must.
            let matches = glob(&plain_tokens(pattern), &chars(&self.question.resource));
            self.seen.note(format!("short resource of a resource {matches}"));
            return matches && pattern.contains('*');
        }
        if patterns.len() < 6 {
            self.seen.note("short resource");
            patterns.resize(6, "*");
        }
        (0..6).all(|index| {
            let tokens = if index == 5 && variables {
                self.tokens(patterns[5], true)
            } else {
                Some(plain_tokens(patterns[index]))
            };
            tokens.is_some_and(|tokens| glob(&tokens, &chars(parts[index])))
        })
    }

    fn conditions(&self, statement: &Value, variables: bool) -> bool {
        let Some(operators) = statement.get("Condition") else { return true };
        operators.as_object().unwrap().iter().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, values)| {
                let holds = self.condition(operator, key, values, variables);
                self.seen.note(format!("{operator} {holds}"));
                holds
            })
        })
    }

    fn condition(&self, operator: &str, key: &str, values: &Value, variables: bool) -> bool {
        let policy_values = strings(values);
        let request_values = match self.question.facts.get(&key.to_lowercase()) {
            None => Vec::new(),
            Some(Fact::One(value)) => vec![value.clone()],
            Some(Fact::Many(values)) => values.clone(),
        };
        let missing = request_values.is_empty();
        let (quantifier, name) = operator.split_once(':').unwrap_or(("", operator));
        if name == "Null" {
            let wanted = if missing { "true" } else { "false" };
            return policy_values.iter().any(|value| value.to_lowercase() == wanted);
        }
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let negated = name.contains("Not");
        let name = name.replace("Not", "");
        self.seen.note(format!("{quantifier} {if_exists} {negated} missing {missing}"));
        if missing && if_exists {
            return true;
        }
        let matches = |value: &String| {
            policy_values.iter().any(|pattern| self.compare(&name, pattern, value, variables))
        };
        match quantifier {
            "ForAllValues" if request_values.iter().all(String::is_empty) => true,
            "ForAllValues" => request_values.iter().all(|value| matches(value) != negated),
            "ForAnyValue" => request_values.iter().any(|value| matches(value) != negated),
            _ => request_values.iter().any(matches) != negated,
        }
    }

    /// `name` without `Not`.
    fn compare(&self, name: &str, pattern: &str, value: &str, variables: bool) -> bool {
        let text = |wildcards| self.condition_tokens(pattern, wildcards, variables);
        match name {
            "StringEquals" => text(false).is_some_and(|tokens| glob(&tokens, &chars(value))),
            "StringLike" => text(true).is_some_and(|tokens| glob(&tokens, &chars(value))),
            "StringEqualsIgnoreCase" => text(false)
                .is_some_and(|tokens| spelt(&tokens).to_lowercase() == value.to_lowercase()),
            "Bool" => text(false).is_some_and(|tokens| {
                let wanted = spelt(&tokens).to_lowercase();
                wanted == value.to_lowercase() && (wanted == "true" || wanted == "false")
            }),
            "BinaryEquals" => {
                let bytes = |text| BASE64.iter().find(|(base64, _)| *base64 == text)?.1;
                bytes(pattern).is_some() && bytes(pattern) == bytes(value)
            }
            "IpAddress" => in_network(pattern, value),
            "ArnEquals" | "ArnLike" => self.arn(pattern, value, variables),
            _ => match name.strip_prefix("Numeric") {
                Some(order) => ordered(order, number(value), number(pattern)),
                None => ordered(name.strip_prefix("Date").unwrap(), date(value), date(pattern)),
            },
        }
    }

    fn arn(&self, pattern: &str, value: &str, variables: bool) -> bool {
        let parts: Vec<&str> = value.splitn(6, ':').collect();
        if parts.len() < 6 || parts[0] != "arn" {
            return false;
        }
        // Not to be taken part by part.
        let lone_variable = variables && is_one_variable(pattern);
        if lone_variable || !pattern.is_empty() && pattern.chars().all(|char| char == '*') {
            let tokens = self.condition_tokens(pattern, true, variables);
            return tokens.is_some_and(|tokens| glob(&tokens, &chars(value)));
        }
        let patterns = split_outside_variables(pattern, variables);
        patterns.len() == 6
            && patterns.iter().zip(parts).all(|(pattern, part)| {
                let tokens = self.condition_tokens(pattern, true, variables);
                tokens.is_some_and(|tokens| glob(&tokens, &chars(part)))
            })
    }

    fn condition_tokens(&self, text: &str, wildcards: bool, variables: bool) -> Option<Vec<Token>> {
        if variables {
            return self.tokens(text, wildcards);
        }
        Some(if wildcards { plain_tokens(text) } else { text.chars().map(Token::Char).collect() })
    }

    /// Nothing if a variable has no value.
    fn tokens(&self, text: &str, wildcards: bool) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(body) = rest.strip_prefix("${") {
                let end = body.find('}').unwrap();
                tokens.extend(self.variable(&body[..end])?.chars().map(Token::Char));
                rest = &body[end + 1..];
                continue;
            }
            tokens.push(if wildcards { wildcard(first) } else { Token::Char(first) });
            rest = &rest[first.len_utf8()..];
        }
        Some(tokens)
    }

    fn variable(&self, body: &str) -> Option<String> {
        if ["*", "?", "$"].contains(&body) {
            return Some(body.to_owned());
        }
        let (key, default) = match body.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (body, None),
        };
        let value = match self.question.facts.get(&key.to_lowercase()) {
            Some(Fact::One(value)) => Some(value.clone()),
            Some(Fact::Many(values)) if !values.is_empty() => None,
            Some(Fact::Many(_)) | None => default.map(str::to_owned),
        };
        self.seen.note(format!("variable {} {}", default.is_some(), value.is_some()));
        value
    }
}

#[derive(Clone, Copy)]
enum Token {
    Char(char),
    One,
    Many,
}

fn wildcard(char: char) -> Token {
    match char {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

fn plain_tokens(text: &str) -> Vec<Token> {
    text.chars().map(wildcard).collect()
}

fn spelt(tokens: &[Token]) -> String {
    let char = |token: &Token| match token {
        Token::Char(char) => *char,
        Token::One => '?',
        Token::Many => '*',
    };
    tokens.iter().map(char).collect()
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn glob(pattern: &[Token], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([Token::Many, rest @ ..], text) => {
            glob(rest, text) || (!text.is_empty() && glob(pattern, &text[1..]))
        }
        (_, []) => false,
        ([Token::One, rest @ ..], [_, after @ ..]) => glob(rest, after),
        ([Token::Char(wanted), rest @ ..], [found, after @ ..]) => {
            wanted == found && glob(rest, after)
        }
    }
}

/// Cut at the first five colons that stand outside `${..}`.
fn split_outside_variables(text: &str, variables: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '$' if variables && chars.peek() == Some(&'{') => inside = true,
            '}' => inside = false,
            _ => {}
        }
        if char == ':' && !inside && parts.len() < 6 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(char);
        }
    }
    parts
}

fn is_one_variable(text: &str) -> bool {
    let body = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
    body.is_some_and(|body| !body.contains('}') && !["*", "?", "$"].contains(&body))
}

fn ordered<T: PartialOrd>(order: &str, left: Option<T>, right: Option<T>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    match order {
        "Equals" => left == right,
        "LessThan" => left < right,
        "LessThanEquals" => left <= right,
        "GreaterThan" => left > right,
        "GreaterThanEquals" => left >= right,
        other => panic!("{other}"),
    }
}

/// In thousandths; the tests use no finer numbers.
fn number(text: &str) -> Option<i64> {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let unsigned = integer.strip_prefix('-').unwrap_or(integer);
    if !all_digits(unsigned) || !all_digits(fraction) {
        return None;
    }
    let thousandths: i64 = format!("{fraction:0<3}").parse().unwrap();
    let magnitude = unsigned.parse::<i64>().unwrap() * 1_000 + thousandths;
    Some(if integer.starts_with('-') { -magnitude } else { magnitude })
}

fn date(text: &str) -> Option<(i64, u32)> {
    if all_digits(text) {
        return Some((text.parse().unwrap(), 0));
    }
    DATES.iter().find(|(date, _)| *date == text).map(|(_, instant)| *instant)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_digit())
}

fn in_network(network: &str, address: &str) -> bool {
    let (base, bits) = network.split_once('/').unwrap_or((network, "999"));
    let (Ok(base), Ok(address)) = (base.parse::<IpAddr>(), address.parse::<IpAddr>()) else {
        return false;
    };
    let binary = |address: IpAddr| -> String {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:08b}")).collect()
    };
    let (base, address) = (binary(base), binary(address));
    let bits: usize = bits.parse().unwrap();
    let bits = if bits == 999 { base.len() } else { bits };
    base.len() == address.len() && bits <= base.len() && base[..bits] == address[..bits]
}

pub(crate) fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    }
}

/// A scalar or an array of them, as texts.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}
