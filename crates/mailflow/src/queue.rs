//! Messages on their way to other servers.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{BodyId, bodies};
use store::{Change, Row, Snapshot, Transaction, params};
use world::Timestamp;

use crate::{
    Error, LIFETIME, Mailflow,
    retry::{self, MAX_TRIES},
    route::Remote,
    transit::calls,
};

/// How long a worker has what it claimed for itself. Longer than any attempt takes.
pub const LEASE: Duration = Duration::from_secs(30 * 60);

/// The topic of the notices that something was put into the queue.
pub const QUEUE_TOPIC: &str = "mailflow.queue";

/// The recipients of one job, so that one message to very many does not block the others.
const MAX_JOB_RECIPIENTS: usize = 100;

/// A message as it is put into the queue.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) body: BodyId,
    pub(crate) skip_octets: usize,
    pub(crate) sender: &'a str,
    pub(crate) utf8: bool,
}

/// A message that is due, for recipients of one domain by one way, under a lease.
#[derive(Clone, Debug)]
pub struct Job {
    /// The message.
    pub message: String,
    /// Where its recipients are.
    pub domain: String,
    /// The gateway of its organization that takes it there, and not the servers of the domain.
    pub gateway: Option<String>,
    /// Empty for a notice.
    pub sender: String,
    /// Who it is for, with the number of attempts, this one included.
    pub recipients: Vec<(String, u32)>,
    /// Whether it needs SMTPUTF8.
    pub utf8: bool,
    /// Whose message it is: the id of an organization, or of the house itself.
    pub organization: String,
    pub(crate) body: BodyId,
    pub(crate) skip_octets: usize,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) lease: String,
}

/// Puts a message into the queue, due at once.
pub(crate) async fn insert(
    tx: &mut Transaction,
    entry: &Entry<'_>,
    recipients: &[Remote],
    now: Timestamp,
) -> Result<(), Error> {
    bodies::hold(tx, entry.body, &holder(entry.id)).await?;
    let sql = "INSERT INTO queue_messages (id, organization, body_id, skip_octets, sender, utf8, \
               created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let skip_octets = i64::try_from(entry.skip_octets).unwrap_or(0);
    let params = params![
        entry.id,
        entry.organization,
        entry.body.0,
        skip_octets,
        entry.sender,
        entry.utf8,
        now,
        now.saturating_add(LIFETIME),
    ];
    tx.execute(sql, params).await?;
    for Remote { recipient, domain, gateway } in recipients {
        let sql = "INSERT INTO queue_recipients (message_id, recipient, domain, gateway, attempts, \
                   next_attempt_at) VALUES ($1, $2, $3, $4, 0, $5)";
        let gateway = gateway.as_deref().unwrap_or_default();
        tx.execute(sql, params![entry.id, recipient, domain, gateway, now]).await?;
    }
    tx.notify(Change::new(QUEUE_TOPIC, ""));
    Ok(())
}

/// The name under which the body of a queued message is held.
pub(crate) fn holder(message: &str) -> String {
    format!("queue/{message}")
}

impl Mailflow {
    /// Claims what is due, at most `limit` jobs, for [`LEASE`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn claim(&self, limit: usize) -> Result<Vec<Job>, Error> {
        if !self.is_due().await? {
            return Ok(Vec::new());
        }
        for tries in 1..=MAX_TRIES {
            match self.try_claim(limit).await {
                Err(error) if error.is_conflict() => retry::rest(&self.world, tries).await,
                claimed => return claimed,
            }
        }
        Err(Error::Contended(MAX_TRIES))
    }

    /// When the next attempt is due; also the end of a lease counts.
    ///
    /// # Errors
    /// What the store says.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let sql = "SELECT next_attempt_at FROM queue_recipients ORDER BY next_attempt_at LIMIT 1";
        Ok(self.store.read().await?.row(sql, params![], |row| row.get(0)).await?)
    }

    /// The message of a job, as it is to be sent.
    ///
    /// # Errors
    /// What the store says.
    pub async fn load(&self, job: &Job) -> Result<Bytes, Error> {
        let mut snapshot = self.store.read().await?;
        let keyring = self.store.keyring();
        let located =
            bodies::locate_body(&mut snapshot, keyring, &job.organization, job.body).await?;
        drop(snapshot);
        let content = located.read(&self.store).await?;
        Ok(content.slice(job.skip_octets.min(content.len())..))
    }

    /// Ends all leases, so that what a process left behind when it was lost is due at once. Only for the
    /// start of a process that has the store to itself.
    ///
    /// # Errors
    /// What the store says.
    pub async fn end_leases(&self) -> Result<(), Error> {
        let mut tx = self.store.write().await?;
        let sql = "UPDATE queue_recipients SET lease = NULL, next_attempt_at = $1 \
                   WHERE lease IS NOT NULL";
        let now = self.world.now();
        tx.execute(sql, params![now]).await?;
        calls::end_leases(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Looks without becoming a writer.
    async fn is_due(&self) -> Result<bool, Error> {
        Ok(self.next_due().await?.is_some_and(|due| due <= self.world.now()))
    }

    async fn try_claim(&self, limit: usize) -> Result<Vec<Job>, Error> {
        let now = self.world.now();
        let mut tx = self.store.write().await?;
        let sql = "SELECT message_id, domain, gateway FROM queue_recipients \
                   WHERE next_attempt_at <= $1 GROUP BY message_id, domain, gateway \
                   ORDER BY MIN(next_attempt_at) LIMIT $2";
        let due = tx.rows(sql, params![now, limit], Due::of).await?;
        let mut jobs = Vec::with_capacity(due.len());
        for due in due {
            let lease = self.world.random_hex::<8>();
            let recipients = lease_out(&mut tx, &due, &lease, now).await?;
            jobs.extend(job(&mut tx, due, recipients, lease).await?);
        }
        tx.commit().await?;
        Ok(jobs)
    }
}

/// Recipients of a message whose turn it is.
struct Due {
    message: String,
    domain: String,
    /// Empty for none.
    gateway: String,
}

impl Due {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { message: row.get(0)?, domain: row.get(1)?, gateway: row.get(2)? })
    }
}

/// Marks what is due, and gives its recipients.
async fn lease_out(
    tx: &mut Transaction,
    due: &Due,
    lease: &str,
    now: Timestamp,
) -> Result<Vec<(String, u32)>, Error> {
    let sql = "SELECT recipient, attempts FROM queue_recipients WHERE message_id = $1 AND \
               domain = $2 AND gateway = $3 AND next_attempt_at <= $4 ORDER BY recipient LIMIT $5";
    let params = params![&due.message, &due.domain, &due.gateway, now, MAX_JOB_RECIPIENTS];
    let pair = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<u32>(1)?.saturating_add(1)));
    let recipients = tx.rows(sql, params, pair).await?;
    for (recipient, attempts) in &recipients {
        let sql = "UPDATE queue_recipients SET lease = $3, next_attempt_at = $4, attempts = $5 \
                   WHERE message_id = $1 AND recipient = $2";
        let until = now.saturating_add(LEASE);
        tx.execute(sql, params![&due.message, recipient, lease, until, *attempts]).await?;
    }
    Ok(recipients)
}

async fn job(
    snapshot: &mut Snapshot,
    due: Due,
    recipients: Vec<(String, u32)>,
    lease: String,
) -> Result<Option<Job>, Error> {
    let sql = "SELECT organization, body_id, skip_octets, sender, utf8, created_at, expires_at \
               FROM queue_messages WHERE id = $1";
    let job = |row: &Row<'_>| {
        Ok(Job {
            message: due.message.clone(),
            domain: due.domain.clone(),
            gateway: Some(due.gateway.clone()).filter(|gateway| !gateway.is_empty()),
            sender: row.get(3)?,
            recipients: recipients.clone(),
            utf8: row.get(4)?,
            organization: row.get(0)?,
            body: BodyId(row.get(1)?),
            skip_octets: usize::try_from(row.get::<i64>(2)?).unwrap_or(0),
            created_at: row.get(5)?,
            expires_at: row.get(6)?,
            lease: lease.clone(),
        })
    };
    Ok(snapshot.row(sql, params![&due.message], job).await?)
}
