//! Availability configurations: whom to ask when the people of another domain are free.
//!
//! They are kept and tested. Nothing asks them yet: that comes with the calendar.

mod function;
mod provider;
mod trial;

use iam::door::Call;
use store::{Keyring, Row, Snapshot, Transaction, params};
use wire::workmail::{
    AvailabilityConfiguration, AvailabilityProviderType, CreateAvailabilityConfigurationRequest,
    CreateAvailabilityConfigurationResponse, DeleteAvailabilityConfigurationRequest,
    DeleteAvailabilityConfigurationResponse, LambdaAvailabilityProvider,
    ListAvailabilityConfigurationsRequest, ListAvailabilityConfigurationsResponse, Operation,
    RedactedEwsAvailabilityProvider, UpdateAvailabilityConfigurationRequest,
    UpdateAvailabilityConfigurationResponse,
    errors::{LIMIT_EXCEEDED, NAME_AVAILABILITY, RESOURCE_NOT_FOUND},
};
use world::Timestamp;

use self::provider::Provider;
use crate::{client_tokens::Idempotent, domain_name, organizations, page::Page, refusal};

pub(crate) use trial::test_availability_configuration;

/// Configurations of one organization. AWS does not say; it has as many domains.
const CONFIGURATIONS_MAX: i64 = 1000;

pub(crate) async fn create_availability_configuration(
    call: &mut Call,
    input: CreateAvailabilityConfigurationRequest,
) -> Result<CreateAvailabilityConfigurationResponse, wire::Error> {
    let (caller, keyring) = (call.caller(), call.keyring());
    let operation = Operation::CreateAvailabilityConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let domain = domain(&input.domain_name)?;
    let provider = Provider::required(input.ews_provider, input.lambda_provider)?;
    // the password is left out: what is remembered of a request is no place for it
    let named = match &provider {
        Provider::Ews(ews) => [ews.endpoint.as_str(), &ews.username],
        Provider::Lambda(arn) => [arn, ""],
    };
    let fields = [organization.id.as_str(), &domain, named[0], named[1]];
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if once.earlier(tx).await?.is_none() {
        let now = caller.request.now;
        check_free(tx, &organization.id, &domain).await?;
        const SQL: &str = "INSERT INTO availability_configurations \
            (organization_id, domain, created_at, changed_at) VALUES ($1, $2, $3, $3)";
        tx.execute(SQL, params![&organization.id, &domain, now]).await?;
        set(tx, &keyring, &organization.id, &domain, &provider, now).await?;
        once.remember(tx, "").await?;
    }
    Ok(CreateAvailabilityConfigurationResponse {})
}

pub(crate) async fn update_availability_configuration(
    call: &mut Call,
    input: UpdateAvailabilityConfigurationRequest,
) -> Result<UpdateAvailabilityConfigurationResponse, wire::Error> {
    let (keyring, now) = (call.keyring(), call.now());
    let operation = Operation::UpdateAvailabilityConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let provider = Provider::required(input.ews_provider, input.lambda_provider)?;
    let domain = domain(&input.domain_name)?;
    match set(tx, &keyring, &organization.id, &domain, &provider, now).await? {
        0 => Err(unknown(&domain)),
        _ => Ok(UpdateAvailabilityConfigurationResponse {}),
    }
}

pub(crate) async fn delete_availability_configuration(
    call: &mut Call,
    input: DeleteAvailabilityConfigurationRequest,
) -> Result<DeleteAvailabilityConfigurationResponse, wire::Error> {
    let operation = Operation::DeleteAvailabilityConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    // The operation declares no error for an unknown domain: it is as gone as it was to be.
    const SQL: &str =
        "DELETE FROM availability_configurations WHERE organization_id = $1 AND domain = $2";
    tx.execute(SQL, params![&organization.id, input.domain_name.to_ascii_lowercase()]).await?;
    Ok(DeleteAvailabilityConfigurationResponse {})
}

pub(crate) async fn list_availability_configurations(
    call: &mut Call,
    input: ListAvailabilityConfigurationsRequest,
) -> Result<ListAvailabilityConfigurationsResponse, wire::Error> {
    let operation = Operation::ListAvailabilityConfigurations;
    let id = &input.organization_id;
    let page = Page::open(call, operation, &[id], input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    const SQL: &str = "SELECT domain, created_at, changed_at, endpoint, username, lambda_arn \
        FROM availability_configurations \
        WHERE organization_id = $1 AND domain > $2 ORDER BY domain LIMIT $3";
    let bounds = params![&organization.id, &range.key, range.fetch];
    let mut found = snapshot.rows(SQL, bounds, configuration).await?;
    let next_token =
        page.cut(&mut found, |shown| (shown.domain_name.as_deref().unwrap_or_default(), ""))?;
    Ok(ListAvailabilityConfigurationsResponse {
        availability_configurations: Some(found),
        next_token,
    })
}

fn configuration(row: &Row<'_>) -> Result<AvailabilityConfiguration, store::Error> {
    let lambda: Option<String> = row.get(5)?;
    let (ews_endpoint, ews_username) = (row.get(3)?, row.get(4)?);
    let (kind, ews) = match lambda {
        Some(_) => (AvailabilityProviderType::Lambda, None),
        None => {
            let ews = RedactedEwsAvailabilityProvider { ews_endpoint, ews_username };
            (AvailabilityProviderType::Ews, Some(ews))
        }
    };
    Ok(AvailabilityConfiguration {
        domain_name: row.get(0)?,
        provider_type: Some(kind),
        ews_provider: ews,
        lambda_provider: lambda.map(|lambda_arn| LambdaAvailabilityProvider { lambda_arn }),
        date_created: row.get(1)?,
        date_modified: row.get(2)?,
    })
}

/// The domain of a configuration: any but one of no name, for it belongs to others.
fn domain(text: &str) -> Result<String, wire::Error> {
    let name = domain_name::lookup(text);
    name.ok_or_else(|| refusal::invalid(format!("The domain name {text} is not valid.")))
}

async fn check_free(
    snapshot: &mut Snapshot,
    organization: &str,
    domain: &str,
) -> Result<(), wire::Error> {
    const HELD: &str =
        "SELECT 1 FROM availability_configurations WHERE organization_id = $1 AND domain = $2";
    if snapshot.row(HELD, params![organization, domain], |_| Ok(())).await?.is_some() {
        let text = format!("The domain {domain} has an availability configuration already.");
        return Err(NAME_AVAILABILITY.with(text));
    }
    const COUNT: &str =
        "SELECT COUNT(*) FROM availability_configurations WHERE organization_id = $1";
    let held: Option<i64> = snapshot.row(COUNT, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= CONFIGURATIONS_MAX {
        let text = format!(
            "The organization has {CONFIGURATIONS_MAX} availability configurations, which is the \
             limit."
        );
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}

/// Gives a configuration its provider. Says how many configurations there were to give it to.
async fn set(
    tx: &mut Transaction,
    keyring: &Keyring,
    organization: &str,
    domain: &str,
    provider: &Provider,
    now: Timestamp,
) -> Result<u64, store::Error> {
    const SQL: &str = "UPDATE availability_configurations SET changed_at = $3, endpoint = $4, \
        username = $5, password = $6, lambda_arn = $7 WHERE organization_id = $1 AND domain = $2";
    let (endpoint, username, password, arn) = match provider {
        Provider::Ews(ews) => {
            let sealed = keyring.seal(&purpose(organization, domain), ews.password.expose())?;
            (Some(&*ews.endpoint), Some(&*ews.username), Some(sealed), None)
        }
        Provider::Lambda(arn) => (None, None, None, Some(&**arn)),
    };
    let row = params![organization, domain, now, endpoint, username, password, arn];
    tx.execute(SQL, row).await
}

/// The provider of a domain.
///
/// # Errors
/// `ResourceNotFoundException`.
async fn stored(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    organization: &str,
    domain: &str,
) -> Result<Provider, wire::Error> {
    const SQL: &str = "SELECT endpoint, username, password, lambda_arn \
        FROM availability_configurations WHERE organization_id = $1 AND domain = $2";
    let purpose = purpose(organization, domain);
    let read = |row: &Row<'_>| Provider::of(row, keyring, &purpose);
    let found = snapshot.row(SQL, params![organization, domain], read).await?;
    found.ok_or_else(|| unknown(domain))
}

/// What the password of a configuration is sealed for.
fn purpose(organization: &str, domain: &str) -> String {
    format!("workmail-availability/{organization}/{domain}")
}

fn unknown(domain: &str) -> wire::Error {
    let text = format!("The domain {domain} has no availability configuration.");
    RESOURCE_NOT_FOUND.with(text)
}
