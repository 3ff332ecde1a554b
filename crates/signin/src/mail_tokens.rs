//! Personal access tokens: a person signs in to their mailbox here, and gets a password for one mail program.

use iam::door::RequestFacts;
use serde::{Deserialize, Deserializer, Serialize};
use wire::Sensitive;
use workmail::{AccessAction, SignIn, TokenError, TokenWish, Visit};
use world::Timestamp;

use crate::{
    Refusal, Service,
    credentials::{exposed, iso8601},
    limits::{Key, household},
};

/// Octets of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const EMAIL_OCTETS_MAX: usize = 254;

/// Who wants a token, and what kind of one. Either the address and the password of the mailbox, or a token of the
/// organization's OpenID Connect provider.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailTokenForm {
    /// An address of the mail user.
    pub email: Option<String>,
    /// The password of the mailbox.
    #[serde(default, deserialize_with = "optional")]
    pub password: Option<Sensitive>,
    /// A token of the provider.
    #[serde(default, deserialize_with = "optional")]
    pub id_token: Option<Sensitive>,
    /// What the person will know the token by.
    pub name: String,
    /// Days until it expires: 1 to 3653, or as few as the organization has it.
    pub lifetime_in_days: Option<i32>,
    /// The protocols that it is good for.
    pub scopes: Option<Vec<String>>,
}

/// A token that was made. This is the only time that it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailToken {
    /// Names it to administrators.
    pub personal_access_token_id: String,
    /// What to give to the mail program in the place of a password.
    #[serde(serialize_with = "exposed")]
    pub token: Sensitive,
    /// The protocols that it is good for.
    pub scopes: Vec<String>,
    /// When it ends.
    #[serde(serialize_with = "iso8601")]
    pub expires_time: Timestamp,
}

/// What the person shows.
enum Shown<'f> {
    Password { email: &'f str, password: &'f Sensitive },
    IdToken(&'f Sensitive),
}

impl Service {
    /// Makes a personal access token. The access rules of the organization are asked as for its web client.
    ///
    /// # Errors
    /// [`Refusal::Incorrect`], [`Refusal::TooMany`], [`Refusal::AccessRules`]; [`Refusal::MailToken`] for what
    /// the organization does not have or the wish cannot be.
    pub async fn mail_token(
        &self,
        visit: &RequestFacts,
        form: &MailTokenForm,
    ) -> Result<MailToken, Refusal> {
        let shown = form.shown()?;
        let admitted = self
            .limits
            .admit(keys(&shown, visit), visit.now)
            .map_err(|turned| Refusal::TooMany { retry_after: turned.until.since(visit.now) })?;
        let user = self.mail_user(&shown, visit).await;
        if matches!(user, Ok(_) | Err(Refusal::AccessRules)) {
            self.limits.forgive(admitted);
        }
        let user = user?;
        let wish = TokenWish {
            name: form.name.clone(),
            lifetime_days: form.lifetime_in_days,
            scopes: form.scopes.clone(),
        };
        let made = again!(async {
            self.mail_users.make_token(&user, &wish).await.map_err(Refusal::from)
        })?;
        tracing::info!(token = made.id, user = user.user().id, "a personal access token was made");
        Ok(MailToken {
            personal_access_token_id: made.id,
            token: made.token,
            scopes: made.scopes,
            expires_time: made.expires_at,
        })
    }

    async fn mail_user(&self, shown: &Shown<'_>, visit: &RequestFacts) -> Result<Visit, Refusal> {
        let (by, from) = (AccessAction::WebMail, visit.source_ip);
        let result = match shown {
            Shown::Password { email, password } => {
                let password = (*password).clone().into_secret();
                self.mail_users.authenticate(email, &password, by, from).await
            }
            Shown::IdToken(token) => {
                let token = (*token).clone().into_secret();
                self.mail_users.authenticate_bearer(None, &token, by, from).await
            }
        };
        match result.map_err(Refusal::internal)? {
            SignIn::Granted(user) => Ok(user),
            SignIn::Wrong => Err(Refusal::Incorrect),
            SignIn::Refused => Err(Refusal::AccessRules),
        }
    }
}

impl MailTokenForm {
    fn shown(&self) -> Result<Shown<'_>, Refusal> {
        match (&self.email, &self.password, &self.id_token) {
            (Some(email), Some(password), None) if email.len() <= EMAIL_OCTETS_MAX => {
                Ok(Shown::Password { email, password })
            }
            (None, None, Some(token)) => Ok(Shown::IdToken(token)),
            _ => Err(Refusal::Invalid("Give email and password, or idToken.")),
        }
    }
}

/// A token of a provider cannot be guessed for one person; a password can.
fn keys(shown: &Shown<'_>, visit: &RequestFacts) -> Vec<Key> {
    let address = household(visit.source_ip);
    let mut keys = vec![Key::Address(address)];
    if let Shown::Password { email, .. } = shown {
        let person = format!("mail/{}", email.to_lowercase());
        keys.extend([Key::PersonAt(person.clone(), address), Key::Person(person)]);
    }
    keys
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => Self::Store(error),
            error => Self::MailToken(error),
        }
    }
}

fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sensitive>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Sensitive::from))
}
