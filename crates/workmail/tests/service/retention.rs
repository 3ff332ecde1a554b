use std::time::Duration;

use mailbox::{
    Columns, Cursor, Delivery, Destination, Flags, Folder, Keywords, MailboxId, Role, UidSet,
    changes, folders, mailboxes,
};
use wire::workmail::{errors::*, *};
use workmail::{Expired, expire_messages};

use crate::house::{House, ask, refused};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const STEPS: usize = 100;

fn rule(
    name: FolderName,
    action: RetentionAction,
    period: impl Into<Option<i32>>,
) -> FolderConfiguration {
    FolderConfiguration { name, action, period: period.into() }
}

fn policy(organization: &str, rules: &[FolderConfiguration]) -> PutRetentionPolicyRequest {
    PutRetentionPolicyRequest {
        organization_id: organization.into(),
        id: None,
        name: "tidy".into(),
        description: Some("old mail goes".into()),
        folder_configurations: rules.to_vec(),
    }
}

async fn shown(
    house: &House,
    organization: &str,
) -> Result<GetDefaultRetentionPolicyResponse, wire::Error> {
    let input = GetDefaultRetentionPolicyRequest { organization_id: organization.into() };
    ask!(house, get_default_retention_policy, input)
}

async fn delete(house: &House, organization: &str, id: &str) {
    let input =
        DeleteRetentionPolicyRequest { organization_id: organization.into(), id: id.into() };
    ask!(house, delete_retention_policy, input).unwrap();
}

async fn mailbox_of(house: &House, user: &str) -> MailboxId {
    mailboxes::find(&mut house.store.read().await.unwrap(), user).await.unwrap().unwrap().id
}

async fn deliver(house: &House, organization: &str, user: &str, role: Role, times: usize) {
    let prepared =
        mailbox::prepare(&house.store, organization, "Subject: x\r\n\r\n").await.unwrap();
    let now = house.world.now();
    let delivery = Delivery {
        mailbox: mailbox_of(house, user).await,
        destination: Destination::Role(role),
        flags: Flags::NONE,
        keywords: &Keywords::none(),
        received_at: now,
        now,
    };
    let mut tx = house.store.write().await.unwrap();
    let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
    for _ in 0..times {
        mailbox::deliver(&mut tx, &body, &delivery).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn folder(house: &House, user: &str, role: Role) -> Folder {
    let mailbox = mailbox_of(house, user).await;
    folders::by_role(&mut house.store.read().await.unwrap(), mailbox, role).await.unwrap()
}

async fn count(house: &House, user: &str, role: Role) -> usize {
    let folder = folder(house, user, role).await;
    let mut snapshot = house.store.read().await.unwrap();
    let cursor = Cursor::new(folder.id, UidSet::all(), Columns::Row);
    let rows = cursor.all(&mut snapshot).await.unwrap().len();
    assert_eq!(rows, folder.total as usize, "the folder counts right");
    rows
}

async fn expire(house: &House) -> (usize, usize) {
    let Expired { moved, removed } =
        expire_messages(&house.store, house.world.now(), STEPS).await.unwrap();
    (moved, removed)
}

#[tokio::test]
async fn an_organization_has_one_policy() {
    let (house, id) = House::with_organization().await;
    refused(shown(&house, &id).await, &ENTITY_NOT_FOUND);
    let rules = [
        rule(FolderName::JunkEmail, RetentionAction::PermanentlyDelete, 30),
        rule(FolderName::Inbox, RetentionAction::Delete, 365),
        rule(FolderName::Drafts, RetentionAction::None, None),
    ];
    ask!(house, put_retention_policy, policy(&id, &rules)).unwrap();
    let first = shown(&house, &id).await.unwrap();
    assert_eq!(first.folder_configurations.as_deref(), Some(&rules[..]));
    assert_eq!(first.description.as_deref(), Some("old mail goes"));
    let again = ask!(house, put_retention_policy, policy(&id, &rules));
    refused(again, &LIMIT_EXCEEDED);
    let unknown = PutRetentionPolicyRequest { id: Some("other".into()), ..policy(&id, &rules) };
    refused(ask!(house, put_retention_policy, unknown), &INVALID_PARAMETER);

    let input = PutRetentionPolicyRequest {
        id: first.id.clone(),
        name: "less".into(),
        description: None,
        ..policy(&id, &rules[..1])
    };
    ask!(house, put_retention_policy, input).unwrap();
    let second = shown(&house, &id).await.unwrap();
    assert_eq!((&second.id, second.name.as_deref()), (&first.id, Some("less")));
    assert_eq!(second.description, None);
    assert_eq!(second.folder_configurations.as_deref(), Some(&rules[..1]));

    delete(&house, &id, "other").await;
    shown(&house, &id).await.unwrap();
    delete(&house, &id, &first.id.unwrap()).await;
    refused(shown(&house, &id).await, &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn rules_that_could_not_be_kept_are_refused() {
    let (house, id) = House::with_organization().await;
    let inbox = rule(FolderName::Inbox, RetentionAction::Delete, 1);
    for wrong in [
        vec![inbox.clone(), inbox.clone()],
        vec![rule(FolderName::Inbox, RetentionAction::PermanentlyDelete, None)],
        vec![rule(FolderName::DeletedItems, RetentionAction::Delete, 1)],
    ] {
        refused(ask!(house, put_retention_policy, policy(&id, &wrong)), &INVALID_PARAMETER);
    }
    refused(shown(&house, &id).await, &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn old_messages_go_where_the_rules_say() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    deliver(&house, &id, &ann, Role::Inbox, 2).await;
    deliver(&house, &id, &ann, Role::Sent, 2).await;
    let rules = [
        rule(FolderName::Inbox, RetentionAction::Delete, 10),
        rule(FolderName::JunkEmail, RetentionAction::PermanentlyDelete, 1),
        rule(FolderName::DeletedItems, RetentionAction::PermanentlyDelete, 5),
        rule(FolderName::SentItems, RetentionAction::None, 1),
    ];
    ask!(house, put_retention_policy, policy(&id, &rules)).unwrap();
    deliver(&house, &id, &ann, Role::Junk, 3).await;
    house.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(expire(&house).await, (0, 0));
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(expire(&house).await, (0, 3));
    house.clock.advance(8 * DAY);
    deliver(&house, &id, &ann, Role::Inbox, 1).await;
    assert_eq!(expire(&house).await, (0, 0));
    house.clock.advance(DAY);
    let seen = folder(&house, &ann, Role::Inbox).await;
    let mut notices = house.store.subscribe();
    assert_eq!(expire(&house).await, (2, 0));
    assert_eq!(count(&house, &ann, Role::Inbox).await, 1, "the young one stays");
    assert_eq!(count(&house, &ann, Role::Trash).await, 2);

    // a session that has the folder open is told, and finds which are gone
    assert_eq!(notices.recv().await.unwrap().topic, mailboxes::TOPIC);
    let mut snapshot = house.store.read().await.unwrap();
    let since = changes::since(&mut snapshot, seen.id, seen.highest_modseq).await.unwrap();
    assert_eq!(since.vanished.iter().map(|gone| gone.uid.0).collect::<Vec<_>>(), [1, 2]);
    drop(snapshot);

    // in the new folder their time begins anew
    house.clock.advance(4 * DAY);
    assert_eq!(expire(&house).await, (0, 0));
    house.clock.advance(DAY);
    assert_eq!(expire(&house).await, (0, 2));
    assert_eq!(count(&house, &ann, Role::Trash).await, 0);
    assert_eq!(count(&house, &ann, Role::Sent).await, 2);
}

#[tokio::test]
async fn other_organizations_and_mailboxes_out_of_service_are_left_alone() {
    let (house, id) = House::with_organization().await;
    let next = house.organization("next").await;
    house.domain(&next, "next.example").await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    let eve = house.user(&next, "eve").await;
    house.register(&next, &eve, "eve@next.example").await.unwrap();
    for (organization, user) in [(&id, &ann), (&id, &bob), (&next, &eve)] {
        deliver(&house, organization, user, Role::Inbox, 1).await;
    }
    let rules = [rule(FolderName::Inbox, RetentionAction::PermanentlyDelete, 1)];
    ask!(house, put_retention_policy, policy(&id, &rules)).unwrap();
    house.clock.advance(2 * DAY);
    house.deregister(&id, &ann).await.unwrap();
    assert_eq!(expire(&house).await, (0, 1));
    house.register(&id, &ann, "ann@example.com").await.unwrap();
    assert_eq!(count(&house, &ann, Role::Inbox).await, 1);
    assert_eq!(count(&house, &eve, Role::Inbox).await, 1);
    let policy_id = shown(&house, &id).await.unwrap().id.unwrap();
    delete(&house, &id, &policy_id).await;
    assert_eq!(expire(&house).await, (0, 0), "without a policy all stays");
}

#[tokio::test]
async fn a_round_is_bounded_and_the_next_goes_on() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    deliver(&house, &id, &ann, Role::Inbox, mailbox::expiry::EXPIRE_ROWS + 7).await;
    let rules = [rule(FolderName::Inbox, RetentionAction::PermanentlyDelete, 1)];
    ask!(house, put_retention_policy, policy(&id, &rules)).unwrap();
    house.clock.advance(2 * DAY);
    let now = house.world.now();
    let first = expire_messages(&house.store, now, 1).await.unwrap();
    assert_eq!(first.removed, mailbox::expiry::EXPIRE_ROWS);
    let second = expire_messages(&house.store, now, STEPS).await.unwrap();
    assert_eq!(second.removed, 7);
}

#[tokio::test]
async fn a_message_from_the_future_keeps_no_other() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    house.clock.advance(3650 * DAY);
    deliver(&house, &id, &ann, Role::Inbox, 1).await;
    house.clock.set(crate::house::START);
    deliver(&house, &id, &ann, Role::Inbox, 1).await;
    let rules = [rule(FolderName::Inbox, RetentionAction::PermanentlyDelete, 1)];
    ask!(house, put_retention_policy, policy(&id, &rules)).unwrap();
    house.clock.advance(2 * DAY);
    assert_eq!(expire(&house).await, (0, 1));
    assert_eq!(count(&house, &ann, Role::Inbox).await, 1);
}
