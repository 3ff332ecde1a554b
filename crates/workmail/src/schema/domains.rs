//! Tables of what proves that a domain is its organization's, and of the keys that sign its mail.

use store::Migration;

/// `checking_since` is when the time in which the records must appear began; `next_check_at` is absent when there
/// is nothing to look for.
pub(super) const DOMAIN_PROOFS: Migration = Migration {
    name: "workmail-0013-domain-proofs",
    sql: "
CREATE TABLE domain_proofs (
    domain TEXT PRIMARY KEY REFERENCES mail_domains (name) ON DELETE CASCADE,
    token TEXT NOT NULL,
    checking_since INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    next_check_at INTEGER
);
CREATE INDEX domain_proofs_due ON domain_proofs (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE domain_keys (
    domain TEXT PRIMARY KEY REFERENCES mail_domains (name) ON DELETE CASCADE,
    selector TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
",
};

/// An organization that is not here obeys.
pub(super) const INBOUND_DMARC: Migration = Migration {
    name: "workmail-0014-inbound-dmarc",
    sql: "
CREATE TABLE inbound_dmarc (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    enforced INTEGER NOT NULL
);
",
};
