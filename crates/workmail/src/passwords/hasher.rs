//! Argon2id, away from the threads that serve, and only so much of it at a time.

use std::sync::{Arc, LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use world::{Secret, World};

/// Memory in KiB, passes and lanes (OWASP Password Storage Cheat Sheet, Argon2id).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Octets of a salt (RFC 9106, section 3.1).
const SALT_LEN: usize = 16;
/// Passwords hashed or verified at one time: each takes 19 MiB and a processor.
const AT_ONCE_MAX: usize = 4;

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
}

/// Why a password was not hashed or verified; a fault of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// The hash is not one that we made.
    #[error("a password hash is damaged: {0}")]
    Hash(String),
    /// The server stops.
    #[error("the server is stopping")]
    Stopping,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Hasher {
    /// The hash of a password, with a salt of its own, as a PHC string.
    pub(crate) async fn hash(&self, world: &World, password: Secret) -> Result<String, HashError> {
        let salt = world.random_bytes::<SALT_LEN>();
        self.run(move || hash(&password, &salt)).await
    }

    /// Whether the password is the one that was hashed. Without a hash it takes as long, and is not.
    pub(crate) async fn verify(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, HashError> {
        self.run(move || verify(&password, hash)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| HashError::Stopping)?;
        let task = tokio::task::spawn_blocking(move || {
            // held by the work itself, which goes on when nobody waits for it any more
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| HashError::Stopping)?
    }
}

fn hash(password: &Secret, salt: &[u8]) -> Result<String, HashError> {
    let hash = argon2()?.hash_password_with_salt(password.expose(), salt).map_err(damaged)?;
    Ok(hash.to_string())
}

fn verify(password: &Secret, hash: Option<String>) -> Result<bool, HashError> {
    /// What nobody's password is compared with.
    static NOBODY: LazyLock<String> =
        LazyLock::new(|| self::hash(&Secret::new("nobody"), &[0; SALT_LEN]).unwrap_or_default());
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| NOBODY.clone());
    let hash = PasswordHash::new(&hash).map_err(|error| HashError::Hash(error.to_string()))?;
    let matches = argon2()?.verify_password(password.expose(), &hash).is_ok();
    Ok(matches && known)
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let (memory_kib, passes, lanes) = COST;
    let params = Params::new(memory_kib, passes, lanes, None);
    let params = params.map_err(|error| HashError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn damaged(error: argon2::password_hash::Error) -> HashError {
    HashError::Hash(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let (hasher, world) = (Hasher::default(), World::system());
        let password = Secret::new("pass wörd");
        let hash = hasher.hash(&world, password.clone()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(&world, password.clone()).await.unwrap());
        assert!(hasher.verify(password, Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(Secret::new("pass word"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(Secret::new("nobody"), None).await.unwrap());
    }
}
