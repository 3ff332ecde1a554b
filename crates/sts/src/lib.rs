//! AWS Security Token Service: who am I, and temporary credentials: for myself, for the session of a role,
//! for somebody I vouch for.
//!
//! It keeps nothing. Credentials are sealed by [`iam::session`] into the token itself, and whoever uses
//! them is recognised by [`iam::door`].

mod assume_role;
mod assume_root;
mod authorization_message;
mod caller_identity;
mod claimed;
mod credentials;
mod delegated_access;
mod errors;
mod federation_token;
mod key_info;
mod role_session;
mod saml;
mod saml_keys;
mod scope;
mod second_factor;
mod session_token;
mod web_identity;
mod web_token;

use iam::door::Call;
use wire::sts;

/// STS, served. It keeps nothing: all is in the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

macro_rules! serve {
    ($($method:ident($input:ident) -> $output:ident => $handler:path;)*) => {
        impl sts::Sts for Service {
            type Call = Call;

            $(async fn $method(
                &self,
                call: &mut Call,
                input: sts::$input,
            ) -> Result<sts::$output, wire::Error> {
                $handler(call, input).await
            })*
        }
    };
}

serve! {
    assume_role(AssumeRoleRequest) -> AssumeRoleResponse => assume_role::assume;
    assume_role_with_saml(AssumeRoleWithSAMLRequest) -> AssumeRoleWithSAMLResponse => saml::assume;
    assume_role_with_web_identity(AssumeRoleWithWebIdentityRequest) -> AssumeRoleWithWebIdentityResponse => web_identity::assume;
    assume_root(AssumeRootRequest) -> AssumeRootResponse => assume_root::assume;
    decode_authorization_message(DecodeAuthorizationMessageRequest) -> DecodeAuthorizationMessageResponse => authorization_message::decode;
    get_access_key_info(GetAccessKeyInfoRequest) -> GetAccessKeyInfoResponse => key_info::get;
    get_caller_identity(GetCallerIdentityRequest) -> GetCallerIdentityResponse => caller_identity::get;
    get_delegated_access_token(GetDelegatedAccessTokenRequest) -> GetDelegatedAccessTokenResponse => delegated_access::get;
    get_federation_token(GetFederationTokenRequest) -> GetFederationTokenResponse => federation_token::get;
    get_session_token(GetSessionTokenRequest) -> GetSessionTokenResponse => session_token::get;
    get_web_identity_token(GetWebIdentityTokenRequest) -> GetWebIdentityTokenResponse => web_token::get;
}
