//! The log: structured lines on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::{
    config::{Log, LogFormat},
    failure::Failure,
};

/// Starts logging for the whole process.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    // A line that cannot be written, as on a full disk, is lost. Told on standard error, that would fail
    // again, and panic in whatever task had something to say.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log)?)
        .with_writer(io::stderr)
        .with_ansi(is_coloured())
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// What is to be logged, or what is wrong with the words for it.
pub(crate) fn filter(log: &Log) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(&log.filter)
        .map_err(|error| Failure::new(format!("log.filter `{}`: {error}", log.filter)))
}

/// A person's terminal shows colours, unless the person asks for none (no-color.org); a file keeps none.
fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
