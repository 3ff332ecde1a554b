//! Every bound of the crate, by name.

use std::time::Duration;

/// Longest line of a command, literals not counted. RFC 7162, section 4 asks for 8 KiB; real clients
/// name every message of a large folder one by one.
pub(crate) const MAX_LINE_BYTES: usize = 256 * 1024;
/// Longest line before the client has logged in: what RFC 4954, section 4 asks for where a token can stand.
pub(crate) const MAX_LINE_BEFORE_LOGIN_BYTES: usize = 12_288;
/// Largest literal of a command other than APPEND.
pub(crate) const MAX_LITERAL_BYTES: usize = 64 * 1024;
/// Largest literal before the client has logged in (a user name or a password).
pub(crate) const MAX_LITERAL_BEFORE_LOGIN_BYTES: usize = 1024;
/// Largest message that APPEND takes: WorkMail's 40 MB as MIME.
pub(crate) const MAX_APPEND_BYTES: usize = 40 * 1024 * 1024;
/// Largest command, its literals included, other than APPEND.
pub(crate) const MAX_COMMAND_BYTES: usize = 512 * 1024;

/// Ranges in one sequence or UID set.
pub(crate) const MAX_SET_RANGES: usize = 64 * 1024;
/// Depth of parentheses, NOT and OR in SEARCH. Clients write a choice among many as OR in OR.
pub(crate) const MAX_SEARCH_DEPTH: usize = 64;
/// Search keys in one SEARCH.
pub(crate) const MAX_SEARCH_KEYS: usize = 512;
/// Data items in one FETCH.
pub(crate) const MAX_FETCH_ITEMS: usize = 64;
/// Items in one FETCH that choose header fields. What they choose has to be copied.
pub(crate) const MAX_FIELD_SELECTIONS: usize = 4;
/// Header names in one BODY[HEADER.FIELDS (..)].
pub(crate) const MAX_HEADER_NAMES: usize = 128;
/// Numbers in a part specifier such as `1.2.3`.
pub(crate) const MAX_PART_DEPTH: usize = 32;
/// Flags in one flag list.
pub(crate) const MAX_FLAGS: usize = 64;
/// Length of a keyword, in bytes.
pub(crate) const MAX_KEYWORD_BYTES: usize = 128;
/// Patterns in one extended LIST.
pub(crate) const MAX_LIST_PATTERNS: usize = 16;
/// Field-value pairs in ID (RFC 2971, section 3.3).
pub(crate) const MAX_ID_PAIRS: usize = 30;
/// Names in one ENABLE.
pub(crate) const MAX_ENABLE_NAMES: usize = 32;

/// Bad commands in a row after which the server says BYE.
pub(crate) const MAX_BAD_COMMANDS: u32 = 20;
/// Failed logins on one connection after which the server says BYE.
pub(crate) const MAX_LOGIN_FAILURES: u32 = 3;
/// What a failed login waits before its answer, times the failures so far.
pub(crate) const LOGIN_FAILURE_DELAY: Duration = Duration::from_secs(2);

/// How long a client may take to log in.
pub(crate) const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a logged-in client may be silent (RFC 3501, section 5.4: at least 30 minutes).
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(30 * 60 + 10);
/// How long a client may pause inside a command that it has begun.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// How long a client may take to read a piece of what was sent to it before it is dropped.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How fast a client must read what is sent to it; the write timeout comes on top.
pub(crate) const MIN_READ_BYTES_PER_SECOND: usize = 16 * 1024;
/// How long the TLS handshake may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// Messages whose rows are read at once by FETCH, SEARCH and STORE.
pub(crate) const BATCH_MESSAGES: usize = 256;
/// Messages whose bodies are read at once, if they are small.
pub(crate) const BATCH_BODIES: usize = 16;
/// Bodies read at once stop at this sum of sizes; one larger body comes alone.
pub(crate) const BATCH_BODY_BYTES: u64 = 1024 * 1024;

/// Bodies larger than [`BATCH_BODY_BYTES`] that may be going out at the same time over all connections, and
/// commands larger than [`LARGE_COMMAND_BYTES`] that may be coming in; others wait.
pub(crate) const MAX_LARGE: usize = 16;
/// How many of each one mailbox may have.
pub(crate) const MAX_LARGE_PER_MAILBOX: usize = 4;
/// How long a FETCH waits for the place of a large body.
pub(crate) const LARGE_BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// A body of at least this size is kept for a moment after a FETCH, for clients that take it piece by piece.
pub(crate) const RECENT_BODY_BYTES: usize = 128 * 1024;
/// How long such a body is kept while the client is silent.
pub(crate) const RECENT_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// A command that is larger than this needs one of the places for large ones to go on.
pub(crate) const LARGE_COMMAND_BYTES: usize = 1024 * 1024;
/// Bytes taken from the socket at once.
pub(crate) const READ_BYTES: usize = 16 * 1024;

/// How often a client that idles in a folder of somebody else is checked to be still allowed to.
pub(crate) const ACCESS_INTERVAL: Duration = Duration::from_secs(4);
