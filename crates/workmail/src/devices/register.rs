//! The devices that have connected: what they say of themselves, and what they are told.

use store::{Row, Snapshot, Transaction, params};
use wire::workmail::{MobileDevice, MobileDeviceState};
use world::Timestamp;

use super::{overrides::device_key, rules::Device};

/// Devices of one user. More are turned away, lest somebody with the password fill the store.
const DEVICES_MAX: i64 = 100;
/// Characters of an id (`DeviceId` of the model), which are letters and digits.
const ID_CHARS_MAX: usize = 32;
/// Characters that are kept of what a device says of itself.
const PROPERTY_CHARS_MAX: usize = 256;

/// What a device that connects is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It may go on, as far as the rules let it.
    Proceed,
    /// To erase itself. It is told so whenever it connects, also after it said that it had done so.
    Wipe,
    /// To stay away: its id is none, or the user has too many devices.
    StayAway,
}

/// Notes that a device connects for a user, and gives the order for it.
///
/// # Errors
/// The store's.
pub async fn seen(
    tx: &mut Transaction,
    organization: &str,
    user: &str,
    device_id: &str,
    device: &Device<'_>,
    now: Timestamp,
) -> Result<Order, store::Error> {
    if !is_id(device_id) {
        return Ok(Order::StayAway);
    }
    let known = find(tx, user, device_id).await?;
    if known.is_none() && count(tx, user).await? >= DEVICES_MAX {
        return Ok(Order::StayAway);
    }
    const SQL: &str = "INSERT INTO mobile_devices (organization_id, entity_id, device_key, \
        device_id, device_type, model, operating_system, user_agent, first_seen_at, last_seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (entity_id, device_key) \
        DO UPDATE SET device_type = $5, model = $6, operating_system = $7, user_agent = $8, \
        last_seen_at = $9";
    let row = params![
        organization,
        user,
        device_key(device_id),
        device_id,
        kept(device.device_type),
        kept(device.model),
        kept(device.operating_system),
        kept(device.user_agent),
        now,
    ];
    tx.execute(SQL, row).await?;
    Ok(match known.is_some_and(|known| known.date_wipe_requested.is_some()) {
        true => Order::Wipe,
        false => Order::Proceed,
    })
}

/// Notes that a device said that it erased itself. That counts only if it was told to.
///
/// # Errors
/// The store's.
pub async fn wiped(
    tx: &mut Transaction,
    user: &str,
    device_id: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE mobile_devices SET wiped_at = $3 \
        WHERE entity_id = $1 AND device_key = $2 AND wipe_requested_at IS NOT NULL";
    tx.execute(SQL, params![user, device_key(device_id), now]).await.map(drop)
}

fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// What a device says of itself, of the characters of the model (`DeviceModel` and its siblings).
fn kept(reported: Option<&str>) -> Option<String> {
    let shown = |c: char| if (' '..='\u{ff}').contains(&c) { c } else { '?' };
    let text = reported.unwrap_or_default();
    let kept: String = text.chars().take(PROPERTY_CHARS_MAX).map(shown).collect();
    (!kept.is_empty()).then_some(kept)
}

async fn count(snapshot: &mut Snapshot, user: &str) -> Result<i64, store::Error> {
    let sql = "SELECT COUNT(*) FROM mobile_devices WHERE entity_id = $1";
    let held: Option<i64> = snapshot.row(sql, params![user], |row| row.get(0)).await?;
    Ok(held.unwrap_or_default())
}

/// The columns that [`described`] reads.
pub(super) const COLUMNS: &str = "entity_id, device_id, device_type, model, operating_system, \
    user_agent, first_seen_at, last_seen_at, wipe_requested_at, wiped_at";

/// A device of a user.
pub(super) async fn find(
    snapshot: &mut Snapshot,
    user: &str,
    device_id: &str,
) -> Result<Option<MobileDevice>, store::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM mobile_devices WHERE entity_id = $1 AND device_key = $2");
    snapshot.row(&sql, params![user, device_key(device_id)], described).await
}

pub(super) fn described(row: &Row<'_>) -> Result<MobileDevice, store::Error> {
    let (date_wipe_requested, date_wiped): (Option<Timestamp>, Option<Timestamp>) =
        (row.get(8)?, row.get(9)?);
    let state = match (date_wipe_requested, date_wiped) {
        (None, _) => MobileDeviceState::Active,
        (Some(_), None) => MobileDeviceState::WipeRequested,
        (Some(_), Some(_)) => MobileDeviceState::Wiped,
    };
    Ok(MobileDevice {
        user_id: Some(row.get(0)?),
        device_id: Some(row.get(1)?),
        device_type: row.get(2)?,
        device_model: row.get(3)?,
        device_operating_system: row.get(4)?,
        device_user_agent: row.get(5)?,
        state: Some(state),
        date_first_seen: Some(row.get(6)?),
        date_last_seen: Some(row.get(7)?),
        date_wipe_requested,
        date_wiped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_devices_say_is_kept_in_bounds() {
        assert_eq!(kept(Some("iPhone\u{0}\u{4e00}")).as_deref(), Some("iPhone??"));
        assert_eq!(kept(Some("")), None);
        assert_eq!(kept(Some(&"\u{e9}".repeat(300))).unwrap().chars().count(), PROPERTY_CHARS_MAX);
        assert!(is_id("Ab1") && !is_id("") && !is_id("a-b") && !is_id(&"a".repeat(33)));
    }
}
