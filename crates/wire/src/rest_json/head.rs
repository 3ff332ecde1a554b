//! What stands in paths, queries and headers, before it is known what it means.

use std::borrow::Cow;

use crate::{Error, errors::SERIALIZATION, percent::unescape};

/// A query may have so many items.
const MAX_ITEMS: usize = 10_000;

/// The name and the value of an item, unescaped.
pub(super) type Item<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The items of a query in order: `a=1&b`. `+` is a space, as in forms and as a signature reads it.
pub(super) fn items(query: &str) -> Result<Vec<Item<'_>>, Error> {
    let mut items = Vec::new();
    for item in query.split('&').filter(|item| !item.is_empty()) {
        if items.len() == MAX_ITEMS {
            let message = format!("More than {MAX_ITEMS} items are in the query.");
            return Err(SERIALIZATION.with(message));
        }
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let pair = unescape(name.as_bytes()).zip(unescape(value.as_bytes()));
        items.push(pair.ok_or_else(|| {
            SERIALIZATION.with("The query has a bad percent escape or is not UTF-8.")
        })?);
    }
    Ok(items)
}

/// What stands in the place of a label. `+` is no space there (RFC 3986, section 3.3).
pub(super) fn label(escaped: &str) -> Option<String> {
    let literal = escaped.replace('+', "%2B");
    unescape(literal.as_bytes()).map(Cow::into_owned)
}

/// The elements of a header that holds a list: `a, "b, c", "d \"e\""`.
pub(super) fn elements(header: &str) -> Result<Vec<String>, Error> {
    let mut elements = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (element, tail) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (element, tail) = unquoted(quoted).ok_or_else(broken)?;
                (element, tail.trim_start())
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (element, tail) = rest.split_at(end);
                (element.trim_end().to_owned(), tail)
            }
        };
        elements.push(element);
        rest = match tail.strip_prefix(',') {
            Some(further) => further.trim_start(),
            None if tail.is_empty() => tail,
            None => return Err(broken()),
        };
    }
    Ok(elements)
}

/// What stands before the closing quote, and what after it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut element = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((element, text.get(at + 1..)?)),
            '\\' => element.push(letters.next()?.1),
            _ => element.push(letter),
        }
    }
    None
}

fn broken() -> Error {
    SERIALIZATION.with("A header that holds a list has a quoted element without an end.")
}

/// Points in time in a header: each HTTP date has a comma of its own.
pub(super) fn dates(header: &str) -> Vec<&str> {
    let mut dates = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let is_date = rest.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let end =
            rest.match_indices(',').nth(usize::from(is_date)).map_or(rest.len(), |(at, _)| at);
        let (date, tail) = rest.split_at(end);
        dates.push(date.trim_end());
        rest = tail.trim_start_matches(',').trim_start();
    }
    dates
}

/// An element of a list in a header, in quotes where it needs them.
pub(super) fn push_element(out: &mut String, element: &str) {
    let plain = !element.is_empty() && !element.contains([',', '"']) && element.trim() == element;
    if plain {
        return out.push_str(element);
    }
    out.push('"');
    for letter in element.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_in_headers() {
        for (header, wanted) in [
            ("", &[][..]),
            ("a", &["a"]),
            (" a ,b,  c", &["a", "b", "c"]),
            (r#""b,c", "\"def\"", a"#, &["b,c", "\"def\"", "a"]),
            (r#""a" , "b""#, &["a", "b"]),
        ] {
            assert_eq!(elements(header).unwrap(), wanted, "{header}");
        }
        for header in [r#""a"#, r#""a" b"#, r#""\"#] {
            assert!(elements(header).is_err(), "{header}");
        }
    }

    #[test]
    fn dates_in_headers() {
        assert_eq!(
            dates("Mon, 16 Dec 2019 23:48:18 GMT, Tue, 17 Dec 2019 00:00:00 GMT"),
            ["Mon, 16 Dec 2019 23:48:18 GMT", "Tue, 17 Dec 2019 00:00:00 GMT"]
        );
        assert_eq!(dates("2019-12-16T23:48:18Z, 1"), ["2019-12-16T23:48:18Z", "1"]);
    }

    #[test]
    fn labels_keep_their_plus() {
        assert_eq!(label("a%2Fb+c%20d").as_deref(), Some("a/b+c d"));
        assert_eq!(label("%zz"), None);
        assert_eq!(label("%ff"), None);
    }

    proptest! {
        #[test]
        fn a_written_list_is_read_again(list in prop::collection::vec(".*", 1..5)) {
            let mut header = String::new();
            for (at, element) in list.iter().enumerate() {
                header.push_str(if at > 0 { ", " } else { "" });
                push_element(&mut header, element);
            }
            prop_assert_eq!(elements(&header).unwrap(), list);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = elements(&text);
            let _ = items(&text);
            dates(&text);
            label(&text);
        }
    }
}
