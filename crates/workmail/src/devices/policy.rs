//! What an organization asks of mobile devices, and its operations.

use iam::door::Call;
use serde::{Deserialize, Serialize};
use store::{Snapshot, params};
use wire::workmail::{
    GetMobilePolicyDetailsRequest, GetMobilePolicyDetailsResponse, Operation,
    SetMobilePolicyDetailsRequest, SetMobilePolicyDetailsResponse,
};
use world::Timestamp;

use crate::{organizations, refusal};

/// What a device must do before it may synchronise; the names and limits are those of ActiveSync ([MS-ASPROV]
/// section 2.2.2). By default nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MobilePolicy {
    /// `RequireDeviceEncryption`.
    pub device_encryption: bool,
    /// `RequireStorageCardEncryption`.
    pub storage_card_encryption: bool,
    /// `DevicePasswordEnabled`. Without it nothing of what follows is asked for.
    pub password: bool,
    /// `AllowSimpleDevicePassword`.
    pub simple_password_allowed: bool,
    /// `MinDevicePasswordLength`, in characters.
    pub minimum_length: Option<u16>,
    /// `AlphanumericDevicePasswordRequired`.
    pub alphanumeric: bool,
    /// `MaxDevicePasswordFailedAttempts`, after which the device wipes itself.
    pub failed_attempts: Option<u16>,
    /// `DevicePasswordExpiration`.
    pub expiration_days: Option<u16>,
    /// `MaxInactivityTimeDeviceLock`.
    pub screen_lock_seconds: Option<u16>,
    /// `DevicePasswordHistory`: earlier passwords that must not be taken again.
    pub history: Option<u16>,
}

impl Default for MobilePolicy {
    fn default() -> Self {
        Self {
            device_encryption: false,
            storage_card_encryption: false,
            password: false,
            simple_password_allowed: true,
            minimum_length: None,
            alphanumeric: false,
            failed_attempts: None,
            expiration_days: None,
            screen_lock_seconds: None,
            history: None,
        }
    }
}

/// What an organization asks of devices, and since when, if it was ever set. A device that was provisioned before
/// must be so again.
///
/// # Errors
/// The store's.
pub async fn policy_of(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<(MobilePolicy, Option<Timestamp>), store::Error> {
    const SQL: &str = "SELECT policy, modified_at FROM mobile_policies WHERE organization_id = $1";
    let found = snapshot
        .row(SQL, params![organization], |row| {
            let corrupt = |_| store::Error::corrupt("a mobile policy");
            let policy = serde_json::from_str(row.get(0)?).map_err(corrupt)?;
            Ok((policy, Some(row.get(1)?)))
        })
        .await?;
    Ok(found.unwrap_or_default())
}

pub(crate) async fn get_mobile_policy_details(
    call: &mut Call,
    input: GetMobilePolicyDetailsRequest,
) -> Result<GetMobilePolicyDetailsResponse, wire::Error> {
    let operation = Operation::GetMobilePolicyDetails;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let (policy, date_modified) = policy_of(snapshot, &organization.id).await?;
    let number = |number: Option<u16>| number.map(i32::from);
    Ok(GetMobilePolicyDetailsResponse {
        device_encryption_required: Some(policy.device_encryption),
        storage_card_encryption_required: Some(policy.storage_card_encryption),
        password_required: Some(policy.password),
        simple_password_allowed: Some(policy.simple_password_allowed),
        minimum_password_length: number(policy.minimum_length),
        alphanumeric_password_required: Some(policy.alphanumeric),
        failed_attempts_allowed: number(policy.failed_attempts),
        password_expiration_days: number(policy.expiration_days),
        screen_lock_seconds: number(policy.screen_lock_seconds),
        password_history: number(policy.history),
        date_modified,
    })
}

pub(crate) async fn set_mobile_policy_details(
    call: &mut Call,
    input: SetMobilePolicyDetailsRequest,
) -> Result<SetMobilePolicyDetailsResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::SetMobilePolicyDetails;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let policy = MobilePolicy::wanted(&input)?;
    const SQL: &str = "INSERT INTO mobile_policies (organization_id, policy, modified_at) \
        VALUES ($1, $2, $3) ON CONFLICT (organization_id) DO UPDATE \
        SET policy = $2, modified_at = $3";
    tx.execute(SQL, params![&organization.id, serde_json::to_string(&policy)?, now]).await?;
    Ok(SetMobilePolicyDetailsResponse {})
}

impl MobilePolicy {
    /// What a request asks for; the model has checked the numbers.
    fn wanted(input: &SetMobilePolicyDetailsRequest) -> Result<Self, wire::Error> {
        let asked = |flag: Option<bool>| flag.unwrap_or(false);
        let number = |number: Option<i32>| number.and_then(|number| u16::try_from(number).ok());
        let policy = Self {
            device_encryption: asked(input.device_encryption_required),
            storage_card_encryption: asked(input.storage_card_encryption_required),
            password: asked(input.password_required),
            simple_password_allowed: input.simple_password_allowed.unwrap_or(true),
            minimum_length: number(input.minimum_password_length),
            alphanumeric: asked(input.alphanumeric_password_required),
            failed_attempts: number(input.failed_attempts_allowed),
            expiration_days: number(input.password_expiration_days),
            screen_lock_seconds: number(input.screen_lock_seconds),
            history: number(input.password_history),
        };
        match policy.asks_of_password() && !policy.password {
            true => Err(refusal::invalid("Only with PasswordRequired can more be asked of it.")),
            false => Ok(policy),
        }
    }

    /// Whether something is asked of the password, which devices ignore if they need none.
    fn asks_of_password(&self) -> bool {
        let numbers = [
            self.minimum_length,
            self.failed_attempts,
            self.expiration_days,
            self.screen_lock_seconds,
            self.history,
        ];
        self.alphanumeric || !self.simple_password_allowed || numbers.iter().any(Option::is_some)
    }
}
