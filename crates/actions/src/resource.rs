//! Resource types.

use crate::{key::ConditionKey, pattern, service::Service, tables::SERVICES};

/// A kind of thing that a service keeps.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    pub(crate) service: u16,
    pub(crate) name: &'static str,
    pub(crate) arn: &'static str,
    pub(crate) keys: u16,
}

/// The place of a resource type in an action, as the tables keep it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) resource: u16,
    pub(crate) required: bool,
    pub(crate) keys: u16,
}

/// A resource type that an action works on.
#[derive(Clone, Copy, Debug)]
pub struct ResourceUse {
    /// The type.
    pub resource: &'static ResourceType,
    /// Whether every call names such a resource.
    pub required: bool,
    keys: u16,
}

impl Use {
    pub(crate) fn resolve(&self, service: &Service) -> Option<ResourceUse> {
        let resource = service.resources().get(usize::from(self.resource))?;
        Some(ResourceUse { resource, required: self.required, keys: self.keys })
    }
}

impl ResourceUse {
    /// The condition keys that the action has when it works on this type.
    pub fn keys(&self) -> impl Iterator<Item = &'static ConditionKey> + use<> {
        self.resource.service().list(self.keys)
    }
}

impl ResourceType {
    /// The name, as in `organization`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The form of its ARNs, as in `arn:${Partition}:workmail:${Region}:${Account}:organization/${ResourceId}`.
    #[must_use]
    pub fn arn(&self) -> &'static str {
        self.arn
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        &SERVICES[usize::from(self.service)]
    }

    /// The condition keys that tell about such a resource.
    pub fn keys(&self) -> impl Iterator<Item = &'static ConditionKey> + use<> {
        self.service().list(self.keys)
    }

    /// Whether `arn` has the form of this type's ARNs, the case of ASCII letters aside.
    #[must_use]
    pub fn fits(&self, arn: &str) -> bool {
        pattern::fits(self.arn, arn)
    }
}
