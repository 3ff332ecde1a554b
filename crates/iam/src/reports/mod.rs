//! What is told about permissions: explanations, simulations, reports and the jobs that make them.

pub(crate) mod authorization_details;
pub mod authorization_message;
pub(crate) mod context_keys;
pub(crate) mod credential_report;
pub mod explain;
pub mod jobs;
pub(crate) mod last_accessed;
pub(crate) mod simulator;
pub(crate) mod subject;
