//! A message in transit, as policies see it and as calls find it.

use iam::door::{Caller, Resource, Target};
use mailflow::transit::{self, InTransit};
use store::Snapshot;
use wire::workmailmessageflow::errors::RESOURCE_NOT_FOUND;

/// The message of that id as a target of policies.
pub(crate) struct Named<'a>(pub(crate) &'a str);

impl Target for Named<'_> {
    /// The ARN names organization and direction. Of a message that the caller's account does not have here, nobody
    /// knows them.
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let id = self.0;
        let way = match find(snapshot, caller, id).await? {
            Some(message) => format!("{}/{}", message.organization, message.direction.as_path()),
            None => "unknown/unknown".to_owned(),
        };
        let (region, account) = (caller.region(), &caller.account);
        Ok(Resource::arn(format!(
            "arn:aws:workmailmessageflow:{region}:{account}:message/{way}/{id}"
        )))
    }
}

/// The message of that id, if it is of the caller's account and region. The caller has authorised.
pub(crate) async fn require(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<InTransit, wire::Error> {
    let message = find(snapshot, caller, id).await?;
    message.ok_or_else(|| RESOURCE_NOT_FOUND.with(format!("The message {id} cannot be found.")))
}

async fn find(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<Option<InTransit>, store::Error> {
    let home = (caller.account.as_str(), caller.region());
    transit::find(snapshot, home, id, caller.request.now).await
}

/// A failure of the flow, as the dispatcher knows it.
pub(crate) fn trouble(error: mailflow::Error) -> wire::Error {
    match error {
        mailflow::Error::Store(error) => error.into(),
        other => other.into(),
    }
}
