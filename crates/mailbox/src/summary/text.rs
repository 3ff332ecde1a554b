//! Texts of a header, brought to a form fit for keeping, within a budget.

use super::{MAX_TEXT_BYTES, MAX_VALUE_BYTES};

/// How much text a summary may still keep.
pub(super) struct Budget {
    left_bytes: usize,
    /// Whether something was cut since this was last set back.
    pub(super) cut: bool,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { left_bytes: MAX_TEXT_BYTES, cut: false }
    }

    /// `text`, cut to what may be kept.
    pub(super) fn keep(&mut self, mut text: String) -> String {
        let limit = self.left_bytes.min(MAX_VALUE_BYTES);
        if text.len() > limit {
            text.truncate(text.floor_char_boundary(limit));
            self.cut = true;
        }
        self.left_bytes -= text.len();
        text
    }

    /// Whether nothing more may be kept.
    pub(super) fn is_spent(&self) -> bool {
        self.left_bytes == 0
    }
}

/// A header value on one line, of at most [`MAX_TEXT_BYTES`] bytes: line ends go, white space around goes, bytes
/// that are not UTF-8 show as U+FFFD, and so do NULs, which no protocol carries.
pub(super) fn unfold(value: &[u8]) -> String {
    let value = &value[..value.len().min(MAX_TEXT_BYTES)];
    let line: Vec<u8> =
        value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    String::from_utf8_lossy(&line).trim().replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfolds() {
        assert_eq!(unfold(b" a\r\n b\r\n\tc \r\n"), "a b\tc");
        assert_eq!(unfold(b"\xff\0"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn keeps_within_the_budget() {
        let mut budget = Budget::new();
        assert_eq!(budget.keep("ä".repeat(MAX_VALUE_BYTES)).len(), MAX_VALUE_BYTES);
        let kept: usize = (0..100).map(|_| budget.keep("a".repeat(MAX_VALUE_BYTES)).len()).sum();
        assert_eq!(kept + MAX_VALUE_BYTES, MAX_TEXT_BYTES);
        assert!(budget.is_spent());
    }
}
