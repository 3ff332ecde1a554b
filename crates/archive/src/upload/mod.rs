//! Where an export goes: an object of an S3 bucket, or a file of this machine. It is there whole, or not at all.

mod connector;
mod directory;
mod endpoint;
mod s3;

use std::path::PathBuf;

use bytes::Bytes;
use workmail::exports::{ExportDestination, work::Job};

use crate::{Error, sealed::ExportKey};

pub use endpoint::EndpointError;
pub use s3::S3Settings;

/// Where the operator lets exports go.
#[derive(Clone, Debug)]
pub enum Destination {
    /// Nowhere: what was begun before the operator took the destination away fails.
    Nowhere,
    /// Buckets of an S3-compatible server.
    S3(S3Settings),
    /// A folder whose subfolders are the buckets.
    Directory {
        /// The folder.
        root: PathBuf,
        /// The keys that jobs can name.
        keys: Vec<ExportKey>,
    },
}

impl Destination {
    /// The same for those who take jobs on.
    pub fn for_jobs(&self) -> ExportDestination {
        match self {
            Self::Nowhere => ExportDestination::Nowhere,
            Self::S3(_) => ExportDestination::S3,
            Self::Directory { keys, .. } => {
                let keys = keys.iter().map(|key| key.name().to_owned()).collect();
                ExportDestination::Directory { keys }
            }
        }
    }

    /// The key under which this side encrypts what a job writes; none where the destination does it.
    pub(crate) fn key(&self, job: &Job) -> Result<Option<&ExportKey>, Error> {
        let Self::Directory { keys, .. } = self else { return Ok(None) };
        let unknown = || Error::Destination(format!("The KMS key {} is not known.", job.key_arn));
        keys.iter().find(|key| key.name() == job.key_arn).map(Some).ok_or_else(unknown)
    }

    /// Begins the object of a job, after taking away what an earlier try left behind.
    pub(crate) async fn begin(&self, job: &Job) -> Result<Upload, Error> {
        match self {
            Self::Nowhere => {
                let text = "This server has no destination for mailbox exports any more.";
                Err(Error::Destination(text.to_owned()))
            }
            Self::S3(settings) => {
                let place = s3::Place::new(settings, job)?;
                if let Some(left) = &job.upload {
                    place.abort(left).await;
                }
                Ok(Upload::S3(place.begin().await?))
            }
            Self::Directory { root, .. } => {
                Ok(Upload::Directory(directory::Draft::begin(root, job).await?))
            }
        }
    }

    /// Takes away what a try left behind whose worker is gone.
    pub(crate) async fn clear(&self, job: &Job) -> Result<(), Error> {
        match (self, &job.upload) {
            (Self::S3(settings), Some(left)) => s3::Place::new(settings, job)?.abort(left).await,
            (Self::Directory { root, .. }, _) => directory::Names::of(root, job).remove_all().await,
            _ => {}
        }
        Ok(())
    }
}

/// An object on its way.
pub(crate) enum Upload {
    S3(s3::Multipart),
    Directory(directory::Draft),
}

impl Upload {
    /// What must be known to take it away after a crash.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::S3(upload) => upload.id(),
            // Its name follows from the job.
            Self::Directory(_) => "draft",
        }
    }

    /// The next part. All but the last have [`crate::PART_BYTES`] bytes.
    pub(crate) async fn part(&mut self, bytes: Bytes) -> Result<(), Error> {
        match self {
            Self::S3(upload) => upload.part(bytes).await,
            Self::Directory(draft) => draft.append(&bytes).await,
        }
    }

    /// Makes the object visible, and then `log` beside it. The object can still be taken back.
    pub(crate) async fn complete(&mut self, log: Bytes) -> Result<(), Error> {
        match self {
            Self::S3(upload) => upload.complete(log).await,
            Self::Directory(draft) => draft.complete(&log).await,
        }
    }

    /// Takes away what is not visible yet; the object and its log too, unless they are wanted: they may be of
    /// another worker. What cannot be taken away is logged.
    pub(crate) async fn abort(self, is_wanted: bool) {
        match self {
            Self::S3(upload) => upload.abort(is_wanted).await,
            Self::Directory(draft) => draft.abort(is_wanted).await,
        }
    }
}

/// The key of the log beside an object.
fn log_path(path: &str) -> String {
    let stem = path.strip_suffix(".enc").unwrap_or(path);
    format!("{}.log.json", stem.strip_suffix(".zip").unwrap_or(stem))
}
