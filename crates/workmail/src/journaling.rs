//! Journaling: a record of each message of an organization goes to one address, and what became of records that
//! could not be delivered is told to another. The mail side asks [`of`] and writes the records.

use iam::door::Call;
use store::{Row, Snapshot, params};
use wire::workmail::{
    GetJournalingRulesRequest, GetJournalingRulesResponse, Operation, SetJournalingRulesRequest,
    SetJournalingRulesResponse,
};

use crate::{
    address::Address,
    domain_name::TEST_DOMAIN_PARENT,
    entities::JOURNAL,
    organizations::{self, Organization},
    recipients::{self, Recipient},
    refusal,
};

/// Where the records of an organization go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journaling {
    /// Whom the records are from: an address that nobody can have.
    pub sender: String,
    /// Who gets the records.
    pub journal: String,
    /// Who is told of records that could not be delivered.
    pub report: String,
}

/// Where the records of an organization go, if it keeps any.
///
/// # Errors
/// The store's.
pub async fn of(
    snapshot: &mut Snapshot,
    organization_id: &str,
) -> Result<Option<Journaling>, store::Error> {
    const SQL: &str = "SELECT o.alias_key, j.journal_address, j.report_address \
        FROM journaling j JOIN organizations o ON o.id = j.organization_id \
        WHERE j.organization_id = $1 AND j.enabled = 1";
    snapshot.row(SQL, params![organization_id], Journaling::of).await
}

impl Journaling {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { sender: sender(row.get(0)?), journal: row.get(1)?, report: row.get(2)? })
    }
}

/// The reserved address of the organization with this alias.
fn sender(alias: &str) -> String {
    format!("{JOURNAL}@{}.{TEST_DOMAIN_PARENT}", alias.to_lowercase())
}

pub(crate) async fn get_journaling_rules(
    call: &mut Call,
    input: GetJournalingRulesRequest,
) -> Result<GetJournalingRulesResponse, wire::Error> {
    let (snapshot, organization) =
        organizations::read(call, Operation::GetJournalingRules, &input.organization_id).await?;
    const SQL: &str = "SELECT enabled, journal_address, report_address FROM journaling \
        WHERE organization_id = $1";
    let found = snapshot
        .row(SQL, params![&organization.id], |row| {
            Ok(GetJournalingRulesResponse {
                enabled: Some(row.get(0)?),
                journal_email_address: row.get(1)?,
                report_email_address: row.get(2)?,
            })
        })
        .await?;
    let never = GetJournalingRulesResponse { enabled: Some(false), ..Default::default() };
    Ok(found.unwrap_or(never))
}

pub(crate) async fn set_journaling_rules(
    call: &mut Call,
    input: SetJournalingRulesRequest,
) -> Result<SetJournalingRulesResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::SetJournalingRules, &input.organization_id).await?;
    let journal = reachable(tx, &organization, input.journal_email_address.as_deref()).await?;
    let report = reachable(tx, &organization, input.report_email_address.as_deref()).await?;
    if input.enabled && (journal.is_none() || report.is_none()) {
        let text = "JournalEmailAddress and ReportEmailAddress are needed for journaling.";
        return Err(refusal::invalid(text));
    }
    let key = |address: &Option<Address>| address.as_ref().map(|address| address.key.clone());
    if journal.is_some() && key(&journal) == key(&report) {
        let text = "The ReportEmailAddress must be another one than the JournalEmailAddress.";
        return Err(refusal::invalid(text));
    }
    const SQL: &str = "INSERT INTO journaling \
        (organization_id, enabled, journal_address, report_address) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (organization_id) DO UPDATE \
        SET enabled = $2, journal_address = $3, report_address = $4";
    let [journal, report] = [&journal, &report].map(|a| a.as_ref().map(|a| a.text.as_str()));
    tx.execute(SQL, params![&organization.id, input.enabled, journal, report]).await?;
    Ok(SetJournalingRulesResponse {})
}

/// An address to which mail can be sent, as far as can be seen from here: in a domain of the organization it
/// must be somebody's.
async fn reachable(
    snapshot: &mut Snapshot,
    organization: &Organization,
    given: Option<&str>,
) -> Result<Option<Address>, wire::Error> {
    let Some(given) = given else { return Ok(None) };
    let address = Address::parse(given)?;
    const SQL: &str = "SELECT 1 FROM mail_domains WHERE name = $1 AND organization_id = $2";
    let own = snapshot.row(SQL, params![&address.domain, &organization.id], |_| Ok(())).await?;
    if own.is_some() && recipients::resolve(snapshot, given).await? == Recipient::Unknown {
        let text = format!("Nobody in the organization has the email address {given}.");
        return Err(refusal::invalid(text));
    }
    Ok(Some(address))
}
