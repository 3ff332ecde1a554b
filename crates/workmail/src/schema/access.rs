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
