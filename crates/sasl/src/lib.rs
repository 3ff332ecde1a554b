//! SASL mechanisms that bear a token: `OAUTHBEARER` (RFC 7628) and the older `XOAUTH2`, which Google described
//! and other mail programs took over.
//!
//! Both are one message of the client. Where the token is refused, the server first says why in JSON, and the
//! client must answer that with nothing of meaning before the exchange fails (RFC 7628, section 3.2.3).
//!
//! This is pure: it takes messages apart. Base64, lines and replies are the protocols' own, and so are the
//! mechanisms that bear passwords. There is no channel binding (`p=`).

use world::Secret;

/// What separates the parts of a message (RFC 7628, section 3.1, `kvsep`).
const SEPARATOR: char = '\x01';

/// A mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 7628
    OAuthBearer,
    /// "OAuth 2.0 Mechanism", Google's Gmail documentation.
    XOAuth2,
}

/// What a client shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Whom the client wants to be, if it says so.
    pub login: Option<String>,
    /// The token that is to prove it.
    pub token: Secret,
}

impl Mechanism {
    /// The mechanism of that name, in any letter case (RFC 4422, section 3.1, has them in upper case).
    pub fn by_name(name: &str) -> Option<Self> {
        let all = [("OAUTHBEARER", Self::OAuthBearer), ("XOAUTH2", Self::XOAuth2)];
        all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|found| found.1)
    }

    /// Takes a client's message apart; `None` if it is not one of this mechanism.
    pub fn read(self, message: &Secret) -> Option<Bearer> {
        let text = message.expose_text()?;
        let (login, pairs) = match self {
            Self::OAuthBearer => {
                let (header, pairs) = text.split_once(SEPARATOR)?;
                (authorization_identity(header)?, pairs)
            }
            Self::XOAuth2 => {
                let (user, pairs) = text.strip_prefix("user=")?.split_once(SEPARATOR)?;
                (Some(user).filter(|user| !user.is_empty()).map(str::to_owned), pairs)
            }
        };
        Some(Bearer { login, token: token(pairs)? })
    }

    /// What a client is told of a token that is refused: in RFC 7628's words (section 3.2.2), or in those that
    /// clients of `XOAUTH2` look for.
    pub fn refusal(self) -> &'static str {
        match self {
            Self::OAuthBearer => r#"{"status":"invalid_token","schemes":"bearer"}"#,
            Self::XOAuth2 => r#"{"status":"401","schemes":"bearer"}"#,
        }
    }
}

/// The GS2 header (RFC 5801, section 4): `n,a=<identity>,`. Who says `p=` wants a channel binding, which is not
/// offered; `y` says that the client could have had one.
fn authorization_identity(header: &str) -> Option<Option<String>> {
    let rest = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,"))?;
    let name = rest.strip_suffix(',')?;
    if name.is_empty() {
        return Some(None);
    }
    sasl_name(name.strip_prefix("a=")?).map(Some)
}

/// RFC 5801, section 4, `saslname`: a comma is `=2C`, an equals sign `=3D`.
fn sasl_name(text: &str) -> Option<String> {
    if text.is_empty() || text.contains([',', '\0']) {
        return None;
    }
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        name.push(sign);
        name.push_str(rest);
    }
    Some(name)
}

/// The token among `key=value` pairs, each with a separator after it, and one more after the last.
fn token(pairs: &str) -> Option<Secret> {
    const SCHEME: &str = "bearer ";
    let pairs = pairs.strip_suffix(SEPARATOR)?.strip_suffix(SEPARATOR)?;
    let mut found = None;
    for pair in pairs.split(SEPARATOR) {
        let (key, value) = pair.split_once('=')?;
        if key.eq_ignore_ascii_case("auth") && found.replace(value).is_some() {
            return None;
        }
    }
    let value = found?;
    // RFC 7235, section 2.1: the letter case of a scheme does not count.
    let scheme = value.get(..SCHEME.len())?;
    let token = value.get(SCHEME.len()..)?.trim_matches(' ');
    let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case(SCHEME) && is_plain).then(|| Secret::new(token))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mechanism: Mechanism, text: &str) -> Option<(Option<String>, String)> {
        let Bearer { login, token } = mechanism.read(&Secret::new(text))?;
        Some((login, token.expose_text().unwrap().to_owned()))
    }

    fn shown(login: Option<&str>) -> Option<(Option<String>, String)> {
        Some((login.map(str::to_owned), "vF9dft4q.x-y_z=".to_owned()))
    }

    #[test]
    fn the_message_of_rfc_7628_is_read() {
        let pairs = "host=server.example.com\x01port=143\x01auth=Bearer vF9dft4q.x-y_z=\x01\x01";
        let read = |header: &str| read(Mechanism::OAuthBearer, &format!("{header}\x01{pairs}"));
        assert_eq!(read("n,a=user@example.com,"), shown(Some("user@example.com")));
        assert_eq!(read("n,a=a=2Cb=3Dc,"), shown(Some("a,b=c")));
        assert_eq!(read("y,,"), shown(None));
        for header in ["p=tls-unique,,", "n", "n,a=,", "n,b=x,", "n,a=x=2,", "n,a=x", "x,,", ""] {
            assert_eq!(read(header), None, "{header}");
        }
    }

    #[test]
    fn the_message_of_xoauth2_is_read() {
        let read = |text: &str| read(Mechanism::XOAuth2, text);
        let whole = "user=ann@example.com\x01auth=bearer vF9dft4q.x-y_z=\x01\x01";
        assert_eq!(read(whole), shown(Some("ann@example.com")));
        assert_eq!(read("user=\x01auth=Bearer vF9dft4q.x-y_z=\x01\x01"), shown(None));
        for broken in [
            "user=ann\x01auth=Bearer t\x01",
            "user=ann\x01auth=Bearer t",
            "user=ann\x01auth=Basic t\x01\x01",
            "user=ann\x01auth=Bearer \x01\x01",
            "user=ann\x01auth=Bearer a b\x01\x01",
            "user=ann\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
            "auth=Bearer t\x01\x01",
            "user=ann\x01\x01\x01",
            "",
        ] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn names_have_no_letter_case() {
        assert_eq!(Mechanism::by_name("oauthbearer"), Some(Mechanism::OAuthBearer));
        assert_eq!(Mechanism::by_name("XOAuth2"), Some(Mechanism::XOAuth2));
        assert_eq!(Mechanism::by_name("PLAIN"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
                let _ = mechanism.read(&Secret::new(bytes.clone()));
            }
        }

        #[test]
        fn what_is_almost_a_message_does_no_harm(
            text in "([ny],(a=[a=,2C3D\u{e9}]{0,6})?,|user=[a-z]{0,3})\x01(auth=(Bearer|bearer) ?[a\u{e9} ]{0,4}|a=b|\x01){0,3}\x01{0,2}"
        ) {
            for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
                let _ = mechanism.read(&Secret::new(text.clone()));
            }
        }

        #[test]
        fn any_name_comes_through(name in "[ -~&&[^\x01]]{1,20}", token in "[!-~]{1,40}") {
            let escaped = name.replace('=', "=3D").replace(',', "=2C");
            let text = format!("n,a={escaped},\x01auth=Bearer {token}\x01\x01");
            prop_assert_eq!(read(Mechanism::OAuthBearer, &text), Some((Some(name), token)));
        }
    }
}
