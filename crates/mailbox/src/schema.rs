//! The tables.
//!
//! A message in a mailbox costs one row of `messages` with two more indexes (by change, by body) and its share
//! of one row of `bodies`; each folder's rows grow at their end. Every way in which a client asks "what is new since" is a range
//! of `messages_by_modseq` and `tombstones`.

use store::Migration;

/// The tables of this room, to be given to `store::Store::open`.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "mailbox-0001-mailboxes", sql: MAILBOXES }, FOLDER_RIGHTS];

/// - `mailboxes.owner` is the id of the entity whose mailbox it is; ids of entities are never used again.
/// - `mailboxes.modseq`, `uid_validity` and `item_last` are counters: the last number given out.
/// - `mailboxes.purge_at` is set while the mailbox is out of service: from then on its rows may go.
/// - `folders.modseq` is that of the folder's own last change (name, subscription), `highest_modseq` that of
///   the last change to a message in it. `forgotten_modseq` is the newest change whose tombstone is gone.
/// - `tombstones` outlive their folder, so that who follows a whole mailbox learns what a deleted folder held.
/// - `bodies.blob` is where the store put the bytes.
/// - `body_holds` keeps a body that no message names, for a holder outside this room, such as a queue.
/// - `loose_bodies` are those that lost a message or a hold: they are looked at, and deleted if unused.
const MAILBOXES: &str = "
CREATE TABLE mailboxes (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    quota_bytes INTEGER NOT NULL,
    used_bytes INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    item_last INTEGER NOT NULL,
    provisioned_at INTEGER NOT NULL,
    deprovisioned_at INTEGER,
    purge_at INTEGER
);
CREATE INDEX mailboxes_by_organization ON mailboxes (organization);
CREATE INDEX mailboxes_by_purge ON mailboxes (purge_at);

CREATE TABLE folders (
    id INTEGER PRIMARY KEY,
    mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
    name TEXT NOT NULL,
    role TEXT,
    subscribed INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    highest_modseq INTEGER NOT NULL,
    forgotten_modseq INTEGER NOT NULL,
    total INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    UNIQUE (mailbox_id, name)
);

CREATE TABLE deleted_folders (
    mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
    modseq INTEGER NOT NULL,
    folder_id INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, modseq, folder_id)
) WITHOUT ROWID;

CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    blob BLOB NOT NULL,
    summary BLOB NOT NULL
);

CREATE TABLE messages (
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    uid INTEGER NOT NULL,
    body_id INTEGER NOT NULL REFERENCES bodies (id),
    item_id INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    keywords TEXT,
    received_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (folder_id, uid)
) WITHOUT ROWID;
CREATE INDEX messages_by_modseq ON messages (folder_id, modseq);
CREATE INDEX messages_by_body ON messages (body_id);

CREATE TABLE tombstones (
    folder_id INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (folder_id, modseq, uid)
) WITHOUT ROWID;

CREATE TABLE body_holds (
    body_id INTEGER NOT NULL REFERENCES bodies (id),
    holder TEXT NOT NULL,
    PRIMARY KEY (body_id, holder)
) WITHOUT ROWID;

CREATE TABLE loose_bodies (
    body_id INTEGER PRIMARY KEY REFERENCES bodies (id)
);
";

/// - `folder_rights.grantee` is a name that the caller gives meaning to; `rights` are the bits of `Rights`.
/// - `shared_subscriptions` are the folders of others that the owner of `mailbox_id` wants shown.
const FOLDER_RIGHTS: Migration = Migration {
    name: "mailbox-0002-folder-rights",
    sql: "
CREATE TABLE folder_rights (
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    grantee TEXT NOT NULL,
    rights INTEGER NOT NULL,
    PRIMARY KEY (folder_id, grantee)
) WITHOUT ROWID;
CREATE INDEX folder_rights_by_grantee ON folder_rights (grantee, folder_id);

CREATE TABLE shared_subscriptions (
    mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    PRIMARY KEY (mailbox_id, folder_id)
) WITHOUT ROWID;
CREATE INDEX shared_subscriptions_by_folder ON shared_subscriptions (folder_id);
",
};
