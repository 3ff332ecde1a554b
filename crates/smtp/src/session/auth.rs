//! AUTH (RFC 4954) with PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), OAUTHBEARER (RFC 7628) and XOAUTH2.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::BytesMut;
use sasl::Mechanism;
use world::Secret;

use super::{Asked, Question, Role, Session, State, Step};
use crate::reply::Reply;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Which response is awaited.
#[derive(Debug)]
pub(super) enum Exchange {
    Plain,
    LoginName,
    LoginPassword {
        login: String,
    },
    Bearer(Mechanism),
    /// Whatever the client says to the refusal of its token.
    Resignation,
}

impl Session {
    pub(super) fn offers_auth(&self) -> bool {
        self.role == Role::Submission && self.peer.tls && !self.authenticated
    }

    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Option<Step> {
        let exchange = match self.may_auth(mechanism) {
            Ok(exchange) => exchange,
            Err(reply) => {
                self.refuse(&reply);
                return None;
            }
        };
        match initial {
            // RFC 4954 section 4: "=" is an empty response.
            Some("=") => self.respond(exchange, ""),
            Some(response) => self.respond(exchange, response),
            None => {
                self.challenge(exchange);
                None
            }
        }
    }

    fn may_auth(&self, mechanism: &str) -> Result<Exchange, Reply> {
        if self.authenticated {
            return Err(Reply::new(503, "5.5.1", "already authenticated"));
        }
        if !self.offers_auth() {
            return Err(Reply::new(502, "5.5.1", "no authentication here"));
        }
        // RFC 4954 section 4: not during a mail transaction, and an extension needs EHLO.
        if self.envelope.is_some() || !self.hello.as_ref().is_some_and(|hello| hello.extended) {
            return Err(Reply::new(503, "5.5.1", "AUTH comes between EHLO and MAIL"));
        }
        match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => Ok(Exchange::Plain),
            "LOGIN" => Ok(Exchange::LoginName),
            other => Mechanism::by_name(other)
                .map(Exchange::Bearer)
                .ok_or_else(|| Reply::new(504, "5.5.4", "mechanism is not offered")),
        }
    }

    /// The challenges of LOGIN are "Username:" and "Password:" in base64.
    fn challenge(&mut self, exchange: Exchange) {
        let text = match exchange {
            Exchange::Plain | Exchange::Bearer(_) | Exchange::Resignation => "",
            Exchange::LoginName => "VXNlcm5hbWU6",
            Exchange::LoginPassword { .. } => "UGFzc3dvcmQ6",
        };
        self.state = State::Auth(exchange);
        self.say(&Reply::new(334, "", text));
    }

    pub(super) fn read_response(&mut self, input: &mut BytesMut) -> Option<Step> {
        let line = self.take_line(input)?;
        let Ok(line) = line else { return Some(Step::Read) };
        let State::Auth(exchange) = std::mem::replace(&mut self.state, State::Command) else {
            return None;
        };
        if matches!(exchange, Exchange::Resignation) {
            self.turn_away(&Reply::new(535, "5.7.8", "the token is not accepted"));
            return None;
        }
        if &*line == b"*" {
            self.refuse(&Reply::new(501, "5.7.0", "authentication given up"));
            return None;
        }
        self.respond(exchange, &String::from_utf8_lossy(&line))
    }

    fn respond(&mut self, exchange: Exchange, response: &str) -> Option<Step> {
        let Some(decoded) = decode(response) else {
            self.refuse(&Reply::new(501, "5.5.2", "response is no base64 of text"));
            return None;
        };
        match exchange {
            Exchange::Plain => match plain(&decoded) {
                Some((login, password)) => self.ask_password(login, password),
                None => {
                    self.refuse(&Reply::new(501, "5.5.2", "response is not that of PLAIN"));
                    None
                }
            },
            Exchange::LoginName => {
                let login = decoded.expose_text().unwrap_or_default().to_owned();
                self.challenge(Exchange::LoginPassword { login });
                None
            }
            Exchange::LoginPassword { login } => self.ask_password(login, decoded),
            Exchange::Bearer(mechanism) => self.read_token(mechanism, &decoded),
            Exchange::Resignation => None,
        }
    }

    fn read_token(&mut self, mechanism: Mechanism, message: &Secret) -> Option<Step> {
        let Some(shown) = mechanism.read(message) else {
            self.refuse(&Reply::new(501, "5.5.2", "response is not that of the mechanism"));
            return None;
        };
        self.state = State::Asked(Asked::Token(mechanism));
        Some(Step::Ask(Question::Token { login: shown.login, token: shown.token }))
    }

    /// Tells why in a challenge, which the client has to answer before the command fails (RFC 7628, section
    /// 3.2.3).
    pub(super) fn challenge_token(&mut self, mechanism: Mechanism) {
        self.state = State::Auth(Exchange::Resignation);
        self.say(&Reply::new(334, "", BASE64.encode(mechanism.refusal())));
    }

    fn ask_password(&mut self, login: String, password: Secret) -> Option<Step> {
        self.state = State::Asked(Asked::Password);
        Some(Step::Ask(Question::Password { login, password }))
    }
}

fn decode(response: &str) -> Option<Secret> {
    let secret = Secret::new(BASE64.decode(response).ok()?);
    secret.expose_text().is_some_and(|text| !text.contains(['\r', '\n'])).then_some(secret)
}

/// `authzid NUL authcid NUL password`; to act for somebody else is not offered.
fn plain(response: &Secret) -> Option<(String, Secret)> {
    let mut parts = response.expose_text()?.split('\0');
    let (authzid, login, password) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = parts.next().is_none() && !login.is_empty() && !password.is_empty();
    let himself = authzid.is_empty() || authzid == login;
    (fits && himself).then(|| (login.to_owned(), Secret::new(password)))
}
