//! The identity provider of an organization: who may sign in by what.

use iam::door::Call;
use store::{Row, Snapshot, Transaction, params};
use wire::workmail::{
    DeleteIdentityProviderConfigurationRequest, DeleteIdentityProviderConfigurationResponse,
    DescribeIdentityProviderConfigurationRequest, DescribeIdentityProviderConfigurationResponse,
    IdentityCenterConfiguration, IdentityProviderAuthenticationMode as Mode, Operation,
    PersonalAccessTokenConfiguration, PersonalAccessTokenConfigurationStatus as TokensStatus,
    PutIdentityProviderConfigurationRequest, PutIdentityProviderConfigurationResponse,
    errors::RESOURCE_NOT_FOUND,
};

use crate::{access, identity_center, organizations};

/// What an organization has settled about signing in. Without it, passwords of the directory are all there is.
pub(crate) struct Configuration {
    mode: Mode,
    pub(crate) instance_arn: String,
    pub(crate) application_arn: String,
    tokens: TokensStatus,
    pub(crate) token_lifetime_days: Option<i32>,
}

impl Configuration {
    /// The configuration of an organization, if it has one.
    pub(crate) async fn find(
        snapshot: &mut Snapshot,
        organization: &str,
    ) -> Result<Option<Self>, store::Error> {
        const SQL: &str = "SELECT mode, instance_arn, application_arn, tokens_status, \
            token_lifetime_days FROM identity_providers WHERE organization_id = $1";
        snapshot.row(SQL, params![organization], Self::of).await
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("an identity provider configuration");
        let lifetime: Option<i64> = row.get(4)?;
        Ok(Self {
            mode: Mode::parse(row.get(0)?).ok_or_else(corrupt)?,
            instance_arn: row.get(1)?,
            application_arn: row.get(2)?,
            tokens: TokensStatus::parse(row.get(3)?).ok_or_else(corrupt)?,
            token_lifetime_days: lifetime
                .map(|days| i32::try_from(days).map_err(|_| corrupt()))
                .transpose()?,
        })
    }

    /// Whether passwords of the directory are good for anything.
    pub(crate) fn takes_passwords(&self) -> bool {
        self.mode == Mode::IdentityProviderAndDirectory
    }

    /// Whether personal access tokens are made and looked at.
    pub(crate) fn takes_tokens(&self) -> bool {
        self.tokens == TokensStatus::Active
    }
}

/// Whether a user of the organization may sign in by a password of the directory.
pub(crate) async fn takes_passwords(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<bool, store::Error> {
    let configuration = Configuration::find(snapshot, organization).await?;
    Ok(configuration.is_none_or(|configuration| configuration.takes_passwords()))
}

pub(crate) async fn put_identity_provider_configuration(
    call: &mut Call,
    input: PutIdentityProviderConfigurationRequest,
) -> Result<PutIdentityProviderConfigurationResponse, wire::Error> {
    let caller = call.caller();
    let operation = Operation::PutIdentityProviderConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let center = &input.identity_center_configuration;
    let instance = identity_center::instance_of(tx, &caller, &center.application_arn).await?;
    if instance.as_deref() != Some(center.instance_arn.as_str()) {
        let (application, instance) = (&center.application_arn, &center.instance_arn);
        let text =
            format!("The application {application} cannot be found in the instance {instance}.");
        return Err(RESOURCE_NOT_FOUND.with(text));
    }
    const SQL: &str = "INSERT INTO identity_providers \
        (organization_id, mode, instance_arn, application_arn, tokens_status, token_lifetime_days) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id) DO UPDATE SET mode = $2, \
        instance_arn = $3, application_arn = $4, tokens_status = $5, token_lifetime_days = $6";
    let tokens = &input.personal_access_token_configuration;
    let row = params![
        &organization.id,
        input.authentication_mode.as_str(),
        &center.instance_arn,
        &center.application_arn,
        tokens.status.as_str(),
        tokens.lifetime_in_days.map(i64::from),
    ];
    tx.execute(SQL, row).await?;
    access::judge_again(tx, &organization.id);
    Ok(PutIdentityProviderConfigurationResponse {})
}

pub(crate) async fn describe_identity_provider_configuration(
    call: &mut Call,
    input: DescribeIdentityProviderConfigurationRequest,
) -> Result<DescribeIdentityProviderConfigurationResponse, wire::Error> {
    let operation = Operation::DescribeIdentityProviderConfiguration;
    let id = &input.organization_id;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let found = Configuration::find(snapshot, &organization.id).await?.ok_or_else(|| {
        RESOURCE_NOT_FOUND
            .with(format!("The organization {id} has no identity provider configuration."))
    })?;
    Ok(DescribeIdentityProviderConfigurationResponse {
        authentication_mode: Some(found.mode),
        identity_center_configuration: Some(IdentityCenterConfiguration {
            instance_arn: found.instance_arn,
            application_arn: found.application_arn,
        }),
        personal_access_token_configuration: Some(PersonalAccessTokenConfiguration {
            status: found.tokens,
            lifetime_in_days: found.token_lifetime_days,
        }),
    })
}

/// Signing in goes on with the directory, as before the configuration.
pub(crate) async fn delete_identity_provider_configuration(
    call: &mut Call,
    input: DeleteIdentityProviderConfigurationRequest,
) -> Result<DeleteIdentityProviderConfigurationResponse, wire::Error> {
    let operation = Operation::DeleteIdentityProviderConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    forget(tx, &organization.id).await?;
    Ok(DeleteIdentityProviderConfigurationResponse {})
}

/// Leaves an organization without a configuration.
pub(crate) async fn forget(tx: &mut Transaction, organization: &str) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM identity_providers WHERE organization_id = $1";
    tx.execute(SQL, params![organization]).await?;
    access::judge_again(tx, organization);
    Ok(())
}
