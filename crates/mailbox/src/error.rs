//! What can go wrong with a mailbox.

/// Why an operation on a mailbox was not done.
///
/// [`Error::Store`] may be a serialisation conflict (`store::Error::is_conflict`): the caller then runs its
/// whole transaction again. After any other variant the transaction is unharmed and unchanged by the
/// refused operation, so that the caller may go on with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such mailbox, or it has been taken out of service.
    #[error("there is no such mailbox")]
    NoSuchMailbox,
    /// There is no such folder in the mailbox.
    #[error("there is no such folder")]
    NoSuchFolder,
    /// There is no such message.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The entity already has a mailbox.
    #[error("the entity `{0}` already has a mailbox")]
    MailboxExists(String),
    /// A folder of that name exists.
    #[error("a folder with the name `{0}` already exists")]
    FolderExists(String),
    /// A text that cannot be a folder's name, and why.
    #[error("{0}")]
    InvalidName(&'static str),
    /// A folder with a role can be neither renamed nor deleted.
    #[error("the folder `{0}` is a default folder")]
    DefaultFolder(String),
    /// A folder cannot be moved below itself.
    #[error("the folder `{0}` cannot be moved below itself")]
    InsideItself(String),
    /// The mailbox has as many folders as it may have.
    #[error("the mailbox has {limit} folders, which is the limit", limit = crate::MAX_FOLDERS)]
    TooManyFolders,
    /// The folder has as many grantees as it may have.
    #[error("{limit} others have rights to the folder, which is the limit", limit = crate::rights::MAX_GRANTEES)]
    TooManyGrantees,
    /// It takes a right that was not granted. Of this room's own functions none asks for rights; their callers do.
    #[error("you do not have the right to do this")]
    NotPermitted,
    /// There is nobody of that name to be granted anything.
    #[error("there is nobody of that name")]
    NoSuchGrantee,
    /// The folder has given out its last UID.
    #[error("the folder has no UID left")]
    FolderFull,
    /// The message would not fit into the mailbox.
    #[error("{needed_bytes} more bytes do not fit: {used_bytes} of {quota_bytes} bytes are in use")]
    QuotaExceeded {
        /// What the messages of the mailbox take, in bytes.
        used_bytes: u64,
        /// What they may take, in bytes.
        quota_bytes: u64,
        /// What was to be added, in bytes.
        needed_bytes: u64,
    },
    /// The message is larger than any mailbox takes.
    #[error("a message of {0} bytes is too large")]
    MessageTooLarge(u64),
    /// A word that cannot be a keyword.
    #[error("`{0}` cannot be a keyword")]
    InvalidKeyword(String),
    /// More keywords than a message may bear.
    #[error("a message bears at most {limit} keywords", limit = crate::MAX_KEYWORDS)]
    TooManyKeywords,
    /// A search with more conditions, or conditions nested deeper, than are allowed.
    #[error("the search is too complex")]
    SearchTooComplex,
    /// What was read is not what was once written.
    #[error("the stored {0} is damaged")]
    Damaged(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether the caller shall drop its transaction and run the whole of it again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
