//! The tables of the rules about who and what may reach a mailbox.

use store::Migration;

/// Who was organized before there were rules gets the rule that all begin with.
pub(super) const ACCESS_CONTROL: Migration = Migration {
    name: "workmail-0002-access-control",
    sql: "
CREATE TABLE access_control_rules (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    effect TEXT NOT NULL,
    description TEXT NOT NULL,
    conditions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, name)
);
INSERT INTO access_control_rules
    (organization_id, name, effect, description, conditions, created_at, modified_at)
    SELECT id, 'default', 'ALLOW', 'Default WorkMail Rule', '{}', 0, 0
    FROM organizations WHERE deleted_at IS NULL;
",
};

/// The first rule of those who were organized before has the id of the organization: ids are unique in one only.
pub(super) const MOBILE_DEVICES: Migration = Migration {
    name: "workmail-0003-mobile-devices",
    sql: "
CREATE TABLE mobile_device_rules (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    effect TEXT NOT NULL,
    description TEXT,
    conditions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
);
INSERT INTO mobile_device_rules
    (organization_id, id, name, effect, description, conditions, created_at, modified_at)
    SELECT id, id, 'default', 'ALLOW', 'Default WorkMail Rule', '{}', created_at, created_at
    FROM organizations WHERE deleted_at IS NULL;

-- A device is found by its lower-case id.
CREATE TABLE mobile_device_overrides (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    entity_id TEXT NOT NULL REFERENCES entities (id),
    device_key TEXT NOT NULL,
    device_id TEXT NOT NULL,
    effect TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, device_key)
);
CREATE INDEX mobile_device_overrides_by_device
    ON mobile_device_overrides (organization_id, device_key, entity_id);
",
};

pub(super) const IMPERSONATION: Migration = Migration {
    name: "workmail-0004-impersonation",
    sql: "
CREATE TABLE impersonation_roles (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    type TEXT NOT NULL,
    description TEXT,
    rules TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX impersonation_roles_by_name ON impersonation_roles (organization_id, name_key);
",
};
