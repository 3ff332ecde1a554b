//! The worker that does the export jobs.
//!
//! A job that is cut off, by the end of the server or of the power, is begun anew by whoever finds it next. A
//! job that was cancelled is dropped where it stands, and what it has written is taken away.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::json;
use store::{Change, Store};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
};
use workmail::exports::{
    EXPORT_TOPIC,
    work::{self, ATTEMPTS_MAX, End, Job},
};
use world::{Timestamp, World};

use crate::{
    Destination, Error,
    export::{self, Exported, Progress},
    outlet::Outlet,
    upload::Upload,
};

/// Jobs that one worker does at the same time.
const JOBS_MAX: usize = 4;
/// What waits is looked for this often, whatever notices come: a lease may have ended.
const REST: Duration = Duration::from_secs(15);
/// How often a running job tells how far it is, and asks whether it was cancelled. Notices come sooner.
const TELL: Duration = Duration::from_secs(2);
/// The lease is put off at least this often, though there is nothing to tell.
const KEEP: Duration = Duration::from_secs(15);
/// Runs of one transaction that gets in the way of another.
const TRIES_MAX: usize = 20;
/// Old jobs are forgotten this often.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// Does the jobs of all organizations. Cheap to clone.
#[derive(Clone)]
pub struct Worker(Arc<Inner>);

struct Inner {
    store: Store,
    world: World,
    destination: Destination,
    scratch: PathBuf,
    /// Tells this worker from others that share the store, also after a restart.
    holder: String,
}

impl Worker {
    /// A worker that writes to `destination` and keeps temporary files, which have no name, in `scratch`.
    /// `holder` is the name of this worker; no other that is alive may have it.
    pub fn new(
        (store, world): (Store, World),
        destination: Destination,
        scratch: impl Into<PathBuf>,
        holder: impl Into<String>,
    ) -> Self {
        let (scratch, holder) = (scratch.into(), holder.into());
        Self(Arc::new(Inner { store, world, destination, scratch, holder }))
    }

    /// Works until `stop`, and then lets go of what is not finished. What a worker of this name held when it was
    /// killed is begun anew at once.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.release().await;
        let mut jobs = JoinSet::new();
        tokio::select! {
            () = stop => {}
            () = self.work(&mut jobs) => {}
        }
        jobs.shutdown().await;
        self.release().await;
    }

    async fn release(&self) {
        if let Err(error) = work::release(&self.0.store, &self.0.holder).await {
            tracing::warn!(%error, "export jobs wait until their lease ends");
        }
    }

    async fn work(&self, jobs: &mut JoinSet<()>) {
        let mut notices = self.0.store.subscribe();
        let mut forgotten = None;
        loop {
            match self.begin(jobs).await {
                // Another worker was faster; there may be more.
                Err(error) if error.is_conflict() => continue,
                Err(error) => tracing::warn!(%error, "export jobs wait to be begun"),
                Ok(()) => {}
            }
            let now = self.0.world.now();
            if forgotten.is_none_or(|then| now.since(then) >= FORGET) {
                forgotten = Some(now);
                if let Err(error) = work::forget_old(&self.0.store, now).await {
                    tracing::debug!(%error, "old export jobs are forgotten later");
                }
            }
            tokio::select! {
                _ = tokio::time::timeout(REST, heard(&mut notices)) => {}
                Some(_) = jobs.join_next() => {}
            }
        }
    }

    /// Takes as many of the jobs that wait as there is room for.
    async fn begin(&self, jobs: &mut JoinSet<()>) -> Result<(), store::Error> {
        let Inner { store, world, holder, .. } = &*self.0;
        let room = JOBS_MAX.saturating_sub(jobs.len());
        if room == 0 {
            return Ok(());
        }
        let waiting = work::waiting(&mut store.read().await?, world.now(), room).await?;
        for id in waiting {
            let mut tx = store.write().await?;
            let taken = work::take(&mut tx, &id, holder, world.now()).await?;
            tx.commit().await?;
            let inner = Arc::clone(&self.0);
            match taken {
                Some(job) if job.runs => jobs.spawn(async move { inner.settle(job).await }),
                Some(job) => jobs.spawn(async move { inner.clear(&job).await }),
                None => continue,
            };
        }
        Ok(())
    }
}

/// Why a job did not come to its end.
enum Stopped {
    /// It was cancelled, or another worker has it.
    Lost,
    /// It failed.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Inner {
    /// Does a job and writes down how it ended.
    async fn settle(&self, job: Job) {
        let outcome = self.attempt(&job).await;
        let end = match outcome {
            Ok(exported) => {
                tracing::info!(job = job.id, messages = exported.messages, "mailbox exported");
                return;
            }
            Err(Stopped::Lost) => {
                tracing::info!(job = job.id, "an export was cancelled, or is done by another");
                return;
            }
            // The lease ends by itself, and somebody goes on.
            Err(Stopped::Failed(error)) if error.is_passing() => {
                tracing::warn!(%error, job = job.id, "an export is tried again later");
                return;
            }
            Err(Stopped::Failed(error)) => {
                tracing::warn!(%error, job = job.id, "an export failed");
                End::Failed(told(&error))
            }
        };
        if let Err(error) = self.step(&job, &Step::Ended(&end)).await {
            tracing::warn!(%error, job = job.id, "the end of an export is not written down");
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Exported, Stopped> {
        if job.attempts > ATTEMPTS_MAX {
            self.destination.clear(job).await?;
            let text =
                format!("The export was begun {ATTEMPTS_MAX} times and never came to its end.");
            return Err(Error::Destination(text).into());
        }
        let progress = Progress::default();
        let mut upload = tokio::select! {
            upload = self.destination.begin(job) => upload?,
            stopped = self.watch(job, &progress) => return Err(stopped),
        };
        let done = tokio::select! {
            done = self.write(job, &mut upload, &progress) => done,
            stopped = self.watch(job, &progress) => Err(stopped),
        };
        let exported = match done {
            Ok(exported) => exported,
            Err(stopped) => return Err(self.take_back(job, upload, stopped).await),
        };
        // Only who still holds the job may say that it is done. If nobody knows whether that was written down,
        // the object stays: either it is wanted, or the next try puts its own in its place.
        match self.step(job, &Step::Ended(&End::Completed)).await? {
            true => Ok(exported),
            false => Err(self.take_back(job, upload, Stopped::Lost).await),
        }
    }

    /// Takes away what was written, except an object that another worker may have made meanwhile.
    async fn take_back(&self, job: &Job, upload: Upload, stopped: Stopped) -> Stopped {
        let is_wanted = match &stopped {
            Stopped::Lost => self.is_wanted(job).await,
            Stopped::Failed(_) => false,
        };
        upload.abort(is_wanted).await;
        self.cleared(job).await;
        stopped
    }

    /// Whether somebody still does the job, or has done it. In doubt, yes.
    async fn is_wanted(&self, job: &Job) -> bool {
        let Ok(mut snapshot) = self.store.read().await else { return true };
        work::is_wanted(&mut snapshot, &job.id).await.unwrap_or(true)
    }

    /// Takes away what is left of a job that was cancelled while nobody did it.
    async fn clear(&self, job: &Job) {
        match self.destination.clear(job).await {
            Ok(()) => self.cleared(job).await,
            Err(error) => tracing::warn!(%error, job = job.id, "cannot clear away an export"),
        }
    }

    async fn cleared(&self, job: &Job) {
        if let Err(error) = self.step(job, &Step::Cleared).await {
            tracing::debug!(%error, job = job.id, "an export is cleared away once more");
        }
    }

    async fn write(
        &self,
        job: &Job,
        upload: &mut Upload,
        progress: &Progress,
    ) -> Result<Exported, Stopped> {
        if !self.step(job, &Step::Begun(upload.id())).await? {
            return Err(Stopped::Lost);
        }
        let began = self.world.now();
        let outlet = Outlet::new(upload, self.destination.key(job)?, &self.world)?;
        let way = (outlet, &*self.scratch);
        let exported = export::write(&self.store, &self.world, &job.entity, way, progress).await?;
        upload.complete(log(&exported, began, self.world.now())).await?;
        Ok(exported)
    }

    /// Tells how far a job is while it runs. Done when it is to be left alone.
    async fn watch(&self, job: &Job, progress: &Progress) -> Stopped {
        let mut notices = self.store.subscribe();
        let (mut told, mut kept_at) = (0, self.world.now());
        loop {
            let _ = tokio::time::timeout(TELL, heard(&mut notices)).await;
            let (percent, now) = (progress.percent(), self.world.now());
            let held = if percent != told || now.since(kept_at) >= KEEP {
                (told, kept_at) = (percent, now);
                self.step(job, &Step::At(percent)).await
            } else {
                self.is_held(job).await
            };
            match held {
                Ok(true) => {}
                Ok(false) => return Stopped::Lost,
                // The job itself will meet the same trouble, or it passes.
                Err(error) => tracing::debug!(%error, job = job.id, "cannot tell of an export"),
            }
        }
    }

    async fn is_held(&self, job: &Job) -> Result<bool, store::Error> {
        work::is_held(&mut self.store.read().await?, &job.id, &self.holder).await
    }

    /// Writes down a step of a job, and again when another transaction got in its way. Says whether the job
    /// was still held.
    async fn step(&self, job: &Job, step: &Step<'_>) -> Result<bool, store::Error> {
        let mut tries = 1;
        loop {
            match self.try_step(job, step).await {
                Err(error) if error.is_conflict() && tries < TRIES_MAX => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_step(&self, job: &Job, step: &Step<'_>) -> Result<bool, store::Error> {
        let (id, holder, now) = (&*job.id, &*self.holder, self.world.now());
        let mut tx = self.store.write().await?;
        let held = match step {
            Step::Begun(upload) => work::note_upload(&mut tx, id, holder, upload).await?,
            Step::Cleared => work::note_cleared(&mut tx, id, holder).await?,
            Step::At(percent) => work::keep(&mut tx, id, holder, *percent, now).await?,
            Step::Ended(end) => work::end(&mut tx, id, holder, end, now).await?,
        };
        tx.commit().await?;
        Ok(held)
    }
}

/// What is written down of a job.
enum Step<'a> {
    /// There is an upload that must be taken away should this worker not come to an end.
    Begun(&'a str),
    /// There is nothing any more.
    Cleared,
    /// How far it is, in percent.
    At(u8),
    Ended(&'a End),
}

/// What whoever asked for the export is told.
fn told(error: &Error) -> String {
    match error {
        Error::Destination(words) => words.clone(),
        Error::Mailbox(mailbox::Error::NoSuchMailbox | mailbox::Error::NoSuchFolder) => {
            "The mailbox was taken out of service.".to_owned()
        }
        _ => "The mailbox could not be exported because of an internal failure.".to_owned(),
    }
}

/// The log beside the archive; all values are texts, as AWS has them.
fn log(exported: &Exported, began: Timestamp, ended: Timestamp) -> Bytes {
    let log = json!({
        "totalNonExportableItems": exported.unreadable.to_string(),
        "totalMessages": exported.messages.to_string(),
        "sha384Hash": exported.sent.sha384,
        "totalBytes": exported.sent.bytes.to_string(),
        "totalFolders": exported.folders.to_string(),
        "startTime": began.as_seconds().to_string(),
        "endTime": ended.as_seconds().to_string(),
    });
    Bytes::from(format!("{log:#}\n"))
}

/// Done once a job began or was cancelled, or may have been.
async fn heard(notices: &mut Receiver<Change>) {
    loop {
        match notices.recv().await {
            Ok(change) if change.topic == EXPORT_TOPIC || change.topic == Change::MISSED => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
