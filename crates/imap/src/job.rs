//! What a session asks its driver to do, and what it is told of it.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    Flags, Folder, FolderId, Keywords, MailboxId, Message, Modseq, Opened, Rights, Uid, UidSet,
    search::{self, Query},
};
use world::{Secret, Timestamp};

use crate::{grammar::acl::Grant, place::Place};

/// Work that needs more than the session's own memory. A session has at most one at a time.
#[derive(Debug)]
pub enum Job {
    /// Find out who this is. Answered with [`Answer::User`] or [`Answer::Refused`].
    LoginByToken {
        /// The e-mail address, if the client says whom it means.
        login: Option<String>,
        /// The token of a provider.
        token: Secret,
    },
    /// Find out who this is. Answered with [`Answer::User`] or [`Answer::Refused`].
    Login {
        /// The e-mail address, as given.
        login: String,
        /// The password, as given.
        password: Secret,
    },
    /// Let time pass, then answer [`Answer::Done`].
    Pause(Duration),
    /// Do this for the user with this mailbox.
    Mailbox(MailboxId, Task),
}

/// What can be done with the user's mailbox and what others share of theirs. Who does it sees to it that the user
/// may: what must not be known of is [`mailbox::Error::NoSuchFolder`], what must not be done
/// [`mailbox::Error::NotPermitted`].
#[derive(Debug)]
pub enum Task {
    /// Read all folders: [`Answer::Folders`].
    Folders {
        /// Those that others share as well.
        shared: bool,
    },
    /// Read one folder: [`Answer::Folder`].
    Folder(Place),
    /// Read a folder and the UIDs in it: [`Answer::Opened`].
    Open(Place),
    /// Read what has happened in a folder after a change: [`Answer::Changes`].
    Changes(FolderId, Modseq),
    /// Make a folder: [`Answer::Done`].
    Create(Place),
    /// Delete a folder with its messages: [`Answer::Done`].
    Delete(Place),
    /// Give a folder, and all below it, another name: [`Answer::Done`].
    Rename(Place, Place),
    /// Subscribe to a folder, or no longer: [`Answer::Done`].
    Subscribe(Place, bool),
    /// Read messages in the order of their UIDs: [`Answer::Messages`].
    Messages(FolderId, UidSet, Detail),
    /// Find messages: [`Answer::Search`].
    Search(FolderId, Query),
    /// Change flags: [`Answer::Stored`].
    Store(FolderId, UidSet, Marks, Option<Modseq>),
    /// Copy messages to a folder, all or none: [`Answer::Copied`].
    Copy(FolderId, UidSet, Place),
    /// Move messages to a folder, all or none: [`Answer::Copied`].
    Move(FolderId, UidSet, Place),
    /// Put a new message into a folder: [`Answer::Appended`].
    Append(Upload),
    /// Remove those of the messages that are marked deleted: [`Answer::Done`].
    Expunge(FolderId, UidSet),
    /// Read how full the user's own mailbox is: [`Answer::Quota`].
    Quota,
    /// Change what somebody may do with a folder: [`Answer::Done`].
    Grant(Place, String, Grant),
    /// Read who may do what with a folder: [`Answer::Grants`].
    Grants(Place),
    /// Read what the user may do with a folder: [`Answer::Rights`].
    MyRights(Place),
    /// Read what somebody may do with a folder whatever is granted: [`Answer::Rights`].
    RightsAlways(Place, String),
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
    pub folder: Place,
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
    Folders(Vec<Listed>),
    /// A folder.
    Folder(Folder),
    /// A folder and what is in it, and what the user may do with it.
    Opened(Opened, Rights),
    /// Who may do what: names and rights.
    Grants(Vec<(String, Rights)>),
    /// Rights.
    Rights(Rights),
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

/// A folder in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The name that the user knows it by.
    pub name: String,
    /// The folder; one of somebody else bears no role, and `subscribed` is what the user wants.
    pub folder: Folder,
    /// Whether the user may know its counts.
    pub readable: bool,
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
