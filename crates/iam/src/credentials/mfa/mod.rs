//! Second factors: virtual MFA devices (codes of six digits), and FIDO keys.
//!
//! The operations of the API are in `operations` (a device with its holder) and `virtual_devices` (a device by
//! itself). Whoever checks a second factor, as STS and sign-in do, calls [`verify_code`]; root's devices,
//! which AWS has enabled in the console alone, are made with [`create_virtual`] and [`enable`].
//!
//! Nobody is hindered here from trying all codes but by [`verify_code`]'s own bound on failures, which each
//! server counts for itself.

mod attempts;
mod devices;
pub(crate) mod operations;
mod qr;
mod totp;
pub(crate) mod virtual_devices;

use store::{Keyring, Snapshot, Transaction};
use wire::iam::errors::{ENTITY_ALREADY_EXISTS, INVALID_AUTHENTICATION_CODE, NO_SUCH_ENTITY};
use world::{Secret, Timestamp, World};

pub(crate) use devices::SCHEMA;
pub use devices::{Device, Kind};
pub use virtual_devices::{NewDevice, create as create_virtual};

use crate::{door::Caller, purposes, quotas};

/// How far from now the codes may be that enable a device, in steps: two minutes.
const ENABLE_REACH_STEPS: i64 = 4;

/// How far from now the codes may be that set a device's clock right, in steps: four hours, so that a clock set
/// to a neighbouring time zone is found.
const RESYNC_REACH_STEPS: i64 = 480;

/// Who holds MFA devices: a user, or the root user of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaOwner {
    account: String,
    id: String,
}

impl MfaOwner {
    /// The root user of `account`.
    pub fn root(account: &str) -> Self {
        Self { account: account.to_owned(), id: account.to_owned() }
    }

    /// The user `user_id` (`AIDA..`) of `account`.
    pub fn user(account: &str, user_id: &str) -> Self {
        Self { account: account.to_owned(), id: user_id.to_owned() }
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The user's id, or the account's for root.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is a root user.
    pub fn is_root(&self) -> bool {
        self.id == self.account
    }

    /// The caller, if it is root or a user; others hold none.
    pub fn of(caller: &Caller) -> Option<Self> {
        let holds = caller.is_root() || caller.user_name().is_some();
        holds.then(|| Self::user(&caller.account, &caller.user_id()))
    }
}

/// Whether `code` is right for the virtual device `serial` of `owner`. A code that was taken is used up: it is
/// refused from then on, once the transaction is committed. A FIDO key has no codes.
///
/// # Errors
/// The store's.
pub async fn verify_code(
    tx: &mut Transaction,
    keyring: &Keyring,
    owner: &MfaOwner,
    serial: &str,
    code: &str,
    now: Timestamp,
) -> Result<bool, store::Error> {
    let Some(device) = held(tx, owner, serial).await? else { return Ok(false) };
    let Some(seed) = seed(keyring, &device)? else { return Ok(false) };
    if !attempts::may_try(&device.id, now) {
        return Ok(false);
    }
    match device.pace.take(&seed, code, now) {
        Some(pace) => devices::set_pace(tx, &device.id, pace).await.map(|()| true),
        None => {
            attempts::failed(&device.id, now);
            Ok(false)
        }
    }
}

/// Whether `serial` is an enabled device of `owner` that gives codes.
///
/// # Errors
/// The store's.
pub async fn gives_codes(
    snapshot: &mut Snapshot,
    owner: &MfaOwner,
    serial: &str,
) -> Result<bool, store::Error> {
    let device = held(snapshot, owner, serial).await?;
    Ok(device.is_some_and(|device| device.kind() == Kind::Virtual))
}

/// Whether `owner` has any device enabled, and so must show a second factor to sign in.
///
/// # Errors
/// The store's.
pub async fn has_device(snapshot: &mut Snapshot, owner: &MfaOwner) -> Result<bool, store::Error> {
    Ok(!devices(snapshot, owner).await?.is_empty())
}

/// The enabled devices of `owner`, oldest first; at most eight.
///
/// # Errors
/// The store's.
pub async fn devices(
    snapshot: &mut Snapshot,
    owner: &MfaOwner,
) -> Result<Vec<Device>, store::Error> {
    devices::of_holder(snapshot, &owner.id).await
}

/// Gives a virtual device to `owner`, who proves by two consecutive codes to have its seed.
///
/// # Errors
/// `NoSuchEntity`, `EntityAlreadyExists` for a device in use, `LimitExceeded` past eight,
/// `InvalidAuthenticationCode`; what the store says.
pub async fn enable(
    tx: &mut Transaction,
    keyring: &Keyring,
    owner: &MfaOwner,
    serial: &str,
    codes: [&str; 2],
    now: Timestamp,
) -> Result<(), wire::Error> {
    let device = devices::find(tx, &owner.account, serial).await?;
    let device = device.ok_or_else(|| unknown(serial))?;
    if device.holder.is_some() {
        return Err(ENTITY_ALREADY_EXISTS.with("MFA Device is already in use."));
    }
    refuse_excess(tx, owner).await?;
    let seed = seed(keyring, &device)?.ok_or_else(|| unknown(serial))?;
    let pace = device.pace.take_pair(&seed, codes, now, ENABLE_REACH_STEPS);
    let pace = pace.ok_or_else(wrong_codes)?;
    devices::set_pace(tx, &device.id, pace).await?;
    Ok(devices::assign(tx, &device.id, &owner.id, now).await?)
}

/// Takes a device from `owner`: a virtual one can be enabled again, a FIDO key is forgotten.
///
/// # Errors
/// `NoSuchEntity`; what the store says.
pub async fn deactivate(
    tx: &mut Transaction,
    owner: &MfaOwner,
    serial: &str,
) -> Result<(), wire::Error> {
    let device = expect_held(tx, owner, serial).await?;
    match device.kind() {
        Kind::Virtual => devices::unassign(tx, &device.id).await?,
        Kind::Fido => devices::delete(tx, &device.id).await?,
    }
    Ok(())
}

/// Learns anew how far the clock of a device of `owner` is off, by two consecutive codes.
///
/// # Errors
/// `NoSuchEntity`, `InvalidAuthenticationCode`; what the store says.
pub async fn resync(
    tx: &mut Transaction,
    keyring: &Keyring,
    owner: &MfaOwner,
    serial: &str,
    codes: [&str; 2],
    now: Timestamp,
) -> Result<(), wire::Error> {
    let device = expect_held(tx, owner, serial).await?;
    let seed = seed(keyring, &device)?.ok_or_else(invalid_for_user)?;
    let pace = device.pace.take_pair(&seed, codes, now, RESYNC_REACH_STEPS);
    let pace = pace.ok_or_else(wrong_codes)?;
    Ok(devices::set_pace(tx, &device.id, pace).await?)
}

/// Gives `owner` a FIDO key, whose credential [`crate::fido`] keeps beside it. Returns the device's id.
pub(crate) async fn insert_fido(
    tx: &mut Transaction,
    world: &World,
    owner: &MfaOwner,
    serial: &str,
    now: Timestamp,
) -> Result<String, wire::Error> {
    refuse_excess(tx, owner).await?;
    let id = devices::id(world, now);
    devices::insert(tx, &id, &owner.account, serial, None).await?;
    devices::assign(tx, &id, &owner.id, now).await?;
    Ok(id)
}

async fn refuse_excess(snapshot: &mut Snapshot, owner: &MfaOwner) -> Result<(), wire::Error> {
    let count = devices(snapshot, owner).await?.len();
    quotas::check("MFADevicesPerUser", quotas::MFA_DEVICES_PER_USER, count as i64)
}

/// The device, if it is that owner's.
async fn held(
    snapshot: &mut Snapshot,
    owner: &MfaOwner,
    serial: &str,
) -> Result<Option<Device>, store::Error> {
    let device = devices::find(snapshot, &owner.account, serial).await?;
    Ok(device.filter(|device| device.holder.as_deref() == Some(&owner.id)))
}

async fn expect_held(
    snapshot: &mut Snapshot,
    owner: &MfaOwner,
    serial: &str,
) -> Result<Device, wire::Error> {
    if devices::find(snapshot, &owner.account, serial).await?.is_none() {
        return Err(unknown(serial));
    }
    held(snapshot, owner, serial).await?.ok_or_else(invalid_for_user)
}

fn seed(keyring: &Keyring, device: &Device) -> Result<Option<Secret>, store::Error> {
    let purpose = purposes::mfa_seed(&device.serial);
    device.seed.as_ref().map(|sealed| keyring.open(&purpose, sealed)).transpose()
}

fn unknown(serial: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("VirtualMFADevice with serial number {serial} doesn't exist."))
}

fn invalid_for_user() -> wire::Error {
    NO_SUCH_ENTITY.with("MFA Device invalid for user.")
}

fn wrong_codes() -> wire::Error {
    INVALID_AUTHENTICATION_CODE.with("Authentication code for device is not valid.")
}
