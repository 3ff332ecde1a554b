//! What is done to a mailbox.

use mailbox::{FlagAction, Flags};
use proptest::prelude::*;

/// The names that folders are chosen from; not all are there, and some lie within others.
pub const NAMES: [&str; 8] = ["INBOX", "Drafts", "a", "a/b", "a/b/c", "d", "d/b", "e/f"];
/// The keywords that are chosen from.
pub const WORDS: [&str; 3] = ["$Forwarded", "$Junk", "later"];

/// Ranges of UIDs.
pub type Ranges = Vec<(u32, u32)>;

#[derive(Clone, Debug)]
pub enum Operation {
    Deliver {
        folder: usize,
        size: usize,
        flags: Flags,
        twice: bool,
    },
    Flag {
        folder: usize,
        uids: Ranges,
        action: FlagAction,
        flags: Flags,
        words: Vec<usize>,
        back: Option<u8>,
    },
    Copy {
        from: usize,
        uids: Ranges,
        to: usize,
    },
    Move {
        from: usize,
        uids: Ranges,
        to: usize,
    },
    Expunge {
        folder: usize,
        uids: Ranges,
    },
    Remove {
        folder: usize,
        uids: Ranges,
    },
    Create {
        folder: usize,
    },
    Rename {
        from: usize,
        to: usize,
    },
    Delete {
        folder: usize,
    },
    Subscribe {
        folder: usize,
        on: bool,
    },
    Quota {
        bytes: u64,
    },
    OutAndBack,
    CollectGarbage,
    /// Done in a transaction that is then dropped.
    Dropped(Box<Operation>),
}

impl Operation {
    pub fn is_dropped(&self) -> bool {
        matches!(self, Self::Dropped(_))
    }
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let kept = kept().boxed();
    prop_oneof![
        9 => kept.clone(),
        1 => kept.prop_map(|operation| Operation::Dropped(Box::new(operation))),
    ]
}

fn kept() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let name = || prop_oneof![3 => 0..3usize, 2 => 0..NAMES.len()];
    prop_oneof![
        8 => (name(), 0..400usize, flags(), any::<bool>())
            .prop_map(|(folder, size, flags, twice)| Deliver { folder, size, flags, twice }),
        5 => (name(), ranges(), action(), flags(), words(), prop::option::of(0..6u8)).prop_map(
            |(folder, uids, action, flags, words, back)| Flag { folder, uids, action, flags, words, back }
        ),
        2 => (name(), ranges(), name()).prop_map(|(from, uids, to)| Copy { from, uids, to }),
        3 => (name(), ranges(), name()).prop_map(|(from, uids, to)| Move { from, uids, to }),
        2 => (name(), ranges()).prop_map(|(folder, uids)| Expunge { folder, uids }),
        1 => (name(), ranges()).prop_map(|(folder, uids)| Remove { folder, uids }),
        3 => name().prop_map(|folder| Create { folder }),
        2 => (name(), name()).prop_map(|(from, to)| Rename { from, to }),
        1 => name().prop_map(|folder| Delete { folder }),
        1 => (name(), any::<bool>()).prop_map(|(folder, on)| Subscribe { folder, on }),
        1 => (0..3000u64).prop_map(|bytes| Quota { bytes }),
        1 => Just(OutAndBack),
        1 => Just(CollectGarbage),
    ]
}

fn flags() -> impl Strategy<Value = Flags> {
    (0..32i64).prop_map(Flags::from_bits)
}

fn action() -> impl Strategy<Value = FlagAction> {
    let some = Flags::SEEN | Flags::FLAGGED;
    prop::sample::select(vec![
        FlagAction::Add,
        FlagAction::Remove,
        FlagAction::Replace,
        FlagAction::ReplaceAmong { flags: some, keywords: false },
        FlagAction::ReplaceAmong { flags: Flags::DELETED, keywords: true },
    ])
}

fn words() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..WORDS.len(), 0..2)
}

fn ranges() -> impl Strategy<Value = Ranges> {
    let range = (1..12u32, 0..4u32).prop_map(|(first, more)| (first, first + more));
    prop_oneof![
        1 => Just(vec![(1, u32::MAX)]),
        3 => prop::collection::vec(range, 0..3),
    ]
}
