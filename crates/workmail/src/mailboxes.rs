//! GetMailboxDetails and UpdateMailboxQuota; and what this room asks of the mailboxes of its users.

use iam::door::Call;
use mailbox::mailboxes;
use store::{Snapshot, Transaction};
use wire::workmail::{
    EntityType, GetMailboxDetailsRequest, GetMailboxDetailsResponse, Operation,
    UpdateMailboxQuotaRequest, UpdateMailboxQuotaResponse,
};
use world::Timestamp;

use crate::{
    entities::{self, Forms},
    organizations, refusal,
};

/// The quota of a new mailbox, and the largest, in MB (AWS's quota: 50 GB).
const QUOTA_MAX_MB: i32 = 51_200;
const BYTES_PER_MB: u64 = 1024 * 1024;
/// Pieces of mailboxes that one transaction removes: most are empty folders, and a commit each would take longest.
const PURGE_STEPS: usize = 16;
/// What has a mailbox.
const OWNERS: [EntityType; 2] = [EntityType::User, EntityType::Resource];

pub(crate) async fn get_mailbox_details(
    call: &mut Call,
    input: GetMailboxDetailsRequest,
) -> Result<GetMailboxDetailsResponse, wire::Error> {
    let operation = Operation::GetMailboxDetails;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let given = &input.user_id;
    let owner = entities::require(snapshot, &organization.id, given, Forms::Any, &OWNERS).await?;
    let (quota, size) = match find(snapshot, &owner.id).await? {
        Some(mailbox) => (megabytes(mailbox.quota_bytes), mailbox.used_bytes),
        // before the first registration: the mailbox that there would be
        None => (QUOTA_MAX_MB, 0),
    };
    #[expect(clippy::cast_precision_loss, reason = "a size below 2^53 bytes")]
    let size = size as f64 / BYTES_PER_MB as f64;
    Ok(GetMailboxDetailsResponse { mailbox_quota: Some(quota), mailbox_size: Some(size) })
}

pub(crate) async fn update_mailbox_quota(
    call: &mut Call,
    input: UpdateMailboxQuotaRequest,
) -> Result<UpdateMailboxQuotaResponse, wire::Error> {
    let operation = Operation::UpdateMailboxQuota;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.user_id;
    let owner = entities::require(tx, &organization.id, given, Forms::Any, &OWNERS).await?;
    let owner = owner.enabled()?;
    let quota = input.mailbox_quota;
    if !(1..=QUOTA_MAX_MB).contains(&quota) {
        let text = format!("The quota {quota} MB is not between 1 and {QUOTA_MAX_MB} MB.");
        return Err(refusal::invalid(text));
    }
    if !is_in_service(tx, &owner.id).await? {
        return Err(refusal::state(&owner.name, owner.state, "ENABLED with a mailbox here"));
    }
    let bytes = u64::from(quota.unsigned_abs()) * BYTES_PER_MB;
    mailboxes::set_quota(tx, &owner.id, bytes).await.map_err(failed)?;
    Ok(UpdateMailboxQuotaResponse {})
}

/// Makes the mailbox of an entity, or restores the one that it had, with the quota that it had.
pub(crate) async fn provision(
    tx: &mut Transaction,
    entity: &str,
    organization: &str,
    now: Timestamp,
) -> Result<(), wire::Error> {
    let held = find(tx, entity).await?;
    let most = u64::from(QUOTA_MAX_MB.unsigned_abs()) * BYTES_PER_MB;
    let quota = held.map_or(most, |held| held.quota_bytes);
    mailboxes::provision(tx, entity, organization, quota, now).await.map_err(failed)?;
    Ok(())
}

/// Takes the mailbox of an entity, if it has one in service, out of it.
pub(crate) async fn deprovision(
    tx: &mut Transaction,
    entity: &str,
    now: Timestamp,
) -> Result<(), wire::Error> {
    if is_in_service(tx, entity).await? {
        mailboxes::deprovision(tx, entity, now).await.map_err(failed)?;
    }
    Ok(())
}

/// Ends some of the mailboxes of an organization for good. Says whether there were any.
pub(crate) async fn destroy_some(
    tx: &mut Transaction,
    organization: &str,
    now: Timestamp,
    most: u32,
) -> Result<bool, wire::Error> {
    let ended = mailboxes::destroy_some(tx, organization, now, most).await.map_err(failed)?;
    Ok(ended > 0)
}

/// Removes some of what is left of the mailboxes that were ended. Says whether there was anything.
pub(crate) async fn purge_some(
    tx: &mut Transaction,
    organization: &str,
    now: Timestamp,
) -> Result<bool, wire::Error> {
    for step in 0..PURGE_STEPS {
        if !mailboxes::purge_organization(tx, organization, now).await.map_err(failed)? {
            return Ok(step > 0);
        }
    }
    Ok(true)
}

/// How many mailboxes there are in an organization.
pub(crate) async fn count(snapshot: &mut Snapshot, organization: &str) -> Result<u64, wire::Error> {
    mailboxes::count(snapshot, organization).await.map_err(failed)
}

/// When a mailbox was made and taken out of service.
#[derive(Default)]
pub(crate) struct Dates {
    pub(crate) provisioned: Option<Timestamp>,
    pub(crate) deprovisioned: Option<Timestamp>,
}

pub(crate) async fn dates(snapshot: &mut Snapshot, entity: &str) -> Result<Dates, wire::Error> {
    Ok(find(snapshot, entity).await?.map_or_else(Dates::default, |mailbox| Dates {
        provisioned: Some(mailbox.provisioned_at),
        deprovisioned: mailbox.deprovisioned_at,
    }))
}

/// Whether an entity has a mailbox that works. A remote user may have an old one, from when it was none.
pub(crate) async fn is_in_service(
    snapshot: &mut Snapshot,
    entity: &str,
) -> Result<bool, wire::Error> {
    Ok(find(snapshot, entity).await?.is_some_and(|mailbox| mailbox.is_active()))
}

async fn find(
    snapshot: &mut Snapshot,
    entity: &str,
) -> Result<Option<mailboxes::Mailbox>, wire::Error> {
    mailboxes::find(snapshot, entity).await.map_err(failed)
}

/// A failure of the store is handed on bare, so that the dispatcher sees a conflict as such.
fn failed(error: mailbox::Error) -> wire::Error {
    match error {
        mailbox::Error::Store(error) => error.into(),
        other => other.into(),
    }
}

fn megabytes(bytes: u64) -> i32 {
    i32::try_from(bytes / BYTES_PER_MB).unwrap_or(QUOTA_MAX_MB)
}
