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
