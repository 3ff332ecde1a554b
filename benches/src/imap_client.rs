//! The little of IMAP that a load needs: commands one at a time, over TLS with whatever certificate comes.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use socket2::{Domain, Socket, Type};

use crate::outcome::Outcome;

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest answer that is read.
const ANSWER_MAX_BYTES: usize = 64 * 1024 * 1024;

/// A connection over TLS.
pub(crate) struct ImapClient {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

impl ImapClient {
    /// Connects from a loopback address: the server lets in only so many from each.
    pub(crate) fn connect(
        from: Ipv4Addr,
        address: SocketAddr,
        config: Arc<ClientConfig>,
    ) -> Outcome<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.connect(&address.into())?;
        let tcp = TcpStream::from(socket);
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let tls = ClientConnection::new(config, ServerName::try_from("localhost")?)?;
        let mut client = Self { stream: StreamOwned::new(tls, tcp), buffer: Vec::new() };
        client.read_until(|bytes| bytes.starts_with(b"* OK") && bytes.ends_with(b"\r\n"))?;
        Ok(client)
    }

    /// Sends a command and gives everything that is answered, its own OK included.
    pub(crate) fn command(&mut self, command: &str) -> Outcome<&[u8]> {
        self.stream.write_all(format!("z9 {command}\r\n").as_bytes())?;
        self.stream.flush()?;
        self.read_until(|bytes| last_line(bytes).is_some_and(|line| line.starts_with(b"z9 ")))?;
        let line = last_line(&self.buffer).unwrap_or_default();
        if !line.starts_with(b"z9 OK") {
            return Err(String::from_utf8_lossy(line).into());
        }
        Ok(&self.buffer)
    }

    fn read_until(&mut self, done: impl Fn(&[u8]) -> bool) -> Outcome<()> {
        self.buffer.clear();
        let mut chunk = [0; 16 * 1024];
        while !done(&self.buffer) {
            let count = self.stream.read(&mut chunk)?;
            if count == 0 || self.buffer.len() > ANSWER_MAX_BYTES {
                return Err("the answer ended early, or did not end".into());
            }
            self.buffer.extend_from_slice(&chunk[..count]);
        }
        Ok(())
    }
}

/// The last line, if it is whole.
fn last_line(bytes: &[u8]) -> Option<&[u8]> {
    let whole = bytes.strip_suffix(b"\r\n")?;
    let start = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Some(&whole[start..])
}

/// TLS that takes any certificate: the server under measurement signs its own.
pub(crate) fn any_certificate() -> Outcome<Arc<ClientConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_whole_one() {
        assert_eq!(last_line(b"* 1 FETCH ()\r\nz9 OK\r\n"), Some(&b"z9 OK"[..]));
        assert_eq!(last_line(b"z9 OK\r\n"), Some(&b"z9 OK"[..]));
        assert_eq!(last_line(b"* 1 FETCH"), None);
    }
}
