//! Service last accessed: which services somebody's policies allow, and when they were last tried.
//!
//! [`accesses`] notes every attempt, [`job`] makes reports of them when asked, [`answers`] gives the
//! reports out a page at a time, and [`granting`] tells which policies allow a service.

pub(crate) mod accesses;
pub(crate) mod answers;
pub(crate) mod granting;
pub(crate) mod job;
mod report;
mod scope;

use std::time::Duration;

/// How long attempts are kept (IAM User Guide, "Refine permissions using last accessed information").
pub(crate) const TRACKING_PERIOD: Duration = Duration::from_secs(400 * 24 * 60 * 60);
