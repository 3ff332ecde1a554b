//! Services and their actions.

use crate::{
    key::{self, ConditionKey},
    nearest, pattern,
    resource::{ResourceType, ResourceUse, Use},
    tables::SERVICES,
};

/// A service of AWS, as policies name it.
#[derive(Debug)]
pub struct Service {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    pub(crate) tables: Option<Tables>,
}

/// What is known of a service. Rows are sorted by name without case.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) keys: &'static [ConditionKey],
    pub(crate) resources: &'static [ResourceType],
    pub(crate) actions: &'static [Action],
    /// Lists of places in `keys`; rows name a list by its place here.
    pub(crate) lists: &'static [&'static [u16]],
}

/// An action of a service.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    pub(crate) service: u16,
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) resources: &'static [Use],
    pub(crate) keys: u16,
}

/// What an action does, in AWS's classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Tells which resources there are.
    List,
    /// Tells what is in them.
    Read,
    /// Changes them.
    Write,
    /// Changes who may do what.
    PermissionsManagement,
    /// Changes tags.
    Tagging,
}

/// Longer patterns are made to cost time: AWS's names have at most 64 characters.
const PATTERN_BYTES_MAX: usize = 256;

/// All services, sorted by prefix.
#[must_use]
pub fn services() -> &'static [Service] {
    SERVICES
}

/// The service with that prefix.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    find(SERVICES, prefix, |service| service.prefix)
}

/// The action that `text` names, as in `iam:PassRole`; wildcards name none.
#[must_use]
pub fn action(text: &str) -> Option<&'static Action> {
    let (prefix, name) = text.split_once(':')?;
    service(prefix)?.action(name)
}

/// The services whose prefixes look most like `prefix`.
#[must_use]
pub fn nearest_services(prefix: &str) -> Vec<&'static Service> {
    nearest::nearest(prefix, SERVICES, |service| service.prefix)
}

impl Service {
    /// The part of an action before the colon.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the service's tables are here. If not, it has no actions, resource types and keys.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.tables.is_some()
    }

    /// All actions, sorted by name.
    #[must_use]
    pub fn actions(&self) -> &'static [Action] {
        self.tables.as_ref().map_or(&[], |tables| tables.actions)
    }

    /// The action with that name; its case does not count.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&'static Action> {
        find(self.actions(), name, |action| action.name)
    }

    /// The actions that a name with `*` and `?` stands for; none if it is longer than 256 bytes.
    pub fn matching<'a>(&self, name: &'a str) -> impl Iterator<Item = &'static Action> + use<'a> {
        // The rows between the first and the last that begin with the text before the first wildcard.
        let end = name.find(['*', '?']).unwrap_or(name.len());
        let actions = if name.len() > PATTERN_BYTES_MAX { &[] } else { self.actions() };
        let prefix = &name[..end];
        let start = actions.partition_point(|action| cut(action.name, end) < Folded(prefix));
        actions[start..]
            .iter()
            .take_while(move |action| cut(action.name, end) == Folded(prefix))
            .filter(move |action| pattern::matches(name, action.name))
    }

    /// The actions whose names look most like `name`.
    #[must_use]
    pub fn nearest_actions(&self, name: &str) -> Vec<&'static Action> {
        nearest::nearest(name, self.actions(), |action| action.name)
    }

    /// All resource types, sorted by name.
    #[must_use]
    pub fn resources(&self) -> &'static [ResourceType] {
        self.tables.as_ref().map_or(&[], |tables| tables.resources)
    }

    /// All condition keys that the service's actions and resources have, sorted by name.
    #[must_use]
    pub fn keys(&self) -> &'static [ConditionKey] {
        self.tables.as_ref().map_or(&[], |tables| tables.keys)
    }

    /// The condition key that `name` is.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static ConditionKey> {
        key::find(self.keys(), name)
    }

    pub(crate) fn list(&self, list: u16) -> impl Iterator<Item = &'static ConditionKey> + use<> {
        let keys = self.keys();
        let lists = self.tables.as_ref().map_or(&[][..], |tables| tables.lists);
        let places = lists.get(usize::from(list)).copied().unwrap_or_default();
        places.iter().filter_map(move |&place| keys.get(usize::from(place)))
    }
}

impl Action {
    /// The name, as in `CreateUser`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        &SERVICES[usize::from(self.service)]
    }

    /// What it does.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// The resource types that it works on. None: policies allow it on `*` only.
    pub fn resources(&self) -> impl Iterator<Item = ResourceUse> + use<> {
        let service = self.service();
        self.resources.iter().filter_map(move |row| row.resolve(service))
    }

    /// The condition keys that it has whatever the resource, beside the global ones.
    pub fn keys(&self) -> impl Iterator<Item = &'static ConditionKey> + use<> {
        self.service().list(self.keys)
    }

    /// Whether a request for it may have the condition key `name`, by the action itself or by one of its
    /// resources. Global keys are not looked at, save for tags, which only some actions have.
    #[must_use]
    pub fn has_key(&self, name: &str) -> bool {
        self.keys().any(|key| key.is(name))
            || self.resources().any(|used| {
                used.keys().any(|key| key.is(name)) || used.resource.keys().any(|key| key.is(name))
            })
    }
}

/// The row whose name is `name` but for case.
fn find<T>(rows: &'static [T], name: &str, of: fn(&T) -> &'static str) -> Option<&'static T> {
    let place = rows.binary_search_by(|row| Folded(of(row)).cmp(&Folded(name))).ok()?;
    rows.get(place)
}

/// The first `length` bytes of a name of ASCII letters.
fn cut(name: &'static str, length: usize) -> Folded<'static> {
    Folded(name.get(..length).unwrap_or(name))
}

/// ASCII text compared without case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folded<'a>(pub(crate) &'a str);

impl Ord for Folded<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = self.0.bytes().map(|byte| byte.to_ascii_lowercase());
        left.cmp(other.0.bytes().map(|byte| byte.to_ascii_lowercase()))
    }
}

impl PartialOrd for Folded<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Folded<'_> {}
