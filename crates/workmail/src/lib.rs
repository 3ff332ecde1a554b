//! workmail
