//! A message in transit, and its text.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    BodyId,
    bodies::{self, Located},
    intake::{self, Body, Prepared},
};
use serde::{Deserialize, Serialize};
use store::{Keyring, Row, Snapshot, Store, Transaction, params};
use world::Timestamp;

use crate::{Error, Mailflow};

/// How long a message can be read (WorkMail Administrator Guide, "Retrieving message content with AWS Lambda").
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Messages that one transaction of [`forget_expired`] forgets.
const FORGET_ROWS: usize = 256;

/// Which way a message goes, from the organization's point of view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// To its users.
    #[default]
    Incoming,
    /// From its users.
    Outgoing,
}

impl Direction {
    /// As the ARN of a message in transit has it.
    pub fn as_path(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }
}

/// A message in transit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTransit {
    /// A UUID.
    pub id: String,
    /// The organization whose rule it met.
    pub organization: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Bytes of its text.
    pub size_bytes: usize,
    pub(crate) body: BodyId,
    pub(crate) return_path_octets: usize,
}

/// What a new message in transit is made of.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    /// Account and region of the organization.
    pub(crate) home: (&'a str, &'a str),
    pub(crate) direction: Direction,
    pub(crate) return_path_octets: usize,
}

/// The message of that id, if it belongs to an organization of that account and region and is not expired.
///
/// # Errors
/// What the store says.
pub async fn find(
    snapshot: &mut Snapshot,
    (account, region): (&str, &str),
    id: &str,
    now: Timestamp,
) -> Result<Option<InTransit>, store::Error> {
    let sql = format!("{SELECT} AND account_id = $2 AND region = $3 AND expires_at > $4");
    snapshot.row(&sql, params![id, account, region, now], InTransit::of).await
}

/// The message of that id, expired or not.
pub(crate) async fn by_id(
    snapshot: &mut Snapshot,
    id: &str,
) -> Result<Option<InTransit>, store::Error> {
    snapshot.row(SELECT, params![id], InTransit::of).await
}

const SELECT: &str = "SELECT t.id, t.organization, t.outgoing, t.body_id, t.return_path_octets, b.size_bytes \
                      FROM transit_messages t JOIN bodies b ON b.id = t.body_id WHERE t.id = $1";

impl InTransit {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let return_path_octets = usize::try_from(row.get::<i64>(4)?).unwrap_or(0);
        let octets = usize::try_from(row.get::<i64>(5)?).unwrap_or(0);
        Ok(Self {
            id: row.get(0)?,
            organization: row.get(1)?,
            direction: match row.get::<bool>(2)? {
                true => Direction::Outgoing,
                false => Direction::Incoming,
            },
            size_bytes: octets.saturating_sub(return_path_octets),
            body: BodyId(row.get(3)?),
            return_path_octets,
        })
    }

    /// Finds its text.
    ///
    /// # Errors
    /// What the store says.
    pub async fn locate(
        &self,
        snapshot: &mut Snapshot,
        keyring: &Keyring,
    ) -> Result<Located, Error> {
        Ok(bodies::locate_body(snapshot, keyring, &self.organization, self.body).await?)
    }
}

impl Mailflow {
    /// The text of a message in transit. Hold no transaction or snapshot meanwhile.
    ///
    /// # Errors
    /// What the store says.
    pub async fn text_in_transit(
        &self,
        message: &InTransit,
        located: &Located,
    ) -> Result<Text, Error> {
        let content = located.read(&self.store).await?;
        let return_path_octets = message.return_path_octets.min(content.len());
        Ok(Text { content, return_path_octets })
    }

    /// Another text for a message, ready to [`replace`] the one that there is. Hold no transaction or snapshot
    /// meanwhile.
    ///
    /// # Errors
    /// What the store says.
    pub async fn prepare_replacement(
        &self,
        message: &InTransit,
        original: &Text,
        shown: &[u8],
    ) -> Result<Prepared, Error> {
        let return_path = original.content.slice(..original.return_path_octets);
        let content = [&return_path[..], shown].concat();
        Ok(intake::prepare(&self.store, &message.organization, content).await?)
    }
}

/// The text of a message in transit.
#[derive(Clone, Debug)]
pub struct Text {
    content: Bytes,
    return_path_octets: usize,
}

impl Text {
    /// Trace fields and all that was sent, without the `Return-Path` line.
    pub fn shown(&self) -> Bytes {
        self.content.slice(self.return_path_octets..)
    }
}

/// Puts down a message, with the body that is its text.
pub(crate) async fn insert(
    tx: &mut Transaction,
    entry: &Entry<'_>,
    body: &Body,
    now: Timestamp,
) -> Result<(), Error> {
    bodies::hold(tx, body.id, &holder(entry.id)).await?;
    let sql = "INSERT INTO transit_messages (id, organization, account_id, region, outgoing, body_id, \
               return_path_octets, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let return_path_octets = i64::try_from(entry.return_path_octets).unwrap_or(0);
    let params = params![
        entry.id,
        &body.organization,
        entry.home.0,
        entry.home.1,
        entry.direction == Direction::Outgoing,
        body.id.0,
        return_path_octets,
        now.saturating_add(LIFETIME),
    ];
    tx.execute(sql, params).await?;
    Ok(())
}

/// Gives a message another text. If the message is held, that is what goes on.
///
/// # Errors
/// What the store says.
pub async fn replace(
    tx: &mut Transaction,
    message: &InTransit,
    prepared: &Prepared,
) -> Result<(), Error> {
    let body = intake::insert_body(tx, prepared).await?;
    let holder = holder(&message.id);
    bodies::hold(tx, body.id, &holder).await?;
    bodies::release(tx, message.body, &holder).await?;
    let sql = "UPDATE transit_messages SET body_id = $2 WHERE id = $1";
    tx.execute(sql, params![&message.id, body.id.0]).await?;
    Ok(())
}

/// Forgets messages whose time is over, but none that still waits for a function, in at most `steps_max`
/// transactions. Says how many.
///
/// # Errors
/// What the store says; what was committed before stays done.
pub async fn forget_expired(
    store: &Store,
    now: Timestamp,
    steps_max: usize,
) -> Result<usize, mailbox::Error> {
    let mut forgotten = 0;
    for _ in 0..steps_max {
        let mut tx = store.write().await?;
        let sql = "SELECT id, body_id FROM transit_messages t WHERE expires_at <= $1 AND NOT EXISTS \
                   (SELECT 1 FROM transit_calls c WHERE c.message_id = t.id) \
                   ORDER BY expires_at LIMIT $2";
        let pair = |row: &Row<'_>| Ok((row.get::<String>(0)?, BodyId(row.get(1)?)));
        let expired = tx.rows(sql, params![now, FORGET_ROWS], pair).await?;
        for (id, body) in &expired {
            bodies::release(&mut tx, *body, &holder(id)).await?;
            tx.execute("DELETE FROM transit_messages WHERE id = $1", params![id]).await?;
        }
        tx.commit().await?;
        forgotten += expired.len();
        if expired.len() < FORGET_ROWS {
            break;
        }
    }
    Ok(forgotten)
}

/// The name under which the body of a message in transit is held.
pub(crate) fn holder(id: &str) -> String {
    format!("transit/{id}")
}
