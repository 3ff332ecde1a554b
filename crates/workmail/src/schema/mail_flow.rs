//! Tables of e-mail flow rules and SMTP gateways.

use store::Migration;

/// A revision stands where there are rules, and is another after each change of them: by it the mail side knows what
/// it has made ready. `smtp_gateway_id` says which gateway the action may lead to.
pub(super) const MAIL_FLOW: Migration = Migration {
    name: "workmail-0008-mail-flow",
    sql: "
CREATE TABLE mail_flow_rules (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    direction TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    action TEXT NOT NULL,
    smtp_gateway_id TEXT,
    sender_patterns TEXT NOT NULL,
    sender_count INTEGER NOT NULL,
    recipient_patterns TEXT NOT NULL,
    recipient_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, direction, id)
);
CREATE UNIQUE INDEX mail_flow_rules_by_name
    ON mail_flow_rules (organization_id, direction, name_key);

CREATE TABLE mail_flow_revisions (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    direction TEXT NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (organization_id, direction)
);

CREATE TABLE smtp_gateways (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls_mode TEXT NOT NULL,
    username TEXT NOT NULL,
    password BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX smtp_gateways_by_name ON smtp_gateways (organization_id, name_key);
",
};
