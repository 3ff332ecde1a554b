//! What a session asks its driver to do, and what it is told of it.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    Flags, Folder, FolderId, FolderName, Keywords, MailboxId, Message, Modseq, Opened, Uid, UidSet,
    search::{self, Query},
};
use world::{Secret, Timestamp};

/// Work that needs more than the session's own memory. A session has at most one at a time.
#[derive(Debug)]
pub enum Job {
    /// Find out who this is. Answered with [`Answer::User`] or [`Answer::Refused`].
    Login {
        /// The e-mail address, as given.
        login: String,
        /// The password, as given.
        password: Secret,
    },
    /// Let time pass, then answer [`Answer::Done`].
    Pause(Duration),
    /// Do this with a mailbox.
    Mailbox(MailboxId, Task),
}

/// What can be done with a mailbox.
#[derive(Debug)]
pub enum Task {
    /// Read all folders: [`Answer::Folders`], by name.
    Folders,
    /// Read one folder: [`Answer::Folder`].
    Folder(FolderName),
    /// Read a folder and the UIDs in it: [`Answer::Opened`].
    Open(FolderName),
    /// Read what has happened in a folder after a change: [`Answer::Changes`].
    Changes(FolderId, Modseq),
    /// Make a folder: [`Answer::Done`].
    Create(FolderName),
    /// Delete a folder with its messages: [`Answer::Done`].
    Delete(FolderName),
    /// Give a folder, and all below it, another name: [`Answer::Done`].
    Rename(FolderName, FolderName),
    /// Subscribe to a folder, or no longer: [`Answer::Done`].
    Subscribe(FolderName, bool),
    /// Read messages in the order of their UIDs: [`Answer::Messages`].
    Messages(FolderId, UidSet, Detail),
    /// Find messages: [`Answer::Search`].
    Search(FolderId, Query),
    /// Change flags: [`Answer::Stored`].
    Store(FolderId, UidSet, Marks, Option<Modseq>),
    /// Copy messages to a folder, all or none: [`Answer::Copied`].
    Copy(FolderId, UidSet, FolderName),
    /// Move messages to a folder, all or none: [`Answer::Copied`].
    Move(FolderId, UidSet, FolderName),
    /// Put a new message into a folder: [`Answer::Appended`].
    Append(Upload),
    /// Remove those of the messages that are marked deleted: [`Answer::Done`].
    Expunge(FolderId, UidSet),
    /// Read how full the mailbox is: [`Answer::Quota`].
    Quota,
}

/// How much of each message to read; each kind holds what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Flags, dates and size.
    Row,
    /// The summary too.
    Summary,
    /// The bytes too.
    Body,
}

/// A change of flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marks {
    /// Exactly these.
    Replace(Flags, Keywords),
    /// These as well.
    Add(Flags, Keywords),
    /// None of these.
    Remove(Flags, Keywords),
}

/// A message that a client brings.
#[derive(Debug)]
pub struct Upload {
    /// Where it shall go.
    pub folder: FolderName,
    /// Its flags.
    pub flags: Flags,
    /// Its keywords.
    pub keywords: Keywords,
    /// Its arrival, if the client tells one.
    pub received_at: Option<Timestamp>,
    /// Its bytes.
    pub message: Bytes,
}

/// What came of a [`Job`].
pub type Outcome = Result<Answer, mailbox::Error>;

/// What was found or done.
#[derive(Debug)]
pub enum Answer {
    /// It was done.
    Done,
    /// It could not be found out.
    Unavailable,
    /// The mailbox of the user who logged in; nothing if nobody may log in like this.
    User(Option<MailboxId>),
    /// The password is right, but the user may not come like this, or not from here.
    Refused,
    /// Folders.
    Folders(Vec<Folder>),
    /// A folder.
    Folder(Folder),
    /// A folder and what is in it.
    Opened(Opened),
    /// Messages that a search has found.
    Search(search::Found),
    /// What has changed.
    Changes(Changes),
    /// Messages; the reading stopped behind the UID `through`, perhaps early for the sake of memory.
    Messages {
        /// Those that exist.
        found: Vec<Fetched>,
        /// Every UID up to this one has been looked at.
        through: Uid,
    },
    /// Flags have been changed.
    Stored {
        /// The messages as they now are.
        stored: Vec<Message>,
        /// Those that were left alone since they had changed in between.
        modified: Vec<Uid>,
    },
    /// Messages have been copied or moved.
    Copied {
        /// UIDVALIDITY of the folder that has them now.
        uid_validity: u32,
        /// The UID that each had and has.
        pairs: Vec<(Uid, Uid)>,
    },
    /// A message has been put into a folder.
    Appended {
        /// UIDVALIDITY of the folder.
        uid_validity: u32,
        /// Its UID.
        uid: Uid,
    },
    /// How full the mailbox is.
    Quota {
        /// Bytes in use.
        used_bytes: u64,
        /// Bytes that may be in use.
        limit_bytes: u64,
    },
}

/// A message with what was asked for.
#[derive(Debug)]
pub struct Fetched {
    /// Flags, dates and size; from [`Detail::Summary`] on with its summary.
    pub message: Message,
    /// The bytes, for [`Detail::Body`].
    pub body: Option<Bytes>,
}

/// What has happened in a folder.
#[derive(Debug, Default)]
pub struct Changes {
    /// The newest change that this takes in.
    pub through: Modseq,
    /// Messages that are new or changed, by UID.
    pub changed: Vec<Message>,
    /// Messages that are gone.
    pub vanished: Vec<Uid>,
    /// Every UID in the folder, if the tombstones since then are no longer kept.
    pub present: Option<Vec<Uid>>,
}
