//! The crate as its users see it: real models, whole codecs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod golden;
mod json;
mod query;
mod rest;
mod service;
mod trail;
mod validation;
mod values;
mod xml;
