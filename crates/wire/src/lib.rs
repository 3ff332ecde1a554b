//! How AWS talks.
//!
//! The shapes, operations, constraints and errors of each service come from the compact models in
//! `models/`. The build script turns them into a module per service ([`iam`], [`sts`], [`workmail`]):
//! a struct per structure, a trait with one method per operation, and tables ([`ServiceModel`],
//! [`Shape`]). The codecs ([`aws_query`], [`aws_json`], [`rest_json`]), the constraint checks ([`validate()`]) and the
//! audit form ([`trail`]) are written once, by hand, over those tables. Between bytes and structs
//! stands [`Value`], a tree without names.
//!
//! A call goes: codec `operation` -> codec `decode` -> [`validate()`] -> `dispatch` of the service's
//! module -> codec `encode`, or `encode_error`.
//!
//! This crate knows no accounts, no storage, no sockets and no clock. It does not know HTTP either:
//! whoever does takes the status from [`Error::status`] and the content type from the codec.

pub mod aws_json;
pub mod aws_query;
mod convert;
mod error;
pub mod errors;
mod json;
mod nul;
mod path;
mod pattern;
mod percent;
pub mod rest_json;
mod sensitive;
mod service;
mod shape;
mod text;
mod timestamp;
pub mod trail;
mod uri;
mod validate;
mod value;

pub use convert::{Mismatch, Shaped};
pub use error::{Code, Error, ErrorKind, Fault};
pub use pattern::Pattern;
pub use sensitive::Sensitive;
pub use service::Answer;
pub use shape::{
    Bounds, Kind, List, Location, Map, Member, OperationModel, Protocol, ServiceModel, Shape, Text,
    TimestampFormat,
};
pub use uri::{Closeness, Labels, Template};
pub use validate::{Telling, validate};
pub use value::Value;

/// No codec reads a request of more bytes; a face may set a lower bound.
pub const MAX_REQUEST_BYTES: usize = 16 << 20;

/// IAM Access Analyzer, API version 2019-11-01.
pub mod accessanalyzer {
    include!(concat!(env!("OUT_DIR"), "/accessanalyzer.rs"));
}

/// AWS CloudTrail, API version 2013-11-01.
pub mod cloudtrail {
    include!(concat!(env!("OUT_DIR"), "/cloudtrail.rs"));
}

/// AWS Identity and Access Management, API version 2010-05-08.
pub mod iam {
    include!(concat!(env!("OUT_DIR"), "/iam.rs"));
}

/// Amazon CloudWatch Logs, API version 2014-03-28.
pub mod logs {
    include!(concat!(env!("OUT_DIR"), "/logs.rs"));
}

/// AWS Security Token Service, API version 2011-06-15.
pub mod sts {
    include!(concat!(env!("OUT_DIR"), "/sts.rs"));
}

/// Amazon WorkMail, API version 2017-10-01.
pub mod workmail {
    include!(concat!(env!("OUT_DIR"), "/workmail.rs"));
}

/// Amazon WorkMail Message Flow, API version 2019-05-01.
pub mod workmailmessageflow {
    include!(concat!(env!("OUT_DIR"), "/workmailmessageflow.rs"));
}
