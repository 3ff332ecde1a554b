//! Tokens of OpenID Connect providers, as what a user signs in with.
//!
//! There is no Identity Center here. The operator says of each of its instances which OpenID Connect provider
//! stands behind it, whom its tokens must be meant for, and which claim holds a user's address. An organization
//! that is configured with such an instance takes the tokens of that provider.

use std::time::Duration;

use errand::Client;
use federation::jwt::{Claims, Unverified};
use iam::issuer_keys::{Issuer, IssuerKeys};
use serde_json::Value;
use store::{Snapshot, Store, params};
use world::{Secret, Timestamp};

use crate::{
    Error,
    address::Lookup,
    identity_provider::Configuration,
    recipients::{self, MailUser, Recipient},
};

/// How far a provider's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);
/// The claim of an address, of which a provider can say that it was not verified (OpenID Connect Core 1.0,
/// section 5.1).
const EMAIL: &str = "email";

/// What the operator says of an instance of Identity Center.
#[derive(Clone, Debug)]
pub struct IdentityCenter {
    /// The ARN of the instance.
    pub instance: String,
    /// The OpenID Connect provider behind it.
    pub issuer: Issuer,
    /// Whom tokens must be meant for.
    pub audience: String,
    /// The claim that holds an address of the user.
    pub claim: String,
}

/// The OpenID Connect providers that the operator named, and the way to them.
pub struct Providers {
    errands: Client,
    keys: IssuerKeys,
    centers: Vec<IdentityCenter>,
}

/// A user for whom a provider vouches.
pub(crate) struct Vouched {
    pub(crate) user: MailUser,
    /// The instance of Identity Center whose provider it is.
    pub(crate) instance: String,
    /// The id that the user is to be known by from now on, if there is none yet.
    link: Option<String>,
}

impl Providers {
    /// The providers behind `centers`, asked for their keys by `errands`.
    pub fn new(errands: Client, centers: Vec<IdentityCenter>) -> Self {
        Self { errands, keys: IssuerKeys::default(), centers }
    }

    /// What a token says, if one of the providers signed it, and it is of now.
    ///
    /// # Errors
    /// [`Error::Provider`] if the provider's keys are not to be had.
    pub(crate) async fn claims(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Option<Claims>, Error> {
        let token = token.expose_text().and_then(|text| Unverified::parse(text).ok());
        let Some(token) = token else { return Ok(None) };
        let center = self.centers.iter().find(|center| center.is_of(token.issuer()));
        let Some(center) = center else { return Ok(None) };
        let keys = self.keys.of(&self.errands, &center.issuer, token.key_id(), now).await?;
        let claims = token.verify(&keys).ok();
        Ok(claims.filter(|claims| claims.check_time(now, LEEWAY).is_ok()))
    }

    /// The user for whom verified claims vouch: one of an organization that is configured with the provider.
    pub(crate) async fn user(
        &self,
        snapshot: &mut Snapshot,
        claims: &Claims,
    ) -> Result<Option<Vouched>, store::Error> {
        for center in &self.centers {
            let Some(address) = center.address(claims).and_then(Lookup::parse) else { continue };
            let found = recipients::by_address(snapshot, &address.key()).await?;
            let Some(Recipient::User(user)) = found else { continue };
            let configuration = Configuration::find(snapshot, &user.organization_id).await?;
            if configuration.is_none_or(|found| found.instance_arn != center.instance) {
                continue;
            }
            return Vouched::of(snapshot, user, center, claims.subject()).await;
        }
        Ok(None)
    }
}

impl IdentityCenter {
    fn is_of(&self, issuer: &str) -> bool {
        issuer.strip_prefix("https://") == Some(self.issuer.url.as_str())
    }

    /// The address in claims of this provider that are meant for us, unless it is known not to be verified.
    fn address<'c>(&self, claims: &'c Claims) -> Option<&'c str> {
        let is_meant = claims.audiences().contains(&self.audience);
        let is_doubtful =
            self.claim == EMAIL && claims.get("email_verified") == Some(&Value::Bool(false));
        if !self.is_of(claims.issuer()) || !is_meant || is_doubtful {
            return None;
        }
        claims.get(&self.claim)?.as_str()
    }
}

impl Vouched {
    /// A user who is known by an id (`IdentityProviderUserId`) must be the token's subject. Who is not gets the
    /// subject as id, where it has the form of one.
    async fn of(
        snapshot: &mut Snapshot,
        user: MailUser,
        center: &IdentityCenter,
        subject: &str,
    ) -> Result<Option<Self>, store::Error> {
        const SQL: &str = "SELECT identity_provider_user_id FROM user_details WHERE entity_id = $1";
        let known: Option<Option<String>> =
            snapshot.row(SQL, params![&user.id], |row| row.get(0)).await?;
        let link = match known.flatten() {
            Some(known) if known.eq_ignore_ascii_case(subject) => None,
            Some(_) => return Ok(None),
            None => Some(subject).filter(|subject| is_user_id(subject)).map(str::to_owned),
        };
        Ok(Some(Self { user, instance: center.instance.clone(), link }))
    }

    /// Remembers the user's id with the first sign-in. `false` if the user has got another one meanwhile.
    pub(crate) async fn link(&self, store: &Store) -> Result<bool, store::Error> {
        let Some(subject) = &self.link else { return Ok(true) };
        let mut tx = store.write().await?;
        const SQL: &str = "UPDATE user_details \
            SET identity_provider_user_id = $2, identity_provider_key = $3 \
            WHERE entity_id = $1 AND identity_provider_user_id IS NULL";
        let row = params![&self.user.id, subject, subject.to_lowercase()];
        let linked = tx.execute(SQL, row).await? > 0;
        tx.commit().await?;
        Ok(linked)
    }
}

/// `([0-9a-f]{10}-|)` and a UUID: `IdentityProviderUserId` of the model.
fn is_user_id(text: &str) -> bool {
    const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts: Vec<&str> = text.split('-').collect();
    if parts.len() == UUID_PARTS.len() + 1 {
        let store = parts.remove(0);
        if store.len() != 10 || !is_hex(store) || store.contains(char::is_uppercase) {
            return false;
        }
    }
    parts.len() == UUID_PARTS.len()
        && parts.iter().zip(UUID_PARTS).all(|(part, len)| part.len() == len && is_hex(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_model_takes_becomes_an_id() {
        for id in [
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "0123456789-F81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ] {
            assert!(is_user_id(id), "{id}");
        }
        for other in [
            "ada",
            "",
            "F123456789-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ] {
            assert!(!is_user_id(other), "{other}");
        }
    }
}
