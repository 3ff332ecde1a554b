//! The federation endpoint: a program that holds credentials of a role or of a federated user lets a browser into
//! a console session of the same principal (IAM User Guide, "Enable custom identity broker access to the AWS
//! console").

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::{
    door::{self, Caller, ConsoleEvent, Origin, Principal, RequestFacts},
    session::{self, Session},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use wire::Sensitive;
use world::{Secret, Timestamp};

use crate::{
    Credentials, Refusal, Service,
    credentials::{SESSION_MAX_SECONDS, SESSION_MIN_SECONDS},
    forms::sensitive,
    step,
};

/// How long a sign-in token is good.
const TOKEN_TIME: Duration = Duration::from_secs(15 * 60);

/// The longest sign-in token that is looked at, in characters.
const TOKEN_CHARS_MAX: usize = 8 * 1_024;

/// The longest destination or issuer, in characters.
const URL_CHARS_MAX: usize = 2_048;

/// What sign-in tokens are sealed for.
const PURPOSE: &str = "sign-in/federation";

/// What `Action=getSigninToken` gives.
#[derive(Debug)]
pub struct TokenForm {
    /// JSON with `sessionId`, `sessionKey` and `sessionToken`.
    pub session: Sensitive,
    /// How long the console session shall last, in seconds; the rest of the credentials' time if absent.
    pub duration_seconds: Option<u32>,
}

/// What `Action=login` gives.
#[derive(Debug)]
pub struct LoginForm {
    /// The token.
    pub signin_token: String,
    /// Where the person wants to go.
    pub destination: String,
    /// Where the person signs in again when the session is over.
    pub issuer: Option<String>,
}

/// A token that lets a browser in.
#[derive(Debug, Serialize)]
pub struct SigninToken {
    /// The token.
    #[serde(rename = "SigninToken")]
    pub signin_token: String,
}

/// A console session of a role or a federated user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FederatedSession {
    /// As for people who signed in: `SignedIn`.
    pub state: &'static str,
    /// What signs calls.
    pub credentials: Credentials,
    /// The account: 12 digits.
    pub account_id: String,
    /// Who it is.
    pub arn: String,
    /// Where the person wants to go.
    pub destination: String,
    /// Where the person signs in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// The credentials as they are handed in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handed {
    session_id: String,
    #[serde(deserialize_with = "sensitive")]
    session_key: Sensitive,
    #[serde(deserialize_with = "sensitive")]
    session_token: Sensitive,
}

/// What a sign-in token says.
#[derive(Serialize, Deserialize)]
struct Ticket {
    /// Names it, so that it works once: it travels in an address, and those are kept in many places.
    id: String,
    session_id: String,
    session_token: String,
    duration_seconds: Option<u32>,
    expires_at_micros: i64,
}

impl Service {
    /// A sign-in token for credentials.
    ///
    /// # Errors
    /// [`Refusal::Federation`] for credentials that are not good or not of a role or federated user;
    /// [`Refusal::Invalid`].
    pub async fn signin_token(
        &self,
        visit: &RequestFacts,
        form: &TokenForm,
    ) -> Result<SigninToken, Refusal> {
        let handed: Handed = serde_json::from_str(form.session.expose()).map_err(|_| {
            Refusal::Invalid("Session must be JSON with sessionId, sessionKey and sessionToken.")
        })?;
        let (caller, secret) =
            self.holder(visit, &handed.session_id, &handed.session_token).await?;
        if secret != Secret::new(handed.session_key.expose()) {
            return Err(broken());
        }
        check_duration(&caller, form.duration_seconds)?;
        let ticket = Ticket {
            id: self.world().random_hex::<16>(),
            session_id: handed.session_id,
            session_token: handed.session_token.expose().to_owned(),
            duration_seconds: form.duration_seconds,
            expires_at_micros: visit.now.saturating_add(TOKEN_TIME).as_micros(),
        };
        let plain = serde_json::to_vec(&ticket).map_err(Refusal::internal)?;
        let sealed = self.store.keyring().seal(PURPOSE, &plain)?;
        Ok(SigninToken { signin_token: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// The console session that a sign-in token stands for.
    ///
    /// # Errors
    /// [`Refusal::Step`] for a token that is altered, older than 15 minutes, or used;
    /// [`Refusal::Federation`] if its credentials are no longer good; [`Refusal::Invalid`].
    pub async fn login(
        &self,
        visit: &RequestFacts,
        form: &LoginForm,
    ) -> Result<FederatedSession, Refusal> {
        check_url(&form.destination)?;
        form.issuer.as_deref().map_or(Ok(()), check_url)?;
        let ticket = self.open(&form.signin_token, visit.now)?;
        let token = Sensitive::from(ticket.session_token.as_str());
        let (caller, _) = self.holder(visit, &ticket.session_id, &token).await?;
        let keyring = self.store.keyring();
        let old = session::open(keyring, token.expose()).map_err(|_| broken())?;
        let expires_at = match ticket.duration_seconds {
            Some(seconds) => visit.now.saturating_add(Duration::from_secs(seconds.into())),
            None => old.expires_at(),
        };
        let (account, subject) = (old.account.clone(), old.subject.clone());
        // It is as old as its credentials: who revokes what was issued before a time (a denial on
        // `aws:TokenIssueTime`) revokes it too.
        let mut new = Session::new(self.world(), account, subject, old.issued_at(), expires_at);
        (new.origin, new.scope, new.mfa_at_micros) = (Origin::SignIn, old.scope, old.mfa_at_micros);
        let arn = caller.arn();
        let details = json!({ "MobileVersion": "No", "MFAUsed": "No" });
        let event = ConsoleEvent { name: "ConsoleLogin", caller, failure: None, details };
        let end = Timestamp::from_micros(ticket.expires_at_micros);
        again!(async {
            let mut tx = self.store.write().await?;
            step::use_up(&mut tx, &ticket.id, end, visit.now).await?;
            event.insert(&mut tx, self.world()).await?;
            Ok(tx.commit().await?)
        })?;
        Ok(FederatedSession {
            state: "SignedIn",
            credentials: Credentials::seal(keyring, &new)?,
            account_id: new.account,
            arn,
            destination: form.destination.clone(),
            issuer: form.issuer.clone(),
        })
    }

    fn open(&self, token: &str, now: Timestamp) -> Result<Ticket, Refusal> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(Refusal::Step);
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refusal::Step)?;
        let plain = self.store.keyring().open(PURPOSE, &sealed).map_err(|_| Refusal::Step)?;
        let ticket: Ticket = serde_json::from_slice(plain.expose()).map_err(|_| Refusal::Step)?;
        let over = Timestamp::from_micros(ticket.expires_at_micros) <= now;
        if over { Err(Refusal::Step) } else { Ok(ticket) }
    }

    /// Who holds the credentials, if a console session can be made of them, and their secret.
    async fn holder(
        &self,
        visit: &RequestFacts,
        id: &str,
        token: &Sensitive,
    ) -> Result<(Caller, Secret), Refusal> {
        let mut snapshot = self.door.snapshot().await?;
        let token = Some(token.expose());
        let identity = self.door.identify(&mut snapshot, id, token, visit.clone()).await;
        let identity = identity.map_err(|refusal| match refusal {
            door::Refusal::Store(error) => Refusal::Store(error),
            door::Refusal::ExpiredToken => Refusal::Federation("The credentials have expired."),
            _ => broken(),
        })?;
        refuse_kind(&identity.caller)?;
        Ok((identity.caller, (*identity.secret).clone()))
    }
}

/// Credentials of `GetSessionToken` are refused, and those of a console session: one could go on for ever.
fn refuse_kind(caller: &Caller) -> Result<(), Refusal> {
    let from_sts = caller.session.as_ref().is_some_and(|facts| facts.origin == Origin::Sts);
    match &caller.principal {
        Principal::Role(_) | Principal::Federated(_) if from_sts => Ok(()),
        _ => Err(Refusal::Federation(
            "Only credentials of AssumeRole, AssumeRoleWithSAML, AssumeRoleWithWebIdentity and \
             GetFederationToken can be used here.",
        )),
    }
}

fn check_duration(caller: &Caller, seconds: Option<u32>) -> Result<(), Refusal> {
    match seconds {
        None => Ok(()),
        Some(_) if matches!(caller.principal, Principal::Federated(_)) => Err(Refusal::Invalid(
            "SessionDuration cannot be used with credentials of GetFederationToken.",
        )),
        Some(SESSION_MIN_SECONDS..=SESSION_MAX_SECONDS) => Ok(()),
        Some(_) => Err(Refusal::Invalid("SessionDuration is from 900 to 43200.")),
    }
}

/// The address is given back, not followed: whoever made the link does not choose where a browser goes.
fn check_url(url: &str) -> Result<(), Refusal> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    match web && url.len() <= URL_CHARS_MAX && !url.contains(|c: char| c.is_control()) {
        true => Ok(()),
        false => Err(Refusal::Invalid("Destination and Issuer are addresses of web pages.")),
    }
}

fn broken() -> Refusal {
    Refusal::Federation("The credentials are not valid.")
}
