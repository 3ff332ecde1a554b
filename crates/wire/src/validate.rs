//! The constraints of the models, checked on values, with the messages of AWS.

use std::{borrow::Borrow, fmt};

use crate::{Bounds, Error, Kind, Pattern, Shape, Value, errors::VALIDATION, nul, path::Path};

/// A message tells of so many broken constraints at most; all are counted.
const MAX_TOLD: usize = 50;

/// A message shows so many characters of a value at most.
const MAX_SHOWN_CHARS: usize = 1024;

/// The one list whose elements AWS also says must not be null.
const LIST_WITHOUT_NULLS: &str = "tagKeyListType";

/// How much a service tells of what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The value, and all values that there may be instead: `Value 'v' at 'p' failed ..`.
    Values,
    /// Where it is, and no value at all: `Value at 'p' failed ..`.
    Places,
}

/// Checks `value` against all constraints of `shape`.
///
/// The error is of kind [`VALIDATION`]. It names every constraint that is broken, the member by its path, and, if
/// the service is one that does, the value unless the model marks it as sensitive. No text may hold U+0000,
/// pattern or not.
pub fn validate(shape: &Shape, value: &Value, telling: Telling) -> Result<(), Error> {
    let mut failures = Failures::new(telling);
    check(shape, value, Path::Input, &mut failures);
    failures.into_result()?;
    nul::refuse(shape, value, Path::Input)
}

fn check(shape: &Shape, value: &Value, path: Path<'_>, failures: &mut Failures) {
    for constraint in constraints(shape).filter(|constraint| !constraint.holds(value)) {
        match constraint {
            Constraint::Pattern(Pattern { said: Some(said), .. }) => failures.add_said(said, path),
            _ => failures.add(&Shown { value, shape }, path, &constraint.told(failures.telling)),
        }
    }
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(slots)) => {
            for (member, slot) in members.iter().zip(slots) {
                let path = Path::Member(&path, member.camel);
                match slot {
                    Some(value) => check(member.shape, value, path, failures),
                    None if member.required => failures.add_null(path),
                    None => {}
                }
            }
        }
        (Kind::List(list), Value::List(elements)) if is_scalar(list.member) => {
            let subject = "Member must satisfy constraint";
            check_together(list.member, elements.iter(), subject, (shape, value), path, failures);
        }
        (Kind::List(list), Value::List(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                check(list.member, element, Path::Element(&path, index), failures);
            }
        }
        (Kind::Map(map), Value::Map(entries)) => {
            let keys = entries.keys().map(|key| Value::String(key.clone()));
            check_together(
                map.key,
                keys,
                "Map keys must satisfy constraint",
                (shape, value),
                path,
                failures,
            );
            if is_scalar(map.value) {
                let subject = "Map value must satisfy constraint";
                check_together(
                    map.value,
                    entries.values(),
                    subject,
                    (shape, value),
                    path,
                    failures,
                );
                return;
            }
            for (key, value) in entries {
                check(map.value, value, Path::Entry(&path, key), failures);
            }
        }
        _ => {}
    }
}

/// Scalars in a list, keys or values of a map: AWS reports the whole, and what each must satisfy.
fn check_together(
    member: &Shape,
    mut values: impl Iterator<Item = impl Borrow<Value>>,
    subject: &str,
    (shape, whole): (&Shape, &Value),
    path: Path<'_>,
    failures: &mut Failures,
) {
    if values.all(|value| constraints(member).all(|constraint| constraint.holds(value.borrow()))) {
        return;
    }
    let mut all: Vec<String> =
        constraints(member).map(|constraint| constraint.told(failures.telling)).collect();
    if shape.name == LIST_WITHOUT_NULLS {
        all.push("Member must not be null".to_owned());
    }
    let told = format!("{subject}: [{}]", all.join(", "));
    failures.add(&Shown { value: whole, shape }, path, &told);
}

/// What a value must satisfy.
enum Constraint<'a> {
    LengthAtMost(i64),
    LengthAtLeast(i64),
    AtMost(i64),
    AtLeast(i64),
    Pattern(&'a Pattern),
    OneOf(&'static [&'static str]),
}

/// The constraints of a shape itself, in AWS's order.
fn constraints(shape: &Shape) -> impl Iterator<Item = Constraint<'_>> {
    let (length, range, pattern, values) = match &shape.kind {
        Kind::String(text) => (text.length, Bounds::default(), text.pattern.as_ref(), text.values),
        Kind::Blob(length) => (*length, Bounds::default(), None, &[][..]),
        Kind::List(list) => (list.length, Bounds::default(), None, &[][..]),
        Kind::Map(map) => (map.length, Bounds::default(), None, &[][..]),
        Kind::Integer(range) | Kind::Long(range) | Kind::Double(range) => {
            (Bounds::default(), *range, None, &[][..])
        }
        Kind::Structure(_) | Kind::Boolean | Kind::Timestamp(_) => {
            (Bounds::default(), Bounds::default(), None, &[][..])
        }
    };
    [
        length.max.map(Constraint::LengthAtMost),
        length.min.map(Constraint::LengthAtLeast),
        range.max.map(Constraint::AtMost),
        range.min.map(Constraint::AtLeast),
        pattern.map(Constraint::Pattern),
        (!values.is_empty()).then_some(Constraint::OneOf(values)),
    ]
    .into_iter()
    .flatten()
}

impl Constraint<'_> {
    /// Whether `value` satisfies it.
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::LengthAtMost(max) => length(value) <= *max,
            Self::LengthAtLeast(min) => length(value) >= *min,
            Self::AtMost(max) => compare(value, *max, i64::le, f64::le),
            Self::AtLeast(min) => compare(value, *min, i64::ge, f64::ge),
            Self::Pattern(pattern) => text(value).is_none_or(|text| pattern.matches(text)),
            Self::OneOf(values) => text(value).is_none_or(|text| values.contains(&text)),
        }
    }

    /// In AWS's words.
    fn told(&self, telling: Telling) -> String {
        match self {
            Self::LengthAtMost(max) => {
                format!("Member must have length less than or equal to {max}")
            }
            Self::LengthAtLeast(min) => {
                format!("Member must have length greater than or equal to {min}")
            }
            Self::AtMost(max) => format!("Member must have value less than or equal to {max}"),
            Self::AtLeast(min) => format!("Member must have value greater than or equal to {min}"),
            Self::Pattern(pattern) => {
                format!("Member must satisfy regular expression pattern: {}", pattern.text)
            }
            Self::OneOf(values) if telling == Telling::Values => {
                format!("Member must satisfy enum value set: [{}]", values.join(", "))
            }
            Self::OneOf(_) => "Member must satisfy enum value set".to_owned(),
        }
    }
}

/// Characters of a text, bytes of a blob, elements of a list, entries of a map.
fn length(value: &Value) -> i64 {
    let length = match value {
        Value::List(elements) => elements.len(),
        Value::Map(entries) => entries.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => text(value).map_or(0, |text| text.chars().count()),
    };
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn compare(
    value: &Value,
    bound: i64,
    whole: impl Fn(&i64, &i64) -> bool,
    fraction: impl Fn(&f64, &f64) -> bool,
) -> bool {
    match value {
        Value::Integer(number) => whole(number, &bound),
        // the bounds of the models are far below 2^53, where every whole number is exact
        #[allow(clippy::cast_precision_loss, reason = "see above")]
        Value::Double(number) => fraction(number, &(bound as f64)),
        _ => true,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Sensitive(text) => Some(text.expose()),
        _ => None,
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind, Kind::Structure(_) | Kind::List(_) | Kind::Map(_))
}

/// The broken constraints of one request.
struct Failures {
    telling: Telling,
    /// What is wrong, with the place among the rest.
    told: Vec<(u32, String)>,
    count: usize,
    /// In the service's own words, which are heard only when nothing else is wrong.
    said: Option<String>,
}

impl Failures {
    fn new(telling: Telling) -> Self {
        Self { telling, told: Vec::new(), count: 0, said: None }
    }

    fn add(&mut self, shown: &Shown<'_>, path: Path<'_>, constraint: &str) {
        let failed = format!("at '{path}' failed to satisfy constraint: {constraint}");
        match self.telling {
            Telling::Values => self.push(path, || format!("Value {shown}{failed}")),
            Telling::Places => self.push(path, || format!("Value {failed}")),
        }
    }

    fn add_null(&mut self, path: Path<'_>) {
        let null = match self.telling {
            Telling::Values => "null ",
            Telling::Places => "",
        };
        self.push(path, || {
            format!("Value {null}at '{path}' failed to satisfy constraint: Member must not be null")
        });
    }

    fn add_said(&mut self, said: &str, path: Path<'_>) {
        self.said.get_or_insert_with(|| said.replace("{}", &path.to_string()));
    }

    fn push(&mut self, path: Path<'_>, failure: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < MAX_TOLD {
            self.told.push((place(path.first()), failure()));
        }
    }

    fn into_result(mut self) -> Result<(), Error> {
        if self.count == 0 {
            return self.said.map_or(Ok(()), |said| Err(VALIDATION.with(said)));
        }
        self.told.sort_by_key(|(place, _)| *place);
        let plural = if self.count == 1 { "error" } else { "errors" };
        let told: Vec<String> = self.told.into_iter().map(|(_, told)| told).collect();
        let (count, told) = (self.count, told.join("; "));
        Err(VALIDATION.with(format!("{count} validation {plural} detected: {told}")))
    }
}

/// Where AWS tells of a member of the input among the others: its answers have the order in which a `HashMap` of
/// Java walks through sixteen buckets by the names.
fn place(member: &str) -> u32 {
    const BUCKETS: u32 = 16;
    let hash = member
        .encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    (hash ^ (hash >> 16)) % BUCKETS
}

/// A value in a message, with the space that follows it; nothing if it is sensitive.
struct Shown<'a> {
    value: &'a Value,
    shape: &'a Shape,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_sensitive(self.shape) {
            return Ok(());
        }
        let text = plain(self.value);
        match text.char_indices().nth(MAX_SHOWN_CHARS) {
            Some((end, _)) => write!(f, "'{}...' ", text.get(..end).unwrap_or_default()),
            None => write!(f, "'{text}' "),
        }
    }
}

/// A list of secrets is as secret as they are.
fn is_sensitive(shape: &Shape) -> bool {
    shape.sensitive
        || match &shape.kind {
            Kind::List(list) => is_sensitive(list.member),
            Kind::Map(map) => is_sensitive(map.key) || is_sensitive(map.value),
            _ => false,
        }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::List(elements) => {
            // one more than can be shown, so that the cut is seen
            let shown: Vec<String> = elements.iter().take(MAX_SHOWN_CHARS).map(plain).collect();
            format!("[{}]", shown.join(", "))
        }
        Value::Map(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{key}={}", plain(value));
            let shown: Vec<String> = entries.iter().take(MAX_SHOWN_CHARS).map(entry).collect();
            format!("{{{}}}", shown.join(", "))
        }
        Value::Timestamp(time) => time.iso8601(),
        // may hold sensitive members
        Value::Structure(_) | Value::Sensitive(_) | Value::Blob(_) => "...".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Map, Text};

    const fn at_most(name: &'static str, max: i64, sensitive: bool) -> Shape {
        let length = Bounds { min: None, max: Some(max) };
        Shape { name, sensitive, kind: Kind::String(Text { length, pattern: None, values: &[] }) }
    }

    static KEY: Shape = at_most("Key", 2, false);
    static PLAIN: Shape = at_most("Plain", 3, false);
    static SECRET: Shape = at_most("Secret", 3, true);

    fn told(value_shape: &'static Shape, key: &str, value: &str) -> Option<String> {
        let (key_name, value_name, flattened) = ("key", "value", false);
        let length = Bounds::default();
        let map = Map { key: &KEY, value: value_shape, key_name, value_name, flattened, length };
        let shape = Shape { name: "Map", sensitive: false, kind: Kind::Map(map) };
        let value = Value::Map([(key.to_owned(), Value::String(value.to_owned()))].into());
        validate(&shape, &value, Telling::Values).err().map(|error| error.message().to_owned())
    }

    /// No operation served takes a map yet, so this one is made by hand.
    #[test]
    fn maps_are_checked_by_key_and_value() {
        assert_eq!(told(&PLAIN, "ab", "abc"), None);
        assert_eq!(
            told(&PLAIN, "abc", "abc").unwrap(),
            "1 validation error detected: Value '{abc=abc}' at '' failed to satisfy constraint: Map keys \
             must satisfy constraint: [Member must have length less than or equal to 2]"
        );
        assert_eq!(
            told(&SECRET, "a", "hunter2").unwrap(),
            "1 validation error detected: Value at '' failed to satisfy constraint: Map value must \
             satisfy constraint: [Member must have length less than or equal to 3]"
        );
    }
}
