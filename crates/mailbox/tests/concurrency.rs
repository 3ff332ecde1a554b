//! Many writers at once: no reader that follows the changes misses one, on either engine.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mailbox::{
    Delivery, Destination, Error, FlagAction, FlagChange, Flags, FolderId, Keywords, MIGRATIONS,
    MailboxId, Modseq, Prepared, Role, Uid, UidSet, changes, folders, mailboxes,
};
use store::{Store, Transaction};
use world::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_770_000_000);
const WRITERS: usize = 6;
const ROUNDS: usize = 12;
/// Writers of one mailbox collide on PostgreSQL; each collision means that another got through.
const TRIES: usize = WRITERS * ROUNDS * 4;

/// One transaction of a writer.
enum Step<'a> {
    Deliver(&'a Prepared),
    See(Uid),
    Remove(Uid),
}

struct Writer {
    store: Arc<Store>,
    mailbox: MailboxId,
    inbox: FolderId,
}

impl Writer {
    async fn write(self, number: usize) {
        let message = format!("Subject: {number}\r\n\r\n");
        let prepared = mailbox::prepare(&self.store, "m", message).await.unwrap();
        for round in 0..ROUNDS {
            let uid = self.run(Step::Deliver(&prepared)).await;
            self.run(Step::See(uid)).await;
            if round % 3 == 0 {
                self.run(Step::Remove(uid)).await;
            }
        }
    }

    /// Runs a whole transaction again when another was there first, as every caller does.
    async fn run(&self, step: Step<'_>) -> Uid {
        for _ in 0..TRIES {
            match self.attempt(&step).await {
                Ok(uid) => return uid,
                Err(error) if error.is_conflict() => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no way through");
    }

    async fn attempt(&self, step: &Step<'_>) -> Result<Uid, Error> {
        let mut tx = self.store.write().await?;
        let uid = match step {
            Step::Deliver(prepared) => self.deliver(&mut tx, prepared).await?,
            Step::See(uid) => {
                let (flags, keywords) = (Flags::SEEN, Keywords::none());
                let change = FlagChange { action: FlagAction::Add, flags, keywords };
                let uids = UidSet::from(*uid);
                mailbox::change_flags(&mut tx, self.inbox, &uids, &change, None).await?;
                *uid
            }
            Step::Remove(uid) => {
                mailbox::remove(&mut tx, self.inbox, &UidSet::from(*uid)).await?;
                *uid
            }
        };
        tx.commit().await?;
        Ok(uid)
    }

    async fn deliver(&self, tx: &mut Transaction, prepared: &Prepared) -> Result<Uid, Error> {
        let body = mailbox::insert_body(tx, prepared).await?;
        let delivery = Delivery {
            mailbox: self.mailbox,
            destination: Destination::Inbox,
            flags: Flags::NONE,
            keywords: &Keywords::none(),
            received_at: NOW,
            now: NOW,
        };
        Ok(mailbox::deliver(tx, &body, &delivery).await?.uid)
    }
}

/// Follows a folder by its changes alone.
struct Follower {
    modseq: Modseq,
    held: BTreeMap<Uid, Flags>,
}

impl Follower {
    async fn look(&mut self, store: &Store, folder: FolderId) {
        let mut snapshot = store.read().await.unwrap();
        let told = changes::since(&mut snapshot, folder, self.modseq).await.unwrap();
        assert!(told.until >= self.modseq);
        self.modseq = told.until;
        self.held.extend(told.changed.iter().map(|message| (message.uid, message.flags)));
        for gone in &told.vanished {
            self.held.remove(&gone.uid);
        }
        let opened = mailbox::open(&mut snapshot, folder).await.unwrap();
        let present = opened.entries.iter().map(|entry| (entry.uid, entry.flags)).collect();
        assert_eq!(self.held, present, "a change before {} was missed", told.until);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_misses_nothing() {
    let test_store = store::testing::open(&[MIGRATIONS]).await;
    let store = Arc::new((*test_store).clone());
    let mut tx = store.write().await.unwrap();
    let mailbox = mailboxes::provision(&mut tx, "u", "m", 1 << 30, NOW).await.unwrap().id;
    tx.commit().await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let inbox = folders::by_role(&mut snapshot, mailbox, Role::Inbox).await.unwrap().id;
    drop(snapshot);

    let done = Arc::new(AtomicBool::new(false));
    let follower = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            let mut follower = Follower { modseq: Modseq(0), held: BTreeMap::new() };
            while !done.load(Ordering::SeqCst) {
                follower.look(&store, inbox).await;
                tokio::task::yield_now().await;
            }
            follower.look(&store, inbox).await;
            follower.held.len()
        }
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| tokio::spawn(Writer { store: store.clone(), mailbox, inbox }.write(number)))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    assert_eq!(follower.await.unwrap(), WRITERS * ROUNDS * 2 / 3);
}
