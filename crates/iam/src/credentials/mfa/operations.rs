//! MFA devices with their holders: enabled, synchronised, listed and deactivated.

use std::collections::BTreeMap;

use store::{Snapshot, params};
use wire::iam::{
    DeactivateMFADeviceRequest, EnableMFADeviceRequest, GetMFADeviceRequest, GetMFADeviceResponse,
    ListMFADevicesRequest, ListMFADevicesResponse, MFADevice, ResyncMFADeviceRequest,
};

use super::{Device, Kind, MfaOwner};
use crate::{
    door::{Call, Caller},
    entity::{self, Named},
    owners::{Owner, Whose},
    pages::Page,
    users,
};

pub(crate) async fn enable(
    call: &mut Call,
    input: EnableMFADeviceRequest,
) -> Result<(), wire::Error> {
    let (caller, keyring, now) = (call.caller(), call.keyring(), call.now());
    let tx = call.write("iam:EnableMFADevice", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let owner = MfaOwner::user(&caller.account, &user.id);
    let codes = [input.authentication_code1.expose(), input.authentication_code2.expose()];
    super::enable(tx, &keyring, &owner, &input.serial_number, codes, now).await
}

pub(crate) async fn deactivate(
    call: &mut Call,
    input: DeactivateMFADeviceRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:DeactivateMFADevice", &whose).await?;
    let owner = whose.owner(tx, &caller).await?;
    super::deactivate(tx, &holder(&owner, &caller), &input.serial_number).await
}

pub(crate) async fn resync(
    call: &mut Call,
    input: ResyncMFADeviceRequest,
) -> Result<(), wire::Error> {
    let (caller, keyring, now) = (call.caller(), call.keyring(), call.now());
    let tx = call.write("iam:ResyncMFADevice", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let owner = MfaOwner::user(&caller.account, &user.id);
    let codes = [input.authentication_code1.expose(), input.authentication_code2.expose()];
    super::resync(tx, &keyring, &owner, &input.serial_number, codes, now).await
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListMFADevicesRequest,
) -> Result<ListMFADevicesResponse, wire::Error> {
    let page = Page::of(call, "ListMFADevices", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let snapshot = call.read("iam:ListMFADevices", &whose).await?;
    let owner = whose.owner(snapshot, &caller).await?;
    let devices = super::devices(snapshot, &holder(&owner, &caller)).await?;
    let cut = page.slice(devices, |device| device.id.clone())?;
    let user_name = owner.name.unwrap_or_else(|| users::ROOT_NAME.to_owned());
    let shown = |device: Device| MFADevice {
        user_name: user_name.clone(),
        serial_number: device.serial,
        enable_date: device.enabled_at.unwrap_or_default(),
    };
    Ok(ListMFADevicesResponse {
        mfa_devices: cut.items.into_iter().map(shown).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A FIDO key of a user; of a virtual device there is nothing to tell that the lists do not.
pub(crate) async fn get(
    call: &mut Call,
    input: GetMFADeviceRequest,
) -> Result<GetMFADeviceResponse, wire::Error> {
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let snapshot = call.read("iam:GetMFADevice", &whose).await?;
    let owner = whose.owner(snapshot, &caller).await?;
    let device =
        super::expect_held(snapshot, &holder(&owner, &caller), &input.serial_number).await?;
    if device.kind() != Kind::Fido {
        return Err(super::invalid_for_user());
    }
    Ok(GetMFADeviceResponse {
        user_name: owner.name,
        certifications: Some(certifications(snapshot, &device).await?),
        serial_number: device.serial,
        enable_date: device.enabled_at,
    })
}

async fn certifications(
    snapshot: &mut Snapshot,
    device: &Device,
) -> Result<BTreeMap<String, String>, wire::Error> {
    const SQL: &str = "SELECT certifications FROM fido_keys WHERE device_id = $1";
    let json: Option<String> = snapshot.row(SQL, params![&device.id], |row| row.get(0)).await?;
    let json = json.ok_or_else(|| store::Error::corrupt("a FIDO key has no key"))?;
    Ok(serde_json::from_str(&json)?)
}

fn holder(owner: &Owner, caller: &Caller) -> MfaOwner {
    MfaOwner::user(&caller.account, owner.unique_id(caller))
}
