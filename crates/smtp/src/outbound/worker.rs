//! The loop over the queue.

use std::{sync::Arc, time::Duration};

use mailflow::{Job, Outcome, QUEUE_TOPIC};
use store::Change;
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    task::JoinSet,
    time,
};

use super::{Outbound, Resolver, attempt::for_all};
use crate::stop::Stop;

/// Jobs that are worked on at once. Each holds its message in memory.
const MAX_JOBS: usize = 16;

/// The queue is looked at this often, whatever notices come.
const MAX_REST: Duration = Duration::from_secs(60);

/// Rest after the store could not be read.
const TROUBLE_REST: Duration = Duration::from_secs(5);

/// Works on the queue until `shutdown` becomes true, then waits for what is under way. What is cut off
/// by the end of the process is done again when its lease is over.
pub async fn send_queue<R: Resolver>(outbound: Arc<Outbound<R>>, shutdown: watch::Receiver<bool>) {
    let mut stop = Stop::new(shutdown);
    let mut notices = outbound.flow.store().subscribe();
    let mut jobs = JoinSet::new();
    while !stop.is_given() {
        let rest = outbound.start_jobs(&mut jobs).await;
        tokio::select! {
            () = stop.given() => break,
            Some(_) = jobs.join_next() => {}
            () = queue_notice(&mut notices) => {}
            () = time::sleep(rest) => {}
        }
    }
    while jobs.join_next().await.is_some() {}
}

impl<R: Resolver> Outbound<R> {
    /// Starts what is due as far as there is room, and tells how long to rest.
    async fn start_jobs(self: &Arc<Self>, jobs: &mut JoinSet<()>) -> Duration {
        let room = MAX_JOBS.saturating_sub(jobs.len());
        if room == 0 {
            return MAX_REST;
        }
        match self.flow.claim(room).await {
            Ok(claimed) => {
                for job in claimed {
                    let outbound = Arc::clone(self);
                    jobs.spawn(async move { outbound.work(&job).await });
                }
                self.time_to_next().await
            }
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                TROUBLE_REST
            }
        }
    }

    async fn time_to_next(&self) -> Duration {
        match self.flow.next_due().await {
            Ok(Some(due)) => due.since(self.flow.world().now()).min(MAX_REST),
            Ok(None) => MAX_REST,
            Err(_) => TROUBLE_REST,
        }
    }

    pub(super) async fn work(&self, job: &Job) {
        let outcomes = match self.flow.load(job).await {
            Ok(content) => {
                let content = self.signed(job, content).await;
                self.attempt(job, &content).await
            }
            Err(error) => {
                tracing::error!(message = %job.message, %error, "message cannot be read");
                for_all(job, &Outcome::Later(format!("4.3.0 {error}")))
            }
        };
        count(&outcomes);
        if let Err(error) = self.flow.settle(job, outcomes).await {
            tracing::error!(message = %job.message, %error, "outcome cannot be recorded");
        }
    }
}

fn count(outcomes: &[Outcome]) {
    for outcome in outcomes {
        let name = match outcome {
            Outcome::Sent => "sent",
            Outcome::Later(_) => "later",
            Outcome::Failed(_) => "failed",
        };
        metrics::counter!("chancery_smtp_outbound_recipients_total", "outcome" => name)
            .increment(1);
    }
}

/// Waits until something was put into the queue, or may have been.
async fn queue_notice(notices: &mut Receiver<Change>) {
    loop {
        match notices.recv().await {
            Ok(change) if change.topic == QUEUE_TOPIC || change.topic == Change::MISSED => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
