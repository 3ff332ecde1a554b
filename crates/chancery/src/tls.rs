//! The certificate of the TLS listeners: the operator's, or one of our own making.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    config::Config,
    data_folder::{make_private_folder, write_new_private_file},
    failure::Failure,
};

/// What accepts TLS connections, with the configured certificate or a self-signed one that is made at
/// the first start and kept.
pub(crate) fn acceptor(config: &Config) -> Result<TlsAcceptor, Failure> {
    if let Some(acceptor) = configured(config)? {
        return Ok(acceptor);
    }
    let folder = config.data.data.join("tls");
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if !certificate.exists() {
        make_self_signed(&config.hostname, &folder, &certificate, &key)?;
    }
    load(&certificate, &key)
}

/// The same with the configured certificate alone, if there is one.
pub(crate) fn configured(config: &Config) -> Result<Option<TlsAcceptor>, Failure> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => load(certificate, key).map(Some),
        _ => Ok(None),
    }
}

fn load(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable("certificate", certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| unreadable("private key", key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Failure::of("cannot set up TLS"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(Failure::of("cannot use the TLS certificate"))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn make_self_signed(
    hostname: &str,
    folder: &Path,
    certificate: &Path,
    key: &Path,
) -> Result<(), Failure> {
    make_private_folder(folder)?;
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !names.iter().any(|name| name == hostname) {
        names.insert(0, hostname.to_owned());
    }
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(Failure::of("cannot make a TLS certificate"))?;
    // The key first: a certificate without its key would be taken for a finished pair.
    write_new_private_file(key, made.signing_key.serialize_pem().as_bytes())
        .map_err(Failure::file("cannot write the TLS key", key))?;
    write_new_private_file(certificate, made.cert.pem().as_bytes())
        .map_err(Failure::file("cannot write the TLS certificate", certificate))?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Failure::file("cannot sync the folder", folder))
}

fn unreadable(what: &str, path: &Path, error: &rustls::pki_types::pem::Error) -> Failure {
    Failure::new(format!("cannot read the TLS {what} `{}`: {error}", path.display()))
}
