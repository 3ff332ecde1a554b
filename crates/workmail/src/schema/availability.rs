//! Tables of availability configurations.

use store::Migration;

/// Of the columns after `changed_at`, those of the provider's kind are set. `password` is sealed.
pub(super) const AVAILABILITY: Migration = Migration {
    name: "workmail-0005-availability",
    sql: "
CREATE TABLE availability_configurations (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    domain TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    endpoint TEXT,
    username TEXT,
    password BLOB,
    lambda_arn TEXT,
    PRIMARY KEY (organization_id, domain)
);
",
};
