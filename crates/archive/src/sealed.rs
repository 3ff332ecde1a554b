//! Archives that are encrypted under a key of the operator.
//!
//! A sealed file is a header and chunks. Each chunk is [`CHUNK_BYTES`] of the plain file, the last one fewer (or
//! none), encrypted with AES-256-GCM; its nonce holds its number and whether it is the last, so that chunks
//! can be neither cut off nor exchanged ("Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance", the STREAM construction). The key of a file is derived from the operator's by HKDF with
//! the salt in the header, so no nonce is used twice under one key. Every chunk is bound to the header, which
//! names the operator's key.

use std::io::{self, Read, Seek, SeekFrom};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use world::{Secret, World};

/// Bytes of the operator's key.
pub const EXPORT_KEY_BYTES: usize = 32;

/// What a sealed file begins with.
pub(crate) const MAGIC: &[u8; 8] = b"CHYSEAL1";

/// Bytes of the plain file in a chunk.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const SALT_BYTES: usize = 32;
/// The longest name of a key (`KmsKeyArn` of the model).
const NAME_MAX_BYTES: usize = 2048;

/// A key of the operator with the ARN by which jobs name it.
#[derive(Clone)]
pub struct ExportKey {
    name: String,
    secret: Secret,
}

impl ExportKey {
    /// The key of that name; nothing unless it has [`EXPORT_KEY_BYTES`] bytes and the name is not too long.
    pub fn new(name: impl Into<String>, secret: Secret) -> Option<Self> {
        let name = name.into();
        let is_good = secret.expose().len() == EXPORT_KEY_BYTES && name.len() <= NAME_MAX_BYTES;
        is_good.then_some(Self { name, secret })
    }

    /// The ARN.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for ExportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Seals a file from front to end.
pub(crate) struct Sealing {
    key: LessSafeKey,
    header: Vec<u8>,
    number: u32,
    /// What is not a whole chunk yet.
    rest: Vec<u8>,
}

impl Sealing {
    /// A file under `key`. The header is to be written first.
    ///
    /// # Errors
    /// None for a key that [`ExportKey::new`] gave.
    pub(crate) fn new(key: &ExportKey, world: &World) -> io::Result<Self> {
        let salt = world.random_bytes::<SALT_BYTES>();
        let name_len = u16::try_from(key.name.len()).map_err(io::Error::other)?;
        let name = key.name.as_bytes();
        let header = [MAGIC, &name_len.to_le_bytes()[..], name, &salt].concat();
        let key = file_key(&key.secret, &salt)?;
        Ok(Self { key, header, number: 0, rest: Vec::new() })
    }

    /// What the file begins with.
    pub(crate) fn header(&self) -> &[u8] {
        &self.header
    }

    /// Seals what there is of whole chunks and puts it behind `out`.
    ///
    /// # Errors
    /// For a file of 256 TiB and more.
    pub(crate) fn push(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.rest.extend_from_slice(plain);
        // A chunk goes when something comes after it: which is the last is not known before.
        let mut whole = 0;
        while self.rest.len() - whole > CHUNK_BYTES {
            let chunk = self.rest[whole..whole + CHUNK_BYTES].to_vec();
            self.seal(chunk, false, out)?;
            whole += CHUNK_BYTES;
        }
        self.rest.drain(..whole);
        Ok(())
    }

    /// Seals what is left.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        self.seal(rest, true, out)
    }

    fn seal(&mut self, mut chunk: Vec<u8>, last: bool, out: &mut Vec<u8>) -> io::Result<()> {
        let nonce = nonce(self.number, last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(&*self.header), &mut chunk);
        sealed.map_err(io::Error::other)?;
        out.extend_from_slice(&chunk);
        self.number =
            self.number.checked_add(1).ok_or_else(|| io::Error::other("too many chunks"))?;
        Ok(())
    }
}

/// A sealed file, read as the plain one.
pub(crate) struct Opened<R> {
    inner: R,
    key: LessSafeKey,
    header: Vec<u8>,
    /// Bytes of the plain file.
    len: u64,
    position: u64,
    /// The chunk that was opened last, by its number.
    chunk: Option<(u64, Vec<u8>)>,
}

impl<R: Read + Seek> Opened<R> {
    /// Reads the header, and the last chunk to make sure that the file is whole and the key is right.
    ///
    /// # Errors
    /// `InvalidData` if it is not a sealed file, was cut off or changed, or is of another key; the file system's.
    pub(crate) fn new(mut inner: R, key: &Secret) -> io::Result<Self> {
        let header = read_header(&mut inner)?;
        let salt = &header[header.len() - SALT_BYTES..];
        let key = file_key(key, salt)?;
        let sealed = inner.seek(SeekFrom::End(0))?.saturating_sub(header.len() as u64);
        let chunks = sealed.div_ceil((CHUNK_BYTES + TAG_BYTES) as u64);
        let tags = chunks * TAG_BYTES as u64;
        let len = sealed.checked_sub(tags).filter(|_| chunks > 0).ok_or_else(not_opened)?;
        let mut opened = Self { inner, key, header, len, position: 0, chunk: None };
        opened.open(chunks - 1)?;
        Ok(opened)
    }

    /// The bytes of a chunk. The one after the last is empty.
    fn open(&mut self, number: u64) -> io::Result<&[u8]> {
        if self.chunk.as_ref().is_none_or(|(held, _)| *held != number) {
            self.chunk = Some((number, self.read_chunk(number)?));
        }
        Ok(self.chunk.as_ref().map_or(&[], |(_, chunk)| chunk))
    }

    fn read_chunk(&mut self, number: u64) -> io::Result<Vec<u8>> {
        let last = self.len.div_ceil(CHUNK_BYTES as u64).saturating_sub(1);
        if number > last {
            return Ok(Vec::new());
        }
        let stride = (CHUNK_BYTES + TAG_BYTES) as u64;
        self.inner.seek(SeekFrom::Start(self.header.len() as u64 + number * stride))?;
        let mut chunk = Vec::new();
        self.inner.by_ref().take(stride).read_to_end(&mut chunk)?;
        let nonce = nonce(u32::try_from(number).map_err(|_| not_opened())?, number == last);
        let opened = self.key.open_in_place(nonce, Aad::from(&*self.header), &mut chunk);
        let len = opened.map_err(|_| not_opened())?.len();
        chunk.truncate(len);
        Ok(chunk)
    }
}

impl<R: Read + Seek> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (number, at) =
            (self.position / CHUNK_BYTES as u64, (self.position % CHUNK_BYTES as u64) as usize);
        let chunk = self.open(number)?;
        let rest = chunk.get(at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Opened<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

fn read_header(inner: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = vec![0; MAGIC.len() + 2];
    inner.read_exact(&mut header)?;
    let name_len = usize::from(u16::from_le_bytes([header[MAGIC.len()], header[MAGIC.len() + 1]]));
    if !header.starts_with(MAGIC) || name_len > NAME_MAX_BYTES {
        return Err(not_opened());
    }
    let start = header.len();
    header.resize(start + name_len + SALT_BYTES, 0);
    inner.read_exact(&mut header[start..])?;
    Ok(header)
}

fn file_key(secret: &Secret, salt: &[u8]) -> io::Result<LessSafeKey> {
    let mut key = [0; EXPORT_KEY_BYTES];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret.expose())
        .expand(&[b"chancery export 1"], hkdf::HKDF_SHA256)
        .and_then(|derived| derived.fill(&mut key))
        .map_err(io::Error::other)?;
    let key = Secret::new(key);
    UnboundKey::new(&AES_256_GCM, key.expose()).map(LessSafeKey::new).map_err(io::Error::other)
}

/// The number of the chunk, and whether it is the last.
fn nonce(number: u32, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&number.to_be_bytes());
    nonce[11] = last.into();
    Nonce::assume_unique_for_key(nonce)
}

fn not_opened() -> io::Error {
    let text = "the archive cannot be decrypted: another key, or it was changed or cut off";
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn key() -> ExportKey {
        ExportKey::new("arn:aws:kms:us-east-1:1:key/a", Secret::new([7; 32])).unwrap()
    }

    fn sealed(plain: &[u8], piece: usize) -> Vec<u8> {
        let mut sealing = Sealing::new(&key(), &World::system()).unwrap();
        let mut out = sealing.header().to_vec();
        for piece in plain.chunks(piece) {
            sealing.push(piece, &mut out).unwrap();
        }
        sealing.finish(&mut out).unwrap();
        out
    }

    fn opened(sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opened::new(Cursor::new(sealed), &key().secret)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_is_read_again() {
        for len in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let plain: Vec<u8> = (0..len).map(|at| at as u8).collect();
            assert_eq!(opened(&sealed(&plain, 1000)).unwrap(), plain, "{len}");
        }
        let mut reader =
            Opened::new(Cursor::new(sealed(&[9; 200_000], 77)), &key().secret).unwrap();
        assert_eq!(reader.seek(SeekFrom::End(-3)).unwrap(), 199_997);
        let mut end = Vec::new();
        reader.read_to_end(&mut end).unwrap();
        assert_eq!(end, [9; 3]);
    }

    #[test]
    fn what_was_changed_or_cut_off_is_not_opened() {
        let whole = sealed(&vec![1; 3 * CHUNK_BYTES], 5000);
        let header = whole.len() - 3 * (CHUNK_BYTES + TAG_BYTES);
        for cut in 1..=3 {
            let end = whole.len() - cut * (CHUNK_BYTES + TAG_BYTES);
            assert!(opened(&whole[..end]).is_err(), "{cut} chunks less");
        }
        for at in [0, 9, 20, header - 1, header, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(opened(&changed).is_err(), "byte {at}");
        }
        let another = Secret::new([8; 32]);
        assert!(Opened::new(Cursor::new(&whole), &another).is_err());
    }

    proptest! {
        #[test]
        fn strange_bytes_are_survived(bytes in any::<Vec<u8>>(), begins in any::<bool>()) {
            let bytes = if begins { [&MAGIC[..], &bytes].concat() } else { bytes };
            prop_assert!(opened(&bytes).is_err());
        }
    }
}
