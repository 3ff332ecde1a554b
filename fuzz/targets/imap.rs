//! A whole IMAP conversation with a mailbox of three messages.
#![no_main]

use bytes::Bytes;
use imap::{Answer, Changes, Detail, Fetched, Job, Listed, Next, Outcome, Place, Session, Task};
use libfuzzer_sys::fuzz_target;
use mailbox::{
    BodyId, Entry, Error, Flags, Folder, FolderId, FolderName, ItemId, Keywords, MailboxId, Message,
    Modseq, Opened, Rights, Summary, Uid, search,
};
use world::Timestamp;

const START: Timestamp = Timestamp::from_seconds(1_000_000);
const MESSAGE: &[u8] = b"Subject: fixed\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n";
const UIDS: [u32; 3] = [2, 5, 9];
/// Answers that one input may ask for.
const TURNS_MAX: usize = 1000;

fuzz_target!(|input: (bool, &[u8])| {
    let (logged_in, bytes) = input;
    let (mut session, mut turn) = Session::new(START);
    let login: &[u8] = if logged_in { b"l LOGIN ann secret\r\ns SELECT INBOX\r\n" } else { b"" };
    for bytes in [login, bytes] {
        for _ in 0..TURNS_MAX {
            match turn.next {
                Next::Read => break,
                Next::Close => return,
                Next::Run(job) => turn = session.complete(answer(job), START),
            }
        }
        if !matches!(turn.next, Next::Read) {
            return;
        }
        turn = session.feed(bytes, START);
    }
});

fn answer(job: Job) -> Outcome {
    match job {
        Job::Pause(_) => Ok(Answer::Done),
        Job::Login { password, .. } => {
            let known = password.expose() == b"secret";
            Ok(Answer::User(known.then_some(MailboxId(1))))
        }
        Job::LoginByToken { .. } => Ok(Answer::User(None)),
        Job::Mailbox(_, task) => answer_task(task),
    }
}

fn answer_task(task: Task) -> Outcome {
    Ok(match task {
        Task::Folders { .. } => {
            Answer::Folders(vec![Listed { name: "INBOX".to_owned(), folder: folder()?, readable: true }])
        }
        Task::Folder(place) | Task::Open(place) if !place.folder.is_inbox() => {
            return Err(Error::NoSuchFolder);
        }
        Task::Folder(_) => Answer::Folder(folder()?),
        Task::Open(place) => Answer::Opened(opened()?, rights(&place)),
        Task::Changes(_, since) => Answer::Changes(Changes { through: since, ..Changes::default() }),
        Task::Messages(_, uids, detail) => {
            let through = uids.ranges().last().map_or(0, |range| *range.end());
            let found = UIDS.into_iter().filter(|uid| uids.contains(Uid(*uid)));
            Answer::Messages { found: found.map(|uid| fetched(uid, detail)).collect(), through: Uid(through) }
        }
        Task::Search(..) => Answer::Search(search::Found { uids: UIDS.map(Uid).to_vec(), modseq: Modseq(7) }),
        Task::Store(_, uids, ..) => {
            let stored = UIDS.into_iter().filter(|uid| uids.contains(Uid(*uid))).map(message);
            Answer::Stored { stored: stored.collect(), modified: Vec::new() }
        }
        Task::Copy(_, uids, _) | Task::Move(_, uids, _) => {
            let pairs = UIDS.into_iter().map(Uid).filter(|uid| uids.contains(*uid));
            Answer::Copied { uid_validity: 3, pairs: pairs.map(|uid| (uid, Uid(uid.0 + 100))).collect() }
        }
        Task::Append(_) => Answer::Appended { uid_validity: 3, uid: Uid(10) },
        Task::Quota => Answer::Quota { used_bytes: 1, limit_bytes: 4096 },
        Task::Grants(_) => Answer::Grants(vec![("ann@x.example".to_owned(), Rights::ALL)]),
        Task::MyRights(place) => Answer::Rights(rights(&place)),
        Task::RightsAlways(..) => Answer::Rights(Rights::NONE),
        _ => Answer::Done,
    })
}

/// The own mailbox may be changed, that of others may be read.
fn rights(place: &Place) -> Rights {
    if place.owner.is_some() { Rights::LOOKUP | Rights::READ } else { Rights::ALL }
}

fn folder() -> Result<Folder, Error> {
    Ok(Folder {
        id: FolderId(1),
        mailbox: MailboxId(1),
        name: FolderName::parse("INBOX").map_err(|_| Error::NoSuchFolder)?,
        role: None,
        subscribed: true,
        modseq: Modseq(1),
        uid_validity: 3,
        uid_next: Uid(10),
        highest_modseq: Modseq(7),
        forgotten_modseq: Modseq(0),
        total: 3,
        unseen: 0,
        deleted: 0,
        size_bytes: 72,
    })
}

fn opened() -> Result<Opened, Error> {
    let entry = |uid| Entry { uid: Uid(uid), flags: Flags::SEEN, modseq: Modseq(7) };
    Ok(Opened { folder: folder()?, entries: UIDS.map(entry).to_vec(), keywords: Vec::new() })
}

fn message(uid: u32) -> Message {
    Message {
        uid: Uid(uid),
        item: ItemId(uid.into()),
        body: BodyId(1),
        modseq: Modseq(7),
        flags: Flags::SEEN,
        keywords: Keywords::none(),
        received_at: START,
        saved_at: START,
        size_bytes: MESSAGE.len() as u64,
        summary: None,
    }
}

fn fetched(uid: u32, detail: Detail) -> Fetched {
    let summary = (detail >= Detail::Summary).then(|| Summary::of(MESSAGE));
    let body = (detail == Detail::Body).then(|| Bytes::from_static(MESSAGE));
    Fetched { message: Message { summary, ..message(uid) }, body }
}
