//! Messages on their way of organizations that were deleted.
//!
//! The key of their bodies went with the organization, so that they can be neither sent nor shown, and nobody is
//! left to be told. Their functions must not be called any more.

use mailbox::{BodyId, bodies};
use store::{Row, Store, Transaction, params};

use crate::{queue, transit};

/// Messages of each kind that one transaction forgets.
const STEP_ROWS: usize = 100;

/// Forgets messages in the queue and in transit whose organization was deleted, in at most `steps_max`
/// transactions. Says how many.
///
/// # Errors
/// What the store says; what was committed before stays done.
pub async fn forget_orphans(store: &Store, steps_max: usize) -> Result<usize, mailbox::Error> {
    const OWNERS: &str =
        "SELECT organization FROM queue_messages UNION SELECT organization FROM transit_messages";
    let mut snapshot = store.read().await?;
    let owners: Vec<String> = snapshot.rows(OWNERS, &[], |row| row.get(0)).await?;
    let mut deleted = Vec::new();
    for owner in owners {
        if workmail::is_deleted(&mut snapshot, &owner).await? {
            deleted.push(owner);
        }
    }
    drop(snapshot);
    let (mut forgotten, mut steps) = (0, 0);
    for organization in deleted {
        while steps < steps_max {
            steps += 1;
            let mut tx = store.write().await?;
            let some = forget_some(&mut tx, &organization).await?;
            tx.commit().await?;
            forgotten += some;
            if some == 0 {
                break;
            }
        }
    }
    Ok(forgotten)
}

async fn forget_some(tx: &mut Transaction, organization: &str) -> Result<usize, mailbox::Error> {
    const QUEUED: &str = "SELECT id, body_id FROM queue_messages WHERE organization = $1 LIMIT $2";
    const HELD: &str = "SELECT id, body_id FROM transit_messages WHERE organization = $1 LIMIT $2";
    let pair = |row: &Row<'_>| Ok((row.get::<String>(0)?, BodyId(row.get(1)?)));
    let queued = tx.rows(QUEUED, params![organization, STEP_ROWS], pair).await?;
    let held = tx.rows(HELD, params![organization, STEP_ROWS], pair).await?;
    for (id, body) in &queued {
        tx.execute("DELETE FROM queue_recipients WHERE message_id = $1", params![id]).await?;
        tx.execute("DELETE FROM queue_messages WHERE id = $1", params![id]).await?;
        bodies::release(tx, *body, &queue::holder(id)).await?;
    }
    for (id, body) in &held {
        tx.execute("DELETE FROM transit_calls WHERE message_id = $1", params![id]).await?;
        tx.execute("DELETE FROM transit_messages WHERE id = $1", params![id]).await?;
        bodies::release(tx, *body, &transit::holder(id)).await?;
    }
    Ok(queued.len() + held.len())
}
