//! The fields of a header, byte for byte.

use mail_parser::{HeaderName, MessageParser};

use super::{Rejected, rejected};

/// One field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// What follows the colon, folded lines and the last line end included.
    value: &'a [u8],
    /// Name, value and all.
    pub(super) whole: &'a [u8],
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The header of a message.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) fields: Vec<Field<'a>>,
    /// The empty line, and all that follows.
    pub(super) rest: &'a [u8],
    whole: &'a [u8],
}

/// What a field says, so that another way to write it makes no difference.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    Addresses(Vec<String>),
    Date(Option<i64>),
    Text(Vec<String>),
}

impl<'a> Header<'a> {
    /// Lines that belong to no field are passed over.
    pub(super) fn lenient(message: &'a [u8]) -> Self {
        Self::read(message, |_| Ok(())).unwrap_or_else(|Rejected(_)| Self::empty(message))
    }

    /// Every line must belong to a field.
    pub(super) fn strict(message: &'a [u8]) -> Result<Self, Rejected> {
        let header = Self::read(message, |line| {
            let shown =
                String::from_utf8_lossy(line.get(..40).unwrap_or(line)).trim_end().to_owned();
            Err(rejected(format!("The header has a line that is no field: {shown}")))
        })?;
        match header.fields.is_empty() {
            true => Err(rejected("The message has no header.")),
            false => Ok(header),
        }
    }

    fn empty(message: &'a [u8]) -> Self {
        Self { fields: Vec::new(), rest: message, whole: &[] }
    }

    fn read(
        message: &'a [u8],
        stray: impl Fn(&[u8]) -> Result<(), Rejected>,
    ) -> Result<Self, Rejected> {
        let (mut fields, mut at) = (Vec::new(), 0);
        while let Some(rest) = message.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(b"\r\n") {
                break;
            }
            let whole = &rest[..field_end(rest)];
            match field(whole) {
                Some(field) => fields.push(field),
                None => stray(whole)?,
            }
            at += whole.len();
        }
        let (whole, rest) = message.split_at(at.min(message.len()));
        Ok(Self { fields, rest, whole })
    }

    /// How many fields of that name there are.
    pub(super) fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|field| field.is(name)).count()
    }

    /// The addresses in the fields of that name, in lower case.
    pub(super) fn addresses(&self, name: &str) -> Vec<String> {
        let Some(parsed) = MessageParser::default().parse_headers(self.whole) else {
            return Vec::new();
        };
        let wanted = HeaderName::parse(name);
        let mut found = Vec::new();
        for field in parsed.headers().iter().filter(|field| Some(&field.name) == wanted.as_ref()) {
            let named = field.value().as_address().into_iter().flat_map(|address| address.iter());
            found.extend(named.filter_map(|one| one.address()).map(str::to_lowercase));
        }
        found
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning {
        match name {
            "From" | "Sender" => Meaning::Addresses(self.addresses(name)),
            "Date" => Meaning::Date(self.date()),
            _ => Meaning::Text(self.texts(name).collect()),
        }
    }

    fn date(&self) -> Option<i64> {
        let parsed = MessageParser::default().parse_headers(self.whole)?;
        parsed.date().map(|date| date.to_timestamp())
    }

    /// Without the white space, which folding changes.
    fn texts(&self, name: &str) -> impl Iterator<Item = String> {
        let named = self.fields.iter().filter(move |field| field.is(name));
        named.map(|field| {
            let text = String::from_utf8_lossy(field.value);
            text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
        })
    }
}

/// One past the end of the field, with its folded lines, that begins `rest`.
fn field_end(rest: &[u8]) -> usize {
    let line_end =
        |at: usize| memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |end| at + end + 1);
    let mut end = line_end(0);
    while matches!(rest.get(end), Some(b' ' | b'\t')) {
        end = line_end(end);
    }
    end
}

/// A name is of visible characters without a colon (RFC 5322 section 3.6.8).
fn field(whole: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', whole)?;
    let (name, value) = (whole[..colon].trim_ascii_end(), &whole[colon + 1..]);
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let name = std::str::from_utf8(name).ok().filter(|_| is_name)?;
    Some(Field { name, value, whole })
}
