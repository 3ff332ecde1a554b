use std::time::Duration;

use dns::{Dns, testing::Zone};
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

/// The value of the record whose host begins so.
fn record(shown: &GetMailDomainResponse, kind: &str, host: &str) -> (String, String) {
    let records = shown.records.iter().flatten();
    let mut found = records.filter(|record| {
        record.r#type.as_deref() == Some(kind)
            && record.hostname.as_ref().is_some_and(|name| name.contains(host))
    });
    let record = found.next().unwrap();
    (record.hostname.clone().unwrap(), record.value.clone().unwrap())
}

fn states(
    shown: &GetMailDomainResponse,
) -> (DnsRecordVerificationStatus, DnsRecordVerificationStatus) {
    (shown.ownership_verification_status.unwrap(), shown.dkim_verification_status.unwrap())
}

#[tokio::test]
async fn the_records_are_those_to_set() {
    let (house, id) = House::with_organization().await;
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    let kinds: Vec<_> =
        shown.records.iter().flatten().map(|record| record.r#type.clone().unwrap()).collect();
    assert_eq!(kinds, ["TXT", "MX", "CNAME", "TXT", "TXT", "TXT"]);
    let (_, token) = record(&shown, "TXT", "_amazonses.example.com");
    assert_eq!(token.len(), 44);
    assert!(record(&shown, "TXT", "._domainkey.example.com").1.starts_with("v=DKIM1; k=rsa; p="));
    assert_eq!(record(&shown, "CNAME", "autodiscover.example.com").1, "mail.example.net");
    let again = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(again, shown, "what was shown stays");
    let test = ask!(house, get_mail_domain, get(&id, "acme.awsapps.com")).unwrap();
    assert_eq!(test.records, Some(Vec::new()));
}

#[tokio::test]
async fn a_domain_is_verified_when_its_records_appear() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    house.domain(&id, "example.com").await;
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Pending, Pending));
    refused(
        ask!(house, update_default_mail_domain, default(&id, "example.com")),
        &MAIL_DOMAIN_STATE,
    );
    let ann = house.user(&id, "ann").await;
    refused(house.register(&id, &ann, "ann@example.com").await, &MAIL_DOMAIN_STATE);

    let (name, token) = record(&shown, "TXT", "_amazonses");
    zone.add(&name, &format!("TXT {token}"));
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Verified, Pending));
    house.register(&id, &ann, "ann@example.com").await.unwrap();
    let mut snapshot = house.store.read().await.unwrap();
    let keyring = house.store.keyring();
    let key = workmail::signing_key(&mut snapshot, keyring, &id, "example.com").await.unwrap();
    assert!(key.is_none(), "what nobody can verify is not signed");
    drop(snapshot);

    let (name, key) = record(&shown, "TXT", "_domainkey");
    zone.add(&name, &format!("TXT {key}"));
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Verified, Verified));
    // what is proved stays proved
    zone.remove(&name).set_broken(true);
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Verified, Verified));
    let mut snapshot = house.store.read().await.unwrap();
    let key = workmail::signing_key(&mut snapshot, keyring, &id, "example.com").await.unwrap();
    assert!(key.is_some());
    let other = workmail::signing_key(&mut snapshot, keyring, "m-other", "example.com").await;
    assert!(other.unwrap().is_none());
}

#[tokio::test]
async fn the_worker_looks_with_growing_rests() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    house.domain(&id, "example.com").await;
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    let dns = Dns::of(zone.clone());
    let check = || workmail::check_domains(&house.store, &dns, &house.world);
    let asked = zone.asked();
    check().await.unwrap();
    assert_eq!(zone.asked(), asked, "it is not due yet");
    for _ in 0..5 {
        house.clock.advance(Duration::from_secs(40));
        check().await.unwrap();
    }
    assert!(zone.asked() > asked && zone.asked() < asked + 5 * 3, "not each time");
    let (name, token) = record(&shown, "TXT", "_amazonses");
    zone.add(&name, &format!("TXT {token}"));
    house.clock.advance(Duration::from_secs(3600));
    check().await.unwrap();
    zone.set_broken(true);
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Verified, Pending));
}

#[tokio::test]
async fn three_days_without_a_record_are_a_failure_until_it_is_registered_again() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    house.domain(&id, "example.com").await;
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    house.clock.advance(Duration::from_secs(72 * 3600));
    let dns = Dns::of(zone.clone());
    workmail::check_domains(&house.store, &dns, &house.world).await.unwrap();
    let (name, token) = record(&shown, "TXT", "_amazonses");
    zone.add(&name, &format!("TXT {token}"));
    let failed = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&failed), (Failed, Failed));
    house.domain(&id, "example.com").await;
    let shown = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    assert_eq!(states(&shown), (Verified, Pending));
    assert_eq!(record(&shown, "TXT", "_amazonses").1, token, "the token that was shown stays");
}

#[tokio::test]
async fn a_domain_that_failed_is_free_for_others() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    house.domain(&id, "example.com").await;
    let mine = ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    let next = house.organization("next").await;
    let taken = ask!(house, register_mail_domain, register(&next, "example.com"));
    refused(taken, &MAIL_DOMAIN_IN_USE);
    house.clock.advance(Duration::from_secs(72 * 3600));
    ask!(house, get_mail_domain, get(&id, "example.com")).unwrap();
    house.domain(&next, "example.com").await;
    let theirs = ask!(house, get_mail_domain, get(&next, "example.com")).unwrap();
    assert_ne!(record(&mine, "TXT", "_amazonses"), record(&theirs, "TXT", "_amazonses"));
    refused(ask!(house, get_mail_domain, get(&id, "example.com")), &MAIL_DOMAIN_NOT_FOUND);
}

#[tokio::test]
async fn a_domain_that_is_never_proved_cannot_be_kept_by_registering_it_anew() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    let next = house.organization("next").await;
    house.domain(&id, "example.com").await;
    for _ in 0..4 {
        let taken = ask!(house, register_mail_domain, register(&next, "example.com"));
        refused(taken, &MAIL_DOMAIN_IN_USE);
        house.clock.advance(Duration::from_secs(18 * 3600));
        house.domain(&id, "example.com").await;
    }
    house.domain(&next, "example.com").await;
    let theirs = ask!(house, get_mail_domain, get(&next, "example.com")).unwrap();
    assert_eq!(states(&theirs), (Pending, Pending));
    let late = ask!(house, register_mail_domain, register(&id, "example.com"));
    refused(late, &MAIL_DOMAIN_IN_USE);
}

#[tokio::test]
async fn domains_that_an_organization_begins_with_are_proved_too() {
    let zone = Zone::new();
    let (house, _) = House::asking(&zone).await;
    let domains = vec![Domain { domain_name: "own.example".into(), hosted_zone_id: None }];
    let input = CreateOrganizationRequest {
        alias: "other".into(),
        domains: Some(domains),
        ..Default::default()
    };
    let id = ask!(house, create_organization, input).unwrap().organization_id.unwrap();
    house.settle().await;
    let shown = ask!(house, get_mail_domain, get(&id, "own.example")).unwrap();
    assert_eq!(states(&shown), (Pending, Pending));
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
    house.settle().await;
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
