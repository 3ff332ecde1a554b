//! Lists in pages: `MaxItems` and `Marker`.

use base64::{Engine, engine::general_purpose::STANDARD};
use store::Keyring;
use wire::errors::VALIDATION;

use crate::door::Call;

/// Items on a page when the caller does not say.
const ITEMS_DEFAULT: usize = 100;

/// Items on a page at most.
const ITEMS_MAX: usize = 1000;

/// Which page of a list is asked for.
///
/// A list is ordered by a key that is unique in it. The marker is the key of the last item given, sealed,
/// so that it tells nothing, fits one list of one account alone, and cannot be altered.
pub(crate) struct Page {
    keyring: Keyring,
    purpose: String,
    limit: usize,
    after: String,
}

/// What a page holds.
pub(crate) struct Cut<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Whether there are more; always told.
    pub(crate) is_truncated: Option<bool>,
    /// The marker of the next page, if there is one.
    pub(crate) marker: Option<String>,
}

impl Page {
    /// The page that the parameters of the list operation `list` ask for.
    pub(crate) fn of(
        call: &Call,
        list: &str,
        marker: Option<&str>,
        max_items: Option<i32>,
    ) -> Result<Self, wire::Error> {
        let keyring = call.keyring();
        let purpose = format!("marker/{list}/{}", call.caller().account);
        let after = match marker {
            Some(marker) => opened(&keyring, &purpose, marker)
                .ok_or_else(|| VALIDATION.with("Invalid Marker."))?,
            None => String::new(),
        };
        let asked = max_items.and_then(|items| usize::try_from(items).ok());
        let limit = asked.unwrap_or(ITEMS_DEFAULT).clamp(1, ITEMS_MAX);
        Ok(Self { keyring, purpose, limit, after })
    }

    /// The same page with fewer items, but one at least.
    pub(crate) fn at_most(mut self, limit: usize) -> Self {
        self.limit = self.limit.min(limit.max(1));
        self
    }

    /// The items asked for have keys after this one. It is empty, and so before all, on the first page.
    pub(crate) fn after(&self) -> &str {
        &self.after
    }

    /// How many items to look for: one more than fits, to know whether there are more.
    pub(crate) fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// The page out of at most [`fetch`](Self::fetch) items that come after [`after`](Self::after).
    pub(crate) fn cut<T>(
        self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Cut<T>, store::Error> {
        let is_truncated = items.len() > self.limit;
        items.truncate(self.limit);
        let last = if is_truncated { items.last().map(key) } else { None };
        let seal = |key: String| self.keyring.seal(&self.purpose, key.as_bytes());
        let marker = last.map(seal).transpose()?.map(|sealed| STANDARD.encode(sealed));
        Ok(Cut { items, is_truncated: Some(is_truncated), marker })
    }

    /// The page out of the whole list, which a quota keeps short.
    pub(crate) fn slice<T>(
        self,
        mut all: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Cut<T>, store::Error> {
        all.sort_by_cached_key(&key);
        all.retain(|item| key(item) > self.after);
        self.cut(all, key)
    }
}

fn opened(keyring: &Keyring, purpose: &str, marker: &str) -> Option<String> {
    let sealed = STANDARD.decode(marker).ok()?;
    let key = keyring.open(purpose, &sealed).ok()?;
    key.expose_text().map(str::to_owned)
}
