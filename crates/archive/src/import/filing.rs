//! Messages put into a mailbox, several in a transaction, and none that is there already.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use mailbox::{
    Columns, Cursor, Delivery, Destination, FolderId, FolderName, Keywords, MAX_KEYWORDS,
    MailboxId, Prepared, Summary, Uid, UidSet, deliver, folders, insert_body, locate, mailboxes,
    prepare,
};
use store::{Store, Transaction};
use world::{Timestamp, World};

use super::{
    CutShort, Report,
    item::{Found, Message, Refused},
};
use crate::Error;

/// Messages of one transaction.
const BATCH_MESSAGES: usize = 32;
/// Bytes of their bodies, past which no other is added.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Runs of one transaction that gets in the way of others.
const TRIES_MAX: usize = 20;
/// What is told of things that could not be imported; beyond it they are counted.
const REFUSED_MAX: usize = 10_000;

/// An import on its way into one mailbox.
pub(super) struct Filing<'a> {
    store: &'a Store,
    world: &'a World,
    organization: String,
    mailbox: MailboxId,
    /// Where messages go that have no folder of their own.
    default: FolderName,
    folders: HashMap<FolderName, Folder>,
    batch: Vec<Ready>,
    batch_bytes: usize,
    pub(super) report: Report,
}

/// A folder of the mailbox, with the messages that are not of this import, by their sizes.
struct Folder {
    id: FolderId,
    held: HashMap<u64, Vec<Held>>,
    /// All before this UID are of this import, or were looked at for `held`.
    known: Uid,
}

/// A message that is there, and that no message of the source has been found to be yet.
struct Held {
    uid: Uid,
    /// Read when one of the same size comes.
    hash: Option<Hash>,
}

type Hash = [u8; 32];

/// A message that is prepared for its folder.
struct Ready {
    origin: String,
    prepared: Prepared,
    hash: Hash,
    name: FolderName,
    folder: FolderId,
    message: Marks,
}

struct Marks {
    flags: mailbox::Flags,
    keywords: Keywords,
    received_at: Timestamp,
}

impl<'a> Filing<'a> {
    /// Into the mailbox of `owner`.
    ///
    /// # Errors
    /// `NoSuchMailbox` unless it is in service; what the store says.
    pub(super) async fn new(
        store: &'a Store,
        world: &'a World,
        owner: &str,
        default: FolderName,
    ) -> Result<Self, Error> {
        let mailbox = mailboxes::find(&mut store.read().await?, owner).await?;
        let mailbox = mailbox.filter(|mailbox| mailbox.is_active());
        let mailbox = mailbox.ok_or(mailbox::Error::NoSuchMailbox)?;
        Ok(Self {
            store,
            world,
            organization: mailbox.organization,
            mailbox: mailbox.id,
            default,
            folders: HashMap::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            report: Report::default(),
        })
    }

    /// Files what a source has found.
    pub(super) async fn take(&mut self, found: Found) -> Result<(), Error> {
        match found {
            Found::Refused(refused) => self.refuse(refused.origin, refused.why),
            Found::Folder(text) => {
                if let Err(error) = self.folder(&text).await? {
                    self.refuse(text, error);
                }
            }
            Found::Message(message) => self.message(message).await?,
        }
        Ok(())
    }

    /// Commits what waits for others to be committed with.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        let mut batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() || self.report.cut_short.is_some() {
            return Ok(());
        }
        let mut tries = 1;
        let filed = loop {
            match self.try_file(&batch).await {
                Ok(Tried::Filed(filed)) => break filed,
                Ok(Tried::Behind) if tries < TRIES_MAX => {
                    tries += 1;
                    batch = self.without_present(batch).await?;
                }
                Ok(Tried::Behind) => {
                    let text = "others keep putting messages into the same folder";
                    return Err(std::io::Error::other(text).into());
                }
                Err(error) if error.is_conflict() && tries < TRIES_MAX => tries += 1,
                Err(error) => return Err(error.into()),
            }
        };
        for (name, uid) in filed.last {
            if let Some(folder) = self.folders.get_mut(&name) {
                folder.known = Uid(uid.0.saturating_add(1));
            }
        }
        self.report.imported += filed.count;
        self.report.cut_short = filed.cut_short;
        filed.refused.into_iter().for_each(|refused| self.refuse(refused.origin, refused.why));
        Ok(())
    }

    async fn message(&mut self, message: Message) -> Result<(), Error> {
        let text = message.folder.clone().unwrap_or_else(|| self.default.to_string());
        let name = match self.folder(&text).await? {
            Ok(name) => name,
            Err(error) => {
                self.refuse(message.origin, format!("its folder `{text}` cannot be: {error}"));
                return Ok(());
            }
        };
        let (hash, bytes) = (hash(&message.bytes), message.bytes.len());
        if self.is_present(&name, bytes as u64, hash).await? {
            self.report.present += 1;
            return Ok(());
        }
        let Some(folder) = self.folders.get(&name).map(|folder| folder.id) else { return Ok(()) };
        let marks = self.marks(&message);
        match prepare(self.store, &self.organization, message.bytes).await {
            Ok(prepared) => {
                let (origin, message) = (message.origin, marks);
                self.batch.push(Ready { origin, prepared, hash, name, folder, message });
            }
            Err(error @ mailbox::Error::MessageTooLarge(_)) => {
                self.refuse(message.origin, error);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        self.batch_bytes += bytes;
        if self.batch.len() >= BATCH_MESSAGES || self.batch_bytes >= BATCH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// The folder of that path, made if it is not there; or why there can be none.
    async fn folder(&mut self, text: &str) -> Result<Result<FolderName, mailbox::Error>, Error> {
        let name = match FolderName::parse(text) {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        if self.folders.contains_key(&name) {
            return Ok(Ok(name));
        }
        let mut tries = 1;
        let id = loop {
            match self.find_or_make(&name).await {
                Err(error) if error.is_conflict() && tries < TRIES_MAX => tries += 1,
                Err(error @ mailbox::Error::TooManyFolders) => return Ok(Err(error)),
                found => break found?,
            }
        };
        let mut folder = Folder { id, held: HashMap::new(), known: Uid(1) };
        folder.look(self.store).await?;
        self.folders.insert(name.clone(), folder);
        Ok(Ok(name))
    }

    async fn find_or_make(&self, name: &FolderName) -> Result<FolderId, mailbox::Error> {
        match folders::find(&mut self.store.read().await?, self.mailbox, name).await {
            Err(mailbox::Error::NoSuchFolder) => {}
            found => return found.map(|folder| folder.id),
        }
        let mut tx = self.store.write().await?;
        let made = match folders::create(&mut tx, self.mailbox, name, self.world.now()).await {
            // Somebody was faster.
            Err(mailbox::Error::FolderExists(_)) => {
                return folders::find(&mut tx, self.mailbox, name).await.map(|folder| folder.id);
            }
            made => made?,
        };
        tx.commit().await?;
        Ok(made.id)
    }

    /// Whether the folder has the message from elsewhere; each of those counts for one of the source.
    async fn is_present(
        &mut self,
        name: &FolderName,
        size_bytes: u64,
        wanted: Hash,
    ) -> Result<bool, Error> {
        let Some(folder) = self.folders.get_mut(name) else { return Ok(false) };
        let Some(same) = folder.held.get_mut(&size_bytes) else { return Ok(false) };
        for at in 0..same.len() {
            let held = &mut same[at];
            if held.hash.is_none() {
                held.hash = read_hash(self.store, folder.id, held.uid).await?;
            }
            if held.hash == Some(wanted) {
                same.swap_remove(at);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is left of a batch once it is known what others, perhaps a second import, have put beside it.
    async fn without_present(&mut self, batch: Vec<Ready>) -> Result<Vec<Ready>, Error> {
        let mut left = Vec::with_capacity(batch.len());
        for ready in batch {
            if let Some(folder) = self.folders.get_mut(&ready.name) {
                folder.look(self.store).await?;
            }
            if self.is_present(&ready.name, ready.prepared.size_bytes(), ready.hash).await? {
                self.report.present += 1;
            } else {
                left.push(ready);
            }
        }
        Ok(left)
    }

    /// Flags, keywords as far as they can be, and the best that is known of when it came in.
    fn marks(&self, message: &Message) -> Marks {
        let mut keywords = Keywords::none();
        for word in message.keywords.iter().take(MAX_KEYWORDS) {
            let one = Keywords::new([word.as_str()]);
            if let Ok(more) = one.and_then(|one| keywords.with(&one)) {
                keywords = more;
            }
        }
        let sent = || Summary::of(&message.bytes).envelope.sent;
        let received_at = message
            .received_at
            .or_else(|| sent().map(|sent| Timestamp::from_seconds(sent.seconds)))
            .unwrap_or_else(|| self.world.now());
        Marks { flags: message.flags, keywords, received_at }
    }

    /// Files a batch, unless a folder holds what was not looked at.
    async fn try_file(&self, batch: &[Ready]) -> Result<Tried, mailbox::Error> {
        let mut tx = self.store.write().await?;
        if self.is_behind(&mut tx, batch).await? {
            return Ok(Tried::Behind);
        }
        let mut filed = Filed::default();
        for ready in batch {
            match self.file(&mut tx, ready).await {
                Ok(uid) => {
                    filed.count += 1;
                    filed.last.insert(ready.name.clone(), uid);
                }
                Err(mailbox::Error::QuotaExceeded { quota_bytes, .. }) => {
                    filed.cut_short = Some(CutShort::Full { quota_bytes });
                    break;
                }
                Err(mailbox::Error::NoSuchMailbox) => {
                    filed.cut_short = Some(CutShort::Gone);
                    break;
                }
                Err(error @ (mailbox::Error::NoSuchFolder | mailbox::Error::FolderFull)) => {
                    let (origin, why) = (ready.origin.clone(), error.to_string());
                    filed.refused.push(Refused { origin, why });
                }
                Err(error) => return Err(error),
            }
        }
        tx.commit().await?;
        Ok(Tried::Filed(filed))
    }

    async fn is_behind(
        &self,
        tx: &mut Transaction,
        batch: &[Ready],
    ) -> Result<bool, mailbox::Error> {
        let names: HashSet<&FolderName> = batch.iter().map(|ready| &ready.name).collect();
        for folder in names.into_iter().filter_map(|name| self.folders.get(name)) {
            match folders::get(tx, folder.id).await {
                Ok(now) if now.uid_next > folder.known => return Ok(true),
                // Its messages are refused one by one.
                Ok(_) | Err(mailbox::Error::NoSuchFolder) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn file(&self, tx: &mut Transaction, ready: &Ready) -> Result<Uid, mailbox::Error> {
        let mailbox = mailboxes::get(tx, self.mailbox).await?;
        // Refused before the body has a row: one that no message names would stay for ever.
        folders::get(tx, ready.folder).await?;
        let needed_bytes = ready.prepared.size_bytes();
        let (used_bytes, quota_bytes) = (mailbox.used_bytes, mailbox.quota_bytes);
        if used_bytes + needed_bytes > quota_bytes {
            return Err(mailbox::Error::QuotaExceeded { used_bytes, quota_bytes, needed_bytes });
        }
        let body = insert_body(tx, &ready.prepared).await?;
        let delivery = Delivery {
            mailbox: self.mailbox,
            destination: Destination::Folder(ready.folder),
            flags: ready.message.flags,
            keywords: &ready.message.keywords,
            received_at: ready.message.received_at,
            now: self.world.now(),
        };
        deliver(tx, &body, &delivery).await.map(|appended| appended.uid)
    }

    fn refuse(&mut self, origin: String, why: impl ToString) {
        self.report.refused_count += 1;
        if self.report.refused.len() < REFUSED_MAX {
            self.report.refused.push(Refused { origin, why: why.to_string() });
        }
    }
}

impl Folder {
    /// Looks at what others have put into it since the last look.
    async fn look(&mut self, store: &Store) -> Result<(), Error> {
        let next = match folders::get(&mut store.read().await?, self.id).await {
            Ok(folder) => folder.uid_next,
            Err(mailbox::Error::NoSuchFolder) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let new = UidSet::from_iter([self.known.0..=next.0.saturating_sub(1)]);
        let mut cursor = Cursor::new(self.id, new, Columns::Row);
        while let Some(batch) = cursor.next(&mut store.read().await?).await? {
            for message in batch {
                let same = self.held.entry(message.size_bytes).or_default();
                same.push(Held { uid: message.uid, hash: None });
            }
        }
        self.known = next;
        Ok(())
    }
}

/// What became of a transaction.
enum Tried {
    Filed(Filed),
    /// A folder holds what was not looked at; nothing was done.
    Behind,
}

/// What a transaction did.
#[derive(Default)]
struct Filed {
    count: u64,
    /// The last UID that it gave out in a folder.
    last: HashMap<FolderName, Uid>,
    refused: Vec<Refused>,
    cut_short: Option<CutShort>,
}

fn hash(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The hash of a message that is there; nothing if it went meanwhile or cannot be read.
async fn read_hash(store: &Store, folder: FolderId, uid: Uid) -> Result<Option<Hash>, Error> {
    let mut snapshot = store.read().await?;
    let located = match locate(&mut snapshot, store.keyring(), folder, uid).await {
        Ok(located) => located,
        Err(mailbox::Error::NoSuchMessage) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    drop(snapshot);
    match located.read(store).await {
        Ok(bytes) => Ok(Some(hash(&bytes))),
        Err(error) => {
            tracing::warn!(%error, %uid, "a message of the mailbox cannot be read");
            Ok(None)
        }
    }
}
