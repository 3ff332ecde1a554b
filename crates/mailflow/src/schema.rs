//! The tables of the queue and of messages in transit.

use store::Migration;

/// What the store must know before this room is opened.
pub const MIGRATIONS: &[Migration] = &[QUEUE, GATEWAYS, TRANSIT];

/// Which gateway of the message's organization takes it to a recipient; empty if the recipient's own server does.
const GATEWAYS: Migration = Migration {
    name: "mailflow-0002-gateways",
    sql: "ALTER TABLE queue_recipients ADD COLUMN gateway TEXT NOT NULL DEFAULT '';",
};

const QUEUE: Migration = Migration {
    name: "mailflow-0001-queue",
    sql: "
-- A message on its way to other servers. Its body is held in the mailbox room under this id.
CREATE TABLE queue_messages (
    id TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    body_id INTEGER NOT NULL,
    -- Octets of the body that are not sent on: the Return-Path line.
    skip_octets INTEGER NOT NULL,
    -- Empty for a notice, which is never answered by another.
    sender TEXT NOT NULL,
    utf8 INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

-- One row for each recipient that is still to be reached. Who works on it leaves a lease, and the time of
-- the next attempt is then when the lease ends: if the worker is lost, another one takes over.
CREATE TABLE queue_recipients (
    message_id TEXT NOT NULL REFERENCES queue_messages (id),
    recipient TEXT NOT NULL,
    domain TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    lease TEXT,
    last_error TEXT,
    PRIMARY KEY (message_id, recipient)
);
CREATE INDEX queue_recipients_by_time ON queue_recipients (next_attempt_at);
",
};

const TRANSIT: Migration = Migration {
    name: "mailflow-0003-transit",
    sql: "
-- A message that a flow rule showed to a function: it can be read, and its text replaced, until it expires. Its
-- body is held in the mailbox room under this id.
CREATE TABLE transit_messages (
    id TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    -- Of the organization: who may ask for the message.
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    outgoing INTEGER NOT NULL,
    body_id INTEGER NOT NULL,
    -- Octets of the body that are not shown: the Return-Path line.
    return_path_octets INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX transit_messages_by_expiry ON transit_messages (expires_at);

-- A function that is still to be called about a message, with what hangs on its answer, as JSON. Who makes the
-- call leaves a lease, and the time of the next attempt is then when the lease ends.
CREATE TABLE transit_calls (
    message_id TEXT PRIMARY KEY REFERENCES transit_messages (id),
    what TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    lease TEXT
);
CREATE INDEX transit_calls_by_time ON transit_calls (next_attempt_at);
",
};
