//! What AWS's services have: actions, resource types, condition keys. Facts, no behaviour.
//!
//! ```
//! let service = actions::service("workmail").unwrap();
//! let action = service.action("createuser").unwrap();
//! assert_eq!((action.name(), action.access()), ("CreateUser", actions::Access::Write));
//! assert_eq!(action.resources().next().unwrap().resource.name(), "organization");
//! assert_eq!(service.matching("Search*").count(), 1);
//! assert_eq!(service.nearest_actions("ListUser")[0].name(), "ListUsers");
//! ```
//!
//! Every service of AWS is known by its prefix, but only those that the product answers for, or that
//! the policies name which it ships, have their tables here: for the others [`Service::is_known`] is
//! false, and nothing can be said of their actions. Retired actions are not in the tables;
//! [`is_retired`] knows those that old policies name.
//!
//! Names are looked up without case, as policies do. What varies in a key's name or an ARN is written
//! `${..}`. The source is AWS's Service Authorization Reference, see `models/actions.py`.
//!
//! What it must not know: policies, accounts, requests.

mod key;
mod nearest;
mod pattern;
mod resource;
mod retired;
mod service;

pub use key::{ConditionKey, KeyKind, condition_key, global_key, global_keys};
pub use pattern::matches;
pub use resource::{ResourceType, ResourceUse};
pub use retired::is_retired;
pub use service::{Access, Action, Service, action, nearest_services, service, services};

/// The tables, made by `build/`.
mod tables {
    use crate::{
        key::{ConditionKey, KeyKind},
        resource::{ResourceType, Use},
        service::{Access, Action, Service, Tables},
    };

    include!(concat!(env!("OUT_DIR"), "/tables.rs"));
}
