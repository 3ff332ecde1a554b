//! Virtual MFA devices by themselves: made, listed, tagged and deleted, whoever holds them.

use store::{Keyring, Row, Snapshot, Transaction, params};
use wire::{
    errors::VALIDATION,
    iam::{
        AssignmentStatusType, CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse,
        DeleteVirtualMFADeviceRequest, ListMFADeviceTagsRequest, ListMFADeviceTagsResponse,
        ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse, TagMFADeviceRequest,
        UntagMFADeviceRequest, User, VirtualMFADevice,
        errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS},
    },
};
use world::{Secret, Timestamp, World};

use super::{Device, Kind, devices, qr, totp, unknown};
use crate::{
    arns,
    door::{Call, Caller, Resource, Target},
    names,
    pages::Page,
    purposes, quotas, tags, users,
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerMFADevice";

/// Characters of a serial number at most, by the model.
const SERIAL_CHARS_MAX: usize = 256;

/// A virtual device, just made. This is the only time that its seed can be read.
#[derive(Debug)]
pub struct NewDevice {
    /// The serial number: its ARN.
    pub serial: String,
    /// The seed in base32, to be typed into an app.
    pub seed: Secret,
    /// The seed as a picture (PNG), to be scanned by an app.
    pub picture: Secret,
    id: String,
}

/// Makes a virtual device that nobody holds yet. `path` is `/` or `/../`.
///
/// # Errors
/// `EntityAlreadyExists`, `ValidationError` for a name that is too long, `LimitExceeded`; what the store says.
pub async fn create(
    tx: &mut Transaction,
    world: &World,
    keyring: &Keyring,
    account: &str,
    (path, name): (&str, &str),
    now: Timestamp,
) -> Result<NewDevice, wire::Error> {
    let serial = arns::mfa(account, path, name);
    refuse_long(&serial, name)?;
    if devices::find(tx, account, &serial).await?.is_some() {
        let message = "MFADevice entity at the same path and name already exists.";
        return Err(ENTITY_ALREADY_EXISTS.with(message));
    }
    quotas::check("MFADevices", quotas::VIRTUAL_MFA_DEVICES, count(tx, account).await?)?;
    let id = devices::id(world, now);
    let plain = totp::seed(world);
    let sealed = keyring.seal(&purposes::mfa_seed(&serial), plain.expose())?;
    devices::insert(tx, &id, account, &serial, Some(sealed)).await?;
    let seed = totp::base32(plain.expose());
    let picture = qr::png(&format!("otpauth://totp/{name}@{account}?secret={seed}"))?;
    Ok(NewDevice { serial, seed: seed.into(), picture: Secret::new(picture), id })
}

/// The path and the name together must leave a serial number that the other operations take.
fn refuse_long(serial: &str, name: &str) -> Result<(), wire::Error> {
    let Some(excess) = serial.len().checked_sub(SERIAL_CHARS_MAX).filter(|excess| *excess > 0)
    else {
        return Ok(());
    };
    let max = name.len().saturating_sub(excess);
    Err(VALIDATION.with(format!(
        "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: \
         Member must have length less than or equal to {max}"
    )))
}

pub(crate) async fn create_device(
    call: &mut Call,
    input: CreateVirtualMFADeviceRequest,
) -> Result<CreateVirtualMFADeviceResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let name = input.virtual_mfa_device_name;
    let (caller, world, keyring, now) = (call.caller(), call.world(), call.keyring(), call.now());
    let account = &caller.account;
    let target = Resource::arn(arns::mfa(account, &path, &name)).bringing(tags.iter().cloned());
    let mut tx = call.write("iam:CreateVirtualMFADevice", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagMFADevice", &target).await?;
    }
    let new = create(tx, &world, &keyring, account, (&path, &name), now).await?;
    tags::put(tx, &new.id, &tags, TAGS_QUOTA).await?;
    let virtual_mfa_device = VirtualMFADevice {
        serial_number: new.serial,
        base32_string_seed: Some(new.seed),
        qr_code_png: Some(new.picture),
        tags: tags::shown(tags),
        ..VirtualMFADevice::default()
    };
    Ok(CreateVirtualMFADeviceResponse { virtual_mfa_device })
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteVirtualMFADeviceRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write("iam:DeleteVirtualMFADevice", Numbered::new(&input.serial_number)).await?;
    let device = load(tx, &caller, &input.serial_number).await?;
    if device.holder.is_some() {
        return Err(DELETE_CONFLICT.with("MFA VirtualDevice in use. Must deactivate first."));
    }
    Ok(devices::delete(tx, &device.id).await?)
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListVirtualMFADevicesRequest,
) -> Result<ListVirtualMFADevicesResponse, wire::Error> {
    use AssignmentStatusType as Status;
    const SQL: &str = "SELECT d.id, d.serial, d.enabled_at, d.holder, \
        u.id, u.name, u.path, u.created_at, u.password_last_used, NULL \
        FROM mfa_devices d LEFT JOIN users u ON u.id = d.holder \
        WHERE d.account_id = $1 AND d.id > $2 AND d.seed IS NOT NULL \
        AND (d.holder IS NULL OR CAST($3 AS BIGINT) = 1) \
        AND (d.holder IS NOT NULL OR CAST($4 AS BIGINT) = 1) ORDER BY d.id LIMIT $5";
    let page = Page::of(call, "ListVirtualMFADevices", input.marker.as_deref(), input.max_items)?;
    let wanted = input.assignment_status;
    let assigned = wanted != Some(Status::Unassigned);
    let unassigned = wanted != Some(Status::Assigned);
    let caller = call.caller();
    let account = &caller.account;
    let snapshot = call.read("iam:ListVirtualMFADevices", Resource::any()).await?;
    let root = users::root(snapshot, account).await?;
    let params = params![account, page.after(), assigned, unassigned, page.fetch()];
    let found = snapshot.rows(SQL, params, |row| listed(row, &root)).await?;
    let cut = page.cut(found, |(id, _)| id.clone())?;
    Ok(ListVirtualMFADevicesResponse {
        virtual_mfa_devices: cut.items.into_iter().map(|(_, device)| device).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A device of the list, with its id. Root is not among the users that it was joined with.
fn listed(row: &Row<'_>, root: &User) -> Result<(String, VirtualMFADevice), store::Error> {
    let user = match row.get::<Option<String>>(3)? {
        None => None,
        Some(holder) if holder == root.user_id => Some(root.clone()),
        Some(_) => Some(users::Stored::read_at(row, 4)?.shown(&root.user_id)),
    };
    let device = VirtualMFADevice {
        serial_number: row.get(1)?,
        enable_date: row.get(2)?,
        user,
        ..VirtualMFADevice::default()
    };
    Ok((row.get(0)?, device))
}

pub(crate) async fn tag(call: &mut Call, input: TagMFADeviceRequest) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let target = Numbered::new(&input.serial_number)
        .bringing(Resource::default().bringing(tags.iter().cloned()));
    let tx = call.write("iam:TagMFADevice", target).await?;
    let device = load(tx, &caller, &input.serial_number).await?;
    tags::put(tx, &device.id, &tags, TAGS_QUOTA).await
}

pub(crate) async fn untag(
    call: &mut Call,
    input: UntagMFADeviceRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let keys = input.tag_keys;
    let target = Numbered::new(&input.serial_number)
        .bringing(Resource::default().naming(keys.iter().cloned()));
    let tx = call.write("iam:UntagMFADevice", target).await?;
    let device = load(tx, &caller, &input.serial_number).await?;
    Ok(tags::remove(tx, &device.id, &keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListMFADeviceTagsRequest,
) -> Result<ListMFADeviceTagsResponse, wire::Error> {
    let page = Page::of(call, "ListMFADeviceTags", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListMFADeviceTags", Numbered::new(&input.serial_number)).await?;
    let device = load(snapshot, &caller, &input.serial_number).await?;
    let cut = tags::page(snapshot, &device.id, page).await?;
    Ok(ListMFADeviceTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A virtual device by its serial number, as policies see it.
struct Numbered {
    serial: String,
    brought: Resource,
}

impl Numbered {
    fn new(serial: &str) -> Self {
        Self { serial: serial.to_owned(), brought: Resource::default() }
    }

    /// With the tags or tag keys of the call.
    fn bringing(self, brought: Resource) -> Self {
        Self { brought, ..self }
    }
}

impl Target for Numbered {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = self.brought.clone();
        resource.arn.clone_from(&self.serial);
        if let Some(device) = devices::find(snapshot, &caller.account, &self.serial).await? {
            resource.tags = tags::of(snapshot, &device.id).await?;
        }
        Ok(resource)
    }
}

async fn load(
    snapshot: &mut Snapshot,
    caller: &Caller,
    serial: &str,
) -> Result<Device, wire::Error> {
    let device = devices::find(snapshot, &caller.account, serial).await?;
    let device = device.filter(|device| device.kind() == Kind::Virtual);
    device.ok_or_else(|| unknown(serial))
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}
