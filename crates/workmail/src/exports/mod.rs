//! Mailbox export jobs: asked for and shown here, done by the room `archive`.
//!
//! A job is a row. The operations make it, show it and cancel it; [`work`] is what the worker sees of it.

mod destination;
mod operations;
mod role;
pub mod work;

pub use destination::ExportDestination;
pub(crate) use operations::{
    cancel_mailbox_export_job, describe_mailbox_export_job, list_mailbox_export_jobs,
    start_mailbox_export_job,
};

use std::time::Duration;

/// The topic of the notices that a job began or was cancelled; the key is its id.
pub const EXPORT_TOPIC: &str = "workmail.exports";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a job is shown after its start (AWS's quota).
const SHOWN: Duration = DAY.saturating_mul(7);
