//! Tags on everything that bears them.

use std::collections::HashSet;

use store::{Snapshot, Transaction, params};
use wire::iam::{Tag, errors::INVALID_INPUT};

use crate::{
    pages::{Cut, Page},
    quotas,
};

/// Tags as key and value, sorted by key.
pub(crate) type Pairs = Vec<(String, String)>;

/// The beginning of keys that only AWS may give.
const RESERVED_PREFIX: &str = "aws:";

/// Takes the tags of a request. One that is not acceptable fails them all.
pub(crate) fn checked(tags: Option<Vec<Tag>>) -> Result<Pairs, wire::Error> {
    let tags: Pairs =
        tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
    check_keys(tags.iter().map(|(key, _)| key.as_str()))?;
    Ok(tags)
}

/// Refuses keys that are reserved, or that are the same but for case.
pub(crate) fn check_keys<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), wire::Error> {
    let mut seen = HashSet::new();
    for key in keys {
        let key = fold(key);
        if key.starts_with(RESERVED_PREFIX) {
            return Err(
                INVALID_INPUT.with("Tag keys beginning with aws: are reserved for system use.")
            );
        }
        if !seen.insert(key) {
            return Err(INVALID_INPUT.with(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(())
}

/// The tags of a resource.
pub(crate) async fn of(snapshot: &mut Snapshot, resource_id: &str) -> Result<Pairs, store::Error> {
    const SQL: &str = "SELECT key, value FROM tags WHERE resource_id = $1 ORDER BY key";
    snapshot.rows(SQL, params![resource_id], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// A page of the tags of a resource.
///
/// The marker is the place in the list: a key may be longer than a marker, and there are few.
pub(crate) async fn page(
    snapshot: &mut Snapshot,
    resource_id: &str,
    page: Page,
) -> Result<Cut<Tag>, wire::Error> {
    let tags = of(snapshot, resource_id).await?;
    let placed = tags.into_iter().enumerate().map(|(at, tag)| (format!("{at:03}"), tag)).collect();
    let cut = page.slice(placed, |(place, _)| place.clone())?;
    let items = cut.items.into_iter().map(|(_, (key, value))| Tag { key, value }).collect();
    Ok(Cut { items, is_truncated: cut.is_truncated, marker: cut.marker })
}

/// As most answers carry them: absent if there are none.
pub(crate) fn shown(tags: Pairs) -> Option<Vec<Tag>> {
    listed(tags).filter(|tags| !tags.is_empty())
}

/// As the answers about one resource carry them, except of users and roles: an empty list if there are none.
pub(crate) fn listed(tags: Pairs) -> Option<Vec<Tag>> {
    Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect())
}

/// Adds tags to a resource, or replaces their values. `quota` is AWS's name of their limit.
pub(crate) async fn put(
    tx: &mut Transaction,
    resource_id: &str,
    tags: &Pairs,
    quota: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "INSERT INTO tags (resource_id, key_fold, key, value) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (resource_id, key_fold) DO UPDATE SET key = excluded.key, value = excluded.value";
    let mut keys: HashSet<_> =
        of(tx, resource_id).await?.iter().map(|(key, _)| fold(key)).collect();
    keys.extend(tags.iter().map(|(key, _)| fold(key)));
    let before_last = keys.len().saturating_sub(1);
    quotas::check(quota, quotas::TAGS as i64, before_last as i64)?;
    for (key, value) in tags {
        tx.execute(SQL, params![resource_id, fold(key), key, value]).await?;
    }
    Ok(())
}

/// Takes the tags with these keys off a resource; what is not there is passed over.
pub(crate) async fn remove(
    tx: &mut Transaction,
    resource_id: &str,
    keys: &[String],
) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM tags WHERE resource_id = $1 AND key_fold = $2";
    for key in keys {
        tx.execute(SQL, params![resource_id, fold(key)]).await?;
    }
    Ok(())
}

/// Takes all tags off a resource that goes away.
pub(crate) async fn remove_all(
    tx: &mut Transaction,
    resource_id: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM tags WHERE resource_id = $1";
    tx.execute(SQL, params![resource_id]).await.map(drop)
}

/// The form in which a tag's key is unique.
pub(crate) fn folded((key, _): &(String, String)) -> String {
    fold(key)
}

fn fold(key: &str) -> String {
    key.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> Tag {
        Tag { key: key.to_owned(), value: String::new() }
    }

    #[test]
    fn keys_are_unique_without_case_and_never_of_aws() {
        assert!(checked(Some(vec![tag("a"), tag("b")])).is_ok());
        let twice = checked(Some(vec![tag("Straße"), tag("STRASSE"), tag("straße")])).unwrap_err();
        assert!(twice.message().starts_with("Duplicate tag keys found."));
        assert!(checked(Some(vec![tag("AWS:x")])).unwrap_err().is(&INVALID_INPUT));
        assert_eq!(checked(None).unwrap(), []);
    }
}
