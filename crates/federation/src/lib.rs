//! Tokens of identity providers, verified: JSON Web Tokens ([`jwt`]).
//!
//! All of it is pure: no input or output, no clock, no store. What a token says comes out of it only once its
//! signature was verified; until then it tells no more than whose keys to verify it with.
//!
//! It is no general library for them: it knows the signed compact form alone.

mod base64url;
pub mod jwt;
mod signature;
