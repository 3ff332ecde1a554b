//! Every bound of the SMTP face, by name.

use std::time::Duration;

/// Octets of one line in command mode. RFC 5321 section 4.5.3.1.4 asks for 512, the extensions add to
/// it, and RFC 4954 section 4 asks for 12,288 where an `AUTH` response can stand.
pub const MAX_LINE_OCTETS: usize = 12_288;

/// Octets of one line of a message, with its CRLF. RFC 5321 section 4.5.3.1.6 asks for 1,000 and allows
/// more; much real mail is longer, and a message is kept as it was sent.
pub const MAX_TEXT_LINE_OCTETS: usize = 65_536;

/// Octets of one address. RFC 5321 section 4.5.3.1.3 asks for 256; bulk senders code more into theirs.
pub const MAX_ADDRESS_OCTETS: usize = 512;

/// Parameters of one `MAIL` or `RCPT` command.
pub const MAX_PARAMETERS: usize = 16;

/// Refused commands after which a connection is closed.
pub const MAX_ERRORS: usize = 20;

/// Commands between two accepted messages that move nothing forward (`NOOP`, `RSET`, `VRFY`, ...).
pub const MAX_IDLE_COMMANDS: usize = 100;

/// Wrong passwords on one connection.
pub const MAX_AUTH_FAILURES: usize = 3;

/// Rest before a wrong password is told, so that guessing is slow.
pub const AUTH_FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// `Received` fields of a message, past which it goes in circles (RFC 5321 section 6.3: at least 100).
pub const MAX_RECEIVED_FIELDS: usize = 100;

/// Octets read and thrown away after a message was found to be too large, in multiples of the limit.
pub const MAX_DISCARD_FACTOR: usize = 2;

/// Wait for a command (RFC 5321 section 4.5.3.2.7).
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// Wait for a block of a message (RFC 5321 section 4.5.3.2.5).
pub const DATA_BLOCK_TIMEOUT: Duration = Duration::from_secs(180);

/// Time for the whole of one message.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Time for the whole of one connection.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// Time for a peer to take what is written to it.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for a TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time and octets for which a closed connection is still read, so that the last reply is not lost to
/// a reset (RFC 1122 section 4.2.2.13).
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// See [`LINGER_TIMEOUT`].
pub const LINGER_OCTETS: usize = 1 << 20;

/// Octets read from a socket at once.
pub const READ_OCTETS: usize = 16 * 1024;

/// The bounds that an operator may choose.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Octets of one message: 40 MiB, as WorkMail has it.
    pub message_octets: usize,
    /// Recipients of one message: 500, as WorkMail has it.
    pub recipients: usize,
    /// Octets of messages in memory, all connections together.
    pub in_flight_octets: usize,
    /// Of these, from one address.
    pub in_flight_octets_per_address: usize,
    /// Connections open at once.
    pub connections: usize,
    /// Connections open at once from one address.
    pub connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_octets: 40 << 20,
            recipients: 500,
            in_flight_octets: 512 << 20,
            in_flight_octets_per_address: 128 << 20,
            connections: 2_000,
            connections_per_address: 100,
        }
    }
}
