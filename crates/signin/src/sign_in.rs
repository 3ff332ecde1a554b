//! Signing in, step by step: password, second factor, another password.

use iam::{
    door::{Call, Caller, Origin, Outcome, Record, RequestFacts, SessionFacts, SessionScope},
    mfa::{self, MfaOwner},
    passwords,
    people::{self, Claim, Found, Person, Standing},
};
use serde::Serialize;
use store::Transaction;
use wire::iam::{ChangePasswordRequest, Iam};
use world::Timestamp;

use crate::{
    Credentials, Refusal, Service, addresses,
    credentials::{self, checked_duration, iso8601},
    fido::{self, FidoChallenge, FidoForm},
    forms::{CodeForm, NewPasswordForm, PasswordForm, check_password},
    limits::{Key, household},
    records::{ENDED, FAILED, NO_USER, caller, event},
    step::{self, Stage, Step},
};

/// What came of a step.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all_fields = "camelCase")]
pub enum Progress {
    /// The person is in.
    SignedIn(Box<SignedIn>),
    /// A second factor must be shown.
    MfaRequired {
        /// What carries the sign-in on.
        token: String,
        /// How long it does.
        #[serde(serialize_with = "iso8601")]
        expires_at: Timestamp,
        /// The devices that will do.
        devices: Vec<Device>,
        /// What to ask a browser for, where one of them is a FIDO key.
        #[serde(skip_serializing_if = "Option::is_none")]
        fido: Option<FidoChallenge>,
    },
    /// The password must be changed.
    NewPasswordRequired {
        /// What carries the sign-in on.
        token: String,
        /// How long it does.
        #[serde(serialize_with = "iso8601")]
        expires_at: Timestamp,
        /// `ResetRequired`: an administrator wants it. `Expired`: it is too old.
        reason: &'static str,
    },
}

/// A device that gives second factors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its serial number, an ARN.
    pub serial_number: String,
    /// `Totp` or `Fido`.
    pub kind: &'static str,
}

/// A console session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// What signs calls.
    pub credentials: Credentials,
    /// The account: 12 digits.
    pub account_id: String,
    /// Who signed in.
    pub arn: String,
    /// The user's name; none for root.
    pub user_name: Option<String>,
    /// Whether a second factor was shown.
    pub mfa_authenticated: bool,
    /// When the password expires, if that is in the next 15 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_expires_at: Option<String>,
}

/// What is proved in a step beyond its token.
struct Shown<'a> {
    /// The token, to be used up; none in the first step.
    token: Option<(&'a str, Timestamp)>,
    /// A second factor.
    factor: Option<Factor<'a>>,
}

/// A second factor.
#[derive(Clone, Copy)]
enum Factor<'a> {
    /// A code of a virtual device.
    Code(&'a CodeForm),
    /// What a FIDO key signed.
    Fido(&'a fido::Shown),
}

impl Service {
    /// The first step. `label` is the account that the path or the host named.
    ///
    /// # Errors
    /// [`Refusal::Incorrect`] whatever of it is wrong, in the same time; [`Refusal::TooMany`].
    pub async fn password(
        &self,
        visit: &RequestFacts,
        label: Option<&str>,
        form: &PasswordForm,
    ) -> Result<Progress, Refusal> {
        let claim = form.claim(label)?;
        let duration_seconds = checked_duration(form.duration_seconds)?;
        let (found, known) = self.find(&claim, visit).await?;
        let keys = password_keys(&claim, &found, known, visit);
        let admitted = match self.limits.admit(keys, visit.now) {
            Ok(admitted) => admitted,
            Err(turned) => return Err(self.turn_away(visit, &found, turned).await),
        };
        let hash = found.person.as_ref().and_then(|person| person.password.as_ref());
        let hash = hash.map(|password| password.hash.as_str());
        let right = passwords::verify_any(hash, form.password.expose()).await;
        if !right.map_err(Refusal::internal)? {
            let why = if found.person.is_some() { FAILED } else { NO_USER };
            self.record_failure(visit, &found, why, false).await;
            return Err(Refusal::Incorrect);
        }
        self.limits.forgive(admitted);
        let person = found.person.ok_or(Refusal::Incorrect)?;
        let step = Step::new(self.world(), &person, None, duration_seconds, visit.now);
        match self.devices(&person).await? {
            devices if devices.is_empty() => {
                self.advance(visit, step, Shown { token: None, factor: None }).await
            }
            devices => Ok(Progress::MfaRequired {
                token: step.seal(self.store.keyring(), Stage::SecondFactor)?,
                expires_at: step.expires_at(),
                fido: self.ask_for_key(&person, &step).await?,
                devices,
            }),
        }
    }

    /// The second step, where a second factor is needed.
    ///
    /// # Errors
    /// [`Refusal::Step`], [`Refusal::Code`], [`Refusal::TooMany`], [`Refusal::PasswordEnded`].
    pub async fn code(&self, visit: &RequestFacts, form: &CodeForm) -> Result<Progress, Refusal> {
        self.second_factor(visit, &form.token, Factor::Code(form)).await
    }

    /// The second step, with a FIDO key.
    ///
    /// # Errors
    /// As [`Service::code`]; [`Refusal::Invalid`] for what is not base64url.
    pub async fn fido(&self, visit: &RequestFacts, form: &FidoForm) -> Result<Progress, Refusal> {
        self.second_factor(visit, &form.token, Factor::Fido(&fido::Shown::of(form)?)).await
    }

    async fn second_factor(
        &self,
        visit: &RequestFacts,
        token: &str,
        factor: Factor<'_>,
    ) -> Result<Progress, Refusal> {
        let keyring = self.store.keyring();
        let step = Step::open(keyring, Stage::SecondFactor, token, visit.now)?;
        let (found, known) = self.find_again(&step, visit).await?;
        let person = person_key(&step);
        let address = household(visit.source_ip);
        let mut keys = vec![Key::Address(address), Key::FactorAt(person.clone(), address)];
        if !known {
            keys.push(Key::Factor(person));
        }
        let admitted = match self.limits.admit(keys, visit.now) {
            Ok(admitted) => admitted,
            Err(turned) => return Err(self.turn_away(visit, &found, turned).await),
        };
        let token = (step.id.clone(), step.expires_at());
        let shown = Shown { token: Some((&token.0, token.1)), factor: Some(factor) };
        let result = self.advance(visit, step, shown).await;
        match &result {
            Err(Refusal::Code) => self.record_failure(visit, &found, FAILED, true).await,
            Ok(_) | Err(Refusal::PasswordEnded) => self.limits.forgive(admitted),
            Err(_) => {}
        }
        result
    }

    /// The step in which a password is changed that is good for nothing else. It is `iam:ChangePassword` in the
    /// user's own name: the account must allow it, and its policy rules the next password.
    ///
    /// # Errors
    /// [`Refusal::Step`], [`Refusal::TooMany`]; what `ChangePassword` says.
    pub async fn new_password(
        &self,
        visit: &RequestFacts,
        form: &NewPasswordForm,
    ) -> Result<Progress, Refusal> {
        let keyring = self.store.keyring();
        let step = Step::open(keyring, Stage::NewPassword, &form.token, visit.now)?;
        check_password(&form.old_password)?;
        let (found, _) = self.find_again(&step, visit).await?;
        let person = found.person.as_ref().ok_or(Refusal::Step)?;
        let key = Key::PersonAt(person_key(&step), household(visit.source_ip));
        let admitted = match self.limits.admit(vec![key], visit.now) {
            Ok(admitted) => admitted,
            Err(turned) => return Err(self.turn_away(visit, &found, turned).await),
        };
        self.change_password(visit, person, &step, form).await?;
        self.limits.forgive(admitted);
        let (account, user_id) = (&step.account, step.user_id.as_deref());
        let mut snapshot = self.store.read().await?;
        let person = people::again(&mut snapshot, account, user_id).await?.ok_or(Refusal::Step)?;
        drop(snapshot);
        let next =
            Step::new(self.world(), &person, step.mfa_at(), step.duration_seconds, visit.now);
        let shown = Shown { token: Some((&step.id, step.expires_at())), factor: None };
        self.advance(visit, next, shown).await
    }

    async fn find(
        &self,
        claim: &Claim,
        visit: &RequestFacts,
    ) -> Result<(Found, bool), store::Error> {
        let mut snapshot = self.store.read().await?;
        let found = people::find(&mut snapshot, claim).await?;
        let known = match &found.person {
            Some(person) => {
                addresses::is_known(&mut snapshot, person, visit.source_ip, visit.now).await?
            }
            None => false,
        };
        Ok((found, known))
    }

    /// The person whose step it is, if everything is still as it was.
    async fn find_again(
        &self,
        step: &Step,
        visit: &RequestFacts,
    ) -> Result<(Found, bool), Refusal> {
        let mut snapshot = self.store.read().await?;
        step::refuse_used(&mut snapshot, &step.id).await?;
        let person = people::again(&mut snapshot, &step.account, step.user_id.as_deref()).await?;
        let person = person.filter(|person| step.fits(person)).ok_or(Refusal::Step)?;
        let known = addresses::is_known(&mut snapshot, &person, visit.source_ip, visit.now).await?;
        Ok((Found { account: Some(step.account.clone()), person: Some(person) }, known))
    }

    async fn devices(&self, person: &Person) -> Result<Vec<Device>, store::Error> {
        let mut snapshot = self.store.read().await?;
        let devices = mfa::devices(&mut snapshot, &owner(person)).await?;
        let shown = |device: mfa::Device| Device {
            kind: match device.kind() {
                mfa::Kind::Virtual => "Totp",
                mfa::Kind::Fido => "Fido",
            },
            serial_number: device.serial,
        };
        Ok(devices.into_iter().map(shown).collect())
    }

    /// Takes what was shown, and goes as far as that leads: all of it happens, or nothing.
    async fn advance(
        &self,
        visit: &RequestFacts,
        step: Step,
        shown: Shown<'_>,
    ) -> Result<Progress, Refusal> {
        again!(self.try_advance(visit, step.clone(), &shown))
    }

    async fn try_advance(
        &self,
        visit: &RequestFacts,
        mut step: Step,
        shown: &Shown<'_>,
    ) -> Result<Progress, Refusal> {
        let mut tx = self.store.write().await?;
        let person = people::again(&mut tx, &step.account, step.user_id.as_deref()).await?;
        let person = person.filter(|person| step.fits(person)).ok_or(Refusal::Step)?;
        if let Some((id, expires_at)) = shown.token {
            step::use_up(&mut tx, id, expires_at, visit.now).await?;
        }
        let mut device = None;
        if let Some(factor) = shown.factor {
            let taken = match factor {
                Factor::Code(form) => self.take_code(&mut tx, &person, form, visit.now).await?,
                Factor::Fido(key) => self.take_key(&mut tx, &person, &step, key).await?,
            };
            device = Some(taken);
            step.mfa_at_micros = Some(visit.now.as_micros());
        }
        let standing = person.password.as_ref().map(|password| password.standing(visit.now));
        let reason = match standing.ok_or(Refusal::Step)? {
            Standing::Good => return self.enter(tx, visit, person, &step, device, None).await,
            Standing::ExpiresAt(end) => {
                return self.enter(tx, visit, person, &step, device, Some(end)).await;
            }
            Standing::Ended => {
                let event = event(visit, &person, &step, device, Some(ENDED));
                event.insert(&mut tx, self.world()).await?;
                tx.commit().await?;
                return Err(Refusal::PasswordEnded);
            }
            Standing::ResetRequired => "ResetRequired",
            Standing::Expired => "Expired",
        };
        tx.commit().await?;
        let (mfa_at, duration_seconds) = (step.mfa_at(), step.duration_seconds);
        let next = Step::new(self.world(), &person, mfa_at, duration_seconds, visit.now);
        let token = next.seal(self.store.keyring(), Stage::NewPassword)?;
        Ok(Progress::NewPasswordRequired { token, expires_at: next.expires_at(), reason })
    }

    /// Uses a code up and gives the serial number of the device that it is of.
    async fn take_code(
        &self,
        tx: &mut Transaction,
        person: &Person,
        form: &CodeForm,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let (owner, keyring) = (owner(person), self.store.keyring());
        for device in mfa::devices(tx, &owner).await? {
            let named = form.serial_number.as_ref().is_none_or(|named| *named == device.serial);
            let (serial, code) = (&device.serial, &form.code);
            if named && mfa::verify_code(tx, keyring, &owner, serial, code, now).await? {
                return Ok(device.serial);
            }
        }
        Err(Refusal::Code)
    }

    /// Checks what a FIDO key signed, and gives the key's serial number.
    async fn take_key(
        &self,
        tx: &mut Transaction,
        person: &Person,
        step: &Step,
        shown: &fido::Shown,
    ) -> Result<String, Refusal> {
        let (owner, expected) = (owner(person), self.expected(&step.challenge));
        let keys = iam::fido::keys(tx, &owner).await?;
        let known = keys.into_iter().find(|key| key.credential_id == shown.credential_id());
        let key = known.ok_or(Refusal::Code)?;
        match iam::fido::check_assertion(tx, &owner, &expected, &shown.assertion()).await? {
            Ok(()) => Ok(key.serial),
            Err(refused) => {
                tracing::info!(%refused, serial = key.serial, "a FIDO key was refused");
                Err(Refusal::Code)
            }
        }
    }

    async fn ask_for_key(
        &self,
        person: &Person,
        step: &Step,
    ) -> Result<Option<FidoChallenge>, store::Error> {
        let mut snapshot = self.store.read().await?;
        self.fido_challenge(&mut snapshot, &owner(person), &step.challenge).await
    }

    /// The last step: notes that the person signed in, and makes the session.
    async fn enter(
        &self,
        mut tx: Transaction,
        visit: &RequestFacts,
        person: Person,
        step: &Step,
        device: Option<String>,
        password_expires_at: Option<Timestamp>,
    ) -> Result<Progress, Refusal> {
        people::note_password_use(&mut tx, &person, visit.now).await?;
        addresses::remember(&mut tx, &person, visit.source_ip, visit.now).await?;
        let event = event(visit, &person, step, device, None);
        event.insert(&mut tx, self.world()).await?;
        tx.commit().await?;
        metrics::counter!("chancery_signin_total", "outcome" => "success").increment(1);
        let (mfa_at, seconds) = (step.mfa_at(), step.duration_seconds);
        let session = credentials::session(self.world(), &person, mfa_at, seconds, visit.now);
        Ok(Progress::SignedIn(Box::new(SignedIn {
            credentials: Credentials::seal(self.store.keyring(), &session)?,
            arn: event.caller.arn(),
            user_name: person.user_name().map(str::to_owned),
            account_id: person.account,
            mfa_authenticated: mfa_at.is_some(),
            password_expires_at: password_expires_at.map(Timestamp::iso8601),
        })))
    }

    /// `iam:ChangePassword` as the user's own call, with its own event record.
    async fn change_password(
        &self,
        visit: &RequestFacts,
        person: &Person,
        step: &Step,
        form: &NewPasswordForm,
    ) -> Result<(), Refusal> {
        let record = |outcome| Record {
            event_source: "iam.amazonaws.com",
            event_name: "ChangePassword",
            service: "iam",
            request_parameters: None,
            outcome,
        };
        again!(async {
            let caller = Caller { session: Some(facts(visit, step)), ..caller(visit, person) };
            let mut call = Call::new(self.door.clone(), caller, self.door.snapshot().await?);
            let input = ChangePasswordRequest {
                old_password: form.old_password.clone(),
                new_password: form.new_password.clone(),
            };
            match iam::Service.change_password(&mut call, input).await.map_err(Refusal::from) {
                Ok(()) => {
                    let outcome = Outcome::Succeeded { response_elements: None };
                    Ok(call.succeed(record(outcome)).await?)
                }
                Err(refusal) if refusal.is_conflict() => Err(refusal),
                Err(refusal) => {
                    let (code, message) = (refusal.code(), refusal.to_string());
                    call.fail(record(Outcome::Failed { code, message })).await;
                    Err(refusal)
                }
            }
        })
    }
}

/// What a wrong password is counted under. For a person it is the name as typed, so that one who is not there
/// is treated as one who is.
fn password_keys(claim: &Claim, found: &Found, known: bool, visit: &RequestFacts) -> Vec<Key> {
    let address = household(visit.source_ip);
    let (person, account) = match claim {
        Claim::Root { email } => (email.to_lowercase(), None),
        Claim::User { account, name } => {
            // The id and the alias of one account are no two accounts to guess at.
            let account = found.account.as_ref().unwrap_or(account);
            (format!("{account}/{}", name.to_lowercase()), Some(account.clone()))
        }
    };
    let mut keys = vec![Key::Address(address), Key::PersonAt(person.clone(), address)];
    if !known {
        keys.push(Key::Person(person));
        keys.extend(account.map(Key::Account));
    }
    keys
}

fn person_key(step: &Step) -> String {
    step.user_id.clone().unwrap_or_else(|| step.account.clone())
}

fn owner(person: &Person) -> MfaOwner {
    match person.user_id() {
        Some(id) => MfaOwner::user(&person.account, id),
        None => MfaOwner::root(&person.account),
    }
}

fn facts(visit: &RequestFacts, step: &Step) -> SessionFacts {
    SessionFacts {
        issued_at: visit.now,
        expires_at: step.expires_at(),
        mfa_at: step.mfa_at(),
        origin: Origin::SignIn,
        scope: SessionScope::default().into(),
    }
}
