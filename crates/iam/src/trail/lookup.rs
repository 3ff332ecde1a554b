//! Looking events up, newest first. Every question is answered by a range of one index.

use store::{Row, Snapshot, Value, params};
use world::Timestamp;

use super::resources::{self, Touched};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// What the events have in common; all are meant if there is nothing.
    pub attribute: Option<Attribute>,
    /// None is older than this.
    pub from: Timestamp,
    /// All come before this point.
    pub before: Position,
    /// So many at most.
    pub limit: usize,
}

/// What events can be looked up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// The event's own id.
    EventId(String),
    /// The operation.
    EventName(String),
    /// Whether it changed nothing.
    ReadOnly(bool),
    /// The name of the user or the session that called; `root` for the root user.
    Username(String),
    /// The type of a resource that it was about.
    ResourceType(String),
    /// The name, the ARN or the id of a resource that it was about.
    ResourceName(String),
    /// The service, as `iam.amazonaws.com`.
    EventSource(String),
    /// The access key that signed it.
    AccessKeyId(String),
}

/// A place in an account's trail: all events are before or after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The time.
    pub time: Timestamp,
    /// The id of an event of that time; the empty text is before all of them.
    pub id: String,
}

/// A recorded event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When it was.
    pub time: Timestamp,
    /// The operation.
    pub name: String,
    /// The service.
    pub source: String,
    /// Who called: the name of a user or of a session, `root`, or nobody known.
    pub user_name: Option<String>,
    /// The access key that signed it; empty where none did.
    pub access_key_id: String,
    /// Whether it changed nothing.
    pub read_only: bool,
    /// The whole record: JSON.
    pub record: String,
}

impl Event {
    /// Where it is in the trail.
    pub fn position(&self) -> Position {
        Position { time: self.time, id: self.id.clone() }
    }

    /// What it was about.
    pub fn resources(&self) -> Vec<Touched> {
        serde_json::from_str(&self.record).map(|record| resources::of(&record)).unwrap_or_default()
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            time: row.get(1)?,
            name: row.get(2)?,
            source: row.get(3)?,
            user_name: row.get(4)?,
            access_key_id: row.get(5)?,
            read_only: row.get::<String>(6)? == "true",
            record: row.get(7)?,
        })
    }
}

/// The events of `account` that `query` asks for, newest first.
///
/// # Errors
/// The store's.
pub async fn lookup(
    snapshot: &mut Snapshot,
    account: &str,
    query: &Query,
) -> Result<Vec<Event>, store::Error> {
    snapshot.rows(&query.sql(), &query.params(account), Event::of).await
}

const ALL: &str = "SELECT event_id, event_time, event_name, event_source, user_name, access_key_id, \
    read_only, record FROM events \
    WHERE account_id = $1 AND event_time >= $2 AND (event_time, event_id) < ($3, $4) \
    ORDER BY event_time DESC, event_id DESC LIMIT $5";

fn by_column(column: &str) -> String {
    format!(
        "SELECT event_id, event_time, event_name, event_source, user_name, access_key_id, \
         read_only, record FROM events \
         WHERE account_id || '/' || {column} = $1 \
         AND event_time >= $2 AND (event_time, event_id) < ($3, $4) \
         ORDER BY event_time DESC, event_id DESC LIMIT $5"
    )
}

/// The inner question fixes the plan: first what the events were about, then the events.
const BY_SUBJECT: &str = "SELECT e.event_id, e.event_time, e.event_name, e.event_source, e.user_name, \
    e.access_key_id, e.read_only, e.record \
    FROM (SELECT event_time, event_id FROM event_subjects \
    WHERE subject = $1 AND event_time >= $2 AND (event_time, event_id) < ($3, $4) \
    ORDER BY event_time DESC, event_id DESC LIMIT $5) AS found \
    JOIN events e ON e.account_id = $6 \
    AND e.event_time = found.event_time AND e.event_id = found.event_id \
    ORDER BY e.event_time DESC, e.event_id DESC";

impl Query {
    fn sql(&self) -> String {
        match self.attribute.as_ref().map(Attribute::column) {
            None => ALL.to_owned(),
            Some(Some(column)) => by_column(column),
            Some(None) => BY_SUBJECT.to_owned(),
        }
    }

    fn params<'a>(&'a self, account: &'a str) -> Vec<Value<'a>> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let wanted = match &self.attribute {
            None => Value::from(account),
            Some(attribute) => attribute.key(account).into(),
        };
        let mut params =
            params![wanted, self.from, self.before.time, &self.before.id, limit].to_vec();
        if self.attribute.as_ref().is_some_and(|attribute| attribute.column().is_none()) {
            params.push(account.into());
        }
        params
    }
}

impl Attribute {
    /// The column of `events` that it is in; none if it is of what an event was about.
    fn column(&self) -> Option<&'static str> {
        Some(match self {
            Self::EventId(_) => "event_id",
            Self::EventName(_) => "event_name",
            Self::ReadOnly(_) => "read_only",
            Self::Username(_) => "user_name",
            Self::EventSource(_) => "event_source",
            Self::AccessKeyId(_) => "access_key_id",
            Self::ResourceType(_) | Self::ResourceName(_) => return None,
        })
    }

    /// The key of its index.
    fn key(&self, account: &str) -> String {
        match self {
            Self::ResourceType(kind) => resources::by_type(account, kind),
            Self::ResourceName(name) => resources::by_name(account, name),
            Self::ReadOnly(flag) => format!("{account}/{flag}"),
            Self::EventId(text)
            | Self::EventName(text)
            | Self::Username(text)
            | Self::EventSource(text)
            | Self::AccessKeyId(text) => format!("{account}/{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    /// Among a million events, anything but a range of an index takes a second.
    #[tokio::test]
    async fn every_question_is_a_range_of_an_index() {
        let store = store::testing::on_sqlite(&[MIGRATIONS]).await;
        let mut snapshot = store.read().await.unwrap();
        let text = || "x".to_owned();
        for attribute in [
            None,
            Some(Attribute::EventId(text())),
            Some(Attribute::EventName(text())),
            Some(Attribute::ReadOnly(true)),
            Some(Attribute::Username(text())),
            Some(Attribute::EventSource(text())),
            Some(Attribute::AccessKeyId(text())),
            Some(Attribute::ResourceType(text())),
            Some(Attribute::ResourceName(text())),
        ] {
            let range = match attribute.as_ref().map(Attribute::column) {
                None => "(account_id=? AND event_time>?",
                Some(Some(_)) => "(<expr>=? AND event_time>?",
                Some(None) => "(subject=? AND event_time>?",
            };
            let before = Position { time: Timestamp::from_seconds(1), id: String::new() };
            let from = Timestamp::from_seconds(0);
            let query = Query { attribute, from, before, limit: 50 };
            let params = query.params("123456789012");
            let sql = format!("EXPLAIN QUERY PLAN {}", query.sql());
            let plan: Vec<String> = snapshot.rows(&sql, &params, |row| row.get(3)).await.unwrap();
            assert!(plan.iter().any(|step| step.contains(range)), "{query:?}: {plan:?}");
            let scans = plan.iter().filter(|step| step.starts_with("SCAN"));
            assert!(scans.clone().all(|step| step == "SCAN found"), "{plan:?}");
        }
    }
}
