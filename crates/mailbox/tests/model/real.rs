//! The mailbox in the store: operations, and all that a client could know of it at one moment.

use std::collections::{BTreeMap, BTreeSet};

use mailbox::{
    Columns, Cursor, Delivery, Destination, Error, FlagChange, Flags, FolderId, FolderName,
    Keywords, MIGRATIONS, MailboxId, Message, Modseq, UidSet, changes, folders, mailboxes,
};
use store::{Transaction, testing::TestStore};
use world::Timestamp;

use crate::{
    operation::{NAMES, Operation, Ranges, WORDS},
    plain::{Outcome, Plain, PlainFolder, PlainMessage, QUOTA_BYTES},
};

const NOW: Timestamp = Timestamp::from_seconds(1_770_000_000);

pub struct Real {
    store: TestStore,
    mailbox: MailboxId,
}

/// All that there is to know.
pub struct State {
    pub folders: BTreeMap<String, RealFolder>,
    pub used_bytes: u64,
    modseq: Modseq,
}

pub struct RealFolder {
    folder: mailbox::Folder,
    messages: BTreeMap<u32, Message>,
}

impl Real {
    pub async fn open() -> Self {
        let store = store::testing::open(&[MIGRATIONS]).await;
        let mut tx = store.write().await.unwrap();
        let mailbox = mailboxes::provision(&mut tx, "u", "m", QUOTA_BYTES, NOW).await.unwrap();
        tx.commit().await.unwrap();
        Self { store, mailbox: mailbox.id }
    }

    pub async fn apply(&mut self, operation: &Operation) -> Outcome {
        let (operation, dropped) = match operation {
            Operation::Dropped(operation) => (&**operation, true),
            operation => (operation, false),
        };
        if let Operation::CollectGarbage = operation {
            mailbox::collect_garbage(&self.store, 3).await.unwrap();
            return Ok(Vec::new());
        }
        let prepared = self.prepare(operation).await;
        let mut tx = self.store.write().await.unwrap();
        let outcome = self.change(&mut tx, operation, prepared.as_ref()).await;
        // A refusal leaves the transaction as it was: it may be committed.
        if !dropped {
            tx.commit().await.unwrap();
        }
        outcome.map_err(|error| tag(&error))
    }

    async fn prepare(&self, operation: &Operation) -> Option<mailbox::Prepared> {
        let Operation::Deliver { size, .. } = operation else { return None };
        Some(mailbox::prepare(&self.store, "m", vec![b'x'; *size]).await.unwrap())
    }

    async fn change(
        &self,
        tx: &mut Transaction,
        operation: &Operation,
        prepared: Option<&mailbox::Prepared>,
    ) -> Result<Vec<u32>, Error> {
        let mailbox = self.mailbox;
        match operation {
            Operation::Deliver { folder, flags, twice, .. } => {
                return self.deliver(tx, *folder, *flags, *twice, prepared.unwrap()).await;
            }
            Operation::Flag { folder, uids, action, flags, words, back } => {
                let words = words.iter().map(|index| WORDS[*index]);
                let keywords = Keywords::new(words).unwrap();
                let change = FlagChange { action: *action, flags: *flags, keywords };
                return self.flag(tx, *folder, &set(uids), &change, *back).await;
            }
            Operation::Copy { from, uids, to } => {
                let (to, from) = (self.find(tx, *to).await?, self.find(tx, *from).await?);
                let done = mailbox::copy(tx, from, &set(uids), to, NOW).await?;
                return Ok(done.pairs.iter().map(|(_, new)| new.0).collect());
            }
            Operation::Move { from, uids, to } => {
                let (to, from) = (self.find(tx, *to).await?, self.find(tx, *from).await?);
                let done = mailbox::r#move(tx, from, &set(uids), to, NOW).await?;
                return Ok(done.pairs.iter().map(|(_, new)| new.0).collect());
            }
            Operation::Expunge { folder, uids } => {
                let folder = self.find(tx, *folder).await?;
                return Ok(numbers(&mailbox::expunge(tx, folder, &set(uids)).await?.uids));
            }
            Operation::Remove { folder, uids } => {
                let folder = self.find(tx, *folder).await?;
                return Ok(numbers(&mailbox::remove(tx, folder, &set(uids)).await?.uids));
            }
            Operation::Create { folder } => {
                folders::create(tx, mailbox, &name(*folder), NOW).await.map(drop)?;
            }
            Operation::Rename { from, to } => {
                folders::rename(tx, mailbox, &name(*from), &name(*to), NOW).await?;
            }
            Operation::Delete { folder } => folders::delete(tx, mailbox, &name(*folder)).await?,
            Operation::Subscribe { folder, on } => {
                folders::subscribe(tx, mailbox, &name(*folder), *on).await?;
            }
            Operation::Quota { bytes } => mailboxes::set_quota(tx, "u", *bytes).await?,
            Operation::OutAndBack => {
                mailboxes::deprovision(tx, "u", NOW).await?;
                assert!(folders::list(tx, mailbox).await?.is_empty());
                mailboxes::restore(tx, "u", NOW).await?;
            }
            Operation::CollectGarbage | Operation::Dropped(_) => unreachable!(),
        }
        Ok(Vec::new())
    }

    async fn find(&self, tx: &mut Transaction, index: usize) -> Result<FolderId, Error> {
        Ok(folders::find(tx, self.mailbox, &name(index)).await?.id)
    }

    async fn deliver(
        &self,
        tx: &mut Transaction,
        folder: usize,
        flags: Flags,
        twice: bool,
        prepared: &mailbox::Prepared,
    ) -> Result<Vec<u32>, Error> {
        let keywords = Keywords::new([WORDS[0]]).unwrap();
        let delivery = Delivery {
            mailbox: self.mailbox,
            destination: Destination::Folder(self.find(tx, folder).await?),
            flags,
            keywords: &keywords,
            received_at: NOW,
            now: NOW,
        };
        let body = mailbox::insert_body(tx, prepared).await?;
        let deliveries = if twice { vec![delivery; 2] } else { vec![delivery] };
        let outcomes = mailbox::deliver_all(tx, &body, &deliveries).await?;
        outcomes.into_iter().map(|outcome| Ok(outcome?.uid.0)).collect()
    }

    /// With `back`, whatever changed in the last so many changes is left alone, and then changed after all.
    async fn flag(
        &self,
        tx: &mut Transaction,
        folder: usize,
        uids: &UidSet,
        change: &FlagChange,
        back: Option<u8>,
    ) -> Result<Vec<u32>, Error> {
        let folder = self.find(tx, folder).await?;
        let mut done = BTreeSet::new();
        if let Some(back) = back {
            let since = Modseq(folders::get(tx, folder).await?.highest_modseq.0 - i64::from(back));
            let before = Cursor::new(folder, uids.clone(), Columns::Row).all(tx).await?;
            let first = mailbox::change_flags(tx, folder, uids, change, Some(since)).await?;
            let late = before.iter().filter(|message| message.modseq > since);
            assert_eq!(first.failed, late.map(|message| message.uid).collect::<Vec<_>>());
            done.extend(first.messages.iter().map(|message| message.uid.0));
        }
        let all = mailbox::change_flags(tx, folder, uids, change, None).await?;
        assert!(all.failed.is_empty());
        done.extend(all.messages.iter().map(|message| message.uid.0));
        Ok(done.into_iter().collect())
    }

    pub async fn know(&self) -> State {
        let mut snapshot = self.store.read().await.unwrap();
        let mailbox = mailboxes::get(&mut snapshot, self.mailbox).await.unwrap();
        let mut known = BTreeMap::new();
        for folder in folders::list(&mut snapshot, self.mailbox).await.unwrap() {
            let opened = mailbox::open(&mut snapshot, folder.id).await.unwrap();
            let messages = Cursor::new(folder.id, UidSet::all(), Columns::Summary);
            let messages = messages.all(&mut snapshot).await.unwrap();
            let entry = |message: &Message| (message.uid, message.flags, message.modseq);
            let entries: Vec<_> =
                opened.entries.iter().map(|e| (e.uid, e.flags, e.modseq)).collect();
            assert_eq!(entries, messages.iter().map(entry).collect::<Vec<_>>());
            let messages = messages.into_iter().map(|message| (message.uid.0, message)).collect();
            known.insert(folder.name.to_string(), RealFolder { folder, messages });
        }
        State { folders: known, used_bytes: mailbox.used_bytes, modseq: mailbox.modseq }
    }

    /// Brings an earlier state up to date by the changes since, and finds the present state.
    pub async fn assert_caught_up(&self, earlier: &State) {
        let mut snapshot = self.store.read().await.unwrap();
        let told =
            changes::folders_since(&mut snapshot, self.mailbox, earlier.modseq).await.unwrap();
        let mut held: BTreeMap<FolderId, &RealFolder> =
            earlier.folders.values().map(|folder| (folder.folder.id, folder)).collect();
        for deleted in &told.deleted {
            // What was in it and did not move elsewhere is told as gone.
            let gone = changes::vanished(&mut snapshot, *deleted, earlier.modseq).await.unwrap();
            let gone: BTreeSet<_> = gone.iter().map(|gone| gone.uid.0).collect();
            let held = held.remove(deleted);
            assert!(held.is_none_or(|held| held.messages.keys().all(|uid| gone.contains(uid))));
        }
        let now = folders::list(&mut snapshot, self.mailbox).await.unwrap();
        let changed: BTreeSet<_> = told.changed.iter().map(|folder| folder.id).collect();
        for folder in now {
            let before = held.remove(&folder.id);
            if !changed.contains(&folder.id) {
                assert_eq!(before.unwrap().folder, folder, "a change was not told");
            }
            let mut messages = before.map(|folder| folder.messages.clone()).unwrap_or_default();
            let since = before.map_or(Modseq(0), |folder| folder.folder.highest_modseq);
            let told = changes::since(&mut snapshot, folder.id, since).await.unwrap();
            assert!(told.complete && told.until == folder.highest_modseq);
            told.vanished.iter().for_each(|gone| drop(messages.remove(&gone.uid.0)));
            messages.extend(told.changed.into_iter().map(|message| (message.uid.0, message)));
            messages.values_mut().for_each(|message| message.summary = None);
            let present = Cursor::new(folder.id, UidSet::all(), Columns::Row);
            let present = present.all(&mut snapshot).await.unwrap();
            assert_eq!(messages.into_values().collect::<Vec<_>>(), present);
        }
        assert!(held.is_empty(), "a folder went and was not told");
    }

    /// Only bodies that messages name are left, and each can be read.
    pub async fn assert_garbage_is_collected(&self, plain: &Plain) {
        mailbox::collect_garbage(&self.store, 1000).await.unwrap();
        let mut snapshot = self.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) FROM bodies b \
                   WHERE EXISTS (SELECT 1 FROM messages m WHERE m.body_id = b.id)";
        let named: Option<i64> = snapshot.row(sql, &[], |row| row.get(0)).await.unwrap();
        assert_eq!(named, Some(plain.bodies().len() as i64));
        let sql = "SELECT COUNT(*) FROM loose_bodies";
        assert_eq!(snapshot.row(sql, &[], |row| row.get::<i64>(0)).await.unwrap(), Some(0));
        for folder in self.know().await.folders.values() {
            for message in folder.messages.values() {
                let keyring = self.store.keyring();
                let located =
                    mailbox::locate(&mut snapshot, keyring, folder.folder.id, message.uid).await;
                let bytes = located.unwrap().read(&self.store).await.unwrap();
                assert_eq!(bytes.len() as u64, message.size_bytes);
            }
        }
    }
}

impl State {
    /// The mailbox's sequence never falls, and no UID validity or UID is given twice.
    pub fn assert_later_than(&self, earlier: &Self) {
        assert!(self.modseq >= earlier.modseq);
        let by_id = |state: &Self| -> BTreeMap<FolderId, mailbox::Folder> {
            state.folders.values().map(|known| (known.folder.id, known.folder.clone())).collect()
        };
        let (before, now) = (by_id(earlier), by_id(self));
        let newest = before.values().map(|folder| folder.uid_validity).max().unwrap_or(0);
        for (id, folder) in &now {
            match before.get(id) {
                Some(before) => {
                    assert_eq!(before.uid_validity, folder.uid_validity);
                    assert!(before.uid_next <= folder.uid_next);
                    let same = before == folder;
                    assert!(same || self.modseq > earlier.modseq, "changed without a new sequence");
                }
                None => assert!(folder.uid_validity > newest),
            }
        }
    }
}

impl RealFolder {
    pub fn compare(&self, plain: &PlainFolder) -> Result<(), String> {
        let messages: BTreeMap<u32, &PlainMessage> =
            plain.messages.iter().map(|(uid, message)| (*uid, message)).collect();
        if messages.keys().ne(self.messages.keys()) {
            let real: Vec<_> = self.messages.keys().collect();
            return Err(format!("messages {:?} but really {real:?}", messages.keys()));
        }
        for (uid, message) in messages {
            compare_message(message, &self.messages[&uid])?;
        }
        let count = |marked: fn(&&PlainMessage) -> bool| {
            plain.messages.values().filter(marked).count() as u32
        };
        let counts = (
            Plain::uid_next(plain),
            count(|_| true),
            count(|message| !message.flags.contains(Flags::SEEN)),
            count(|message| message.flags.contains(Flags::DELETED)),
            plain.messages.values().map(|message| message.size as u64).sum::<u64>(),
            plain.subscribed,
        );
        let folder = &self.folder;
        let real = (
            folder.uid_next.0,
            folder.total,
            folder.unseen,
            folder.deleted,
            folder.size_bytes,
            folder.subscribed,
        );
        if counts == real { Ok(()) } else { Err(format!("counts {counts:?} but really {real:?}")) }
    }
}

fn compare_message(plain: &PlainMessage, real: &Message) -> Result<(), String> {
    let words: Vec<_> = plain.words.iter().copied().collect();
    let real_words: Vec<_> = real.keywords.iter().collect();
    let same = plain.item == real.item.0
        && plain.size as u64 == real.size_bytes
        && plain.flags == real.flags
        && words == real_words;
    if same { Ok(()) } else { Err(format!("{plain:?} but really {real:?}")) }
}

fn name(index: usize) -> FolderName {
    FolderName::parse(NAMES[index]).unwrap()
}

fn set(ranges: &Ranges) -> UidSet {
    ranges.iter().map(|(first, last)| *first..=*last).collect()
}

fn numbers(uids: &[mailbox::Uid]) -> Vec<u32> {
    uids.iter().map(|uid| uid.0).collect()
}

fn tag(error: &Error) -> &'static str {
    match error {
        Error::NoSuchFolder => "no folder",
        Error::QuotaExceeded { .. } => "quota",
        Error::FolderExists(_) => "folder exists",
        Error::DefaultFolder(_) => "default folder",
        Error::InsideItself(_) => "inside itself",
        other => panic!("unexpected: {other}"),
    }
}
