//! Making bodies smaller.

use crate::{Error, seal::TAG_LEN};

use super::record::Codec;

/// zstd's own default is 3; level 1 is twice as fast and loses a few percent on mail.
const LEVEL: i32 = 1;

/// Below this there is nothing to gain.
const SQUEEZE_MIN_BYTES: usize = 128;

/// The body compressed, or as it is where that does not help; with room for the tag.
pub(super) fn squeeze(plain: &[u8]) -> Result<(Codec, Vec<u8>), Error> {
    if plain.len() >= SQUEEZE_MIN_BYTES {
        let small =
            zstd::bulk::compress(plain, LEVEL).map_err(|error| Error::file("a body", &error))?;
        if small.len() < plain.len() {
            return Ok((Codec::Zstd, small));
        }
    }
    let mut text = Vec::with_capacity(plain.len() + TAG_LEN);
    text.extend_from_slice(plain);
    Ok((Codec::Plain, text))
}

/// The body that was compressed. Its length is authenticated, so a small text cannot unfold into a huge one.
pub(super) fn stretch(text: &[u8], plain_len: usize) -> Result<Vec<u8>, Error> {
    let plain = zstd::bulk::decompress(text, plain_len).map_err(Error::corrupt)?;
    if plain.len() != plain_len {
        return Err(Error::corrupt(format_args!(
            "a body of {} bytes, not {plain_len}",
            plain.len()
        )));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_body_comes_back_as_it_was(seed in any::<Vec<u8>>(), times in 1..50usize) {
            let plain = seed.repeat(times);
            let (codec, text) = squeeze(&plain).unwrap();
            prop_assert!(text.len() <= plain.len());
            match codec {
                Codec::Plain => prop_assert_eq!(text, plain),
                Codec::Zstd => prop_assert_eq!(stretch(&text, plain.len()).unwrap(), plain),
            }
        }
    }

    #[test]
    fn a_length_that_is_not_true_is_refused() {
        let plain = vec![b'a'; 1000];
        let (codec, text) = squeeze(&plain).unwrap();
        assert_eq!(codec, Codec::Zstd);
        assert!(stretch(&text, 999).is_err());
        assert!(stretch(&text, 1001).is_err());
        assert!(stretch(b"strange", 1000).is_err());
    }
}
