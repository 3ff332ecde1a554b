//! The account's password policy for its users.

use store::{Row, Snapshot, params};
use wire::iam::{
    GetAccountPasswordPolicyResponse, PasswordPolicy, UpdateAccountPasswordPolicyRequest,
    errors::{NO_SUCH_ENTITY, PASSWORD_POLICY_VIOLATION},
};

use crate::{
    door::{Call, Resource},
    epoch,
    passwords::{self, Classes},
};

/// The shortest password of a policy that does not say.
const LENGTH_DEFAULT: i32 = 6;

/// What the passwords of an account's users must be like.
pub(crate) enum Rules {
    /// The account has no policy: AWS's own rules.
    Default { account_name: String, email: String },
    /// The account's policy.
    Policy(Stored),
}

/// A password policy as it is stored.
pub(crate) struct Stored {
    minimum_length: i32,
    require_symbols: bool,
    require_numbers: bool,
    require_uppercase: bool,
    require_lowercase: bool,
    users_may_change: bool,
    max_age_days: i32,
    reuse_prevention: i32,
    hard_expiry: bool,
}

pub(crate) async fn get(call: &mut Call) -> Result<GetAccountPasswordPolicyResponse, wire::Error> {
    let caller = call.caller();
    let snapshot = call.read("iam:GetAccountPasswordPolicy", Resource::any()).await?;
    let policy = load(snapshot, &caller.account).await?.ok_or_else(|| missing(&caller.account))?;
    Ok(GetAccountPasswordPolicyResponse { password_policy: policy.shown() })
}

/// Replaces the whole policy: what the call leaves out gets its default.
pub(crate) async fn update(
    call: &mut Call,
    input: UpdateAccountPasswordPolicyRequest,
) -> Result<(), wire::Error> {
    const DELETE: &str = "DELETE FROM password_policies WHERE account_id = $1";
    const INSERT: &str = "INSERT INTO password_policies (account_id, minimum_length, \
        require_symbols, require_numbers, require_uppercase, require_lowercase, users_may_change, \
        max_age_days, reuse_prevention, hard_expiry) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let caller = call.caller();
    let tx = call.write("iam:UpdateAccountPasswordPolicy", Resource::any()).await?;
    let params = params![
        &caller.account,
        input.minimum_password_length.unwrap_or(LENGTH_DEFAULT),
        input.require_symbols.unwrap_or(false),
        input.require_numbers.unwrap_or(false),
        input.require_uppercase_characters.unwrap_or(false),
        input.require_lowercase_characters.unwrap_or(false),
        input.allow_users_to_change_password.unwrap_or(false),
        input.max_password_age.unwrap_or(0),
        input.password_reuse_prevention.unwrap_or(0),
        input.hard_expiry.unwrap_or(false),
    ];
    tx.execute(DELETE, params![&caller.account]).await?;
    tx.execute(INSERT, params).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn delete(call: &mut Call) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM password_policies WHERE account_id = $1";
    let caller = call.caller();
    let tx = call.write("iam:DeleteAccountPasswordPolicy", Resource::any()).await?;
    if tx.execute(SQL, params![&caller.account]).await? == 0 {
        let message = "The account policy with name PasswordPolicy cannot be found.";
        return Err(NO_SUCH_ENTITY.with(message));
    }
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Whether the account's policy lets its users change their own passwords.
pub(crate) async fn users_may_change(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<bool, store::Error> {
    Ok(load(snapshot, account).await?.is_some_and(|policy| policy.users_may_change))
}

/// The rules for new passwords of the account's users.
pub(crate) async fn rules(snapshot: &mut Snapshot, account: &str) -> Result<Rules, store::Error> {
    const SQL: &str = "SELECT name, email FROM accounts WHERE id = $1";
    if let Some(policy) = load(snapshot, account).await? {
        return Ok(Rules::Policy(policy));
    }
    let names =
        |row: &Row<'_>| Ok(Rules::Default { account_name: row.get(0)?, email: row.get(1)? });
    let rules = snapshot.row(SQL, params![account], names).await?;
    rules.ok_or_else(|| store::Error::corrupt("the caller's account is gone"))
}

impl Rules {
    /// Refuses a password that breaks them.
    pub(crate) fn check(&self, password: &str) -> Result<(), wire::Error> {
        let acceptable = match self {
            Self::Default { account_name, email } => {
                passwords::is_acceptable(password, account_name, email)
            }
            Self::Policy(policy) => policy.allows(password),
        };
        if acceptable { Ok(()) } else { Err(violation()) }
    }

    /// How many former passwords may not be taken again.
    pub(crate) fn reuse_prevention(&self) -> i32 {
        match self {
            Self::Default { .. } => 0,
            Self::Policy(policy) => policy.reuse_prevention,
        }
    }
}

pub(crate) fn violation() -> wire::Error {
    PASSWORD_POLICY_VIOLATION.with("Password does not conform to the account password policy.")
}

/// The answer to a password that was taken before.
pub(crate) fn reused() -> wire::Error {
    PASSWORD_POLICY_VIOLATION
        .with("Policy constraint violation with password reuse prevention during password change.")
}

impl Stored {
    fn allows(&self, password: &str) -> bool {
        let classes = Classes::of(password);
        let length = password.chars().count();
        let minimum = usize::try_from(self.minimum_length).unwrap_or(passwords::LENGTH_MAX);
        (minimum..=passwords::LENGTH_MAX).contains(&length)
            && (!self.require_symbols || classes.symbols)
            && (!self.require_numbers || classes.numbers)
            && (!self.require_uppercase || classes.uppercase)
            && (!self.require_lowercase || classes.lowercase)
    }

    fn shown(self) -> PasswordPolicy {
        PasswordPolicy {
            minimum_password_length: Some(self.minimum_length),
            require_symbols: Some(self.require_symbols),
            require_numbers: Some(self.require_numbers),
            require_uppercase_characters: Some(self.require_uppercase),
            require_lowercase_characters: Some(self.require_lowercase),
            allow_users_to_change_password: Some(self.users_may_change),
            expire_passwords: Some(self.max_age_days > 0),
            max_password_age: Some(self.max_age_days),
            password_reuse_prevention: (self.reuse_prevention > 0).then_some(self.reuse_prevention),
            hard_expiry: Some(self.hard_expiry),
        }
    }
}

async fn load(snapshot: &mut Snapshot, account: &str) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT minimum_length, require_symbols, require_numbers, require_uppercase, \
        require_lowercase, users_may_change, max_age_days, reuse_prevention, hard_expiry \
        FROM password_policies WHERE account_id = $1";
    let policy = |row: &Row<'_>| {
        Ok(Stored {
            minimum_length: row.get(0)?,
            require_symbols: row.get(1)?,
            require_numbers: row.get(2)?,
            require_uppercase: row.get(3)?,
            require_lowercase: row.get(4)?,
            users_may_change: row.get(5)?,
            max_age_days: row.get(6)?,
            reuse_prevention: row.get(7)?,
            hard_expiry: row.get(8)?,
        })
    };
    snapshot.row(SQL, params![account], policy).await
}

fn missing(account: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The Password Policy with domain name {account} cannot be found."))
}
