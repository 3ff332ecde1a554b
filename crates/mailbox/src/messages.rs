//! Reading messages: the state of a folder at once, and rows of chosen messages in batches.

use store::{Row, Snapshot, params};
use world::Timestamp;

use crate::{
    BodyId, Error, Flags, Folder, FolderId, ItemId, Keywords, Modseq, Uid, UidSet, folders,
    summary::Summary,
};

/// The most rows that one batch of a [`Cursor`] looks at.
pub const BATCH_ROWS: usize = 256;

/// The rows read at once when a folder is opened.
const PAGE_ROWS: usize = 10_000;
/// The most keywords told of a folder when it is opened.
const MAX_FOLDER_KEYWORDS: usize = 200;
/// Ranges of UIDs no further apart than this are read as one: skipping a few rows costs less than a statement.
const WINDOW_GAP: u32 = 32;

pub(crate) const COLUMNS: &str = "m.uid, m.item_id, m.body_id, m.modseq, m.flags, m.keywords, m.received_at, \
                                  m.saved_at, m.size_bytes";

/// What is known of every message of an open folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its UID.
    pub uid: Uid,
    /// Its flags.
    pub flags: Flags,
    /// Its last change.
    pub modseq: Modseq,
}

/// A folder at one moment.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The folder and its counts.
    pub folder: Folder,
    /// All its messages in the order of their UIDs.
    pub entries: Vec<Entry>,
    /// The keywords in use; of very many, the first.
    pub keywords: Vec<String>,
}

/// A message in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: Uid,
    /// Its id in the mailbox.
    pub item: ItemId,
    /// Its body.
    pub body: BodyId,
    /// Its last change.
    pub modseq: Modseq,
    /// Its flags.
    pub flags: Flags,
    /// Its keywords.
    pub keywords: Keywords,
    /// When it came in, as shown to the user.
    pub received_at: Timestamp,
    /// When it was put into this folder.
    pub saved_at: Timestamp,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// Its envelope and structure, if they were asked for.
    pub summary: Option<Summary>,
}

impl Message {
    /// From the columns of [`COLUMNS`].
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, store::Error> {
        let keywords: Option<&str> = row.get(5)?;
        Ok(Self {
            uid: Uid(row.get(0)?),
            item: ItemId(row.get(1)?),
            body: BodyId(row.get(2)?),
            modseq: Modseq(row.get(3)?),
            flags: Flags::from_bits(row.get(4)?),
            keywords: Keywords::from_column(keywords),
            received_at: row.get(6)?,
            saved_at: row.get(7)?,
            size_bytes: row.get(8)?,
            summary: None,
        })
    }
}

/// Reads the state of a folder: its counts and the UID, flags and last change of each message.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn open(snapshot: &mut Snapshot, folder: FolderId) -> Result<Opened, Error> {
    let folder = folders::get(snapshot, folder).await?;
    let mut entries: Vec<Entry> = Vec::with_capacity(folder.total as usize);
    let mut keywords = Keywords::none();
    loop {
        let last = entries.last().map_or(0, |entry| entry.uid.0);
        let sql = "SELECT uid, flags, modseq, keywords FROM messages \
                   WHERE folder_id = $1 AND uid > $2 ORDER BY uid LIMIT $3";
        let page = snapshot
            .rows(sql, params![folder.id.0, last, PAGE_ROWS], |row| {
                keywords.collect(row.get(3)?, MAX_FOLDER_KEYWORDS);
                Ok(Entry {
                    uid: Uid(row.get(0)?),
                    flags: Flags::from_bits(row.get(1)?),
                    modseq: Modseq(row.get(2)?),
                })
            })
            .await?;
        let done = page.len() < PAGE_ROWS;
        entries.extend(page);
        if done {
            let keywords = keywords.iter().map(str::to_owned).collect();
            return Ok(Opened { folder, entries, keywords });
        }
    }
}

/// What a [`Cursor`] reads of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All but the summary.
    Row,
    /// The summary too.
    Summary,
}

/// Reads chosen messages of a folder in batches of bounded size, in the order of their UIDs.
///
/// Each batch may be read in a snapshot of its own; messages that went in between are left out.
#[derive(Clone, Debug)]
pub struct Cursor {
    folder: FolderId,
    uids: UidSet,
    columns: Columns,
    /// Where to go on; `None` at the end.
    next: Option<Uid>,
}

impl Cursor {
    /// Will read the messages of `folder` whose UIDs are in `uids`.
    pub fn new(folder: FolderId, uids: UidSet, columns: Columns) -> Self {
        Self { folder, uids, columns, next: Some(Uid(1)) }
    }

    /// The next batch, which is not empty, or `None` at the end.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a summary that cannot be read; what the store says.
    pub async fn next(&mut self, snapshot: &mut Snapshot) -> Result<Option<Vec<Message>>, Error> {
        let mut batch = Vec::new();
        let mut looked_at = 0;
        while let Some(window) = self.window().filter(|_| looked_at < BATCH_ROWS) {
            looked_at += self.read(snapshot, window, BATCH_ROWS - looked_at, &mut batch).await?;
            if looked_at >= BATCH_ROWS && batch.is_empty() {
                looked_at = 0;
            }
        }
        Ok(Some(batch).filter(|batch| !batch.is_empty()))
    }

    /// All that is left, for sets known to be small.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn all(mut self, snapshot: &mut Snapshot) -> Result<Vec<Message>, Error> {
        let mut all = Vec::new();
        while let Some(batch) = self.next(snapshot).await? {
            all.extend(batch);
        }
        Ok(all)
    }

    /// The range of UIDs to read next: ranges of the set that lie close together are one window.
    fn window(&self) -> Option<(u32, u32)> {
        let next = self.next?;
        let mut ranges = self.uids.ranges_from(next);
        let (first, mut end) = ranges.next().copied()?;
        for (start, last) in ranges {
            if start - end > WINDOW_GAP {
                break;
            }
            end = *last;
        }
        Some((first.max(next.0), end))
    }

    /// Reads at most `limit` rows of a window, keeps those of the set, and says how many rows there were.
    async fn read(
        &mut self,
        snapshot: &mut Snapshot,
        (first, last): (u32, u32),
        limit: usize,
        batch: &mut Vec<Message>,
    ) -> Result<usize, Error> {
        let sql = match self.columns {
            Columns::Row => format!("SELECT {COLUMNS} FROM messages m {IN_WINDOW}"),
            Columns::Summary => format!(
                "SELECT {COLUMNS}, b.summary FROM messages m JOIN bodies b ON b.id = m.body_id {IN_WINDOW}"
            ),
        };
        let (uids, columns) = (&self.uids, self.columns);
        let mut seen = None;
        let params = params![self.folder.0, first, last, limit];
        let rows = snapshot
            .rows(&sql, params, |row| {
                seen = Some(row.get::<u32>(0)?);
                let wanted = seen.is_some_and(|uid| uids.contains(Uid(uid)));
                wanted.then(|| read_row(row, columns)).transpose()
            })
            .await?;
        let count = rows.len();
        let reached = seen.filter(|_| count == limit).unwrap_or(last);
        self.next = reached.checked_add(1).map(Uid);
        for (message, summary) in rows.into_iter().flatten() {
            let summary = summary.map(|bytes| Summary::decode(&bytes)).transpose()?;
            batch.push(Message { summary, ..message });
        }
        Ok(count)
    }
}

const IN_WINDOW: &str =
    "WHERE m.folder_id = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid LIMIT $4";

fn read_row(row: &Row<'_>, columns: Columns) -> Result<(Message, Option<Vec<u8>>), store::Error> {
    let summary = match columns {
        Columns::Row => None,
        Columns::Summary => Some(row.get(9)?),
    };
    Ok((Message::from_row(row)?, summary))
}
