//! Signing certificates of users and of root: X.509, kept for services that verify SOAP requests.

use aws_lc_rs::digest;
use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    DeleteSigningCertificateRequest, ListSigningCertificatesRequest,
    ListSigningCertificatesResponse, SigningCertificate, StatusType,
    UpdateSigningCertificateRequest, UploadSigningCertificateRequest,
    UploadSigningCertificateResponse,
    errors::{DUPLICATE_CERTIFICATE, INVALID_CERTIFICATE, MALFORMED_CERTIFICATE, NO_SUCH_ENTITY},
};
use world::{Timestamp, World};

use crate::{
    door::Call,
    owners::{Owner, Whose},
    pages::Page,
    quotas, statuses, users,
    x509::Certificate,
};

/// The table of signing certificates. `holder` is the user's id, or the account's for root.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0007-signing-certificates",
    sql: "CREATE TABLE signing_certificates (
        id TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        holder TEXT NOT NULL,
        digest BLOB NOT NULL,
        body TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('Active', 'Inactive')),
        uploaded_at INTEGER NOT NULL,
        UNIQUE (account_id, digest)
    );
    CREATE INDEX signing_certificates_by_holder ON signing_certificates (holder);",
};

/// A signing certificate as it is stored.
struct Stored {
    id: String,
    body: String,
    status: String,
    uploaded_at: Timestamp,
}

pub(crate) async fn upload(
    call: &mut Call,
    input: UploadSigningCertificateRequest,
) -> Result<UploadSigningCertificateResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:UploadSigningCertificate", &whose).await?;
    let owner = whose.owner(tx, &caller).await?;
    let certificate = checked(&input.certificate_body, now)?;
    let holder = owner.unique_id(&caller);
    let digest = digest::digest(&digest::SHA256, certificate.der());
    refuse_duplicate(tx, &caller.account, digest.as_ref()).await?;
    let count = rows(tx, holder).await?.len() as i64;
    let quota = quotas::SIGNING_CERTIFICATES_PER_USER;
    quotas::check("CertificatesPerUser", quota, count)?;
    let stored = Stored {
        id: new_id(&world),
        body: input.certificate_body,
        status: StatusType::Active.as_str().to_owned(),
        uploaded_at: now,
    };
    stored.insert(tx, &caller.account, holder, digest.as_ref()).await?;
    Ok(UploadSigningCertificateResponse { certificate: stored.shown(&owner)? })
}

/// One certificate that is valid now, and whose key can verify something.
fn checked(body: &str, now: Timestamp) -> Result<Certificate, wire::Error> {
    let unreadable = || MALFORMED_CERTIFICATE.with(format!("Certificate {body} is malformed."));
    let mut all = Certificate::read_all(body).map_err(|_| unreadable())?;
    let certificate = all.pop().filter(|_| all.is_empty()).ok_or_else(unreadable)?;
    if let Some(message) = certificate.untimely(now) {
        return Err(MALFORMED_CERTIFICATE.with(message));
    }
    let forged = certificate.is_self_issued() && !certificate.is_signed_by(&certificate);
    if forged || !certificate.has_usable_key() {
        return Err(INVALID_CERTIFICATE.with("The certificate is invalid."));
    }
    Ok(certificate)
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListSigningCertificatesRequest,
) -> Result<ListSigningCertificatesResponse, wire::Error> {
    const LIST: &str = "ListSigningCertificates";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let snapshot = call.read("iam:ListSigningCertificates", &whose).await?;
    let owner = whose.owner(snapshot, &caller).await?;
    let certificates = rows(snapshot, owner.unique_id(&caller)).await?;
    let cut = page.slice(certificates, Stored::order)?;
    let shown = cut.items.into_iter().map(|stored| stored.shown(&owner));
    Ok(ListSigningCertificatesResponse {
        certificates: shown.collect::<Result<_, _>>()?,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn update(
    call: &mut Call,
    input: UpdateSigningCertificateRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE signing_certificates SET status = $3 WHERE id = $1 AND holder = $2";
    let status = statuses::settable(input.status)?;
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:UpdateSigningCertificate", &whose).await?;
    let owner = whose.owner(tx, &caller).await?;
    let (id, holder) = (&input.certificate_id, owner.unique_id(&caller));
    expect_one(tx.execute(SQL, params![id, holder, status]).await?, id)
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteSigningCertificateRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM signing_certificates WHERE id = $1 AND holder = $2";
    let caller = call.caller();
    let whose = Whose::of(&caller, input.user_name)?;
    let tx = call.write("iam:DeleteSigningCertificate", &whose).await?;
    let owner = whose.owner(tx, &caller).await?;
    let (id, holder) = (&input.certificate_id, owner.unique_id(&caller));
    expect_one(tx.execute(SQL, params![id, holder]).await?, id)
}

impl Stored {
    /// From the columns id, body, status, uploaded_at.
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            body: row.get(1)?,
            status: row.get(2)?,
            uploaded_at: row.get(3)?,
        })
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        account: &str,
        holder: &str,
        digest: &[u8],
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO signing_certificates (id, account_id, holder, digest, body, \
            status, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let (status, at) = (&self.status, self.uploaded_at);
        let params = params![&self.id, account, holder, digest, &self.body, status, at];
        tx.execute(SQL, params).await.map(drop)
    }

    /// Oldest first.
    fn order(&self) -> String {
        format!("{:020}/{}", self.uploaded_at.as_micros(), self.id)
    }

    fn shown(self, owner: &Owner) -> Result<SigningCertificate, store::Error> {
        let status = StatusType::parse(&self.status);
        Ok(SigningCertificate {
            user_name: owner.name.clone().unwrap_or_else(|| users::ROOT_NAME.to_owned()),
            certificate_id: self.id,
            certificate_body: self.body,
            status: status.ok_or_else(|| store::Error::corrupt("the status of a certificate"))?,
            upload_date: Some(self.uploaded_at),
        })
    }
}

/// AWS gives these certificates ids of their own form: 32 characters without a prefix.
fn new_id(world: &World) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const ID_CHARS: usize = 32;
    world.random_text(ALPHABET, ID_CHARS)
}

/// The quota keeps them few.
async fn rows(snapshot: &mut Snapshot, holder: &str) -> Result<Vec<Stored>, store::Error> {
    const SQL: &str =
        "SELECT id, body, status, uploaded_at FROM signing_certificates WHERE holder = $1";
    snapshot.rows(SQL, params![holder], Stored::read).await
}

async fn refuse_duplicate(
    snapshot: &mut Snapshot,
    account: &str,
    digest: &[u8],
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM signing_certificates WHERE account_id = $1 AND digest = $2";
    if snapshot.row(SQL, params![account, digest], |_| Ok(())).await?.is_none() {
        return Ok(());
    }
    Err(DUPLICATE_CERTIFICATE
        .with("The same certificate is associated with an IAM user in the account."))
}

fn expect_one(count: u64, id: &str) -> Result<(), wire::Error> {
    if count == 1 {
        return Ok(());
    }
    Err(NO_SUCH_ENTITY.with(format!("The Certificate with id {id} cannot be found.")))
}
