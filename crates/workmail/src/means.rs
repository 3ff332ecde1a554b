//! By what somebody has signed in, and whether it is still good.

use store::{Snapshot, Store};

use crate::{
    access::AccessAction, identity_provider::Configuration, personal_tokens::Token,
    recipients::MailUser,
};

/// By what somebody has signed in.
#[derive(Clone, Debug)]
pub(crate) enum Means {
    /// The password of the directory.
    Password,
    /// A personal access token, by its id.
    Token(String),
    /// A token of the OpenID Connect provider behind an instance of Identity Center, by its ARN.
    Provider(String),
}

impl Means {
    /// Whether the user's organization takes this, for this protocol, as things are now.
    pub(crate) async fn are_good(
        &self,
        snapshot: &mut Snapshot,
        user: &MailUser,
        protocol: AccessAction,
    ) -> Result<bool, store::Error> {
        let configuration = Configuration::find(snapshot, &user.organization_id).await?;
        match self {
            Self::Password => Ok(configuration.is_none_or(|found| found.takes_passwords())),
            Self::Token(id) => {
                let token = Token::find(snapshot, id).await?;
                let allows = token.is_some_and(|token| token.allows(protocol));
                Ok(allows && configuration.is_some_and(|found| found.takes_tokens()))
            }
            Self::Provider(instance) => {
                Ok(configuration.is_some_and(|found| found.instance_arn == *instance))
            }
        }
    }

    /// Writes down that somebody has signed in by this, where that is shown.
    pub(crate) async fn note_use(&self, store: &Store, now: world::Timestamp) {
        let Self::Token(id) = self else { return };
        if let Err(error) = Token::note_use(store, id, now).await {
            // Nothing depends upon it.
            tracing::debug!(%error, "the use of a personal access token was not written down");
        }
    }
}
