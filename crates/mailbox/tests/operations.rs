//! The operations one after another, as a face would call them.
#![allow(clippy::unwrap_used)]

use mailbox::{
    Appended, Columns, Cursor, Delivery, Destination, Error, FlagAction, FlagChange, Flags, Folder,
    FolderName, Keywords, MIGRATIONS, Mailbox, Modseq, Query, Role, Uid, UidSet, bodies, changes,
    folders, mailboxes,
};
use store::{Store, testing::TestStore};
use world::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_770_000_000);
const NO_KEYWORDS: &Keywords = &Keywords::none();

async fn open() -> (TestStore, Mailbox) {
    let store = store::testing::open(&[MIGRATIONS]).await;
    let mut tx = store.write().await.unwrap();
    let mailbox = mailboxes::provision(&mut tx, "u-1", "m-1", 10_000, NOW).await.unwrap();
    tx.commit().await.unwrap();
    (store, mailbox)
}

fn name(text: &str) -> FolderName {
    FolderName::parse(text).unwrap()
}

fn to(mailbox: &Mailbox) -> Delivery<'static> {
    Delivery {
        mailbox: mailbox.id,
        destination: Destination::Inbox,
        flags: Flags::NONE,
        keywords: NO_KEYWORDS,
        received_at: NOW,
        now: NOW,
    }
}

async fn deliver(store: &Store, message: &str, delivery: Delivery<'_>) -> Result<Appended, Error> {
    let prepared = mailbox::prepare(store, "m-1", message.to_owned()).await?;
    let mut tx = store.write().await?;
    let body = mailbox::insert_body(&mut tx, &prepared).await?;
    let appended = mailbox::deliver(&mut tx, &body, &delivery).await?;
    tx.commit().await?;
    Ok(appended)
}

async fn inbox(store: &Store, mailbox: &Mailbox) -> Folder {
    folders::by_role(&mut store.read().await.unwrap(), mailbox.id, Role::Inbox).await.unwrap()
}

#[tokio::test]
async fn a_message_comes_in_and_is_read_again() {
    let (store, mailbox) = open().await;
    let message = "Subject: hello\r\n\r\nworld\r\n";
    let mut notices = store.subscribe();
    let appended = deliver(&store, message, to(&mailbox)).await.unwrap();
    assert_eq!(appended.uid, Uid(1));
    let notice = notices.recv().await.unwrap();
    assert_eq!((&*notice.topic, notice.key), (mailboxes::TOPIC, mailbox.id.to_string()));

    let mut snapshot = store.read().await.unwrap();
    let opened = mailbox::open(&mut snapshot, appended.folder).await.unwrap();
    assert_eq!((opened.folder.total, opened.folder.unseen), (1, 1));
    assert_eq!(opened.folder.uid_next, Uid(2));
    assert_eq!(opened.folder.size_bytes, message.len() as u64);
    assert_eq!(opened.entries[0].modseq, appended.modseq);
    let cursor = Cursor::new(appended.folder, UidSet::all(), Columns::Summary);
    let messages = cursor.all(&mut snapshot).await.unwrap();
    let summary = messages[0].summary.as_ref().unwrap();
    assert_eq!(summary.envelope.subject.as_deref(), Some("hello"));
    let located =
        mailbox::locate(&mut snapshot, store.keyring(), appended.folder, Uid(1)).await.unwrap();
    assert_eq!(located.read(&store).await.unwrap(), message.as_bytes());
    let used = mailboxes::get(&mut snapshot, mailbox.id).await.unwrap().used_bytes;
    assert_eq!(used, message.len() as u64);
}

#[tokio::test]
async fn quota_is_kept_and_refuses_only_the_full_mailbox() {
    let (store, small) = open().await;
    let mut tx = store.write().await.unwrap();
    mailboxes::set_quota(&mut tx, "u-1", 10).await.unwrap();
    let large = mailboxes::provision(&mut tx, "u-2", "m-1", 1000, NOW).await.unwrap();
    let foreign = mailboxes::provision(&mut tx, "u-3", "m-2", 1000, NOW).await.unwrap();
    tx.commit().await.unwrap();

    let prepared = mailbox::prepare(&store, "m-1", "Subject: x\r\n\r\n").await.unwrap();
    let mut tx = store.write().await.unwrap();
    let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
    let deliveries = [to(&small), to(&large), to(&foreign)];
    let outcomes = mailbox::deliver_all(&mut tx, &body, &deliveries).await.unwrap();
    tx.commit().await.unwrap();

    assert!(matches!(
        outcomes[0],
        Err(Error::QuotaExceeded { used_bytes: 0, quota_bytes: 10, needed_bytes: 14 })
    ));
    let there = outcomes[1].as_ref().unwrap();
    assert!(matches!(outcomes[2], Err(Error::NoSuchMailbox)));
    let mut tx = store.write().await.unwrap();
    mailboxes::set_quota(&mut tx, "u-2", 20).await.unwrap();
    let copied = mailbox::copy(&mut tx, there.folder, &UidSet::all(), there.folder, NOW).await;
    assert!(matches!(copied, Err(Error::QuotaExceeded { used_bytes: 14, .. })));
    drop(tx);
    let mut snapshot = store.read().await.unwrap();
    assert_eq!(mailboxes::get(&mut snapshot, small.id).await.unwrap().modseq, small.modseq);
}

#[tokio::test]
async fn a_message_may_fill_the_mailbox_to_the_last_byte() {
    let (store, mailbox) = open().await;
    let set_quota = async |quota_bytes| {
        let mut tx = store.write().await.unwrap();
        mailboxes::set_quota(&mut tx, "u-1", quota_bytes).await.unwrap();
        tx.commit().await.unwrap();
    };
    set_quota(13).await;
    let refused = deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await;
    assert!(matches!(refused, Err(Error::QuotaExceeded { .. })));
    set_quota(14).await;
    deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    assert!(deliver(&store, "x", to(&mailbox)).await.is_err());
    deliver(&store, "", to(&mailbox)).await.unwrap();
}

/// A folder with messages 1 to `count`, all of one body.
async fn filled(store: &Store, mailbox: &Mailbox, count: usize) -> Folder {
    let prepared = mailbox::prepare(store, "m-1", "x").await.unwrap();
    let mut tx = store.write().await.unwrap();
    let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
    let outcomes = mailbox::deliver_all(&mut tx, &body, &vec![to(mailbox); count]).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    tx.commit().await.unwrap();
    inbox(store, mailbox).await
}

#[tokio::test]
async fn a_cursor_reads_what_is_chosen_in_bounded_batches() {
    let (store, mailbox) = open().await;
    let folder = filled(&store, &mailbox, 700).await;
    let step = |start: u32, step| (start..=700).step_by(step).map(Uid).collect::<UidSet>();
    let ranges = |ranges: &[(u32, u32)]| ranges.iter().map(|(a, b)| *a..=*b).collect::<UidSet>();
    let sets = [
        UidSet::all(),
        UidSet::none(),
        step(1, 2),
        step(20, 20),
        step(3, 40),
        ranges(&[(256, 257), (300, 512), (600, 900)]),
        ranges(&[(1, 1), (289, 289), (700, u32::MAX)]),
    ];
    for (number, set) in sets.into_iter().enumerate() {
        let mut cursor = Cursor::new(folder.id, set.clone(), Columns::Row);
        let mut found = Vec::new();
        while let Some(batch) = cursor.next(&mut store.read().await.unwrap()).await.unwrap() {
            assert!((1..=mailbox::BATCH_ROWS).contains(&batch.len()));
            found.extend(batch.iter().map(|message| message.uid));
        }
        let expected: Vec<_> = (1..=700).map(Uid).filter(|uid| set.contains(*uid)).collect();
        assert_eq!(found, expected, "set {number}");
    }
}

#[tokio::test]
async fn a_change_of_flags_leaves_those_between_alone() {
    let (store, mailbox) = open().await;
    let folder = filled(&store, &mailbox, 6).await;
    let chosen: UidSet = [Uid(1), Uid(2), Uid(4), Uid(6)].into_iter().collect();
    let (action, flags, keywords) = (FlagAction::Add, Flags::SEEN, Keywords::none());
    let change = FlagChange { action, flags, keywords };
    let mut tx = store.write().await.unwrap();
    mailbox::change_flags(&mut tx, folder.id, &chosen, &change, None).await.unwrap();
    let opened = mailbox::open(&mut tx, folder.id).await.unwrap();
    let seen = opened.entries.iter().filter(|entry| entry.flags.contains(Flags::SEEN));
    assert_eq!(seen.map(|entry| entry.uid.0).collect::<Vec<_>>(), [1, 2, 4, 6]);
}

#[tokio::test]
async fn default_folders_bear_their_roles_and_stay() {
    let (store, mailbox) = open().await;
    let mut tx = store.write().await.unwrap();
    let listed = folders::list(&mut tx, mailbox.id).await.unwrap();
    let names: Vec<_> = listed.iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(names, ["Deleted Items", "Drafts", "INBOX", "Junk E-mail", "Sent Items"]);
    assert!(listed.iter().all(|folder| folder.role.is_some() && folder.subscribed));
    for folder in &listed {
        let refused = folders::delete(&mut tx, mailbox.id, &folder.name).await;
        assert!(matches!(refused, Err(Error::DefaultFolder(_))));
    }
    let refused = folders::rename(&mut tx, mailbox.id, &name("Drafts"), &name("x"), NOW).await;
    assert!(matches!(refused, Err(Error::DefaultFolder(_))));
}

#[tokio::test]
async fn a_deleted_folder_comes_back_as_another() {
    let (store, mailbox) = open().await;
    let mut tx = store.write().await.unwrap();
    let first = folders::create(&mut tx, mailbox.id, &name("a/b"), NOW).await.unwrap();
    let parent = folders::find(&mut tx, mailbox.id, &name("a")).await.unwrap();
    assert_ne!(parent.uid_validity, first.uid_validity);
    folders::delete(&mut tx, mailbox.id, &name("a/b")).await.unwrap();
    let second = folders::create(&mut tx, mailbox.id, &name("a/b"), NOW).await.unwrap();
    assert!(second.uid_validity > first.uid_validity);
    assert!(matches!(
        folders::create(&mut tx, mailbox.id, &name("a"), NOW).await,
        Err(Error::FolderExists(_))
    ));
    let told = changes::folders_since(&mut tx, mailbox.id, first.modseq).await.unwrap();
    assert_eq!(told.deleted, [first.id]);
    assert_eq!(told.changed.iter().map(|folder| folder.id).collect::<Vec<_>>(), [second.id]);
}

#[tokio::test]
async fn renaming_takes_what_is_below_along() {
    let (store, mailbox) = open().await;
    let mut tx = store.write().await.unwrap();
    for path in ["a/a/a/x", "a/a/x", "ab", "b/c"] {
        folders::create(&mut tx, mailbox.id, &name(path), NOW).await.unwrap();
    }
    let rename = async |tx: &mut store::Transaction, from: &str, to: &str| {
        folders::rename(tx, mailbox.id, &name(from), &name(to), NOW).await
    };
    assert!(matches!(rename(&mut tx, "a", "a/z").await, Err(Error::InsideItself(_))));
    assert!(matches!(rename(&mut tx, "a", "a").await, Err(Error::FolderExists(_))));
    assert!(matches!(rename(&mut tx, "a", "b").await, Err(Error::FolderExists(_))));
    assert!(matches!(rename(&mut tx, "none", "z").await, Err(Error::NoSuchFolder)));
    folders::delete(&mut tx, mailbox.id, &name("a")).await.unwrap();
    rename(&mut tx, "a/a", "a").await.unwrap();
    rename(&mut tx, "b", "new/parent/b").await.unwrap();
    let listed = folders::list(&mut tx, mailbox.id).await.unwrap();
    let names: Vec<_> =
        listed.iter().filter(|folder| folder.role.is_none()).map(|f| f.name.as_str()).collect();
    let expected =
        ["a", "a/a", "a/a/x", "a/x", "ab", "new", "new/parent", "new/parent/b", "new/parent/b/c"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn renaming_the_inbox_moves_its_messages() {
    let (store, mailbox) = open().await;
    deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    folders::rename(&mut tx, mailbox.id, &name("inbox"), &name("Old"), NOW).await.unwrap();
    assert_eq!(folders::find(&mut tx, mailbox.id, &name("INBOX")).await.unwrap().total, 0);
    assert_eq!(folders::find(&mut tx, mailbox.id, &name("Old")).await.unwrap().total, 1);
}

#[tokio::test]
async fn flags_change_only_where_nothing_changed_since() {
    let (store, mailbox) = open().await;
    for _ in 0..3 {
        deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    }
    let folder = inbox(&store, &mailbox).await;
    let change = |action, flags, words: &[&str]| FlagChange {
        action,
        flags,
        keywords: Keywords::new(words.iter().copied()).unwrap(),
    };
    let mut tx = store.write().await.unwrap();
    let add = change(FlagAction::Add, Flags::SEEN, &["$Forwarded"]);
    let two: UidSet = [Uid(2)].into_iter().collect();
    let first = mailbox::change_flags(&mut tx, folder.id, &two, &add, None).await.unwrap();
    assert_eq!(first.messages[0].modseq, first.modseq);
    let flag = change(FlagAction::Replace, Flags::FLAGGED, &[]);
    let since = Some(folder.highest_modseq);
    let second =
        mailbox::change_flags(&mut tx, folder.id, &UidSet::all(), &flag, since).await.unwrap();
    assert_eq!(second.failed, [Uid(2)]);
    let told = changes::since(&mut tx, folder.id, first.modseq).await.unwrap();
    assert_eq!(told.changed.iter().map(|m| m.uid).collect::<Vec<_>>(), [Uid(1), Uid(3)]);
    let again =
        mailbox::change_flags(&mut tx, folder.id, &UidSet::all(), &flag, since).await.unwrap();
    assert_eq!((again.failed.len(), again.messages.len()), (3, 0));
    let same = mailbox::change_flags(&mut tx, folder.id, &two, &add, None).await.unwrap();
    assert_eq!(same.messages[0].modseq, first.modseq);
    assert_eq!(folders::get(&mut tx, folder.id).await.unwrap().unseen, 2);
}

#[tokio::test]
async fn a_mailbox_can_be_restored_for_thirty_days() {
    let (store, mailbox) = open().await;
    let appended = deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    mailboxes::deprovision(&mut tx, "u-1", NOW).await.unwrap();
    assert!(matches!(folders::get(&mut tx, appended.folder).await, Err(Error::NoSuchFolder)));
    let day_29 = NOW.saturating_add(mailboxes::RETENTION / 30 * 29);
    let back = mailboxes::provision(&mut tx, "u-1", "m-1", 500, day_29).await.unwrap();
    assert_eq!((back.id, back.quota_bytes), (mailbox.id, 500));
    assert_eq!(folders::get(&mut tx, appended.folder).await.unwrap().total, 1);
    mailboxes::deprovision(&mut tx, "u-1", NOW).await.unwrap();
    let day_30 = NOW.saturating_add(mailboxes::RETENTION);
    assert!(mailboxes::restore(&mut tx, "u-1", day_30).await.is_err());
    let other = mailboxes::provision(&mut tx, "u-1", "m-1", 500, day_30).await.unwrap();
    assert_ne!(other.id, mailbox.id);
    tx.commit().await.unwrap();

    assert!(mailboxes::purge_expired(&store, day_30, 100).await.unwrap());
    let collected = mailbox::collect_garbage(&store, 100).await.unwrap();
    assert_eq!((collected.examined, collected.deleted), (1, 1));
    let mut snapshot = store.read().await.unwrap();
    let rows = snapshot.rows("SELECT owner FROM mailboxes", &[], |row| row.get::<String>(0)).await;
    assert_eq!(rows.unwrap(), ["u-1"]);
}

#[tokio::test]
async fn a_destroyed_organization_is_gone_step_by_step() {
    let (store, mailbox) = open().await;
    let appended = deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert_eq!(mailboxes::destroy_some(&mut tx, "m-2", NOW, 10).await.unwrap(), 0);
    assert_eq!(mailboxes::destroy_some(&mut tx, "m-1", NOW, 10).await.unwrap(), 1);
    assert_eq!(mailboxes::destroy_some(&mut tx, "m-1", NOW, 10).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert!(mailboxes::restore(&mut tx, "u-1", NOW).await.is_err());
    let located = bodies::locate(&mut tx, store.keyring(), appended.folder, Uid(1)).await;
    assert!(matches!(located, Err(Error::NoSuchMessage)));
    assert_eq!(mailboxes::count(&mut tx, "m-1").await.unwrap(), 1);
    while mailboxes::purge_organization(&mut tx, "m-1", NOW).await.unwrap() {}
    assert_eq!(mailboxes::count(&mut tx, "m-1").await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(mailbox::collect_garbage(&store, 10).await.unwrap().deleted, 1);
}

#[tokio::test]
async fn a_held_body_outlives_its_messages() {
    let (store, mailbox) = open().await;
    let prepared = mailbox::prepare(&store, "m-1", "Subject: x\r\n\r\n").await.unwrap();
    let mut tx = store.write().await.unwrap();
    let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
    let appended = mailbox::deliver(&mut tx, &body, &to(&mailbox)).await.unwrap();
    bodies::hold(&mut tx, body.id, "queue/1").await.unwrap();
    mailbox::remove(&mut tx, appended.folder, &UidSet::all()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(mailbox::collect_garbage(&store, 10).await.unwrap().deleted, 0);
    let located =
        bodies::locate_body(&mut store.read().await.unwrap(), store.keyring(), "m-1", body.id)
            .await;
    assert_eq!(located.unwrap().read(&store).await.unwrap(), "Subject: x\r\n\r\n");
    let mut tx = store.write().await.unwrap();
    bodies::release(&mut tx, body.id, "queue/1").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(mailbox::collect_garbage(&store, 10).await.unwrap().deleted, 1);
}

#[tokio::test]
async fn forgotten_tombstones_are_told_of() {
    let (store, mailbox) = open().await;
    for _ in 0..4 {
        deliver(&store, "Subject: x\r\n\r\n", to(&mailbox)).await.unwrap();
    }
    let folder = inbox(&store, &mailbox).await;
    let mut tx = store.write().await.unwrap();
    for uid in 1..=3 {
        mailbox::remove(&mut tx, folder.id, &Uid(uid).into()).await.unwrap();
    }
    changes::forget(&mut tx, folder.id, 1).await.unwrap();
    let told = changes::since(&mut tx, folder.id, folder.highest_modseq).await.unwrap();
    assert!(!told.complete);
    assert_eq!(told.vanished.iter().map(|gone| gone.uid).collect::<Vec<_>>(), [Uid(3)]);
    let since = Modseq(told.vanished[0].modseq.0 - 1);
    assert!(changes::since(&mut tx, folder.id, since).await.unwrap().complete);
}

#[tokio::test]
async fn search_looks_as_far_as_it_must() {
    let (store, mailbox) = open().await;
    let plain = "Date: Mon, 2 Mar 2026 23:30:00 -0800\r\nSubject: Caf=\r\nFrom: Ann <ann@x.y>\r\n\r\nnothing\r\n";
    let encoded = "Subject: =?utf-8?q?Caf=C3=A9?=\r\nX-Kind: rare\r\n\
                   Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
                   Gr=C3=BC=C3=9Fe\r\n";
    deliver(&store, plain, Delivery { flags: Flags::SEEN, ..to(&mailbox) }).await.unwrap();
    deliver(&store, encoded, to(&mailbox)).await.unwrap();
    let folder = inbox(&store, &mailbox).await;
    let header = |name: &str, text: &str| Query::Header(name.to_owned(), text.to_owned());
    let not = |query| Query::Not(Box::new(query));
    let cases = [
        (Query::All, vec![1, 2]),
        (Query::Flags(Flags::SEEN), vec![1]),
        (Query::without(Flags::SEEN), vec![2]),
        (header("Subject", "CAFÉ"), vec![2]),
        (header("subject", ""), vec![1, 2]),
        (header("From", "ann@X"), vec![1]),
        (header("x-kind", "RARE"), vec![2]),
        (header("x-kind", ""), vec![2]),
        (Query::Body("grüsse".to_owned()), vec![]),
        (Query::Body("GRÜßE".to_owned()), vec![2]),
        (Query::Text("caf".to_owned()), vec![1, 2]),
        (Query::And(vec![Query::without(Flags::SEEN), not(Query::Body("x".to_owned()))]), vec![2]),
        (Query::Or(vec![Query::Flags(Flags::SEEN), Query::Body("grüße".to_owned())]), vec![1, 2]),
        (Query::SentSince(20_514), vec![1]),
        (Query::SentSince(20_515), vec![]),
        (Query::sent_before(20_515), vec![1]),
        (Query::Uids(Uid(2).into()), vec![2]),
        (Query::smaller(0), vec![]),
        (Query::received_before(NOW), vec![]),
        (Query::ReceivedSince(NOW), vec![1, 2]),
        (Query::ChangedSince(folder.highest_modseq), vec![2]),
    ];
    for (query, expected) in cases {
        let found = mailbox::search(&store, folder.id, &query).await.unwrap();
        let uids: Vec<_> = found.uids.iter().map(|uid| uid.0).collect();
        assert_eq!(uids, expected, "{query:?}");
    }
    let deep = (0..100).fold(Query::All, |query, _| not(query));
    assert!(matches!(
        mailbox::search(&store, folder.id, &deep).await,
        Err(Error::SearchTooComplex)
    ));
}
