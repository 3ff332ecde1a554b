//! Tables of retention.

use store::Migration;

/// `place` keeps the order in which the rules were given.
pub(super) const RETENTION: Migration = Migration {
    name: "workmail-0004-retention",
    sql: "
CREATE TABLE retention_policies (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT
);

CREATE TABLE retention_rules (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    folder TEXT NOT NULL,
    place INTEGER NOT NULL,
    action TEXT NOT NULL,
    period_days INTEGER,
    PRIMARY KEY (organization_id, folder)
);
",
};
