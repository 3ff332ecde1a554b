//! The principals of a statement compiled, and whom they mean.

use crate::{
    asker::{Asker, Named},
    document::{self, PrincipalKind},
};

/// `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub(crate) struct Principals {
    negated: bool,
    entries: Box<[(PrincipalKind, Box<str>)]>,
}

impl Principals {
    pub(crate) fn new(written: &document::Principals) -> Self {
        let entries = written.entries.iter();
        Self {
            negated: written.negated,
            entries: entries.map(|entry| (entry.kind, entry.value.value.clone())).collect(),
        }
    }

    /// How the statement, which permits, names the asker. One with `NotPrincipal` means everyone of whom
    /// it names nothing.
    pub(crate) fn permit(&self, asker: &dyn Asker) -> Option<Named> {
        let strongest = self.ways(asker).max();
        if self.negated {
            return strongest.is_none().then_some(Named::Anyone);
        }
        strongest
    }

    /// Whether the statement, which denies, means the asker. One with `NotPrincipal` spares only whom it
    /// names in every way there is: a session also by its role and its account.
    pub(crate) fn deny(&self, asker: &dyn Asker) -> bool {
        if !self.negated {
            return self.ways(asker).next().is_some();
        }
        let lists = |name: Named| self.ways(asker).any(|way| way == name);
        let names = asker.names();
        let spared = !names.is_empty() && names.iter().all(|name| lists(*name));
        !spared && !lists(Named::Anyone)
    }

    fn ways(&self, asker: &dyn Asker) -> impl Iterator<Item = Named> {
        self.entries.iter().filter_map(|(kind, value)| asker.named_by(*kind, value))
    }
}
