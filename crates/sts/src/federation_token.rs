//! `GetFederationToken`: a user, or root, vouches for somebody else, who gets at most what the policies of
//! the request and the user's own allow.

use std::time::Duration;

use iam::{
    arns,
    door::{Call, Caller},
    session::{Session, Subject},
};
use wire::{
    errors::ACCESS_DENIED,
    sts::{FederatedUser, GetFederationTokenRequest, GetFederationTokenResponse},
};

use crate::{
    credentials,
    scope::{self, Wish},
    session_token,
};

pub(crate) async fn get(
    call: &mut Call,
    input: GetFederationTokenRequest,
) -> Result<GetFederationTokenResponse, wire::Error> {
    let caller = call.caller();
    if caller.session.is_some() {
        return Err(ACCESS_DENIED.with("Cannot call GetFederationToken with session credentials"));
    }
    let wish = Wish {
        policy: input.policy,
        policy_arns: input.policy_arns,
        tags: input.tags,
        ..Wish::default()
    };
    let scope = wish.checked()?;
    let packed_policy_size = scope::packed_percent(&scope)?;
    let arn = arns::federated_user(&caller.account, &input.name);
    let mut target = scope::asked(&scope);
    target.arn.clone_from(&arn);
    if !scope.tags.is_empty() {
        call.read("sts:TagSession", &target).await?;
    }
    let snapshot = call.read("sts:GetFederationToken", &target).await?;
    scope::check_exist(snapshot, &caller.account, &scope).await?;
    let lasts = session_token::duration(&caller, input.duration_seconds);
    let mut session = session(call, &caller, &input.name, lasts);
    session.scope = scope;
    let sealed = credentials::seal(call, &session, input.minimum_session_token_size).await?;
    let federated_user_id = format!("{}:{}", caller.account, input.name);
    Ok(GetFederationTokenResponse {
        credentials: Some(sealed.credentials),
        federated_user: Some(FederatedUser { federated_user_id, arn }),
        packed_policy_size,
        session_token_utilization: sealed.token_utilization,
        session_token_size: sealed.token_size,
    })
}

fn session(call: &Call, caller: &Caller, name: &str, lasts: Duration) -> Session {
    let now = call.now();
    let issuer = caller.entity_id().map(str::to_owned);
    let subject = Subject::Federated { name: name.to_owned(), issuer };
    let ends_at = now.saturating_add(lasts);
    Session::new(&call.world(), caller.account.clone(), subject, now, ends_at)
}
