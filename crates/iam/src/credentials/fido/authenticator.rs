//! What an authenticator says of itself (section 6.1), read from its bytes. Pure.

use minicbor::Decoder;

use super::cose::PublicKey;

/// Bytes of a credential's id at most (section 7.1, step 25).
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;

/// Somebody was there.
const USER_PRESENT: u8 = 1 << 0;
/// A new credential follows.
const ATTESTED: u8 = 1 << 6;
/// Extensions follow.
const EXTENSIONS: u8 = 1 << 7;

/// Authenticator data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'a> {
    /// SHA-256 of the relying party's id.
    pub(super) relying_party: &'a [u8; 32],
    /// Whether somebody touched the key.
    pub(super) user_present: bool,
    /// How often the key has signed; zero for those that do not count.
    pub(super) sign_count: u32,
    /// The credential that was just made, if one was.
    pub(super) credential: Option<Credential<'a>>,
}

/// A credential that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential<'a> {
    /// The model of the authenticator; zeros where it does not tell.
    pub(super) model: &'a [u8; 16],
    /// The credential's id.
    pub(super) id: &'a [u8],
    /// The public key as it was sent.
    pub(super) encoded_key: &'a [u8],
    /// The public key.
    pub(super) key: PublicKey<'a>,
}

impl<'a> AuthenticatorData<'a> {
    /// None for bytes that break the form, or go on behind it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (relying_party, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut credential = None;
        if flags & ATTESTED != 0 {
            let (read, behind) = Credential::read(rest)?;
            credential = Some(read);
            rest = behind;
        }
        if flags & EXTENSIONS != 0 {
            rest = behind_map(rest)?;
        }
        rest.is_empty().then_some(Self {
            relying_party,
            user_present: flags & USER_PRESENT != 0,
            sign_count: u32::from_be_bytes(*sign_count),
            credential,
        })
    }
}

impl<'a> Credential<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (model, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) = rest.split_at_checked(length)?;
        if !(1..=CREDENTIAL_ID_BYTES_MAX).contains(&length) {
            return None;
        }
        let (key, key_bytes) = PublicKey::read(rest)?;
        let (encoded_key, rest) = rest.split_at_checked(key_bytes)?;
        Some((Self { model, id, encoded_key, key }, rest))
    }
}

/// What follows the CBOR map that `bytes` begin with.
fn behind_map(bytes: &[u8]) -> Option<&[u8]> {
    let mut decoder = Decoder::new(bytes);
    if decoder.datatype().ok()? != minicbor::data::Type::Map {
        return None;
    }
    decoder.skip().ok()?;
    bytes.get(decoder.position()..)
}
