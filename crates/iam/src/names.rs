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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range() {
        let within = |path: &str| path >= "/div" && *path <= *prefix_end("/div");
        assert!(within("/div") && within("/division/") && within("/div/~~~/"));
        assert!(!within("/dix/") && !within("/di"));
    }
}
