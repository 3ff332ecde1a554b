//! E-mail monitoring: what happens to the mail of an organization is written into a log group of its account.
//!
//! The operations settle the group, and the role with which WorkMail writes; [`EventLog`] writes.

mod event_log;

use iam::{
    door::{self, Actor, Call, Caller},
    linked_roles,
};
use store::{Row, Snapshot, Transaction, params};
use wire::workmail::{
    DeleteEmailMonitoringConfigurationRequest, DeleteEmailMonitoringConfigurationResponse,
    DescribeEmailMonitoringConfigurationRequest, DescribeEmailMonitoringConfigurationResponse,
    Operation, PutEmailMonitoringConfigurationRequest, PutEmailMonitoringConfigurationResponse,
    errors::RESOURCE_NOT_FOUND,
};

use crate::{domain_name, organizations, refusal};

pub use event_log::EventLog;

/// Who writes the records, as trust policies name it.
const PRINCIPAL: &str = "events.workmail.amazonaws.com";

/// Where the records of an organization go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Configuration {
    account: String,
    region: String,
    role_arn: String,
    /// The name of the group.
    group: String,
}

impl Configuration {
    async fn find(
        snapshot: &mut Snapshot,
        organization: &str,
    ) -> Result<Option<Self>, store::Error> {
        const SQL: &str = "SELECT o.account_id, o.region, m.role_arn, m.log_group \
            FROM email_monitoring m JOIN organizations o ON o.id = m.organization_id \
            WHERE m.organization_id = $1";
        snapshot.row(SQL, params![organization], Self::of).await
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            account: row.get(0)?,
            region: row.get(1)?,
            role_arn: row.get(2)?,
            group: row.get(3)?,
        })
    }

    /// The organization's ARN.
    fn organization_arn(&self, organization: &str) -> String {
        organization_arn((&self.account, &self.region), organization)
    }
}

fn organization_arn((account, region): (&str, &str), organization: &str) -> String {
    format!("arn:aws:workmail:{region}:{account}:organization/{organization}")
}

/// Whether records of an organization's mail are kept.
///
/// # Errors
/// The store's.
pub async fn is_on(snapshot: &mut Snapshot, organization: &str) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM email_monitoring WHERE organization_id = $1";
    Ok(snapshot.row(SQL, params![organization], |_| Ok(())).await?.is_some())
}

/// The organization that an address belongs to by its domain, if records of its mail are kept.
///
/// # Errors
/// The store's.
pub async fn watcher_of(
    snapshot: &mut Snapshot,
    address: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT d.organization_id FROM mail_domains d \
        JOIN email_monitoring m ON m.organization_id = d.organization_id \
        WHERE d.name = $1 AND d.ownership = 'VERIFIED'";
    let domain = address.rsplit_once('@').and_then(|(_, domain)| domain_name::lookup(domain));
    let Some(domain) = domain else { return Ok(None) };
    snapshot.row(SQL, params![domain], |row| row.get(0)).await
}

pub(crate) async fn put_email_monitoring_configuration(
    call: &mut Call,
    input: PutEmailMonitoringConfigurationRequest,
) -> Result<PutEmailMonitoringConfigurationResponse, wire::Error> {
    let caller = call.caller();
    let operation = Operation::PutEmailMonitoringConfiguration;
    let id = &input.organization_id;
    let (tx, _) = organizations::write(call, operation, id).await?;
    let group = group_of(tx, &caller, &input.log_group_arn).await?;
    let role_arn = match input.role_arn {
        Some(given) => {
            check_role(call, operation, id, &given).await?;
            given
        }
        None => linked_roles::ensure_by(call, PRINCIPAL).await?,
    };
    let (tx, organization) = organizations::write(call, operation, id).await?;
    forget(tx, &organization.id).await?;
    let arn = organizations::arn(&caller, &organization.id);
    linked_roles::hold(tx, &role_arn, caller.region(), &arn).await?;
    const SQL: &str =
        "INSERT INTO email_monitoring (organization_id, role_arn, log_group) VALUES ($1, $2, $3)";
    tx.execute(SQL, params![&organization.id, role_arn, group]).await?;
    Ok(PutEmailMonitoringConfigurationResponse {})
}

/// The name of the group, which must be there, in the caller's account and region.
async fn group_of(
    snapshot: &mut Snapshot,
    caller: &Caller,
    arn: &str,
) -> Result<String, wire::Error> {
    let (account, region) = (caller.account.as_str(), caller.region());
    if !arn.ends_with(":*") {
        return Err(refusal::invalid(format!("The log group ARN {arn} does not end with :*.")));
    }
    if let Some(name) = logs::arns::group_name(arn, account, region)
        && logs::exists(snapshot, (account, region), name).await?
    {
        return Ok(name.to_owned());
    }
    Err(RESOURCE_NOT_FOUND.with(format!("The log group {arn} cannot be found.")))
}

/// Refuses a role that the caller may not hand on, that is not there, or that would not let WorkMail write.
async fn check_role(
    call: &mut Call,
    operation: Operation,
    organization: &str,
    role_arn: &str,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let source_arn = organizations::arn(&caller, organization);
    call.pass_role(role_arn, PRINCIPAL, Some(&source_arn)).await?;
    let (tx, _) = organizations::write(call, operation, organization).await?;
    let (region, now) = (caller.region(), caller.request.now);
    let actor = Actor { service: PRINCIPAL, role_arn, source_arn: &source_arn, region, now };
    match door::trusts(tx, &actor).await? {
        Some(true) => Ok(()),
        Some(false) => {
            let text = format!("The role {role_arn} cannot be assumed by {PRINCIPAL}.");
            Err(refusal::invalid(text))
        }
        None => Err(RESOURCE_NOT_FOUND.with(format!("The role {role_arn} cannot be found."))),
    }
}

pub(crate) async fn describe_email_monitoring_configuration(
    call: &mut Call,
    input: DescribeEmailMonitoringConfigurationRequest,
) -> Result<DescribeEmailMonitoringConfigurationResponse, wire::Error> {
    let operation = Operation::DescribeEmailMonitoringConfiguration;
    let id = &input.organization_id;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let found = Configuration::find(snapshot, &organization.id).await?.ok_or_else(|| {
        RESOURCE_NOT_FOUND
            .with(format!("The organization {id} has no email monitoring configuration."))
    })?;
    let group = logs::arns::whole_group(&found.account, &found.region, &found.group);
    Ok(DescribeEmailMonitoringConfigurationResponse {
        role_arn: Some(found.role_arn),
        log_group_arn: Some(group),
    })
}

/// The operation declares no error for a configuration that is not there.
pub(crate) async fn delete_email_monitoring_configuration(
    call: &mut Call,
    input: DeleteEmailMonitoringConfigurationRequest,
) -> Result<DeleteEmailMonitoringConfigurationResponse, wire::Error> {
    let operation = Operation::DeleteEmailMonitoringConfiguration;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    forget(tx, &organization.id).await?;
    Ok(DeleteEmailMonitoringConfigurationResponse {})
}

/// Leaves an organization without monitoring, and its role without that use.
pub(crate) async fn forget(tx: &mut Transaction, organization: &str) -> Result<(), store::Error> {
    let Some(found) = Configuration::find(tx, organization).await? else { return Ok(()) };
    let arn = found.organization_arn(organization);
    linked_roles::release(tx, &found.role_arn, &found.region, &arn).await?;
    const SQL: &str = "DELETE FROM email_monitoring WHERE organization_id = $1";
    tx.execute(SQL, params![organization]).await.map(drop)
}
