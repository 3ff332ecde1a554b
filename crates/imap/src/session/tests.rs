//! The session alone: with a mailbox of fixed answers, and time that the test tells.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    BodyId, Entry, Error, Flags, Folder, FolderId, FolderName, ItemId, Keywords, MailboxId,
    Message, Modseq, Opened, Rights, Summary, Uid, search,
};
use proptest::prelude::*;
use world::Timestamp;

use super::{Next, Session, Turn};
use crate::{
    job::{Answer, Changes, Detail, Fetched, Job, Listed, Outcome, Task},
    limits::{COMMAND_TIMEOUT, IDLE_TIMEOUT, LOGIN_TIMEOUT, MAX_BAD_COMMANDS},
    place::Place,
};

const START: Timestamp = Timestamp::from_seconds(1_000_000);
const MESSAGE: &[u8] = b"Subject: fixed\r\n\r\ntext\r\n";
const UIDS: [u32; 3] = [2, 5, 9];

/// A session and all that it has said and asked for.
struct Talk {
    session: Session,
    said: Vec<u8>,
    pauses: Vec<Duration>,
    closed: bool,
}

impl Talk {
    fn new() -> Self {
        let (session, greeting) = Session::new(START);
        let mut talk = Self { session, said: Vec::new(), pauses: Vec::new(), closed: false };
        talk.go_on(greeting);
        talk
    }

    /// With a user who has logged in, and nothing said so far.
    fn of_user() -> Self {
        let mut talk = Self::new();
        talk.feed(b"l LOGIN ann secret\r\n");
        talk.said.clear();
        talk
    }

    fn feed(&mut self, bytes: &[u8]) {
        if !self.closed {
            let turn = self.session.feed(bytes, START);
            self.go_on(turn);
        }
    }

    fn go_on(&mut self, mut turn: Turn) {
        loop {
            self.said.extend_from_slice(&turn.send.concat());
            let job = match turn.next {
                Next::Read => return,
                Next::Close => {
                    self.closed = true;
                    return;
                }
                Next::Run(job) => job,
            };
            if let Job::Pause(duration) = &job {
                self.pauses.push(*duration);
            }
            turn = self.session.complete(answer(job), START);
        }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }
}

fn answer(job: Job) -> Outcome {
    match job {
        Job::Pause(_) => Ok(Answer::Done),
        Job::Login { login, .. } if login == "eve" => Ok(Answer::Refused),
        Job::Login { password, .. } => {
            let known = password.expose() == b"secret";
            Ok(Answer::User(known.then_some(MailboxId(1))))
        }
        Job::LoginByToken { token, .. } => {
            let known = token.expose() == b"token";
            Ok(Answer::User(known.then_some(MailboxId(1))))
        }
        Job::Mailbox(_, task) => answer_task(task),
    }
}

/// The inbox holds three messages, all other folders exist in no way.
fn answer_task(task: Task) -> Outcome {
    match task {
        Task::Folders { .. } => {
            let name = "INBOX".to_owned();
            Ok(Answer::Folders(vec![Listed { name, folder: folder(), readable: true }]))
        }
        Task::Folder(name) | Task::Open(name) if !name.folder.is_inbox() => {
            Err(Error::NoSuchFolder)
        }
        Task::Folder(_) => Ok(Answer::Folder(folder())),
        Task::Open(place) => Ok(Answer::Opened(opened(), rights_in(&place))),
        Task::Changes(_, since) => {
            Ok(Answer::Changes(Changes { through: since, ..Changes::default() }))
        }
        Task::Messages(_, uids, detail) => {
            let found = UIDS.into_iter().filter(|uid| uids.contains(Uid(*uid)));
            let through = uids.ranges().last().map_or(0, |range| *range.end());
            let found = found.map(|uid| fetched(uid, detail)).collect();
            Ok(Answer::Messages { found, through: Uid(through) })
        }
        Task::Search(..) => {
            let uids = UIDS.map(Uid).to_vec();
            Ok(Answer::Search(search::Found { uids, modseq: Modseq(7) }))
        }
        Task::Store(_, uids, ..) => {
            let stored =
                UIDS.into_iter().filter(|uid| uids.contains(Uid(*uid))).map(message).collect();
            Ok(Answer::Stored { stored, modified: Vec::new() })
        }
        Task::Copy(_, uids, _) | Task::Move(_, uids, _) => {
            let pairs = UIDS.into_iter().map(Uid).filter(|uid| uids.contains(*uid));
            let pairs = pairs.map(|uid| (uid, Uid(uid.0 + 100))).collect();
            Ok(Answer::Copied { uid_validity: 3, pairs })
        }
        Task::Append(_) => Ok(Answer::Appended { uid_validity: 3, uid: Uid(10) }),
        Task::Quota => Ok(Answer::Quota { used_bytes: 1, limit_bytes: 4096 }),
        Task::Grants(_) => Ok(Answer::Grants(vec![("ann@x.org".to_owned(), Rights::ALL)])),
        Task::MyRights(place) => Ok(Answer::Rights(rights_in(&place))),
        Task::RightsAlways(..) => Ok(Answer::Rights(Rights::NONE)),
        Task::Grant(..)
        | Task::Create(_)
        | Task::Delete(_)
        | Task::Rename(..)
        | Task::Subscribe(..)
        | Task::Expunge(..) => Ok(Answer::Done),
    }
}

/// The own mailbox may be changed, that of others may be read.
fn rights_in(place: &Place) -> Rights {
    if place.owner.is_some() { Rights::LOOKUP | Rights::READ } else { Rights::ALL }
}

fn folder() -> Folder {
    Folder {
        id: FolderId(1),
        mailbox: MailboxId(1),
        name: FolderName::parse("INBOX").unwrap(),
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
    }
}

fn opened() -> Opened {
    let entry = |uid| Entry { uid: Uid(uid), flags: Flags::SEEN, modseq: Modseq(7) };
    Opened { folder: folder(), entries: UIDS.map(entry).to_vec(), keywords: Vec::new() }
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

#[test]
fn failed_logins_wait_longer_and_longer() {
    let mut talk = Talk::new();
    talk.feed(
        b"a LOGIN ann no\r\nb LOGIN ann no\r\nc AUTHENTICATE PLAIN AGFubgBubw==\r\nd NOOP\r\n",
    );
    assert_eq!(talk.pauses, [2, 4, 6].map(Duration::from_secs));
    assert!(talk.closed);
    assert!(talk.said().ends_with("c NO [AUTHENTICATIONFAILED] wrong login name or password\r\n* BYE too many failed logins\r\n"));
}

#[test]
fn a_login_that_rules_refuse_is_a_failed_one() {
    let mut talk = Talk::new();
    talk.feed(b"a LOGIN eve secret\r\nb LOGIN eve secret\r\n");
    assert_eq!(talk.pauses, [2, 4].map(Duration::from_secs));
    let refusal = "NO [NOPERM] your organization does not allow this access\r\n";
    assert!(talk.said().ends_with(&format!("a {refusal}b {refusal}")), "{}", talk.said());
    talk.feed(b"c LOGIN eve secret\r\n");
    assert!(talk.closed);
}

#[test]
fn the_end_of_the_stay_is_told_in_idle_and_amid_a_command() {
    for before in [&b"a IDLE\r\n"[..], b"a APPEND INBOX {3}\r\n", b""] {
        let mut talk = Talk::of_user();
        talk.feed(before);
        let turn = talk.session.end_stay();
        let bye = turn.send.concat();
        assert_eq!(bye, b"* BYE your organization no longer allows this access\r\n");
        assert!(matches!(turn.next, Next::Close));
    }
}

#[test]
fn bad_commands_in_a_row_are_counted() {
    let mut talk = Talk::of_user();
    for _ in 0..3 {
        (1..MAX_BAD_COMMANDS).for_each(|_| talk.feed(b"a X\r\n"));
        talk.feed(b"b NOOP\r\n");
        assert!(!talk.closed);
    }
    (0..MAX_BAD_COMMANDS).for_each(|_| talk.feed(b"a X\r\n"));
    assert!(talk.closed);
}

#[test]
fn a_stranger_cannot_put_off_the_deadline() {
    let mut talk = Talk::new();
    let soon = START.saturating_add(LOGIN_TIMEOUT / 2);
    assert!(matches!(talk.session.feed(b"a NOOP\r\nb LOG", soon).next, Next::Read));
    assert_eq!(talk.session.deadline(), START.saturating_add(LOGIN_TIMEOUT));
    let late = talk.session.tick(START.saturating_add(LOGIN_TIMEOUT));
    assert!(matches!(late.next, Next::Close));
    assert!(late.send.concat().starts_with(b"* BYE "));
}

#[test]
fn a_user_has_time_but_less_within_a_command() {
    let mut talk = Talk::of_user();
    assert_eq!(talk.session.deadline(), START.saturating_add(IDLE_TIMEOUT));
    talk.feed(b"a APPEND INBOX {1000}\r\nxyz");
    assert_eq!(talk.session.deadline(), START.saturating_add(COMMAND_TIMEOUT));
    let early = talk.session.tick(START.saturating_add(COMMAND_TIMEOUT / 2));
    assert!(matches!(early.next, Next::Read) && early.send.is_empty());
}

#[test]
fn a_notice_wakes_only_who_idles() {
    let mut talk = Talk::of_user();
    talk.feed(b"a SELECT INBOX\r\n");
    talk.said.clear();
    assert!(matches!(talk.session.changed(START).next, Next::Read));
    talk.feed(b"b IDLE\r\n");
    assert!(matches!(
        talk.session.changed(START).next,
        Next::Run(Job::Mailbox(_, Task::Changes(..)))
    ));
    let quiet = talk.session.complete(Err(Error::NoSuchMessage), START);
    assert!(matches!(quiet.next, Next::Read), "a look that fails is not tried again at once");
}

#[test]
fn what_comes_during_a_job_waits() {
    let mut talk = Talk::of_user();
    let turn = talk.session.feed(b"a SELECT INBOX\r\n", START);
    let Next::Run(job) = turn.next else { panic!("a job was expected") };
    let meanwhile = talk.session.feed(b"b NOOP\r\n", START);
    assert!(matches!(meanwhile.next, Next::Read) && meanwhile.send.is_empty());
    let turn = talk.session.complete(answer(job), START);
    talk.go_on(turn);
    assert!(talk.said().ends_with("b OK NOOP completed\r\n"));
}

#[test]
fn a_reading_that_gets_nowhere_ends() {
    let mut talk = Talk::of_user();
    talk.feed(b"a SELECT INBOX\r\n");
    let turn = talk.session.feed(b"b FETCH 1:* UID\r\n", START);
    assert!(matches!(turn.next, Next::Run(Job::Mailbox(_, Task::Messages(..)))));
    let turn =
        talk.session.complete(Ok(Answer::Messages { found: vec![], through: Uid(0) }), START);
    assert!(turn.send.concat().starts_with(b"b NO [SERVERBUG]"));
}

#[test]
fn a_store_that_fails_is_not_shown() {
    let mut talk = Talk::of_user();
    talk.session.feed(b"a SELECT INBOX\r\n", START);
    let turn = talk.session.complete(Err(Error::Damaged("row")), START);
    assert_eq!(turn.send.concat(), b"a NO [CORRUPTION] the stored row is damaged\r\n");
}

#[test]
fn a_folder_that_may_only_be_read_is_not_changed() {
    let mut talk = Talk::of_user();
    talk.feed(b"a SELECT \"Other Users/bob@x.org/INBOX\"\r\n");
    let said = talk.said();
    assert!(
        said.contains("* OK [PERMANENTFLAGS ()]") && said.contains("a OK [READ-ONLY]"),
        "{said}"
    );
    talk.said.clear();
    talk.feed(b"b STORE 1 +FLAGS (\\Seen)\r\nc EXPUNGE\r\nd MOVE 1 INBOX\r\n");
    assert_eq!(talk.said().matches(" NO [READ-ONLY]").count(), 3, "{}", talk.said());
    let turn = talk.session.feed(b"e FETCH 1 BODY[]\r\n", START);
    let Next::Run(Job::Mailbox(_, task)) = turn.next else { panic!("a job was expected") };
    let mut found = answer_task(task).unwrap();
    if let Answer::Messages { found, .. } = &mut found {
        found.iter_mut().for_each(|fetched| fetched.message.flags = Flags::NONE);
    }
    let turn = talk.session.complete(Ok(found), START);
    assert!(matches!(turn.next, Next::Read), "nothing is marked as seen");
}

#[test]
fn the_mailbox_of_a_foreign_folder_is_watched() {
    let mut talk = Talk::of_user();
    talk.feed(b"a SELECT INBOX\r\n");
    assert_eq!(talk.session.foreign_mailbox(), None);
    let turn = talk.session.feed(b"b SELECT \"Other Users/bob@x.org/INBOX\"\r\n", START);
    assert!(matches!(turn.next, Next::Run(Job::Mailbox(MailboxId(1), Task::Open(_)))));
    let foreign = Folder { mailbox: MailboxId(2), ..folder() };
    let opened = Answer::Opened(Opened { folder: foreign, ..opened() }, Rights::READ);
    talk.session.complete(Ok(opened), START);
    assert_eq!(talk.session.foreign_mailbox(), Some(MailboxId(2)));
    talk.feed(b"c IDLE\r\n");
    let turn = talk.session.changed(START);
    assert!(matches!(turn.next, Next::Run(Job::Mailbox(MailboxId(1), Task::Changes(..)))));
    let turn = talk.session.complete(Err(Error::NoSuchFolder), START);
    assert!(matches!(turn.next, Next::Close));
}

#[test]
fn access_control_lists_are_told() {
    let mut talk = Talk::of_user();
    talk.feed(b"a GETACL INBOX\r\nb MYRIGHTS \"Other Users/bob@x.org/INBOX\"\r\n");
    talk.feed(b"c LISTRIGHTS INBOX anyone\r\nd SETACL INBOX -anyone l\r\n");
    talk.feed(
        b"e SETACL INBOX anyone lq\r\nf DELETEACL INBOX anyone\r\ng MYRIGHTS \"Other Users\"\r\n",
    );
    let expected = "* ACL \"INBOX\" ann@x.org lrswipkxteacd\r\na OK GETACL completed\r\n\
        * MYRIGHTS \"Other Users/bob@x.org/INBOX\" lr\r\nb OK MYRIGHTS completed\r\n\
        * LISTRIGHTS \"INBOX\" anyone \"\" l r s w i p k x t e a c d\r\nc OK LISTRIGHTS completed\r\n\
        d NO [CANNOT] there are no negative rights\r\ne BAD an unknown right\r\n\
        f OK DELETEACL completed\r\ng NO [NONEXISTENT] there is no such folder\r\n";
    assert_eq!(talk.said(), expected);
}

/// Commands that are right, nearly right, or noise.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        Just("a SELECT INBOX\r\n"),
        Just("b EXAMINE {5}\r\nINBOX\r\n"),
        Just("c FETCH 1:* (FLAGS ENVELOPE BODY[])\r\n"),
        Just("d UID FETCH 5:* (BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (X)]<1.2>)\r\n"),
        Just("e STORE 2 +FLAGS (\\Seen)\r\n"),
        Just("f SEARCH OR SEEN TEXT {3+}\r\nabc\r\n"),
        Just("g IDLE\r\n"),
        Just("DONE\r\n"),
        Just("h APPEND INBOX (\\Seen) {4+}\r\na\r\nb\r\n"),
        Just("i LIST \"\" *\r\n"),
        Just("j MOVE 1 INBOX\r\n"),
        Just("k AUTHENTICATE PLAIN\r\n"),
        Just("AGFubgBzZWNyZXQ=\r\n"),
        Just("m LOGIN ann no\r\n"),
        Just("n LOGIN {3}\r\nann {6}\r\nsecret\r\n"),
        Just("o CLOSE\r\n"),
        Just("r SELECT \"Other Users/bob@x.org/INBOX\"\r\n"),
        Just("s SETACL INBOX {9}\r\nbob@x.org +lr\r\n"),
        Just("t MYRIGHTS INBOX\r\nu GETACL INBOX\r\nv LISTRIGHTS INBOX anyone\r\n"),
        Just("p FETCH 9 UID\n"),
        Just("q COPY 1:* {99999999}\r\n"),
    ];
    let noise = proptest::collection::vec(any::<u8>(), 0..20);
    let piece = prop_oneof![8 => command.prop_map(|text| text.as_bytes().to_vec()), 1 => noise];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn however_input_is_split_the_output_is_the_same(
        bytes in input(),
        logged_in in any::<bool>(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let start = if logged_in { Talk::of_user } else { Talk::new };
        let mut whole = start();
        whole.feed(&bytes);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut split = start();
        let mut from = 0;
        for to in cuts.into_iter().chain([bytes.len()]) {
            split.feed(&bytes[from..to]);
            from = to;
        }
        prop_assert_eq!(whole.said(), split.said());
        prop_assert_eq!(whole.closed, split.closed);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..500), logged_in in any::<bool>()) {
        let mut talk = if logged_in { Talk::of_user() } else { Talk::new() };
        talk.feed(&bytes);
        prop_assert!(talk.said.len() < 4096 + 200 * bytes.len());
    }
}
