//! An export as a file of this machine, under a name of its own until it is whole.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File, OpenOptions},
    io::AsyncWriteExt,
};
use workmail::exports::work::Job;

use super::log_path;
use crate::Error;

/// Only the owner reads what an export holds.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A file that is not whole yet.
pub(crate) struct Draft {
    file: File,
    names: Names,
}

/// What the files of a job are called. The names follow from the job, so that who comes later finds them.
///
/// Each attempt has a draft of its own, and removes those of the attempts before it: a worker that was thought
/// dead and is not can neither write into the draft of another nor put its own in the place of the object.
pub(super) struct Names {
    bucket: PathBuf,
    draft: PathBuf,
    earlier: Vec<PathBuf>,
    path: PathBuf,
    log: PathBuf,
}

impl Draft {
    /// An empty draft in the folder of the job's bucket, which the operator has made.
    pub(super) async fn begin(root: &Path, job: &Job) -> Result<Self, Error> {
        let names = Names::of(root, job);
        if !fs::metadata(&names.bucket).await.is_ok_and(|found| found.is_dir()) {
            let text = format!("The bucket {} does not exist.", job.bucket);
            return Err(Error::Destination(text));
        }
        let folder = names.path.parent().unwrap_or(&names.bucket);
        let made = fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).await;
        made.map_err(|error| failed("make the folder", folder, &error))?;
        for draft in &names.earlier {
            remove(draft).await;
        }
        let file = create(&names.draft).await;
        let file = file.map_err(|error| failed("make", &names.draft, &error))?;
        Ok(Self { file, names })
    }

    pub(super) async fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(bytes).await;
        written.map_err(|error| failed("write", &self.names.draft, &error))
    }

    pub(super) async fn complete(&mut self, log: &[u8]) -> Result<(), Error> {
        let done = self.try_complete(log).await;
        done.map_err(|error| failed("complete", &self.names.path, &error))
    }

    async fn try_complete(&mut self, log: &[u8]) -> io::Result<()> {
        let Names { bucket, draft, path, log: log_path, .. } = &self.names;
        self.file.flush().await?;
        self.file.sync_all().await?;
        let mut file = create(log_path).await?;
        file.write_all(log).await?;
        file.flush().await?;
        file.sync_all().await?;
        fs::rename(draft, path).await?;
        // The names are durable with their folder.
        File::open(path.parent().unwrap_or(bucket)).await?.sync_all().await
    }

    pub(super) async fn abort(self, is_wanted: bool) {
        match is_wanted {
            true => remove(&self.names.draft).await,
            false => self.names.remove_all().await,
        }
    }
}

impl Names {
    pub(super) fn of(root: &Path, job: &Job) -> Self {
        let bucket = root.join(&job.bucket);
        let (path, log) = (bucket.join(&job.path), bucket.join(log_path(&job.path)));
        let draft = |attempt: u32| with_ending(&path, &format!(".part{attempt}"));
        let earlier = (1..job.attempts).map(draft).collect();
        Self { draft: draft(job.attempts), earlier, bucket, path, log }
    }

    /// Removes what there is of the files.
    pub(super) async fn remove_all(&self) {
        for draft in &self.earlier {
            remove(draft).await;
        }
        for path in [&self.draft, &self.log, &self.path] {
            remove(path).await;
        }
    }
}

/// Removes a file if it is there. If it cannot be removed, that is logged.
async fn remove(path: &Path) {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "cannot remove an export");
        }
        _ => {}
    }
}

async fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE).open(path).await
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// What the client is told names no path of this machine.
fn failed(tried: &str, path: &Path, error: &io::Error) -> Error {
    tracing::warn!(%error, path = %path.display(), "cannot {tried} for an export");
    Error::Destination(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The destination has no room left.".to_owned()
        }
        _ => "The destination cannot be written to.".to_owned(),
    })
}
