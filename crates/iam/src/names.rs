//! Names: kept as given, unique without case.

/// The form in which a name is unique and is looked up. Names are ASCII by the model's patterns.
pub(crate) fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// The path of an entity that was given none.
pub(crate) const ROOT_PATH: &str = "/";

/// The texts from `prefix` to the returned bound, both included, are those that begin with `prefix`.
/// Paths and names are ASCII, so the last code point is after all that may follow.
pub(crate) fn prefix_end(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// From the first to the last of the folded names, both included; nothing is in it if there are none.
pub(crate) fn range<'a>(names: impl Iterator<Item = &'a str>) -> (String, String) {
    let mut keys: Vec<_> = names.map(fold).collect();
    keys.sort_unstable();
    let last = keys.pop().unwrap_or_default();
    let first = keys.into_iter().next().unwrap_or_else(|| last.clone());
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range() {
        let within = |path: &str| path >= "/div" && *path <= *prefix_end("/div");
        assert!(within("/div") && within("/division/") && within("/div/~~~/"));
        assert!(!within("/dix/") && !within("/di"));
    }

    #[test]
    fn a_range_spans_its_names_without_case() {
        let range = |names: &[&str]| super::range(names.iter().copied());
        assert_eq!(range(&["Berta", "carl", "Anna"]), ("anna".into(), "carl".into()));
        assert_eq!(range(&["Anna"]), ("anna".into(), "anna".into()));
        assert_eq!(range(&[]), (String::new(), String::new()));
    }
}
