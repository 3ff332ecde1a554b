use std::time::Duration;

use wire::workmail::{errors::*, *};

use crate::house::{House, ask, refused};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn details(house: &House, organization: &str, user: &str) -> (i32, f64) {
    let input =
        GetMailboxDetailsRequest { organization_id: organization.into(), user_id: user.into() };
    let shown = ask!(house, get_mailbox_details, input).unwrap();
    (shown.mailbox_quota.unwrap(), shown.mailbox_size.unwrap())
}

fn quota(organization: &str, user: &str, mailbox_quota: i32) -> UpdateMailboxQuotaRequest {
    UpdateMailboxQuotaRequest {
        organization_id: organization.into(),
        user_id: user.into(),
        mailbox_quota,
    }
}

#[tokio::test]
async fn the_quota_is_shown_and_set() {
    let (house, id) = House::with_organization().await;
    let user = house.user(&id, "ann").await;
    assert_eq!(details(&house, &id, &user).await, (51_200, 0.0));
    refused(ask!(house, update_mailbox_quota, quota(&id, &user, 10)), &ENTITY_STATE);
    house.register(&id, &user, "ann@example.com").await.unwrap();
    ask!(house, update_mailbox_quota, quota(&id, "ann", 10)).unwrap();
    assert_eq!(details(&house, &id, "ann@example.com").await, (10, 0.0));
    refused(ask!(house, update_mailbox_quota, quota(&id, &user, 51_201)), &INVALID_PARAMETER);
    let group = house.registered_group(&id, "staff").await;
    refused(ask!(house, update_mailbox_quota, quota(&id, &group, 10)), &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn a_mailbox_waits_thirty_days_for_its_owner() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    ask!(house, update_mailbox_quota, quota(&id, &user, 10)).unwrap();
    let mailbox = async || {
        let mut snapshot = house.store.read().await.unwrap();
        mailbox::mailboxes::find(&mut snapshot, &user).await.unwrap().unwrap()
    };
    let first = mailbox().await;
    house.deregister(&id, &user).await.unwrap();
    assert!(mailbox().await.deprovisioned_at.is_some());
    house.clock.advance(29 * DAY);
    house.register(&id, &user, "other@example.com").await.unwrap();
    let restored = mailbox().await;
    assert_eq!((restored.id, restored.deprovisioned_at), (first.id, None));
    assert_eq!(details(&house, &id, &user).await, (10, 0.0));
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.mailbox_deprovisioned_date, None);
}

#[tokio::test]
async fn a_group_has_no_mailbox() {
    let (house, id) = House::with_organization().await;
    let group = house.registered_group(&id, "staff").await;
    let mut snapshot = house.store.read().await.unwrap();
    assert!(mailbox::mailboxes::find(&mut snapshot, &group).await.unwrap().is_none());
    drop(snapshot);
    house.deregister(&id, &group).await.unwrap();
}
