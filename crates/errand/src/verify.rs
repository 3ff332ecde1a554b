//! The check of a server's certificate.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::{parse_x509_certificate, time::ASN1Time};

use crate::Trust;

/// Believes the system's authorities, and certificates by their thumbprints.
///
/// That a chain carries a certificate with a known thumbprint says nothing by itself: anybody can append it.
/// So it must be the server's own, whose key the handshake proves, or the chain must be valid with it as root.
/// Name and time are checked in any case.
#[derive(Debug)]
pub(crate) struct Verifier {
    system: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    trust: Trust,
}

impl Verifier {
    /// `system` is none where the system has no authorities.
    pub(crate) fn new(
        system: Option<Arc<WebPkiServerVerifier>>,
        provider: Arc<CryptoProvider>,
        trust: Trust,
    ) -> Self {
        Self { system, provider, trust }
    }

    fn verify_by_thumbprint(
        &self,
        presented: &Presented<'_>,
        refusal: Error,
    ) -> Result<ServerCertVerified, Error> {
        if self.trust.names(presented.end_entity) {
            return presented.verify_alone();
        }
        let root = presented.intermediates.iter().find(|certificate| self.trust.names(certificate));
        let Some(root) = root else { return Err(refusal) };
        let mut roots = RootCertStore::empty();
        roots.add(root.clone())?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&self.provider))
                .build()
                .map_err(|error| Error::General(error.to_string()))?;
        presented.verify_with(&verifier)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trust.is_blind() {
            return Ok(ServerCertVerified::assertion());
        }
        let presented = Presented { end_entity, intermediates, server_name, ocsp_response, now };
        let result = match &self.system {
            Some(system) => presented.verify_with(system),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        match result {
            Err(error) if !self.trust.is_system_only() => {
                self.verify_by_thumbprint(&presented, error)
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What a server showed of itself.
struct Presented<'a> {
    end_entity: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    server_name: &'a ServerName<'a>,
    ocsp_response: &'a [u8],
    now: UnixTime,
}

impl Presented<'_> {
    fn verify_with(&self, verifier: &WebPkiServerVerifier) -> Result<ServerCertVerified, Error> {
        verifier.verify_server_cert(
            self.end_entity,
            self.intermediates,
            self.server_name,
            self.ocsp_response,
            self.now,
        )
    }

    /// The server's certificate is known itself, so no chain is needed: only its name and its time.
    fn verify_alone(&self) -> Result<ServerCertVerified, Error> {
        verify_server_name(&ParsedCertificate::try_from(self.end_entity)?, self.server_name)?;
        let (_, certificate) = parse_x509_certificate(self.end_entity)
            .map_err(|_| Error::from(CertificateError::BadEncoding))?;
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        let now = ASN1Time::from_timestamp(now)
            .map_err(|_| Error::from(CertificateError::BadEncoding))?;
        if !certificate.validity().is_valid_at(now) {
            return Err(CertificateError::Expired.into());
        }
        Ok(ServerCertVerified::assertion())
    }
}
