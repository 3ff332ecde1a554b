//! The tables of IAM.
//!
//! Names are kept as they were given, beside a folded form that makes them unique without case. Entities
//! are tied together by their ids, which are never reused, so a rename touches one row. Times are
//! microseconds since the epoch.

use store::Migration;

/// The steps that made IAM's tables, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "iam-0001-base", sql: BASE },
    crate::trail::EVENTS,
    Migration { name: "iam-0003-roles", sql: ROLES },
    crate::oidc_providers::SCHEMA,
    crate::mfa::SCHEMA,
    crate::credential_report::TABLE,
    crate::last_accessed::accesses::TABLE,
    crate::last_accessed::job::TABLE,
    crate::saml_providers::SCHEMA,
    crate::server_certificates::SCHEMA,
    crate::signing_certificates::SCHEMA,
    crate::ssh_keys::SCHEMA,
    crate::service_credentials::SCHEMA,
    crate::token_preferences::SCHEMA,
    crate::trail::LOOKUP,
    crate::fido::SCHEMA,
    crate::outbound_identity::SCHEMA,
    crate::trail::SUBJECTS,
];

const BASE: &str = "
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    alias TEXT UNIQUE,
    root_password_hash TEXT,
    root_password_last_used INTEGER,
    policy_epoch INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    password_last_used INTEGER,
    permissions_boundary TEXT,
    UNIQUE (account_id, name_key)
);
CREATE INDEX users_by_boundary ON users (account_id, permissions_boundary);

CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    user_id TEXT REFERENCES users (id),
    secret BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Active', 'Inactive')),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_service TEXT,
    last_used_region TEXT
);
CREATE INDEX access_keys_by_owner ON access_keys (account_id, user_id);
CREATE INDEX access_keys_by_user ON access_keys (user_id);

CREATE TABLE login_profiles (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    password_hash TEXT NOT NULL,
    reset_required INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
);

CREATE TABLE password_history (
    user_id TEXT NOT NULL REFERENCES users (id),
    replaced_at INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, replaced_at)
);

CREATE TABLE password_policies (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    minimum_length INTEGER NOT NULL,
    require_symbols INTEGER NOT NULL,
    require_numbers INTEGER NOT NULL,
    require_uppercase INTEGER NOT NULL,
    require_lowercase INTEGER NOT NULL,
    users_may_change INTEGER NOT NULL,
    max_age_days INTEGER NOT NULL,
    reuse_prevention INTEGER NOT NULL,
    hard_expiry INTEGER NOT NULL
);

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, name_key)
);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);

CREATE TABLE policies (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    arn TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    default_version INTEGER NOT NULL,
    next_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, name_key)
);

CREATE TABLE policy_versions (
    policy_id TEXT NOT NULL REFERENCES policies (id),
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (policy_id, version)
);

CREATE TABLE attachments (
    entity_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    entity_kind TEXT NOT NULL CHECK (entity_kind IN ('user', 'group', 'role')),
    attached_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, policy_arn)
);
CREATE INDEX attachments_by_policy ON attachments (account_id, policy_arn);

CREATE TABLE inline_policies (
    entity_id TEXT NOT NULL,
    name TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    entity_kind TEXT NOT NULL CHECK (entity_kind IN ('user', 'group', 'role')),
    document TEXT NOT NULL,
    PRIMARY KEY (entity_id, name)
);

CREATE TABLE tags (
    resource_id TEXT NOT NULL,
    key_fold TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource_id, key_fold)
);
";

/// A role's trust policy is kept as it was written. What its ARNs of users and roles meant when it was
/// stored is beside it, so that a namesake made later is not trusted.
const ROLES: &str = "
CREATE TABLE roles (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    max_session_duration INTEGER NOT NULL,
    permissions_boundary TEXT,
    trust_policy TEXT NOT NULL,
    linked_service TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_region TEXT,
    UNIQUE (account_id, name_key)
);
CREATE INDEX roles_by_boundary ON roles (account_id, permissions_boundary);

CREATE TABLE trust_principals (
    role_id TEXT NOT NULL REFERENCES roles (id),
    principal TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    PRIMARY KEY (role_id, principal)
);

CREATE TABLE instance_profiles (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    role_id TEXT REFERENCES roles (id),
    UNIQUE (account_id, name_key)
);
CREATE INDEX instance_profiles_by_role ON instance_profiles (role_id);

CREATE TABLE role_uses (
    role_arn TEXT NOT NULL,
    region TEXT NOT NULL,
    resource_arn TEXT NOT NULL,
    PRIMARY KEY (role_arn, region, resource_arn)
);

CREATE TABLE role_deletions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    ended_at INTEGER NOT NULL
);
CREATE INDEX role_deletions_by_account ON role_deletions (account_id, ended_at);

CREATE TABLE role_deletion_obstacles (
    task_id TEXT NOT NULL REFERENCES role_deletions (id),
    region TEXT NOT NULL,
    resource_arn TEXT NOT NULL,
    PRIMARY KEY (task_id, region, resource_arn)
);
";
