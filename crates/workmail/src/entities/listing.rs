//! Lists of users, of groups and of resources, each filter on an index of its own.

use store::{Row, Snapshot, params};
use wire::workmail::{EntityState, EntityType};

use super::{COLUMNS, Entity};
use crate::{page::Page, refusal};

/// Characters of a display name that its key keeps: enough to sort by, and short enough for a page token.
const DISPLAY_KEY_CHARS: usize = 64;

/// What a list is narrowed to, and sorted by.
#[derive(Debug, PartialEq)]
pub(crate) enum Filter {
    /// By name.
    Name(String),
    /// By name.
    State(EntityState),
    /// By primary address; only what has one.
    PrimaryEmail(String),
    /// By display name.
    DisplayName(String),
    /// By the user's id at the identity provider; only what has one.
    IdentityProviderUserId(String),
}

impl Filter {
    /// What the page token is bound to.
    pub(crate) fn scope(&self) -> String {
        format!("{self:?}")
    }

    /// The prefix that keys of entries begin with.
    fn prefix(&self) -> String {
        match self {
            Self::State(_) => String::new(),
            Self::DisplayName(prefix) => display_key(prefix),
            Self::Name(prefix)
            | Self::PrimaryEmail(prefix)
            | Self::IdentityProviderUserId(prefix) => prefix.to_lowercase(),
        }
    }

    /// Of the organization `$1` what is of the kind `$2`, in the range `$3` to `$6`.
    fn sql(&self) -> String {
        let state = match self {
            Self::State(state) => Some(*state),
            _ => None,
        };
        self.walk().sql(state)
    }

    fn walk(&self) -> Walk {
        match self {
            Self::Name(_) | Self::State(_) => Walk::ENTITIES,
            Self::PrimaryEmail(_) => Walk::ADDRESSES,
            Self::DisplayName(_) => Walk { key: "d.display_key", ..Walk::DETAILS },
            Self::IdentityProviderUserId(_) => Walk::DETAILS,
        }
    }
}

/// How a list is read: along the index of one table, which gives the order.
struct Walk {
    key: &'static str,
    id: &'static str,
    /// The tables joined, that one first: `CROSS JOIN` keeps SQLite from choosing another order.
    tables: &'static str,
}

impl Walk {
    const ENTITIES: Self = Self {
        key: "e.name_key",
        id: "e.id",
        tables: "entities e \
            LEFT JOIN addresses a ON a.entity_id = e.id AND a.is_primary = 1 \
            LEFT JOIN user_details d ON d.entity_id = e.id \
            LEFT JOIN resource_details r ON r.entity_id = e.id \
            WHERE e.organization_id = $1 AND e.kind = $2",
    };
    const ADDRESSES: Self = Self {
        key: "a.address_key",
        id: "a.entity_id",
        tables: "addresses a CROSS JOIN entities e \
            LEFT JOIN user_details d ON d.entity_id = e.id \
            LEFT JOIN resource_details r ON r.entity_id = e.id \
            WHERE a.organization_id = $1 AND a.kind = $2 AND a.is_primary = 1 \
            AND e.id = a.entity_id",
    };
    const DETAILS: Self = Self {
        key: "d.identity_provider_key",
        id: "d.entity_id",
        tables: "user_details d CROSS JOIN entities e \
            LEFT JOIN addresses a ON a.entity_id = e.id AND a.is_primary = 1 \
            LEFT JOIN resource_details r ON r.entity_id = e.id \
            WHERE d.organization_id = $1 AND e.id = d.entity_id AND e.kind = $2",
    };

    fn sql(&self, state: Option<EntityState>) -> String {
        let Self { key, id, tables } = self;
        let state = state.map(|state| format!("AND e.state = '{}'", state.as_str()));
        let state = state.unwrap_or_default();
        format!(
            "SELECT {COLUMNS}, a.address, d.role, d.display_name, d.identity_provider_user_id, \
             d.identity_provider_identity_store_id, r.resource_type, r.description, {key} FROM {tables} {state} \
             AND ({key}, {id}) > ($3, $4) AND {key} < $5 ORDER BY {key}, {id} LIMIT $6"
        )
    }
}

/// A list of the users, the groups or the resources of an organization.
pub(crate) struct Listing<'a> {
    pub(crate) organization: &'a str,
    pub(crate) kind: EntityType,
    pub(crate) filter: Filter,
}

/// An entry of a list.
pub(crate) struct Listed {
    pub(crate) entity: Entity,
    pub(crate) email: Option<String>,
    /// Of users only, as are the three that follow.
    pub(crate) role: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) identity_provider_user_id: Option<String>,
    pub(crate) identity_provider_identity_store_id: Option<String>,
    /// Of resources only, as is the following.
    pub(crate) resource_type: Option<String>,
    pub(crate) description: Option<String>,
    key: String,
}

impl Listed {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            entity: Entity::of(row)?,
            email: row.get(7)?,
            role: row.get(8)?,
            display_name: row.get(9)?,
            identity_provider_user_id: row.get(10)?,
            identity_provider_identity_store_id: row.get(11)?,
            resource_type: row.get(12)?,
            description: row.get(13)?,
            key: row.get(14)?,
        })
    }
}

impl Listing<'_> {
    /// One page of the list, and the token of the next.
    pub(crate) async fn read(
        &self,
        snapshot: &mut Snapshot,
        page: &Page,
    ) -> Result<(Vec<Listed>, Option<String>), wire::Error> {
        let range = page.range(&self.filter.prefix());
        let sql = self.filter.sql();
        let bounds = params![
            self.organization,
            self.kind.as_str(),
            &range.key,
            &range.id,
            &range.below,
            range.fetch,
        ];
        let mut entries = snapshot.rows(&sql, bounds, Listed::of).await?;
        let token = page.cut(&mut entries, |entry| (&entry.key, &entry.entity.id))?;
        if let Filter::DisplayName(prefix) = &self.filter {
            keep_whole_prefix(&mut entries, prefix);
        }
        Ok((entries, token))
    }
}

/// The key that display names are sorted and found by.
pub(crate) fn display_key(name: &str) -> String {
    name.to_lowercase().chars().take(DISPLAY_KEY_CHARS).collect()
}

/// Keys are cut, so a prefix longer than a key is compared once more in full.
fn keep_whole_prefix(entries: &mut Vec<Listed>, prefix: &str) {
    let prefix = prefix.to_lowercase();
    let name = |entry: &Listed| entry.display_name.as_deref().unwrap_or_default().to_lowercase();
    entries.retain(|entry| name(entry).starts_with(&prefix));
}

/// The one filter that a request gives, or that which lets all through.
///
/// # Errors
/// `InvalidParameterException` for more than one.
pub(crate) fn only_one<const N: usize>(given: [Option<Filter>; N]) -> Result<Filter, wire::Error> {
    let mut given = given.into_iter().flatten();
    let filter = given.next().unwrap_or_else(|| Filter::Name(String::new()));
    match given.next() {
        Some(_) => Err(refusal::invalid("Only one filter can be given.")),
        None => Ok(filter),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_filter_walks_an_index_in_order() {
        let text = String::new;
        for filter in [
            Filter::Name(text()),
            Filter::State(EntityState::Enabled),
            Filter::PrimaryEmail(text()),
            Filter::DisplayName(text()),
            Filter::IdentityProviderUserId(text()),
        ] {
            let plan = crate::plan::of(&filter.sql(), 6).await;
            let costly = |step: &String| step.starts_with("SCAN") || step.contains("TEMP B-TREE");
            assert!(!plan.iter().any(costly), "{filter:?}: {plan:?}");
            // What lists of users, groups and resources share must tell them apart, lest one walks past the others.
            let walked = plan.first().unwrap();
            let is_shared = !walked.contains("user_details");
            assert_eq!(is_shared, walked.contains("kind=?"), "{filter:?}: {walked}");
        }
    }

    #[test]
    fn keys_of_display_names_are_folded_and_short() {
        assert_eq!(display_key("Élan"), "élan");
        assert_eq!(display_key(&"\u{10fffd}".repeat(256)).chars().count(), 64);
    }
}
