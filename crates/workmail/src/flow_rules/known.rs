//! Rules that are kept ready for the mail side.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use store::{Row, Snapshot, params};

use super::{Direction, Rules, rows};
use crate::domain_name;

/// Organizations and directions whose rules are kept ready at most; beyond that all begin anew.
const KEPT_MAX: usize = 1000;

/// A domain that is not yet proved is still its owner's, whoever that is. `CROSS JOIN` keeps SQLite from walking all revisions instead.
const BY_DOMAIN: &str = "SELECT r.organization_id, r.revision FROM mail_domains d \
    CROSS JOIN mail_flow_revisions r \
    WHERE d.name = $1 AND d.ownership = 'VERIFIED' AND r.organization_id = d.organization_id AND r.direction = $2";

/// The rules of organizations, made ready once for each state of them. The state is read in the caller's snapshot,
/// so what applies is what that snapshot holds. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct KnownRules(Arc<Mutex<HashMap<(String, Direction), Kept>>>);

#[derive(Clone, Debug)]
struct Kept {
    revision: String,
    rules: Arc<Rules>,
}

impl KnownRules {
    /// The rules for mail to addresses in a domain; none if it is not ours, or has no rules, which costs one look.
    ///
    /// # Errors
    /// The store's.
    pub async fn inbound(
        &self,
        snapshot: &mut Snapshot,
        domain: &str,
    ) -> Result<Option<Arc<Rules>>, store::Error> {
        let Some(domain) = domain_name::lookup(domain) else { return Ok(None) };
        let key = params![domain, Direction::Inbound.as_str()];
        let pair = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<String>(1)?));
        match snapshot.row(BY_DOMAIN, key, pair).await? {
            Some((organization, revision)) => {
                self.ready(snapshot, organization, Direction::Inbound, revision).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// The rules for mail that users of an organization send, if it has any.
    ///
    /// # Errors
    /// The store's.
    pub async fn outbound(
        &self,
        snapshot: &mut Snapshot,
        organization: &str,
    ) -> Result<Option<Arc<Rules>>, store::Error> {
        const SQL: &str = "SELECT revision FROM mail_flow_revisions \
            WHERE organization_id = $1 AND direction = $2";
        let key = params![organization, Direction::Outbound.as_str()];
        match snapshot.row(SQL, key, |row| row.get(0)).await? {
            Some(revision) => {
                let organization = organization.to_owned();
                self.ready(snapshot, organization, Direction::Outbound, revision).await.map(Some)
            }
            None => Ok(None),
        }
    }

    async fn ready(
        &self,
        snapshot: &mut Snapshot,
        organization: String,
        direction: Direction,
        revision: String,
    ) -> Result<Arc<Rules>, store::Error> {
        let key = (organization, direction);
        let kept = self.lock().get(&key).filter(|kept| kept.revision == revision).cloned();
        if let Some(kept) = kept {
            return Ok(kept.rules);
        }
        let rules = Arc::new(rows::ready(snapshot, &key.0, direction).await?);
        let mut all = self.lock();
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            all.clear();
        }
        all.insert(key, Kept { revision, rules: Arc::clone(&rules) });
        Ok(rules)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, Direction), Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn mail_is_asked_about_by_indexes_alone() {
        let plan = crate::plan::of(BY_DOMAIN, 2).await;
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{plan:?}");
    }
}
