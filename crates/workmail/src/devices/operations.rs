//! GetMobileDevicesForUser, GetMobileDeviceDetails, DeleteMobileDevice and WipeMobileDevice.

use iam::door::Call;
use store::params;
use wire::workmail::{
    DeleteMobileDeviceRequest, DeleteMobileDeviceResponse, GetMobileDeviceDetailsRequest,
    GetMobileDeviceDetailsResponse, GetMobileDevicesForUserRequest,
    GetMobileDevicesForUserResponse, MobileDevice, Operation, WipeMobileDeviceRequest,
    WipeMobileDeviceResponse, errors::RESOURCE_NOT_FOUND,
};

use super::{
    device_effect,
    overrides::{device_key, require_user},
    register::{COLUMNS, described, find},
    rules::Device,
};
use crate::{entities::Entity, organizations, page::Page};

pub(crate) async fn get_mobile_devices_for_user(
    call: &mut Call,
    input: GetMobileDevicesForUserRequest,
) -> Result<GetMobileDevicesForUserResponse, wire::Error> {
    let operation = Operation::GetMobileDevicesForUser;
    let id = &input.organization_id;
    let scope = [id.as_str(), &input.user_id];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let user = require_user(snapshot, &organization.id, &input.user_id).await?;
    let range = page.range("");
    let sql = format!(
        "SELECT {COLUMNS}, device_key FROM mobile_devices \
         WHERE entity_id = $1 AND device_key > $2 ORDER BY device_key LIMIT $3"
    );
    let bounds = params![&user.id, &range.key, range.fetch];
    let mut found: Vec<(String, MobileDevice)> =
        snapshot.rows(&sql, bounds, |row| Ok((row.get(10)?, described(row)?))).await?;
    let next_token = page.cut(&mut found, |(key, _)| (key, ""))?;
    let devices = found.into_iter().map(|(_, device)| device).collect();
    Ok(GetMobileDevicesForUserResponse { mobile_devices: Some(devices), next_token })
}

pub(crate) async fn get_mobile_device_details(
    call: &mut Call,
    input: GetMobileDeviceDetailsRequest,
) -> Result<GetMobileDeviceDetailsResponse, wire::Error> {
    let operation = Operation::GetMobileDeviceDetails;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let user = require_user(snapshot, &organization.id, &input.user_id).await?;
    let found = find(snapshot, &user.id, &input.device_id).await?;
    let found = found.ok_or_else(|| no_device(&user, &input.device_id))?;
    let device = Device {
        device_type: found.device_type.as_deref(),
        model: found.device_model.as_deref(),
        operating_system: found.device_operating_system.as_deref(),
        user_agent: found.device_user_agent.as_deref(),
    };
    let effect =
        device_effect(snapshot, &organization.id, &user.id, &input.device_id, &device).await?;
    Ok(GetMobileDeviceDetailsResponse {
        user_id: found.user_id,
        device_id: found.device_id,
        device_type: found.device_type,
        device_model: found.device_model,
        device_operating_system: found.device_operating_system,
        device_user_agent: found.device_user_agent,
        state: found.state,
        date_first_seen: found.date_first_seen,
        date_last_seen: found.date_last_seen,
        date_wipe_requested: found.date_wipe_requested,
        date_wiped: found.date_wiped,
        effect: Some(effect.into()),
    })
}

/// One that is not listed is as gone as it was to be.
pub(crate) async fn delete_mobile_device(
    call: &mut Call,
    input: DeleteMobileDeviceRequest,
) -> Result<DeleteMobileDeviceResponse, wire::Error> {
    let operation = Operation::DeleteMobileDevice;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let user = require_user(tx, &organization.id, &input.user_id).await?;
    let sql = "DELETE FROM mobile_devices WHERE entity_id = $1 AND device_key = $2";
    tx.execute(sql, params![&user.id, device_key(&input.device_id)]).await?;
    Ok(DeleteMobileDeviceResponse {})
}

pub(crate) async fn wipe_mobile_device(
    call: &mut Call,
    input: WipeMobileDeviceRequest,
) -> Result<WipeMobileDeviceResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::WipeMobileDevice;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let user = require_user(tx, &organization.id, &input.user_id).await?;
    const SQL: &str = "UPDATE mobile_devices SET wipe_requested_at = $3, wiped_at = NULL \
        WHERE entity_id = $1 AND device_key = $2";
    match tx.execute(SQL, params![&user.id, device_key(&input.device_id), now]).await? {
        0 => Err(no_device(&user, &input.device_id)),
        _ => Ok(WipeMobileDeviceResponse {}),
    }
}

fn no_device(user: &Entity, device: &str) -> wire::Error {
    let user = &user.name;
    RESOURCE_NOT_FOUND.with(format!("The user {user} has no device {device}."))
}
