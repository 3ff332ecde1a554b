//! Signing in to a mailbox, by address and password or by a token.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{constant_time, hmac};
use store::Store;
use world::{Secret, World};

use crate::{
    Error,
    access::{AccessAction, Visit, Watches},
    address::Lookup,
    bearer::Providers,
    identity_provider::takes_passwords,
    means::Means,
    passwords::{self, Hasher, Stored},
    personal_tokens::{MadeToken, Presented, Token, TokenError, TokenWish},
    recipients::{self, MailUser, Recipient},
};

/// Users whose password was verified of late and is remembered: 5,000 to 10,000 of them.
const REMEMBERED: usize = 5_000;
/// Longest password that is looked at, in bytes; none that is longer can be set.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Verifies passwords. Keep one for the whole server: it remembers what it verified, so that a client that
/// connects again costs no Argon2.
///
/// What is remembered is bound to the version of the password in the same snapshot that finds the user: a
/// password that was changed, and a user who was deregistered, stop working at once.
pub struct Authenticator {
    store: Store,
    hasher: Hasher,
    remembered: Remembered,
    watches: Arc<Watches>,
    world: World,
    providers: Option<Providers>,
}

/// What a try to sign in comes to.
#[derive(Debug)]
pub enum SignIn {
    /// Come in.
    Granted(Visit),
    /// There is no such user, or the password or token is wrong.
    Wrong,
    /// The password or token is right, but the organization refuses it for the protocol, or by its access rules
    /// the protocol or the address.
    Refused,
}

impl Authenticator {
    /// An authenticator that remembers nothing yet. Called within a tokio runtime: it follows the changes of
    /// access rules.
    pub fn new(store: Store, world: &World) -> Self {
        let watches = Watches::following(store.clone());
        let (hasher, remembered) = (Hasher::default(), Remembered::new(world));
        Self { store, hasher, remembered, watches, world: world.clone(), providers: None }
    }

    /// The same, which takes tokens of the providers that the operator named as well.
    #[must_use]
    pub fn with_providers(self, providers: Providers) -> Self {
        Self { providers: Some(providers), ..self }
    }

    /// Signs a user in with one of their addresses (in any letter case) and their password, or a personal access
    /// token in its place. `protocol` and
    /// `address`, which is the client's, are what access rules are about. An unknown address takes as long as a
    /// wrong password, and the rules are asked only when the password is right.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Passwords`] if the server is stopping or a hash is damaged.
    pub async fn authenticate(
        &self,
        login: &str,
        password: &Secret,
        protocol: AccessAction,
        address: IpAddr,
    ) -> Result<SignIn, Error> {
        let verified = match Presented::parse(password) {
            Some(token) => self.verify_token(login, token).await?,
            None => self.verify(login, password).await?.map(|user| (user, Means::Password)),
        };
        self.admit(verified, protocol, address).await
    }

    /// Signs a user in with a token of an OpenID Connect provider. Who gives a login with it must be the one that
    /// the token vouches for.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Provider`] if the provider's keys are not to be had.
    pub async fn authenticate_bearer(
        &self,
        login: Option<&str>,
        token: &Secret,
        protocol: AccessAction,
        address: IpAddr,
    ) -> Result<SignIn, Error> {
        let verified = self.verify_bearer(login, token).await?;
        self.admit(verified, protocol, address).await
    }

    /// Makes a personal access token for who has just signed in.
    ///
    /// # Errors
    /// A [`TokenError`].
    pub async fn make_token(
        &self,
        visit: &Visit,
        wish: &TokenWish,
    ) -> Result<MadeToken, TokenError> {
        wish.make(&self.store, &self.world, visit.user()).await
    }

    async fn admit(
        &self,
        verified: Option<(MailUser, Means)>,
        protocol: AccessAction,
        address: IpAddr,
    ) -> Result<SignIn, Error> {
        let Some((user, means)) = verified else { return Ok(SignIn::Wrong) };
        let visit = self.watches.visit(user, means, protocol, address);
        if !visit.is_allowed().await? {
            return Ok(SignIn::Refused);
        }
        visit.means().note_use(&self.store, self.world.now()).await;
        Ok(SignIn::Granted(visit))
    }

    /// An address that is unknown and a token that is cost the same questions.
    async fn verify_token(
        &self,
        login: &str,
        shown: Presented<'_>,
    ) -> Result<Option<(MailUser, Means)>, Error> {
        let user = self.find(login).await?.map(|(user, _)| user);
        let mut snapshot = self.store.read().await?;
        let Some(token) = Token::find(&mut snapshot, shown.id).await? else { return Ok(None) };
        let is_right = token.is_proved_by(self.store.keyring(), shown.secret)?;
        let is_of_now = self.world.now() < token.expires_at;
        let user = user.filter(|user| is_right && is_of_now && user.id == token.user_id);
        Ok(user.map(|user| (user, Means::Token(token.id))))
    }

    async fn verify_bearer(
        &self,
        login: Option<&str>,
        token: &Secret,
    ) -> Result<Option<(MailUser, Means)>, Error> {
        let Some(providers) = &self.providers else { return Ok(None) };
        let claims = providers.claims(token, self.world.now()).await?;
        let Some(claims) = claims else { return Ok(None) };
        let mut snapshot = self.store.read().await?;
        let Some(vouched) = providers.user(&mut snapshot, &claims).await? else { return Ok(None) };
        drop(snapshot);
        if let Some(login) = login {
            let meant = self.find(login).await?;
            if meant.is_none_or(|(meant, _)| meant.id != vouched.user.id) {
                return Ok(None);
            }
        }
        let linked = vouched.link(&self.store).await?;
        Ok(linked.then_some((vouched.user, Means::Provider(vouched.instance))))
    }

    async fn verify(&self, login: &str, password: &Secret) -> Result<Option<MailUser>, Error> {
        if password.expose().len() > PASSWORD_BYTES_MAX {
            return Ok(None);
        }
        let (user, stored) = match self.find(login).await? {
            Some((user, stored)) => (Some(user), stored),
            None => (None, None),
        };
        if let (Some(user), Some(stored)) = (&user, &stored)
            && self.remembered.knows(&user.id, stored.version, password)
        {
            return Ok(Some(user.clone()));
        }
        let version = stored.as_ref().map(|stored| stored.version);
        let hash = stored.map(|stored| stored.hash);
        let verified = self.hasher.verify(password.clone(), hash).await?;
        let (Some(user), Some(version), true) = (user, version, verified) else { return Ok(None) };
        self.remembered.keep(&user.id, version, password);
        Ok(Some(user))
    }

    async fn find(&self, login: &str) -> Result<Option<(MailUser, Option<Stored>)>, store::Error> {
        let Some(lookup) = Lookup::parse(login) else { return Ok(None) };
        let mut snapshot = self.store.read().await?;
        match recipients::by_address(&mut snapshot, &lookup.key()).await? {
            Some(Recipient::User(user)) => {
                let taken = takes_passwords(&mut snapshot, &user.organization_id).await?;
                let stored = match taken {
                    true => passwords::stored(&mut snapshot, &user.id).await?,
                    false => None,
                };
                Ok(Some((user, stored)))
            }
            _ => Ok(None),
        }
    }
}

/// Which password, in which version, was verified: as a digest under a key of this process.
struct Remembered {
    key: hmac::Key,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, Verified>,
    old: HashMap<String, Verified>,
}

#[derive(Clone)]
struct Verified {
    version: i64,
    digest: hmac::Tag,
}

impl Remembered {
    fn new(world: &World) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &world.random_bytes::<32>());
        Self { key, generations: Mutex::default() }
    }

    fn knows(&self, user: &str, version: i64, password: &Secret) -> bool {
        let Some(verified) = self.find(user) else { return false };
        let digest = hmac::sign(&self.key, password.expose());
        let same =
            constant_time::verify_slices_are_equal(verified.digest.as_ref(), digest.as_ref());
        verified.version == version && same.is_ok()
    }

    fn keep(&self, user: &str, version: i64, password: &Secret) {
        let digest = hmac::sign(&self.key, password.expose());
        self.lock().keep(user.to_owned(), Verified { version, digest });
    }

    fn find(&self, user: &str) -> Option<Verified> {
        let mut generations = self.lock();
        if let Some(verified) = generations.young.get(user) {
            return Some(verified.clone());
        }
        let (user, verified) = generations.old.remove_entry(user)?;
        generations.keep(user, verified.clone());
        Some(verified)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn keep(&mut self, user: String, verified: Verified) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(user, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_one_password_in_one_version() {
        let remembered = Remembered::new(&World::system());
        let (one, two) = (Secret::new("one"), Secret::new("two"));
        remembered.keep("u", 1, &one);
        assert!(remembered.knows("u", 1, &one));
        assert!(!remembered.knows("u", 1, &two));
        assert!(!remembered.knows("u", 2, &one));
        assert!(!remembered.knows("v", 1, &one));
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_in_use() {
        let remembered = Remembered::new(&World::system());
        let password = Secret::new("one");
        remembered.keep("used", 1, &password);
        for n in 0..3 * REMEMBERED {
            remembered.keep(&n.to_string(), 1, &password);
            if n % 100 == 0 {
                assert!(remembered.knows("used", 1, &password));
            }
        }
        let held = remembered.lock();
        assert!(held.young.len() + held.old.len() <= 2 * REMEMBERED);
    }
}
