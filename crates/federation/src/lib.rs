//! Tokens of identity providers, verified: JSON Web Tokens ([`jwt`]) and SAML responses ([`saml`]).
//!
//! All of it is pure: no input or output, no clock, no store. What a token says comes out of it only once its
//! signature was verified; until then it tells no more than whose keys to verify it with.
//!
//! It is no general library for either. Of JSON Web Tokens it knows the signed compact form; of SAML, the
//! response that a browser brings; of XML signatures and encryption, what such responses need. SHA-1 is
//! nowhere accepted in a signature.

mod base64url;
pub mod jwt;
pub mod saml;
mod signature;
mod xml;
