//! Moves bytes between a stream and a client conversation.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time,
};

use super::{
    conversation::{Conversation, Step},
    stuffing::dot_stuff,
};

/// Wait for a reply (RFC 5321 section 4.5.3.2.1 to .3: 5 minutes).
const REPLY_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Wait for the verdict on a whole message (RFC 5321 section 4.5.3.2.6).
const VERDICT_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Wait for a block of a message to be taken (RFC 5321 section 4.5.3.2.5).
const BLOCK_TIMEOUT: Duration = Duration::from_secs(3 * 60);

/// Octets of such a block.
const BLOCK_OCTETS: usize = 64 * 1024;

/// Why a run over one stream ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// There is nothing more to say.
    Done,
    /// The server is ready for a handshake.
    StartTls,
}

/// Runs the conversation as far as it goes over `stream`.
pub(crate) async fn run<S>(
    conversation: &mut Conversation,
    stream: &mut S,
    content: &Bytes,
) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = BytesMut::new();
    loop {
        let step = conversation.advance(&mut input);
        write(stream, &conversation.take_output()).await?;
        match step {
            Step::Read => read(conversation, stream, &mut input).await?,
            Step::StartTls => return Ok(End::StartTls),
            Step::Send => {
                send(stream, content).await?;
                conversation.message_sent();
            }
            Step::Done => return Ok(End::Done),
        }
    }
}

async fn read<S: AsyncRead + Unpin>(
    conversation: &Conversation,
    stream: &mut S,
    input: &mut BytesMut,
) -> io::Result<()> {
    let wait = if conversation.is_sent() { VERDICT_TIMEOUT } else { REPLY_TIMEOUT };
    match time::timeout(wait, stream.read_buf(input)).await?? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// The message, dot-stuffed, and the final dot.
async fn send<S: AsyncWrite + Unpin>(stream: &mut S, content: &Bytes) -> io::Result<()> {
    let mut wire = dot_stuff(content);
    let end: &[u8] = if content.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
    wire.extend_from_slice(end);
    write(stream, &wire).await
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, octets: &[u8]) -> io::Result<()> {
    for block in octets.chunks(BLOCK_OCTETS) {
        time::timeout(BLOCK_TIMEOUT, stream.write_all(block)).await??;
    }
    time::timeout(BLOCK_TIMEOUT, stream.flush()).await?
}
