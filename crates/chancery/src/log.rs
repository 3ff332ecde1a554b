//! The log: structured lines on standard error.

use tracing_subscriber::EnvFilter;

use crate::{
    config::{Log, LogFormat},
    failure::Failure,
};

/// Starts logging for the whole process.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| Failure::new(format!("log.filter `{}`: {error}", log.filter)))?;
    // A line that cannot be written, as on a full disk, is lost. Told on standard error, that would fail
    // again, and panic in whatever task had something to say.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
