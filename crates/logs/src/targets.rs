//! What a call touches, as policies see it.

use iam::door::{Caller, Resource, Target};
use store::Snapshot;

use crate::{arns, groups, refusal, tags};

/// A group, for all but its tags.
pub(crate) struct OfGroup<'a> {
    pub(crate) name: &'a str,
    /// Tags that the call brings.
    pub(crate) change: Resource,
}

impl<'a> OfGroup<'a> {
    pub(crate) fn named(name: &'a str) -> Self {
        Self { name, change: Resource::default() }
    }
}

impl Target for OfGroup<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let arn = arns::stream(&caller.account, caller.region(), self.name, "");
        let tags = tags::of_name(snapshot, caller, self.name).await?;
        Ok(Resource { arn, ..self.change.clone() }.tagged(tags))
    }
}

/// A stream. It bears the tags of its group.
pub(crate) struct OfStream<'a> {
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

impl Target for OfStream<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let arn = arns::stream(&caller.account, caller.region(), self.group, self.name);
        let tags = tags::of_name(snapshot, caller, self.group).await?;
        Ok(Resource::arn(arn).tagged(tags))
    }
}

/// The name of the group that a request gives by its name, or by a name or ARN; one of the two.
pub(crate) fn group_of<'a>(
    caller: &Caller,
    name: Option<&'a str>,
    identifier: Option<&'a str>,
) -> Result<&'a str, wire::Error> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => identified(caller, identifier),
        (None, None) => {
            Err(refusal::invalid("Either logGroupName or logGroupIdentifier must be specified."))
        }
        (Some(_), Some(_)) => Err(refusal::invalid(
            "LogGroupName and LogGroupIdentifier are mutually exclusive, please provide only one.",
        )),
    }
}

/// The name of a group given by name or ARN. Those of other accounts and regions are out of reach.
pub(crate) fn identified<'a>(caller: &Caller, identifier: &'a str) -> Result<&'a str, wire::Error> {
    if !identifier.starts_with("arn:") {
        return if groups::is_name(identifier) { Ok(identifier) } else { Err(refusal::no_group()) };
    }
    let name = arns::group_name(identifier, &caller.account, caller.region());
    name.filter(|name| groups::is_name(name)).ok_or_else(|| {
        refusal::invalid(format!(
            "The log group {identifier} is not one of this account and region."
        ))
    })
}
