//! The tables of this room.

mod access;
mod availability;
mod console;
mod domains;
mod exports;
mod identity;
mod life;
mod mail_flow;
mod monitoring;
mod resources;
mod retention;

use store::Migration;

/// What the store must know before this room is opened.
pub const MIGRATIONS: &[Migration] = &[
    FIRST,
    MAILBOX_PERMISSIONS,
    access::ACCESS_CONTROL,
    access::MOBILE_DEVICES,
    access::IMPERSONATION,
    identity::IDENTITY_PROVIDERS,
    resources::RESOURCES,
    retention::RETENTION,
    availability::AVAILABILITY,
    identity::PERSONAL_TOKENS,
    life::LIFE,
    console::JOURNALING,
    mail_flow::MAIL_FLOW,
    console::MIGRATION_ADMINS,
    life::KINDS_OF_ADDRESSES,
    exports::EXPORTS,
    domains::DOMAIN_PROOFS,
    console::MOBILE_DEVICES,
    monitoring::MONITORING,
    domains::INBOUND_DMARC,
];

/// Who may do what with the mailbox of another. The grantee's name key is kept for the order of lists.
const MAILBOX_PERMISSIONS: Migration = Migration {
    name: "workmail-0002-mailbox-permissions",
    sql: "
CREATE TABLE mailbox_permissions (
    owner_id TEXT NOT NULL REFERENCES entities (id),
    grantee_id TEXT NOT NULL REFERENCES entities (id),
    grantee_key TEXT NOT NULL,
    full_access INTEGER NOT NULL,
    send_as INTEGER NOT NULL,
    send_on_behalf INTEGER NOT NULL,
    PRIMARY KEY (owner_id, grantee_key, grantee_id)
);
CREATE INDEX mailbox_permissions_by_grantee ON mailbox_permissions (grantee_id, owner_id);
",
};

const FIRST: Migration = Migration {
    name: "workmail-0001-organizations",
    sql: "
-- An organization is never deleted from here: its id goes on answering, and is never used again.
CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    alias TEXT NOT NULL,
    alias_key TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    default_domain TEXT,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
);
CREATE UNIQUE INDEX organizations_by_alias ON organizations (alias_key) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_account ON organizations (account_id, region, alias_key, id);

CREATE TABLE organization_tags (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (organization_id, key)
);

-- A domain belongs to one organization of the whole installation.
CREATE TABLE mail_domains (
    name TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    is_test INTEGER NOT NULL,
    ownership TEXT NOT NULL,
    dkim TEXT NOT NULL,
    registered_at INTEGER NOT NULL
);
CREATE INDEX mail_domains_by_organization ON mail_domains (organization_id, name);

-- Users, groups and, later, resources: one pool of ids, names and addresses. The deleted stay as tombstones.
CREATE TABLE entities (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    state TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    enabled_at INTEGER,
    disabled_at INTEGER,
    deleted_at INTEGER
);
CREATE UNIQUE INDEX entities_by_living_name ON entities (organization_id, name_key)
    WHERE deleted_at IS NULL;
CREATE INDEX entities_by_name ON entities (organization_id, kind, name_key, id);
CREATE INDEX entities_by_state ON entities (organization_id, kind, state, name_key, id);

CREATE TABLE user_details (
    entity_id TEXT PRIMARY KEY REFERENCES entities (id),
    organization_id TEXT NOT NULL,
    role TEXT NOT NULL,
    display_name TEXT,
    display_key TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    initials TEXT,
    telephone TEXT,
    street TEXT,
    job_title TEXT,
    city TEXT,
    company TEXT,
    zip_code TEXT,
    department TEXT,
    country TEXT,
    office TEXT,
    identity_provider_user_id TEXT,
    identity_provider_key TEXT,
    identity_provider_identity_store_id TEXT
);
CREATE INDEX user_details_by_display ON user_details (organization_id, display_key, entity_id);
CREATE INDEX user_details_by_identity_provider
    ON user_details (organization_id, identity_provider_key, entity_id)
    WHERE identity_provider_key IS NOT NULL;

-- A new version with each password, so that what was verified against an older one is known to be stale.
CREATE TABLE user_passwords (
    entity_id TEXT PRIMARY KEY REFERENCES entities (id),
    hash TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
);

-- An address belongs to one entity, and is found by its lower-case form.
CREATE TABLE addresses (
    address_key TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    domain TEXT NOT NULL REFERENCES mail_domains (name),
    entity_id TEXT NOT NULL REFERENCES entities (id),
    is_primary INTEGER NOT NULL
);
CREATE INDEX addresses_by_entity ON addresses (entity_id, is_primary, address_key);
CREATE INDEX addresses_by_domain ON addresses (domain);
CREATE UNIQUE INDEX addresses_primary_of_entity ON addresses (entity_id) WHERE is_primary = 1;
CREATE INDEX addresses_primary ON addresses (organization_id, address_key, entity_id)
    WHERE is_primary = 1;

-- The name keys of both sides are kept for the order of lists; names never change.
CREATE TABLE memberships (
    group_id TEXT NOT NULL REFERENCES entities (id),
    member_id TEXT NOT NULL REFERENCES entities (id),
    group_key TEXT NOT NULL,
    member_key TEXT NOT NULL,
    PRIMARY KEY (group_id, member_key, member_id)
);
CREATE INDEX memberships_by_member ON memberships (member_id, group_key, group_id);

CREATE TABLE client_tokens (
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    input TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, region, operation, token)
);
CREATE INDEX client_tokens_by_age ON client_tokens (created_at);
",
};
