//! Passwords of people: hashed with Argon2id, and the rules that a new one must obey.

use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::sync::{OnceCell, Semaphore};
use world::{Secret, World};

/// Memory of one hash, in KiB (OWASP Password Storage Cheat Sheet, Argon2id).
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory.
const PASSES: u32 = 2;

/// Lanes of that memory.
const LANES: u32 = 1;

/// Bytes of salt.
const SALT_BYTES: usize = 16;

/// Hashes that are made at once at most: it bounds the memory, and what a guesser can make us spend.
const HASHES_AT_ONCE: usize = 4;

/// Who wants a hash beyond that waits here.
static HASHING: Semaphore = Semaphore::const_new(HASHES_AT_ONCE);

/// The shortest password where an account has no policy of its own.
const LENGTH_MIN: usize = 8;

/// The longest password.
pub(crate) const LENGTH_MAX: usize = 128;

/// Of upper case, lower case, digits and symbols, so many must be there.
const CLASSES_MIN: usize = 3;

/// What counts as a symbol (IAM User Guide, "Setting an account password policy").
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The parameters or the stored hash are not acceptable.
    #[error("a password hash is not acceptable: {0}")]
    Hash(#[from] argon2::password_hash::Error),
    /// The hash as stored is not in the PHC string format.
    #[error("a stored password hash cannot be read")]
    Stored,
    /// The work was given up, as happens when the program ends.
    #[error("hashing was given up")]
    GivenUp,
}

/// The hash of a password, in the PHC string format. Runs beside the async workers.
///
/// # Errors
/// [`Error::GivenUp`] when the program ends.
pub async fn hash(world: &World, password: &str) -> Result<String, Error> {
    salted(password, world.random_bytes()).await
}

async fn salted(password: &str, salt: [u8; SALT_BYTES]) -> Result<String, Error> {
    let password = Secret::new(password);
    aside(move || {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Error::Stored)?;
        let hash = Argon2::from(params).hash_password_with_salt(password.expose(), &salt)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` is the one that was hashed. Runs beside the async workers.
///
/// # Errors
/// [`Error::Stored`] for a hash that [`hash()`] did not make; [`Error::GivenUp`] when the program ends.
pub async fn verify(hash: &str, password: &str) -> Result<bool, Error> {
    let hash = hash.to_owned();
    let password = Secret::new(password);
    aside(move || {
        let hash = PasswordHash::new(&hash).map_err(|_| Error::Stored)?;
        Ok(Argon2::default().verify_password(password.expose(), &hash).is_ok())
    })
    .await
}

/// Whether `password` is the one that was hashed; without a hash it is not, and that takes as long to say.
///
/// # Errors
/// Those of [`verify`].
pub async fn verify_any(hash: Option<&str>, password: &str) -> Result<bool, Error> {
    let known = hash.is_some();
    let hash = match hash {
        Some(hash) => hash,
        None => NOBODYS.get_or_try_init(|| salted("nobody", [0; SALT_BYTES])).await?,
    };
    Ok(verify(hash, password).await? && known)
}

/// What is compared where nobody has a password.
static NOBODYS: OnceCell<String> = OnceCell::const_new();

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _permit = HASHING.acquire().await.map_err(|_| Error::GivenUp)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::GivenUp)?
}

/// Whether a password is good enough for root, and for users where their account has no policy: 8 to 128
/// characters of 3 of the 4 classes, and neither the account's name nor its e-mail address.
pub fn is_acceptable(password: &str, account_name: &str, email: &str) -> bool {
    let length = password.chars().count();
    (LENGTH_MIN..=LENGTH_MAX).contains(&length)
        && Classes::of(password).count() >= CLASSES_MIN
        && [account_name, email].iter().all(|name| password.to_lowercase() != name.to_lowercase())
}

/// Which classes of characters a password has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    pub(crate) uppercase: bool,
    pub(crate) lowercase: bool,
    pub(crate) numbers: bool,
    pub(crate) symbols: bool,
}

impl Classes {
    pub(crate) fn of(password: &str) -> Self {
        Self {
            uppercase: password.contains(|c: char| c.is_ascii_uppercase()),
            lowercase: password.contains(|c: char| c.is_ascii_lowercase()),
            numbers: password.contains(|c: char| c.is_ascii_digit()),
            symbols: password.contains(|c: char| SYMBOLS.contains(c)),
        }
    }

    fn count(self) -> usize {
        [self.uppercase, self.lowercase, self.numbers, self.symbols].map(usize::from).iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let world = World::system();
        let first = hash(&world, "Correct-Horse-1").await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert!(verify(&first, "Correct-Horse-1").await.unwrap());
        assert!(!verify(&first, "correct-horse-1").await.unwrap());
        assert_ne!(hash(&world, "Correct-Horse-1").await.unwrap(), first, "the salt is new");
        assert!(matches!(verify("nonsense", "x").await, Err(Error::Stored)));
        assert!(verify_any(Some(&first), "Correct-Horse-1").await.unwrap());
        assert!(!verify_any(None, "nobody").await.unwrap());
    }

    #[test]
    fn three_of_four_classes_and_no_names() {
        let acceptable =
            |password: &str| is_acceptable(password, "Example-Corp1", "Root1@example.org");
        assert!(acceptable("Abcdefg1") && acceptable("abcdef1!") && acceptable("ABCDEF1!"));
        assert!(!acceptable("abcdefg1") && !acceptable("Abcdef1"), "too plain, too short");
        assert!(!acceptable(&"aA1".repeat(43)), "too long");
        assert!(!acceptable("example-corp1") && !acceptable("root1@example.ORG"));
    }
}
