//! Tables of mailbox export.

use store::Migration;

/// - `entity_id` may be of one that is gone: a job is shown for seven days.
/// - `path` is the key of the object in the bucket.
/// - `holder` is the worker that does the job, until `held_until`.
/// - `upload` is what the worker must take away before it begins again.
pub(super) const EXPORTS: Migration = Migration {
    name: "workmail-0006-exports",
    sql: "
CREATE TABLE export_jobs (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    entity_id TEXT NOT NULL,
    description TEXT,
    role_arn TEXT NOT NULL,
    key_arn TEXT NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    progress INTEGER NOT NULL,
    error TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    attempts INTEGER NOT NULL,
    holder TEXT,
    held_until INTEGER,
    upload TEXT
);
CREATE INDEX export_jobs_by_organization ON export_jobs (organization_id, id);
CREATE INDEX export_jobs_by_entity ON export_jobs (entity_id, started_at);
CREATE INDEX export_jobs_to_do ON export_jobs (started_at)
    WHERE state = 'RUNNING' OR upload IS NOT NULL;
CREATE INDEX export_jobs_by_age ON export_jobs (started_at);
",
};
