//! The service as the wire sees it: every operation, handed to the file of its resource.

use wire::iam;

use crate::{
    access_keys, account_properties, aliases, attachments, authorization_details, boundaries,
    context_keys, credential_report, delegation_requests, door::Call, groups, inline_policies,
    instance_profiles, last_accessed, linked_role_deletions, linked_roles, login_profiles,
    memberships, mfa, oidc_providers, organizations, outbound_identity, password_policy, policies,
    policy_entities, policy_lists, policy_versions, role_templates, roles, saml_providers,
    server_certificates, service_credentials, signing_certificates, simulator, ssh_keys, summary,
    token_preferences, users,
};

/// IAM, served. It keeps nothing: all is in the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

macro_rules! serve {
    ($($method:ident($($input:ident: $shape:ident)?) -> $output:ty => $handler:path;)*) => {
        impl iam::Iam for Service {
            type Call = Call;

            $(async fn $method(
                &self,
                call: &mut Call,
                $($input: iam::$shape,)?
            ) -> Result<$output, wire::Error> {
                $handler(call, $($input)?).await
            })*
        }
    };
}

serve! {
    accept_delegation_request(input: AcceptDelegationRequestRequest) -> () => delegation_requests::accept;
    acquire_role(input: AcquireRoleRequest) -> iam::AcquireRoleResponse => role_templates::acquire_role;
    add_client_id_to_open_id_connect_provider(input: AddClientIDToOpenIDConnectProviderRequest) -> () => oidc_providers::add_client_id;
    add_role_to_instance_profile(input: AddRoleToInstanceProfileRequest) -> () => instance_profiles::add_role;
    add_user_to_group(input: AddUserToGroupRequest) -> () => memberships::add;
    associate_delegation_request(input: AssociateDelegationRequestRequest) -> () => delegation_requests::associate;
    attach_group_policy(input: AttachGroupPolicyRequest) -> () => attachments::attach_to_group;
    attach_role_policy(input: AttachRolePolicyRequest) -> () => attachments::attach_to_role;
    attach_user_policy(input: AttachUserPolicyRequest) -> () => attachments::attach_to_user;
    change_password(input: ChangePasswordRequest) -> () => login_profiles::change_password;
    create_access_key(input: CreateAccessKeyRequest) -> iam::CreateAccessKeyResponse => access_keys::create;
    create_account_alias(input: CreateAccountAliasRequest) -> () => aliases::create;
    create_delegation_request(input: CreateDelegationRequestRequest) -> iam::CreateDelegationRequestResponse => delegation_requests::create;
    create_group(input: CreateGroupRequest) -> iam::CreateGroupResponse => groups::create;
    create_instance_profile(input: CreateInstanceProfileRequest) -> iam::CreateInstanceProfileResponse => instance_profiles::create;
    create_login_profile(input: CreateLoginProfileRequest) -> iam::CreateLoginProfileResponse => login_profiles::create;
    create_open_id_connect_provider(input: CreateOpenIDConnectProviderRequest) -> iam::CreateOpenIDConnectProviderResponse => oidc_providers::create;
    create_policy(input: CreatePolicyRequest) -> iam::CreatePolicyResponse => policies::create;
    create_policy_version(input: CreatePolicyVersionRequest) -> iam::CreatePolicyVersionResponse => policy_versions::create;
    create_role(input: CreateRoleRequest) -> iam::CreateRoleResponse => roles::create;
    create_saml_provider(input: CreateSAMLProviderRequest) -> iam::CreateSAMLProviderResponse => saml_providers::create;
    create_service_linked_role(input: CreateServiceLinkedRoleRequest) -> iam::CreateServiceLinkedRoleResponse => linked_roles::create;
    create_service_specific_credential(input: CreateServiceSpecificCredentialRequest) -> iam::CreateServiceSpecificCredentialResponse => service_credentials::create;
    create_user(input: CreateUserRequest) -> iam::CreateUserResponse => users::create;
    create_virtual_mfa_device(input: CreateVirtualMFADeviceRequest) -> iam::CreateVirtualMFADeviceResponse => mfa::virtual_devices::create_device;
    deactivate_mfa_device(input: DeactivateMFADeviceRequest) -> () => mfa::operations::deactivate;
    delete_access_key(input: DeleteAccessKeyRequest) -> () => access_keys::delete;
    delete_account_alias(input: DeleteAccountAliasRequest) -> () => aliases::delete;
    delete_account_password_policy() -> () => password_policy::delete;
    delete_group(input: DeleteGroupRequest) -> () => groups::delete;
    delete_group_policy(input: DeleteGroupPolicyRequest) -> () => inline_policies::delete_group;
    delete_instance_profile(input: DeleteInstanceProfileRequest) -> () => instance_profiles::delete;
    delete_login_profile(input: DeleteLoginProfileRequest) -> () => login_profiles::delete;
    delete_open_id_connect_provider(input: DeleteOpenIDConnectProviderRequest) -> () => oidc_providers::delete;
    delete_policy(input: DeletePolicyRequest) -> () => policies::delete;
    delete_policy_version(input: DeletePolicyVersionRequest) -> () => policy_versions::delete;
    delete_role(input: DeleteRoleRequest) -> () => roles::delete;
    delete_role_permissions_boundary(input: DeleteRolePermissionsBoundaryRequest) -> () => boundaries::delete_role;
    delete_role_policy(input: DeleteRolePolicyRequest) -> () => inline_policies::delete_role;
    delete_saml_provider(input: DeleteSAMLProviderRequest) -> () => saml_providers::delete;
    delete_server_certificate(input: DeleteServerCertificateRequest) -> () => server_certificates::delete;
    delete_service_linked_role(input: DeleteServiceLinkedRoleRequest) -> iam::DeleteServiceLinkedRoleResponse => linked_role_deletions::delete;
    delete_service_specific_credential(input: DeleteServiceSpecificCredentialRequest) -> () => service_credentials::delete;
    delete_signing_certificate(input: DeleteSigningCertificateRequest) -> () => signing_certificates::delete;
    delete_ssh_public_key(input: DeleteSSHPublicKeyRequest) -> () => ssh_keys::delete;
    delete_user(input: DeleteUserRequest) -> () => users::delete;
    delete_user_permissions_boundary(input: DeleteUserPermissionsBoundaryRequest) -> () => boundaries::delete_user;
    delete_user_policy(input: DeleteUserPolicyRequest) -> () => inline_policies::delete_user;
    delete_virtual_mfa_device(input: DeleteVirtualMFADeviceRequest) -> () => mfa::virtual_devices::delete;
    detach_group_policy(input: DetachGroupPolicyRequest) -> () => attachments::detach_from_group;
    detach_role_policy(input: DetachRolePolicyRequest) -> () => attachments::detach_from_role;
    detach_user_policy(input: DetachUserPolicyRequest) -> () => attachments::detach_from_user;
    disable_organizations_root_credentials_management(input: DisableOrganizationsRootCredentialsManagementRequest) -> iam::DisableOrganizationsRootCredentialsManagementResponse => organizations::disable_root_credentials;
    disable_organizations_root_sessions(input: DisableOrganizationsRootSessionsRequest) -> iam::DisableOrganizationsRootSessionsResponse => organizations::disable_root_sessions;
    disable_outbound_web_identity_federation() -> () => outbound_identity::disable;
    enable_mfa_device(input: EnableMFADeviceRequest) -> () => mfa::operations::enable;
    enable_organizations_root_credentials_management(input: EnableOrganizationsRootCredentialsManagementRequest) -> iam::EnableOrganizationsRootCredentialsManagementResponse => organizations::enable_root_credentials;
    enable_organizations_root_sessions(input: EnableOrganizationsRootSessionsRequest) -> iam::EnableOrganizationsRootSessionsResponse => organizations::enable_root_sessions;
    enable_outbound_web_identity_federation() -> iam::EnableOutboundWebIdentityFederationResponse => outbound_identity::enable;
    generate_credential_report() -> iam::GenerateCredentialReportResponse => credential_report::generate;
    generate_organizations_access_report(input: GenerateOrganizationsAccessReportRequest) -> iam::GenerateOrganizationsAccessReportResponse => organizations::generate_access_report;
    generate_service_last_accessed_details(input: GenerateServiceLastAccessedDetailsRequest) -> iam::GenerateServiceLastAccessedDetailsResponse => last_accessed::job::generate;
    get_access_key_last_used(input: GetAccessKeyLastUsedRequest) -> iam::GetAccessKeyLastUsedResponse => access_keys::last_used;
    get_account_authorization_details(input: GetAccountAuthorizationDetailsRequest) -> iam::GetAccountAuthorizationDetailsResponse => authorization_details::get;
    get_account_password_policy() -> iam::GetAccountPasswordPolicyResponse => password_policy::get;
    get_account_properties(input: GetAccountPropertiesRequest) -> iam::GetAccountPropertiesResponse => account_properties::get;
    get_account_summary() -> iam::GetAccountSummaryResponse => summary::get;
    get_context_keys_for_custom_policy(input: GetContextKeysForCustomPolicyRequest) -> iam::GetContextKeysForPolicyResponse => context_keys::of_custom;
    get_context_keys_for_principal_policy(input: GetContextKeysForPrincipalPolicyRequest) -> iam::GetContextKeysForPolicyResponse => context_keys::of_principal;
    get_credential_report() -> iam::GetCredentialReportResponse => credential_report::get;
    get_delegation_request(input: GetDelegationRequestRequest) -> iam::GetDelegationRequestResponse => delegation_requests::get;
    get_group(input: GetGroupRequest) -> iam::GetGroupResponse => groups::get;
    get_group_policy(input: GetGroupPolicyRequest) -> iam::GetGroupPolicyResponse => inline_policies::get_group;
    get_human_readable_summary(input: GetHumanReadableSummaryRequest) -> iam::GetHumanReadableSummaryResponse => delegation_requests::summary;
    get_instance_profile(input: GetInstanceProfileRequest) -> iam::GetInstanceProfileResponse => instance_profiles::get;
    get_login_profile(input: GetLoginProfileRequest) -> iam::GetLoginProfileResponse => login_profiles::get;
    get_mfa_device(input: GetMFADeviceRequest) -> iam::GetMFADeviceResponse => mfa::operations::get;
    get_open_id_connect_provider(input: GetOpenIDConnectProviderRequest) -> iam::GetOpenIDConnectProviderResponse => oidc_providers::get;
    get_organizations_access_report(input: GetOrganizationsAccessReportRequest) -> iam::GetOrganizationsAccessReportResponse => organizations::access_report;
    get_outbound_web_identity_federation_info() -> iam::GetOutboundWebIdentityFederationInfoResponse => outbound_identity::info;
    get_policy(input: GetPolicyRequest) -> iam::GetPolicyResponse => policies::get;
    get_policy_version(input: GetPolicyVersionRequest) -> iam::GetPolicyVersionResponse => policy_versions::get;
    get_role(input: GetRoleRequest) -> iam::GetRoleResponse => roles::get;
    get_role_policy(input: GetRolePolicyRequest) -> iam::GetRolePolicyResponse => inline_policies::get_role;
    get_role_template_version(input: GetRoleTemplateVersionRequest) -> iam::GetRoleTemplateVersionResponse => role_templates::version;
    get_saml_provider(input: GetSAMLProviderRequest) -> iam::GetSAMLProviderResponse => saml_providers::get;
    get_server_certificate(input: GetServerCertificateRequest) -> iam::GetServerCertificateResponse => server_certificates::get;
    get_service_last_accessed_details(input: GetServiceLastAccessedDetailsRequest) -> iam::GetServiceLastAccessedDetailsResponse => last_accessed::answers::services;
    get_service_last_accessed_details_with_entities(input: GetServiceLastAccessedDetailsWithEntitiesRequest) -> iam::GetServiceLastAccessedDetailsWithEntitiesResponse => last_accessed::answers::entities;
    get_service_linked_role_deletion_status(input: GetServiceLinkedRoleDeletionStatusRequest) -> iam::GetServiceLinkedRoleDeletionStatusResponse => linked_role_deletions::status;
    get_ssh_public_key(input: GetSSHPublicKeyRequest) -> iam::GetSSHPublicKeyResponse => ssh_keys::get;
    get_user(input: GetUserRequest) -> iam::GetUserResponse => users::get;
    get_user_policy(input: GetUserPolicyRequest) -> iam::GetUserPolicyResponse => inline_policies::get_user;
    list_access_keys(input: ListAccessKeysRequest) -> iam::ListAccessKeysResponse => access_keys::list;
    list_account_aliases(input: ListAccountAliasesRequest) -> iam::ListAccountAliasesResponse => aliases::list;
    list_attached_group_policies(input: ListAttachedGroupPoliciesRequest) -> iam::ListAttachedGroupPoliciesResponse => attachments::list_of_group;
    list_attached_role_policies(input: ListAttachedRolePoliciesRequest) -> iam::ListAttachedRolePoliciesResponse => attachments::list_of_role;
    list_attached_user_policies(input: ListAttachedUserPoliciesRequest) -> iam::ListAttachedUserPoliciesResponse => attachments::list_of_user;
    list_delegation_requests(input: ListDelegationRequestsRequest) -> iam::ListDelegationRequestsResponse => delegation_requests::list;
    list_entities_for_policy(input: ListEntitiesForPolicyRequest) -> iam::ListEntitiesForPolicyResponse => policy_entities::list;
    list_group_policies(input: ListGroupPoliciesRequest) -> iam::ListGroupPoliciesResponse => inline_policies::list_group;
    list_groups(input: ListGroupsRequest) -> iam::ListGroupsResponse => groups::list;
    list_groups_for_user(input: ListGroupsForUserRequest) -> iam::ListGroupsForUserResponse => memberships::list_groups;
    list_instance_profile_tags(input: ListInstanceProfileTagsRequest) -> iam::ListInstanceProfileTagsResponse => instance_profiles::list_tags;
    list_instance_profiles(input: ListInstanceProfilesRequest) -> iam::ListInstanceProfilesResponse => instance_profiles::list;
    list_instance_profiles_for_role(input: ListInstanceProfilesForRoleRequest) -> iam::ListInstanceProfilesForRoleResponse => instance_profiles::list_of_role;
    list_mfa_device_tags(input: ListMFADeviceTagsRequest) -> iam::ListMFADeviceTagsResponse => mfa::virtual_devices::list_tags;
    list_mfa_devices(input: ListMFADevicesRequest) -> iam::ListMFADevicesResponse => mfa::operations::list;
    list_open_id_connect_provider_tags(input: ListOpenIDConnectProviderTagsRequest) -> iam::ListOpenIDConnectProviderTagsResponse => oidc_providers::list_tags;
    list_open_id_connect_providers(input: ListOpenIDConnectProvidersRequest) -> iam::ListOpenIDConnectProvidersResponse => oidc_providers::list;
    list_organizations_features(input: ListOrganizationsFeaturesRequest) -> iam::ListOrganizationsFeaturesResponse => organizations::list_features;
    list_policies(input: ListPoliciesRequest) -> iam::ListPoliciesResponse => policy_lists::list;
    list_policies_granting_service_access(input: ListPoliciesGrantingServiceAccessRequest) -> iam::ListPoliciesGrantingServiceAccessResponse => last_accessed::granting::list;
    list_policy_tags(input: ListPolicyTagsRequest) -> iam::ListPolicyTagsResponse => policies::list_tags;
    list_policy_versions(input: ListPolicyVersionsRequest) -> iam::ListPolicyVersionsResponse => policy_versions::list;
    list_role_policies(input: ListRolePoliciesRequest) -> iam::ListRolePoliciesResponse => inline_policies::list_role;
    list_role_tags(input: ListRoleTagsRequest) -> iam::ListRoleTagsResponse => roles::list_tags;
    list_roles(input: ListRolesRequest) -> iam::ListRolesResponse => roles::list;
    list_saml_provider_tags(input: ListSAMLProviderTagsRequest) -> iam::ListSAMLProviderTagsResponse => saml_providers::list_tags;
    list_saml_providers(input: ListSAMLProvidersRequest) -> iam::ListSAMLProvidersResponse => saml_providers::list;
    list_server_certificate_tags(input: ListServerCertificateTagsRequest) -> iam::ListServerCertificateTagsResponse => server_certificates::list_tags;
    list_server_certificates(input: ListServerCertificatesRequest) -> iam::ListServerCertificatesResponse => server_certificates::list;
    list_service_specific_credentials(input: ListServiceSpecificCredentialsRequest) -> iam::ListServiceSpecificCredentialsResponse => service_credentials::list;
    list_signing_certificates(input: ListSigningCertificatesRequest) -> iam::ListSigningCertificatesResponse => signing_certificates::list;
    list_ssh_public_keys(input: ListSSHPublicKeysRequest) -> iam::ListSSHPublicKeysResponse => ssh_keys::list;
    list_user_policies(input: ListUserPoliciesRequest) -> iam::ListUserPoliciesResponse => inline_policies::list_user;
    list_user_tags(input: ListUserTagsRequest) -> iam::ListUserTagsResponse => users::list_tags;
    list_users(input: ListUsersRequest) -> iam::ListUsersResponse => users::list;
    list_virtual_mfa_devices(input: ListVirtualMFADevicesRequest) -> iam::ListVirtualMFADevicesResponse => mfa::virtual_devices::list;
    put_account_properties(input: PutAccountPropertiesRequest) -> iam::PutAccountPropertiesResponse => account_properties::put;
    put_group_policy(input: PutGroupPolicyRequest) -> () => inline_policies::put_group;
    put_role_permissions_boundary(input: PutRolePermissionsBoundaryRequest) -> () => boundaries::put_role;
    put_role_policy(input: PutRolePolicyRequest) -> () => inline_policies::put_role;
    put_user_permissions_boundary(input: PutUserPermissionsBoundaryRequest) -> () => boundaries::put_user;
    put_user_policy(input: PutUserPolicyRequest) -> () => inline_policies::put_user;
    reject_delegation_request(input: RejectDelegationRequestRequest) -> () => delegation_requests::reject;
    remove_client_id_from_open_id_connect_provider(input: RemoveClientIDFromOpenIDConnectProviderRequest) -> () => oidc_providers::remove_client_id;
    remove_role_from_instance_profile(input: RemoveRoleFromInstanceProfileRequest) -> () => instance_profiles::remove_role;
    remove_user_from_group(input: RemoveUserFromGroupRequest) -> () => memberships::remove;
    reset_service_specific_credential(input: ResetServiceSpecificCredentialRequest) -> iam::ResetServiceSpecificCredentialResponse => service_credentials::reset;
    resync_mfa_device(input: ResyncMFADeviceRequest) -> () => mfa::operations::resync;
    send_delegation_token(input: SendDelegationTokenRequest) -> () => delegation_requests::send_token;
    set_default_policy_version(input: SetDefaultPolicyVersionRequest) -> () => policy_versions::set_default;
    set_security_token_service_preferences(input: SetSecurityTokenServicePreferencesRequest) -> () => token_preferences::set;
    simulate_custom_policy(input: SimulateCustomPolicyRequest) -> iam::SimulatePolicyResponse => simulator::custom;
    simulate_principal_policy(input: SimulatePrincipalPolicyRequest) -> iam::SimulatePolicyResponse => simulator::principal;
    tag_instance_profile(input: TagInstanceProfileRequest) -> () => instance_profiles::tag;
    tag_mfa_device(input: TagMFADeviceRequest) -> () => mfa::virtual_devices::tag;
    tag_open_id_connect_provider(input: TagOpenIDConnectProviderRequest) -> () => oidc_providers::tag;
    tag_policy(input: TagPolicyRequest) -> () => policies::tag;
    tag_role(input: TagRoleRequest) -> () => roles::tag;
    tag_saml_provider(input: TagSAMLProviderRequest) -> () => saml_providers::tag;
    tag_server_certificate(input: TagServerCertificateRequest) -> () => server_certificates::tag;
    tag_user(input: TagUserRequest) -> () => users::tag;
    untag_instance_profile(input: UntagInstanceProfileRequest) -> () => instance_profiles::untag;
    untag_mfa_device(input: UntagMFADeviceRequest) -> () => mfa::virtual_devices::untag;
    untag_open_id_connect_provider(input: UntagOpenIDConnectProviderRequest) -> () => oidc_providers::untag;
    untag_policy(input: UntagPolicyRequest) -> () => policies::untag;
    untag_role(input: UntagRoleRequest) -> () => roles::untag;
    untag_saml_provider(input: UntagSAMLProviderRequest) -> () => saml_providers::untag;
    untag_server_certificate(input: UntagServerCertificateRequest) -> () => server_certificates::untag;
    untag_user(input: UntagUserRequest) -> () => users::untag;
    update_access_key(input: UpdateAccessKeyRequest) -> () => access_keys::update;
    update_account_password_policy(input: UpdateAccountPasswordPolicyRequest) -> () => password_policy::update;
    update_assume_role_policy(input: UpdateAssumeRolePolicyRequest) -> () => roles::update_trust;
    update_delegation_request(input: UpdateDelegationRequestRequest) -> () => delegation_requests::update;
    update_group(input: UpdateGroupRequest) -> () => groups::update;
    update_login_profile(input: UpdateLoginProfileRequest) -> () => login_profiles::update;
    update_open_id_connect_provider_thumbprint(input: UpdateOpenIDConnectProviderThumbprintRequest) -> () => oidc_providers::update_thumbprint;
    update_role(input: UpdateRoleRequest) -> iam::UpdateRoleResponse => roles::update;
    update_role_description(input: UpdateRoleDescriptionRequest) -> iam::UpdateRoleDescriptionResponse => roles::update_description;
    update_saml_provider(input: UpdateSAMLProviderRequest) -> iam::UpdateSAMLProviderResponse => saml_providers::update;
    update_server_certificate(input: UpdateServerCertificateRequest) -> () => server_certificates::update;
    update_service_specific_credential(input: UpdateServiceSpecificCredentialRequest) -> () => service_credentials::update;
    update_signing_certificate(input: UpdateSigningCertificateRequest) -> () => signing_certificates::update;
    update_ssh_public_key(input: UpdateSSHPublicKeyRequest) -> () => ssh_keys::update;
    update_user(input: UpdateUserRequest) -> () => users::update;
    upload_server_certificate(input: UploadServerCertificateRequest) -> iam::UploadServerCertificateResponse => server_certificates::upload;
    upload_signing_certificate(input: UploadSigningCertificateRequest) -> iam::UploadSigningCertificateResponse => signing_certificates::upload;
    upload_ssh_public_key(input: UploadSSHPublicKeyRequest) -> iam::UploadSSHPublicKeyResponse => ssh_keys::upload;
}
