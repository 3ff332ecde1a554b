use wire::workmail::{DnsRecordVerificationStatus::*, errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn get(organization: &str, name: &str) -> GetMailDomainRequest {
    GetMailDomainRequest { organization_id: organization.into(), domain_name: name.into() }
}

fn register(organization: &str, name: &str) -> RegisterMailDomainRequest {
    RegisterMailDomainRequest {
        organization_id: organization.into(),
        domain_name: name.into(),
        client_token: None,
    }
}

fn default(organization: &str, name: &str) -> UpdateDefaultMailDomainRequest {
    UpdateDefaultMailDomainRequest {
        organization_id: organization.into(),
        domain_name: name.into(),
    }
}

fn deregister(organization: &str, name: &str) -> DeregisterMailDomainRequest {
    DeregisterMailDomainRequest { organization_id: organization.into(), domain_name: name.into() }
}

#[tokio::test]
async fn a_registered_domain_is_verified_and_names_our_host() {
    let (house, id) = House::with_organization().await;
    let shown = ask!(house, get_mail_domain, get(&id, "EXAMPLE.com")).unwrap();
    assert_eq!(shown.ownership_verification_status, Some(Verified));
    assert_eq!((shown.is_default, shown.is_test_domain), (Some(false), Some(false)));
    let records = shown.records.unwrap();
    let mx = records.iter().find(|record| record.r#type.as_deref() == Some("MX")).unwrap();
    assert_eq!(mx.hostname.as_deref(), Some("example.com"));
    assert_eq!(mx.value.as_deref(), Some("10 mail.example.net"));
    refused(ask!(house, get_mail_domain, get(&id, "example.org")), &MAIL_DOMAIN_NOT_FOUND);
}

#[tokio::test]
async fn a_domain_has_one_organization() {
    let (house, id) = House::with_organization().await;
    house.domain(&id, "EXAMPLE.com").await;
    let next = house.organization("next").await;
    let taken = ask!(house, register_mail_domain, register(&next, "example.com"));
    assert!(refused(taken, &MAIL_DOMAIN_IN_USE).contains("example.com"));
    let others = house.calls_of(OTHER_ACCOUNT);
    let input = CreateOrganizationRequest { alias: "theirs".into(), ..Default::default() };
    let theirs = ask!(house, &others, create_organization, input).unwrap().organization_id;
    let input = register(&theirs.unwrap(), "example.com");
    refused(ask!(house, &others, register_mail_domain, input), &MAIL_DOMAIN_IN_USE);
}

#[tokio::test]
async fn names_that_are_none_are_refused() {
    let (house, id) = House::with_organization().await;
    for bad in ["example", "a..b", "-a.com", "x.awsapps.com", "10.1.2.3"] {
        refused(ask!(house, register_mail_domain, register(&id, bad)), &INVALID_PARAMETER);
    }
}

#[tokio::test]
async fn there_is_one_default() {
    let (house, id) = House::with_organization().await;
    ask!(house, update_default_mail_domain, default(&id, "Example.com")).unwrap();
    let input = ListMailDomainsRequest { organization_id: id.clone(), ..Default::default() };
    let listed = ask!(house, list_mail_domains, input).unwrap().mail_domains.unwrap();
    let flags: Vec<_> = listed.iter().map(|domain| domain.default_domain).collect();
    assert_eq!(flags, [Some(false), Some(true)]);
    let unknown = ask!(house, update_default_mail_domain, default(&id, "example.org"));
    refused(unknown, &MAIL_DOMAIN_NOT_FOUND);
    let shown = house.describe_organization(&id).await.unwrap();
    assert_eq!(shown.default_mail_domain.as_deref(), Some("example.com"));
}

#[tokio::test]
async fn a_domain_in_use_stays() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    let used = ask!(house, deregister_mail_domain, deregister(&id, "example.com"));
    assert!(refused(used, &MAIL_DOMAIN_IN_USE).contains("ann@example.com"));
    let test = ask!(house, deregister_mail_domain, deregister(&id, "acme.awsapps.com"));
    refused(test, &MAIL_DOMAIN_IN_USE);
    house.deregister(&id, &user).await.unwrap();
    ask!(house, update_default_mail_domain, default(&id, "example.com")).unwrap();
    let standard = ask!(house, deregister_mail_domain, deregister(&id, "example.com"));
    refused(standard, &MAIL_DOMAIN_IN_USE);
    ask!(house, update_default_mail_domain, default(&id, "acme.awsapps.com")).unwrap();
    ask!(house, deregister_mail_domain, deregister(&id, "example.com")).unwrap();
    ask!(house, deregister_mail_domain, deregister(&id, "example.com")).unwrap();
    refused(ask!(house, get_mail_domain, get(&id, "example.com")), &MAIL_DOMAIN_NOT_FOUND);
}
