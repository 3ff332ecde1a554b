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

/// A device is found by its lower-case id. It is to be wiped while `wipe_requested_at` is set.
pub(super) const MOBILE_DEVICES: Migration = Migration {
    name: "workmail-0006-mobile-device-list",
    sql: "
CREATE TABLE mobile_policies (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    policy TEXT NOT NULL,
    modified_at INTEGER NOT NULL
);

CREATE TABLE mobile_devices (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    entity_id TEXT NOT NULL REFERENCES entities (id),
    device_key TEXT NOT NULL,
    device_id TEXT NOT NULL,
    device_type TEXT,
    model TEXT,
    operating_system TEXT,
    user_agent TEXT,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    wipe_requested_at INTEGER,
    wiped_at INTEGER,
    PRIMARY KEY (entity_id, device_key)
);
CREATE INDEX mobile_devices_by_organization ON mobile_devices (organization_id);
",
};
