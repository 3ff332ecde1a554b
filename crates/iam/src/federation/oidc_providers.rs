//! OpenID Connect providers: who may vouch for a web identity, and for which clients.

use errand::Url;
use store::{Migration, Row, Snapshot, Transaction, params};
use wire::iam::{
    AddClientIDToOpenIDConnectProviderRequest, CreateOpenIDConnectProviderRequest,
    CreateOpenIDConnectProviderResponse, DeleteOpenIDConnectProviderRequest,
    GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse,
    ListOpenIDConnectProviderTagsRequest, ListOpenIDConnectProviderTagsResponse,
    ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse,
    OpenIDConnectProviderListEntry, RemoveClientIDFromOpenIDConnectProviderRequest,
    TagOpenIDConnectProviderRequest, UntagOpenIDConnectProviderRequest,
    UpdateOpenIDConnectProviderThumbprintRequest,
    errors::{ENTITY_ALREADY_EXISTS, INVALID_INPUT, NO_SUCH_ENTITY},
};
use world::Timestamp;

use crate::{
    door::{Call, Caller},
    epoch,
    issuer_keys::Issuer,
    oidc_url,
    pages::Page,
    providers::{self, Provider, ProviderKind},
    quotas, tags,
};

const KIND: ProviderKind = ProviderKind::OpenIdConnect;

/// The action that makes a provider.
const CREATE: &str = "iam:CreateOpenIDConnectProvider";

/// The tables of providers. Thumbprints are separated by spaces; tags are under the ARN.
pub(crate) const SCHEMA: Migration = Migration {
    name: "iam-0004-oidc-providers",
    sql: "CREATE TABLE oidc_providers (
        arn TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        url TEXT NOT NULL,
        thumbprints TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (account_id, url)
    );

    CREATE TABLE oidc_client_ids (
        provider_arn TEXT NOT NULL REFERENCES oidc_providers (arn),
        client_id TEXT NOT NULL,
        place INTEGER NOT NULL,
        PRIMARY KEY (provider_arn, client_id)
    );",
};

/// A provider as it is stored.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// Its ARN.
    pub arn: String,
    /// Host and path of the issuer, without `https://`.
    pub url: String,
    /// SHA-1 digests of certificates that its server is trusted by, in hex.
    pub thumbprints: Vec<String>,
    /// The clients whose tokens are taken.
    pub client_ids: Vec<String>,
    created_at: Timestamp,
}

impl OidcProvider {
    /// Where its keys come from.
    pub fn issuer(&self) -> Issuer {
        Issuer { url: self.url.clone(), thumbprints: self.thumbprints.clone() }
    }
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateOpenIDConnectProviderRequest,
) -> Result<CreateOpenIDConnectProviderResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let thumbprints = checked_thumbprints(input.thumbprint_list.unwrap_or_default())?;
    let is_given = !thumbprints.is_empty();
    let client_ids = without_repeats(input.client_id_list.unwrap_or_default());
    let last = client_ids.len().saturating_sub(1);
    check_client_ids(last)?;
    let url = oidc_url::host_and_path(&input.url)?;
    let (caller, now) = (call.caller(), call.now());
    let arn = KIND.arn(&caller.account, url);
    let target = Provider::new(KIND, &arn)?.bringing(&tags);
    let thumbprints = match is_given {
        true => thumbprints,
        false => fetched_thumbprints(call, &target, url).await?,
    };
    let mut tx = call.write(CREATE, &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagOpenIDConnectProvider", &target).await?;
    }
    refuse_taken(tx, &caller, &arn, &input.url).await?;
    let count = providers::count(tx, KIND, &caller.account).await?;
    quotas::check("OpenIdConnectProvidersPerAccount", quotas::OIDC_PROVIDERS, count)?;
    let provider =
        OidcProvider { url: url.to_owned(), arn, thumbprints, client_ids, created_at: now };
    provider.insert(tx, &caller.account).await?;
    providers::put_tags(tx, &provider.arn, &tags).await?;
    epoch::bump(tx, &caller.account).await?;
    Ok(CreateOpenIDConnectProviderResponse {
        open_id_connect_provider_arn: Some(provider.arn),
        tags: tags::shown(tags),
    })
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetOpenIDConnectProviderRequest,
) -> Result<GetOpenIDConnectProviderResponse, wire::Error> {
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let snapshot = call.read("iam:GetOpenIDConnectProvider", target).await?;
    let provider = load(snapshot, &caller, &arn).await?;
    let tags = tags::listed(tags::of(snapshot, &arn).await?);
    Ok(GetOpenIDConnectProviderResponse {
        url: Some(provider.url),
        client_id_list: Some(provider.client_ids),
        thumbprint_list: Some(provider.thumbprints),
        create_date: Some(provider.created_at),
        tags,
    })
}

pub(crate) async fn list(
    call: &mut Call,
    _: ListOpenIDConnectProvidersRequest,
) -> Result<ListOpenIDConnectProvidersResponse, wire::Error> {
    const SQL: &str = "SELECT arn FROM oidc_providers WHERE account_id = $1 ORDER BY arn";
    let caller = call.caller();
    let target = KIND.all(&caller.account);
    let snapshot = call.read("iam:ListOpenIDConnectProviders", target).await?;
    let entry = |row: &Row<'_>| Ok(OpenIDConnectProviderListEntry { arn: Some(row.get(0)?) });
    let entries = snapshot.rows(SQL, params![&caller.account], entry).await?;
    Ok(ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(entries) })
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteOpenIDConnectProviderRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM oidc_providers WHERE arn = $1";
    const CLIENTS: &str = "DELETE FROM oidc_client_ids WHERE provider_arn = $1";
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let tx = call.write("iam:DeleteOpenIDConnectProvider", target).await?;
    if find(tx, &caller.account, &arn).await?.is_none() {
        let message = format!("OpenId connect Provider {arn} cannot be found.");
        return Err(NO_SUCH_ENTITY.with(message));
    }
    tx.execute(CLIENTS, params![&arn]).await?;
    tx.execute(SQL, params![&arn]).await?;
    tags::remove_all(tx, &arn).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Takes one more client. One that is known already is no error.
pub(crate) async fn add_client_id(
    call: &mut Call,
    input: AddClientIDToOpenIDConnectProviderRequest,
) -> Result<(), wire::Error> {
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let tx = call.write("iam:AddClientIDToOpenIDConnectProvider", target).await?;
    let provider = load(tx, &caller, &arn).await?;
    if provider.client_ids.contains(&input.client_id) {
        return Ok(());
    }
    check_client_ids(provider.client_ids.len())?;
    insert_client_id(tx, &arn, &input.client_id).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Takes a client no longer. One that is not known is no error.
pub(crate) async fn remove_client_id(
    call: &mut Call,
    input: RemoveClientIDFromOpenIDConnectProviderRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM oidc_client_ids WHERE provider_arn = $1 AND client_id = $2";
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let tx = call.write("iam:RemoveClientIDFromOpenIDConnectProvider", target).await?;
    load(tx, &caller, &arn).await?;
    tx.execute(SQL, params![&arn, &input.client_id]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Puts these thumbprints in the place of all that were there.
pub(crate) async fn update_thumbprint(
    call: &mut Call,
    input: UpdateOpenIDConnectProviderThumbprintRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE oidc_providers SET thumbprints = $2 WHERE arn = $1";
    let thumbprints = checked_thumbprints(input.thumbprint_list)?;
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let tx = call.write("iam:UpdateOpenIDConnectProviderThumbprint", target).await?;
    load(tx, &caller, &arn).await?;
    tx.execute(SQL, params![&arn, thumbprints.join(" ")]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn tag(
    call: &mut Call,
    input: TagOpenIDConnectProviderRequest,
) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?.bringing(&tags);
    let tx = call.write("iam:TagOpenIDConnectProvider", target).await?;
    load(tx, &caller, &arn).await?;
    providers::put_tags(tx, &arn, &tags).await
}

pub(crate) async fn untag(
    call: &mut Call,
    input: UntagOpenIDConnectProviderRequest,
) -> Result<(), wire::Error> {
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?.naming(&input.tag_keys);
    let tx = call.write("iam:UntagOpenIDConnectProvider", target).await?;
    load(tx, &caller, &arn).await?;
    Ok(tags::remove(tx, &arn, &input.tag_keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListOpenIDConnectProviderTagsRequest,
) -> Result<ListOpenIDConnectProviderTagsResponse, wire::Error> {
    const LIST: &str = "ListOpenIDConnectProviderTags";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let arn = input.open_id_connect_provider_arn;
    let caller = call.caller();
    let target = Provider::new(KIND, &arn)?;
    let snapshot = call.read("iam:ListOpenIDConnectProviderTags", target).await?;
    load(snapshot, &caller, &arn).await?;
    let cut = tags::page(snapshot, &arn, page).await?;
    Ok(ListOpenIDConnectProviderTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// The provider of that ARN, if the account has it.
///
/// # Errors
/// The store's.
pub async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Option<OidcProvider>, store::Error> {
    const SQL: &str = "SELECT arn, url, thumbprints, created_at FROM oidc_providers \
        WHERE arn = $1 AND account_id = $2";
    const CLIENTS: &str =
        "SELECT client_id FROM oidc_client_ids WHERE provider_arn = $1 ORDER BY place";
    let Some(mut provider) = snapshot.row(SQL, params![arn, account], OidcProvider::read).await?
    else {
        return Ok(None);
    };
    provider.client_ids = snapshot.rows(CLIENTS, params![arn], |row| row.get(0)).await?;
    Ok(Some(provider))
}

/// The provider that speaks for an issuer, if the account has it. For finding out who calls: nothing is
/// authorised.
///
/// # Errors
/// The store's.
pub async fn of_issuer(
    call: &mut Call,
    account: &str,
    issuer: &str,
) -> Result<Option<OidcProvider>, wire::Error> {
    let Ok(url) = oidc_url::host_and_path(issuer) else { return Ok(None) };
    let snapshot = call.preliminary().await?;
    Ok(find(snapshot, account, &KIND.arn(account, url)).await?)
}

async fn load(
    snapshot: &mut Snapshot,
    caller: &Caller,
    arn: &str,
) -> Result<OidcProvider, wire::Error> {
    find(snapshot, &caller.account, arn).await?.ok_or_else(|| {
        NO_SUCH_ENTITY.with(format!("OpenIDConnect Provider not found for arn {arn}"))
    })
}

async fn refuse_taken(
    snapshot: &mut Snapshot,
    caller: &Caller,
    arn: &str,
    url: &str,
) -> Result<(), wire::Error> {
    if find(snapshot, &caller.account, arn).await?.is_none() {
        return Ok(());
    }
    Err(ENTITY_ALREADY_EXISTS.with(format!("Provider with url {url} already exists.")))
}

/// Refuses one more client where `count` are there.
fn check_client_ids(count: usize) -> Result<(), wire::Error> {
    let quota = quotas::CLIENT_IDS_PER_OIDC_PROVIDER;
    quotas::check("ClientIdsPerOpenIdConnectProvider", quota, count as i64)
}

/// The thumbprint that the provider's server shows now, where the caller gave none; it is believed as AWS does
/// it. A server that cannot be reached has none yet: they can be set later.
async fn fetched_thumbprints(
    call: &mut Call,
    target: &Provider,
    url: &str,
) -> Result<Vec<String>, wire::Error> {
    // Nobody sends this server somewhere who may not make a provider.
    call.read(CREATE, target).await?;
    call.release();
    let Ok(url) = Url::parse(&format!("https://{url}")) else { return Ok(Vec::new()) };
    match call.errands().thumbprint(&url).await {
        Ok(thumbprint) => Ok(vec![thumbprint.to_string()]),
        Err(error) => {
            tracing::info!(%error, "no thumbprint of an OpenID Connect provider");
            Ok(Vec::new())
        }
    }
}

/// Takes thumbprints: 40 hexadecimal digits, kept in lower case. AWS's text is one off: it takes five.
fn checked_thumbprints(thumbprints: Vec<String>) -> Result<Vec<String>, wire::Error> {
    if thumbprints.len() > quotas::THUMBPRINTS_PER_OIDC_PROVIDER {
        return Err(INVALID_INPUT.with("Thumbprint list must contain fewer than 5 entries."));
    }
    let is_hex = |text: &String| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !thumbprints.iter().all(is_hex) {
        return Err(INVALID_INPUT.with("Thumbprints must contain only hexadecimal characters."));
    }
    Ok(without_repeats(thumbprints.iter().map(|text| text.to_ascii_lowercase()).collect()))
}

fn without_repeats(items: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

async fn insert_client_id(
    tx: &mut Transaction,
    arn: &str,
    client_id: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO oidc_client_ids (provider_arn, client_id, place) \
        SELECT $1, $2, COALESCE(MAX(place), 0) + 1 FROM oidc_client_ids WHERE provider_arn = $1";
    tx.execute(SQL, params![arn, client_id]).await.map(drop)
}

impl OidcProvider {
    /// From the columns arn, url, thumbprints, created_at; without clients.
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        let thumbprints: String = row.get(2)?;
        Ok(Self {
            arn: row.get(0)?,
            url: row.get(1)?,
            thumbprints: thumbprints.split_whitespace().map(str::to_owned).collect(),
            client_ids: Vec::new(),
            created_at: row.get(3)?,
        })
    }

    async fn insert(&self, tx: &mut Transaction, account: &str) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO oidc_providers (arn, account_id, url, thumbprints, \
            created_at) VALUES ($1, $2, $3, $4, $5)";
        let thumbprints = self.thumbprints.join(" ");
        let params = params![&self.arn, account, &self.url, thumbprints, self.created_at];
        tx.execute(SQL, params).await?;
        for client_id in &self.client_ids {
            insert_client_id(tx, &self.arn, client_id).await?;
        }
        Ok(())
    }
}
