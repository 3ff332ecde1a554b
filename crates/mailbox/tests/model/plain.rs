//! A mailbox in memory, written for being right and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use mailbox::{FlagAction, Flags};

use crate::{
    operation::{NAMES, Operation, Ranges, WORDS},
    real::State,
};

/// What an operation gave, as far as the model can tell: a refusal, or UIDs.
pub type Outcome = Result<Vec<u32>, &'static str>;

pub const QUOTA_BYTES: u64 = 4000;
const DEFAULTS: [&str; 5] = ["INBOX", "Drafts", "Sent Items", "Deleted Items", "Junk E-mail"];

#[derive(Clone, Debug)]
pub struct Plain {
    pub folders: BTreeMap<String, PlainFolder>,
    quota_bytes: u64,
    item_last: i64,
    body_last: usize,
}

#[derive(Clone, Debug, Default)]
pub struct PlainFolder {
    pub subscribed: bool,
    uid_last: u32,
    pub messages: BTreeMap<u32, PlainMessage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainMessage {
    pub item: i64,
    pub body: usize,
    pub size: usize,
    pub flags: Flags,
    pub words: BTreeSet<&'static str>,
}

impl PlainFolder {
    fn add(&mut self, message: PlainMessage) -> u32 {
        self.uid_last += 1;
        self.messages.insert(self.uid_last, message);
        self.uid_last
    }

    fn picked(&self, uids: &Ranges) -> Vec<u32> {
        let inside = |uid: &u32| uids.iter().any(|(first, last)| (first..=last).contains(&uid));
        self.messages.keys().copied().filter(inside).collect()
    }
}

impl Plain {
    pub fn new() -> Self {
        let default = |name: &str| {
            (name.to_owned(), PlainFolder { subscribed: true, ..PlainFolder::default() })
        };
        let folders = DEFAULTS.into_iter().map(default).collect();
        Self { folders, quota_bytes: QUOTA_BYTES, item_last: 0, body_last: 0 }
    }

    /// The bodies that messages name.
    pub fn bodies(&self) -> BTreeSet<usize> {
        self.messages().map(|message| message.body).collect()
    }

    fn messages(&self) -> impl Iterator<Item = &PlainMessage> {
        self.folders.values().flat_map(|folder| folder.messages.values())
    }

    fn used_bytes(&self) -> u64 {
        self.messages().map(|message| message.size as u64).sum()
    }

    fn folder(&mut self, index: usize) -> Result<&mut PlainFolder, &'static str> {
        self.folders.get_mut(NAMES[index]).ok_or("no folder")
    }

    fn check_quota(&self, more: usize) -> Result<(), &'static str> {
        let fits = more == 0 || self.used_bytes() + more as u64 <= self.quota_bytes;
        if fits { Ok(()) } else { Err("quota") }
    }

    pub fn apply(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Deliver { folder, size, flags, twice } => {
                self.deliver(*folder, *size, *flags, *twice)
            }
            Operation::Flag { folder, uids, action, flags, words, .. } => {
                self.flag(*folder, uids, *action, *flags, words)
            }
            Operation::Copy { from, uids, to } => self.copy(*from, uids, *to),
            Operation::Move { from, uids, to } => self.r#move(*from, uids, *to),
            Operation::Expunge { folder, uids } => self.remove(*folder, uids, Flags::DELETED),
            Operation::Remove { folder, uids } => self.remove(*folder, uids, Flags::NONE),
            Operation::Create { folder } => self.create(NAMES[*folder]).map(|()| Vec::new()),
            Operation::Rename { from, to } => self.rename(*from, NAMES[*to]),
            Operation::Delete { folder } => self.delete(NAMES[*folder]),
            Operation::Subscribe { folder, on } => {
                self.folder(*folder)?.subscribed = *on;
                Ok(Vec::new())
            }
            Operation::Quota { bytes } => {
                self.quota_bytes = *bytes;
                Ok(Vec::new())
            }
            Operation::OutAndBack | Operation::CollectGarbage => Ok(Vec::new()),
            Operation::Dropped(operation) => self.apply(operation),
        }
    }

    fn deliver(&mut self, folder: usize, size: usize, flags: Flags, twice: bool) -> Outcome {
        self.body_last += 1;
        let body = self.body_last;
        let mut uids = Vec::new();
        for _ in 0..=usize::from(twice) {
            self.folder(folder)?;
            self.check_quota(size)?;
            self.item_last += 1;
            let words = BTreeSet::from([WORDS[0]]);
            let message = PlainMessage { item: self.item_last, body, size, flags, words };
            uids.push(self.folder(folder)?.add(message));
        }
        Ok(uids)
    }

    fn flag(
        &mut self,
        folder: usize,
        uids: &Ranges,
        action: FlagAction,
        flags: Flags,
        words: &[usize],
    ) -> Outcome {
        let words: BTreeSet<_> = words.iter().map(|index| WORDS[*index]).collect();
        let folder = self.folder(folder)?;
        let picked = folder.picked(uids);
        for uid in &picked {
            let message = folder.messages.get_mut(uid).unwrap();
            match action {
                FlagAction::Add => {
                    message.flags |= flags;
                    message.words.extend(&words);
                }
                FlagAction::Remove => {
                    message.flags = message.flags.without(flags);
                    message.words.retain(|word| !words.contains(word));
                }
                FlagAction::Replace => {
                    message.flags = flags;
                    message.words.clone_from(&words);
                }
                FlagAction::ReplaceAmong { flags: among, keywords } => {
                    let bits = |flags: Flags| flags.bits();
                    let mixed = (bits(message.flags) & !bits(among)) | (bits(flags) & bits(among));
                    message.flags = Flags::from_bits(mixed);
                    if keywords {
                        message.words.clone_from(&words);
                    }
                }
            }
        }
        Ok(picked)
    }

    fn copy(&mut self, from: usize, uids: &Ranges, to: usize) -> Outcome {
        self.folder(to)?;
        let from = self.folder(from)?;
        let copied: Vec<_> =
            from.picked(uids).iter().map(|uid| from.messages[uid].clone()).collect();
        self.check_quota(copied.iter().map(|message| message.size).sum())?;
        let mut uids = Vec::new();
        for mut message in copied {
            self.item_last += 1;
            message.item = self.item_last;
            uids.push(self.folder(to)?.add(message));
        }
        Ok(uids)
    }

    fn r#move(&mut self, from: usize, uids: &Ranges, to: usize) -> Outcome {
        self.folder(to)?;
        let from = self.folder(from)?;
        let picked = from.picked(uids);
        let moved: Vec<_> = picked.iter().map(|uid| from.messages.remove(uid).unwrap()).collect();
        let to = self.folder(to)?;
        Ok(moved.into_iter().map(|message| to.add(message)).collect())
    }

    fn remove(&mut self, folder: usize, uids: &Ranges, marked: Flags) -> Outcome {
        let folder = self.folder(folder)?;
        let mut picked = folder.picked(uids);
        picked.retain(|uid| folder.messages[uid].flags.contains(marked));
        picked.iter().for_each(|uid| drop(folder.messages.remove(uid)));
        Ok(picked)
    }

    fn create(&mut self, name: &str) -> Result<(), &'static str> {
        if self.folders.contains_key(name) {
            return Err("folder exists");
        }
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        for end in ends {
            self.folders.entry(name[..end].to_owned()).or_default();
        }
        Ok(())
    }

    fn rename(&mut self, from_index: usize, to: &str) -> Outcome {
        let from = NAMES[from_index];
        if !self.folders.contains_key(from) {
            return Err("no folder");
        }
        if from == "INBOX" {
            self.create(to)?;
            let to_index = NAMES.iter().position(|name| *name == to).unwrap();
            self.r#move(from_index, &vec![(1, u32::MAX)], to_index)?;
            return Ok(Vec::new());
        }
        if DEFAULTS.contains(&from) {
            return Err("default folder");
        }
        let below = format!("{from}/");
        if to.starts_with(&below) {
            return Err("inside itself");
        }
        let (moving, mut staying): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.folders)
                .into_iter()
                .partition(|(name, _)| name == from || name.starts_with(&below));
        let renamed: BTreeMap<_, _> = moving
            .iter()
            .map(|(name, folder)| (format!("{to}{}", &name[from.len()..]), folder.clone()))
            .collect();
        if from == to || renamed.keys().any(|name| staying.contains_key(name)) {
            staying.extend(moving);
            self.folders = staying;
            return Err("folder exists");
        }
        staying.extend(renamed);
        self.folders = staying;
        to.match_indices('/').for_each(|(end, _)| {
            self.folders.entry(to[..end].to_owned()).or_default();
        });
        Ok(Vec::new())
    }

    fn delete(&mut self, name: &str) -> Outcome {
        if !self.folders.contains_key(name) {
            return Err("no folder");
        }
        if DEFAULTS.contains(&name) {
            return Err("default folder");
        }
        self.folders.remove(name);
        Ok(Vec::new())
    }

    /// Says in what the real mailbox differs.
    pub fn compare(&self, real: &State) -> Result<(), String> {
        let names: Vec<_> = self.folders.keys().collect();
        let real_names: Vec<_> = real.folders.keys().collect();
        if names != real_names {
            return Err(format!("folders {names:?} but really {real_names:?}"));
        }
        if self.used_bytes() != real.used_bytes {
            return Err(format!("{} bytes used but really {}", self.used_bytes(), real.used_bytes));
        }
        for (name, folder) in &self.folders {
            real.folders[name].compare(folder).map_err(|what| format!("{name}: {what}"))?;
        }
        Ok(())
    }

    pub fn uid_next(folder: &PlainFolder) -> u32 {
        folder.uid_last + 1
    }
}
