//! Tables of resources.

use store::Migration;

/// The names of delegates are kept for the order of lists; those of users and groups never change.
pub(super) const RESOURCES: Migration = Migration {
    name: "workmail-0003-resources",
    sql: "
CREATE TABLE resource_details (
    entity_id TEXT PRIMARY KEY REFERENCES entities (id),
    organization_id TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    description TEXT,
    auto_accept INTEGER NOT NULL,
    decline_recurring INTEGER NOT NULL,
    decline_conflicting INTEGER NOT NULL
);
CREATE INDEX resource_details_by_organization ON resource_details (organization_id);

CREATE TABLE resource_delegates (
    resource_id TEXT NOT NULL REFERENCES entities (id),
    delegate_id TEXT NOT NULL REFERENCES entities (id),
    delegate_key TEXT NOT NULL,
    PRIMARY KEY (resource_id, delegate_key, delegate_id)
);
CREATE INDEX resource_delegates_by_delegate ON resource_delegates (delegate_id);
",
};
