//! What the worker sees of the jobs: taken under a lease, kept, ended.
//!
//! A job is held by one worker until a moment that the worker keeps putting off. Who finds it past that
//! moment takes it over and begins anew. Every change asks whether the job still runs and is still held by
//! who makes it, so a job that was cancelled or taken over is left alone.

use std::time::Duration;

use store::{Row, Snapshot, Store, Transaction, params};
use wire::workmail::MailboxExportJobState;
use world::Timestamp;

use super::SHOWN;

/// How long a job is held unless the worker puts it off.
pub const LEASE: Duration = Duration::from_secs(60);

/// Times that a job is begun. One that ended each server that did it is given up.
pub const ATTEMPTS_MAX: u32 = 5;

/// Characters of `ErrorInfo` (the model's limit).
const ERROR_CHARS_MAX: usize = 1024;

/// A job that the worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Whose mailbox it is.
    pub entity: String,
    /// The region of the organization.
    pub region: String,
    /// The ARN of the key that encrypts.
    pub key_arn: String,
    /// The bucket.
    pub bucket: String,
    /// The key of the object in it.
    pub path: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How often it was begun, this time included.
    pub attempts: u32,
    /// What the one before has left behind and is to be taken away.
    pub upload: Option<String>,
    /// Whether it is to be done. If not, it was cancelled and what it left behind is to be taken away.
    pub runs: bool,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The object is there.
    Completed,
    /// Nothing is there, and this is why.
    Failed(String),
}

/// The ids of jobs that nobody holds and that run, or were cancelled and left something behind; the oldest first.
///
/// # Errors
/// What the store says.
pub async fn waiting(
    snapshot: &mut Snapshot,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, store::Error> {
    const SQL: &str = "SELECT id FROM export_jobs WHERE (state = 'RUNNING' OR upload IS NOT NULL) \
        AND (holder IS NULL OR held_until <= $1) ORDER BY started_at LIMIT $2";
    snapshot.rows(SQL, params![now, limit], |row| row.get(0)).await
}

/// Takes one of the jobs that [`waiting`] found. Nothing if another was faster.
///
/// # Errors
/// What the store says.
pub async fn take(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
    now: Timestamp,
) -> Result<Option<Job>, store::Error> {
    const TAKE: &str = "UPDATE export_jobs SET holder = $2, held_until = $3, \
        attempts = attempts + 1 WHERE id = $1 AND (state = 'RUNNING' OR upload IS NOT NULL) \
        AND (holder IS NULL OR held_until <= $4)";
    if tx.execute(TAKE, params![id, holder, now.saturating_add(LEASE), now]).await? == 0 {
        return Ok(None);
    }
    const SQL: &str = "SELECT j.id, j.entity_id, o.region, j.key_arn, j.bucket, j.path, \
        j.started_at, j.attempts, j.upload, j.state \
        FROM export_jobs j JOIN organizations o ON o.id = j.organization_id WHERE j.id = $1";
    tx.row(SQL, params![id], Job::of).await
}

impl Job {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            entity: row.get(1)?,
            region: row.get(2)?,
            key_arn: row.get(3)?,
            bucket: row.get(4)?,
            path: row.get(5)?,
            started_at: row.get(6)?,
            attempts: row.get(7)?,
            upload: row.get(8)?,
            runs: row.get::<String>(9)? == MailboxExportJobState::Running.as_str(),
        })
    }
}

/// Whether a job still runs and is held by `holder`.
///
/// # Errors
/// What the store says.
pub async fn is_held(
    snapshot: &mut Snapshot,
    id: &str,
    holder: &str,
) -> Result<bool, store::Error> {
    const SQL: &str =
        "SELECT 1 FROM export_jobs WHERE id = $1 AND state = 'RUNNING' AND holder = $2";
    Ok(snapshot.row(SQL, params![id, holder], |_| Ok(())).await?.is_some())
}

/// Whether a job runs or has completed, whoever does it.
///
/// # Errors
/// What the store says.
pub async fn is_wanted(snapshot: &mut Snapshot, id: &str) -> Result<bool, store::Error> {
    const SQL: &str =
        "SELECT 1 FROM export_jobs WHERE id = $1 AND state IN ('RUNNING', 'COMPLETED')";
    Ok(snapshot.row(SQL, params![id], |_| Ok(())).await?.is_some())
}

/// Puts off the end of the lease and tells how far the job is, in percent; what was told before is not taken
/// back. Says whether it is still held.
///
/// # Errors
/// What the store says.
pub async fn keep(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
    progress: u8,
    now: Timestamp,
) -> Result<bool, store::Error> {
    const SQL: &str = "UPDATE export_jobs SET held_until = $3, \
        progress = CASE WHEN progress < $4 THEN $4 ELSE progress END \
        WHERE id = $1 AND holder = $2 AND state = 'RUNNING'";
    let row = params![id, holder, now.saturating_add(LEASE), i64::from(progress)];
    Ok(tx.execute(SQL, row).await? > 0)
}

/// Notes what is to be taken away should this worker not come to an end. Says whether the job is still held.
///
/// # Errors
/// What the store says.
pub async fn note_upload(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
    upload: &str,
) -> Result<bool, store::Error> {
    const SQL: &str = "UPDATE export_jobs SET upload = $3 \
        WHERE id = $1 AND holder = $2 AND state = 'RUNNING'";
    Ok(tx.execute(SQL, params![id, holder, upload]).await? > 0)
}

/// Notes that nothing is left to be taken away. Says whether `holder` was the last to hold the job.
///
/// # Errors
/// What the store says.
pub async fn note_cleared(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
) -> Result<bool, store::Error> {
    const SQL: &str = "UPDATE export_jobs SET upload = NULL WHERE id = $1 AND holder = $2";
    Ok(tx.execute(SQL, params![id, holder]).await? > 0)
}

/// Ends a job. Says whether it was still held; if not, it is as it was.
///
/// # Errors
/// What the store says.
pub async fn end(
    tx: &mut Transaction,
    id: &str,
    holder: &str,
    end: &End,
    now: Timestamp,
) -> Result<bool, store::Error> {
    const SQL: &str = "UPDATE export_jobs SET state = $3, error = $4, ended_at = $5, \
        progress = CASE WHEN $3 = 'COMPLETED' THEN 100 ELSE progress END, \
        holder = NULL, held_until = NULL, upload = NULL \
        WHERE id = $1 AND holder = $2 AND state = 'RUNNING'";
    let (state, error) = match end {
        End::Completed => (MailboxExportJobState::Completed, None),
        End::Failed(why) => (MailboxExportJobState::Failed, Some(why)),
    };
    let error = error.map(|why| why.chars().take(ERROR_CHARS_MAX).collect::<String>());
    Ok(tx.execute(SQL, params![id, holder, state.as_str(), error, now]).await? > 0)
}

/// Lets go of all that `holder` holds, so that another goes on at once.
///
/// # Errors
/// What the store says; nothing was changed then.
pub async fn release(store: &Store, holder: &str) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE export_jobs SET holder = NULL, held_until = NULL WHERE holder = $1";
    let mut tx = store.write().await?;
    tx.execute(SQL, params![holder]).await?;
    tx.commit().await
}

/// Forgets jobs that have ended and are not shown any more.
///
/// # Errors
/// What the store says; nothing was changed then.
pub async fn forget_old(store: &Store, now: Timestamp) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM export_jobs WHERE started_at <= $1 AND state <> 'RUNNING'";
    let mut tx = store.write().await?;
    tx.execute(SQL, params![now.saturating_sub(SHOWN)]).await?;
    tx.commit().await
}
