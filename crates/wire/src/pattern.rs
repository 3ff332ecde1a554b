//! Regular expressions of the models.

use std::sync::OnceLock;

use regex::Regex;

/// What the whole of a text must match. Compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    /// AWS's own text, for messages.
    pub text: &'static str,
    /// The service's own message for a value that does not match, `{}` being the member's name. Nothing
    /// where AWS's usual message is used.
    pub said: Option<&'static str>,
    regex: &'static str,
    not_regex: Option<&'static str>,
    compiled: OnceLock<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    whole: Regex,
    nowhere: Option<Regex>,
}

impl Pattern {
    /// A pattern shown as `text`: the whole value must match `regex` and nothing in it `not_regex`.
    pub const fn new(
        text: &'static str,
        regex: &'static str,
        not_regex: Option<&'static str>,
        said: Option<&'static str>,
    ) -> Self {
        Self { text, said, regex, not_regex, compiled: OnceLock::new() }
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| self.compile());
        compiled.whole.is_match(value)
            && !compiled.nowhere.as_ref().is_some_and(|nowhere| nowhere.is_match(value))
    }

    #[allow(
        clippy::expect_used,
        reason = "the models are ours; a test compiles every pattern in them"
    )]
    fn compile(&self) -> Compiled {
        let regex = |text: &str| Regex::new(text).expect("the pattern of a model compiles");
        Compiled {
            whole: regex(&format!(r"\A(?:{})\z", self.regex)),
            nowhere: self.not_regex.map(regex),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_value_must_match() {
        let pattern = Pattern::new("a|b+", "a|b+", None, None);
        assert!(pattern.matches("a") && pattern.matches("bbb"));
        assert!(!pattern.matches("ab") && !pattern.matches("bb\n") && !pattern.matches(""));
    }

    #[test]
    fn nothing_forbidden_may_be_found() {
        let pattern = Pattern::new("", "[a-z-]+", Some("^d-|--"), None);
        assert!(pattern.matches("abd-e"));
        assert!(!pattern.matches("d-a") && !pattern.matches("a--b"));
    }
}
