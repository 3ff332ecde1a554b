//! The grammar of commands (RFC 3501, section 9, and the extensions that are served).
//!
//! Bytes become types here, once, or are refused with the reason; nothing behind this module looks at
//! the wire again. Everything is bounded by [`crate::limits`].

pub(crate) mod acl;
pub(crate) mod command;
pub(crate) mod cursor;
pub(crate) mod date;
pub(crate) mod fetch;
pub(crate) mod framer;
pub(crate) mod list;
pub(crate) mod search;
pub(crate) mod set;
pub(crate) mod store;
pub(crate) mod utf7;
