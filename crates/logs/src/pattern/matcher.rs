//! What a text is held against.

use regex::{Regex, RegexBuilder};

use super::{Malformed, REGEXES_MAX};

/// Bytes that a regular expression may take, compiled.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Compiles the regular expressions of one pattern.
#[derive(Default)]
pub(super) struct Regexes {
    count: usize,
}

impl Regexes {
    /// Takes what the guide allows ("Supported regular expressions (regex) syntax"), which keeps patterns
    /// the same elsewhere.
    pub(super) fn compile(&mut self, expression: &str) -> Result<Regex, Malformed> {
        self.count += 1;
        if self.count > REGEXES_MAX {
            let text = format!("it has more than {REGEXES_MAX} regular expressions");
            return Err(Malformed::new(text));
        }
        let may_stand =
            |c: char| c.is_ascii_alphanumeric() || c == ' ' || ":_#=@/;,-^$?[]{}|\\*+.".contains(c);
        if let Some(other) = expression.chars().find(|c| !may_stand(*c)) {
            let text = format!("`{other}` is not supported in regular expressions");
            return Err(Malformed::new(text));
        }
        RegexBuilder::new(expression)
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|_| Malformed::new(format!("`{expression}` is no regular expression")))
    }
}

/// Whether `glob`, in which `*` stands for any characters, is the whole of `text`.
pub(super) fn is_glob_match(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*');
    // What stands after the last `*` must be the end; the others are found as early as they can be.
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}
