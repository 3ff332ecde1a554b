//! What root alone may do, in a session that began with its password: no policy grants any of this, no
//! operation of an API reaches it, and root's own access keys do not either.

use iam::{
    accounts::{Account, CreateError},
    door::{Caller, ConsoleEvent, Origin},
    mfa::{self, MfaOwner},
    passwords,
    people::{self, Person},
    root,
};
use serde::Deserialize;
use store::{Row, Transaction, params};
use wire::Sensitive;
use world::Secret;

use crate::{
    Refusal, Service, addresses,
    forms::{check_password, sensitive},
    letters::{self, Letter},
    limits::{Key, household},
    sign_up::{CODE_TIME, CODE_TRIES, checked_email},
};

/// Root's next password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RootPasswordForm {
    /// The one in force.
    #[serde(deserialize_with = "sensitive")]
    pub old_password: Sensitive,
    /// The next one.
    #[serde(deserialize_with = "sensitive")]
    pub new_password: Sensitive,
}

/// The account's next name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameForm {
    /// 1 to 50 characters.
    pub account_name: String,
}

/// The e-mail address by which root wants to sign in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailForm {
    /// The address.
    pub email: String,
    /// Root's password.
    #[serde(deserialize_with = "sensitive")]
    pub password: Sensitive,
}

/// The code that was mailed to that address.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailCodeForm {
    /// Six digits.
    pub code: String,
}

/// A virtual MFA device for root, as `CreateVirtualMFADevice` made it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaForm {
    /// Its serial number.
    pub serial_number: String,
    /// A code that it shows.
    pub code1: String,
    /// The code that it shows next.
    pub code2: String,
}

impl Service {
    /// Changes root's password. Sessions go on, as they do in AWS.
    ///
    /// # Errors
    /// [`Refusal::RootOnly`]; [`Refusal::Incorrect`] for a wrong old password; [`Refusal::Password`],
    /// [`Refusal::TooMany`].
    pub async fn change_root_password(
        &self,
        caller: &Caller,
        form: &RootPasswordForm,
    ) -> Result<(), Refusal> {
        let (account, person) = self.prove(caller, &form.old_password).await?;
        let password = form.new_password.expose();
        if !passwords::is_acceptable(password, &account.name, &account.email) {
            return Err(Refusal::Password);
        }
        let hash = passwords::hash(self.world(), password).await.map_err(Refusal::internal)?;
        again!(async {
            let mut tx = self.store.write().await?;
            refuse_changed(&mut tx, &person).await?;
            root::set_password(&mut tx, &account.id, &hash).await?;
            self.commit(tx, caller, "PasswordUpdated").await
        })
    }

    /// Gives the account another name.
    ///
    /// # Errors
    /// [`Refusal::RootOnly`], [`Refusal::Invalid`].
    pub async fn rename_account(&self, caller: &Caller, form: &NameForm) -> Result<(), Refusal> {
        refuse_others(caller)?;
        again!(async {
            let mut tx = self.store.write().await?;
            match root::rename(&mut tx, &caller.account, &form.account_name).await {
                Ok(()) => self.commit(tx, caller, "AccountNameUpdated").await,
                Err(CreateError::Store(error)) => Err(error.into()),
                Err(_) => Err(Refusal::Invalid("An account's name has 1 to 50 characters.")),
            }
        })
    }

    /// Begins a change of root's e-mail address: mails a code to the new one. Whether that belongs to another
    /// account is told only to who reads its mail.
    ///
    /// # Errors
    /// [`Refusal::RootOnly`], [`Refusal::Invalid`], [`Refusal::Incorrect`], [`Refusal::TooMany`].
    pub async fn start_email_change(
        &self,
        caller: &Caller,
        form: &EmailForm,
    ) -> Result<(), Refusal> {
        const KEEP: &str = "INSERT INTO email_changes (account_id, email, code, tries_left, \
            expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE \
            SET email = $2, code = $3, tries_left = $4, expires_at = $5";
        refuse_others(caller)?;
        let email = checked_email(&form.email)?;
        let (account, _) = self.prove(caller, &form.password).await?;
        self.admit_letter(&caller.request, &email)?;
        let code = self.mailed_code();
        let taken = root::email_is_taken(&mut self.store.read().await?, &email).await?;
        let letter = match taken {
            true => letters::email_is_taken(),
            false => letters::email_code(&account.id, &code),
        };
        let sealed = self.store.keyring().seal(&purpose(&account.id, &email), code.as_bytes())?;
        let sealed = (!taken).then_some(sealed);
        let end = caller.request.now.saturating_add(CODE_TIME);
        let packed = self.pack(&email, &letter).await?;
        again!(async {
            let mut tx = self.store.write().await?;
            let params = params![&account.id, &email, sealed.as_deref(), CODE_TRIES, end];
            tx.execute(KEEP, params).await?;
            self.flow.post(&mut tx, &packed).await?;
            Ok(tx.commit().await?)
        })
    }

    /// Ends a change of root's e-mail address, and tells the old one.
    ///
    /// # Errors
    /// [`Refusal::RootOnly`]; [`Refusal::MailedCode`] for a code that is wrong or too old, after too many tries,
    /// and where the address belongs to another account meanwhile.
    pub async fn confirm_email_change(
        &self,
        caller: &Caller,
        form: &EmailCodeForm,
    ) -> Result<(), Refusal> {
        refuse_others(caller)?;
        let email = again!(self.try_email_code(caller, form))?;
        let letter = letters::email_changed(&caller.account);
        again!(self.set_email(caller, &email, &letter))
    }

    /// Gives root a virtual MFA device.
    ///
    /// # Errors
    /// [`Refusal::RootOnly`]; what `EnableMFADevice` says.
    pub async fn enable_root_mfa(&self, caller: &Caller, form: &MfaForm) -> Result<(), Refusal> {
        refuse_others(caller)?;
        let (owner, keyring) = (MfaOwner::root(&caller.account), self.store.keyring());
        let codes = [form.code1.as_str(), form.code2.as_str()];
        if form.serial_number.contains('\0') {
            return Err(Refusal::Invalid("This is not a serial number."));
        }
        again!(async {
            let mut tx = self.store.write().await?;
            let (serial, now) = (&form.serial_number, caller.request.now);
            mfa::enable(&mut tx, keyring, &owner, serial, codes, now).await?;
            self.commit(tx, caller, "EnableMFADevice").await
        })
    }

    /// The account, and its root by whom the password was given once more. Wrong ones count as in signing in.
    async fn prove(
        &self,
        caller: &Caller,
        password: &Sensitive,
    ) -> Result<(Account, Person), Refusal> {
        refuse_others(caller)?;
        check_password(password)?;
        let request = &caller.request;
        let mut snapshot = self.store.read().await?;
        let account = root::account(&mut snapshot, &caller.account).await?;
        let person = people::again(&mut snapshot, &caller.account, None).await?;
        let (account, person) = account.zip(person).ok_or(Refusal::RootOnly)?;
        let known =
            addresses::is_known(&mut snapshot, &person, request.source_ip, request.now).await?;
        drop(snapshot);
        let (address, root) = (household(request.source_ip), account.email.clone());
        let mut keys = vec![Key::Address(address), Key::PersonAt(root.clone(), address)];
        if !known {
            keys.push(Key::Person(root));
        }
        let admitted = self
            .limits
            .admit(keys, request.now)
            .map_err(|turned| Refusal::TooMany { retry_after: turned.until.since(request.now) })?;
        let hash = person.password.as_ref().map(|password| password.hash.as_str());
        let right = passwords::verify_any(hash, password.expose()).await;
        if !right.map_err(Refusal::internal)? {
            return Err(Refusal::Incorrect);
        }
        self.limits.forgive(admitted);
        Ok((account, person))
    }

    /// Compares the code and gives the address. A try is counted before, and stays counted.
    async fn try_email_code(
        &self,
        caller: &Caller,
        form: &EmailCodeForm,
    ) -> Result<String, Refusal> {
        const COUNT: &str = "UPDATE email_changes SET tries_left = tries_left - 1 \
            WHERE account_id = $1 AND expires_at > $2 AND tries_left > 0";
        const LOAD: &str = "SELECT email, code FROM email_changes WHERE account_id = $1";
        let account = &caller.account;
        let mut tx = self.store.write().await?;
        if tx.execute(COUNT, params![account, caller.request.now]).await? == 0 {
            return Err(Refusal::MailedCode);
        }
        let kept = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<Option<Vec<u8>>>(1)?));
        let kept = tx.row(LOAD, params![account], kept).await?;
        tx.commit().await?;
        let (email, sealed) = kept.ok_or(Refusal::MailedCode)?;
        let sealed = sealed.ok_or(Refusal::MailedCode)?;
        let code = self.store.keyring().open(&purpose(account, &email), &sealed)?;
        match code == Secret::new(form.code.as_bytes()) {
            true => Ok(email),
            false => Err(Refusal::MailedCode),
        }
    }

    async fn set_email(
        &self,
        caller: &Caller,
        email: &str,
        letter: &Letter,
    ) -> Result<(), Refusal> {
        const DELETE: &str = "DELETE FROM email_changes WHERE account_id = $1 AND email = $2";
        let account = root::account(&mut self.store.read().await?, &caller.account).await?;
        let account = account.ok_or(Refusal::RootOnly)?;
        let packed = self.pack(&account.email, letter).await?;
        let mut tx = self.store.write().await?;
        if tx.execute(DELETE, params![&account.id, email]).await? == 0 {
            return Err(Refusal::MailedCode);
        }
        match root::set_email(&mut tx, &account.id, email).await {
            Ok(()) => {}
            Err(CreateError::EmailTaken(_)) => return Err(Refusal::MailedCode),
            Err(CreateError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Refusal::internal(error)),
        }
        self.flow.post(&mut tx, &packed).await?;
        self.commit(tx, caller, "EmailUpdated").await
    }

    /// Commits a change with its record.
    async fn commit(
        &self,
        mut tx: Transaction,
        caller: &Caller,
        name: &'static str,
    ) -> Result<(), Refusal> {
        let details = serde_json::Value::Null;
        let event = ConsoleEvent { name, caller: caller.clone(), failure: None, details };
        event.insert(&mut tx, self.world()).await?;
        Ok(tx.commit().await?)
    }
}

/// Refuses everybody but root in a session that began with its password.
fn refuse_others(caller: &Caller) -> Result<(), Refusal> {
    let signed_in = caller.session.as_ref().is_some_and(|facts| facts.origin == Origin::SignIn);
    if caller.is_root() && signed_in { Ok(()) } else { Err(Refusal::RootOnly) }
}

/// The password that was proved must still be in force.
async fn refuse_changed(tx: &mut Transaction, person: &Person) -> Result<(), Refusal> {
    let now = people::again(tx, &person.account, None).await?;
    let hash = |person: &Person| person.password.as_ref().map(|password| password.hash.clone());
    match now.as_ref().and_then(hash) == hash(person) {
        true => Ok(()),
        false => Err(Refusal::Incorrect),
    }
}

/// What a code is sealed for: it confirms no other address.
fn purpose(account: &str, email: &str) -> String {
    format!("email-change/{account}/{email}")
}
