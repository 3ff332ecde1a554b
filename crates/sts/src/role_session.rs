//! The session of a role, made once it was authorised: by whichever way the role is assumed.

use std::time::Duration;

use iam::{
    arns::PrincipalArn,
    door::{Call, Principal, SessionScope},
    session::{Session, Subject},
    trust::{self, Trust},
};
use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    sts::{AssumedRoleUser, Credentials},
};
use world::Timestamp;

use crate::{credentials, scope};

/// How long a session lasts when nobody says, in seconds.
const DURATION_DEFAULT_SECONDS: i64 = 3600;

/// How long a session lasts at most that was made from the session of a role, in seconds.
const CHAINED_MAX_SECONDS: i64 = 3600;

/// What is wanted of the session of a role.
pub(crate) struct Wanted {
    /// The ARN of the role.
    pub(crate) role_arn: String,
    /// The name of the session.
    pub(crate) session_name: String,
    /// What the session is given.
    pub(crate) scope: SessionScope,
    /// How long it lasts.
    pub(crate) duration_seconds: Option<i32>,
    /// When it ends in any case, as far as the identity provider has a say.
    pub(crate) ends_at: Option<Timestamp>,
    /// Characters of its token at least.
    pub(crate) token_chars_min: Option<i32>,
}

/// The session of a role, made.
pub(crate) struct Issued {
    pub(crate) credentials: Credentials,
    pub(crate) assumed_role_user: AssumedRoleUser,
    pub(crate) packed_policy_size: Option<i32>,
    pub(crate) source_identity: Option<String>,
    pub(crate) token_size: Option<i32>,
    pub(crate) token_utilization: Option<i32>,
}

/// Refuses what is not the ARN of a role.
pub(crate) fn check_role_arn(arn: &str) -> Result<(), wire::Error> {
    match PrincipalArn::parse(arn) {
        Some(PrincipalArn::Role { .. }) => Ok(()),
        _ => Err(VALIDATION.with(format!("{arn} is invalid"))),
    }
}

/// Makes the session. `action` on the role must have been authorised on `call` by then.
///
/// # Errors
/// `ValidationError` when it would last too long, `PackedPolicyTooLarge`.
pub(crate) async fn issue(
    call: &mut Call,
    action: &str,
    target: impl iam::door::Target,
    wanted: Wanted,
) -> Result<Issued, wire::Error> {
    let packed_policy_size = scope::packed_percent(&wanted.scope)?;
    let caller = call.caller();
    let snapshot = call.read(action, target).await?;
    // Whoever was let in by a trust policy was let in by one that is there.
    let missing = || ACCESS_DENIED.with(format!("Not authorized to perform {action}"));
    let role = trust::load(snapshot, &wanted.role_arn).await?.ok_or_else(missing)?;
    scope::check_exist(snapshot, &role.account, &wanted.scope).await?;
    let is_chained = matches!(caller.principal, Principal::Role(_));
    let seconds = duration(&role, wanted.duration_seconds, is_chained)?;
    let session = session(call, &role, &wanted, seconds);
    let sealed = credentials::seal(call, &session, wanted.token_chars_min).await?;
    Ok(Issued {
        credentials: sealed.credentials,
        assumed_role_user: AssumedRoleUser {
            assumed_role_id: format!("{}:{}", role.id, wanted.session_name),
            arn: iam::arns::assumed_role(&role.account, &role.name, &wanted.session_name),
        },
        packed_policy_size,
        source_identity: session.scope.source_identity,
        token_size: sealed.token_size,
        token_utilization: sealed.token_utilization,
    })
}

fn session(call: &Call, role: &Trust, wanted: &Wanted, lasts: Duration) -> Session {
    let now = call.now();
    let ends_at = now.saturating_add(lasts);
    let ends_at = wanted.ends_at.map_or(ends_at, |latest| latest.min(ends_at));
    let subject = Subject::Role { id: role.id.clone(), session_name: wanted.session_name.clone() };
    let mut session = Session::new(&call.world(), role.account.clone(), subject, now, ends_at);
    session.scope = wanted.scope.clone();
    session
}

fn duration(role: &Trust, asked: Option<i32>, is_chained: bool) -> Result<Duration, wire::Error> {
    let seconds = asked.map_or(DURATION_DEFAULT_SECONDS, i64::from);
    if is_chained && seconds > CHAINED_MAX_SECONDS {
        return Err(VALIDATION.with(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
             chaining.",
        ));
    }
    if seconds > role.max_session_duration {
        return Err(VALIDATION.with(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}
