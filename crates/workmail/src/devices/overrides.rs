//! PutMobileDeviceAccessOverride and its siblings: what holds for one user's one device, whatever the rules say.

use iam::door::Call;
use store::{Row, Snapshot, Value, params};
use wire::workmail::{
    DeleteMobileDeviceAccessOverrideRequest, DeleteMobileDeviceAccessOverrideResponse, EntityType,
    GetMobileDeviceAccessOverrideRequest, GetMobileDeviceAccessOverrideResponse,
    ListMobileDeviceAccessOverridesRequest, ListMobileDeviceAccessOverridesResponse,
    MobileDeviceAccessOverride, Operation, PutMobileDeviceAccessOverrideRequest,
    PutMobileDeviceAccessOverrideResponse, errors::RESOURCE_NOT_FOUND,
};

use crate::{
    entities::{self, Entity, Forms},
    organizations,
    page::Page,
    verdict::Effect,
};

/// By which a device is found: letter case does not count in its id.
pub(super) fn device_key(id: &str) -> String {
    id.to_ascii_lowercase()
}

pub(crate) async fn put_mobile_device_access_override(
    call: &mut Call,
    input: PutMobileDeviceAccessOverrideRequest,
) -> Result<PutMobileDeviceAccessOverrideResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::PutMobileDeviceAccessOverride;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let user = require_user(tx, &organization.id, &input.user_id).await?.living()?;
    const SQL: &str = "INSERT INTO mobile_device_overrides (organization_id, entity_id, \
        device_key, device_id, effect, description, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (entity_id, device_key) DO UPDATE \
        SET effect = $5, description = $6, modified_at = $7";
    let row = params![
        &organization.id,
        &user.id,
        device_key(&input.device_id),
        &input.device_id,
        Effect::from(input.effect).as_str(),
        input.description.as_deref(),
        now,
    ];
    tx.execute(SQL, row).await?;
    Ok(PutMobileDeviceAccessOverrideResponse {})
}

pub(crate) async fn get_mobile_device_access_override(
    call: &mut Call,
    input: GetMobileDeviceAccessOverrideRequest,
) -> Result<GetMobileDeviceAccessOverrideResponse, wire::Error> {
    let operation = Operation::GetMobileDeviceAccessOverride;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let user = require_user(snapshot, &organization.id, &input.user_id).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM mobile_device_overrides WHERE entity_id = $1 AND device_key = $2"
    );
    let key = params![&user.id, device_key(&input.device_id)];
    let found = snapshot.row(&sql, key, described).await?.ok_or_else(|| {
        let (user, device) = (&user.name, &input.device_id);
        RESOURCE_NOT_FOUND
            .with(format!("There is no override for the device {device} of the user {user}."))
    })?;
    Ok(GetMobileDeviceAccessOverrideResponse {
        user_id: found.user_id,
        device_id: found.device_id,
        effect: found.effect,
        description: found.description,
        date_created: found.date_created,
        date_modified: found.date_modified,
    })
}

pub(crate) async fn delete_mobile_device_access_override(
    call: &mut Call,
    input: DeleteMobileDeviceAccessOverrideRequest,
) -> Result<DeleteMobileDeviceAccessOverrideResponse, wire::Error> {
    let operation = Operation::DeleteMobileDeviceAccessOverride;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let user = require_user(tx, &organization.id, &input.user_id).await?;
    let sql = "DELETE FROM mobile_device_overrides WHERE entity_id = $1 AND device_key = $2";
    tx.execute(sql, params![&user.id, device_key(&input.device_id)]).await?;
    Ok(DeleteMobileDeviceAccessOverrideResponse {})
}

pub(crate) async fn list_mobile_device_access_overrides(
    call: &mut Call,
    input: ListMobileDeviceAccessOverridesRequest,
) -> Result<ListMobileDeviceAccessOverridesResponse, wire::Error> {
    let operation = Operation::ListMobileDeviceAccessOverrides;
    let id = &input.organization_id;
    let device = input.device_id.as_deref().map(device_key);
    let filters = format!("{:?}", (&input.user_id, &device));
    let scope = [id.as_str(), &filters];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let user = match &input.user_id {
        Some(given) => Some(require_user(snapshot, &organization.id, given).await?.id),
        None => None,
    };
    let range = page.range("");
    let sql = list_sql(user.is_some(), device.is_some());
    let mut bounds: Vec<Value<'_>> =
        params![&organization.id, &range.key, &range.id, range.fetch].to_vec();
    bounds.extend([&user, &device].into_iter().flatten().map(Value::from));
    let mut found: Vec<(String, String, MobileDeviceAccessOverride)> =
        snapshot.rows(&sql, &bounds, |row| Ok((row.get(6)?, row.get(0)?, described(row)?))).await?;
    let next_token = page.cut(&mut found, |(device, user, _)| (device, user))?;
    let overrides = found.into_iter().map(|(_, _, shown)| shown).collect();
    Ok(ListMobileDeviceAccessOverridesResponse { overrides: Some(overrides), next_token })
}

/// Of the organization `$1` what comes after the device `$2` of the user `$3`, at most `$4`. The filters follow.
fn list_sql(by_user: bool, by_device: bool) -> String {
    let (user, device) = match (by_user, by_device) {
        (true, true) => ("AND entity_id = $5", "AND device_key = $6"),
        (true, false) => ("AND entity_id = $5", ""),
        (false, true) => ("", "AND device_key = $5"),
        (false, false) => ("", ""),
    };
    format!(
        "SELECT {COLUMNS}, device_key FROM mobile_device_overrides WHERE organization_id = $1 \
         AND (device_key, entity_id) > ($2, $3) {user} {device} \
         ORDER BY device_key, entity_id LIMIT $4"
    )
}

/// The columns that [`described`] reads.
const COLUMNS: &str = "entity_id, device_id, effect, description, created_at, modified_at";

fn described(row: &Row<'_>) -> Result<MobileDeviceAccessOverride, store::Error> {
    Ok(MobileDeviceAccessOverride {
        user_id: Some(row.get(0)?),
        device_id: Some(row.get(1)?),
        effect: Some(Effect::of_column(row.get(2)?)?.into()),
        description: row.get(3)?,
        date_created: Some(row.get(4)?),
        date_modified: Some(row.get(5)?),
    })
}

pub(super) async fn require_user(
    snapshot: &mut Snapshot,
    organization: &str,
    given: &str,
) -> Result<Entity, wire::Error> {
    entities::require(snapshot, organization, given, Forms::Any, &[EntityType::User]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_list_walks_an_index_in_order() {
        for (by_user, by_device) in [(false, false), (true, false), (false, true), (true, true)] {
            let filters = usize::from(by_user) + usize::from(by_device);
            let plan = crate::plan::of(&list_sql(by_user, by_device), 4 + filters).await;
            let costly = |step: &String| step.starts_with("SCAN") || step.contains("TEMP B-TREE");
            assert!(!plan.iter().any(costly), "{by_user}, {by_device}: {plan:?}");
        }
    }
}
