//! The credential report: asked for, made by [`crate::jobs`], good for four hours.

pub(crate) mod table;

use std::time::Duration;

use store::{Change, Migration, Row, Snapshot, Store, params};
use wire::iam::{
    GenerateCredentialReportResponse, GetCredentialReportResponse, ReportFormatType,
    ReportStateType,
    errors::{
        CREDENTIAL_REPORT_EXPIRED, CREDENTIAL_REPORT_NOT_PRESENT, CREDENTIAL_REPORT_NOT_READY,
    },
};
use world::Timestamp;

use crate::{
    door::{Call, Resource},
    jobs,
};

/// One report for an account: asked for, and made where `content` is there.
pub(crate) const TABLE: Migration = Migration {
    name: "iam-0010-credential-reports",
    sql: "CREATE TABLE credential_reports (
        account_id TEXT PRIMARY KEY REFERENCES accounts (id),
        requested_at INTEGER NOT NULL,
        generated_at INTEGER,
        content TEXT
    );
    CREATE INDEX credential_reports_by_state ON credential_reports (generated_at);",
};

/// How long a report is given out before it must be made anew (IAM User Guide, "Getting credential
/// reports").
const LIFETIME: Duration = Duration::from_secs(4 * 60 * 60);

/// How far a report is.
enum State {
    Absent,
    InProgress,
    Complete { at: Timestamp },
    Expired,
}

/// Begins a report, unless there is one that is good or under way.
pub(crate) async fn generate(
    call: &mut Call,
) -> Result<GenerateCredentialReportResponse, wire::Error> {
    const SQL: &str = "INSERT INTO credential_reports (account_id, requested_at) VALUES ($1, $2) \
        ON CONFLICT (account_id) DO UPDATE SET requested_at = excluded.requested_at, \
        generated_at = NULL, content = NULL";
    let (caller, now) = (call.caller(), call.now());
    let tx = call.write("iam:GenerateCredentialReport", Resource::any()).await?;
    let (state, description) = match state(tx, &caller.account, now).await? {
        State::Complete { .. } => (ReportStateType::Complete, None),
        State::InProgress => (ReportStateType::Inprogress, None),
        State::Absent | State::Expired => {
            tx.execute(SQL, params![&caller.account, now]).await?;
            tx.notify(Change::new(jobs::TOPIC, &caller.account));
            let description = "No report exists. Starting a new report generation task";
            (ReportStateType::Started, Some(description.to_owned()))
        }
    };
    Ok(GenerateCredentialReportResponse { state: Some(state), description })
}

pub(crate) async fn get(call: &mut Call) -> Result<GetCredentialReportResponse, wire::Error> {
    const SQL: &str = "SELECT content FROM credential_reports WHERE account_id = $1";
    let (caller, now) = (call.caller(), call.now());
    let snapshot = call.read("iam:GetCredentialReport", Resource::any()).await?;
    let generated_at = match state(snapshot, &caller.account, now).await? {
        State::Complete { at } => at,
        State::Absent => {
            return Err(CREDENTIAL_REPORT_NOT_PRESENT.with(
                "The request was rejected because the credential report does not exist. To generate \
                 a credential report, use GenerateCredentialReport.",
            ));
        }
        State::InProgress => {
            return Err(CREDENTIAL_REPORT_NOT_READY.with(
                "The request was rejected because the credential report is still being generated.",
            ));
        }
        State::Expired => {
            return Err(CREDENTIAL_REPORT_EXPIRED.with(
                "The request was rejected because the most recent credential report has expired. To \
                 generate a new credential report, use GenerateCredentialReport.",
            ));
        }
    };
    let text = |row: &Row<'_>| row.get::<Option<String>>(0);
    let content = snapshot.row(SQL, params![&caller.account], text).await?.flatten();
    Ok(GetCredentialReportResponse {
        content: content.map(String::into_bytes),
        report_format: Some(ReportFormatType::TextCsv),
        generated_time: Some(generated_at),
    })
}

async fn state(
    snapshot: &mut Snapshot,
    account: &str,
    now: Timestamp,
) -> Result<State, store::Error> {
    const SQL: &str = "SELECT generated_at FROM credential_reports WHERE account_id = $1";
    let generated_at = |row: &Row<'_>| row.get::<Option<Timestamp>>(0);
    Ok(match snapshot.row(SQL, params![account], generated_at).await? {
        None => State::Absent,
        Some(None) => State::InProgress,
        Some(Some(at)) if now.since(at) < LIFETIME => State::Complete { at },
        Some(Some(_)) => State::Expired,
    })
}

/// The accounts whose reports are to be made, those that wait longest first.
pub(crate) async fn waiting(
    snapshot: &mut Snapshot,
    limit: usize,
) -> Result<Vec<String>, store::Error> {
    const SQL: &str = "SELECT account_id FROM credential_reports WHERE generated_at IS NULL \
        ORDER BY requested_at LIMIT $1";
    snapshot.rows(SQL, params![limit], |row| row.get(0)).await
}

/// Makes the report of an account. Who makes it first wins.
pub(crate) async fn make(store: &Store, account: &str, now: Timestamp) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE credential_reports SET generated_at = $2, content = $3 \
        WHERE account_id = $1 AND generated_at IS NULL";
    let mut snapshot = store.read().await?;
    let content = table::of(&mut snapshot, account).await?;
    drop(snapshot);
    let mut tx = store.write().await?;
    tx.execute(SQL, params![account, now, content]).await?;
    tx.commit().await
}
