//! Every operation through its real handler, on a real store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod assume_role;
mod federation_token;
mod house;
mod identity;
mod messages;
mod saml;
mod web_token;
