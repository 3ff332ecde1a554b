//! The query protocol.
