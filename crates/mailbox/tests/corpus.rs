//! Real messages: their summaries agree with what another reader finds in them, and they come back byte for byte.
//!
//! The messages are those of the folder that `CHANCERY_MAIL_CORPUS` names, or of `../shared/corpus/mail` beside the
//! project; where neither is there, only the project's own are read.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mail_parser::{MessageParser, MimeHeaders, PartType};
use mailbox::{
    Delivery, Destination, Flags, Keywords, MIGRATIONS, Summary, mailboxes,
    summary::{Address, Part},
};
use world::Timestamp;

fn folders() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = env::var_os("CHANCERY_MAIL_CORPUS").map(PathBuf::from);
    let corpus = corpus.unwrap_or_else(|| project.join("../shared/corpus/mail"));
    vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), corpus]
}

/// All files below the folders that are there, as SMTP would bring them: lines end with CRLF.
fn messages() -> Vec<(PathBuf, Vec<u8>)> {
    let mut open = folders();
    let mut messages = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                let bytes = fs::read(&path).unwrap();
                messages.push((path, bytes));
            }
        }
    }
    messages
}

/// What a reader that decodes finds: for each part that is neither multipart nor message, type and raw body.
fn other_reader(
    message: &mail_parser::Message<'_>,
    bytes: &[u8],
    leaves: &mut Vec<(String, Vec<u8>)>,
) {
    for part in &message.parts {
        match &part.body {
            PartType::Multipart(_) => {}
            PartType::Message(inner) if part.encoding == mail_parser::Encoding::None => {
                other_reader(inner, bytes, leaves);
            }
            _ => {
                let kind = part.content_type().map_or("text/plain".to_owned(), |kind| {
                    format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain"))
                });
                let (start, end) = (part.raw_body_offset(), part.raw_end_offset());
                leaves.push((kind, bytes[start as usize..end as usize].to_vec()));
            }
        }
    }
}

fn ours(summary: &Summary, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let leaf = |part: &Part| {
        (format!("{}/{}", part.media_type, part.subtype), part.body.of(bytes).to_vec())
    };
    summary.leaves().into_iter().map(leaf).collect()
}

#[test]
fn another_reader_finds_the_same_parts() {
    let messages = messages();
    assert!(!messages.is_empty());
    for (path, bytes) in messages {
        let summary = Summary::of(&bytes);
        assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary, "{}", path.display());
        let Some(message) = MessageParser::new().parse(&bytes) else { continue };
        let mut leaves = Vec::new();
        other_reader(&message, &bytes, &mut leaves);
        let ours = ours(&summary, &bytes);
        let kinds = |leaves: &[(String, Vec<u8>)]| -> Vec<String> {
            leaves.iter().map(|(kind, _)| kind.clone()).collect()
        };
        assert_eq!(kinds(&ours), kinds(&leaves), "{}", path.display());
        for ((kind, ours), (_, other)) in ours.iter().zip(&leaves) {
            let (ours, other) = (String::from_utf8_lossy(ours), String::from_utf8_lossy(other));
            assert_eq!(ours, other, "{kind} of {}", path.display());
        }
        assert_eq!(summary.envelope.sent.is_some(), message.date().is_some(), "{}", path.display());
    }
}

/// The addresses of a list that have a domain: the other reader takes the rest for names.
fn addresses(list: &[Address]) -> Vec<String> {
    let address = |address: &Address| match address {
        Address::Mailbox { domain, .. } if domain.is_empty() => None,
        Address::Mailbox { local, domain, .. } => Some(format!("{local}@{domain}")),
        Address::GroupStart(_) | Address::GroupEnd => None,
    };
    list.iter().filter_map(address).collect()
}

fn other_addresses(list: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let addresses = list.into_iter().flat_map(mail_parser::Address::iter);
    let addresses = addresses.filter_map(|address| address.address().map(str::to_owned));
    addresses.filter(|address| address.contains('@')).collect()
}

#[test]
fn another_reader_finds_the_same_addresses() {
    for (path, bytes) in messages() {
        let envelope = Summary::of(&bytes).envelope;
        let Some(message) = MessageParser::new().parse(&bytes) else { continue };
        let ours = [&envelope.from, &envelope.to, &envelope.cc].map(|list| addresses(list));
        let other = [message.from(), message.to(), message.cc()].map(other_addresses);
        assert_eq!(ours, other, "{}", path.display());
        assert_eq!(envelope.subject.is_some(), message.subject().is_some(), "{}", path.display());
        assert!(!envelope.cut, "{}", path.display());
    }
}

#[tokio::test]
async fn messages_come_back_byte_for_byte() {
    let now = Timestamp::from_seconds(1_770_000_000);
    let store = store::testing::open(&[MIGRATIONS]).await;
    let mut tx = store.write().await.unwrap();
    let quota_bytes = mailboxes::DEFAULT_QUOTA_BYTES;
    let mailbox = mailboxes::provision(&mut tx, "u", "m", quota_bytes, now).await.unwrap().id;
    tx.commit().await.unwrap();
    for (path, bytes) in messages() {
        let prepared = mailbox::prepare(&store, "m", bytes.clone()).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let body = mailbox::insert_body(&mut tx, &prepared).await.unwrap();
        let keywords = &Keywords::none();
        let (destination, flags) = (Destination::Inbox, Flags::NONE);
        let delivery = Delivery { mailbox, destination, flags, keywords, received_at: now, now };
        let appended = mailbox::deliver(&mut tx, &body, &delivery).await.unwrap();
        tx.commit().await.unwrap();
        let mut snapshot = store.read().await.unwrap();
        let located =
            mailbox::locate(&mut snapshot, store.keyring(), appended.folder, appended.uid).await;
        drop(snapshot);
        assert_eq!(located.unwrap().read(&store).await.unwrap(), bytes, "{}", path.display());
    }
}
