//! The tables.
//!
//! An event costs one row and one entry of an index; both grow at their end, for events come in the order of
//! their times. Both ways of reading are ranges: those of a group by time, those of a stream by time.

use store::Migration;

/// The tables of this room, to be given to `store::Store::open`.
pub const MIGRATIONS: &[Migration] = &[GROUPS];

/// - `log_events.at` and `ingested_at` are milliseconds since 1970, as clients send and read them.
/// - `log_events.id` orders events of one time, and is never given twice: see `events::append`.
/// - `log_remains` are groups and streams that were deleted but whose rows are still there: a stream by its
///   number, a whole group with the number 0. Events and streams have no foreign key, so that a deletion need
///   not wait for them.
const GROUPS: Migration = Migration {
    name: "logs-0001-groups",
    sql: "
CREATE TABLE log_groups (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retention_days INTEGER,
    is_protected INTEGER NOT NULL,
    UNIQUE (account_id, region, name)
);

CREATE TABLE log_group_tags (
    group_id INTEGER NOT NULL REFERENCES log_groups (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (group_id, key)
) WITHOUT ROWID;

CREATE TABLE log_streams (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (group_id, name)
);

CREATE TABLE log_events (
    group_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (group_id, at, id)
) WITHOUT ROWID;
CREATE INDEX log_events_by_stream ON log_events (stream_id, at, id);

CREATE TABLE log_remains (
    group_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, stream_id)
) WITHOUT ROWID;
",
};
