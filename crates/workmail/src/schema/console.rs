//! Tables of what AWS has in the console alone.

use store::Migration;

pub(super) const JOURNALING: Migration = Migration {
    name: "workmail-0006-journaling",
    sql: "
CREATE TABLE journaling (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    enabled INTEGER NOT NULL,
    journal_address TEXT,
    report_address TEXT
);
",
};

/// At most one of an organization. Only registered users are in here.
pub(super) const MIGRATION_ADMINS: Migration = Migration {
    name: "workmail-0006-migration-admins",
    sql: "
CREATE TABLE migration_admins (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    entity_id TEXT NOT NULL UNIQUE REFERENCES entities (id)
);
",
};
