//! Rights to folders, and messages that go from one mailbox to another.
#![allow(clippy::unwrap_used)]

use mailbox::{
    Delivery, Destination, Error, Flags, Folder, FolderName, Keywords, MIGRATIONS, Mailbox, Rights,
    UidSet, bodies, folders, mailboxes,
    rights::{self, MAX_GRANTEES},
};
use store::{Transaction, testing::TestStore};
use world::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_770_000_000);
const MESSAGE: &str = "Subject: hello\r\n\r\nworld\r\n";

/// Three mailboxes: two of one organization, one of another.
async fn open() -> (TestStore, [Mailbox; 3]) {
    let store = store::testing::open(&[MIGRATIONS]).await;
    let mut tx = store.write().await.unwrap();
    let [ann, bob, eve] = [("ann", "m-1"), ("bob", "m-1"), ("eve", "m-2")];
    let mailboxes = [
        mailboxes::provision(&mut tx, ann.0, ann.1, 1_000, NOW).await.unwrap(),
        mailboxes::provision(&mut tx, bob.0, bob.1, 1_000, NOW).await.unwrap(),
        mailboxes::provision(&mut tx, eve.0, eve.1, 1_000, NOW).await.unwrap(),
    ];
    tx.commit().await.unwrap();
    (store, mailboxes)
}

fn name(text: &str) -> FolderName {
    FolderName::parse(text).unwrap()
}

async fn inbox(tx: &mut Transaction, mailbox: &Mailbox) -> Folder {
    folders::find(tx, mailbox.id, &FolderName::inbox()).await.unwrap()
}

async fn delivered(store: &TestStore, mailbox: &Mailbox) {
    let prepared = mailbox::prepare(store, &mailbox.organization, MESSAGE).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
    let delivery = Delivery {
        mailbox: mailbox.id,
        destination: Destination::Inbox,
        flags: Flags::SEEN,
        keywords: &Keywords::none(),
        received_at: NOW,
        now: NOW,
    };
    mailbox::deliver(&mut tx, &body, &delivery).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn rights_are_kept_for_each_folder_and_grantee() {
    let (store, [ann, ..]) = open().await;
    let mut notices = store.subscribe();
    let mut tx = store.write().await.unwrap();
    let folder = inbox(&mut tx, &ann).await;
    let read = Rights::LOOKUP | Rights::READ;
    rights::set(&mut tx, folder.id, "bob", Rights::ALL).await.unwrap();
    rights::set(&mut tx, folder.id, "bob", read).await.unwrap();
    rights::set(&mut tx, folder.id, "staff", Rights::INSERT).await.unwrap();
    let held = rights::list(&mut tx, folder.id).await.unwrap();
    assert_eq!(held, [("bob".to_owned(), read), ("staff".to_owned(), Rights::INSERT)]);
    let names = ["bob", "staff", "m-1"].map(str::to_owned);
    let all = read | Rights::INSERT;
    assert_eq!(rights::of(&mut tx, folder.id, &names).await.unwrap(), all);
    assert_eq!(rights::of(&mut tx, folder.id, &names[2..]).await.unwrap(), Rights::NONE);
    let granted = rights::granted(&mut tx, &names).await.unwrap();
    assert_eq!((granted.len(), granted[0].0.id, granted[0].1), (1, folder.id, all));
    rights::set(&mut tx, folder.id, "bob", Rights::NONE).await.unwrap();
    assert_eq!(rights::list(&mut tx, folder.id).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(notices.recv().await.unwrap().key, ann.id.to_string());

    let mut tx = store.write().await.unwrap();
    mailboxes::deprovision(&mut tx, "ann", NOW).await.unwrap();
    assert!(rights::granted(&mut tx, &names).await.unwrap().is_empty());
}

#[tokio::test]
async fn grantees_are_counted() {
    let (store, [ann, ..]) = open().await;
    let mut tx = store.write().await.unwrap();
    let folder = inbox(&mut tx, &ann).await.id;
    for n in 0..MAX_GRANTEES {
        rights::set(&mut tx, folder, &n.to_string(), Rights::READ).await.unwrap();
    }
    let more = rights::set(&mut tx, folder, "more", Rights::READ).await;
    assert!(matches!(more, Err(Error::TooManyGrantees)));
    rights::set(&mut tx, folder, "7", Rights::ALL).await.unwrap();
    rights::set(&mut tx, folder, "8", Rights::NONE).await.unwrap();
    rights::set(&mut tx, folder, "more", Rights::READ).await.unwrap();
}

#[tokio::test]
async fn new_folders_inherit_once() {
    let (store, [ann, ..]) = open().await;
    let mut tx = store.write().await.unwrap();
    let top = folders::create(&mut tx, ann.id, &name("top"), NOW).await.unwrap();
    rights::set(&mut tx, top.id, "bob", Rights::READ).await.unwrap();
    let deep = folders::create(&mut tx, ann.id, &name("top/a/b"), NOW).await.unwrap();
    let of_deep = [("bob".to_owned(), Rights::READ)];
    assert_eq!(rights::list(&mut tx, deep.id).await.unwrap(), of_deep);
    rights::set(&mut tx, top.id, "bob", Rights::NONE).await.unwrap();
    assert_eq!(rights::list(&mut tx, deep.id).await.unwrap(), of_deep, "not a link but a copy");
    folders::rename(&mut tx, ann.id, &name("top/a"), &name("x"), NOW).await.unwrap();
    assert_eq!(rights::list(&mut tx, deep.id).await.unwrap(), of_deep, "a move takes them along");
    rights::subscribe(&mut tx, ann.id, deep.id, true).await.unwrap();
    folders::delete(&mut tx, ann.id, &name("x/b")).await.unwrap();
    assert!(rights::list(&mut tx, deep.id).await.unwrap().is_empty());
    assert!(rights::subscriptions(&mut tx, ann.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn foreign_folders_are_subscribed_to() {
    let (store, [ann, bob, _]) = open().await;
    let mut tx = store.write().await.unwrap();
    let folder = inbox(&mut tx, &ann).await.id;
    for _ in 0..2 {
        rights::subscribe(&mut tx, bob.id, folder, true).await.unwrap();
    }
    assert_eq!(rights::subscriptions(&mut tx, bob.id).await.unwrap(), [folder]);
    assert!(rights::subscriptions(&mut tx, ann.id).await.unwrap().is_empty());
    rights::subscribe(&mut tx, bob.id, folder, false).await.unwrap();
    assert!(rights::subscriptions(&mut tx, bob.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_shared_is_purged_with_the_mailbox() {
    let (store, [ann, bob, _]) = open().await;
    let mut tx = store.write().await.unwrap();
    let (one, other) = (inbox(&mut tx, &ann).await.id, inbox(&mut tx, &bob).await.id);
    rights::set(&mut tx, one, "bob", Rights::READ).await.unwrap();
    rights::subscribe(&mut tx, bob.id, one, true).await.unwrap();
    rights::subscribe(&mut tx, ann.id, other, true).await.unwrap();
    mailboxes::deprovision(&mut tx, "ann", NOW).await.unwrap();
    tx.commit().await.unwrap();
    let late = NOW.saturating_add(mailboxes::RETENTION);
    assert!(mailboxes::purge_expired(&store, late, 1_000).await.unwrap());
    let mut snapshot = store.read().await.unwrap();
    assert!(mailboxes::find(&mut snapshot, "ann").await.unwrap().is_none());
    assert!(rights::subscriptions(&mut snapshot, bob.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn messages_go_to_mailboxes_of_the_organization_at_the_cost_of_their_owners() {
    let (store, [ann, bob, eve]) = open().await;
    delivered(&store, &ann).await;
    let mut tx = store.write().await.unwrap();
    let (one, other) = (inbox(&mut tx, &ann).await.id, inbox(&mut tx, &bob).await.id);
    let copied = mailbox::copy(&mut tx, one, &UidSet::all(), other, NOW).await.unwrap();
    assert_eq!(copied.pairs.len(), 1);
    let moved = mailbox::r#move(&mut tx, one, &UidSet::all(), other, NOW).await.unwrap();
    let used = async |tx: &mut Transaction, id| mailboxes::get(tx, id).await.unwrap().used_bytes;
    let size = MESSAGE.len() as u64;
    assert_eq!((used(&mut tx, ann.id).await, used(&mut tx, bob.id).await), (0, 2 * size));
    let (from, to) = (inbox(&mut tx, &ann).await, inbox(&mut tx, &bob).await);
    assert_eq!((from.total, to.total, to.unseen), (0, 2, 0));
    let located = bodies::locate(&mut tx, store.keyring(), other, moved.pairs[0].1).await.unwrap();
    let foreign = inbox(&mut tx, &eve).await.id;
    let refused = mailbox::copy(&mut tx, other, &UidSet::all(), foreign, NOW).await;
    assert!(matches!(refused, Err(Error::NoSuchFolder)));
    mailboxes::set_quota(&mut tx, "ann", 1).await.unwrap();
    for moves in [false, true] {
        let full = match moves {
            false => mailbox::copy(&mut tx, other, &UidSet::all(), one, NOW).await,
            true => mailbox::r#move(&mut tx, other, &UidSet::all(), one, NOW).await,
        };
        assert!(matches!(full, Err(Error::QuotaExceeded { .. })));
    }
    tx.commit().await.unwrap();
    assert_eq!(located.read(&store).await.unwrap(), MESSAGE.as_bytes());
}
