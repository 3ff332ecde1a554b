//! Functions: called by HTTP as AWS Lambda's are.
//!
//! Where they run is the operator's business. An endpoint that speaks Lambda's `Invoke` serves all functions, and
//! single functions may have a URL of their own ([`Settings`]). What speaks it: AWS Lambda itself, its runtime
//! interface emulator, and the usual stand-ins. Every call says on whose behalf it is made ([`Caller`]), is bounded
//! in time and bytes, and is made once: who calls again, and when, is for others to know.
//!
//! It knows neither mail nor what the functions are asked.

mod arn;
mod error;
mod functions;
mod settings;

pub use arn::FunctionArn;
pub use error::Error;
pub use functions::{Caller, Functions, How};
pub use settings::{Credentials, Settings, SettingsError};
