//! Server certificates: with their private keys, which are kept sealed and never given out again.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    DeleteServerCertificateRequest, GetServerCertificateRequest, GetServerCertificateResponse,
    ListServerCertificateTagsRequest, ListServerCertificateTagsResponse,
    ListServerCertificatesRequest, ListServerCertificatesResponse, ServerCertificate,
    ServerCertificateMetadata, TagServerCertificateRequest, UntagServerCertificateRequest,
    UpdateServerCertificateRequest, UploadServerCertificateRequest,
    UploadServerCertificateResponse,
    errors::{ENTITY_ALREADY_EXISTS, KEY_PAIR_MISMATCH, MALFORMED_CERTIFICATE, NO_SUCH_ENTITY},
};
use world::Timestamp;

use crate::{
    arns,
    door::{Call, Caller, Resource, Target},
    ids::{self, Kind},
    names,
    pages::Page,
    purposes, quotas, tags,
    x509::{self, Certificate, PrivateKey},
};

/// The table of server certificates.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0006-server-certificates",
    sql: "CREATE TABLE server_certificates (
        id TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        path TEXT NOT NULL,
        uploaded_at INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        body TEXT NOT NULL,
        chain TEXT,
        private_key BLOB NOT NULL,
        UNIQUE (account_id, name_key)
    );",
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerServerCertificate";

/// A server certificate as it is stored, without its texts.
struct Stored {
    id: String,
    name: String,
    path: String,
    uploaded_at: Timestamp,
    not_after: Timestamp,
}

pub(crate) async fn upload(
    call: &mut Call,
    input: UploadServerCertificateRequest,
) -> Result<UploadServerCertificateResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let name = input.server_certificate_name;
    let (caller, world, keyring, now) = (call.caller(), call.world(), call.keyring(), call.now());
    let account = &caller.account;
    let arn = arns::server_certificate(account, &path, &name);
    let target = Resource::arn(arn).bringing(tags.iter().cloned());
    call.read("iam:UploadServerCertificate", &target).await?;
    call.release();
    let bundle = Bundle::read(&input.certificate_body, input.certificate_chain.as_deref())?;
    bundle.check(input.private_key.expose(), now)?;

    let mut tx = call.write("iam:UploadServerCertificate", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagServerCertificate", &target).await?;
    }
    refuse_taken(tx, account, &name).await?;
    let count = count(tx, account).await?;
    quotas::check("ServerCertificatesPerAccount", quotas::SERVER_CERTIFICATES, count)?;
    let id = ids::generate(&world, Kind::ServerCertificate, account);
    let purpose = purposes::server_certificate_key(&id);
    let private_key = keyring.seal(&purpose, input.private_key.expose().as_bytes())?;
    let not_after = bundle.leaf.not_after();
    let stored = Stored { id, name, path, uploaded_at: now, not_after };
    stored.insert(tx, account, &bundle, private_key).await?;
    tags::put(tx, &stored.id, &tags, TAGS_QUOTA).await?;
    Ok(UploadServerCertificateResponse {
        server_certificate_metadata: Some(stored.shown(account)),
        tags: tags::shown(tags),
    })
}

/// What is uploaded: a certificate, and those that lead from it to a root.
struct Bundle {
    leaf: Certificate,
    chain: Vec<Certificate>,
}

impl Bundle {
    /// AWS takes the chain also behind the certificate itself.
    fn read(body: &str, chain: Option<&str>) -> Result<Self, wire::Error> {
        let unreadable = |_| {
            MALFORMED_CERTIFICATE.with(
                "Unable to parse certificate. Please ensure the certificate is in PEM format.",
            )
        };
        let mut all = Certificate::read_all(body).map_err(unreadable)?;
        let leaf = all.remove(0);
        if let Some(chain) = chain {
            all.extend(Certificate::read_all(chain).map_err(unreadable)?);
        }
        Ok(Self { leaf, chain: all })
    }

    fn check(&self, private_key: &str, now: Timestamp) -> Result<(), wire::Error> {
        if let Some(index) = x509::break_in_chain(&self.leaf, &self.chain) {
            return Err(MALFORMED_CERTIFICATE.with(format!(
                "Unable to validate certificate chain. The certificate chain must start with the \
                 immediate signing certificate, followed by any intermediaries in order. The index \
                 within the chain of the invalid certificate is: {index}"
            )));
        }
        if let Some(message) = self.leaf.untimely(now) {
            return Err(MALFORMED_CERTIFICATE.with(message));
        }
        let private_key = PrivateKey::read(private_key)
            .map_err(|_| MALFORMED_CERTIFICATE.with("Invalid Private Key."))?;
        if private_key.belongs_to(&self.leaf) {
            return Ok(());
        }
        Err(KEY_PAIR_MISMATCH.with("The public key certificate and the private key do not match."))
    }

    /// The chain in PEM, if there is one.
    fn chain_pem(&self) -> Option<String> {
        let chain: Vec<_> = self.chain.iter().map(Certificate::pem).collect();
        (!chain.is_empty()).then(|| chain.join("\n"))
    }
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetServerCertificateRequest,
) -> Result<GetServerCertificateResponse, wire::Error> {
    const SQL: &str = "SELECT body, chain FROM server_certificates WHERE id = $1";
    let caller = call.caller();
    let name = input.server_certificate_name;
    let snapshot = call.read("iam:GetServerCertificate", Named::new(&name)).await?;
    let stored = load(snapshot, &caller.account, &name).await?;
    let texts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let texts = snapshot.row(SQL, params![&stored.id], texts).await?;
    let (certificate_body, certificate_chain) = texts.ok_or_else(|| unknown(&name))?;
    let tags = tags::listed(tags::of(snapshot, &stored.id).await?);
    let server_certificate = ServerCertificate {
        server_certificate_metadata: stored.shown(&caller.account),
        certificate_body,
        certificate_chain,
        tags,
    };
    Ok(GetServerCertificateResponse { server_certificate })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListServerCertificatesRequest,
) -> Result<ListServerCertificatesResponse, wire::Error> {
    const SQL: &str = "SELECT id, name, path, uploaded_at, not_after FROM server_certificates \
        WHERE account_id = $1 AND name_key > $2 AND path >= $3 AND path <= $4 \
        ORDER BY name_key LIMIT $5";
    let page = Page::of(call, "ListServerCertificates", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let account = &caller.account;
    let prefix = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let target = Resource::arn(arns::server_certificate(account, &prefix, ""));
    let snapshot = call.read("iam:ListServerCertificates", target).await?;
    let end = names::prefix_end(&prefix);
    let params = params![account, page.after(), &prefix, end, page.fetch()];
    let found = snapshot.rows(SQL, params, Stored::read).await?;
    let cut = page.cut(found, |stored| names::fold(&stored.name))?;
    let shown = cut.items.into_iter().map(|stored| stored.shown(account));
    Ok(ListServerCertificatesResponse {
        server_certificate_metadata_list: shown.collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// Renames or moves a certificate; who calls needs the permission on both the old and the new ARN.
pub(crate) async fn update(
    call: &mut Call,
    input: UpdateServerCertificateRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:UpdateServerCertificate";
    const SQL: &str =
        "UPDATE server_certificates SET name = $2, name_key = $3, path = $4 WHERE id = $1";
    let caller = call.caller();
    let account = &caller.account;
    let old_name = input.server_certificate_name;
    let tx = call.write(ACTION, Named::new(&old_name)).await?;
    let stored = load(tx, account, &old_name).await?;
    let path = input.new_path.unwrap_or(stored.path);
    let name = input.new_server_certificate_name.unwrap_or(stored.name);
    let target = Resource::arn(arns::server_certificate(account, &path, &name));
    let tx = call.write(ACTION, target).await?;
    if names::fold(&name) != names::fold(&old_name) {
        refuse_taken(tx, account, &name).await?;
    }
    tx.execute(SQL, params![&stored.id, &name, names::fold(&name), &path]).await?;
    Ok(())
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteServerCertificateRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM server_certificates WHERE id = $1";
    let caller = call.caller();
    let name = input.server_certificate_name;
    let tx = call.write("iam:DeleteServerCertificate", Named::new(&name)).await?;
    let stored = load(tx, &caller.account, &name).await?;
    tags::remove_all(tx, &stored.id).await?;
    tx.execute(SQL, params![&stored.id]).await?;
    Ok(())
}

pub(crate) async fn tag(
    call: &mut Call,
    input: TagServerCertificateRequest,
) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let name = input.server_certificate_name;
    let brought = Resource::default().bringing(tags.iter().cloned());
    let target = Named::new(&name).bringing(brought);
    let tx = call.write("iam:TagServerCertificate", target).await?;
    let stored = load(tx, &caller.account, &name).await?;
    tags::put(tx, &stored.id, &tags, TAGS_QUOTA).await
}

pub(crate) async fn untag(
    call: &mut Call,
    input: UntagServerCertificateRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let (name, keys) = (input.server_certificate_name, input.tag_keys);
    let brought = Resource::default().naming(keys.iter().cloned());
    let target = Named::new(&name).bringing(brought);
    let tx = call.write("iam:UntagServerCertificate", target).await?;
    let stored = load(tx, &caller.account, &name).await?;
    Ok(tags::remove(tx, &stored.id, &keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListServerCertificateTagsRequest,
) -> Result<ListServerCertificateTagsResponse, wire::Error> {
    const LIST: &str = "ListServerCertificateTags";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let name = input.server_certificate_name;
    let snapshot = call.read("iam:ListServerCertificateTags", Named::new(&name)).await?;
    let stored = load(snapshot, &caller.account, &name).await?;
    let cut = tags::page(snapshot, &stored.id, page).await?;
    Ok(ListServerCertificateTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A server certificate by its name, as policies see it.
struct Named {
    name: String,
    brought: Resource,
}

impl Named {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), brought: Resource::default() }
    }

    /// With the tags or tag keys of the call.
    fn bringing(self, brought: Resource) -> Self {
        Self { brought, ..self }
    }
}

impl Target for Named {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let account = &caller.account;
        let mut resource = self.brought.clone();
        match find(snapshot, account, &self.name).await? {
            Some(stored) => {
                resource.arn = stored.arn(account);
                resource.tags = tags::of(snapshot, &stored.id).await?;
            }
            None => {
                let arn = arns::server_certificate(account, names::ROOT_PATH, &self.name);
                resource.arn = arn;
            }
        }
        Ok(resource)
    }
}

impl Stored {
    /// From the columns id, name, path, uploaded_at, not_after.
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            uploaded_at: row.get(3)?,
            not_after: row.get(4)?,
        })
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        account: &str,
        bundle: &Bundle,
        private_key: Vec<u8>,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO server_certificates (id, account_id, name, name_key, path, \
            uploaded_at, not_after, body, chain, private_key) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let params = params![
            &self.id,
            account,
            &self.name,
            names::fold(&self.name),
            &self.path,
            self.uploaded_at,
            self.not_after,
            bundle.leaf.pem(),
            bundle.chain_pem(),
            private_key
        ];
        tx.execute(SQL, params).await.map(drop)
    }

    fn arn(&self, account: &str) -> String {
        arns::server_certificate(account, &self.path, &self.name)
    }

    fn shown(self, account: &str) -> ServerCertificateMetadata {
        ServerCertificateMetadata {
            arn: self.arn(account),
            path: self.path,
            server_certificate_name: self.name,
            server_certificate_id: self.id,
            upload_date: Some(self.uploaded_at),
            expiration: Some(self.not_after),
        }
    }
}

async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    name: &str,
) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT id, name, path, uploaded_at, not_after FROM server_certificates \
        WHERE account_id = $1 AND name_key = $2";
    snapshot.row(SQL, params![account, names::fold(name)], Stored::read).await
}

async fn load(snapshot: &mut Snapshot, account: &str, name: &str) -> Result<Stored, wire::Error> {
    find(snapshot, account, name).await?.ok_or_else(|| unknown(name))
}

async fn refuse_taken(
    snapshot: &mut Snapshot,
    account: &str,
    name: &str,
) -> Result<(), wire::Error> {
    if find(snapshot, account, name).await?.is_none() {
        return Ok(());
    }
    let message = format!("The Server Certificate with name {name} already exists.");
    Err(ENTITY_ALREADY_EXISTS.with(message))
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM server_certificates WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}

fn unknown(name: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The Server Certificate with name {name} cannot be found."))
}
