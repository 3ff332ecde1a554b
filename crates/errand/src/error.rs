//! Why an errand came back with nothing.

use std::time::Duration;

use crate::Url;

/// Why an errand came back with nothing. None of these carries what the other server said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host has no address, or the resolver does not answer.
    #[error("cannot resolve the host of `{url}`")]
    Resolve {
        /// Where it went.
        url: Url,
        /// What the resolver said.
        #[source]
        source: std::io::Error,
    },
    /// The host has only addresses that are not public.
    #[error("the host of `{0}` is not at a public address")]
    NotPublic(Url),
    /// It is a plain `http` URL, and the host has only public addresses.
    #[error("the host of `{0}` is at a public address, where plain http does not go")]
    NotPrivate(Url),
    /// No connection, or TLS failed: the certificate is not trusted, too old, or of another host.
    #[error("cannot connect to the host of `{url}`")]
    Connect {
        /// Where it went.
        url: Url,
        /// What the system or TLS said.
        #[source]
        source: std::io::Error,
    },
    /// The other server does not speak HTTP, or broke off.
    #[error("no answer from `{url}`")]
    Http {
        /// Where it went.
        url: Url,
        /// What went wrong.
        #[source]
        source: hyper::Error,
    },
    /// The answer is larger than what is read.
    #[error("the answer of `{url}` is larger than {bytes_max} bytes")]
    TooLarge {
        /// Where it went.
        url: Url,
        /// How much is read.
        bytes_max: usize,
    },
    /// It took too long.
    #[error("`{url}` did not answer within {timeout:?}")]
    TimedOut {
        /// Where it went.
        url: Url,
        /// How long was waited.
        timeout: Duration,
    },
}

impl Error {
    /// Whether the host was reached and its certificate not believed.
    pub fn is_untrusted(&self) -> bool {
        let Self::Connect { source, .. } = self else { return false };
        let tls = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    }
}
