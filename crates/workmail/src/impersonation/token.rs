//! AssumeImpersonationRole, and the token that it gives.

use std::{net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::door::{Call, Caller, Resource, Target};
use store::{Keyring, Snapshot};
use wire::workmail::{
    AssumeImpersonationRoleRequest, AssumeImpersonationRoleResponse, ImpersonationRoleType,
    Operation,
};
use world::Timestamp;

use super::{effect::effect, find, require};
use crate::{
    access,
    organizations::{self, Named},
    recipients::MailUser,
    verdict::Effect,
};

/// How long a token is good for (AWS's).
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest token, in characters (`ImpersonationToken` of the model).
const TOKEN_CHARS_MAX: usize = 256;
/// What tokens are sealed as.
const PURPOSE: &str = "workmail-impersonation-token";

/// What a token says: organization, role, and the second since 1970 in which it ends.
type Content = (String, String, i64);

pub(crate) async fn assume_impersonation_role(
    call: &mut Call,
    input: AssumeImpersonationRoleRequest,
) -> Result<AssumeImpersonationRoleResponse, wire::Error> {
    let (keyring, now) = (call.keyring(), call.now());
    let (organization, id) = (&input.organization_id, &input.impersonation_role_id);
    let (operation, target) =
        (Operation::AssumeImpersonationRole, Assumed { organization, role: id });
    let (snapshot, organization) =
        organizations::read_as(call, operation, target, organization).await?;
    let role = require(snapshot, &organization.id, id).await?;
    let ends_at = now.saturating_add(LIFETIME).as_seconds();
    let content: Content = (organization.id, role.id, ends_at);
    let sealed = keyring.seal(PURPOSE, &serde_json::to_vec(&content)?)?;
    Ok(AssumeImpersonationRoleResponse {
        token: Some(URL_SAFE_NO_PAD.encode(sealed).into()),
        expires_in: i64::try_from(LIFETIME.as_secs()).ok(),
    })
}

/// The organization as the target, with the role as a condition key.
struct Assumed<'a> {
    organization: &'a str,
    role: &'a str,
}

impl Target for Assumed<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let organization = Named(self.organization).resolve(snapshot, caller).await?;
        Ok(organization.with("workmail:ImpersonationRoleId", self.role))
    }
}

/// A program that has assumed a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonator {
    /// `m-` and 32 hexadecimal digits.
    pub organization_id: String,
    /// The id of the role.
    pub role_id: String,
    /// Whether it may read only, or do all that the user may.
    pub role_type: ImpersonationRoleType,
}

/// Who holds a token: nobody if it was not made here or altered, if its quarter of an hour is over, or if the
/// role is no longer there.
///
/// # Errors
/// The store's.
pub async fn open(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    token: &str,
    now: Timestamp,
) -> Result<Option<Impersonator>, store::Error> {
    let Some((organization_id, id, ends_at)) = content(keyring, token) else { return Ok(None) };
    if now.as_seconds() >= ends_at {
        return Ok(None);
    }
    let role = find(snapshot, &organization_id, &id).await?;
    Ok(role.map(|role| Impersonator { organization_id, role_id: role.id, role_type: role.r#type }))
}

fn content(keyring: &Keyring, token: &str) -> Option<Content> {
    if token.len() > TOKEN_CHARS_MAX {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = keyring.open(PURPOSE, &sealed).ok()?;
    serde_json::from_slice(plain.expose()).ok()
}

impl Impersonator {
    /// Whether it may act for a user now, coming from `address`: by the rules of the role, and by the access
    /// control rules.
    ///
    /// # Errors
    /// The store's.
    pub async fn may_impersonate(
        &self,
        snapshot: &mut Snapshot,
        user: &MailUser,
        address: IpAddr,
    ) -> Result<bool, store::Error> {
        if user.organization_id != self.organization_id {
            return Ok(false);
        }
        let Some(role) = find(snapshot, &self.organization_id, &self.role_id).await? else {
            return Ok(false);
        };
        if effect(&role.rules, &user.id).0 == Effect::Deny {
            return Ok(false);
        }
        access::permits_role(snapshot, &self.organization_id, &self.role_id, address).await
    }
}
