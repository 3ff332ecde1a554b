//! Why there is no answer.

use hickory_resolver::{
    net::{DnsError, NetError},
    proto::op::ResponseCode,
};

/// Why a look-up found nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The name does not exist (NXDOMAIN), or can be no name.
    #[error("does not exist")]
    NoName,
    /// The name exists, without such records.
    #[error("has no such record")]
    NoRecord,
    /// It could not be found out; asked later, there may be an answer.
    #[error("{0}")]
    Failed(String),
}

impl LookupError {
    /// Whether the DNS answered that there is nothing (RFC 7208, section 4.6.4, calls that void).
    pub fn is_void(&self) -> bool {
        matches!(self, Self::NoName | Self::NoRecord)
    }

    pub(crate) fn of(error: &NetError) -> Self {
        match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NoName,
                ResponseCode::NoError => Self::NoRecord,
                code => Self::Failed(format!("the server answered {code}")),
            },
            error => Self::Failed(error.to_string()),
        }
    }
}

/// The configuration of the system cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the resolver: {0}")]
pub struct SetupError(pub(crate) String);
