//! Mobile devices: which of them may synchronise, what is asked of them, and which have connected.
//!
//! All of it is for ActiveSync. It asks [`device_effect`] besides the access control rules, hands out what
//! [`policy_of`] gives, says by [`seen`] that a device connects, and obeys the [`Order`] for it.

mod operations;
mod overrides;
mod policy;
mod register;
mod rules;
mod rules_served;

use store::{Snapshot, params};

use crate::verdict::Effect;

pub(crate) use operations::{
    delete_mobile_device, get_mobile_device_details, get_mobile_devices_for_user,
    wipe_mobile_device,
};
pub(crate) use overrides::{
    delete_mobile_device_access_override, get_mobile_device_access_override,
    list_mobile_device_access_overrides, put_mobile_device_access_override,
};
pub use policy::{MobilePolicy, policy_of};
pub(crate) use policy::{get_mobile_policy_details, set_mobile_policy_details};
pub use register::{Order, seen, wiped};
pub use rules::Device;
pub(crate) use rules_served::{
    create_default, create_mobile_device_access_rule, delete_mobile_device_access_rule,
    get_mobile_device_access_effect, list_mobile_device_access_rules,
    update_mobile_device_access_rule,
};

/// Whether a user may use a device: what an override for the two says, else what the rules say of the device.
///
/// # Errors
/// The store's.
pub async fn device_effect(
    snapshot: &mut Snapshot,
    organization: &str,
    user: &str,
    device_id: &str,
    device: &Device<'_>,
) -> Result<Effect, store::Error> {
    const SQL: &str = "SELECT effect FROM mobile_device_overrides \
        WHERE organization_id = $1 AND entity_id = $2 AND device_key = $3";
    let key = params![organization, user, overrides::device_key(device_id)];
    if let Some(effect) = snapshot.row(SQL, key, |row| Effect::of_column(row.get(0)?)).await? {
        return Ok(effect);
    }
    let rules = rules_served::of_organization(snapshot, organization).await?;
    Ok(rules::effect(&rules, device).0)
}
