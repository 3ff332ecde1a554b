//! The audit form of inputs and outputs.
