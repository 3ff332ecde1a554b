//! Signing up: an account for who can read mail at an address.
//!
//! Whether the address has an account already is not told to who asks, only to who reads its mail: the answers
//! are the same, take the same time, and a letter goes out in both cases.
//!
//! A further proof, such as a phone call, would be one more condition in [`Service::confirm_sign_up`], before
//! the account is made; there is none.

use std::time::Duration;

use iam::{
    accounts::{self, CreateError, NewAccount},
    door::RequestFacts,
    passwords, root,
};
use serde::{Deserialize, Serialize};
use store::{Keyring, Row, Snapshot, Store, Transaction, params};
use wire::Sensitive;
use world::{Secret, Timestamp};

use crate::{
    Refusal, Service,
    credentials::iso8601,
    forms::{check_password, sensitive},
    letters::{self, Letter},
    limits::{Key, household},
};

/// How long a mailed code is good.
pub(crate) const CODE_TIME: Duration = Duration::from_secs(10 * 60);

/// How often one may be tried.
pub(crate) const CODE_TRIES: i64 = 5;

/// Accounts that wait for their code at most.
const PENDING_MAX: i64 = 10_000;

/// Who wants an account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignUpForm {
    /// The e-mail address of the root user.
    pub email: String,
    /// The name of the account.
    pub account_name: String,
    /// The password of the root user.
    #[serde(deserialize_with = "sensitive")]
    pub password: Sensitive,
}

/// A sign-up that waits for its code.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Names it, to who began it.
    pub sign_up_id: String,
    /// How long it waits.
    #[serde(serialize_with = "iso8601")]
    pub expires_at: Timestamp,
}

/// The code that was mailed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfirmForm {
    /// Which sign-up it is for.
    pub sign_up_id: String,
    /// Six digits.
    pub code: String,
}

/// An account that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUp {
    /// 12 digits.
    pub account_id: String,
    /// The e-mail address by which root signs in.
    pub email: String,
}

/// A sign-up as the operator sees it.
#[derive(Debug)]
pub struct Pending {
    /// The e-mail address.
    pub email: String,
    /// The name that the account is to have.
    pub account_name: String,
    /// The code; none where the address has an account already.
    pub code: Option<Sensitive>,
    /// How long it waits.
    pub expires_at: Timestamp,
}

/// A sign-up as it is kept.
struct Stored {
    email: String,
    account_name: String,
    password_hash: String,
    code: Option<Vec<u8>>,
    tries_left: i64,
}

/// The sign-ups that wait for their code, for an operator whose server cannot send mail yet.
///
/// # Errors
/// The store's.
pub async fn pending(store: &Store, now: Timestamp) -> Result<Vec<Pending>, store::Error> {
    const SQL: &str = "SELECT id, email, account_name, code, expires_at FROM sign_ups \
        WHERE expires_at > $1 ORDER BY created_at LIMIT $2";
    let row = |row: &Row<'_>| {
        let (id, sealed): (String, Option<Vec<u8>>) = (row.get(0)?, row.get(3)?);
        let code = sealed.map(|sealed| unsealed(store.keyring(), &id, &sealed)).transpose()?;
        let code = code.and_then(|code| code.expose_text().map(Sensitive::from));
        let (email, account_name, expires_at) = (row.get(1)?, row.get(2)?, row.get(4)?);
        Ok(Pending { email, account_name, code, expires_at })
    };
    store.read().await?.rows(SQL, params![now, PENDING_MAX], row).await
}

impl Service {
    /// Begins a sign-up: mails a code to the address.
    ///
    /// # Errors
    /// [`Refusal::SignUpClosed`], [`Refusal::Invalid`], [`Refusal::Password`], [`Refusal::TooMany`],
    /// [`Refusal::Busy`].
    pub async fn sign_up(&self, visit: &RequestFacts, form: &SignUpForm) -> Result<Begun, Refusal> {
        if !self.settings.sign_up {
            return Err(Refusal::SignUpClosed);
        }
        let email = checked_email(&form.email)?;
        let name = accounts::checked_name(&form.account_name)
            .map_err(|_| Refusal::Invalid("An account's name has 1 to 50 characters."))?;
        check_password(&form.password)?;
        if !passwords::is_acceptable(form.password.expose(), &name, &email) {
            return Err(Refusal::Password);
        }
        self.admit_letter(visit, &email)?;
        let hash = passwords::hash(self.world(), form.password.expose()).await;
        let code = self.mailed_code();
        let taken = root::email_is_taken(&mut self.store.read().await?, &email).await?;
        let letter = match taken {
            true => letters::already_signed_up(),
            false => letters::sign_up_code(&code),
        };
        let id = self.world().random_hex::<16>();
        let sealed = self.store.keyring().seal(&purpose(&id), code.as_bytes())?;
        let stored = Stored {
            email,
            account_name: name,
            password_hash: hash.map_err(Refusal::internal)?,
            code: (!taken).then_some(sealed),
            tries_left: CODE_TRIES,
        };
        self.keep(&id, &stored, &letter, visit.now).await?;
        Ok(Begun { sign_up_id: id, expires_at: visit.now.saturating_add(CODE_TIME) })
    }

    /// Makes the account, if the code is right.
    ///
    /// # Errors
    /// [`Refusal::MailedCode`] for a code that is wrong or too old, after too many tries, and where the address
    /// has got an account meanwhile.
    pub async fn confirm_sign_up(
        &self,
        visit: &RequestFacts,
        form: &ConfirmForm,
    ) -> Result<SignedUp, Refusal> {
        if !self.settings.sign_up {
            return Err(Refusal::SignUpClosed);
        }
        if !is_id(&form.sign_up_id) {
            return Err(Refusal::MailedCode);
        }
        let stored = again!(self.try_code(form, visit.now))?;
        loop {
            let id = self.world().random_text(b"0123456789", 12);
            let letter = letters::welcome(&stored.account_name, &id, &self.settings.host);
            match again!(self.make(&form.sign_up_id, &stored, &id, &letter))? {
                Made::Account => {
                    tracing::info!(account = id, "an account was signed up");
                    return Ok(SignedUp { account_id: id, email: stored.email });
                }
                Made::IdTaken => {}
            }
        }
    }

    /// Counts a letter with a code. Whoever asks for it, an address gets only so many.
    pub(crate) fn admit_letter(&self, visit: &RequestFacts, email: &str) -> Result<(), Refusal> {
        let keys = vec![
            Key::SignUpsAt(household(visit.source_ip)),
            Key::Letters(email.to_owned()),
            Key::LettersDaily(email.to_owned()),
            Key::AllLetters,
        ];
        match self.limits.admit(keys, visit.now) {
            Ok(_) => Ok(()),
            Err(turned) => Err(Refusal::TooMany { retry_after: turned.until.since(visit.now) }),
        }
    }

    async fn keep(
        &self,
        id: &str,
        stored: &Stored,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        const FORGET: &str = "DELETE FROM sign_ups WHERE expires_at <= $1";
        const KEEP: &str = "INSERT INTO sign_ups (id, email, account_name, password_hash, code, \
            tries_left, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let packed = self.pack(&stored.email, letter).await?;
        again!(async {
            let mut tx = self.store.write().await?;
            tx.execute(FORGET, params![now]).await?;
            if count(&mut tx).await? >= PENDING_MAX {
                return Err(Refusal::Busy);
            }
            let Stored { email, account_name, password_hash, code, tries_left } = stored;
            let end = now.saturating_add(CODE_TIME);
            let code = code.as_deref();
            let params =
                params![id, email, account_name, password_hash, code, tries_left, now, end];
            tx.execute(KEEP, params).await?;
            self.flow.post(&mut tx, &packed).await?;
            Ok(tx.commit().await?)
        })
    }

    /// Compares the code. A try is counted before, and stays counted.
    async fn try_code(&self, form: &ConfirmForm, now: Timestamp) -> Result<Stored, Refusal> {
        const COUNT: &str = "UPDATE sign_ups SET tries_left = tries_left - 1 \
            WHERE id = $1 AND expires_at > $2 AND tries_left > 0";
        let mut tx = self.store.write().await?;
        if tx.execute(COUNT, params![&form.sign_up_id, now]).await? == 0 {
            return Err(Refusal::MailedCode);
        }
        let stored = load(&mut tx, &form.sign_up_id).await?.ok_or(Refusal::MailedCode)?;
        tx.commit().await?;
        let sealed = stored.code.as_deref().ok_or(Refusal::MailedCode)?;
        let code = unsealed(self.store.keyring(), &form.sign_up_id, sealed)?;
        match code == Secret::new(form.code.as_bytes()) {
            true => Ok(stored),
            false => Err(Refusal::MailedCode),
        }
    }

    async fn make(
        &self,
        sign_up_id: &str,
        stored: &Stored,
        account_id: &str,
        letter: &Letter,
    ) -> Result<Made, Refusal> {
        const DELETE: &str = "DELETE FROM sign_ups WHERE id = $1";
        let packed = self.pack(&stored.email, letter).await?;
        let mut tx = self.store.write().await?;
        // Two at once may both have had the right code.
        if tx.execute(DELETE, params![sign_up_id]).await? == 0 {
            return Err(Refusal::MailedCode);
        }
        let new = NewAccount {
            id: Some(account_id.to_owned()),
            email: stored.email.clone(),
            name: stored.account_name.clone(),
            password_hash: Some(stored.password_hash.clone()),
        };
        match accounts::create(&mut tx, self.world(), new).await {
            Ok(_) => {}
            Err(CreateError::IdTaken(_)) => return Ok(Made::IdTaken),
            Err(CreateError::EmailTaken(_)) => return Err(Refusal::MailedCode),
            Err(CreateError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Refusal::internal(error)),
        }
        self.flow.post(&mut tx, &packed).await?;
        tx.commit().await?;
        Ok(Made::Account)
    }
}

/// What came of making an account.
enum Made {
    Account,
    IdTaken,
}

/// An address that can stand in a letter's header as it is.
pub(crate) fn checked_email(email: &str) -> Result<String, Refusal> {
    let invalid = Refusal::Invalid("This is not an e-mail address.");
    if email.contains(['<', '>', '"', '(', ')', ',', ';', ':', '\\', '[', ']']) {
        return Err(invalid);
    }
    accounts::checked_email(email).map_err(|_| invalid)
}

/// What a code is sealed for.
fn purpose(id: &str) -> String {
    format!("sign-up/{id}")
}

fn unsealed(keyring: &Keyring, id: &str, sealed: &[u8]) -> Result<Secret, store::Error> {
    keyring.open(&purpose(id), sealed)
}

/// Other texts name nothing, and some no engine takes.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

async fn count(snapshot: &mut Snapshot) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM sign_ups";
    Ok(snapshot.row(SQL, params![], |row| row.get(0)).await?.unwrap_or(0))
}

async fn load(tx: &mut Transaction, id: &str) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT email, account_name, password_hash, code, tries_left FROM sign_ups \
        WHERE id = $1";
    let stored = |row: &Row<'_>| {
        Ok(Stored {
            email: row.get(0)?,
            account_name: row.get(1)?,
            password_hash: row.get(2)?,
            code: row.get(3)?,
            tries_left: row.get(4)?,
        })
    };
    tx.row(SQL, params![id], stored).await
}
