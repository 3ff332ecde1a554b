//! The routes for people: signing in and up, the federation endpoint, and what root alone may do. What they take
//! and answer is told in `docs/sign-in.md`; who may do what, and how often, the sign-in room decides.

use std::{sync::Arc, time::Duration};

use hyper::{
    Method,
    header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use iam::door::{Caller, Door, RequestFacts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use signin::{LoginForm, PasswordForm, Service, TokenForm};
use sigv4::{Presented, SigningKey};
use wire::aws_query::Parameters;

use crate::{
    authenticate::{RULES, refused, unidentified},
    web::{Answer, Refusal, Request, Routes},
};

/// Bytes of a body that is read: credentials with the longest session token, escaped, are the most there is.
const BODY_BYTES_MAX: usize = 32 * 1024;

/// What signed requests of root are signed for.
const SIGNING_NAME: &str = "signin";

/// How far the clock of a signed request may be off.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The region of everything here, as of IAM.
const REGION: &str = "us-east-1";

/// The routes of `service`. `door` knows who signs what only root may do.
pub fn routes(service: &Arc<Service>, door: &Door) -> Routes {
    let desk = Desk { service: Arc::clone(service), door: door.clone() };
    Routes::default()
        .and(desk.route("/signin", Desk::password))
        .and(desk.route("/signin/{account}", Desk::password))
        .and(desk.route("/signin/step/mfa", Desk::code))
        .and(desk.route("/signin/step/fido", Desk::fido))
        .and(desk.route("/signin/step/password", Desk::new_password))
        .and(desk.route("/signup", Desk::sign_up))
        .and(desk.route("/signup/confirm", Desk::confirm_sign_up))
        .and(desk.route("/federation", Desk::federation))
        .and(desk.get("/federation", Desk::federation))
        .and(desk.route("/mfa/fido/offer", Desk::offer_key))
        .and(desk.route("/mfa/fido", Desk::register_key))
        .and(desk.route("/workmail/personal-access-tokens", Desk::mail_token))
        .and(desk.route("/root/password", Desk::root_password))
        .and(desk.route("/root/account-name", Desk::account_name))
        .and(desk.route("/root/email", Desk::email))
        .and(desk.route("/root/email/confirm", Desk::email_code))
        .and(desk.route("/root/mfa", Desk::root_mfa))
}

/// Where people are received.
#[derive(Clone)]
struct Desk {
    service: Arc<Service>,
    door: Door,
}

/// A form without members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Why a request gets no further: by its form, or by what the room says of it.
enum Failure {
    Form(Refusal),
    Room(signin::Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Form(refusal)
    }
}

impl From<signin::Refusal> for Failure {
    fn from(refusal: signin::Refusal) -> Self {
        Self::Room(refusal)
    }
}

impl Desk {
    fn route<R>(&self, path: &'static str, handler: fn(Self, Request) -> R) -> Routes
    where
        R: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        self.on(Method::POST, path, handler)
    }

    fn get<R>(&self, path: &'static str, handler: fn(Self, Request) -> R) -> Routes
    where
        R: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        self.on(Method::GET, path, handler)
    }

    fn on<R>(&self, method: Method, path: &'static str, handler: fn(Self, Request) -> R) -> Routes
    where
        R: Future<Output = Result<Answer, Failure>> + Send + 'static,
    {
        let desk = self.clone();
        Routes::default().bounded(method, path, BODY_BYTES_MAX, move |request| {
            let handled = handler(desk.clone(), request);
            async move {
                match handled.await {
                    Ok(answer) => Ok(answer),
                    Err(Failure::Form(refusal)) => Err(refusal),
                    Err(Failure::Room(refusal)) => told(&refusal),
                }
            }
        })
    }

    async fn password(self, request: Request) -> Result<Answer, Failure> {
        let form: PasswordForm = form(&request)?;
        let label = match request.label("account") {
            "" => request.header(HOST).and_then(|host| self.service.label_of_host(host)),
            label => Some(label.to_owned()),
        };
        answer(&self.service.password(&visit(&request), label.as_deref(), &form).await?)
    }

    async fn code(self, request: Request) -> Result<Answer, Failure> {
        answer(&self.service.code(&visit(&request), &form(&request)?).await?)
    }

    async fn mail_token(self, request: Request) -> Result<Answer, Failure> {
        let made = self.service.mail_token(&visit(&request), &form(&request)?).await?;
        Ok(answer(&made)?.status(201))
    }

    async fn fido(self, request: Request) -> Result<Answer, Failure> {
        answer(&self.service.fido(&visit(&request), &form(&request)?).await?)
    }

    async fn offer_key(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        let Nothing {} = form(&request)?;
        answer(&self.service.offer_fido_key(&caller).await?)
    }

    async fn register_key(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        let key = self.service.register_fido_key(&caller, &form(&request)?).await?;
        Ok(answer(&key)?.status(201))
    }

    async fn new_password(self, request: Request) -> Result<Answer, Failure> {
        answer(&self.service.new_password(&visit(&request), &form(&request)?).await?)
    }

    /// Taken, not done: nothing exists until the code has come back (RFC 9110, section 15.3.3).
    async fn sign_up(self, request: Request) -> Result<Answer, Failure> {
        let begun = self.service.sign_up(&visit(&request), &form(&request)?).await?;
        Ok(answer(&begun)?.status(202))
    }

    async fn confirm_sign_up(self, request: Request) -> Result<Answer, Failure> {
        let made = self.service.confirm_sign_up(&visit(&request), &form(&request)?).await?;
        Ok(answer(&made)?.status(201))
    }

    /// AWS's own form: parameters in the query, or in the body of a form.
    async fn federation(self, request: Request) -> Result<Answer, Failure> {
        let kind = request.header(CONTENT_TYPE).and_then(|value| value.split(';').next());
        let is_form = kind.is_none_or(|kind| {
            kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if request.method == Method::POST && !is_form {
            let message = "The content type must be application/x-www-form-urlencoded.";
            return Err(Refusal::new(415, "UnsupportedMediaType", message).into());
        }
        let parameters = Parameters::parse(&request.query, &request.body)
            .map_err(|error| invalid(error.message()))?;
        match parameters.value("Action") {
            Some("getSigninToken") => {
                let form = token_form(&parameters)?;
                answer(&self.service.signin_token(&visit(&request), &form).await?)
            }
            Some("login") => {
                let form = login_form(&parameters)?;
                answer(&self.service.login(&visit(&request), &form).await?)
            }
            _ => Err(invalid("Action is getSigninToken or login.")),
        }
    }

    async fn root_password(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        self.service.change_root_password(&caller, &form(&request)?).await?;
        Ok(Answer::empty())
    }

    async fn account_name(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        self.service.rename_account(&caller, &form(&request)?).await?;
        Ok(Answer::empty())
    }

    async fn email(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        self.service.start_email_change(&caller, &form(&request)?).await?;
        Ok(Answer::empty().status(202))
    }

    async fn email_code(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        self.service.confirm_email_change(&caller, &form(&request)?).await?;
        Ok(Answer::empty())
    }

    async fn root_mfa(self, request: Request) -> Result<Answer, Failure> {
        let caller = self.caller(&request).await?;
        self.service.enable_root_mfa(&caller, &form(&request)?).await?;
        Ok(Answer::empty())
    }

    /// Who signed the request, with Signature Version 4 for the service `signin`.
    async fn caller(&self, request: &Request) -> Result<Caller, Failure> {
        self.verified(request).await.map_err(|error| signin::Refusal::from(error).into())
    }

    async fn verified(&self, request: &Request) -> Result<Caller, wire::Error> {
        let headers: Vec<(&str, &[u8])> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let target = match request.query.as_str() {
            "" => request.path.clone(),
            query => format!("{}?{query}", request.path),
        };
        let signed = sigv4::Request {
            method: request.method.as_str(),
            target: target.as_bytes(),
            headers: &headers,
            body: &request.body,
        };
        let presented = Presented::parse(&signed).map_err(|error| refused(&error))?;
        let presented = presented.ok_or_else(|| refused(&sigv4::Error::MissingAuthentication))?;
        presented.check_time(request.now, CLOCK_TOLERANCE).map_err(|error| refused(&error))?;
        let known = |name: &str| if name == SIGNING_NAME { Ok(()) } else { Err(SIGNING_NAME) };
        let scope = presented.check_scope(known).map_err(|error| refused(&error))?;
        let mut snapshot = self.door.snapshot().await?;
        let (id, token) = (scope.access_key_id, presented.token());
        let identity = self.door.identify(&mut snapshot, id, token, visit(request)).await;
        let identity = identity.map_err(unidentified)?;
        let key = SigningKey::derive(&identity.secret, scope.date, scope.region, scope.service);
        presented.verify(&signed, &key, RULES).map_err(|error| refused(&error))?;
        Ok(identity.caller)
    }
}

/// The form in the body. A page of another site cannot send it: its type is JSON, and no leave is ever given.
fn form<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    Ok(request.json()?)
}

fn answer(value: &impl Serialize) -> Result<Answer, Failure> {
    Ok(Answer::json(value)?)
}

fn invalid(message: &str) -> Failure {
    Refusal::new(400, "InvalidRequest", message).into()
}

/// What the room refused, as it is told: with the time to wait where there is one.
fn told(refusal: &signin::Refusal) -> Result<Answer, Refusal> {
    let (status, code) = (refusal.status(), refusal.code());
    if status >= 500 {
        tracing::error!(cause = refusal.cause(), code, "a request of a person failed on our side");
    }
    let refused = Refusal::new(status, code, refusal.to_string());
    let signin::Refusal::TooMany { retry_after } = refusal else { return Err(refused) };
    let seconds = retry_after.as_secs().saturating_add(1);
    Ok(refused.into_answer().with(RETRY_AFTER, &seconds.to_string()))
}

fn visit(request: &Request) -> RequestFacts {
    let user_agent = request.headers.get(USER_AGENT).map(|value| value.as_bytes());
    RequestFacts {
        request_id: request.request_id.clone(),
        region: REGION.to_owned(),
        source_ip: request.source_ip,
        user_agent: String::from_utf8_lossy(user_agent.unwrap_or_default()).into_owned(),
        secure_transport: request.secure_transport,
        now: request.now,
    }
}

fn token_form(parameters: &Parameters<'_>) -> Result<TokenForm, Failure> {
    let session = parameters.value("Session").ok_or_else(|| invalid("Session is missing."))?;
    let duration_seconds = match parameters.value("SessionDuration") {
        None => None,
        Some(text) => {
            let seconds = text.parse().map_err(|_| invalid("SessionDuration is no number."))?;
            Some(seconds)
        }
    };
    Ok(TokenForm { session: session.into(), duration_seconds })
}

fn login_form(parameters: &Parameters<'_>) -> Result<LoginForm, Failure> {
    let required = |name: &'static str| {
        let missing = || invalid("Destination and SigninToken are needed.");
        parameters.value(name).map(str::to_owned).ok_or_else(missing)
    };
    Ok(LoginForm {
        signin_token: required("SigninToken")?,
        destination: required("Destination")?,
        issuer: parameters.value("Issuer").map(str::to_owned),
    })
}
