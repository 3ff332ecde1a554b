use IdentityProviderAuthenticationMode::{IdentityProviderAndDirectory, IdentityProviderOnly};
use PersonalAccessTokenConfigurationStatus::{Active, Inactive};
use wire::workmail::{errors::*, *};

use crate::house::{ACCOUNT, House, OTHER_ACCOUNT, ask, refused};

pub(crate) const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-0123456789abcdef";

pub(crate) fn application_request(name: &str) -> CreateIdentityCenterApplicationRequest {
    CreateIdentityCenterApplicationRequest {
        name: name.into(),
        instance_arn: INSTANCE.into(),
        client_token: None,
    }
}

pub(crate) async fn application(house: &House) -> String {
    let made = ask!(house, create_identity_center_application, application_request("mail"));
    made.unwrap().application_arn.unwrap()
}

pub(crate) fn configuration(
    organization: &str,
    application: &str,
    mode: IdentityProviderAuthenticationMode,
    status: PersonalAccessTokenConfigurationStatus,
) -> PutIdentityProviderConfigurationRequest {
    PutIdentityProviderConfigurationRequest {
        organization_id: organization.into(),
        authentication_mode: mode,
        identity_center_configuration: IdentityCenterConfiguration {
            instance_arn: INSTANCE.into(),
            application_arn: application.into(),
        },
        personal_access_token_configuration: PersonalAccessTokenConfiguration {
            status,
            lifetime_in_days: None,
        },
    }
}

async fn described(
    house: &House,
    organization: &str,
) -> Result<DescribeIdentityProviderConfigurationResponse, wire::Error> {
    let input =
        DescribeIdentityProviderConfigurationRequest { organization_id: organization.into() };
    ask!(house, describe_identity_provider_configuration, input)
}

async fn delete_application(
    house: &House,
    arn: &str,
) -> Result<DeleteIdentityCenterApplicationResponse, wire::Error> {
    let input = DeleteIdentityCenterApplicationRequest { application_arn: arn.into() };
    ask!(house, delete_identity_center_application, input)
}

#[tokio::test]
async fn a_configuration_is_kept_replaced_and_deleted() {
    let (house, id) = House::with_organization().await;
    refused(described(&house, &id).await, &RESOURCE_NOT_FOUND);
    let arn = application(&house).await;
    assert!(
        arn.starts_with(&format!(
            "arn:aws:sso::{ACCOUNT}:application/ssoins-0123456789abcdef/apl-"
        ))
    );
    let mut input = configuration(&id, &arn, IdentityProviderAndDirectory, Active);
    ask!(house, put_identity_provider_configuration, input.clone()).unwrap();
    input.authentication_mode = IdentityProviderOnly;
    input.personal_access_token_configuration =
        PersonalAccessTokenConfiguration { status: Inactive, lifetime_in_days: Some(30) };
    ask!(house, put_identity_provider_configuration, input.clone()).unwrap();
    let shown = described(&house, &id).await.unwrap();
    assert_eq!(shown.authentication_mode, Some(IdentityProviderOnly));
    assert_eq!(shown.identity_center_configuration, Some(input.identity_center_configuration));
    assert_eq!(
        shown.personal_access_token_configuration,
        Some(input.personal_access_token_configuration)
    );
    for _ in 0..2 {
        let input = DeleteIdentityProviderConfigurationRequest { organization_id: id.clone() };
        ask!(house, delete_identity_provider_configuration, input).unwrap();
    }
    refused(described(&house, &id).await, &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn applications_of_others_are_not_found() {
    let (house, id) = House::with_organization().await;
    let stranger = house.calls_of(OTHER_ACCOUNT);
    let made =
        ask!(house, &stranger, create_identity_center_application, application_request("mail"));
    let foreign = made.unwrap().application_arn.unwrap();
    let mut input = configuration(&id, &foreign, IdentityProviderOnly, Active);
    refused(ask!(house, put_identity_provider_configuration, input.clone()), &RESOURCE_NOT_FOUND);
    let own = application(&house).await;
    input.identity_center_configuration.application_arn = own;
    input.identity_center_configuration.instance_arn =
        "arn:aws:sso:::instance/ssoins-ffffffffffffffff".into();
    refused(ask!(house, put_identity_provider_configuration, input), &RESOURCE_NOT_FOUND);
    delete_application(&house, &foreign).await.unwrap();
    let kept = DeleteIdentityCenterApplicationRequest { application_arn: foreign.clone() };
    ask!(house, &stranger, delete_identity_center_application, kept).unwrap();
}

#[tokio::test]
async fn an_application_in_use_stays() {
    let (house, id) = House::with_organization().await;
    let other = house.organization("other").await;
    let arn = application(&house).await;
    for organization in [&id, &other] {
        let input = configuration(organization, &arn, IdentityProviderOnly, Active);
        ask!(house, put_identity_provider_configuration, input).unwrap();
    }
    refused(delete_application(&house, &arn).await, &ORGANIZATION_STATE);
    let delete = |organization: &str| DeleteOrganizationRequest {
        organization_id: organization.into(),
        delete_directory: true,
        delete_identity_center_application: Some(true),
        ..Default::default()
    };
    refused(ask!(house, delete_organization, delete(&id)), &ORGANIZATION_STATE);
    let input = DeleteIdentityProviderConfigurationRequest { organization_id: other.clone() };
    ask!(house, delete_identity_provider_configuration, input).unwrap();
    ask!(house, delete_organization, delete(&id)).unwrap();
    let input = configuration(&other, &arn, IdentityProviderOnly, Active);
    refused(ask!(house, put_identity_provider_configuration, input), &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn a_request_sent_again_makes_one_application() {
    let house = House::new().await;
    let input = CreateIdentityCenterApplicationRequest {
        client_token: Some("once".into()),
        ..application_request("mail")
    };
    let first = ask!(house, create_identity_center_application, input.clone()).unwrap();
    let again = ask!(house, create_identity_center_application, input.clone()).unwrap();
    assert_eq!(first.application_arn, again.application_arn);
    let other = CreateIdentityCenterApplicationRequest { name: "other".into(), ..input };
    refused(ask!(house, create_identity_center_application, other), &INVALID_PARAMETER);
}
