use dns::testing::Zone;
use wire::workmail::{DomainRecordPurpose as Purpose, DomainRecordStatus::*, errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn asking(organization: &str, name: &str) -> GetMailDomainDetailsRequest {
    GetMailDomainDetailsRequest { organization_id: organization.into(), domain_name: name.into() }
}

async fn shown(house: &House, organization: &str) -> Vec<DomainRecord> {
    let input = asking(organization, "EXAMPLE.com");
    ask!(house, get_mail_domain_details, input).unwrap().records.unwrap()
}

fn states(records: &[DomainRecord]) -> Vec<(Purpose, DomainRecordStatus)> {
    records.iter().map(|record| (record.purpose.unwrap(), record.status.unwrap())).collect()
}

#[tokio::test]
async fn each_record_is_shown_as_it_was_seen() {
    let zone = Zone::new();
    let (house, id) = House::asking(&zone).await;
    house.domain(&id, "example.com").await;
    let records = shown(&house, &id).await;
    let expected = [
        (Purpose::Ownership, Pending),
        (Purpose::Mx, Missing),
        (Purpose::Autodiscover, Missing),
        (Purpose::Dkim, Pending),
        (Purpose::Spf, Missing),
        (Purpose::Dmarc, Missing),
    ];
    assert_eq!(states(&records), expected);
    let input =
        GetMailDomainRequest { organization_id: id.clone(), domain_name: "example.com".into() };
    let same = ask!(house, get_mail_domain, input).unwrap().records.unwrap();
    let plain = |record: &DomainRecord| DnsRecord {
        r#type: record.r#type.clone(),
        hostname: record.hostname.clone(),
        value: record.value.clone(),
    };
    assert_eq!(records.iter().map(plain).collect::<Vec<_>>(), same);

    for record in &records {
        let (kind, value) = (record.r#type.as_deref().unwrap(), record.value.as_deref().unwrap());
        zone.add(record.hostname.as_deref().unwrap(), &format!("{kind} {value}"));
    }
    assert!(states(&shown(&house, &id).await).iter().all(|(_, state)| *state == Verified));

    zone.remove("example.com").add("example.com", "MX 10 mx.elsewhere.example");
    zone.remove("autodiscover.example.com").add("_dmarc.example.com", "TXT v=DMARC1;p=none");
    let expected = [
        (Purpose::Ownership, Verified),
        (Purpose::Mx, Inconsistent),
        (Purpose::Autodiscover, Missing),
        (Purpose::Dkim, Verified),
        (Purpose::Spf, Missing),
        (Purpose::Dmarc, Inconsistent),
    ];
    assert_eq!(states(&shown(&house, &id).await), expected);

    zone.set_broken(true);
    let states = states(&shown(&house, &id).await);
    assert_eq!((states[0].1, states[1].1), (Verified, Unknown), "what is proved stays proved");
}

#[tokio::test]
async fn without_a_dns_nothing_is_said_of_it() {
    let (house, id) = House::with_organization().await;
    let states = states(&shown(&house, &id).await);
    assert_eq!((states[0].1, states[1].1, states[3].1), (Verified, Unknown, Verified));
    let test = ask!(house, get_mail_domain_details, asking(&id, "acme.awsapps.com")).unwrap();
    assert_eq!((test.is_test_domain, test.is_default), (Some(true), Some(true)));
    assert_eq!(test.records, Some(Vec::new()));
}

#[tokio::test]
async fn only_domains_of_the_organization_are_shown() {
    let (house, id) = House::with_organization().await;
    let next = house.organization("next").await;
    let foreign = ask!(house, get_mail_domain_details, asking(&next, "example.com"));
    refused(foreign, &MAIL_DOMAIN_NOT_FOUND);
    let calls = house.calls_of(OTHER_ACCOUNT);
    let stranger = ask!(house, &calls, get_mail_domain_details, asking(&id, "example.com"));
    refused(stranger, &ORGANIZATION_NOT_FOUND);
}
