//! Replies (RFC 5321 section 4.2) with enhanced status codes (RFC 2034, RFC 3463).

use std::borrow::Cow;

/// One reply of one line. Only the answer to `EHLO` has more, and is written by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Empty where RFC 2034 section 4 has none (greeting, `HELO`, 3xx).
    status: &'static str,
    text: Cow<'static, str>,
}

impl Reply {
    pub(crate) fn new(code: u16, status: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status, text: text.into() }
    }

    /// Whether the command failed, for now or for good.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        let space = if self.status.is_empty() { "" } else { " " };
        let line = format!("{} {}{space}{}\r\n", self.code, self.status, self.text);
        output.extend_from_slice(line.as_bytes());
    }
}
