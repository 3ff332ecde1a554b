use wire::workmail::{errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

const SECRET: &str = "a password of others";

fn ews(endpoint: &str) -> Option<EwsAvailabilityProvider> {
    Some(EwsAvailabilityProvider {
        ews_endpoint: endpoint.into(),
        ews_username: "calendar".into(),
        ews_password: SECRET.into(),
    })
}

fn create(organization: &str, domain: &str) -> CreateAvailabilityConfigurationRequest {
    CreateAvailabilityConfigurationRequest {
        organization_id: organization.into(),
        domain_name: domain.into(),
        ews_provider: ews("https://192.0.2.1/EWS/Exchange.asmx"),
        ..Default::default()
    }
}

fn list(organization: &str) -> ListAvailabilityConfigurationsRequest {
    ListAvailabilityConfigurationsRequest {
        organization_id: organization.into(),
        ..Default::default()
    }
}

fn trial(organization: &str) -> TestAvailabilityConfigurationRequest {
    TestAvailabilityConfigurationRequest {
        organization_id: organization.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn passwords_are_sealed_and_never_shown() {
    let (house, id) = House::with_organization().await;
    ask!(house, create_availability_configuration, create(&id, "b.example")).unwrap();
    let shown = ask!(house, list_availability_configurations, list(&id)).unwrap();
    assert!(!format!("{shown:?}").contains(SECRET));
    let mut snapshot = house.store.read().await.unwrap();
    let sql = "SELECT password FROM availability_configurations";
    let sealed: Vec<u8> = snapshot.row(sql, &[], |row| row.get(0)).await.unwrap().unwrap();
    assert!(!sealed.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
}

#[tokio::test]
async fn lists_have_pages_and_tokens_open_for_one_organization() {
    let (house, id) = House::with_organization().await;
    for domain in ["b.example", "A.example", "alias.awsapps.com"] {
        ask!(house, create_availability_configuration, create(&id, domain)).unwrap();
    }
    let page = ListAvailabilityConfigurationsRequest { max_results: Some(2), ..list(&id) };
    let first = ask!(house, list_availability_configurations, page.clone()).unwrap();
    let next = ListAvailabilityConfigurationsRequest { next_token: first.next_token, ..page };
    let second = ask!(house, list_availability_configurations, next.clone()).unwrap();
    assert_eq!(second.next_token, None);
    let rest = second.availability_configurations.unwrap();
    assert_eq!(rest[0].domain_name.as_deref(), Some("b.example"));
    let another = house.organization("next").await;
    let elsewhere = ListAvailabilityConfigurationsRequest { organization_id: another, ..next };
    refused(ask!(house, list_availability_configurations, elsewhere), &INVALID_PARAMETER);
}

#[tokio::test]
async fn a_provider_inside_is_not_asked() {
    let (house, id) = House::with_organization().await;
    for inside in ["https://127.0.0.1/EWS", "https://10.0.0.1:8443/EWS", "https://[::1]/EWS"] {
        let input =
            TestAvailabilityConfigurationRequest { ews_provider: ews(inside), ..trial(&id) };
        let answer = ask!(house, test_availability_configuration, input).unwrap();
        assert_eq!(answer.test_passed, Some(false));
        assert!(answer.failure_reason.unwrap().contains("not at a public address"));
    }
}

#[tokio::test]
async fn strangers_and_the_deleted_have_none() {
    let (house, id) = House::with_organization().await;
    ask!(house, create_availability_configuration, create(&id, "b.example")).unwrap();
    let calls = house.calls_of(OTHER_ACCOUNT);
    let listed = ask!(house, &calls, list_availability_configurations, list(&id));
    refused(listed, &ORGANIZATION_NOT_FOUND);
    let input = TestAvailabilityConfigurationRequest {
        domain_name: Some("b.example".into()),
        ..trial(&id)
    };
    let tried = ask!(house, &calls, test_availability_configuration, input.clone());
    refused(tried, &ORGANIZATION_NOT_FOUND);
    let another = house.organization("next").await;
    let elsewhere = TestAvailabilityConfigurationRequest { organization_id: another, ..input };
    refused(ask!(house, test_availability_configuration, elsewhere), &RESOURCE_NOT_FOUND);
    house.delete_organization(&id, true).await.unwrap();
    refused(ask!(house, list_availability_configurations, list(&id)), &ORGANIZATION_STATE);
    let mut snapshot = house.store.read().await.unwrap();
    let sql = "SELECT COUNT(*) FROM availability_configurations";
    let left: Option<i64> = snapshot.row(sql, &[], |row| row.get(0)).await.unwrap();
    assert_eq!(left, Some(0));
}
