//! Mailbox names: modified UTF-7 on the wire (RFC 3501, section 5.1.3), Unicode inside.

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::cursor::{Bad, Parsed};

/// Base64 with `,` for `/` and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

const WHY: Bad = Bad("a mailbox name is not modified UTF-7");

/// The name that `wire` means.
pub(crate) fn decode(wire: &[u8]) -> Parsed<String> {
    let text = std::str::from_utf8(wire).map_err(|_| WHY)?;
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(WHY);
    }
    let mut parts = text.split('&');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (shifted, plain) = part.split_once('-').ok_or(WHY)?;
        if shifted.is_empty() {
            name.push('&');
        } else {
            name.push_str(&decode_shifted(shifted)?);
        }
        name.push_str(plain);
    }
    Ok(name)
}

/// Only what cannot be written plainly may be shifted, so that each name has one form.
fn decode_shifted(base64: &str) -> Parsed<String> {
    let bytes = BASE64.decode(base64).map_err(|_| WHY)?;
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| WHY)?;
    let plain = text.chars().any(|c| is_plain(c) || c == '&' || c.is_control());
    if plain || !rest.is_empty() { Err(WHY) } else { Ok(text) }
}

/// The wire form of `name`.
pub(crate) fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted = String::new();
    for character in name.chars() {
        if !is_plain(character) && character != '&' {
            shifted.push(character);
            continue;
        }
        flush(&mut wire, &mut shifted);
        wire.push(character);
        if character == '&' {
            wire.push('-');
        }
    }
    flush(&mut wire, &mut shifted);
    wire
}

fn flush(wire: &mut String, shifted: &mut String) {
    if shifted.is_empty() {
        return;
    }
    let bytes: Vec<u8> = shifted.encode_utf16().flat_map(u16::to_be_bytes).collect();
    wire.push('&');
    BASE64.encode_string(bytes, wire);
    wire.push('-');
    shifted.clear();
}

fn is_plain(character: char) -> bool {
    matches!(character, ' '..='~') && character != '&'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let name = "~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(encode(name).as_bytes()).unwrap(), name);
        assert_eq!(decode(b"Hi Mom -&Jjo-!").unwrap(), "Hi Mom -\u{263a}!");
        assert_eq!(encode("A & B"), "A &- B");
    }

    #[test]
    fn other_forms_are_refused() {
        for wire in
            ["&", "&a", "&AA-", "&AGE-", "&ACY-", "&2AA-", "&Jjo", "a\u{7f}", "\u{e9}", "&Jj o-"]
        {
            assert!(decode(wire.as_bytes()).is_err(), "{wire}");
        }
    }

    proptest! {
        #[test]
        fn names_come_back(name in "[^\\p{Cc}]{0,20}") {
            prop_assert_eq!(decode(encode(&name).as_bytes()).unwrap(), name);
        }

        #[test]
        fn what_decodes_is_canonical_enough(wire in "[&a-zA-Z0-9,+/-]{0,20}") {
            if let Ok(name) = decode(wire.as_bytes()) {
                prop_assert_eq!(decode(encode(&name).as_bytes()).unwrap(), name);
            }
        }
    }
}
