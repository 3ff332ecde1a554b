//! The sockets of the faces, and where they are.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::net::TcpListener;

use crate::{failure::Failure, listen::Listen};

/// The bound sockets of all faces that are on.
pub(crate) struct Listeners {
    /// The AWS API.
    pub(crate) api: Option<TcpListener>,
    /// The AWS API by TLS.
    pub(crate) api_tls: Option<TcpListener>,
    /// Mail from other servers.
    pub(crate) smtp: Option<TcpListener>,
    /// Mail from users.
    pub(crate) submission: Option<TcpListener>,
    /// IMAP.
    pub(crate) imap: Option<TcpListener>,
    /// Health and metrics.
    pub(crate) metrics: Option<TcpListener>,
}

impl Listeners {
    /// Binds them all, or says which could not be.
    pub(crate) async fn bind(listen: &Listen) -> Result<Self, Failure> {
        Ok(Self {
            api: bind("api", listen.api).await?,
            api_tls: bind("api-tls", listen.api_tls).await?,
            smtp: bind("smtp", listen.smtp).await?,
            submission: bind("submission", listen.submission).await?,
            imap: bind("imap", listen.imap).await?,
            metrics: bind("metrics", listen.metrics).await?,
        })
    }

    /// Where they are, with the ports that the system chose.
    pub(crate) fn addresses(&self) -> Result<Addresses, Failure> {
        Ok(Addresses {
            api: local(&self.api)?,
            api_tls: local(&self.api_tls)?,
            smtp: local(&self.smtp)?,
            submission: local(&self.submission)?,
            imap: local(&self.imap)?,
            metrics: local(&self.metrics)?,
        })
    }
}

async fn bind(face: &str, address: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {address} for {face}: {error}; `--{face}-listen` chooses another address"
        ))
    })?;
    Ok(Some(listener))
}

fn local(listener: &Option<TcpListener>) -> Result<Option<SocketAddr>, Failure> {
    let address = listener.as_ref().map(TcpListener::local_addr).transpose();
    address.map_err(Failure::io("cannot tell a listener's address"))
}

/// Where the server accepts.
#[derive(serde::Serialize)]
pub(crate) struct Addresses {
    api: Option<SocketAddr>,
    api_tls: Option<SocketAddr>,
    smtp: Option<SocketAddr>,
    submission: Option<SocketAddr>,
    imap: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
}

impl Addresses {
    /// Where clients of the API connect.
    pub(crate) fn api(&self) -> Option<SocketAddr> {
        self.api
    }

    /// Says in the log, and in the ready file, that the server accepts on all of them.
    pub(crate) fn announce(&self, ready_file: Option<&Path>) -> Result<(), Failure> {
        let text =
            serde_json::to_string(self).map_err(Failure::of("cannot write the addresses"))?;
        tracing::info!(addresses = %text, "ready");
        let Some(path) = ready_file else { return Ok(()) };
        // Renamed into place, so that who waits for the file never reads half of it.
        let mut draft = path.as_os_str().to_owned();
        draft.push(".draft");
        let draft = PathBuf::from(draft);
        std::fs::write(&draft, text + "\n")
            .and_then(|()| std::fs::rename(&draft, path))
            .map_err(Failure::file("cannot write the ready file", path))
    }
}
