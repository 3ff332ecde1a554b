//! How a body lies in a pack, and what a row keeps of it.
//!
//! A record is a header of 24 bytes and the encrypted text with its tag. The header says how far the record
//! reaches, so a pack can be walked without a key; the tag says whether the text is whole.

use crate::{
    BLOB_MAX_BYTES, Error,
    seal::{NONCE_BYTES, TAG_LEN},
};

/// What every record starts with: format 1 of this program's bodies.
const MAGIC: [u8; 4] = *b"CBR1";

/// Bytes of a record's header: magic, length of the encrypted text, codec, three spare bytes, nonce.
pub(super) const HEADER_LEN: usize = 4 + 4 + 1 + 3 + NONCE_BYTES;

/// Bytes of an encoded [`BlobRef`].
const REF_LEN: usize = 1 + 8 + 8 + 4 + 4 + 1 + NONCE_BYTES;

/// The first byte of an encoded [`BlobRef`].
const REF_VERSION: u8 = 1;

/// How a body was made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Codec {
    Plain = 0,
    Zstd = 1,
}

/// Where a body is and how to read it. The row that owns the body keeps it as bytes.
///
/// It holds the nonce, which no two records share: a record put in the place of another does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobRef {
    pub(super) pack: u64,
    pub(super) offset: u64,
    /// Encrypted text and tag, without the header.
    pub(super) stored: u32,
    pub(super) plain: u32,
    pub(super) codec: Codec,
    pub(super) nonce: [u8; NONCE_BYTES],
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) stored: u32,
    pub(super) codec: Codec,
    pub(super) nonce: [u8; NONCE_BYTES],
}

impl Codec {
    fn parse(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Plain),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.stored.to_le_bytes());
        bytes[8] = self.codec as u8;
        bytes[12..].copy_from_slice(&self.nonce);
        bytes
    }

    /// `None` where no record starts.
    pub(super) fn decode(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.take()? != MAGIC {
            return None;
        }
        let stored = u32::from_le_bytes(reader.take()?);
        let [codec] = reader.take()?;
        let [0, 0, 0] = reader.take()? else { return None };
        let long_enough = stored as usize >= TAG_LEN;
        let header = Self { stored, codec: Codec::parse(codec)?, nonce: reader.take()? };
        long_enough.then_some(header)
    }

    /// Bytes from the record's start to its end.
    pub(super) fn record_len(&self) -> u64 {
        HEADER_LEN as u64 + u64::from(self.stored)
    }
}

impl BlobRef {
    /// The length of the body as it was put, in bytes.
    pub fn len(&self) -> u64 {
        self.plain.into()
    }

    /// Whether the body is empty.
    pub fn is_empty(&self) -> bool {
        self.plain == 0
    }

    /// The pack that holds the body, as [`Blobs::packs`](super::Blobs::packs) lists it.
    pub fn pack(&self) -> u64 {
        self.pack
    }

    /// Bytes that the body takes up in its pack.
    pub fn stored_len(&self) -> u64 {
        self.header().record_len()
    }

    /// The bytes for a row.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(REF_LEN);
        bytes.push(REF_VERSION);
        bytes.extend_from_slice(&self.pack.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&self.stored.to_le_bytes());
        bytes.extend_from_slice(&self.plain.to_le_bytes());
        bytes.push(self.codec as u8);
        bytes.extend_from_slice(&self.nonce);
        bytes
    }

    /// The reference that a row keeps.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if these are not the bytes of one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::decode(bytes).ok_or_else(|| Error::corrupt("bytes that are no reference to a body"))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let [REF_VERSION] = reader.take()? else { return None };
        let reference = Self {
            pack: u64::from_le_bytes(reader.take()?),
            offset: u64::from_le_bytes(reader.take()?),
            stored: u32::from_le_bytes(reader.take()?),
            plain: u32::from_le_bytes(reader.take()?),
            codec: Codec::parse(reader.take::<1>()?[0])?,
            nonce: reader.take()?,
        };
        let (stored, plain) = (reference.stored as usize, reference.plain as usize);
        // What was compressed is shorter than the body, and the tag comes on top.
        let possible = stored >= TAG_LEN && stored - TAG_LEN <= plain && plain <= BLOB_MAX_BYTES;
        let plain_fits = reference.codec != Codec::Plain || stored - TAG_LEN == plain;
        (reader.0.is_empty() && possible && plain_fits).then_some(reference)
    }

    pub(super) fn header(&self) -> Header {
        Header { stored: self.stored, codec: self.codec, nonce: self.nonce }
    }
}

/// Takes fields off the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference() -> BlobRef {
        let nonce = *b"twelve bytes";
        BlobRef { pack: 1, offset: 1 << 40, stored: 20, plain: 100, codec: Codec::Zstd, nonce }
    }

    #[test]
    fn references_survive_a_row() {
        let bytes = reference().to_bytes();
        assert_eq!(bytes.len(), REF_LEN);
        assert_eq!(BlobRef::from_bytes(&bytes).unwrap(), reference());
        assert!(BlobRef::from_bytes(&bytes[1..]).is_err());
        assert!(BlobRef::from_bytes(&[bytes.as_slice(), b"x"].concat()).is_err());
    }

    #[test]
    fn headers_survive_a_pack() {
        let header = reference().header();
        assert_eq!(Header::decode(&header.encode()), Some(header));
        assert_eq!(header.record_len(), 44);
    }

    proptest! {
        #[test]
        fn strange_bytes_are_read_as_themselves_or_not_at_all(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            if let Ok(reference) = BlobRef::from_bytes(&bytes) {
                prop_assert_eq!(reference.to_bytes(), bytes.clone());
            }
            if let Some(start) = bytes.first_chunk()
                && let Some(header) = Header::decode(start)
            {
                prop_assert_eq!(&header.encode(), start);
            }
        }
    }
}
