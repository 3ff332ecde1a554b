//! Records of what happens to mail, written into the log groups of organizations.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use iam::door::{Actor, ServiceRoles};
use logs::{NewEvent, Place};
use store::Transaction;
use world::Timestamp;

use super::{Configuration, PRINCIPAL};

/// Organizations whose last failure is remembered at most; past it the memory starts anew.
const FAILURES_MAX: usize = 10_000;

/// Writes records with the roles that organizations gave. Cheap to clone.
#[derive(Clone, Default)]
pub struct EventLog {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    roles: ServiceRoles,
    /// Why nothing was written for an organization the last time, so that it is told once.
    failures: Mutex<HashMap<String, Failure>>,
}

/// Why records are dropped. Mail goes its way without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("the log group is gone")]
    GroupGone,
    #[error("the role is gone, or does not trust {PRINCIPAL}")]
    RoleGone,
    #[error("the role does not allow logs:CreateLogStream")]
    StreamDenied,
    #[error("the role does not allow logs:PutLogEvents")]
    EventsDenied,
}

impl EventLog {
    /// Writes records about an organization's mail, as part of the transaction in which it happens; if nobody
    /// wants them, or the role does not allow it any more, they are dropped. The transaction must not have
    /// changed anything of IAM.
    ///
    /// # Errors
    /// The store's.
    pub async fn write(
        &self,
        tx: &mut Transaction,
        organization: &str,
        records: Vec<String>,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        let Some(configuration) = Configuration::find(tx, organization).await? else {
            return Ok(());
        };
        let count = records.len() as u64;
        match self.place(tx, organization, &configuration, now).await? {
            Ok(place) => {
                let at = now.as_micros().div_euclid(1_000);
                let event = |message| NewEvent { at, message };
                let events: Vec<_> = records.into_iter().map(event).collect();
                place.append(tx, &events, now).await?;
                self.went_well(organization);
                metrics::counter!("chancery_mail_events_total").increment(count);
            }
            Err(failure) => {
                self.tell(organization, &configuration, failure);
                metrics::counter!("chancery_mail_events_dropped_total").increment(count);
            }
        }
        Ok(())
    }

    /// Where records go, if the role may put them there at this moment: a stream for each day.
    async fn place(
        &self,
        tx: &mut Transaction,
        organization: &str,
        configuration: &Configuration,
        now: Timestamp,
    ) -> Result<Result<Place, Failure>, store::Error> {
        let Configuration { account, region, role_arn, group } = configuration;
        let stream = format!("{organization}/{}", now.civil("%Y-%m-%d"));
        let Some(place) = Place::find(tx, (account, region), group, &stream).await? else {
            return Ok(Err(Failure::GroupGone));
        };
        let source_arn = configuration.organization_arn(organization);
        let actor = Actor { service: PRINCIPAL, role_arn, source_arn: &source_arn, region, now };
        let Some(role) = self.inner.roles.assume(tx, &actor).await? else {
            return Ok(Err(Failure::RoleGone));
        };
        if !place.has_stream() && !role.may("logs:CreateLogStream", &place.resource) {
            return Ok(Err(Failure::StreamDenied));
        }
        if !role.may("logs:PutLogEvents", &place.resource) {
            return Ok(Err(Failure::EventsDenied));
        }
        Ok(Ok(place))
    }

    fn tell(&self, organization: &str, configuration: &Configuration, failure: Failure) {
        let mut failures = self.failures();
        if failures.get(organization) == Some(&failure) {
            return;
        }
        if failures.len() >= FAILURES_MAX {
            failures.clear();
        }
        failures.insert(organization.to_owned(), failure);
        let Configuration { role_arn, group, .. } = configuration;
        tracing::warn!(organization, group, role_arn, %failure, "mail events are dropped");
    }

    fn went_well(&self, organization: &str) {
        self.failures().remove(organization);
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, HashMap<String, Failure>> {
        self.inner.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}
