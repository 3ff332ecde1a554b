//! The room in a real store, with real people and a clock that is moved by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod federation;
mod fido;
mod guessing;
mod house;
mod passwords;
mod root;
mod second_factor;
mod sign_up;
