//! Several sessions on one mailbox: what each is told of the others' doings, and when.

mod support;

use support::House;

const NOTE: &str = "Subject: note\r\n\r\ntext\r\n";

#[tokio::test]
async fn an_idle_client_is_told_at_once() {
    let house = House::new().await;
    let mut watcher = house.ann_with(&[NOTE]).await;
    let mut worker = house.ann_with(&[]).await;
    watcher.follow("C: i IDLE\nS: + idling").await;
    worker.append("INBOX", NOTE).await;
    watcher.follow("S: * 2 EXISTS\nS: * 0 RECENT").await;
    worker.follow("C: a STORE 1 +FLAGS (\\Deleted)\nS: …\nS: a OK …").await;
    watcher.follow("S: * 1 FETCH (UID 1 FLAGS (\\Deleted))").await;
    worker.follow("C: b EXPUNGE\nS: * 1 EXPUNGE\nS: b OK …").await;
    watcher.follow("S: * 1 EXPUNGE\nC: DONE\nS: i OK IDLE terminated").await;
}

#[tokio::test]
async fn messages_do_not_vanish_under_sequence_numbers() {
    let house = House::new().await;
    let mut watcher = house.ann_with(&[NOTE, NOTE, NOTE]).await;
    let mut worker = house.ann_with(&[]).await;
    worker.follow("C: a STORE 1 +FLAGS.SILENT (\\Deleted)\nS: a OK …").await;
    worker.follow("C: b EXPUNGE\nS: * 1 EXPUNGE\nS: b OK …").await;
    watcher
        .follow(
            r#"
            C: a FETCH 2:3 UID
            S: * 2 FETCH (UID 2)
            S: * 3 FETCH (UID 3)
            S: a OK FETCH completed
            C: b FETCH 1 UID
            S: b NO [EXPUNGEISSUED] some of the messages are gone
            C: c SEARCH ALL
            S: * SEARCH 2 3
            S: c OK SEARCH completed
            C: d STORE 2 +FLAGS (\Seen)
            S: * 2 FETCH (UID 2 FLAGS (\Seen))
            S: d OK STORE completed
            C: e UID FETCH 2 FLAGS
            S: * 2 FETCH (UID 2 FLAGS (\Seen))
            S: * 1 EXPUNGE
            S: e OK UID FETCH completed
            C: f FETCH 1 UID
            S: * 1 FETCH (UID 2)
            S: f OK FETCH completed"#,
        )
        .await;
}

#[tokio::test]
async fn noop_tells_what_others_did() {
    let house = House::new().await;
    let mut watcher = house.ann_with(&[NOTE, NOTE]).await;
    let mut worker = house.ann_with(&[]).await;
    worker.follow("C: a STORE 2 +FLAGS.SILENT (\\Flagged $x)\nS: a OK …").await;
    worker.follow("C: b UID MOVE 1 Drafts\nS: …\nS: * 1 EXPUNGE\nS: b OK …").await;
    worker.append("INBOX", NOTE).await;
    watcher
        .follow(
            r#"
            C: a NOOP
            S: * 1 EXPUNGE
            S: * 1 FETCH (UID 2 FLAGS (\Flagged $x))
            S: * 2 EXISTS
            S: * 0 RECENT
            S: a OK NOOP completed"#,
        )
        .await;
}

#[tokio::test]
async fn a_folder_that_is_deleted_ends_the_sessions_in_it() {
    let house = House::new().await;
    let mut worker = house.ann().await;
    worker.follow("C: a CREATE Gone\nS: a OK …").await;
    let mut watcher = house.ann().await;
    watcher.send("s SELECT Gone\r\n").await;
    while !watcher.line().await.starts_with("s OK") {}
    worker.follow("C: b DELETE Gone\nS: b OK …").await;
    watcher.follow("C: c NOOP\nS: * BYE the selected mailbox is gone\nS:").await;
}

#[tokio::test]
async fn commands_may_be_sent_ahead() {
    let house = House::new().await;
    let mut client = house.ann().await;
    client
        .send("a CREATE x\r\nb SELECT x\r\nc APPEND x {3+}\r\nabc\r\nd FETCH 1 UID\r\ne LOGOUT\r\n")
        .await;
    client.follow("S: a OK …").await;
    while !client.line().await.starts_with("b OK") {}
    client
        .follow(
            r#"
            S: * 1 EXISTS
            S: * 0 RECENT
            S: c OK …
            S: * 1 FETCH (UID 1)
            S: d OK …
            S: * BYE …
            S: e OK …
            S:"#,
        )
        .await;
}
