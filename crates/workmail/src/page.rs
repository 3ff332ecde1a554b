//! Lists in pages: a range of sorted keys, and the sealed token that says where the next page starts.

use base64::{Engine, engine::general_purpose::STANDARD};
use iam::door::Call;
use store::Keyring;
use wire::workmail::Operation;

use crate::refusal;

/// Entries in a page unless the caller asks for fewer; also the most (`MaxResults` of the model).
const PAGE_MAX: u16 = 100;
/// The longest token, in characters (`NextToken` of the model).
const TOKEN_CHARS_MAX: usize = 1024;
/// Sorts after every key: no name or address starts with a character past all others.
const BEYOND: &str = "\u{10ffff}";

/// One page of a list whose entries are sorted by a key and then an id.
///
/// The token is sealed for one operation and scope (organization, filters), so that it opens for no other, and
/// an altered one for none.
pub(crate) struct Page {
    keyring: Keyring,
    purpose: String,
    /// Entries wanted.
    limit: u16,
    /// The entry that the page starts after.
    after: Option<(String, String)>,
}

impl Page {
    /// Reads what a caller sent. `scope` is all that the list depends upon besides the position.
    pub(crate) fn open(
        call: &Call,
        operation: Operation,
        scope: &[&str],
        token: Option<&str>,
        max_results: Option<i32>,
    ) -> Result<Self, wire::Error> {
        let caller = call.caller();
        let (account, region) = (caller.account.as_str(), caller.region());
        let scope = serde_json::to_string(&(operation.name(), account, region, scope))?;
        let mut page = Self {
            keyring: call.keyring(),
            purpose: format!("workmail-page/{scope}"),
            limit: max_results.and_then(|max| u16::try_from(max).ok()).unwrap_or(PAGE_MAX),
            after: None,
        };
        page.limit = page.limit.clamp(1, PAGE_MAX);
        page.after = token.map(|token| page.position(token)).transpose()?;
        Ok(page)
    }

    /// The part of the keys that begin with `prefix` which this page can hold.
    pub(crate) fn range(&self, prefix: &str) -> Range {
        let (key, id) = match &self.after {
            Some((key, id)) => (key.clone(), id.clone()),
            None => (prefix.to_owned(), String::new()),
        };
        Range { key, id, below: past(prefix), fetch: i64::from(self.limit) + 1 }
    }

    /// Cuts what was fetched for [`Page::range`] down to the page, and gives the token of the next one if there
    /// is more. `place` tells key and id of an entry.
    pub(crate) fn cut<T>(
        &self,
        entries: &mut Vec<T>,
        place: impl Fn(&T) -> (&str, &str),
    ) -> Result<Option<String>, wire::Error> {
        if entries.len() <= usize::from(self.limit) {
            return Ok(None);
        }
        entries.truncate(usize::from(self.limit));
        let Some((key, id)) = entries.last().map(place) else { return Ok(None) };
        self.token(key, id).map(Some)
    }

    /// Entries that the page holds at most.
    pub(crate) fn limit(&self) -> usize {
        usize::from(self.limit)
    }

    /// The token of a page that starts after this place.
    pub(crate) fn token(&self, key: &str, id: &str) -> Result<String, wire::Error> {
        let sealed = self.keyring.seal(&self.purpose, &serde_json::to_vec(&(key, id))?)?;
        Ok(STANDARD.encode(sealed))
    }

    fn position(&self, token: &str) -> Result<(String, String), wire::Error> {
        let refused = || refusal::invalid("The NextToken is not valid for this list.");
        if token.len() > TOKEN_CHARS_MAX {
            return Err(refused());
        }
        let sealed = STANDARD.decode(token).map_err(|_| refused())?;
        let plain = self.keyring.open(&self.purpose, &sealed).map_err(|_| refused())?;
        serde_json::from_slice(plain.expose()).map_err(|_| refused())
    }
}

/// What to ask the store for: `(key, id) > ($key, $id) AND key < $below ORDER BY key, id LIMIT $fetch`.
pub(crate) struct Range {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) below: String,
    /// One more than the page holds, to know whether there is a next one.
    pub(crate) fetch: i64,
}

/// The first text, by code points, that sorts after all texts that begin with `prefix`.
fn past(prefix: &str) -> String {
    let mut text: Vec<char> = prefix.chars().collect();
    while let Some(last) = text.pop() {
        // the surrogates are no characters: skip them
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            char::MAX => None,
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return text.into_iter().collect();
        }
    }
    BEYOND.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_empty_prefix_holds_everything() {
        assert_eq!(past(""), BEYOND);
        assert_eq!(past("a\u{10ffff}"), "b");
        assert_eq!(past("\u{d7ff}"), "\u{e000}");
    }

    proptest! {
        #[test]
        fn the_bound_parts_what_begins_with_the_prefix(prefix in "\\PC{1,8}", other in "\\PC{0,12}") {
            let bound = past(&prefix);
            let longer = prefix.clone() + &other;
            prop_assert!(longer < bound);
            let inside = other >= prefix && other < bound;
            prop_assert_eq!(inside, other.starts_with(&prefix));
        }
    }
}
