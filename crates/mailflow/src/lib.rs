//! mailflow
