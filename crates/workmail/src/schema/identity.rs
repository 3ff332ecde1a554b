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
