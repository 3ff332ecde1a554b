//! Calls of functions that are still to be made, and how workers come by them.

use std::time::Duration;

use mailbox::intake::Body;
use store::{Change, Row, Snapshot, Transaction, Value, params};
use world::Timestamp;

use super::{
    event,
    message::{self, Entry},
    order::Order,
};
use crate::{
    Error, Mailflow,
    retry::{self, MAX_TRIES},
};

/// How long a worker has a call for itself. Longer than a call takes, with what follows from it.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

/// The topic of the notices that a function is to be called.
pub const TOPIC: &str = "mailflow.calls";

/// A call that is due, under a lease.
#[derive(Clone, Debug)]
pub struct Call {
    /// The message in transit.
    pub message: String,
    /// The organization whose rule asks for it.
    pub organization: String,
    /// Its account and region.
    pub home: (String, String),
    pub(crate) order: Order,
    /// This one included.
    pub(crate) attempts: u32,
    pub(crate) lease: String,
}

impl Call {
    /// The ARN of the function.
    pub fn function(&self) -> &str {
        &self.order.function
    }

    /// The ARN of the organization whose rule asks for it.
    pub fn organization_arn(&self) -> String {
        let (account, region) = &self.home;
        format!("arn:aws:workmail:{region}:{account}:organization/{}", self.organization)
    }

    /// Whether the message waits for the answer.
    pub fn is_awaited(&self) -> bool {
        self.order.hold.is_some()
    }

    /// What the function is told, in JSON.
    pub fn event(&self) -> Vec<u8> {
        event::compose(&self.order, &self.message)
    }
}

/// A message to be shown to a function, ready to be put down.
#[derive(Debug)]
pub(crate) struct Shown {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) organization: String,
    /// Account and region of the organization.
    pub(crate) home: (String, String),
    pub(crate) return_path_octets: usize,
    pub(crate) order: Order,
}

impl Shown {
    /// Puts it down, with the body that is its text. The call is due at once.
    pub(crate) async fn put_down(
        &self,
        tx: &mut Transaction,
        body: &Body,
        now: Timestamp,
    ) -> Result<(), Error> {
        let entry = Entry {
            id: &self.id,
            home: (&self.home.0, &self.home.1),
            direction: self.order.direction,
            return_path_octets: self.return_path_octets,
        };
        message::insert(tx, &entry, body, now).await?;
        let what = serde_json::to_string(&self.order).map_err(Error::Order)?;
        let sql = "INSERT INTO transit_calls (message_id, what, attempts, next_attempt_at) \
                   VALUES ($1, $2, 0, $3)";
        tx.execute(sql, params![&self.id, what, now]).await?;
        tx.notify(Change::new(TOPIC, ""));
        Ok(())
    }
}

impl Mailflow {
    /// Claims calls that are due, at most `limit`, for [`LEASE`], but none of the organizations in `but`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn claim_calls(&self, limit: usize, but: &[&str]) -> Result<Vec<Call>, Error> {
        let due = self.next_call_due().await?;
        if due.is_none_or(|due| due > self.world.now()) {
            return Ok(Vec::new());
        }
        for tries in 1..=MAX_TRIES {
            match self.try_claim_calls(limit, but).await {
                Err(error) if error.is_conflict() => retry::rest(&self.world, tries).await,
                claimed => return claimed,
            }
        }
        Err(Error::Contended(MAX_TRIES))
    }

    /// When the next call is due; also the end of a lease counts.
    ///
    /// # Errors
    /// What the store says.
    pub async fn next_call_due(&self) -> Result<Option<Timestamp>, Error> {
        let sql = "SELECT next_attempt_at FROM transit_calls ORDER BY next_attempt_at LIMIT 1";
        Ok(self.store.read().await?.row(sql, params![], |row| row.get(0)).await?)
    }

    async fn try_claim_calls(&self, limit: usize, but: &[&str]) -> Result<Vec<Call>, Error> {
        let now = self.world.now();
        let mut tx = self.store.write().await?;
        let due = due(&mut tx, now, limit, but).await?;
        let mut claimed = Vec::with_capacity(due.len());
        for Due { what, call } in due {
            // The text of what was held for an organization that was deleted is gone with it.
            if workmail::home_of(&mut tx, &call.organization).await?.is_none() {
                forget(&mut tx, &call.message).await?;
                continue;
            }
            let call = Call { lease: self.world.random_hex::<8>(), ..call };
            let sql = "UPDATE transit_calls SET lease = $2, next_attempt_at = $3, attempts = $4 \
                       WHERE message_id = $1";
            let until = now.saturating_add(LEASE);
            tx.execute(sql, params![&call.message, &call.lease, until, call.attempts]).await?;
            match serde_json::from_str(&what) {
                Ok(order) => claimed.push(Call { order, ..call }),
                // It stays, and must not keep the others from being called.
                Err(error) => tracing::error!(message = call.message, %error, "a call is damaged"),
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }
}

/// A call that is due, without a lease yet, and its order as it is kept.
struct Due {
    what: String,
    call: Call,
}

async fn due(
    snapshot: &mut Snapshot,
    now: Timestamp,
    limit: usize,
    but: &[&str],
) -> Result<Vec<Due>, store::Error> {
    let not: String = (3..but.len() + 3).map(|n| format!(" AND t.organization <> ${n}")).collect();
    let sql = format!(
        "SELECT c.message_id, t.organization, t.account_id, t.region, c.attempts, c.what \
         FROM transit_calls c JOIN transit_messages t ON t.id = c.message_id \
         WHERE c.next_attempt_at <= $1{not} ORDER BY c.next_attempt_at LIMIT $2"
    );
    let mut params = params![now, limit].to_vec();
    params.extend(but.iter().map(|organization| Value::from(*organization)));
    let due = |row: &Row<'_>| {
        let call = Call {
            message: row.get(0)?,
            organization: row.get(1)?,
            home: (row.get(2)?, row.get(3)?),
            order: Order::default(),
            attempts: row.get::<u32>(4)?.saturating_add(1),
            lease: String::new(),
        };
        Ok(Due { what: row.get(5)?, call })
    };
    snapshot.rows(&sql, &params, due).await
}

/// Whether a worker still has the call that it claimed.
pub(crate) async fn holds_lease(snapshot: &mut Snapshot, call: &Call) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM transit_calls WHERE message_id = $1 AND lease = $2";
    Ok(snapshot.row(sql, params![&call.message, &call.lease], |_| Ok(())).await?.is_some())
}

/// Puts a call off, and gives the lease back.
pub(crate) async fn put_off(tx: &mut Transaction, call: &Call, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE transit_calls SET next_attempt_at = $3, lease = NULL \
               WHERE message_id = $1 AND lease = $2";
    tx.execute(sql, params![&call.message, &call.lease, at]).await?;
    Ok(())
}

/// Ends a call of which nothing can come any more.
async fn forget(tx: &mut Transaction, message: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM transit_calls WHERE message_id = $1", params![message]).await?;
    Ok(())
}

/// Ends a call under its lease. Says whether it was still there.
pub(crate) async fn end(tx: &mut Transaction, call: &Call) -> Result<bool, Error> {
    let sql = "DELETE FROM transit_calls WHERE message_id = $1 AND lease = $2";
    Ok(tx.execute(sql, params![&call.message, &call.lease]).await? > 0)
}

/// Ends the leases of all calls; see [`Mailflow::end_leases`].
pub(crate) async fn end_leases(tx: &mut Transaction, now: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE transit_calls SET lease = NULL, next_attempt_at = $1 WHERE lease IS NOT NULL";
    tx.execute(sql, params![now]).await?;
    Ok(())
}
