//! Login profiles: the passwords with which users sign in to a console.
//!
//! Hashing is slow on purpose, so no operation hashes while it holds a snapshot or a transaction: it reads
//! what it needs, hashes, and makes sure in the transaction that what it read still holds.

use store::{Row, Snapshot, Transaction, params};
use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        ChangePasswordRequest, CreateLoginProfileRequest, CreateLoginProfileResponse,
        DeleteLoginProfileRequest, GetLoginProfileRequest, GetLoginProfileResponse, LoginProfile,
        UpdateLoginProfileRequest,
        errors::{
            ENTITY_ALREADY_EXISTS, ENTITY_TEMPORARILY_UNMODIFIABLE, INVALID_USER_TYPE,
            NO_SUCH_ENTITY,
        },
    },
};
use world::{Timestamp, World};

use crate::{
    door::{Call, Caller},
    entity::{self, Entity, Named},
    password_policy::{self, Rules},
    passwords,
};

/// Former passwords that are kept: as many as a policy can forbid at most.
const HISTORY_MAX: i64 = 24;

/// A login profile as it is stored.
struct Stored {
    password_hash: String,
    reset_required: bool,
    created_at: Timestamp,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateLoginProfileRequest,
) -> Result<CreateLoginProfileResponse, wire::Error> {
    const ACTION: &str = "iam:CreateLoginProfile";
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let password = input.password.ok_or_else(no_password)?;
    let reset_required = input.password_reset_required.unwrap_or(false);
    let target = Named::user(&name);
    let snapshot = call.read(ACTION, &target).await?;
    let user = entity::user(snapshot, &caller, &name).await?;
    refuse_second(snapshot, &user).await?;
    password_policy::rules(snapshot, &caller.account).await?.check(password.expose())?;
    call.release();
    let hash = passwords::hash(&world, password.expose()).await?;

    let tx = call.write(ACTION, &target).await?;
    let user = entity::user(tx, &caller, &name).await?;
    refuse_second(tx, &user).await?;
    insert(tx, &user.id, &hash, reset_required, now).await?;
    let stored = Stored { password_hash: hash, reset_required, created_at: now };
    Ok(CreateLoginProfileResponse { login_profile: stored.shown(user.name) })
}

/// Gives a user a password that it has none of yet.
pub(crate) async fn insert(
    tx: &mut Transaction,
    user_id: &str,
    password_hash: &str,
    reset_required: bool,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO login_profiles (user_id, password_hash, reset_required, \
        created_at, changed_at) VALUES ($1, $2, $3, $4, $4)";
    let params = params![user_id, password_hash, reset_required, now];
    tx.execute(SQL, params).await.map(drop)
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetLoginProfileRequest,
) -> Result<GetLoginProfileResponse, wire::Error> {
    let caller = call.caller();
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let snapshot = call.read("iam:GetLoginProfile", Named::user(&name)).await?;
    let user = entity::user(snapshot, &caller, &name).await?;
    let profile = load(snapshot, &user).await?;
    Ok(GetLoginProfileResponse { login_profile: profile.shown(user.name) })
}

/// Sets a new password for a user, or whether it must be changed at the next sign-in.
pub(crate) async fn update(
    call: &mut Call,
    input: UpdateLoginProfileRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:UpdateLoginProfile";
    const SQL: &str = "UPDATE login_profiles SET reset_required = $2 WHERE user_id = $1";
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let target = Named::user(&input.user_name);
    let mut hash = None;
    if let Some(password) = &input.password {
        let snapshot = call.read(ACTION, &target).await?;
        let known = Known::load(snapshot, &caller, &input.user_name).await?;
        call.release();
        hash = Some(known.hash_of_next(&world, password.expose()).await?);
    }
    let tx = call.write(ACTION, &target).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let old = load(tx, &user).await?;
    if let Some(hash) = hash {
        replace(tx, &user.id, &old, &hash, now).await?;
    }
    if let Some(reset_required) = input.password_reset_required {
        tx.execute(SQL, params![&user.id, reset_required]).await?;
    }
    Ok(())
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteLoginProfileRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM login_profiles WHERE user_id = $1";
    let caller = call.caller();
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let tx = call.write("iam:DeleteLoginProfile", Named::user(&name)).await?;
    let user = entity::user(tx, &caller, &name).await?;
    if tx.execute(SQL, params![&user.id]).await? == 0 {
        return Err(missing(&user.name));
    }
    Ok(())
}

/// The caller's own new password, for who knows the old one.
pub(crate) async fn change_password(
    call: &mut Call,
    input: ChangePasswordRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:ChangePassword";
    const SQL: &str = "UPDATE login_profiles SET reset_required = 0 WHERE user_id = $1";
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let name = caller
        .user_name()
        .ok_or_else(|| INVALID_USER_TYPE.with("Only IAM Users can change their own password"))?;
    let (old, new) = (input.old_password.expose(), input.new_password.expose());
    let target = Named::user(name);
    let snapshot = call.read(ACTION, &target).await?;
    let known = Known::load(snapshot, &caller, name).await?;
    call.release();
    if !passwords::verify(&known.profile.password_hash, old).await? {
        return Err(ACCESS_DENIED.with("The old password was incorrect."));
    }
    let hash = known.hash_of_next(&world, new).await?;

    let tx = call.write(ACTION, &target).await?;
    let user = entity::user(tx, &caller, name).await?;
    if load(tx, &user).await?.password_hash != known.profile.password_hash {
        let message = format!("Login Profile for User {name} cannot be modified while it changes.");
        return Err(ENTITY_TEMPORARILY_UNMODIFIABLE.with(message));
    }
    replace(tx, &user.id, &known.profile, &hash, now).await?;
    tx.execute(SQL, params![&user.id]).await?;
    Ok(())
}

/// Puts a new password in the place of the old one, which goes to the history.
async fn replace(
    tx: &mut Transaction,
    user_id: &str,
    old: &Stored,
    hash: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const KEEP: &str = "INSERT INTO password_history (user_id, replaced_at, password_hash) \
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    const FORGET: &str = "DELETE FROM password_history WHERE user_id = $1 AND replaced_at NOT IN \
        (SELECT replaced_at FROM password_history WHERE user_id = $1 \
        ORDER BY replaced_at DESC LIMIT $2)";
    const UPDATE: &str = "UPDATE login_profiles SET password_hash = $2, changed_at = $3 \
        WHERE user_id = $1";
    tx.execute(KEEP, params![user_id, now, &old.password_hash]).await?;
    tx.execute(FORGET, params![user_id, HISTORY_MAX]).await?;
    tx.execute(UPDATE, params![user_id, hash, now]).await.map(drop)
}

/// What a new password is measured against.
struct Known {
    profile: Stored,
    rules: Rules,
    /// The hashes that the rules forbid to take again. The one in force counts.
    former: Vec<String>,
}

impl Known {
    async fn load(
        snapshot: &mut Snapshot,
        caller: &Caller,
        user_name: &str,
    ) -> Result<Self, wire::Error> {
        const SQL: &str = "SELECT password_hash FROM (SELECT password_hash, changed_at AS since \
            FROM login_profiles WHERE user_id = $1 UNION ALL SELECT password_hash, replaced_at - 1 \
            FROM password_history WHERE user_id = $1) AS known ORDER BY since DESC LIMIT $2";
        let user = entity::user(snapshot, caller, user_name).await?;
        let profile = load(snapshot, &user).await?;
        let rules = password_policy::rules(snapshot, &caller.account).await?;
        let params = params![&user.id, rules.reuse_prevention()];
        let former = snapshot.rows(SQL, params, |row| row.get(0)).await?;
        Ok(Self { profile, rules, former })
    }

    /// The hash of a password that may be the next one.
    async fn hash_of_next(&self, world: &World, password: &str) -> Result<String, wire::Error> {
        self.rules.check(password)?;
        for hash in &self.former {
            if passwords::verify(hash, password).await? {
                return Err(password_policy::reused());
            }
        }
        Ok(passwords::hash(world, password).await?)
    }
}

impl Stored {
    fn shown(self, user_name: String) -> LoginProfile {
        LoginProfile {
            user_name,
            create_date: self.created_at,
            password_reset_required: Some(self.reset_required),
        }
    }
}

async fn find(snapshot: &mut Snapshot, user: &Entity) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT password_hash, reset_required, created_at FROM login_profiles \
        WHERE user_id = $1";
    let profile = |row: &Row<'_>| {
        Ok(Stored {
            password_hash: row.get(0)?,
            reset_required: row.get(1)?,
            created_at: row.get(2)?,
        })
    };
    snapshot.row(SQL, params![&user.id], profile).await
}

async fn load(snapshot: &mut Snapshot, user: &Entity) -> Result<Stored, wire::Error> {
    find(snapshot, user).await?.ok_or_else(|| missing(&user.name))
}

async fn refuse_second(snapshot: &mut Snapshot, user: &Entity) -> Result<(), wire::Error> {
    if find(snapshot, user).await?.is_none() {
        return Ok(());
    }
    let message = format!("Login Profile for user {} already exists.", user.name);
    Err(ENTITY_ALREADY_EXISTS.with(message))
}

fn missing(user_name: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("Login Profile for User {user_name} cannot be found."))
}

/// The model leaves it open for root's profile, which only a member account of an organisation has made.
fn no_password() -> wire::Error {
    VALIDATION.with(
        "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must \
         not be null",
    )
}
