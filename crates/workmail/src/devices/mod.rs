//! Which mobile devices may synchronise: rules about what devices say of themselves, and overrides for single
//! ones. They are for ActiveSync, which asks [`device_effect`] besides the access control rules.

mod overrides;
mod rules;
mod rules_served;

use store::{Snapshot, params};

use crate::verdict::Effect;

pub(crate) use overrides::{
    delete_mobile_device_access_override, get_mobile_device_access_override,
    list_mobile_device_access_overrides, put_mobile_device_access_override,
};
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
