//! What becomes of an organization over time.

/// Where an organization is in its life (Administrator Guide, "Working with organizations").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Asked for.
    Requested,
    /// Being made.
    Creating,
    Active,
    /// It could not be made, and can only be deleted.
    Failed,
    /// Out of service, and being cleared away.
    Deleting,
    /// Nothing is left of it but its id.
    Deleted,
}

impl State {
    const ALL: [Self; 6] = [
        Self::Requested,
        Self::Creating,
        Self::Active,
        Self::Failed,
        Self::Deleting,
        Self::Deleted,
    ];

    /// As `DescribeOrganization` names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "Requested",
            Self::Creating => "Creating",
            Self::Active => "Active",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
        }
    }

    pub(super) fn of_column(text: &str) -> Result<Self, store::Error> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| store::Error::corrupt("the state of an organization"))
    }

    pub(super) fn is_in_the_making(self) -> bool {
        matches!(self, Self::Requested | Self::Creating)
    }

    /// Whether the worker will change it without being asked again.
    pub(super) fn is_under_way(self) -> bool {
        self.is_in_the_making() || self == Self::Deleting
    }

    /// Whether nothing can be done with it any more.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Deleting | Self::Deleted)
    }
}
