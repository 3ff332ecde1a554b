//! The tree between bytes and structs.

use std::collections::BTreeMap;

use bytes::Bytes;
use world::Timestamp;

use crate::Sensitive;

/// What a codec reads and writes: data without names, which are in the shape tables.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// One slot per member of the structure's shape, in its order; an absent member is `None`.
    Structure(Vec<Option<Value>>),
    /// The elements in order.
    List(Vec<Value>),
    /// The entries by key.
    Map(BTreeMap<String, Value>),
    /// Text, also that of an enum.
    String(String),
    /// Text that the model marks as sensitive.
    Sensitive(Sensitive),
    /// A whole number of 32 or 64 bits.
    Integer(i64),
    /// A finite or infinite number.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// A point in time.
    Timestamp(Timestamp),
    /// Bytes; on the wire in base64, or as they are where they are the whole body.
    Blob(Bytes),
}

impl Value {
    /// A structure with nothing in it, of `members` slots.
    pub fn empty(members: usize) -> Self {
        Self::Structure(vec![None; members])
    }

    /// The member in the given slot of a structure, if it is there.
    pub fn member(&self, slot: usize) -> Option<&Value> {
        match self {
            Self::Structure(slots) => slots.get(slot)?.as_ref(),
            _ => None,
        }
    }
}

/// Bytes are shown by their number only: some of them are keys.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Structure(slots) => f.debug_list().entries(slots).finish(),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Map(entries) => f.debug_map().entries(entries).finish(),
            Self::String(text) => text.fmt(f),
            Self::Sensitive(text) => text.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Double(number) => number.fmt(f),
            Self::Boolean(flag) => flag.fmt(f),
            Self::Timestamp(time) => time.fmt(f),
            Self::Blob(bytes) => write!(f, "Blob({} bytes)", bytes.len()),
        }
    }
}
