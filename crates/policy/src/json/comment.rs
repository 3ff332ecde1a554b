//! What authors put between tokens that JSON has no place for: comments, and spaces that are none.

/// Something that was meant as nothing.
pub(super) struct Blank {
    /// Its bytes.
    pub(super) length: usize,
    pub(super) message: &'static str,
    pub(super) hint: &'static str,
    /// What to put in its place.
    pub(super) replacement: &'static str,
}

/// What at the start of `text` was meant as nothing.
pub(super) fn blank(text: &str) -> Option<Blank> {
    let first = text.chars().next()?;
    if let Some((message, replacement)) = invisible(first) {
        return Some(Blank { length: first.len_utf8(), message, hint: "delete it", replacement });
    }
    let length = if text.starts_with("//") || first == '#' {
        text.find(['\n', '\r']).unwrap_or(text.len())
    } else if text.starts_with("/*") {
        text.find("*/").map_or(text.len(), |end| end + "*/".len())
    } else {
        return None;
    };
    let (message, hint) = ("JSON has no comments", "delete the comment");
    Some(Blank { length, message, hint, replacement: "" })
}

/// What is wrong with a character that looks like a space, or like nothing, and what to write instead.
fn invisible(char: char) -> Option<(&'static str, &'static str)> {
    match char {
        '\u{feff}' => Some(("a byte order mark, U+FEFF, is no white space in JSON", "")),
        '\u{a0}' => Some(("a no-break space, U+00A0, is no white space in JSON", " ")),
        '\u{200b}' => Some(("a zero-width space, U+200B, is no white space in JSON", "")),
        '\u{2028}' => Some(("a line separator, U+2028, is no white space in JSON", "\n")),
        _ => None,
    }
}
