//! Accounts: how one comes to be. No API operation makes one, the command line and sign-up do.

use store::{Keyring, Snapshot, Transaction, params};
use world::World;

use crate::{
    access_keys::{self, KeyPair},
    attachments, groups, login_profiles, memberships, names, users,
};

/// Digits of an account id.
const ID_DIGITS: usize = 12;

/// Characters of an account's name at most.
const NAME_CHARS_MAX: usize = 50;

/// Octets of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const EMAIL_OCTETS_MAX: usize = 254;

/// Characters of a label of an e-mail address's domain at most.
const LABEL_CHARS_MAX: usize = 63;

/// The group that the first administrator is put into (WorkMail Administrator Guide, prerequisites).
const ADMINISTRATORS: &str = "Administrators";

/// The policy of that group.
const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What a new account is to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id, 12 digits; drawn at random if none is given.
    pub id: Option<String>,
    /// The e-mail address by which root signs in.
    pub email: String,
    /// The account's name.
    pub name: String,
    /// The hash of root's password, made by [`crate::passwords::hash`], if root shall have one.
    pub password_hash: Option<String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// 12 digits, never reused.
    pub id: String,
    /// The e-mail address by which root signs in, in lower case.
    pub email: String,
    /// The account's name.
    pub name: String,
}

/// Why an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The id is not 12 digits.
    #[error("account id `{0}` is not 12 digits")]
    InvalidId(String),
    /// There is or was an account of that id.
    #[error("account id `{0}` is taken")]
    IdTaken(String),
    /// The address has no local part, no domain, or characters that no address has.
    #[error("`{0}` is not an e-mail address")]
    InvalidEmail(String),
    /// Another account's root signs in by that address.
    #[error("an account with the e-mail address `{0}` exists already")]
    EmailTaken(String),
    /// The name is empty or longer than 50 characters.
    #[error("`{0}` is not an account name of 1 to 50 characters")]
    InvalidName(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes an account with nothing in it but its root user.
///
/// # Errors
/// [`CreateError`]; nothing was changed then.
pub async fn create(
    tx: &mut Transaction,
    world: &World,
    new: NewAccount,
) -> Result<Account, CreateError> {
    const SQL: &str = "INSERT INTO accounts (id, name, email, root_password_hash, created_at) \
        VALUES ($1, $2, $3, $4, $5)";
    let email = checked_email(&new.email)?;
    let name = checked_name(&new.name)?;
    if exists(tx, "SELECT 1 FROM accounts WHERE email = $1", &email).await? {
        return Err(CreateError::EmailTaken(email));
    }
    let id = match new.id {
        Some(id) => free_id(tx, id).await?,
        None => random_id(tx, world).await?,
    };
    let params = params![&id, &name, &email, new.password_hash, world.now()];
    tx.execute(SQL, params).await?;
    Ok(Account { id, email, name })
}

/// Whether there is any account yet.
///
/// # Errors
/// The store's.
pub async fn any(snapshot: &mut Snapshot) -> Result<bool, store::Error> {
    let row = snapshot.row("SELECT 1 FROM accounts LIMIT 1", params![], |_| Ok(())).await?;
    Ok(row.is_some())
}

/// Makes an access key for root.
///
/// # Errors
/// `LimitExceeded` when there are two already; what the store says.
pub async fn create_root_access_key(
    tx: &mut Transaction,
    world: &World,
    keyring: &Keyring,
    account: &Account,
) -> Result<KeyPair, wire::Error> {
    access_keys::insert(tx, world, keyring, &account.id, None, world.now()).await
}

/// Makes the first administrator: a user in a group `Administrators` with `AdministratorAccess`, with an
/// access key, and with a password for the console if a hash of one is given.
///
/// # Errors
/// `ValidationError` for a name that no user may have; what the store says.
pub async fn create_administrator(
    tx: &mut Transaction,
    world: &World,
    keyring: &Keyring,
    account: &Account,
    user_name: &str,
    password_hash: Option<&str>,
) -> Result<KeyPair, wire::Error> {
    let now = world.now();
    check_user_name(user_name)?;
    let id = &account.id;
    let group = groups::insert(tx, world, id, ADMINISTRATORS, names::ROOT_PATH, now).await?;
    attachments::insert(tx, &group, ADMINISTRATOR_ACCESS, now).await?;
    let user = users::insert(tx, world, id, user_name, names::ROOT_PATH, now).await?;
    memberships::insert(tx, id, &group.id, &user.id).await?;
    if let Some(hash) = password_hash {
        login_profiles::insert(tx, &user.id, hash, false, now).await?;
    }
    access_keys::insert(tx, world, keyring, id, Some(&user.id), now).await
}

/// What the model's pattern does for names that come by the API.
fn check_user_name(name: &str) -> Result<(), wire::Error> {
    const NAME_CHARS_MAX: usize = 64;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(wire::errors::VALIDATION.with(
        "The specified value for userName is invalid. It must contain only alphanumeric characters \
         and/or the following: +=,.@_-",
    ))
}

/// An e-mail address as it is kept for root: in lower case. People type it to sign in, so local parts between
/// quotes are none, and neither is what cannot be told from another by looking.
pub fn checked_email(email: &str) -> Result<String, CreateError> {
    let invalid = || CreateError::InvalidEmail(email.to_owned());
    let (local, domain) = email.split_once('@').ok_or_else(invalid)?;
    let printable = |c: char| !c.is_whitespace() && !c.is_control() && !is_hidden(c) && c != '@';
    let whole = !local.is_empty() && email.len() <= EMAIL_OCTETS_MAX;
    let is_dotted = local.split('.').all(|atom| !atom.is_empty());
    let is_mail = whole && is_dotted && domain.split('.').all(is_label);
    if is_mail && local.chars().chain(domain.chars()).all(printable) {
        return Ok(email.to_lowercase());
    }
    Err(invalid())
}

/// A label of a domain: letters, digits and hyphens (RFC 1035, section 2.3.1), underscores, and what is not ASCII.
fn is_label(label: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "-_".contains(c);
    (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(is_inside)
}

/// What turns the direction of a text, or is not seen at all: format characters of Unicode, soft hyphens, and
/// separators of lines and paragraphs.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The name of an account as it is kept: 1 to 50 characters without the white space around them.
pub fn checked_name(name: &str) -> Result<String, CreateError> {
    let trimmed = name.trim();
    let whole = (1..=NAME_CHARS_MAX).contains(&trimmed.chars().count());
    if whole && !trimmed.contains(|c: char| c.is_control() || is_hidden(c)) {
        return Ok(trimmed.to_owned());
    }
    Err(CreateError::InvalidName(name.to_owned()))
}

async fn free_id(tx: &mut Transaction, id: String) -> Result<String, CreateError> {
    if id.len() != ID_DIGITS || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CreateError::InvalidId(id));
    }
    if exists(tx, "SELECT 1 FROM accounts WHERE id = $1", &id).await? {
        return Err(CreateError::IdTaken(id));
    }
    Ok(id)
}

/// Accounts keep their row when they close, so an id that is free was never used.
async fn random_id(tx: &mut Transaction, world: &World) -> Result<String, CreateError> {
    loop {
        let id = world.random_text(b"0123456789", ID_DIGITS);
        if !exists(tx, "SELECT 1 FROM accounts WHERE id = $1", &id).await? {
            return Ok(id);
        }
    }
}

async fn exists(tx: &mut Transaction, sql: &str, value: &str) -> Result<bool, store::Error> {
    Ok(tx.row(sql, params![value], |_| Ok(())).await?.is_some())
}
