//! Names of folders in modified UTF-7 (RFC 3501, section 5.1.3), as Maildir++ has them.

/// The name as text; nothing if it is not of this form.
pub(super) fn decode(name: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, shifted)) = rest.split_once('&') {
        text.push_str(plain);
        let (code, after) = shifted.split_once('-')?;
        match code {
            "" => text.push('&'),
            code => text.push_str(&String::from_utf16(&units(code)?).ok()?),
        }
        rest = after;
    }
    text.push_str(rest);
    text.is_ascii().then_some(()).or(name.is_ascii().then_some(()))?;
    Some(text)
}

/// The units of UTF-16 that a run of modified base64 holds.
fn units(code: &str) -> Option<Vec<u16>> {
    let (mut bits, mut held, mut units) = (0_u32, 0_u32, Vec::new());
    for byte in code.bytes() {
        bits = bits << 6 | u32::from(digit(byte)?);
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push((bits >> held & 0xFFFF) as u16);
            bits &= (1 << held) - 1;
        }
    }
    // What is left is fewer than a digit, and zero.
    (held < 6 && bits == 0).then_some(units)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b',' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_decoded() {
        for (name, text) in [
            ("Sent", "Sent"),
            ("R&-D", "R&D"),
            ("Entw&APw-rfe", "Entwürfe"),
            ("~peter/mail/&U,BTFw-", "~peter/mail/台北"),
            ("&2D3eAA-", "\u{1F600}"),
        ] {
            assert_eq!(decode(name).as_deref(), Some(text));
        }
        for wrong in ["&", "a&b", "&!-", "&2D0-", "&AA-", "&AP-"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_survived(name in "[&A-Za-z+,-]{0,12}|\\PC{0,12}") {
            decode(&name);
        }
    }
}
