//! Event records, in CloudTrail's shape: one for every call.
//!
//! The record of a change is inserted by the change's own transaction. Records of reads and denials, and
//! the last use of access keys and roles, go through a bounded channel to one task that writes them in
//! batches, at most [`DELAY`] behind. When the channel is full a call waits for room: memory stays bounded
//! and no record is lost while the server runs.

use std::{collections::HashMap, time::Duration};

use store::{Store, Transaction, params};
use tokio::sync::mpsc;
use world::Timestamp;

use super::{Caller, FederatedUser, Principal, SessionFacts};
use crate::{arns, roles};

/// The table of event records.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0002-events",
    sql: "CREATE TABLE events (
        account_id TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        event_name TEXT NOT NULL,
        event_source TEXT NOT NULL,
        user_name TEXT,
        access_key_id TEXT NOT NULL,
        error_code TEXT,
        record TEXT NOT NULL,
        PRIMARY KEY (account_id, event_time, event_id)
    );",
};

/// Records under way to the writing task at most.
const QUEUE_MAX: usize = 8192;

/// Bytes of a client's name for itself, or of an error's message, in a record: what CloudTrail keeps.
const TEXT_BYTES_MAX: usize = 1_024;

/// Bytes of request parameters, or of an answer, in a record: what CloudTrail keeps.
const ELEMENTS_BYTES_MAX: usize = 100 * 1_024;

/// Records written in one transaction at most.
const BATCH_MAX: usize = 1000;

/// How far behind the batches may be.
const DELAY: Duration = Duration::from_millis(500);

/// How long the writing task rests after the store refused a batch.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// AWS notes the last use of an access key or a role this often at most.
const LAST_USED_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Keys and roles whose last use is remembered at most; past it the memory starts anew.
const LAST_USED_MAX: usize = 10_000;

/// What a call was and how it ended, as the dispatcher knows it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The service's event source, such as `iam.amazonaws.com`.
    pub event_source: &'static str,
    /// The operation.
    pub event_name: &'static str,
    /// The service as `GetAccessKeyLastUsed` names it, such as `iam`.
    pub service: &'static str,
    /// The request parameters as CloudTrail shows them: JSON, secrets hidden.
    pub request_parameters: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It succeeded; for a change, what it answered: JSON, secrets hidden.
    Succeeded {
        /// The answer's members.
        response_elements: Option<String>,
    },
    /// It failed.
    Failed {
        /// The error code that the client got.
        code: &'static str,
        /// The message that the client got.
        message: String,
    },
}

/// What the door learnt on a call's way, for its record.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// ARNs of what actions were decided on, each once.
    pub(super) resources: Vec<String>,
    /// Why the call was denied, if it was.
    pub(super) denial: Option<serde_json::Value>,
}

impl Notes {
    /// Notes that an action on `arn` was decided.
    pub(super) fn touched(&mut self, arn: &str) {
        if arn != "*" && !self.resources.iter().any(|known| known == arn) {
            self.resources.push(arn.to_owned());
        }
    }
}

/// A record ready to be stored.
pub(super) struct Row {
    pub(super) account: String,
    pub(super) time: Timestamp,
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) user_name: Option<String>,
    pub(super) access_key_id: String,
    pub(super) error_code: Option<&'static str>,
    pub(super) text: String,
}

struct LastUse {
    of: Used,
    at: Timestamp,
    service: &'static str,
    region: String,
}

/// Of what the last use is noted.
enum Used {
    /// An access key, by its id.
    Key(String),
    /// A role, by its id.
    Role(String),
}

impl Used {
    /// What `caller` uses: a long-term key, or by one of its sessions a role.
    fn by(caller: &Caller) -> Option<Self> {
        match &caller.principal {
            Principal::Role(session) => Some(Self::Role(session.role_id.clone())),
            _ if caller.session.is_some() || caller.access_key_id.is_empty() => None,
            _ => Some(Self::Key(caller.access_key_id.clone())),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Key(id) | Self::Role(id) => id,
        }
    }
}

enum Message {
    Record(Box<Row>),
    Used(LastUse),
}

/// The sending end: clone-free, kept by the door.
pub(super) struct Recorder {
    sender: mpsc::Sender<Message>,
    last_used: std::sync::Mutex<HashMap<String, Timestamp>>,
}

/// The task that writes records in batches.
pub struct RecorderTask {
    store: Store,
    receiver: mpsc::Receiver<Message>,
}

pub(super) fn channel(store: Store) -> (Recorder, RecorderTask) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    (Recorder { sender, last_used: std::sync::Mutex::default() }, RecorderTask { store, receiver })
}

/// Writes the record of a change into the change's own transaction.
pub(super) async fn insert(
    transaction: &mut Transaction,
    caller: &Caller,
    record: &Record,
    notes: &Notes,
) -> Result<(), store::Error> {
    match Row::new(caller, record, notes) {
        Some(row) => row.insert(transaction).await,
        None => Ok(()),
    }
}

impl Recorder {
    /// Hands a record that is ready to the writing task.
    pub(super) async fn hand_over(&self, row: Row) {
        self.send(Message::Record(Box::new(row))).await;
    }

    /// Hands a record of a read or a failed call to the writing task.
    pub(super) async fn record(&self, caller: &Caller, record: Record, notes: &Notes) {
        if let Some(row) = Row::new(caller, &record, notes) {
            self.hand_over(row).await;
        }
    }

    /// Notes that the caller's access key, or its role, was used, unless that was noted lately.
    pub(super) async fn used(&self, caller: &Caller, record: &Record) {
        let now = caller.request.now;
        let Some(of) = Used::by(caller).filter(|used| self.is_due(used.id(), now)) else { return };
        let region = caller.request.region.clone();
        let last_use = LastUse { of, at: now, service: record.service, region };
        self.send(Message::Used(last_use)).await;
    }

    fn is_due(&self, id: &str, now: Timestamp) -> bool {
        let mut known = self.last_used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(last) = known.get(id)
            && now.since(*last) < LAST_USED_INTERVAL
        {
            return false;
        }
        if known.len() >= LAST_USED_MAX {
            known.clear();
        }
        known.insert(id.to_owned(), now);
        true
    }

    async fn send(&self, message: Message) {
        if self.sender.send(message).await.is_err() {
            tracing::error!("an event record came after the recorder had ended");
        }
    }
}

impl RecorderTask {
    /// Writes batches until the last sender is gone and everything is written.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.receiver.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.fill(&mut batch).await;
            while let Err(error) = write(&self.store, &batch).await {
                tracing::warn!(%error, records = batch.len(), "event records wait to be written");
                tokio::time::sleep(RETRY_DELAY).await;
            }
            batch.clear();
        }
    }

    /// Waits a little for more, so that a batch is worth its transaction.
    async fn fill(&mut self, batch: &mut Vec<Message>) {
        let deadline = tokio::time::Instant::now() + DELAY;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            let more = self.receiver.recv_many(batch, room);
            match tokio::time::timeout_at(deadline, more).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    }
}

async fn write(store: &Store, batch: &[Message]) -> Result<(), store::Error> {
    let mut transaction = store.write().await?;
    for message in batch {
        match message {
            Message::Record(row) => row.insert(&mut transaction).await?,
            Message::Used(last_use) => last_use.update(&mut transaction).await?,
        }
    }
    transaction.commit().await
}

impl LastUse {
    async fn update(&self, transaction: &mut Transaction) -> Result<(), store::Error> {
        const SQL: &str = "UPDATE access_keys SET last_used_at = $2, last_used_service = $3, \
            last_used_region = $4 WHERE id = $1";
        match &self.of {
            Used::Key(id) => {
                let params = params![id, self.at, self.service, &self.region];
                transaction.execute(SQL, params).await.map(drop)
            }
            Used::Role(id) => roles::note_use(transaction, id, self.at, &self.region).await,
        }
    }
}

impl Row {
    fn new(caller: &Caller, record: &Record, notes: &Notes) -> Option<Self> {
        let error_code = match &record.outcome {
            Outcome::Succeeded { .. } => None,
            Outcome::Failed { code, .. } => Some(*code),
        };
        if caller.account.is_empty() {
            // Called without a signature, and nobody vouched for it: it is in no account's trail.
            let (request_id, event) = (&caller.request.request_id, record.event_name);
            tracing::info!(request_id, event, error_code, "an unsigned call named nobody");
            return None;
        }
        let id = caller.request.request_id.clone();
        Some(Self {
            text: text(caller, record, notes, &id),
            account: caller.account.clone(),
            time: caller.request.now,
            id,
            name: record.event_name,
            source: record.event_source,
            user_name: user_name(caller).map(str::to_owned),
            access_key_id: caller.access_key_id.clone(),
            error_code,
        })
    }

    pub(super) async fn insert(&self, transaction: &mut Transaction) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO events (account_id, event_time, event_id, event_name, \
            event_source, user_name, access_key_id, error_code, record) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        let params = params![
            &self.account,
            self.time,
            &self.id,
            self.name,
            self.source,
            self.user_name.as_deref(),
            &self.access_key_id,
            self.error_code,
            &self.text
        ];
        transaction.execute(SQL, params).await.map(drop)
    }
}

/// The record as JSON (CloudTrail User Guide, "CloudTrail record contents").
fn text(caller: &Caller, record: &Record, notes: &Notes, id: &str) -> String {
    let request = &caller.request;
    let mut event = serde_json::json!({
        "eventVersion": "1.08",
        "userIdentity": identity(caller),
        "eventTime": request.now.iso8601(),
        "eventSource": record.event_source,
        "eventName": record.event_name,
        "awsRegion": request.region,
        "sourceIPAddress": request.source_ip.to_canonical().to_string(),
        "userAgent": cut(&request.user_agent),
        "requestParameters": raw(record.request_parameters.as_deref()),
        "responseElements": null,
        "requestID": request.request_id,
        "eventID": id,
        "readOnly": is_read_only(record.event_name),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": caller.account,
        "eventCategory": "Management",
    });
    if !notes.resources.is_empty() {
        event["resources"] = resources(caller, &notes.resources);
    }
    if let Some(denial) = &notes.denial {
        event["additionalEventData"] = serde_json::json!({ "authorization": denial });
    }
    match &record.outcome {
        Outcome::Succeeded { response_elements } => {
            event["responseElements"] = raw(response_elements.as_deref());
        }
        Outcome::Failed { code, message } => {
            event["errorCode"] = (*code).into();
            event["errorMessage"] = cut(message).into();
        }
    }
    event.to_string()
}

/// AWS's naming is the rule: what gets, lists or describes changes nothing.
fn is_read_only(event_name: &str) -> bool {
    ["Get", "List", "Describe"].iter().any(|verb| event_name.starts_with(verb))
}

/// What the call was about: each with the account that its ARN names.
fn resources(caller: &Caller, arns: &[String]) -> serde_json::Value {
    let resource = |arn: &String| {
        let account = arns::account(arn).unwrap_or(&caller.account);
        serde_json::json!({ "ARN": arn, "accountId": account })
    };
    arns.iter().map(resource).collect()
}

/// The name by which events are looked up: of a session its own.
pub(super) fn user_name(caller: &Caller) -> Option<&str> {
    match &caller.principal {
        Principal::Root => Some("root"),
        Principal::User { name, .. } => Some(name),
        Principal::Role(role) => Some(&role.session_name),
        Principal::Federated(user) => Some(&user.name),
        Principal::Web(identity) => Some(&identity.user_name),
        Principal::Anonymous => None,
    }
}

/// Who called (CloudTrail User Guide, "CloudTrail userIdentity element").
pub(super) fn identity(caller: &Caller) -> serde_json::Value {
    let kind = match &caller.principal {
        Principal::Root => "Root",
        Principal::User { .. } => "IAMUser",
        Principal::Role(_) => "AssumedRole",
        Principal::Federated(_) => "FederatedUser",
        Principal::Web(identity) if identity.saml => "SAMLUser",
        Principal::Web(_) => "WebIdentityUser",
        Principal::Anonymous => "Unknown",
    };
    let mut identity = serde_json::json!({ "type": kind, "principalId": caller.user_id() });
    match &caller.principal {
        Principal::Web(web) => {
            identity["userName"] = (*web.user_name).into();
            identity["identityProvider"] = (*web.provider).into();
        }
        Principal::Anonymous => {}
        _ => {
            identity["arn"] = caller.arn().into();
            identity["accountId"] = (*caller.account).into();
            identity["accessKeyId"] = (*caller.access_key_id).into();
        }
    }
    if let Some(name) = caller.user_name() {
        identity["userName"] = name.into();
    }
    if let Some(session) = &caller.session {
        identity["sessionContext"] = session_context(caller, session);
    }
    identity
}

fn session_context(caller: &Caller, session: &SessionFacts) -> serde_json::Value {
    let mut context = serde_json::json!({ "attributes": {
        "creationDate": session.issued_at.iso8601(),
        "mfaAuthenticated": session.mfa_at.is_some().to_string(),
    }});
    let account = &caller.account;
    let issuer = match &caller.principal {
        Principal::Role(role) => Some(serde_json::json!({
            "type": "Role",
            "principalId": role.role_id,
            "arn": arns::role(account, &role.role_path, &role.role_name),
            "accountId": account,
            "userName": role.role_name,
        })),
        Principal::Federated(FederatedUser { issuer: Some(user), .. }) => Some(serde_json::json!({
            "type": "IAMUser",
            "principalId": user.id,
            "arn": arns::user(account, &user.path, &user.name),
            "accountId": account,
            "userName": user.name,
        })),
        Principal::Federated(_) => Some(serde_json::json!({
            "type": "Root",
            "principalId": account,
            "arn": arns::root(account),
            "accountId": account,
        })),
        _ => None,
    };
    if let Some(issuer) = issuer {
        context["sessionIssuer"] = issuer;
    }
    if let Some(provider) = &session.scope.provider {
        context["webIdFederationData"] = serde_json::json!({ "federatedProvider": provider });
    }
    if let Some(source) = &session.scope.source_identity {
        context["sourceIdentity"] = (**source).into();
    }
    context
}

/// JSON as it is; of too much of it, only that it was left out.
fn raw(json: Option<&str>) -> serde_json::Value {
    match json {
        Some(json) if json.len() > ELEMENTS_BYTES_MAX => serde_json::json!({ "omitted": true }),
        Some(json) => serde_json::from_str(json).unwrap_or_default(),
        None => serde_json::Value::Null,
    }
}

/// As much of a text as a record holds.
pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_only_so_much() {
        assert_eq!(cut("boto3"), "boto3");
        assert_eq!(cut(&"é".repeat(1_000)).len(), TEXT_BYTES_MAX);
        assert_eq!(cut(&format!("a{}", "é".repeat(1_000))).len(), TEXT_BYTES_MAX - 1);
        let json = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(raw(Some(&json(ELEMENTS_BYTES_MAX))).is_string());
        assert_eq!(raw(Some(&json(ELEMENTS_BYTES_MAX + 1)))["omitted"], true);
        assert!(raw(None).is_null());
    }
}
