//! The grammar of RFC 5321 and its extensions: text in, types out. Strict and bounded.

mod address;
mod command;
mod parameters;

pub use address::Address;
pub(crate) use {
    address::Path,
    command::{BodyType, Command, MailParameters, Malformed, parse},
};
