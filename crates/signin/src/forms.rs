//! What people send, within bounds. Everything else is refused before anything is looked up.

use iam::people::Claim;
use serde::{Deserialize, Deserializer};
use wire::Sensitive;

use crate::Refusal;

/// Characters of an account's id or alias at most (an alias is a label of DNS).
const LABEL_CHARS_MAX: usize = 63;

/// Characters of a user's name at most.
const USER_NAME_CHARS_MAX: usize = 64;

/// Octets of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const EMAIL_OCTETS_MAX: usize = 254;

/// Bytes of a password that is looked at; none that is longer can be set.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// The first step of signing in: an IAM user gives account, name and password, root e-mail address and password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordForm {
    /// The account's id or alias.
    pub account: Option<String>,
    /// The name of the IAM user.
    pub user_name: Option<String>,
    /// The e-mail address of the root user.
    pub email: Option<String>,
    /// The password.
    #[serde(deserialize_with = "sensitive")]
    pub password: Sensitive,
    /// How long the session shall last, in seconds.
    pub duration_seconds: Option<u32>,
}

/// The second step, where a second factor is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeForm {
    /// The token of the step.
    pub token: String,
    /// The serial number of the device; any of the person's if it is left out.
    pub serial_number: Option<String>,
    /// Six digits.
    pub code: String,
}

/// The step in which a password must be changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasswordForm {
    /// The token of the step.
    pub token: String,
    /// The password that was proved.
    #[serde(deserialize_with = "sensitive")]
    pub old_password: Sensitive,
    /// The next one.
    #[serde(deserialize_with = "sensitive")]
    pub new_password: Sensitive,
}

impl PasswordForm {
    /// Whom the form names. `label` is the account that the path or the host named: that makes it the form of
    /// IAM users, on which root never signs in.
    pub(crate) fn claim(&self, label: Option<&str>) -> Result<Claim, Refusal> {
        check_password(&self.password)?;
        if let Some(email) = &self.email {
            if label.is_some() || self.account.is_some() || self.user_name.is_some() {
                let message = "Root signs in with its e-mail address and password alone.";
                return Err(Refusal::Invalid(message));
            }
            return Ok(Claim::Root { email: checked(email, EMAIL_OCTETS_MAX)? });
        }
        let account = match (label, self.account.as_deref()) {
            (Some(label), Some(account)) if label != account => {
                return Err(Refusal::Invalid("The form names another account than its address."));
            }
            (Some(account), _) | (None, Some(account)) => account,
            (None, None) => return Err(missing()),
        };
        let name = self.user_name.as_deref().ok_or_else(missing)?;
        Ok(Claim::User {
            account: checked(account, LABEL_CHARS_MAX)?,
            name: checked(name, USER_NAME_CHARS_MAX)?,
        })
    }
}

fn missing() -> Refusal {
    Refusal::Invalid("Give account, userName and password, or email and password.")
}

/// A password that can be compared with another.
pub(crate) fn check_password(password: &Sensitive) -> Result<(), Refusal> {
    match (1..=PASSWORD_BYTES_MAX).contains(&password.expose().len()) {
        true => Ok(()),
        false => Err(Refusal::Invalid("The password is empty or too long.")),
    }
}

fn checked(text: &str, length_max: usize) -> Result<String, Refusal> {
    let fits = (1..=length_max).contains(&text.len());
    match fits && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(Refusal::Invalid("A name is empty, too long, or holds control characters.")),
    }
}

/// The bytes of the parser's own copy are not wiped; they are in the request's body anyway.
pub(crate) fn sensitive<'de, D: Deserializer<'de>>(from: D) -> Result<Sensitive, D::Error> {
    String::deserialize(from).map(Sensitive::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(json: &str) -> PasswordForm {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn root_and_users_have_forms_of_their_own() {
        let root = form(r#"{"email":"Ann@x.org","password":"p"}"#);
        assert_eq!(root.claim(None).unwrap(), Claim::Root { email: "Ann@x.org".into() });
        assert!(root.claim(Some("acme")).is_err(), "root is not on the form of an account");
        let user = form(r#"{"account":"acme","userName":"ann","password":"p"}"#);
        let ann = Claim::User { account: "acme".into(), name: "ann".into() };
        assert_eq!(user.claim(None).unwrap(), ann);
        assert_eq!(user.claim(Some("acme")).unwrap(), ann);
        assert!(user.claim(Some("other")).is_err());
        let short = form(r#"{"userName":"ann","password":"p"}"#);
        assert_eq!(short.claim(Some("acme")).unwrap(), ann);
        assert!(short.claim(None).is_err());
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for json in [
            r#"{"account":"","userName":"ann","password":"p"}"#.to_owned(),
            r#"{"account":"a","userName":"an\u0000n","password":"p"}"#.to_owned(),
            r#"{"account":"a","userName":"ann","password":""}"#.to_owned(),
            format!(r#"{{"account":"a","userName":"{}","password":"p"}}"#, "x".repeat(65)),
            format!(r#"{{"email":"a@b","password":"{}"}}"#, "x".repeat(1_025)),
            r#"{"password":"p"}"#.to_owned(),
        ] {
            assert!(matches!(form(&json).claim(None), Err(Refusal::Invalid(_))), "{json}");
        }
        for json in [r#"{"email":1,"password":"p"}"#, r#"{"email":"a","password":"p","x":1}"#] {
            assert!(serde_json::from_str::<PasswordForm>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_form_does_not_show_its_password() {
        let shown = format!("{:?}", form(r#"{"email":"a@b","password":"hunter2"}"#));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<PasswordForm>(&bytes);
            let _ = serde_json::from_slice::<CodeForm>(&bytes);
        }

        #[test]
        fn any_texts_are_borne(account: String, name: String, label: Option<String>) {
            let form = PasswordForm {
                account: Some(account),
                user_name: Some(name),
                email: None,
                password: "p".into(),
                duration_seconds: None,
            };
            let _ = form.claim(label.as_deref());
        }
    }
}
