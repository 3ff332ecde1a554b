use std::time::Duration;

use wire::workmail::{errors::*, *};

use crate::house::{ACCOUNT, House, START, ask, refused};

fn request(alias: &str, token: &str) -> CreateOrganizationRequest {
    CreateOrganizationRequest {
        alias: alias.into(),
        client_token: Some(token.into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_new_organization_is_active_with_its_test_domain() {
    let house = House::new().await;
    let id = house.organization("Acme-1").await;
    let shown = house.describe_organization(&id).await.unwrap();
    assert_eq!(shown.state.as_deref(), Some("Active"));
    assert_eq!(shown.alias.as_deref(), Some("Acme-1"));
    assert_eq!(shown.default_mail_domain.as_deref(), Some("acme-1.awsapps.com"));
    assert_eq!(shown.completed_date, Some(START));
    assert_eq!(shown.interoperability_enabled, Some(false));
    let arn = format!("arn:aws:workmail:us-east-1:{ACCOUNT}:organization/{id}");
    assert_eq!(shown.arn, Some(arn));
    let directory = shown.directory_id.unwrap();
    assert!(directory.starts_with("d-") && directory.len() == 12, "{directory}");
}

#[tokio::test]
async fn domains_come_with_it() {
    let house = House::new().await;
    let domain = |name: &str| Domain { domain_name: name.into(), hosted_zone_id: None };
    let input = CreateOrganizationRequest {
        domains: Some(vec![domain("Example.com"), domain("example.org")]),
        ..request("acme", "t")
    };
    let id = ask!(house, create_organization, input).unwrap().organization_id.unwrap();
    house.settle().await;
    let input = ListMailDomainsRequest { organization_id: id, ..Default::default() };
    let listed = ask!(house, list_mail_domains, input).unwrap().mail_domains.unwrap();
    let names: Vec<_> = listed.into_iter().filter_map(|domain| domain.domain_name).collect();
    assert_eq!(names, ["acme.awsapps.com", "example.com", "example.org"]);
}

#[tokio::test]
async fn an_alias_is_unique_among_the_living() {
    let house = House::new().await;
    let id = house.organization("acme").await;
    let again = ask!(house, create_organization, request("ACME", "t"));
    assert!(refused(again, &NAME_AVAILABILITY).contains("ACME"));
    house.delete_organization(&id, false).await.unwrap();
    assert_ne!(house.organization("acme").await, id);
}

#[tokio::test]
async fn what_is_not_to_be_had_is_refused() {
    let house = House::new().await;
    let base = || request("acme", "t");
    let directory = Some("d-0123456789".to_owned());
    let input = CreateOrganizationRequest { directory_id: directory, ..base() };
    refused(ask!(house, create_organization, input), &DIRECTORY_UNAVAILABLE);
    let input = CreateOrganizationRequest { enable_interoperability: Some(true), ..base() };
    refused(ask!(house, create_organization, input), &INVALID_PARAMETER);
    let key = Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned());
    let input = CreateOrganizationRequest { kms_key_arn: key, ..base() };
    refused(ask!(house, create_organization, input), &INVALID_PARAMETER);
    house.organization("acme").await;
}

#[tokio::test]
async fn a_token_makes_one_organization_for_a_day() {
    let house = House::new().await;
    let first = ask!(house, create_organization, request("acme", "token")).unwrap();
    let again = ask!(house, create_organization, request("acme", "token")).unwrap();
    assert_eq!(first, again);
    let other = ask!(house, create_organization, request("other", "token"));
    assert!(refused(other, &INVALID_PARAMETER).contains("ClientToken"));
    house.clock.advance(Duration::from_secs(24 * 60 * 60));
    let late = ask!(house, create_organization, request("acme", "token"));
    refused(late, &NAME_AVAILABILITY);
}

#[tokio::test]
async fn the_deleted_is_shown_as_such_and_does_nothing_more() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    let message = refused(house.delete_organization(&id, false).await, &ORGANIZATION_STATE);
    assert!(message.contains("ForceDelete"), "{message}");
    house.delete_organization(&id, true).await.unwrap();

    let shown = house.describe_organization(&id).await.unwrap();
    assert_eq!(shown.state.as_deref(), Some("Deleted"));
    assert_eq!(shown.default_mail_domain, None);
    refused(house.describe_user(&id, &user).await, &ORGANIZATION_STATE);
    refused(house.delete_organization(&id, true).await, &ORGANIZATION_STATE);
    let listed = ask!(house, list_organizations, ListOrganizationsRequest::default()).unwrap();
    assert_eq!(listed.organization_summaries, Some(Vec::new()));

    // its domain and address are free again
    let next = house.organization("next").await;
    house.domain(&next, "example.com").await;
    house.registered(&next, "ann").await;
}
