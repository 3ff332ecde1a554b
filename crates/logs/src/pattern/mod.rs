//! Filter patterns (CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters,
//! filter log events, and Live Tail").
//!
//! A pattern is of terms (`ERROR -retry "not found"`, `?a ?b`, `%a+b%`) or a condition on messages that are JSON
//! (`{ $.event.eventName = "RULE_APPLIED" && $.size > 3 }`). What is not understood is refused: patterns of fields
//! between blanks (`[ip, user, ...]`) among it.
//!
//! Where the guide is silent: terms may stand anywhere in a message, also within words; every comparison with a
//! property that is not there is false, `!=` too; `*` in a text stands for any characters.

mod cursor;
mod json;
mod matcher;
mod terms;

use json::Condition;
use terms::Terms;

/// Regular expressions of one pattern at most (the guide's quota).
const REGEXES_MAX: usize = 2;

/// A pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Every event matches.
    Everything,
    Terms(Terms),
    Json(Condition),
}

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Malformed {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let trimmed = text.trim();
        match trimmed.chars().next() {
            None => Ok(Self::Everything),
            Some('{') => json::parse(trimmed).map(Self::Json),
            Some('[') => Err(Malformed::new("patterns of fields in brackets are not supported")),
            Some(_) => terms::parse(trimmed).map(Self::Terms),
        }
    }

    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Terms(terms) => terms.match_in(message),
            Self::Json(condition) => {
                serde_json::from_str(message).is_ok_and(|value| condition.holds(&value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let parsed = Pattern::parse(pattern).unwrap();
        for message in matching {
            assert!(parsed.matches(message), "`{pattern}` does not match `{message}`");
        }
        for message in others {
            assert!(!parsed.matches(message), "`{pattern}` matches `{message}`");
        }
    }

    #[test]
    fn terms() {
        check("", &["", "anything"], &[]);
        check("\" \"", &["", "anything"], &[]);
        check("ERROR", &["[ERROR 400] BAD REQUEST", "ERRORCODE: -1"], &["error", "ERR"]);
        check("ERROR ARGUMENTS", &["ARGUMENTS: ERROR"], &["ERROR", "ARGUMENTS"]);
        check("?ERROR ?ARGUMENTS", &["ERROR", "ARGUMENTS"], &["neither"]);
        check("ERROR -ARGUMENTS", &["ERROR"], &["ERROR ARGUMENTS", "nothing"]);
        check("-a", &["b", ""], &["a"]);
        check("\"INTERNAL SERVER ERROR\"", &["x INTERNAL SERVER ERROR"], &["INTERNAL ERROR"]);
        check(r#""a\"b\\""#, &[r#"a"b\"#], &["ab"]);
        check("-\"a b\" c", &["a c"], &["a b c"]);
        check("?optional must", &["must"], &["optional"]);
        check("%a[0-9]+b%", &["xa12b"], &["ab"]);
        check("?%^x% ?y", &["xa", "ay"], &["ax"]);
    }

    #[test]
    fn conditions() {
        let event = r#"{"traceId": "t1", "event": {"eventName": "RULE_APPLIED", "size": 7, "ok": true,
            "none": null, "to": ["a@x", {"name": "Bob"}], "a-b": 1}}"#;
        for holds in [
            r#"{ $.event.eventName = "RULE_APPLIED" }"#,
            "{$.event.eventName=RULE_APPLIED}",
            r#"{ $.event.eventName = "RULE_*" && $.traceId = t1 }"#,
            r#"{ $.event.eventName != "OTHER" }"#,
            "{ $.event.size = 7 }",
            "{ $.event.size > 6.5 && $.event.size <= 7 && $.event.size >= 7e0 && $.event.size < 8 }",
            "{ $.event.size != 8 }",
            r#"{ $.event.to[0] = "a@x" }"#,
            "{ $.event.to[1].name = Bob }",
            "{ $.event['a-b'] = 1 }",
            "{ $.event.a-b = 1 }",
            "{ $.event.ok IS TRUE }",
            "{ $.event.none IS NULL }",
            "{ $.event.absent NOT EXISTS }",
            "{ ($.event.size = 1 || $.event.size = 7) && ($.traceId = \"t*\") }",
            "{ $.event.size = 1 && $.event.size = 2 || $.traceId = t1 }",
            "{ $.event.eventName = %^RULE_[A-Z]+$% }",
            "{ $.event.eventName != %DROP% }",
        ] {
            check(holds, &[event], &["no JSON"]);
        }
        for fails in [
            r#"{ $.event.eventName = "rule_applied" }"#,
            r#"{ $.event.absent != "x" }"#,
            "{ $.event.size = \"8\" }",
            "{ $.event.size > 7 }",
            "{ $.event.eventName > 7 }",
            "{ $.event.to = \"a@x\" }",
            "{ $.event.to[2] NOT EXISTS && $.traceId = x }",
            "{ $.event.none NOT EXISTS }",
            "{ $.event.ok IS FALSE }",
            "{ $.event.size IS NULL }",
            "{ $.event.eventName = %^APPLIED% }",
        ] {
            check(fails, &[], &[event]);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "[a, b]",
            "a.b",
            "\"open",
            "-",
            "?",
            "%open",
            "%(a)%",
            "%é%",
            "%a% %b% %c%",
            "%[%",
            "{",
            "{}",
            "{ $.a }",
            "{ $.a = }",
            "{ $.a = 1",
            "{ $.a = 1 } x",
            "{ a = 1 }",
            "{ $ = 1 }",
            "{ $.a == 1 }",
            "{ $.a > x }",
            "{ $.a > \"1\" }",
            "{ $.a IS MAYBE }",
            "{ $.a NOT }",
            "{ $.a[x] = 1 }",
            "{ $.a[99999999999999999999999] = 1 }",
            "{ $.a = 1 & $.b = 1 }",
            "{ ($.a = 1 }",
        ] {
            assert!(Pattern::parse(text).is_err(), "`{text}` was taken");
        }
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(500), ")".repeat(500));
        assert!(Pattern::parse(&deep).is_err());
    }

    proptest! {
        #[test]
        fn no_text_and_no_message_does_harm(
            text in "\\PC{0,60}|\\{[ $.a-c\\[\\]0-9=!<>&|()\"*%]{0,40}\\}|[a-c?\"%\\- ]{0,30}",
            message in "\\PC{0,40}|\\{\"a\":[0-9\"a\\[\\]]{0,10}\\}",
        ) {
            if let Ok(pattern) = Pattern::parse(&text) {
                let _ = pattern.matches(&message);
            }
        }

        #[test]
        fn a_quoted_text_is_found_where_it_stands(text in "[^\"\\\\]{1,20}", around in "\\PC{0,20}") {
            prop_assume!(!text.trim().is_empty());
            let pattern = Pattern::parse(&format!("\"{text}\"")).unwrap();
            let inside = format!("{around}{text}{around}");
            prop_assert!(pattern.matches(&inside));
            prop_assert_eq!(pattern.matches(&around), around.contains(&text));
        }

        #[test]
        fn wildcards_are_as_slow_ones(glob in "[ab*]{0,8}", text in "[ab]{0,8}") {
            let slow = |glob: &str| -> bool {
                let expression = format!("^{}$", glob.replace('*', ".*"));
                regex::Regex::new(&expression).unwrap().is_match(&text)
            };
            let pattern = Pattern::parse(&format!("{{ $.a = \"{glob}\" }}")).unwrap();
            let message = format!("{{\"a\": \"{text}\"}}");
            prop_assert_eq!(pattern.matches(&message), slow(&glob));
        }
    }
}
