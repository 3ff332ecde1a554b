//! Text that the model marks as sensitive.

use world::Secret;

/// A password, a secret key, a token: not printed, compared in constant time, wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
// INVARIANT: the bytes are UTF-8, for they are only ever taken from a `String`.
pub struct Sensitive(Secret);

impl Sensitive {
    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_text().unwrap_or_default()
    }

    /// The same text as the rest of the house holds secrets.
    pub fn into_secret(self) -> Secret {
        self.0
    }
}

impl From<String> for Sensitive {
    fn from(text: String) -> Self {
        Self(Secret::from(text))
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self(Secret::new(text))
    }
}

impl std::fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_itself_only_when_asked() {
        let password = Sensitive::from("grün");
        assert_eq!(password.expose(), "grün");
        assert_eq!(password, Sensitive::from("grün".to_owned()));
        assert_ne!(password, Sensitive::from("grau"));
        assert_eq!(format!("{password:?}"), "Sensitive(..)");
        assert_eq!(Sensitive::default().expose(), "");
    }
}
