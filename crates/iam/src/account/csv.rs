//! The files that the console offers for download: each is the only copy of a secret, for the owner alone.
//!
//! Fields are quoted where they must be (RFC 4180): names of users may hold commas, passwords anything. Lines
//! end in a line feed, and there is no byte-order mark: what AWS's own files have is not documented.

use wire::Sensitive;

/// `rootkey.csv` and `<user>_accessKeys.csv`: an access key.
pub fn access_key(id: &str, secret: &Sensitive) -> String {
    table(["Access key ID", "Secret access key"], [id, secret.expose()])
}

/// `<user>_credentials.csv`: what a user needs to sign in to a console.
pub fn console_user(user_name: &str, password: &Sensitive, sign_in_url: &str) -> String {
    table(
        ["User name", "Password", "Console sign-in URL"],
        [user_name, password.expose(), sign_in_url],
    )
}

/// `<user>_credentials.csv` in its older form, which `aws configure import` reads: a user's password and access
/// key. What there is none of stays empty.
pub fn credentials(
    user_name: &str,
    password: Option<&Sensitive>,
    access_key: Option<(&str, &Sensitive)>,
    sign_in_url: &str,
) -> String {
    let (id, secret) = access_key.unzip();
    table(
        ["User name", "Password", "Access key ID", "Secret access key", "Console login link"],
        [
            user_name,
            password.map_or("", |password| password.expose()),
            id.unwrap_or_default(),
            secret.map_or("", |secret| secret.expose()),
            sign_in_url,
        ],
    )
}

/// Where users of an account sign in, at the endpoint `base` (`https://host`): by its alias, or else by its id.
pub fn sign_in_url(base: &str, account_or_alias: &str) -> String {
    format!("{}/signin/{account_or_alias}", base.trim_end_matches('/'))
}

fn table<const N: usize>(header: [&str; N], row: [&str; N]) -> String {
    let line = |fields: [&str; N]| fields.map(field).join(",");
    format!("{}\n{}\n", line(header), line(row))
}

fn field(text: &str) -> String {
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_as_the_console_has_them() {
        assert_eq!(
            access_key("AKIA1", &"s/+".into()),
            "Access key ID,Secret access key\nAKIA1,s/+\n"
        );
        let url = sign_in_url("https://house.example/", "acme");
        assert_eq!(
            console_user("ann", &"Pass-1".into(), &url),
            "User name,Password,Console sign-in URL\nann,Pass-1,https://house.example/signin/acme\n"
        );
        assert_eq!(
            credentials("ann", None, Some(("AKIA1", &"s".into())), &url),
            "User name,Password,Access key ID,Secret access key,Console login link\n\
             ann,,AKIA1,s,https://house.example/signin/acme\n"
        );
    }

    #[test]
    fn what_would_end_a_field_is_quoted() {
        let text = console_user("a,b", &"x\"y".into(), "u");
        assert_eq!(text.lines().nth(1), Some("\"a,b\",\"x\"\"y\",u"));
    }
}
