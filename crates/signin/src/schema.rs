//! The tables of this room.

use store::Migration;

/// What the store must know before this room is opened.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "signin-0001-base",
    sql: "
-- Step tokens that were used, until they would have expired anyway.
CREATE TABLE used_tokens (
    id TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
CREATE INDEX used_tokens_by_end ON used_tokens (expires_at);

-- Addresses from which somebody signed in: a user's id, or the account's number for root.
CREATE TABLE known_addresses (
    person TEXT NOT NULL,
    address TEXT NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (person, address)
);

-- Accounts that wait for their code. The code is sealed; none where the address has an account already.
CREATE TABLE sign_ups (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    account_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    code BLOB,
    tries_left INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX sign_ups_by_end ON sign_ups (expires_at);

-- E-mail addresses of root that wait for their code, one for an account.
CREATE TABLE email_changes (
    account_id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    code BLOB,
    tries_left INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
",
}];
