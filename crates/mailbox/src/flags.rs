//! What a user has marked a message with: system flags (bits) and keywords (words of the client's choice).

use std::{
    fmt,
    ops::{BitOr, BitOrAssign},
};

use crate::Error;

/// The most keywords that one message may bear.
pub const MAX_KEYWORDS: usize = 32;
/// The longest keyword, in bytes.
pub const MAX_KEYWORD_BYTES: usize = 64;

/// A set of system flags.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The message has been read.
    pub const SEEN: Self = Self(1);
    /// The message has been answered.
    pub const ANSWERED: Self = Self(2);
    /// The message is marked for attention.
    pub const FLAGGED: Self = Self(4);
    /// The message is marked for removal.
    pub const DELETED: Self = Self(8);
    /// The message is not finished.
    pub const DRAFT: Self = Self(16);

    const ALL: Self = Self(31);

    /// The flags as stored; unknown bits are dropped.
    pub const fn from_bits(bits: i64) -> Self {
        Self((bits & Self::ALL.0 as i64) as u8)
    }

    /// The flags as they are stored.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Whether every flag of `other` is set here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether no flag is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These flags and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags except those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 5] = [
            (Flags::SEEN, "seen"),
            (Flags::ANSWERED, "answered"),
            (Flags::FLAGGED, "flagged"),
            (Flags::DELETED, "deleted"),
            (Flags::DRAFT, "draft"),
        ];
        f.debug_set()
            .entries(NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name))
            .finish()
    }
}

/// A set of keywords such as `$Forwarded`: compared without regard to ASCII case, shown as first written.
///
/// A keyword is 1 to [`MAX_KEYWORD_BYTES`] printable ASCII characters other than space and `(){%*"\]`
/// (the atom of RFC 3501, section 9, which every client protocol can carry).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keywords(Vec<String>);

impl Keywords {
    /// No keyword.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The set of `words`; doubles fold into one.
    ///
    /// # Errors
    /// [`Error::InvalidKeyword`] for a word that is not one, [`Error::TooManyKeywords`] past [`MAX_KEYWORDS`].
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut keywords = Self::none();
        for word in words {
            if !is_keyword(word) {
                return Err(Error::InvalidKeyword(word.chars().take(MAX_KEYWORD_BYTES).collect()));
            }
            keywords.insert(word);
            if keywords.0.len() > MAX_KEYWORDS {
                return Err(Error::TooManyKeywords);
            }
        }
        Ok(keywords)
    }

    /// The keywords in alphabetical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the set holds `word`.
    pub fn contains(&self, word: &str) -> bool {
        self.place(word).is_ok()
    }

    /// Whether there is no keyword.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keywords there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// These keywords and those of `other`.
    ///
    /// # Errors
    /// [`Error::TooManyKeywords`] past [`MAX_KEYWORDS`].
    pub fn with(&self, other: &Self) -> Result<Self, Error> {
        let mut all = self.clone();
        other.iter().for_each(|word| all.insert(word));
        if all.len() > MAX_KEYWORDS { Err(Error::TooManyKeywords) } else { Ok(all) }
    }

    /// These keywords except those of `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|word| !other.contains(word)).cloned().collect())
    }

    /// As stored: words with a space between, nothing for none.
    pub(crate) fn to_column(&self) -> Option<String> {
        if self.is_empty() { None } else { Some(self.0.join(" ")) }
    }

    /// From what [`Self::to_column`] gave.
    pub(crate) fn from_column(column: Option<&str>) -> Self {
        let mut keywords = Self::none();
        keywords.collect(column, usize::MAX);
        keywords
    }

    /// Takes in the words of a column while there are fewer than `limit`.
    pub(crate) fn collect(&mut self, column: Option<&str>, limit: usize) {
        let words = column.unwrap_or_default().split(' ').filter(|word| !word.is_empty());
        for word in words {
            if self.len() < limit {
                self.insert(word);
            }
        }
    }

    fn insert(&mut self, word: &str) {
        if let Err(place) = self.place(word) {
            self.0.insert(place, word.to_owned());
        }
    }

    fn place(&self, word: &str) -> Result<usize, usize> {
        let folded =
            |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
        let word = folded(word);
        self.0.binary_search_by(|held| folded(held).cmp(&word))
    }
}

fn is_keyword(word: &str) -> bool {
    (1..=MAX_KEYWORD_BYTES).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_fold_case_and_keep_the_first_spelling() {
        let keywords = Keywords::new(["$Junk", "$forwarded", "$JUNK"]).unwrap();
        assert_eq!(keywords.iter().collect::<Vec<_>>(), ["$forwarded", "$Junk"]);
        assert!(keywords.contains("$junk"));
        assert_eq!(Keywords::from_column(keywords.to_column().as_deref()), keywords);
        assert_eq!(Keywords::none().to_column(), None);
    }

    #[test]
    fn keywords_are_bounded() {
        let long = "x".repeat(MAX_KEYWORD_BYTES + 1);
        for bad in ["", "a b", "a\\b", "a\"", "ä", "x]", long.as_str()] {
            assert!(matches!(Keywords::new([bad]), Err(Error::InvalidKeyword(_))), "{bad}");
        }
        let words: Vec<String> = (0..=MAX_KEYWORDS).map(|n| format!("k{n}")).collect();
        assert!(matches!(
            Keywords::new(words.iter().map(String::as_str)),
            Err(Error::TooManyKeywords)
        ));
        let full = Keywords::new(words[1..].iter().map(String::as_str)).unwrap();
        assert!(matches!(
            full.with(&Keywords::new(["one-more"]).unwrap()),
            Err(Error::TooManyKeywords)
        ));
    }

    #[test]
    fn flags_combine() {
        let flags = Flags::SEEN | Flags::DRAFT;
        assert!(flags.contains(Flags::SEEN) && !flags.contains(Flags::DELETED));
        assert_eq!(flags.without(Flags::SEEN), Flags::DRAFT);
        assert_eq!(Flags::from_bits(-1).bits(), 31);
        assert_eq!(format!("{flags:?}"), r#"{"seen", "draft"}"#);
    }
}
