//! A zip archive, written from front to end (APPNOTE.TXT 6.3.10 of PKWARE).
//!
//! An entry is whole when it is added, so its sizes stand before it and nothing is ever written behind. The
//! central directory, which grows with the entries, waits in a file of its own: a mailbox may hold millions of
//! messages, which is why a general library that keeps the directory in memory is not used here.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, Write},
    path::Path,
};

use flate2::{Compression, write::DeflateEncoder};
use world::Timestamp;

/// Values from which a field of 16 or 32 bits says: look into the longer one (section 4.4.1.4).
const LONG_16: u64 = 0xFFFF;
const LONG_32: u64 = 0xFFFF_FFFF;

/// "UTF-8 in the name" (section 4.4.4, bit 11).
const FLAGS: u16 = 1 << 11;
/// Made by version 4.5 on Unix (section 4.4.2).
const MADE_BY: u16 = 3 << 8 | 45;
/// Version 4.5 is that which knows 64 bits (section 4.4.3.2).
const NEEDED: u16 = 45;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A regular file, or a directory, that its owner may write and all may read.
const FILE_MODE: u32 = 0o100_644 << 16;
/// The last bit says "directory" to MS-DOS.
const DIRECTORY_MODE: u32 = 0o040_755 << 16 | 0x10;

/// The directory is read back in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// What a file becomes in an archive.
#[derive(Debug)]
pub(crate) struct Packed {
    method: u16,
    crc: u32,
    plain_len: u32,
    bytes: Vec<u8>,
}

impl Packed {
    /// Compresses, unless that makes it longer. Takes time where there are many bytes.
    ///
    /// # Errors
    /// For 4 GiB and more.
    pub(crate) fn of(plain: &[u8]) -> io::Result<Self> {
        let plain_len = u32::try_from(plain.len()).map_err(io::Error::other)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain)?;
        let deflated = encoder.finish()?;
        let (method, bytes) = match deflated.len() < plain.len() {
            true => (DEFLATED, deflated),
            false => (STORED, plain.to_vec()),
        };
        Ok(Self { method, crc: crc32fast::hash(plain), plain_len, bytes })
    }

    fn nothing() -> Self {
        Self { method: STORED, crc: 0, plain_len: 0, bytes: Vec::new() }
    }
}

/// An archive on its way. What is written piles up in [`Self::out`] until it is taken.
pub(crate) struct ZipWriter {
    pub(crate) out: Vec<u8>,
    /// Bytes that were taken from `out` before.
    taken: u64,
    directory: BufWriter<File>,
    directory_len: u64,
    entries: u64,
}

impl ZipWriter {
    /// An empty archive, which keeps its directory in a file without a name in `folder`.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            out: Vec::new(),
            taken: 0,
            directory: BufWriter::new(tempfile::tempfile_in(folder)?),
            directory_len: 0,
            entries: 0,
        })
    }

    /// Takes what was written since the last time.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.taken += self.out.len() as u64;
        std::mem::take(&mut self.out)
    }

    /// Adds a file. `name` is its path, the parts divided by slashes.
    ///
    /// # Errors
    /// The file system's; for a name of 64 KiB and more.
    pub(crate) fn file(
        &mut self,
        name: &str,
        modified: Timestamp,
        packed: &Packed,
    ) -> io::Result<()> {
        self.entry(name, modified, packed, FILE_MODE)
    }

    /// Adds a directory. `name` ends with a slash.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub(crate) fn directory(&mut self, name: &str, modified: Timestamp) -> io::Result<()> {
        self.entry(name, modified, &Packed::nothing(), DIRECTORY_MODE)
    }

    fn entry(
        &mut self,
        name: &str,
        modified: Timestamp,
        packed: &Packed,
        mode: u32,
    ) -> io::Result<()> {
        let offset = self.taken + self.out.len() as u64;
        let shared = shared_header(name, modified, packed)?;
        let time = unix_time(modified);
        put(&mut self.out, &[&0x0403_4b50_u32.to_le_bytes(), &shared]);
        put(&mut self.out, &[&(time.len() as u16).to_le_bytes(), name.as_bytes(), &time]);
        self.out.extend_from_slice(&packed.bytes);

        let mut extra = Vec::new();
        if offset >= LONG_32 {
            // Section 4.5.3, with the one value that does not fit.
            put(&mut extra, &[&1_u16.to_le_bytes(), &8_u16.to_le_bytes(), &offset.to_le_bytes()]);
        }
        extra.extend_from_slice(&time);
        let mut header = Vec::new();
        put(&mut header, &[&0x0201_4b50_u32.to_le_bytes(), &MADE_BY.to_le_bytes(), &shared]);
        // No comment, the first disk, binary.
        put(&mut header, &[&(extra.len() as u16).to_le_bytes(), &[0; 6], &mode.to_le_bytes()]);
        put(&mut header, &[&short_32(offset).to_le_bytes(), name.as_bytes(), &extra]);
        self.directory.write_all(&header)?;
        self.directory_len += header.len() as u64;
        self.entries += 1;
        Ok(())
    }

    /// Ends the archive: what is left to be written, in pieces.
    ///
    /// # Errors
    /// The file system's; then also within the iterator.
    pub(crate) fn finish(mut self) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>> + Send> {
        let written = self.take();
        let end = end(self.taken, self.directory_len, self.entries);
        let mut file = self.directory.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let pieces = std::iter::from_fn(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            match (&file).take(PIECE_BYTES as u64).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(_) => Some(Ok(piece)),
                Err(error) => Some(Err(error)),
            }
        });
        Ok(std::iter::once(Ok(written)).chain(pieces).chain(std::iter::once(Ok(end))))
    }
}

/// What local and central header have in common, up to the length of the name.
fn shared_header(name: &str, modified: Timestamp, packed: &Packed) -> io::Result<Vec<u8>> {
    let name_len = u16::try_from(name.len()).map_err(io::Error::other)?;
    let stored_len = u32::try_from(packed.bytes.len()).map_err(io::Error::other)?;
    let (time, date) = dos_time(modified);
    let mut header = Vec::new();
    for field in [NEEDED, FLAGS, packed.method, time, date] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    for field in [packed.crc, stored_len, packed.plain_len] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    header.extend_from_slice(&name_len.to_le_bytes());
    Ok(header)
}

/// The ends of the directory (sections 4.3.14 to 4.3.16), the long form only where it is needed.
fn end(offset: u64, len: u64, entries: u64) -> Vec<u8> {
    let mut end = Vec::new();
    if offset >= LONG_32 || len >= LONG_32 || entries >= LONG_16 {
        put(&mut end, &[&0x0606_4b50_u32.to_le_bytes(), &44_u64.to_le_bytes()]);
        put(&mut end, &[&MADE_BY.to_le_bytes(), &NEEDED.to_le_bytes(), &[0; 8]]);
        put(&mut end, &[&entries.to_le_bytes(), &entries.to_le_bytes()]);
        put(&mut end, &[&len.to_le_bytes(), &offset.to_le_bytes()]);
        put(&mut end, &[&0x0706_4b50_u32.to_le_bytes(), &[0; 4]]);
        put(&mut end, &[&(offset + len).to_le_bytes(), &1_u32.to_le_bytes()]);
    }
    let count = entries.min(LONG_16) as u16;
    put(&mut end, &[&0x0605_4b50_u32.to_le_bytes(), &[0; 4]]);
    put(&mut end, &[&count.to_le_bytes(), &count.to_le_bytes()]);
    put(&mut end, &[&short_32(len).to_le_bytes(), &short_32(offset).to_le_bytes(), &[0; 2]]);
    end
}

fn short_32(value: u64) -> u32 {
    value.min(LONG_32) as u32
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Seconds since 1970, as Info-ZIP adds them (field 0x5455); nothing for what 32 bits do not hold.
fn unix_time(time: Timestamp) -> Vec<u8> {
    let Ok(seconds) = i32::try_from(time.as_seconds()) else { return Vec::new() };
    let mut field = Vec::new();
    put(&mut field, &[&0x5455_u16.to_le_bytes(), &5_u16.to_le_bytes(), &[1]]);
    field.extend_from_slice(&seconds.to_le_bytes());
    field
}

/// Time and date of MS-DOS (section 4.4.6), in UTC, within the years that it knows.
fn dos_time(time: Timestamp) -> (u16, u16) {
    let civil = time.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let years = civil.year() - 1980;
    if !(0..128).contains(&years) {
        return (0, 1 << 5 | 1);
    }
    let part = |value: i8| u16::from(value.unsigned_abs());
    let clock = part(civil.hour()) << 11 | part(civil.minute()) << 5 | (part(civil.second()) / 2);
    (clock, years.unsigned_abs() << 9 | part(civil.month()) << 5 | part(civil.day()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn finished(writer: ZipWriter) -> Vec<u8> {
        let pieces: io::Result<Vec<_>> = writer.finish().unwrap().collect();
        pieces.unwrap().concat()
    }

    #[test]
    fn another_library_reads_what_is_written() {
        let mut writer = ZipWriter::new(&std::env::temp_dir()).unwrap();
        let time = Timestamp::from_seconds(1_795_000_000);
        writer.directory("Größe/", time).unwrap();
        let long = vec![b'x'; 100_000];
        for (name, bytes) in [("Größe/1.eml", &long[..]), ("a/2.eml", b"\x01\x02"), ("e", b"")] {
            writer.file(name, time, &Packed::of(bytes).unwrap()).unwrap();
        }
        let bytes = finished(writer);
        assert!(bytes.len() < 2_000, "it is compressed");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 4);
        assert!(archive.by_name("Größe/").unwrap().is_dir());
        for (name, expected) in [("Größe/1.eml", &long[..]), ("a/2.eml", b"\x01\x02"), ("e", b"")]
        {
            let mut read = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, expected, "{name}");
        }
        let modified = archive.by_name("e").unwrap().last_modified().unwrap();
        assert_eq!((modified.year(), modified.month(), modified.day()), (2026, 11, 18));
    }

    #[test]
    fn more_entries_than_sixteen_bits_count() {
        let mut writer = ZipWriter::new(&std::env::temp_dir()).unwrap();
        let packed = Packed::of(b"").unwrap();
        for number in 0..70_000 {
            writer.file(&format!("{number}"), Timestamp::default(), &packed).unwrap();
        }
        let archive = zip::ZipArchive::new(Cursor::new(finished(writer))).unwrap();
        assert_eq!(archive.len(), 70_000);
    }

    #[test]
    fn what_lies_past_four_gigabytes_is_found() {
        let mut writer = ZipWriter::new(&std::env::temp_dir()).unwrap();
        writer.taken = 5 << 30;
        writer.file("a", Timestamp::default(), &Packed::of(b"").unwrap()).unwrap();
        let header = writer.directory.buffer();
        let long = [&[1, 0, 8, 0][..], &(5_u64 << 30).to_le_bytes()].concat();
        assert!(header.windows(long.len()).any(|window| window == long));
        assert_eq!(&header[42..46], [0xFF; 4]);
        assert_eq!(end(5 << 30, 1, 1).len(), 56 + 20 + 22);
    }
}
