//! Signing in and signing up: from what a person types to temporary credentials.
//!
//! [`Service::password`] is where everybody begins: root with an e-mail address, a user with account and name.
//! Where it is due, [`Service::code`] or [`Service::fido`] takes a second factor and [`Service::new_password`] another password.
//! At the end stand credentials like those of `GetSessionToken`, which sign calls of the API. There is no other
//! way in: a console stands on the same operations as every client.
//!
//! [`Service::sign_up`] makes accounts for those who can read mail at an address, [`Service::signin_token`] lets
//! programs hand credentials of a role on to a browser, and [`Service::change_root_password`] and its
//! neighbours are what root alone may do.
//!
//! [`Service::mail_token`] is for users of mailboxes: it makes them personal access tokens for their mail programs.
//!
//! What the steps carry is sealed ([`step`]); guessing is limited ([`limits`]); what people do is recorded as
//! CloudTrail has it. This room speaks no HTTP, and asks `iam` for everything that it knows of people.
//!
//! # Limits
//! - Counts of wrong guesses are kept by each process for itself.
//! - An account is not closed here: what should become of its mail is the operator's to say.

#[macro_use]
mod again;

mod addresses;
mod credentials;
mod expired;
mod federation;
mod fido;
mod forms;
mod letters;
mod limits;
mod mail_tokens;
mod records;
mod refusal;
mod root;
mod schema;
mod sign_in;
mod sign_up;
mod step;

use std::sync::Arc;

use iam::door::Door;
use mailflow::Mailflow;
use store::Store;
use workmail::Authenticator;
use world::World;

pub use credentials::Credentials;
pub use expired::forget_expired;
pub use federation::{FederatedSession, LoginForm, SigninToken, TokenForm};
pub use fido::{FidoChallenge, FidoForm, FidoKey, FidoKeyForm, FidoOffer};
pub use forms::{CodeForm, NewPasswordForm, PasswordForm};
pub use mail_tokens::{MailToken, MailTokenForm};
pub use refusal::Refusal;
pub use root::{EmailCodeForm, EmailForm, MfaForm, NameForm, RootPasswordForm};
pub use schema::MIGRATIONS;
pub use sign_in::{Device, Progress, SignedIn};
pub use sign_up::{Begun, ConfirmForm, Pending, SignUpForm, SignedUp, pending};

use limits::Limits;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's own name, under which accounts have labels: `<alias>.signin.<host>`.
    pub host: String,
    /// The origin of the console's pages, as browsers tell it to FIDO keys: `https://host`.
    pub origin: String,
    /// Whether people may sign up by themselves.
    pub sign_up: bool,
}

/// The room. One for the whole server: it counts wrong guesses.
pub struct Service {
    store: Store,
    door: Door,
    flow: Mailflow,
    settings: Settings,
    limits: Limits,
    mail_users: Arc<Authenticator>,
}

impl Service {
    /// A room over `store` that sends its letters by `flow`, and knows users of mailboxes by `mail_users`.
    pub fn new(
        store: Store,
        door: Door,
        flow: Mailflow,
        mail_users: Arc<Authenticator>,
        settings: Settings,
    ) -> Self {
        Self { store, door, flow, settings, limits: Limits::default(), mail_users }
    }

    /// The account that a host name stands for, as in `<alias>.signin.<host>`, in lower case as all accounts
    /// are; a final dot and a port may follow.
    pub fn label_of_host(&self, host: &str) -> Option<String> {
        let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let (label, rest) = name.strip_suffix('.').unwrap_or(&name).split_once('.')?;
        let ours = rest.strip_prefix("signin.")?.eq_ignore_ascii_case(&self.settings.host);
        (ours && !label.is_empty()).then(|| label.to_owned())
    }

    fn world(&self) -> &World {
        self.door.world()
    }
}
