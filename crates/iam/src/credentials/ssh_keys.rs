//! SSH public keys of users.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    DeleteSSHPublicKeyRequest, EncodingType, GetSSHPublicKeyRequest, GetSSHPublicKeyResponse,
    ListSSHPublicKeysRequest, ListSSHPublicKeysResponse, SSHPublicKey, SSHPublicKeyMetadata,
    StatusType, UpdateSSHPublicKeyRequest, UploadSSHPublicKeyRequest, UploadSSHPublicKeyResponse,
    errors::{
        DUPLICATE_SSH_PUBLIC_KEY, INVALID_PUBLIC_KEY, NO_SUCH_ENTITY,
        UNRECOGNIZED_PUBLIC_KEY_ENCODING,
    },
};
use world::Timestamp;

use crate::{
    door::Call,
    entity::{self, Named},
    ids::{self, Kind},
    pages::Page,
    quotas,
    ssh::{PublicKey, Refused},
    statuses,
};

/// The table of SSH public keys. `key` is as SSH sends it.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0008-ssh-keys",
    sql: "CREATE TABLE ssh_keys (
        id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (id),
        key BLOB NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('Active', 'Inactive')),
        uploaded_at INTEGER NOT NULL,
        UNIQUE (user_id, key)
    );",
};

/// An SSH public key as it is stored.
struct Stored {
    id: String,
    key: PublicKey,
    status: StatusType,
    uploaded_at: Timestamp,
}

pub(crate) async fn upload(
    call: &mut Call,
    input: UploadSSHPublicKeyRequest,
) -> Result<UploadSSHPublicKeyResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let tx = call.write("iam:UploadSSHPublicKey", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let body = input.ssh_public_key_body;
    let key = PublicKey::read(&body).map_err(refused)?;
    let held = rows(tx, &user.id).await?;
    if held.iter().any(|other| other.key == key) {
        let message = "The SSH public key is already associated with the specified IAM user.";
        return Err(DUPLICATE_SSH_PUBLIC_KEY.with(message));
    }
    quotas::check("SSHPublicKeysPerUser", quotas::SSH_KEYS_PER_USER, held.len() as i64)?;
    let id = ids::generate(&world, Kind::PublicKey, &caller.account);
    let stored = Stored { id, key, status: StatusType::Active, uploaded_at: now };
    stored.insert(tx, &user.id).await?;
    let encoding = if body.contains("-----BEGIN") { EncodingType::Pem } else { EncodingType::Ssh };
    let ssh_public_key = Some(stored.shown(user.name, encoding)?);
    Ok(UploadSSHPublicKeyResponse { ssh_public_key })
}

fn refused(reason: Refused) -> wire::Error {
    match reason {
        Refused::Encoding => UNRECOGNIZED_PUBLIC_KEY_ENCODING
            .with("The public key encoding format is unsupported or unrecognized."),
        Refused::Key => {
            INVALID_PUBLIC_KEY.with("The public key is malformed or otherwise invalid.")
        }
    }
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetSSHPublicKeyRequest,
) -> Result<GetSSHPublicKeyResponse, wire::Error> {
    let caller = call.caller();
    let snapshot = call.read("iam:GetSSHPublicKey", Named::user(&input.user_name)).await?;
    let user = entity::user(snapshot, &caller, &input.user_name).await?;
    let keys = rows(snapshot, &user.id).await?;
    let stored = keys.into_iter().find(|stored| stored.id == input.ssh_public_key_id);
    let stored = stored.ok_or_else(|| unknown(&input.ssh_public_key_id))?;
    let ssh_public_key = Some(stored.shown(user.name, input.encoding)?);
    Ok(GetSSHPublicKeyResponse { ssh_public_key })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListSSHPublicKeysRequest,
) -> Result<ListSSHPublicKeysResponse, wire::Error> {
    let page = Page::of(call, "ListSSHPublicKeys", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let snapshot = call.read("iam:ListSSHPublicKeys", Named::user(&name)).await?;
    let user = entity::user(snapshot, &caller, &name).await?;
    let cut = page.slice(rows(snapshot, &user.id).await?, Stored::order)?;
    let shown = |stored: Stored| SSHPublicKeyMetadata {
        user_name: user.name.clone(),
        ssh_public_key_id: stored.id,
        status: stored.status,
        upload_date: stored.uploaded_at,
    };
    Ok(ListSSHPublicKeysResponse {
        ssh_public_keys: Some(cut.items.into_iter().map(shown).collect()),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn update(
    call: &mut Call,
    input: UpdateSSHPublicKeyRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE ssh_keys SET status = $3 WHERE id = $1 AND user_id = $2";
    let status = statuses::settable(input.status)?;
    let caller = call.caller();
    let tx = call.write("iam:UpdateSSHPublicKey", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let id = &input.ssh_public_key_id;
    expect_one(tx.execute(SQL, params![id, &user.id, status]).await?, id)
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteSSHPublicKeyRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM ssh_keys WHERE id = $1 AND user_id = $2";
    let caller = call.caller();
    let tx = call.write("iam:DeleteSSHPublicKey", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let id = &input.ssh_public_key_id;
    expect_one(tx.execute(SQL, params![id, &user.id]).await?, id)
}

impl Stored {
    /// From the columns id, key, status, uploaded_at.
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        let key = PublicKey::from_blob(&row.get::<Vec<u8>>(1)?);
        let status = StatusType::parse(&row.get::<String>(2)?);
        Ok(Self {
            id: row.get(0)?,
            key: key.ok_or_else(|| store::Error::corrupt("an SSH key"))?,
            status: status.ok_or_else(|| store::Error::corrupt("the status of an SSH key"))?,
            uploaded_at: row.get(3)?,
        })
    }

    async fn insert(&self, tx: &mut Transaction, user_id: &str) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO ssh_keys (id, user_id, key, status, uploaded_at) \
            VALUES ($1, $2, $3, $4, $5)";
        let (status, at) = (self.status.as_str(), self.uploaded_at);
        tx.execute(SQL, params![&self.id, user_id, self.key.blob(), status, at]).await.map(drop)
    }

    /// Oldest first.
    fn order(&self) -> String {
        format!("{:020}/{}", self.uploaded_at.as_micros(), self.id)
    }

    fn shown(self, user_name: String, encoding: EncodingType) -> Result<SSHPublicKey, wire::Error> {
        let body = match encoding {
            EncodingType::Ssh => Some(self.key.ssh()),
            EncodingType::Pem => self.key.pem(),
        };
        Ok(SSHPublicKey {
            user_name,
            fingerprint: self.key.fingerprint(),
            ssh_public_key_body: body.ok_or_else(|| store::Error::corrupt("an SSH key"))?,
            ssh_public_key_id: self.id,
            status: self.status,
            upload_date: Some(self.uploaded_at),
        })
    }
}

/// The quota keeps them few.
async fn rows(snapshot: &mut Snapshot, user_id: &str) -> Result<Vec<Stored>, store::Error> {
    const SQL: &str = "SELECT id, key, status, uploaded_at FROM ssh_keys WHERE user_id = $1";
    snapshot.rows(SQL, params![user_id], Stored::read).await
}

fn expect_one(count: u64, id: &str) -> Result<(), wire::Error> {
    if count == 1 { Ok(()) } else { Err(unknown(id)) }
}

fn unknown(id: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The Public Key with id {id} cannot be found."))
}
