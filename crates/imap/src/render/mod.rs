//! How things look on the wire: the bytes of responses.

pub(crate) mod envelope;
pub(crate) mod message;
pub(crate) mod out;
pub(crate) mod pattern;
pub(crate) mod section;
pub(crate) mod structure;
