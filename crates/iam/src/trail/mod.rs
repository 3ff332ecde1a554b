//! The audit trail of each account: event records in CloudTrail's shape, looked up and in time forgotten.
//!
//! An [`Entry`] is made of a call by the door, or of what a person did at the door of the console. Beside the record itself, which
//! is JSON, it keeps what events are looked up by. Every [`lookup`] is a range of one index.

mod describe;
mod entry;
mod lookup;
mod resources;
mod retention;

use store::Migration;

pub use describe::is_read_only;
pub use lookup::{Attribute, Event, Position, Query, lookup};
pub use resources::Touched;
pub use retention::forget;

pub(crate) use entry::Entry;

/// The table of event records.
pub(crate) const EVENTS: Migration = Migration {
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

/// What event records are looked up by. An index begins with account and value as one text, and a question
/// asks for that text, so that no other index will do: a planner that knows nothing of the values would as
/// soon read all events of the time.
pub(crate) const LOOKUP: Migration = Migration {
    name: "iam-0009-event-lookup",
    sql: "ALTER TABLE events ADD COLUMN read_only TEXT NOT NULL DEFAULT 'false';
    UPDATE events SET read_only = 'true' WHERE substr(event_name, 1, 3) = 'Get'
        OR substr(event_name, 1, 4) = 'List' OR substr(event_name, 1, 8) = 'Describe';
    CREATE INDEX events_by_id ON events ((account_id || '/' || event_id), event_time);
    CREATE INDEX events_by_name
        ON events ((account_id || '/' || event_name), event_time, event_id);
    CREATE INDEX events_by_read_only
        ON events ((account_id || '/' || read_only), event_time, event_id);
    CREATE INDEX events_by_user
        ON events ((account_id || '/' || user_name), event_time, event_id);
    CREATE INDEX events_by_source
        ON events ((account_id || '/' || event_source), event_time, event_id);
    CREATE INDEX events_by_key
        ON events ((account_id || '/' || access_key_id), event_time, event_id);
    CREATE TABLE event_resources (
        account_id TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        resource_name TEXT NOT NULL,
        resource_type TEXT NOT NULL,
        PRIMARY KEY (account_id, event_time, event_id, resource_name)
    ) WITHOUT ROWID;
    CREATE INDEX event_resources_by_name
        ON event_resources ((account_id || '/' || resource_name), event_time, event_id);
    CREATE INDEX event_resources_by_type
        ON event_resources ((account_id || '/' || resource_type), event_time, event_id);",
};

/// The same, denser. Every event is written into each of these, so their keys are what a record costs. Times are
/// in microseconds: few events of one account share one, and those are put in order when they are read. What
/// an event was about is one row for each name and for each type.
pub(crate) const SUBJECTS: Migration = Migration {
    name: "iam-0018-event-subjects",
    sql: "DROP INDEX events_by_id;
    DROP INDEX events_by_name;
    DROP INDEX events_by_read_only;
    DROP INDEX events_by_user;
    DROP INDEX events_by_source;
    DROP INDEX events_by_key;
    CREATE INDEX events_by_id ON events ((account_id || '/' || event_id), event_time);
    CREATE INDEX events_by_name ON events ((account_id || '/' || event_name), event_time);
    CREATE INDEX events_by_read_only ON events ((account_id || '/' || read_only), event_time);
    CREATE INDEX events_by_user ON events ((account_id || '/' || user_name), event_time);
    CREATE INDEX events_by_source ON events ((account_id || '/' || event_source), event_time);
    CREATE INDEX events_by_key ON events ((account_id || '/' || access_key_id), event_time);
    CREATE TABLE event_subjects (
        subject TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        PRIMARY KEY (subject, event_time, event_id)
    ) WITHOUT ROWID;
    INSERT INTO event_subjects (subject, event_time, event_id)
        SELECT account_id || '/name/' || resource_name, event_time, event_id
        FROM event_resources;
    INSERT INTO event_subjects (subject, event_time, event_id)
        SELECT DISTINCT account_id || '/type/' || resource_type, event_time, event_id
        FROM event_resources WHERE resource_type <> '';
    DROP TABLE event_resources;",
};
