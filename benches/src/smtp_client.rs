//! The little of SMTP that a load needs: one message after the other on one connection, pipelined.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::outcome::Outcome;

/// Longest wait for a reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection that has said EHLO.
pub(crate) struct SmtpClient {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
    line: String,
}

impl SmtpClient {
    pub(crate) fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        let replies = BufReader::new(stream.try_clone()?);
        let mut client = Self { stream, replies, line: String::new() };
        client.expect("220")?;
        client.stream.write_all(b"EHLO client.example\r\n")?;
        client.expect("250")?;
        Ok(client)
    }

    /// Sends a message, and says how long after its first byte the 250 came.
    pub(crate) fn send(&mut self, recipient: &str, message: &[u8]) -> Outcome<Duration> {
        let size = message.len();
        let envelope = format!(
            "MAIL FROM:<erika@client.example> SIZE={size}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
        );
        self.stream.write_all(envelope.as_bytes())?;
        self.expect("250")?;
        self.expect("250")?;
        self.expect("354")?;
        let began = Instant::now();
        self.stream.write_all(message)?;
        self.stream.write_all(b".\r\n")?;
        self.expect("250")?;
        Ok(began.elapsed())
    }

    /// Names a recipient, and says how long the answer took. No message follows.
    pub(crate) fn offer(&mut self, recipient: &str) -> Outcome<Duration> {
        self.stream.write_all(b"MAIL FROM:<erika@client.example>\r\n")?;
        self.expect("250")?;
        let began = Instant::now();
        self.stream.write_all(format!("RCPT TO:<{recipient}>\r\n").as_bytes())?;
        self.expect("250")?;
        let took = began.elapsed();
        self.stream.write_all(b"RSET\r\n")?;
        self.expect("250")?;
        Ok(took)
    }

    pub(crate) fn quit(mut self) -> Outcome<()> {
        self.stream.write_all(b"QUIT\r\n")?;
        self.expect("221")
    }

    /// Reads a reply, of one line or many (RFC 5321, section 4.2.1).
    fn expect(&mut self, code: &str) -> Outcome<()> {
        loop {
            self.line.clear();
            self.replies.read_line(&mut self.line)?;
            if !self.line.starts_with(code) {
                return Err(format!("`{}` instead of {code}", self.line.trim_end()).into());
            }
            if self.line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}
