//! Unique ids: of entities (`AIDA..`) and of access keys (`AKIA..`, `ASIA..`).
//!
//! An id tells its kind by its first four characters and its account by the nine after them, in base32
//! with the alphabet of RFC 4648: eight hold half the account number with bit 39 set, the ninth is from
//! A to P for an even and from Q to 7 for an odd account. The rest is random. So the account of any key
//! can be read from its id alone, as `sts:GetAccessKeyInfo` does.

use world::World;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Characters of an access key id.
const KEY_CHARS: usize = 20;

/// Characters of an entity's id.
const ENTITY_CHARS: usize = 21;

/// Characters of the prefix that tells the kind.
const PREFIX_CHARS: usize = 4;

/// Characters that hold half the account number.
const HALF_CHARS: usize = 8;

/// Set in the half of every account number, so that ids of this form are told from older ones.
const FORM_BIT: u64 = 1 << 39;

/// One past the largest account number.
const ACCOUNTS_END: u64 = 1_000_000_000_000;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user, `AIDA`.
    User,
    /// A group, `AGPA`.
    Group,
    /// A role, `AROA`.
    Role,
    /// An instance profile, `AIPA`.
    InstanceProfile,
    /// A managed policy, `ANPA`.
    Policy,
    /// A server certificate, `ASCA`.
    ServerCertificate,
    /// An SSH public key, `APKA`.
    PublicKey,
    /// A credential for a single service, `ACCA`.
    ServiceCredential,
    /// A long-term access key, `AKIA`.
    AccessKey,
    /// A temporary access key, `ASIA`.
    TemporaryKey,
}

impl Kind {
    /// The first four characters.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::InstanceProfile => "AIPA",
            Self::Policy => "ANPA",
            Self::ServerCertificate => "ASCA",
            Self::PublicKey => "APKA",
            Self::ServiceCredential => "ACCA",
            Self::AccessKey => "AKIA",
            Self::TemporaryKey => "ASIA",
        }
    }

    fn chars(self) -> usize {
        match self {
            Self::AccessKey | Self::TemporaryKey => KEY_CHARS,
            _ => ENTITY_CHARS,
        }
    }
}

/// A new id of that kind in `account`, which is 12 digits.
pub fn generate(world: &World, kind: Kind, account: &str) -> String {
    let number = account.parse::<u64>().unwrap_or_default() % ACCOUNTS_END;
    let half = number / 2 + FORM_BIT;
    let mut id = String::with_capacity(kind.chars());
    id.push_str(kind.prefix());
    id.extend((0..HALF_CHARS).rev().map(|place| digit((half >> (5 * place)) & 31)));
    let parity = if number.is_multiple_of(2) { &ALPHABET[..16] } else { &ALPHABET[16..] };
    id.push_str(&world.random_text(parity, 1));
    id.push_str(&world.random_text(ALPHABET, kind.chars() - id.len()));
    id
}

/// The account that the id was made in; none if it is not of our form.
pub fn account_of(id: &str) -> Option<String> {
    let bytes = id.as_bytes();
    let half = bytes.get(PREFIX_CHARS..PREFIX_CHARS + HALF_CHARS)?;
    let half = half.iter().try_fold(0, |sum, byte| Some(sum << 5 | value(*byte)?))?;
    let odd = value(*bytes.get(PREFIX_CHARS + HALF_CHARS)?)? / 16;
    let number = half.checked_sub(FORM_BIT)? * 2 + odd;
    (number < ACCOUNTS_END).then(|| format!("{number:012}"))
}

/// A new secret access key: 40 characters of the base64 alphabet.
pub fn secret_access_key(world: &World) -> String {
    const SECRET_ALPHABET: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const SECRET_CHARS: usize = 40;
    world.random_text(SECRET_ALPHABET, SECRET_CHARS)
}

fn digit(value: u64) -> char {
    // INVARIANT: the caller masks to five bits.
    char::from(ALPHABET[(value & 31) as usize])
}

fn value(digit: u8) -> Option<u64> {
    ALPHABET.iter().position(|known| *known == digit).map(|at| at as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [Kind; 10] = [
        Kind::User,
        Kind::Group,
        Kind::Role,
        Kind::InstanceProfile,
        Kind::Policy,
        Kind::ServerCertificate,
        Kind::PublicKey,
        Kind::ServiceCredential,
        Kind::AccessKey,
        Kind::TemporaryKey,
    ];

    #[test]
    fn bears_prefix_and_length_of_its_kind() {
        let world = World::system();
        let id = generate(&world, Kind::User, "123456789012");
        assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
        let id = generate(&world, Kind::AccessKey, "123456789012");
        assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    }

    /// Keys of public examples with their accounts (the worked example of the decoding that is known for
    /// AWS's own keys).
    #[test]
    fn reads_the_account_of_a_key_made_elsewhere() {
        assert_eq!(account_of("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
    }

    #[test]
    fn keys_of_the_old_form_tell_nothing() {
        assert_eq!(account_of("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(account_of("AKIA"), None);
        assert_eq!(account_of("AKIA1111111111111111"), None);
    }

    #[test]
    fn secrets_have_forty_characters() {
        assert_eq!(secret_access_key(&World::system()).len(), 40);
    }

    proptest! {
        #[test]
        fn the_account_comes_back(number in 0..ACCOUNTS_END, kind in 0..KINDS.len()) {
            let account = format!("{number:012}");
            let id = generate(&World::system(), KINDS[kind], &account);
            prop_assert_eq!(account_of(&id), Some(account));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,64}") {
            if let Some(account) = account_of(&text) {
                prop_assert_eq!(account.len(), 12);
            }
        }
    }
}
