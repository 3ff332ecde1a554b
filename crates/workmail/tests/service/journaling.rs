use wire::workmail::{errors::*, *};
use workmail::journaling;

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn both(organization: &str, journal: &str, report: &str) -> SetJournalingRulesRequest {
    SetJournalingRulesRequest {
        organization_id: organization.into(),
        enabled: true,
        journal_email_address: Some(journal.into()),
        report_email_address: Some(report.into()),
    }
}

async fn shown(house: &House, organization: &str) -> GetJournalingRulesResponse {
    let input = GetJournalingRulesRequest { organization_id: organization.into() };
    ask!(house, get_journaling_rules, input).unwrap()
}

async fn kept(house: &House, organization: &str) -> Option<journaling::Journaling> {
    let mut snapshot = house.store.read().await.unwrap();
    journaling::of(&mut snapshot, organization).await.unwrap()
}

#[tokio::test]
async fn an_organization_begins_without_and_sets_all_at_once() {
    let (house, id) = House::with_organization().await;
    house.registered(&id, "ann").await;
    let never = GetJournalingRulesResponse { enabled: Some(false), ..Default::default() };
    assert_eq!(shown(&house, &id).await, never);
    assert_eq!(kept(&house, &id).await, None);
    let input = both(&id, "Keep@Archive.example", "ann+records@example.com");
    ask!(house, set_journaling_rules, input.clone()).unwrap();
    let set = shown(&house, &id).await;
    assert_eq!(set.enabled, Some(true));
    assert_eq!(set.journal_email_address.as_deref(), Some("Keep@archive.example"));
    let journaling = kept(&house, &id).await.unwrap();
    assert_eq!(journaling.sender, "amazonjournaling@acme.awsapps.com");
    assert_eq!(journaling.report, "ann+records@example.com");
    ask!(house, set_journaling_rules, SetJournalingRulesRequest { enabled: false, ..input })
        .unwrap();
    assert_eq!(
        shown(&house, &id).await,
        GetJournalingRulesResponse { enabled: Some(false), ..set }
    );
    assert_eq!(kept(&house, &id).await, None, "switched off, the addresses stay for the next time");
    let off = SetJournalingRulesRequest { organization_id: id.clone(), ..Default::default() };
    ask!(house, set_journaling_rules, off).unwrap();
    assert_eq!(shown(&house, &id).await, never);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let (house, id) = House::with_organization().await;
    house.registered(&id, "ann").await;
    let elsewhere = "x@archive.example";
    for (journal, report) in [
        (elsewhere, "X@ARCHIVE.example"),
        (elsewhere, "nobody@example.com"),
        ("amazonjournaling@acme.awsapps.com", elsewhere),
        ("x..y@archive.example", elsewhere),
        (elsewhere, "x@archive.-example"),
    ] {
        refused(ask!(house, set_journaling_rules, both(&id, journal, report)), &INVALID_PARAMETER);
    }
    for half in [
        SetJournalingRulesRequest { report_email_address: None, ..both(&id, elsewhere, elsewhere) },
        SetJournalingRulesRequest {
            journal_email_address: None,
            ..both(&id, elsewhere, elsewhere)
        },
    ] {
        refused(ask!(house, set_journaling_rules, half), &INVALID_PARAMETER);
    }
    assert_eq!(kept(&house, &id).await, None);
    let calls = house.calls_of(OTHER_ACCOUNT);
    let input = both(&id, elsewhere, "ann@example.com");
    refused(ask!(house, &calls, set_journaling_rules, input), &ORGANIZATION_NOT_FOUND);
}

#[tokio::test]
async fn nobody_gets_the_address_that_records_are_from() {
    let (house, id) = House::with_organization().await;
    let ann = house.user(&id, "ann").await;
    let reserved = "AmazonJournaling@acme.awsapps.com";
    refused(house.register(&id, &ann, reserved).await, &EMAIL_ADDRESS_IN_USE);
    house.register(&id, &ann, "ann@acme.awsapps.com").await.unwrap();
    refused(house.alias(&id, &ann, reserved).await, &EMAIL_ADDRESS_IN_USE);
    let input = UpdatePrimaryEmailAddressRequest {
        organization_id: id.clone(),
        entity_id: ann,
        email: reserved.into(),
    };
    refused(ask!(house, update_primary_email_address, input), &EMAIL_ADDRESS_IN_USE);
}

#[tokio::test]
async fn a_deleted_organization_records_nothing() {
    let (house, id) = House::with_organization().await;
    ask!(house, set_journaling_rules, both(&id, "x@far.example", "y@far.example")).unwrap();
    house.delete_organization(&id, true).await.unwrap();
    house.settle().await;
    assert_eq!(kept(&house, &id).await, None);
}
