//! The numbers by which things in a mailbox are known.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A mailbox; never used again after the mailbox is gone.
    MailboxId(i64)
}
id! {
    /// A folder; never used again, also not for a folder of the same name.
    FolderId(i64)
}
id! {
    /// A message body, shared by all the messages that hold the same delivery.
    BodyId(i64)
}
id! {
    /// A message within its mailbox. Stays when the message is moved or its flags change; a copy gets its own.
    ItemId(i64)
}
id! {
    /// The place of a message in its folder: grows with each arrival, is never used again, starts at 1.
    Uid(u32)
}
id! {
    /// The time of a change, counted in changes of the mailbox: strictly growing within one mailbox, starts at 1.
    Modseq(i64)
}
