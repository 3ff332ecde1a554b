//! Access keys of users and of root.

use store::{Keyring, Row, Snapshot, Transaction, params};
use wire::{
    Sensitive,
    errors::ACCESS_DENIED,
    iam::{
        AccessKey, AccessKeyLastUsed, AccessKeyMetadata, CreateAccessKeyRequest,
        CreateAccessKeyResponse, DeleteAccessKeyRequest, GetAccessKeyLastUsedRequest,
        GetAccessKeyLastUsedResponse, ListAccessKeysRequest, ListAccessKeysResponse, StatusType,
        UpdateAccessKeyRequest, errors::NO_SUCH_ENTITY,
    },
};
use world::{Timestamp, World};

use crate::{
    csv,
    door::{Call, Caller, Resource, Target},
    entity::Named,
    epoch,
    ids::{self, Kind},
    owners::Whose,
    pages::Page,
    purposes, quotas, statuses, users,
};

/// Shown where a key was never used (AWS, `GetAccessKeyLastUsed`).
const NEVER: &str = "N/A";

/// A key pair, just made. This is the only time that the secret can be read.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// `AKIA..`.
    pub id: String,
    /// The secret access key.
    pub secret: Sensitive,
    /// When it was made.
    pub created_at: Timestamp,
}

impl KeyPair {
    /// The file that the console offers for download.
    pub fn csv(&self) -> String {
        csv::access_key(&self.id, &self.secret)
    }
}

/// Makes an access key for a user, or for root where `user_id` is none. It is active at once.
///
/// # Errors
/// `LimitExceeded` when there are two already; what the store says.
pub async fn insert(
    tx: &mut Transaction,
    world: &World,
    keyring: &Keyring,
    account: &str,
    user_id: Option<&str>,
    now: Timestamp,
) -> Result<KeyPair, wire::Error> {
    const SQL: &str = "INSERT INTO access_keys (id, account_id, user_id, secret, status, created_at) \
        VALUES ($1, $2, $3, $4, 'Active', $5)";
    let count = rows(tx, account, user_id).await?.len();
    quotas::check("AccessKeysPerUser", quotas::ACCESS_KEYS_PER_USER, count as i64)?;
    let id = ids::generate(world, Kind::AccessKey, account);
    let secret = ids::secret_access_key(world);
    let sealed = keyring.seal(&purposes::access_key(&id), secret.as_bytes())?;
    tx.execute(SQL, params![&id, account, user_id, sealed, now]).await?;
    Ok(KeyPair { id, secret: secret.into(), created_at: now })
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateAccessKeyRequest,
) -> Result<CreateAccessKeyResponse, wire::Error> {
    let (caller, world, keyring, now) = (call.caller(), call.world(), call.keyring(), call.now());
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:CreateAccessKey", &whose).await?;
    let owner = whose.owner(tx, &caller).await?;
    let id = owner.id.as_deref();
    let pair = insert(tx, &world, &keyring, &caller.account, id, now).await?;
    epoch::bump(tx, &caller.account).await?;
    let access_key = AccessKey {
        user_name: owner.name.unwrap_or_else(|| users::ROOT_NAME.to_owned()),
        access_key_id: pair.id,
        status: StatusType::Active,
        secret_access_key: pair.secret,
        create_date: Some(pair.created_at),
    };
    Ok(CreateAccessKeyResponse { access_key })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListAccessKeysRequest,
) -> Result<ListAccessKeysResponse, wire::Error> {
    let page = Page::of(call, "ListAccessKeys", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let snapshot = call.read("iam:ListAccessKeys", &whose).await?;
    let owner = whose.owner(snapshot, &caller).await?;
    let keys = rows(snapshot, &caller.account, owner.id.as_deref()).await?;
    let cut = page.slice(keys, Key::order)?;
    let shown = |key: Key| AccessKeyMetadata {
        user_name: owner.name.clone(),
        access_key_id: Some(key.id),
        status: StatusType::parse(&key.status),
        create_date: Some(key.created_at),
    };
    Ok(ListAccessKeysResponse {
        access_key_metadata: cut.items.into_iter().map(shown).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn update(
    call: &mut Call,
    input: UpdateAccessKeyRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE access_keys SET status = $2 WHERE id = $1";
    let status = statuses::settable(input.status)?;
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:UpdateAccessKey", &whose).await?;
    let id = known(tx, &caller, &whose, &input.access_key_id).await?;
    tx.execute(SQL, params![id, status]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteAccessKeyRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM access_keys WHERE id = $1";
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:DeleteAccessKey", &whose).await?;
    let id = known(tx, &caller, &whose, &input.access_key_id).await?;
    tx.execute(SQL, params![id]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn last_used(
    call: &mut Call,
    input: GetAccessKeyLastUsedRequest,
) -> Result<GetAccessKeyLastUsedResponse, wire::Error> {
    const SQL: &str = "SELECT u.name, k.last_used_at, k.last_used_service, k.last_used_region \
        FROM access_keys k LEFT JOIN users u ON u.id = k.user_id \
        WHERE k.id = $1 AND k.account_id = $2";
    let caller = call.caller();
    let id = input.access_key_id;
    let snapshot = call.read("iam:GetAccessKeyLastUsed", OwnerOf(&id)).await?;
    let used = |row: &Row<'_>| {
        let or_never = |text: Option<String>| text.unwrap_or_else(|| NEVER.to_owned());
        let last_used = AccessKeyLastUsed {
            last_used_date: row.get(1)?,
            service_name: or_never(row.get(2)?),
            region: or_never(row.get(3)?),
        };
        Ok(GetAccessKeyLastUsedResponse {
            user_name: row.get(0)?,
            access_key_last_used: Some(last_used),
        })
    };
    let found = snapshot.row(SQL, params![&id, &caller.account], used).await?;
    found.ok_or_else(|| {
        // AWS's answer, which has no colon here: who asks learns nothing of keys of others.
        let message = format!(
            "User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {id}",
            caller.arn()
        );
        ACCESS_DENIED.with(message)
    })
}

/// The id of a key of theirs, or `NoSuchEntity`.
async fn known<'a>(
    snapshot: &mut Snapshot,
    caller: &Caller,
    whose: &Whose,
    id: &'a str,
) -> Result<&'a str, wire::Error> {
    let owner = whose.owner(snapshot, caller).await?;
    let keys = rows(snapshot, &caller.account, owner.id.as_deref()).await?;
    if keys.iter().any(|key| key.id == id) { Ok(id) } else { Err(unknown(id)) }
}

/// The user who owns a key; a key that is not there, or not in the account, is of nobody.
struct OwnerOf<'a>(&'a str);

impl Target for OwnerOf<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        const SQL: &str = "SELECT u.name FROM access_keys k JOIN users u ON u.id = k.user_id \
            WHERE k.id = $1 AND k.account_id = $2";
        let params = params![self.0, &caller.account];
        match snapshot.row(SQL, params, |row| row.get::<String>(0)).await? {
            Some(name) => Named::user(&name).resolve(snapshot, caller).await,
            None => Ok(Resource::any()),
        }
    }
}

struct Key {
    id: String,
    status: String,
    created_at: Timestamp,
}

impl Key {
    /// Oldest first.
    fn order(&self) -> String {
        format!("{:020}/{}", self.created_at.as_micros(), self.id)
    }
}

async fn rows(
    snapshot: &mut Snapshot,
    account: &str,
    user_id: Option<&str>,
) -> Result<Vec<Key>, store::Error> {
    const OF_USER: &str = "SELECT id, status, created_at FROM access_keys \
        WHERE account_id = $1 AND user_id = $2";
    const OF_ROOT: &str = "SELECT id, status, created_at FROM access_keys \
        WHERE account_id = $1 AND user_id IS NULL";
    let key =
        |row: &Row<'_>| Ok(Key { id: row.get(0)?, status: row.get(1)?, created_at: row.get(2)? });
    match user_id {
        Some(id) => snapshot.rows(OF_USER, params![account, id], key).await,
        None => snapshot.rows(OF_ROOT, params![account], key).await,
    }
}

fn unknown(id: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The Access Key with id {id} cannot be found"))
}
