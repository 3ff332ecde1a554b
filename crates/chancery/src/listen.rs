//! `[listen]` of the configuration: where the server listens.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{cli, failure::Failure, options::pick};

/// The port of the API unless another one is given.
const API_PORT: u16 = 4080;

/// One address for each face; none if it is off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Listen {
    /// The AWS API.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) api: Option<SocketAddr>,
    /// The AWS API by TLS.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) api_tls: Option<SocketAddr>,
    /// Mail from other servers.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) smtp: Option<SocketAddr>,
    /// Mail from users.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) submission: Option<SocketAddr>,
    /// IMAP.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) imap: Option<SocketAddr>,
    /// `/healthz` and `/metrics`.
    #[serde(serialize_with = "address_or_off")]
    pub(crate) metrics: Option<SocketAddr>,
}

/// The file's own form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileListen {
    pub(crate) api: Option<String>,
    pub(crate) api_tls: Option<String>,
    pub(crate) smtp: Option<String>,
    pub(crate) submission: Option<String>,
    pub(crate) imap: Option<String>,
    pub(crate) metrics: Option<String>,
}

impl Listen {
    /// Flags, and the file where they say nothing; the defaults are on loopback.
    pub(crate) fn merge(options: &cli::Serve, file: &FileListen) -> Result<Self, Failure> {
        let api = pick(&options.api_listen, &file.api);
        let api_tls = pick(&options.api_tls_listen, &file.api_tls).or(Some("off".to_owned()));
        let smtp = pick(&options.smtp_listen, &file.smtp);
        let submission = pick(&options.submission_listen, &file.submission);
        let imap = pick(&options.imap_listen, &file.imap);
        let metrics = pick(&options.metrics_listen, &file.metrics);
        Ok(Self {
            api: address("api", api, API_PORT)?,
            api_tls: address("api-tls", api_tls, 4443)?,
            smtp: address("smtp", smtp, 4025)?,
            submission: address("submission", submission, 4465)?,
            imap: address("imap", imap, 4993)?,
            metrics: address("metrics", metrics, 4090)?,
        })
    }
}

/// The address of the API.
pub(crate) fn api_address(
    flag: &Option<String>,
    file: &FileListen,
) -> Result<Option<SocketAddr>, Failure> {
    address("api", pick(flag, &file.api), API_PORT)
}

fn address(face: &str, text: Option<String>, port: u16) -> Result<Option<SocketAddr>, Failure> {
    let Some(text) = text else { return Ok(Some((IpAddr::from([127, 0, 0, 1]), port).into())) };
    if text == "off" {
        return Ok(None);
    }
    let wrong = |_| {
        Failure::new(format!(
            "{face}-listen `{text}` is neither ADDRESS:PORT, as in 127.0.0.1:{port}, nor `off`"
        ))
    };
    text.parse().map(Some).map_err(wrong)
}

fn address_or_off<S: serde::Serializer>(
    address: &Option<SocketAddr>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => serializer.collect_str(address),
        None => serializer.serialize_str("off"),
    }
}
