//! The little of HTTP/1.1 that a load needs: one request, one answer, on a connection that stays open.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::outcome::Outcome;

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer that is read.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// A keep-alive connection, opened anew when the server closes it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    pub(crate) opened: usize,
}

/// An answer, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    head_len: usize,
    body_len: usize,
    closes: bool,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new(), opened: 0 }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.open()?,
        };
        stream.write_all(request)?;
        let head = read_answer(&mut stream, &mut self.buffer)?;
        if !head.closes {
            self.stream = Some(stream);
        }
        let body = &self.buffer[head.head_len..head.head_len + head.body_len];
        Ok(Answer { status: head.status, body })
    }

    fn open(&mut self) -> Outcome<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        self.opened += 1;
        Ok(stream)
    }
}

fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome<Head> {
    buffer.clear();
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(head) = Head::parse(buffer)?
            && buffer.len() >= head.head_len + head.body_len
        {
            return Ok(head);
        }
        let count = stream.read(&mut chunk)?;
        if count == 0 || buffer.len() > ANSWER_MAX_BYTES {
            return Err("the answer ended early, or did not end".into());
        }
        buffer.extend_from_slice(&chunk[..count]);
    }
}

impl Head {
    /// `None` while the head is not whole.
    fn parse(bytes: &[u8]) -> Outcome<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end])?;
        let status = text.split(' ').nth(1).ok_or("an answer without a status")?.parse()?;
        let body_len = header(text, "content-length").ok_or("an answer of unknown length")?;
        let closes = header(text, "connection").is_some_and(|to| to.eq_ignore_ascii_case("close"));
        Ok(Some(Self { status, head_len: end + 4, body_len: body_len.parse()?, closes }))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_whole() {
        let text = b"HTTP/1.1 403 Forbidden\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nno";
        let head = Head::parse(text).unwrap().unwrap();
        let expected = Head { status: 403, head_len: text.len() - 2, body_len: 2, closes: true };
        assert_eq!(head, expected);
        assert_eq!(Head::parse(&text[..40]).unwrap(), None);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
