//! The service: each operation of the model, and the room that serves it.

use dns::Dns;
use iam::door::Call;
use lambda::Functions;
use wire::workmail as model;

use crate::{
    Verification, access, aliases, availability, devices, dmarc, domains, entities,
    exports::{self, ExportDestination},
    flow_rules, groups, identity_center, identity_provider, impersonation, journaling, mailboxes,
    migration_admin, monitoring, organizations, passwords,
    passwords::Hasher,
    permissions, personal_tokens, registration, resources, retention, search_members,
    smtp_gateways, tags, users,
};

/// What the operator settles.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name by which the world reaches this mail server: what MX records are to name.
    pub mail_host: String,
    /// How it is decided whether a domain is its organization's.
    pub verification: Verification,
    /// Who is asked about the DNS. Without one, nothing is looked up.
    pub dns: Option<Dns>,
    /// The functions that can be called. Without them, none is.
    pub functions: Option<Functions>,
}

impl Settings {
    /// Trust in whoever registers a domain, and no DNS.
    pub fn new(mail_host: impl Into<String>) -> Self {
        Self {
            mail_host: mail_host.into(),
            verification: Verification::Trust,
            dns: None,
            functions: None,
        }
    }
}

/// Amazon WorkMail, as far as the model goes.
pub struct Service {
    settings: Settings,
    exports: ExportDestination,
    hasher: Hasher,
}

impl Service {
    /// The service with the operator's settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, exports: ExportDestination::default(), hasher: Hasher::default() }
    }

    /// The same service, whose mailbox exports go there.
    #[must_use]
    pub fn with_exports(self, exports: ExportDestination) -> Self {
        Self { exports, ..self }
    }
}

/// Each operation is a function of its room.
macro_rules! delegate {
    ($($room:ident::$operation:ident($input:ident $(, $part:ident)?) -> $output:ident;)*) => {
        impl model::WorkMail for Service {
            type Call = Call;

            $(
                async fn $operation(
                    &self,
                    call: &mut Call,
                    input: model::$input,
                ) -> Result<model::$output, wire::Error> {
                    $room::$operation(call, $(&self.$part,)? input).await
                }
            )*
        }
    };
}

delegate! {
    organizations::create_organization(CreateOrganizationRequest) -> CreateOrganizationResponse;
    organizations::delete_organization(DeleteOrganizationRequest) -> DeleteOrganizationResponse;
    organizations::describe_organization(DescribeOrganizationRequest) -> DescribeOrganizationResponse;
    organizations::list_organizations(ListOrganizationsRequest) -> ListOrganizationsResponse;
    dmarc::describe_inbound_dmarc_settings(DescribeInboundDmarcSettingsRequest) -> DescribeInboundDmarcSettingsResponse;
    dmarc::put_inbound_dmarc_settings(PutInboundDmarcSettingsRequest) -> PutInboundDmarcSettingsResponse;
    domains::deregister_mail_domain(DeregisterMailDomainRequest) -> DeregisterMailDomainResponse;
    domains::get_mail_domain(GetMailDomainRequest, settings) -> GetMailDomainResponse;
    domains::get_mail_domain_details(GetMailDomainDetailsRequest, settings) -> GetMailDomainDetailsResponse;
    domains::list_mail_domains(ListMailDomainsRequest) -> ListMailDomainsResponse;
    domains::register_mail_domain(RegisterMailDomainRequest, settings) -> RegisterMailDomainResponse;
    domains::update_default_mail_domain(UpdateDefaultMailDomainRequest) -> UpdateDefaultMailDomainResponse;
    users::create_user(CreateUserRequest, hasher) -> CreateUserResponse;
    users::delete_user(DeleteUserRequest) -> DeleteUserResponse;
    users::describe_user(DescribeUserRequest) -> DescribeUserResponse;
    users::list_users(ListUsersRequest) -> ListUsersResponse;
    users::update_user(UpdateUserRequest) -> UpdateUserResponse;
    groups::associate_member_to_group(AssociateMemberToGroupRequest) -> AssociateMemberToGroupResponse;
    groups::create_group(CreateGroupRequest) -> CreateGroupResponse;
    groups::delete_group(DeleteGroupRequest) -> DeleteGroupResponse;
    groups::describe_group(DescribeGroupRequest) -> DescribeGroupResponse;
    groups::disassociate_member_from_group(DisassociateMemberFromGroupRequest) -> DisassociateMemberFromGroupResponse;
    groups::list_group_members(ListGroupMembersRequest) -> ListGroupMembersResponse;
    groups::list_groups(ListGroupsRequest) -> ListGroupsResponse;
    groups::list_groups_for_entity(ListGroupsForEntityRequest) -> ListGroupsForEntityResponse;
    groups::update_group(UpdateGroupRequest) -> UpdateGroupResponse;
    resources::associate_delegate_to_resource(AssociateDelegateToResourceRequest) -> AssociateDelegateToResourceResponse;
    resources::create_resource(CreateResourceRequest) -> CreateResourceResponse;
    resources::delete_resource(DeleteResourceRequest) -> DeleteResourceResponse;
    resources::describe_resource(DescribeResourceRequest) -> DescribeResourceResponse;
    resources::disassociate_delegate_from_resource(DisassociateDelegateFromResourceRequest) -> DisassociateDelegateFromResourceResponse;
    resources::list_resource_delegates(ListResourceDelegatesRequest) -> ListResourceDelegatesResponse;
    resources::list_resources(ListResourcesRequest) -> ListResourcesResponse;
    resources::update_resource(UpdateResourceRequest) -> UpdateResourceResponse;
    retention::delete_retention_policy(DeleteRetentionPolicyRequest) -> DeleteRetentionPolicyResponse;
    retention::get_default_retention_policy(GetDefaultRetentionPolicyRequest) -> GetDefaultRetentionPolicyResponse;
    retention::put_retention_policy(PutRetentionPolicyRequest) -> PutRetentionPolicyResponse;
    availability::create_availability_configuration(CreateAvailabilityConfigurationRequest) -> CreateAvailabilityConfigurationResponse;
    availability::delete_availability_configuration(DeleteAvailabilityConfigurationRequest) -> DeleteAvailabilityConfigurationResponse;
    availability::list_availability_configurations(ListAvailabilityConfigurationsRequest) -> ListAvailabilityConfigurationsResponse;
    availability::test_availability_configuration(TestAvailabilityConfigurationRequest, settings) -> TestAvailabilityConfigurationResponse;
    availability::update_availability_configuration(UpdateAvailabilityConfigurationRequest) -> UpdateAvailabilityConfigurationResponse;
    monitoring::delete_email_monitoring_configuration(DeleteEmailMonitoringConfigurationRequest) -> DeleteEmailMonitoringConfigurationResponse;
    monitoring::describe_email_monitoring_configuration(DescribeEmailMonitoringConfigurationRequest) -> DescribeEmailMonitoringConfigurationResponse;
    monitoring::put_email_monitoring_configuration(PutEmailMonitoringConfigurationRequest) -> PutEmailMonitoringConfigurationResponse;
    entities::describe_entity(DescribeEntityRequest) -> DescribeEntityResponse;
    registration::deregister_from_work_mail(DeregisterFromWorkMailRequest) -> DeregisterFromWorkMailResponse;
    registration::register_to_work_mail(RegisterToWorkMailRequest) -> RegisterToWorkMailResponse;
    aliases::create_alias(CreateAliasRequest) -> CreateAliasResponse;
    aliases::delete_alias(DeleteAliasRequest) -> DeleteAliasResponse;
    aliases::list_aliases(ListAliasesRequest) -> ListAliasesResponse;
    aliases::update_primary_email_address(UpdatePrimaryEmailAddressRequest) -> UpdatePrimaryEmailAddressResponse;
    passwords::reset_password(ResetPasswordRequest, hasher) -> ResetPasswordResponse;
    mailboxes::get_mailbox_details(GetMailboxDetailsRequest) -> GetMailboxDetailsResponse;
    mailboxes::update_mailbox_quota(UpdateMailboxQuotaRequest) -> UpdateMailboxQuotaResponse;
    journaling::get_journaling_rules(GetJournalingRulesRequest) -> GetJournalingRulesResponse;
    journaling::set_journaling_rules(SetJournalingRulesRequest) -> SetJournalingRulesResponse;
    migration_admin::set_migration_admin(SetMigrationAdminRequest) -> SetMigrationAdminResponse;
    permissions::delete_mailbox_permissions(DeleteMailboxPermissionsRequest) -> DeleteMailboxPermissionsResponse;
    permissions::list_mailbox_permissions(ListMailboxPermissionsRequest) -> ListMailboxPermissionsResponse;
    permissions::put_mailbox_permissions(PutMailboxPermissionsRequest) -> PutMailboxPermissionsResponse;
    access::delete_access_control_rule(DeleteAccessControlRuleRequest) -> DeleteAccessControlRuleResponse;
    access::get_access_control_effect(GetAccessControlEffectRequest) -> GetAccessControlEffectResponse;
    access::list_access_control_rules(ListAccessControlRulesRequest) -> ListAccessControlRulesResponse;
    access::put_access_control_rule(PutAccessControlRuleRequest) -> PutAccessControlRuleResponse;
    devices::create_mobile_device_access_rule(CreateMobileDeviceAccessRuleRequest) -> CreateMobileDeviceAccessRuleResponse;
    devices::delete_mobile_device_access_override(DeleteMobileDeviceAccessOverrideRequest) -> DeleteMobileDeviceAccessOverrideResponse;
    devices::delete_mobile_device_access_rule(DeleteMobileDeviceAccessRuleRequest) -> DeleteMobileDeviceAccessRuleResponse;
    devices::get_mobile_device_access_effect(GetMobileDeviceAccessEffectRequest) -> GetMobileDeviceAccessEffectResponse;
    devices::get_mobile_device_access_override(GetMobileDeviceAccessOverrideRequest) -> GetMobileDeviceAccessOverrideResponse;
    devices::list_mobile_device_access_overrides(ListMobileDeviceAccessOverridesRequest) -> ListMobileDeviceAccessOverridesResponse;
    devices::list_mobile_device_access_rules(ListMobileDeviceAccessRulesRequest) -> ListMobileDeviceAccessRulesResponse;
    devices::put_mobile_device_access_override(PutMobileDeviceAccessOverrideRequest) -> PutMobileDeviceAccessOverrideResponse;
    devices::update_mobile_device_access_rule(UpdateMobileDeviceAccessRuleRequest) -> UpdateMobileDeviceAccessRuleResponse;
    devices::delete_mobile_device(DeleteMobileDeviceRequest) -> DeleteMobileDeviceResponse;
    devices::get_mobile_device_details(GetMobileDeviceDetailsRequest) -> GetMobileDeviceDetailsResponse;
    devices::get_mobile_devices_for_user(GetMobileDevicesForUserRequest) -> GetMobileDevicesForUserResponse;
    devices::get_mobile_policy_details(GetMobilePolicyDetailsRequest) -> GetMobilePolicyDetailsResponse;
    devices::set_mobile_policy_details(SetMobilePolicyDetailsRequest) -> SetMobilePolicyDetailsResponse;
    devices::wipe_mobile_device(WipeMobileDeviceRequest) -> WipeMobileDeviceResponse;
    impersonation::assume_impersonation_role(AssumeImpersonationRoleRequest) -> AssumeImpersonationRoleResponse;
    impersonation::create_impersonation_role(CreateImpersonationRoleRequest) -> CreateImpersonationRoleResponse;
    impersonation::delete_impersonation_role(DeleteImpersonationRoleRequest) -> DeleteImpersonationRoleResponse;
    impersonation::get_impersonation_role(GetImpersonationRoleRequest) -> GetImpersonationRoleResponse;
    impersonation::get_impersonation_role_effect(GetImpersonationRoleEffectRequest) -> GetImpersonationRoleEffectResponse;
    impersonation::list_impersonation_roles(ListImpersonationRolesRequest) -> ListImpersonationRolesResponse;
    impersonation::update_impersonation_role(UpdateImpersonationRoleRequest) -> UpdateImpersonationRoleResponse;
    identity_center::create_identity_center_application(CreateIdentityCenterApplicationRequest) -> CreateIdentityCenterApplicationResponse;
    identity_center::delete_identity_center_application(DeleteIdentityCenterApplicationRequest) -> DeleteIdentityCenterApplicationResponse;
    identity_provider::delete_identity_provider_configuration(DeleteIdentityProviderConfigurationRequest) -> DeleteIdentityProviderConfigurationResponse;
    identity_provider::describe_identity_provider_configuration(DescribeIdentityProviderConfigurationRequest) -> DescribeIdentityProviderConfigurationResponse;
    identity_provider::put_identity_provider_configuration(PutIdentityProviderConfigurationRequest) -> PutIdentityProviderConfigurationResponse;
    personal_tokens::delete_personal_access_token(DeletePersonalAccessTokenRequest) -> DeletePersonalAccessTokenResponse;
    personal_tokens::get_personal_access_token_metadata(GetPersonalAccessTokenMetadataRequest) -> GetPersonalAccessTokenMetadataResponse;
    personal_tokens::list_personal_access_tokens(ListPersonalAccessTokensRequest) -> ListPersonalAccessTokensResponse;
    flow_rules::create_inbound_mail_flow_rule(CreateInboundMailFlowRuleRequest) -> CreateInboundMailFlowRuleResponse;
    flow_rules::delete_inbound_mail_flow_rule(DeleteInboundMailFlowRuleRequest) -> DeleteInboundMailFlowRuleResponse;
    flow_rules::describe_inbound_mail_flow_rule(DescribeInboundMailFlowRuleRequest) -> DescribeInboundMailFlowRuleResponse;
    flow_rules::list_inbound_mail_flow_rules(ListInboundMailFlowRulesRequest) -> ListInboundMailFlowRulesResponse;
    flow_rules::test_inbound_mail_flow_rules(TestInboundMailFlowRulesRequest) -> TestInboundMailFlowRulesResponse;
    flow_rules::update_inbound_mail_flow_rule(UpdateInboundMailFlowRuleRequest) -> UpdateInboundMailFlowRuleResponse;
    flow_rules::create_outbound_mail_flow_rule(CreateOutboundMailFlowRuleRequest) -> CreateOutboundMailFlowRuleResponse;
    flow_rules::delete_outbound_mail_flow_rule(DeleteOutboundMailFlowRuleRequest) -> DeleteOutboundMailFlowRuleResponse;
    flow_rules::describe_outbound_mail_flow_rule(DescribeOutboundMailFlowRuleRequest) -> DescribeOutboundMailFlowRuleResponse;
    flow_rules::list_outbound_mail_flow_rules(ListOutboundMailFlowRulesRequest) -> ListOutboundMailFlowRulesResponse;
    flow_rules::test_outbound_mail_flow_rules(TestOutboundMailFlowRulesRequest) -> TestOutboundMailFlowRulesResponse;
    flow_rules::update_outbound_mail_flow_rule(UpdateOutboundMailFlowRuleRequest) -> UpdateOutboundMailFlowRuleResponse;
    smtp_gateways::create_smtp_gateway(CreateSmtpGatewayRequest) -> CreateSmtpGatewayResponse;
    smtp_gateways::delete_smtp_gateway(DeleteSmtpGatewayRequest) -> DeleteSmtpGatewayResponse;
    smtp_gateways::describe_smtp_gateway(DescribeSmtpGatewayRequest) -> DescribeSmtpGatewayResponse;
    smtp_gateways::update_smtp_gateway(UpdateSmtpGatewayRequest) -> UpdateSmtpGatewayResponse;
    smtp_gateways::list_smtp_gateways(ListSmtpGatewaysRequest) -> ListSmtpGatewaysResponse;
    exports::cancel_mailbox_export_job(CancelMailboxExportJobRequest) -> CancelMailboxExportJobResponse;
    exports::describe_mailbox_export_job(DescribeMailboxExportJobRequest) -> DescribeMailboxExportJobResponse;
    exports::list_mailbox_export_jobs(ListMailboxExportJobsRequest) -> ListMailboxExportJobsResponse;
    exports::start_mailbox_export_job(StartMailboxExportJobRequest, exports) -> StartMailboxExportJobResponse;
    search_members::search_members(SearchMembersRequest) -> SearchMembersResponse;
    tags::list_tags_for_resource(ListTagsForResourceRequest) -> ListTagsForResourceResponse;
    tags::tag_resource(TagResourceRequest) -> TagResourceResponse;
    tags::untag_resource(UntagResourceRequest) -> UntagResourceResponse;
}
