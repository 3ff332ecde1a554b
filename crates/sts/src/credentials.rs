//! Temporary credentials as answers carry them.

use iam::{
    door::Call,
    session::{self, Session},
    token_preferences,
};
use wire::sts::Credentials;

/// Credentials, and how large their token is.
pub(crate) struct Sealed {
    pub(crate) credentials: Credentials,
    /// Characters of the token.
    pub(crate) token_size: Option<i32>,
    /// The same in percent of the most that a token may have.
    pub(crate) token_utilization: Option<i32>,
}

/// Seals `session` into its token, of at least `chars_min` characters, and as many as the account wants.
pub(crate) async fn seal(
    call: &mut Call,
    session: &Session,
    chars_min: Option<i32>,
) -> Result<Sealed, wire::Error> {
    let asked = usize::try_from(chars_min.unwrap_or(0)).unwrap_or(0);
    let preferred = token_preferences::token_chars_min(call, &session.account).await?;
    let token = session::seal(&call.keyring(), session, asked.max(preferred))?;
    let size = token.len();
    Ok(Sealed {
        credentials: Credentials {
            access_key_id: session.access_key_id.clone(),
            secret_access_key: session.secret().expose_text().unwrap_or_default().into(),
            session_token: token.into(),
            expiration: session.expires_at(),
        },
        token_size: i32::try_from(size).ok(),
        token_utilization: i32::try_from(size * 100 / session::TOKEN_CHARS_MAX).ok(),
    })
}
