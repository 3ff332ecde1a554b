//! The tables of those who vouch for users.

use store::Migration;

/// Who vouches for the users of an organization, beside or in the place of its directory.
pub(super) const IDENTITY_PROVIDERS: Migration = Migration {
    name: "workmail-0003-identity-providers",
    sql: "
CREATE TABLE identity_center_applications (
    arn TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    instance_arn TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX identity_center_applications_by_account
    ON identity_center_applications (account_id, region);

CREATE TABLE identity_providers (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    mode TEXT NOT NULL,
    instance_arn TEXT NOT NULL,
    application_arn TEXT NOT NULL REFERENCES identity_center_applications (arn),
    tokens_status TEXT NOT NULL,
    token_lifetime_days INTEGER
);
CREATE INDEX identity_providers_by_application ON identity_providers (application_arn);
",
};

/// What is kept of a secret is its digest, sealed. The name key is kept for the order of lists.
pub(super) const PERSONAL_TOKENS: Migration = Migration {
    name: "workmail-0004-personal-access-tokens",
    sql: "
CREATE TABLE personal_access_tokens (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES entities (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    scopes TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER
);
CREATE INDEX personal_access_tokens_by_organization
    ON personal_access_tokens (organization_id, name_key, id);
CREATE INDEX personal_access_tokens_by_user ON personal_access_tokens (user_id, name_key, id);
",
};
