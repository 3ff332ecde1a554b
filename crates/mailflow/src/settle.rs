//! What became of an attempt to send a message on.

use bytes::Bytes;
use mailbox::bodies;
use store::{Transaction, params};
use workmail::monitoring;
use world::Timestamp;

use crate::{
    Error, Failure, Job, Mailflow,
    events::{self, Facts, MailEvent, Told},
    journal,
    parcel::Parcel,
    queue::holder,
    retry::{self, MAX_TRIES},
    schedule,
};

/// What became of one recipient. The text is what the other server, or the way to it, said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other server is now responsible.
    Sent,
    /// Not now.
    Later(String),
    /// Never.
    Failed(String),
}

/// What is to be done with the row of a recipient.
#[derive(Debug)]
enum Decision {
    Done,
    Again { at: Timestamp, said: String },
    GiveUp(Failure),
}

impl Mailflow {
    /// Records what became of a job, `outcomes` in the order of its recipients. Those that failed, for
    /// good or for too long, are told to the sender in the same transaction. If the lease was lost
    /// meanwhile, nothing is recorded.
    ///
    /// # Errors
    /// What the store says; then the lease ends by itself and the job is done again.
    pub async fn settle(&self, job: &Job, outcomes: Vec<Outcome>) -> Result<(), Error> {
        let now = self.world.now();
        let decided: Vec<_> = job
            .recipients
            .iter()
            .zip(outcomes)
            .map(|((recipient, attempts), outcome)| {
                (recipient.as_str(), decide(job, recipient, *attempts, outcome, now))
            })
            .collect();
        let notice = self.notice_about(job, &decided).await?;
        for tries in 1..=MAX_TRIES {
            match self.try_settle(job, &decided, notice.as_ref()).await {
                Err(error) if error.is_conflict() => retry::rest(&self.world, tries).await,
                settled => return settled,
            }
        }
        Err(Error::Contended(MAX_TRIES))
    }

    async fn notice_about(
        &self,
        job: &Job,
        decided: &[(&str, Decision)],
    ) -> Result<Option<Parcel>, Error> {
        let failure = |(_, decision): &(&str, Decision)| match decision {
            Decision::GiveUp(failure) => Some(failure.clone()),
            Decision::Done | Decision::Again { .. } => None,
        };
        let failures: Vec<_> = decided.iter().filter_map(failure).collect();
        // A notice is never answered by another (RFC 5321 section 4.5.5).
        if failures.is_empty() || job.sender.is_empty() {
            return Ok(None);
        }
        let original = self.load(job).await.unwrap_or_else(|error| {
            tracing::warn!(message = %job.message, %error, "original cannot be read");
            Bytes::new()
        });
        let at = job.created_at;
        let told = self.told_of(&job.organization, &job.sender).await?;
        let notice = self.notice(&job.organization, &told, &failures, &original, at).await?;
        Ok(Some(notice))
    }

    async fn try_settle(
        &self,
        job: &Job,
        decided: &[(&str, Decision)],
        notice: Option<&Parcel>,
    ) -> Result<(), Error> {
        let mut tx = self.store.write().await?;
        if !holds_lease(&mut tx, job).await? {
            tracing::warn!(message = %job.message, "lease was lost before its job was done");
            return Ok(());
        }
        for (recipient, decision) in decided {
            match decision {
                Decision::Again { at, said } => {
                    put_off(&mut tx, job, recipient, *at, said).await?;
                }
                Decision::Done | Decision::GiveUp(_) => remove(&mut tx, job, recipient).await?,
            }
        }
        self.tell_of(&mut tx, job, decided).await?;
        close(&mut tx, job).await?;
        if let Some(notice) = notice {
            let out = notice.hand_out(&mut tx, self.world.now()).await?;
            if out.placed == 0 {
                tracing::info!(message = %job.message, "nobody is there to be told of a failure");
            }
        }
        Ok(tx.commit().await?)
    }
}

impl Mailflow {
    /// Tells the organization what became of a message of one of its users, if it wants to know.
    async fn tell_of(
        &self,
        tx: &mut Transaction,
        job: &Job,
        decided: &[(&str, Decision)],
    ) -> Result<(), Error> {
        let is_of_user = !job.sender.is_empty() && !journal::is_record(&job.sender);
        if !is_of_user || !monitoring::is_on(tx, &job.organization).await? {
            return Ok(());
        }
        let facts = Facts::of_envelope(&bodies::summary(tx, job.body).await?.envelope);
        let event = |(recipient, decision): &(&str, Decision)| match decision {
            Decision::Done => Some(events::sent(&facts, recipient)),
            Decision::GiveUp(failure) => {
                let bounced_recipient = failure.into();
                Some(MailEvent::OutgoingEmailBounced { bounced_recipient })
            }
            Decision::Again { .. } => None,
        };
        let events: Vec<_> = decided.iter().filter_map(event).collect();
        let told = Told::about(&job.organization, &job.message, &events);
        told.write(&self.log, tx, self.world.now()).await
    }
}

fn decide(job: &Job, recipient: &str, attempts: u32, outcome: Outcome, now: Timestamp) -> Decision {
    let give_up = |status: String, reason: &str, said: String| {
        let (recipient, reason) = (recipient.to_owned(), reason.to_owned());
        Decision::GiveUp(Failure { recipient, status, reason, said: Some(said) })
    };
    match outcome {
        Outcome::Sent => Decision::Done,
        Outcome::Failed(said) => give_up(status(&said), "the message was refused", said),
        Outcome::Later(said) => match schedule::next_attempt(attempts, now, job.expires_at) {
            Some(at) => Decision::Again { at, said },
            // RFC 3463 section 3.5: delivery time expired.
            None => give_up("5.4.7".to_owned(), "the message could not be sent on for days", said),
        },
    }
}

/// The enhanced status code of a reply such as `550 5.1.1 no`, or the one that says nothing.
fn status(said: &str) -> String {
    let is_status = |word: &&str| {
        let mut parts = word.split('.');
        let digits = |part: &str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        parts.next() == Some("5") && parts.clone().count() == 2 && parts.all(digits)
    };
    said.split(' ').take(2).find(is_status).unwrap_or("5.0.0").to_owned()
}

async fn holds_lease(tx: &mut Transaction, job: &Job) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM queue_recipients WHERE message_id = $1 AND lease = $2";
    let held = tx.row(sql, params![&job.message, &job.lease], |row| row.get::<i64>(0)).await?;
    Ok(usize::try_from(held.unwrap_or(0)) == Ok(job.recipients.len()))
}

async fn put_off(
    tx: &mut Transaction,
    job: &Job,
    recipient: &str,
    at: Timestamp,
    said: &str,
) -> Result<(), Error> {
    let sql = "UPDATE queue_recipients SET next_attempt_at = $3, lease = NULL, last_error = $4 \
               WHERE message_id = $1 AND recipient = $2";
    tx.execute(sql, params![&job.message, recipient, at, said]).await?;
    Ok(())
}

async fn remove(tx: &mut Transaction, job: &Job, recipient: &str) -> Result<(), Error> {
    let sql = "DELETE FROM queue_recipients WHERE message_id = $1 AND recipient = $2";
    tx.execute(sql, params![&job.message, recipient]).await?;
    Ok(())
}

/// Forgets the message if no recipient is left.
async fn close(tx: &mut Transaction, job: &Job) -> Result<(), Error> {
    let sql = "SELECT 1 FROM queue_recipients WHERE message_id = $1 LIMIT 1";
    if tx.row(sql, params![&job.message], |_| Ok(())).await?.is_some() {
        return Ok(());
    }
    tx.execute("DELETE FROM queue_messages WHERE id = $1", params![&job.message]).await?;
    Ok(bodies::release(tx, job.body, &holder(&job.message)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_a_reply() {
        assert_eq!(status("550 5.1.1 no such user"), "5.1.1");
        assert_eq!(status("5.4.4 no such domain"), "5.4.4");
        for text in ["550 no", "550 4.1.1 no", "550 5.1 no", "550 5.1.1000 no", ""] {
            assert_eq!(status(text), "5.0.0", "{text}");
        }
    }
}
