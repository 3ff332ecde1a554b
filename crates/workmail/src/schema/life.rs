//! Tables of how organizations come and go.

use store::Migration;

/// - `organizations.state` is as `DescribeOrganization` names it.
/// - `organization_wishes` say what an organization that is being made is to begin with; `domains` is a JSON list.
/// - `organization_removals` say what of one that is being deleted stays, and how much there was at the beginning.
/// - `directories.organization_id` is whose rows the users, groups and resources are; it is deleted where the
///   directory was kept. An alias belongs to the directory.
pub(super) const LIFE: Migration = Migration {
    name: "workmail-0005-life-of-organizations",
    sql: "
ALTER TABLE organizations ADD COLUMN state TEXT NOT NULL DEFAULT 'Active';
ALTER TABLE organizations ADD COLUMN completed_at INTEGER;
ALTER TABLE organizations ADD COLUMN error_message TEXT;
UPDATE organizations SET completed_at = created_at;
UPDATE organizations SET state = 'Deleted' WHERE deleted_at IS NOT NULL;
CREATE INDEX organizations_under_way ON organizations (state, id)
    WHERE state IN ('Requested', 'Creating', 'Deleting');

CREATE TABLE organization_wishes (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    domains TEXT NOT NULL,
    former_organization_id TEXT
);

CREATE TABLE organization_removals (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    keeps_directory INTEGER NOT NULL,
    total INTEGER NOT NULL
);

CREATE TABLE directories (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    alias_key TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL REFERENCES organizations (id)
);
INSERT INTO directories (id, account_id, region, alias_key, organization_id)
    SELECT directory_id, account_id, region, alias_key, id FROM organizations
    WHERE deleted_at IS NULL;
",
};

/// The kind of who has an address is kept with it: a list of groups by address would walk past all users else.
pub(super) const KINDS_OF_ADDRESSES: Migration = Migration {
    name: "workmail-0006-kinds-of-addresses",
    sql: "
ALTER TABLE addresses ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE addresses SET kind = (SELECT e.kind FROM entities e WHERE e.id = addresses.entity_id);
DROP INDEX addresses_primary;
CREATE INDEX addresses_primary ON addresses (organization_id, kind, address_key, entity_id)
    WHERE is_primary = 1;
",
};
