//! What an archive runs through on its way out: encrypted where this side does it, hashed, and cut into parts.

use aws_lc_rs::digest::{Context, SHA384};
use bytes::Bytes;
use world::World;

use crate::{
    Error,
    sealed::{ExportKey, Sealing},
    upload::Upload,
};

/// Bytes of a part. S3 takes 10,000 of them, which is more than the largest mailbox needs.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// The way out of one export.
pub(crate) struct Outlet<'a> {
    upload: &'a mut Upload,
    sealing: Option<Sealing>,
    waiting: Vec<u8>,
    hash: Context,
    bytes: u64,
}

/// What went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Their SHA-384, in hexadecimal.
    pub(crate) sha384: String,
}

impl<'a> Outlet<'a> {
    /// Into `upload`, encrypted under `key` if there is one.
    pub(crate) fn new(
        upload: &'a mut Upload,
        key: Option<&ExportKey>,
        world: &World,
    ) -> Result<Self, Error> {
        let sealing = key.map(|key| Sealing::new(key, world)).transpose()?;
        let waiting = sealing.as_ref().map_or_else(Vec::new, |sealing| sealing.header().to_vec());
        Ok(Self { upload, sealing, waiting, hash: Context::new(&SHA384), bytes: 0 })
    }

    /// Sends on.
    pub(crate) async fn push(&mut self, plain: &[u8]) -> Result<(), Error> {
        match &mut self.sealing {
            Some(sealing) => sealing.push(plain, &mut self.waiting)?,
            None => self.waiting.extend_from_slice(plain),
        }
        while self.waiting.len() >= PART_BYTES {
            let rest = self.waiting.split_off(PART_BYTES);
            let part = std::mem::replace(&mut self.waiting, rest);
            self.send(part).await?;
        }
        Ok(())
    }

    /// Sends what is left.
    pub(crate) async fn finish(mut self) -> Result<Sent, Error> {
        if let Some(sealing) = self.sealing.take() {
            sealing.finish(&mut self.waiting)?;
        }
        if !self.waiting.is_empty() {
            let last = std::mem::take(&mut self.waiting);
            self.send(last).await?;
        }
        let hash = self.hash.finish();
        let sha384 = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Sent { bytes: self.bytes, sha384 })
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<(), Error> {
        self.hash.update(&part);
        self.bytes += part.len() as u64;
        self.upload.part(Bytes::from(part)).await
    }
}
