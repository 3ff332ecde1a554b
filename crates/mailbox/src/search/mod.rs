//! Searching a folder: first by what the rows tell, then by the summaries, and only where that does not decide,
//! by the messages themselves.

mod evidence;
mod text;

use store::Store;
use world::Timestamp;

use crate::{
    Columns, Cursor, Error, Flags, FolderId, Message, Modseq, Uid, UidSet, bodies, summary::Summary,
};

use evidence::Evidence;
use text::Decoded;

/// The most conditions of one search.
pub const MAX_CONDITIONS: usize = 500;
/// The deepest nesting of conditions in one search.
pub const MAX_CONDITION_DEPTH: usize = 32;

/// What messages are looked for.
///
/// Texts are found anywhere within the decoded text (encoded words, transfer encodings, character sets), without
/// regard to case. The empty text is found in everything that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Every message.
    All,
    /// Messages with these UIDs.
    Uids(UidSet),
    /// Messages that bear all these flags.
    Flags(Flags),
    /// Messages that bear this keyword.
    Keyword(String),
    /// Messages that came in at this time or later.
    ReceivedSince(Timestamp),
    /// Messages that were put into the folder at this time or later.
    SavedSince(Timestamp),
    /// Messages whose `Date` has this day or a later one, in days since 1970-01-01 as the sender's calendar
    /// shows it. A message without a date is found by neither this nor its contrary.
    SentSince(i32),
    /// Messages that have a `Date` that can be understood.
    HasSentDate,
    /// Messages of more than so many bytes.
    Larger(u64),
    /// Messages whose last change is this or a later one.
    ChangedSince(Modseq),
    /// Messages with a header field of this name that holds this text.
    Header(String, String),
    /// Messages that hold this text in a text part.
    Body(String),
    /// Messages that hold this text in the header or in a text part.
    Text(String),
    /// Messages that all of these find.
    And(Vec<Query>),
    /// Messages that at least one of these finds.
    Or(Vec<Query>),
    /// Messages that this does not find.
    Not(Box<Query>),
}

impl Query {
    /// Messages that bear none of these flags.
    pub fn without(flag: Flags) -> Self {
        Self::Not(Box::new(Self::Flags(flag)))
    }

    /// Messages that came in before this time.
    pub fn received_before(time: Timestamp) -> Self {
        Self::Not(Box::new(Self::ReceivedSince(time)))
    }

    /// Messages whose `Date` has a day before this one; see [`Query::SentSince`].
    pub fn sent_before(day: i32) -> Self {
        Self::And(vec![Self::HasSentDate, Self::Not(Box::new(Self::SentSince(day)))])
    }

    /// Messages of fewer than so many bytes.
    pub fn smaller(bytes: u64) -> Self {
        match bytes.checked_sub(1) {
            Some(most) => Self::Not(Box::new(Self::Larger(most))),
            None => Self::Not(Box::new(Self::All)),
        }
    }

    /// Puts the texts that are looked for into the form that decoded texts are compared in, and checks the limits.
    fn prepared(&self, depth: usize, left: &mut usize) -> Result<Self, Error> {
        if depth > MAX_CONDITION_DEPTH || *left == 0 {
            return Err(Error::SearchTooComplex);
        }
        *left -= 1;
        let mut each = |queries: &[Self]| -> Result<Vec<Self>, Error> {
            queries.iter().map(|query| query.prepared(depth + 1, left)).collect()
        };
        Ok(match self {
            Self::And(queries) => Self::And(each(queries)?),
            Self::Or(queries) => Self::Or(each(queries)?),
            Self::Not(query) => Self::Not(Box::new(query.prepared(depth + 1, left)?)),
            Self::Header(name, wanted) => Self::Header(name.clone(), text::fold(wanted)),
            Self::Body(wanted) => Self::Body(text::fold(wanted)),
            Self::Text(wanted) => Self::Text(text::fold(wanted)),
            other => other.clone(),
        })
    }

    /// A set that holds the UIDs of all messages that the query can find.
    fn bounds(&self) -> Option<&UidSet> {
        match self {
            Self::Uids(uids) => Some(uids),
            Self::And(queries) => queries.iter().find_map(Self::bounds),
            _ => None,
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages, in the order of their UIDs.
    pub uids: Vec<Uid>,
    /// The latest last change of one of them.
    pub modseq: Modseq,
}

/// Finds messages of a folder. Takes snapshots of its own, one for each batch of messages, and none while it
/// reads bodies.
///
/// # Errors
/// [`Error::SearchTooComplex`] past [`MAX_CONDITIONS`] or [`MAX_CONDITION_DEPTH`]; what the store says.
pub async fn search(store: &Store, folder: FolderId, query: &Query) -> Result<Found, Error> {
    let query = query.prepared(0, &mut { MAX_CONDITIONS })?;
    let uids = query.bounds().cloned().unwrap_or_else(UidSet::all);
    let mut cursor = Cursor::new(folder, uids, Columns::Row);
    let mut found = Found::default();
    loop {
        let batch = cursor.next(&mut store.read().await?).await?;
        let Some(batch) = batch else { return Ok(found) };
        for message in sift(store, folder, &query, batch).await? {
            found.uids.push(message.uid);
            found.modseq = found.modseq.max(message.modseq);
        }
        tokio::task::yield_now().await;
    }
}

/// Those of a batch that the query finds.
async fn sift(
    store: &Store,
    folder: FolderId,
    query: &Query,
    batch: Vec<Message>,
) -> Result<Vec<Message>, Error> {
    let (mut found, undecided) = split(query, batch);
    if undecided.is_empty() {
        return Ok(found);
    }
    let uids = undecided.iter().map(|message| message.uid).collect();
    let cursor = Cursor::new(folder, uids, Columns::Summary);
    let with_summaries = cursor.all(&mut store.read().await?).await?;
    let (more, undecided) = split(query, with_summaries);
    found.extend(more);
    for message in undecided {
        if read_and_match(store, folder, query, &message).await? {
            found.push(message);
        }
    }
    found.sort_unstable_by_key(|message| message.uid);
    Ok(found)
}

/// Those that are found by what is known of them, and those of which too little is known.
fn split(query: &Query, messages: Vec<Message>) -> (Vec<Message>, Vec<Message>) {
    let (mut found, mut undecided) = (Vec::new(), Vec::new());
    for message in messages {
        match Evidence::of(&message).weigh(query) {
            Some(true) => found.push(message),
            Some(false) => {}
            None => undecided.push(message),
        }
    }
    (found, undecided)
}

async fn read_and_match(
    store: &Store,
    folder: FolderId,
    query: &Query,
    message: &Message,
) -> Result<bool, Error> {
    let located =
        bodies::locate(&mut store.read().await?, store.keyring(), folder, message.uid).await;
    let bytes = match located {
        // It went away meanwhile.
        Err(Error::NoSuchMessage) => return Ok(false),
        located => located?.read(store).await?,
    };
    let summary = message.summary.clone().unwrap_or_else(|| Summary::of(&bytes));
    let decoded = Decoded::new(&bytes, &summary);
    Ok(Evidence::whole(message, &summary, &decoded).weigh(query).unwrap_or(false))
}
