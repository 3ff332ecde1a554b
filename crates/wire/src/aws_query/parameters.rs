//! The parameters of a request: `application/x-www-form-urlencoded`, from the query string and the body.

use std::borrow::Cow;

use crate::{
    Error, ErrorKind, MAX_REQUEST_BYTES,
    errors::{MALFORMED_QUERY_STRING, REQUEST_TOO_LARGE, SERIALIZATION},
    percent::unescape,
};

/// A request may have so many parameters.
const MAX_PARAMETERS: usize = 10_000;

/// A parameter's name may have so many bytes, which bounds how deep members can lie in each other.
const MAX_NAME_BYTES: usize = 1_024;

/// The parameters of one request, sorted by name.
#[derive(Default)]
pub struct Parameters<'a> {
    // INVARIANT: sorted by name, no name twice.
    sorted: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Values may be passwords.
impl std::fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sorted.iter().map(|(name, _)| name)).finish()
    }
}

impl<'a> Parameters<'a> {
    /// Reads the query string and the body; either may be empty.
    ///
    /// A bad escape, text that is not UTF-8, a name given twice, or more than is read are errors.
    pub fn parse(query: &'a str, body: &'a [u8]) -> Result<Self, Error> {
        if query.len() + body.len() > MAX_REQUEST_BYTES {
            return Err(REQUEST_TOO_LARGE.with("The request is too large."));
        }
        let mut sorted = Vec::new();
        read(query.as_bytes(), &MALFORMED_QUERY_STRING, &mut sorted)?;
        read(body, &SERIALIZATION, &mut sorted)?;
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => {
                Err(SERIALIZATION
                    .with(format!("The parameter {} is given more than once.", pair[0].0)))
            }
            None => Ok(Self { sorted }),
        }
    }

    /// The value of the parameter of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.sorted.binary_search_by(|(other, _)| other.as_ref().cmp(name)).ok()?;
        self.sorted.get(at).map(|(_, value)| value.as_ref())
    }

    /// The names that begin with `prefix`, without it, in order.
    pub(super) fn below<'b>(&'b self, prefix: &'b str) -> impl Iterator<Item = &'b str> {
        let start = self.sorted.partition_point(|(name, _)| name.as_ref() < prefix);
        let rest = self.sorted.get(start..).unwrap_or_default().iter();
        rest.map_while(move |(name, _)| name.strip_prefix(prefix))
    }
}

fn read<'a>(
    text: &'a [u8],
    malformed: &'static ErrorKind,
    into: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Result<(), Error> {
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if into.len() == MAX_PARAMETERS {
            return Err(malformed.with(format!("More than {MAX_PARAMETERS} parameters are given.")));
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        let decoded = unescape(name).zip(unescape(value)).ok_or_else(|| {
            malformed.with("A parameter has a bad percent escape or is not UTF-8.")
        })?;
        if decoded.0.len() > MAX_NAME_BYTES {
            return Err(malformed.with("The name of a parameter is too long."));
        }
        into.push(decoded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(query: &str, body: &[u8]) -> &'static str {
        Parameters::parse(query, body).unwrap_err().kind().query.code
    }

    #[test]
    fn reads_both_places() {
        let parameters = Parameters::parse("Action=A%2bB+C&x", b"&Name=%C3%BC&&Empty=").unwrap();
        assert_eq!(parameters.value("Action"), Some("A+B C"));
        assert_eq!(parameters.value("Name"), Some("ü"));
        assert_eq!(parameters.value("Empty"), Some(""));
        assert_eq!(parameters.value("x"), Some(""));
        assert_eq!(parameters.value("y"), None);
    }

    #[test]
    fn finds_what_lies_below() {
        let parameters = Parameters::parse("T.1=a&T.1.x=b&T-=c&T=d&U=e&T.2=f", b"").unwrap();
        assert_eq!(parameters.below("T.").collect::<Vec<_>>(), ["1", "1.x", "2"]);
        assert_eq!(parameters.below("V").count(), 0);
    }

    #[test]
    fn refuses_what_is_broken_or_ambiguous() {
        assert_eq!(code("a=%2", b""), "MalformedQueryString");
        assert_eq!(code("a=%zz", b""), "MalformedQueryString");
        assert_eq!(code("", b"a=%"), "MalformedInput");
        assert_eq!(code("", b"a=%ff"), "MalformedInput");
        assert_eq!(code("", b"a=\xff"), "MalformedInput");
        assert_eq!(code("a=1", b"a=1"), "MalformedInput");
        assert_eq!(code("", b"%61=1&a=2"), "MalformedInput");
    }

    #[test]
    fn bounds_number_and_size() {
        let many: String = (0..=MAX_PARAMETERS).map(|n| format!("{n}&")).collect();
        assert_eq!(code("", many.as_bytes()), "MalformedInput");
        assert_eq!(code("", "n".repeat(MAX_NAME_BYTES + 1).as_bytes()), "MalformedInput");
        assert_eq!(code("", &vec![b'&'; MAX_REQUEST_BYTES + 1]), "RequestEntityTooLarge");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(name in ".{1,20}", value in ".{0,40}") {
            let escape = |text: &str| -> String {
                text.bytes().map(|byte| format!("%{byte:02X}")).collect()
            };
            let body = format!("{}={}", escape(&name), escape(&value));
            let parameters = Parameters::parse("", body.as_bytes()).unwrap();
            prop_assert_eq!(parameters.value(&name), Some(value.as_str()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(query in ".*", body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parameters::parse(&query, &body);
        }
    }
}
