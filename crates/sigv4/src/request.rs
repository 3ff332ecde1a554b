//! The parts of an HTTP request that a signature covers.

/// An HTTP request, as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, e.g. `POST`.
    pub method: &'a str,
    /// The request target in origin form: path, and `?` and query if there is one, undecoded.
    pub target: &'a [u8],
    /// Names (in any letter case) and values in the order received. Over HTTP/2 the caller gives
    /// `:authority` as `host`.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn path(&self) -> &'a [u8] {
        self.split().0
    }

    /// What follows the first `?`; empty if there is none.
    pub(crate) fn query(&self) -> &'a [u8] {
        self.split().1
    }

    fn split(&self) -> (&'a [u8], &'a [u8]) {
        match self.target.iter().position(|byte| *byte == b'?') {
            Some(at) => (&self.target[..at], &self.target[at + 1..]),
            None => (self.target, &[]),
        }
    }

    pub(crate) fn header_values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}
