//! The table of e-mail monitoring.

use store::Migration;

/// - `log_group` is the name of a group of the organization's account and region, which may be gone meanwhile.
pub(super) const MONITORING: Migration = Migration {
    name: "workmail-0013-monitoring",
    sql: "
CREATE TABLE email_monitoring (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    role_arn TEXT NOT NULL,
    log_group TEXT NOT NULL
);
",
};
