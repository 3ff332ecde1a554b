//! SAML providers: whose assertions may vouch for a federated user, and the keys that they are encrypted for.

use std::time::Duration;

use federation::saml::{Metadata, private_key};
use store::{Migration, Row, Snapshot, Transaction, params};
use wire::{
    Sensitive,
    iam::{
        AssertionEncryptionModeType, CreateSAMLProviderRequest, CreateSAMLProviderResponse,
        DeleteSAMLProviderRequest, GetSAMLProviderRequest, GetSAMLProviderResponse,
        ListSAMLProviderTagsRequest, ListSAMLProviderTagsResponse, ListSAMLProvidersRequest,
        ListSAMLProvidersResponse, SAMLPrivateKey, SAMLProviderListEntry, TagSAMLProviderRequest,
        UntagSAMLProviderRequest, UpdateSAMLProviderRequest, UpdateSAMLProviderResponse,
        errors::{ENTITY_ALREADY_EXISTS, INVALID_INPUT, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};
use world::{Secret, Timestamp, World};

use crate::{
    door::{Call, Caller},
    epoch,
    pages::Page,
    providers::{self, Provider, ProviderKind},
    purposes, quotas, tags,
};

const KIND: ProviderKind = ProviderKind::Saml;

/// How long metadata is good that does not say: what AWS shows.
const VALIDITY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The tables of providers. Private keys are sealed; tags are under the ARN.
pub(crate) const SCHEMA: Migration = Migration {
    name: "iam-0010-saml-providers",
    sql: "CREATE TABLE saml_providers (
        arn TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        id TEXT NOT NULL UNIQUE,
        metadata TEXT NOT NULL,
        encryption_mode TEXT NOT NULL CHECK (encryption_mode IN ('Allowed', 'Required')),
        valid_until INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    );
    CREATE INDEX saml_providers_by_account ON saml_providers (account_id, arn);

    CREATE TABLE saml_private_keys (
        id TEXT PRIMARY KEY,
        provider_arn TEXT NOT NULL REFERENCES saml_providers (arn),
        sealed BLOB NOT NULL,
        created_at INTEGER NOT NULL
    );
    CREATE INDEX saml_private_keys_by_provider ON saml_private_keys (provider_arn);",
};

/// A provider as it is stored.
struct Stored {
    arn: String,
    id: String,
    metadata: String,
    must_be_encrypted: bool,
    valid_until: Timestamp,
    created_at: Timestamp,
}

/// A private key as it is stored.
struct StoredKey {
    id: String,
    sealed: Vec<u8>,
    created_at: Timestamp,
}

/// What the responses of a provider are verified with.
pub struct SamlProvider {
    /// The metadata document.
    pub metadata: String,
    /// The private keys that responses may be encrypted for (PKCS #8).
    pub private_keys: Vec<Secret>,
    /// Whether responses must be encrypted.
    pub must_be_encrypted: bool,
    /// Until when the metadata is good.
    pub valid_until: Timestamp,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateSAMLProviderRequest,
) -> Result<CreateSAMLProviderResponse, wire::Error> {
    const ACTION: &str = "iam:CreateSAMLProvider";
    let tags = tags::checked(input.tags)?;
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let arn = KIND.arn(&caller.account, &input.name);
    let target = Provider::new(KIND, &arn)?.bringing(&tags);
    call.read(ACTION, &target).await?;
    call.release();
    let valid_until = checked_metadata(&input.saml_metadata_document, now)?;
    let key = input.add_private_key.as_ref().map(checked_key).transpose()?;
    let must_be_encrypted = is_required(input.assertion_encryption_mode).unwrap_or(false);
    check_mode(must_be_encrypted, usize::from(key.is_some()))?;
    let key = key.map(|key| StoredKey::seal(call, &key)).transpose()?;
    let mut tx = call.write(ACTION, &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagSAMLProvider", &target).await?;
    }
    if find(tx, &caller.account, &arn).await?.is_some() {
        let message = format!("Provider with name {} already exists.", input.name);
        return Err(ENTITY_ALREADY_EXISTS.with(message));
    }
    let count = providers::count(tx, KIND, &caller.account).await?;
    quotas::check("SAMLProvidersPerAccount", quotas::SAML_PROVIDERS, count)?;
    let provider = Stored {
        id: id(&world, "SAML"),
        metadata: input.saml_metadata_document,
        arn,
        must_be_encrypted,
        valid_until,
        created_at: now,
    };
    provider.insert(tx, &caller.account).await?;
    if let Some(key) = key {
        key.insert(tx, &provider.arn).await?;
    }
    providers::put_tags(tx, &provider.arn, &tags).await?;
    epoch::bump(tx, &caller.account).await?;
    Ok(CreateSAMLProviderResponse {
        saml_provider_arn: Some(provider.arn),
        tags: tags::shown(tags),
    })
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetSAMLProviderRequest,
) -> Result<GetSAMLProviderResponse, wire::Error> {
    let arn = input.saml_provider_arn;
    let caller = call.caller();
    let snapshot = call.read("iam:GetSAMLProvider", Provider::new(KIND, &arn)?).await?;
    let provider = load(snapshot, &caller, &arn).await?;
    let keys = keys(snapshot, &arn).await?;
    let tags = tags::listed(tags::of(snapshot, &arn).await?);
    Ok(GetSAMLProviderResponse {
        saml_provider_uuid: Some(provider.id),
        saml_metadata_document: Some(provider.metadata),
        create_date: Some(provider.created_at),
        valid_until: Some(provider.valid_until),
        tags,
        assertion_encryption_mode: Some(mode(provider.must_be_encrypted)),
        private_key_list: Some(keys.into_iter().map(StoredKey::shown).collect()),
    })
}

pub(crate) async fn list(
    call: &mut Call,
    _: ListSAMLProvidersRequest,
) -> Result<ListSAMLProvidersResponse, wire::Error> {
    const SQL: &str = "SELECT arn, valid_until, created_at FROM saml_providers \
        WHERE account_id = $1 ORDER BY arn";
    let caller = call.caller();
    let snapshot = call.read("iam:ListSAMLProviders", KIND.all(&caller.account)).await?;
    let entry = |row: &Row<'_>| {
        Ok(SAMLProviderListEntry {
            arn: Some(row.get(0)?),
            valid_until: Some(row.get(1)?),
            create_date: Some(row.get(2)?),
        })
    };
    let entries = snapshot.rows(SQL, params![&caller.account], entry).await?;
    Ok(ListSAMLProvidersResponse { saml_provider_list: Some(entries) })
}

/// Puts new metadata in the place of the old, adds or removes a private key, says whether assertions must be
/// encrypted.
pub(crate) async fn update(
    call: &mut Call,
    input: UpdateSAMLProviderRequest,
) -> Result<UpdateSAMLProviderResponse, wire::Error> {
    const ACTION: &str = "iam:UpdateSAMLProvider";
    const SQL: &str = "UPDATE saml_providers SET metadata = $2, valid_until = $3, \
        encryption_mode = $4 WHERE arn = $1";
    check_update(&input)?;
    let arn = input.saml_provider_arn;
    let (caller, now) = (call.caller(), call.now());
    let target = Provider::new(KIND, &arn)?;
    let snapshot = call.read(ACTION, &target).await?;
    load(snapshot, &caller, &arn).await?;
    call.release();
    let metadata = match input.saml_metadata_document {
        Some(text) => Some((checked_metadata(&text, now)?, text)),
        None => None,
    };
    let added = input.add_private_key.as_ref().map(checked_key).transpose()?;
    let added = added.map(|key| StoredKey::seal(call, &key)).transpose()?;

    let tx = call.write(ACTION, &target).await?;
    let old = load(tx, &caller, &arn).await?;
    if let Some(key) = &added {
        check_key_limit(&keys(tx, &arn).await?)?;
        key.insert(tx, &arn).await?;
    }
    if let Some(id) = input.remove_private_key {
        remove_key(tx, &arn, &id).await?;
    }
    let must_be_encrypted =
        is_required(input.assertion_encryption_mode).unwrap_or(old.must_be_encrypted);
    check_mode(must_be_encrypted, keys(tx, &arn).await?.len())?;
    let (valid_until, metadata) = metadata.unwrap_or((old.valid_until, old.metadata));
    let mode = mode(must_be_encrypted);
    tx.execute(SQL, params![&arn, &metadata, valid_until, mode.as_str()]).await?;
    epoch::bump(tx, &caller.account).await?;
    Ok(UpdateSAMLProviderResponse { saml_provider_arn: Some(arn) })
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteSAMLProviderRequest,
) -> Result<(), wire::Error> {
    let arn = input.saml_provider_arn;
    let caller = call.caller();
    let tx = call.write("iam:DeleteSAMLProvider", Provider::new(KIND, &arn)?).await?;
    load(tx, &caller, &arn).await?;
    for sql in [
        "DELETE FROM saml_private_keys WHERE provider_arn = $1",
        "DELETE FROM saml_providers WHERE arn = $1",
    ] {
        tx.execute(sql, params![&arn]).await?;
    }
    tags::remove_all(tx, &arn).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn tag(call: &mut Call, input: TagSAMLProviderRequest) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let arn = input.saml_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?.bringing(&tags);
    let tx = call.write("iam:TagSAMLProvider", target).await?;
    load(tx, &caller, &arn).await?;
    providers::put_tags(tx, &arn, &tags).await
}

pub(crate) async fn untag(
    call: &mut Call,
    input: UntagSAMLProviderRequest,
) -> Result<(), wire::Error> {
    let arn = input.saml_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?.naming(&input.tag_keys);
    let tx = call.write("iam:UntagSAMLProvider", target).await?;
    load(tx, &caller, &arn).await?;
    Ok(tags::remove(tx, &arn, &input.tag_keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListSAMLProviderTagsRequest,
) -> Result<ListSAMLProviderTagsResponse, wire::Error> {
    let page = Page::of(call, "ListSAMLProviderTags", input.marker.as_deref(), input.max_items)?;
    let arn = input.saml_provider_arn;
    let caller = call.caller();
    let snapshot = call.read("iam:ListSAMLProviderTags", Provider::new(KIND, &arn)?).await?;
    load(snapshot, &caller, &arn).await?;
    let cut = tags::page(snapshot, &arn, page).await?;
    Ok(ListSAMLProviderTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// What the responses of the provider of that ARN are verified with, if the account has it. For finding out
/// who calls: nothing is authorised.
///
/// # Errors
/// The store's.
pub async fn verifying(
    call: &mut Call,
    account: &str,
    arn: &str,
) -> Result<Option<SamlProvider>, wire::Error> {
    let keyring = call.keyring();
    let snapshot = call.preliminary().await?;
    let Some(provider) = find(snapshot, account, arn).await? else { return Ok(None) };
    let sealed = keys(snapshot, arn).await?;
    let open = |key: &StoredKey| keyring.open(&purposes::saml_private_key(&key.id), &key.sealed);
    Ok(Some(SamlProvider {
        metadata: provider.metadata,
        private_keys: sealed.iter().map(open).collect::<Result<_, _>>()?,
        must_be_encrypted: provider.must_be_encrypted,
        valid_until: provider.valid_until,
    }))
}

async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT arn, id, metadata, encryption_mode, valid_until, created_at \
        FROM saml_providers WHERE arn = $1 AND account_id = $2";
    snapshot.row(SQL, params![arn, account], Stored::read).await
}

async fn load(snapshot: &mut Snapshot, caller: &Caller, arn: &str) -> Result<Stored, wire::Error> {
    let missing = || NO_SUCH_ENTITY.with(format!("Manifest not found for arn {arn}"));
    find(snapshot, &caller.account, arn).await?.ok_or_else(missing)
}

async fn keys(snapshot: &mut Snapshot, arn: &str) -> Result<Vec<StoredKey>, store::Error> {
    const SQL: &str = "SELECT id, sealed, created_at FROM saml_private_keys \
        WHERE provider_arn = $1 ORDER BY created_at, id";
    snapshot.rows(SQL, params![arn], StoredKey::read).await
}

async fn remove_key(tx: &mut Transaction, arn: &str, id: &str) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM saml_private_keys WHERE provider_arn = $1 AND id = $2";
    if tx.execute(SQL, params![arn, id]).await? > 0 {
        return Ok(());
    }
    Err(INVALID_INPUT
        .with("Failed to remove private key because the Key ID does not match a private key."))
}

/// Takes a metadata document; gives until when it is good.
fn checked_metadata(text: &str, now: Timestamp) -> Result<Timestamp, wire::Error> {
    let metadata = Metadata::parse(text).map_err(|error| {
        INVALID_INPUT.with("Could not parse metadata").detailed(error.to_string())
    })?;
    Ok(metadata.valid_until().unwrap_or_else(|| now.saturating_add(VALIDITY)))
}

fn checked_key(pem: &Sensitive) -> Result<Secret, wire::Error> {
    private_key(pem.expose()).map_err(|_| INVALID_INPUT.with("Invalid private key."))
}

fn check_key_limit(keys: &[StoredKey]) -> Result<(), wire::Error> {
    let limit = quotas::KEYS_PER_SAML_PROVIDER;
    if keys.len() < limit {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED.with(format!("Private key limit of {limit} is reached.")))
}

fn check_update(input: &UpdateSAMLProviderRequest) -> Result<(), wire::Error> {
    let (adds, removes) = (input.add_private_key.is_some(), input.remove_private_key.is_some());
    if adds && removes {
        return Err(INVALID_INPUT.with(
            "Unable to add and remove private keys in the same request. Set a value for only one of \
             the two parameters.",
        ));
    }
    let changes =
        input.saml_metadata_document.is_some() || input.assertion_encryption_mode.is_some();
    if adds || removes || changes {
        return Ok(());
    }
    Err(INVALID_INPUT.with(
        "Unable to update identity provider. No updates are defined for metadata or encryption \
         assertion.",
    ))
}

/// Refuses to demand encryption where there is no key to encrypt for.
fn check_mode(must_be_encrypted: bool, keys: usize) -> Result<(), wire::Error> {
    if !must_be_encrypted || keys > 0 {
        return Ok(());
    }
    Err(INVALID_INPUT.with(
        "Unable to set assertion encryption mode to Required because no private key is provided.",
    ))
}

fn is_required(mode: Option<AssertionEncryptionModeType>) -> Option<bool> {
    mode.map(|mode| mode == AssertionEncryptionModeType::Required)
}

fn mode(must_be_encrypted: bool) -> AssertionEncryptionModeType {
    match must_be_encrypted {
        true => AssertionEncryptionModeType::Required,
        false => AssertionEncryptionModeType::Allowed,
    }
}

/// A new id, of the 22 characters that the model wants at least.
fn id(world: &World, prefix: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const RANDOM_CHARS: usize = 18;
    format!("{prefix}{}", world.random_text(ALPHABET, RANDOM_CHARS))
}

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        let mode: String = row.get(3)?;
        Ok(Self {
            arn: row.get(0)?,
            id: row.get(1)?,
            metadata: row.get(2)?,
            must_be_encrypted: mode == AssertionEncryptionModeType::Required.as_str(),
            valid_until: row.get(4)?,
            created_at: row.get(5)?,
        })
    }

    async fn insert(&self, tx: &mut Transaction, account: &str) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO saml_providers (arn, account_id, id, metadata, \
            encryption_mode, valid_until, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let params = params![
            &self.arn,
            account,
            &self.id,
            &self.metadata,
            mode(self.must_be_encrypted).as_str(),
            self.valid_until,
            self.created_at,
        ];
        tx.execute(SQL, params).await.map(drop)
    }
}

impl StoredKey {
    /// A key ready to be stored.
    fn seal(call: &Call, key: &Secret) -> Result<Self, store::Error> {
        let id = id(&call.world(), "SAMK");
        let sealed = call.keyring().seal(&purposes::saml_private_key(&id), key.expose())?;
        Ok(Self { id, sealed, created_at: call.now() })
    }

    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { id: row.get(0)?, sealed: row.get(1)?, created_at: row.get(2)? })
    }

    async fn insert(&self, tx: &mut Transaction, arn: &str) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO saml_private_keys (id, provider_arn, sealed, created_at) \
            VALUES ($1, $2, $3, $4)";
        tx.execute(SQL, params![&self.id, arn, &self.sealed, self.created_at]).await.map(drop)
    }

    fn shown(self) -> SAMLPrivateKey {
        SAMLPrivateKey { key_id: Some(self.id), timestamp: Some(self.created_at) }
    }
}
