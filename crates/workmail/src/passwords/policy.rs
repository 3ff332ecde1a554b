//! What a password may be, in a directory of WorkMail's own.

use wire::{Sensitive, workmail::errors::INVALID_PASSWORD};
use world::Secret;

/// Length, in characters.
const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 63;
/// Of the five classes of characters a password holds so many.
const CLASSES_MIN: usize = 3;

/// The password if it may be one: 8 to 63 characters of Basic Latin and Latin-1, of at least three of the classes
/// upper case, lower case, digits, special characters, Latin-1 supplement.
///
/// # Errors
/// `InvalidPasswordException`.
pub(crate) fn check(password: &Sensitive) -> Result<Secret, wire::Error> {
    let text = password.expose();
    let length = text.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&length) {
        let text = format!("The password must have {CHARS_MIN} to {CHARS_MAX} characters.");
        return Err(INVALID_PASSWORD.with(text));
    }
    if !text.chars().all(|char| matches!(char, '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}')) {
        let text = "The password may hold characters of Basic Latin and Latin-1 only.";
        return Err(INVALID_PASSWORD.with(text));
    }
    let classes: [fn(char) -> bool; 5] = [
        |char| char.is_ascii_uppercase(),
        |char| char.is_ascii_lowercase(),
        |char| char.is_ascii_digit(),
        |char| char.is_ascii() && !char.is_ascii_alphanumeric(),
        |char| !char.is_ascii(),
    ];
    let held = classes.iter().filter(|class| text.chars().any(**class)).count();
    if held < CLASSES_MIN {
        let text = format!(
            "The password must hold {CLASSES_MIN} of: upper-case letters, lower-case letters, \
             digits, special characters, Latin-1 characters."
        );
        return Err(INVALID_PASSWORD.with(text));
    }
    Ok(password.clone().into_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_characters_and_classes_are_checked() {
        for good in ["Passw0rd", "PASS-w00", "pass wörd", &format!("A1{}", "a".repeat(61))] {
            assert!(check(&Sensitive::from(good)).is_ok(), "{good}");
        }
        for bad in ["Pa5s-wo", "password1", "PASSWORD", "Passw0rd€", &"aA1".repeat(22), ""] {
            assert!(check(&Sensitive::from(bad)).is_err(), "{bad}");
        }
    }
}
