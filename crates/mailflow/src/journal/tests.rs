//! Records in a real store.

use bytes::Bytes;
use mail_parser::{MessageParser, MimeHeaders};
use mailbox::Role;

use crate::{
    Authentication, DmarcPolicy, Incoming, Origin, Outcome, Verdict,
    tests::{RETURN_PATH, Town, town},
};

const JOURNAL: &str = "keeper@acme.awsapps.com";
const REPORT: &str = "bob@acme.awsapps.com";

/// A town that keeps a journal; gives the id of the user who gets the records.
async fn journaled() -> (Town, String) {
    let town = town().await;
    let keeper = town.house.user(&town.acme, "keeper").await;
    town.house.journal(&town.acme, JOURNAL, REPORT).await;
    (town, keeper)
}

impl Town {
    async fn accept(&self, origin: Origin, header: &str, recipients: &[&str]) -> Bytes {
        let sender = match origin {
            Origin::Received => "eve@far.example",
            Origin::Submitted { .. } => "ann@acme.awsapps.com",
        };
        let content = format!("{RETURN_PATH}{header}\r\nbody \u{e9}\r\n.\r\n--x");
        let content = Bytes::from(content);
        let incoming = self.incoming(sender, recipients, origin);
        let incoming = Incoming { content: content.clone(), ..incoming };
        self.house.flow.accept(incoming).await.unwrap();
        content.slice(RETURN_PATH.len()..)
    }

    /// The text of the only record in an inbox, which holds `original` as it was.
    async fn record(&self, keeper: &str, original: &[u8]) -> String {
        let inbox = self.house.inbox(keeper).await;
        assert_eq!(inbox.len(), 1);
        record(&inbox[0], original)
    }
}

fn record(content: &[u8], original: &[u8]) -> String {
    let parsed = MessageParser::default().parse(content).unwrap();
    let from = parsed.from().unwrap().first().unwrap().address().unwrap();
    assert_eq!(from, "amazonjournaling@acme.awsapps.com");
    let attached = parsed.attachment(0).unwrap();
    assert_eq!(attached.content_type().unwrap().c_subtype.as_deref(), Some("rfc822"));
    let (start, end) = (attached.raw_body_offset() as usize, attached.raw_end_offset() as usize);
    assert_eq!(&content[start..end], original);
    parsed.body_text(0).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn what_comes_is_recorded_once() {
    let (town, keeper) = journaled().await;
    town.house.group(&town.acme, "team", &[&town.bob]).await;
    let header = "From: Eve <eve@far.example>\r\nTo: Team@acme.awsapps.com\r\n\
        Subject: =?utf-8?Q?sch=C3=B6n?=\r\nMessage-ID: <1@far.example>\r\n";
    let recipients = ["ann@acme.awsapps.com", "team@acme.awsapps.com"];
    let original = town.accept(Origin::Received, header, &recipients).await;
    assert_eq!(
        town.record(&keeper, &original).await,
        "Sender: eve@far.example\nSubject: sch\u{f6}n\nMessage-ID: <1@far.example>\n\
         Recipient: ann@acme.awsapps.com\n\
         To: bob@acme.awsapps.com, Expanded: team@acme.awsapps.com"
            .replace('\n', "\r\n")
    );
    let record = &town.house.inbox(&keeper).await[0];
    let parsed = MessageParser::default().parse(record).unwrap();
    assert_eq!(parsed.subject(), Some("sch\u{f6}n"));
    assert!(parsed.header_raw("X-MS-Journal-Report").is_some());
    assert!(parsed.to().unwrap().contains(JOURNAL));
}

#[tokio::test]
async fn what_goes_is_recorded_with_all_its_recipients() {
    let (town, keeper) = journaled().await;
    let header = "From: bob@acme.awsapps.com\r\nSender: ann@acme.awsapps.com\r\n\
        To: bob@acme.awsapps.com\r\nCc: X@far.example\r\n";
    let permission = wire::workmail::PermissionType::SendOnBehalf;
    town.house.permit(&town.acme, &town.bob, &town.ann, permission).await;
    let recipients = ["bob@acme.awsapps.com", "x@far.example", "y@far.example"];
    let original = town.accept(town.by_ann(), header, &recipients).await;
    assert_eq!(
        town.record(&keeper, &original).await,
        "Sender: ann@acme.awsapps.com\r\nOn-Behalf-Of: bob@acme.awsapps.com\r\nSubject: \r\n\
         Message-ID: <>\r\nTo: bob@acme.awsapps.com\r\nCc: x@far.example\r\nBcc: y@far.example"
    );
}

#[tokio::test]
async fn each_organization_records_what_it_can_see() {
    let (town, keeper) = journaled().await;
    let other = town.house.organization("other").await;
    let dan = town.house.user(&other, "dan").await;
    town.house.group(&other, "staff", &[&dan]).await;
    town.house.journal(&other, "x@archive.example", "y@archive.example").await;
    let recipients = ["bob@acme.awsapps.com", "staff@other.awsapps.com"];
    let header = "From: ann@acme.awsapps.com\r\n";
    let original = town.accept(town.by_ann(), header, &recipients).await;
    let text = town.record(&keeper, &original).await;
    assert!(
        text.ends_with("\r\nBcc: bob@acme.awsapps.com\r\nBcc: staff@other.awsapps.com"),
        "{text}"
    );
    let job = town.house.flow.claim(9).await.unwrap().remove(0);
    assert_eq!(job.sender, "amazonjournaling@other.awsapps.com");
    assert_eq!(job.recipients[0].0, "x@archive.example");
    let sent = town.house.flow.load(&job).await.unwrap();
    let sent = String::from_utf8(sent.to_vec()).unwrap();
    let line = "\r\nRecipient: dan@other.awsapps.com, Expanded: staff@other.awsapps.com\r\n";
    assert!(sent.contains(line) && !sent.contains("Bcc"), "{sent}");
}

#[tokio::test]
async fn who_is_named_for_it_is_told_of_records_that_are_lost() {
    let (town, keeper) = journaled().await;
    town.house.quota(&keeper, 10).await;
    let header = "From: eve@far.example\r\nSubject: lost\r\n";
    town.accept(Origin::Received, header, &["ann@acme.awsapps.com"]).await;
    assert_eq!(town.house.inbox(&town.ann).await.len(), 1);
    assert!(town.house.inbox(&keeper).await.is_empty());
    let notice = town.notice(&town.bob).await;
    assert!(notice.contains("Final-Recipient: rfc822; keeper@acme.awsapps.com\r\n"), "{notice}");
    assert!(notice.contains("\r\nSubject: lost\r\n"), "{notice}");
    assert_eq!(town.rows("queue_messages").await, 0, "the sender is not told");
}

#[tokio::test]
async fn who_is_named_for_it_is_told_of_what_another_server_refuses() {
    let town = town().await;
    town.house.journal(&town.acme, "x@archive.example", REPORT).await;
    let header = "From: eve@far.example\r\n";
    town.accept(Origin::Received, header, &["ann@acme.awsapps.com"]).await;
    let job = town.house.flow.claim(1).await.unwrap().remove(0);
    town.house.flow.settle(&job, vec![Outcome::Failed("550 5.1.1 no".into())]).await.unwrap();
    let notice = town.notice(&town.bob).await;
    assert!(notice.contains("Final-Recipient: rfc822; x@archive.example\r\n"), "{notice}");
}

#[tokio::test]
async fn a_group_of_nobody_takes_no_records() {
    let town = town().await;
    town.house.group(&town.acme, "nobody", &[]).await;
    town.house.journal(&town.acme, "nobody@acme.awsapps.com", REPORT).await;
    let header = "From: eve@far.example\r\n";
    town.accept(Origin::Received, header, &["ann@acme.awsapps.com"]).await;
    assert!(town.notice(&town.bob).await.contains("nobody@acme.awsapps.com"));
}

#[tokio::test]
async fn a_record_that_comes_back_is_not_recorded_again() {
    let (town, keeper) = journaled().await;
    let header = "From: eve@far.example\r\n";
    let to = ["ann@acme.awsapps.com"];
    town.accept(Origin::Received, header, &to).await;
    let record = town.house.inbox(&keeper).await.remove(0);
    let (mark, _) = String::from_utf8_lossy(&record)
        .split_once("X-Journal-Mark: ")
        .and_then(|(_, rest)| rest.split_once("\r\n").map(|(mark, _)| (mark.to_owned(), ())))
        .unwrap();
    let marked = |mark: &str| format!("{header}x-journal-mark:\r\n {mark}\r\n");
    town.accept(Origin::Received, &marked(&mark), &to).await;
    assert_eq!(town.house.inbox(&keeper).await.len(), 1);
    town.accept(Origin::Received, &marked(&format!("A{mark}")), &to).await;
    assert_eq!(town.house.inbox(&keeper).await.len(), 2, "nobody can make up a mark");
    let other = town.house.organization("other").await;
    let dan = town.house.user(&other, "dan").await;
    town.house.user(&other, "eve").await;
    town.house.journal(&other, "dan@other.awsapps.com", REPORT).await;
    town.accept(Origin::Received, &marked(&mark), &["eve@other.awsapps.com"]).await;
    let theirs = town.house.inbox(&dan).await;
    assert_eq!(theirs.len(), 1, "the mark of another organization means nothing here");
    assert_eq!(super::report::marks(crate::author::header(&theirs[0])).len(), 2);
}

#[tokio::test]
async fn what_reaches_nobody_is_not_recorded() {
    let (town, keeper) = journaled().await;
    let mut incoming = town.incoming("x@far.example", &["ann@acme.awsapps.com"], Origin::Received);
    incoming.authentication = Authentication {
        dmarc: Verdict::Fail,
        dmarc_policy: Some(DmarcPolicy::Reject),
        ..Authentication::DISABLED
    };
    town.house.flow.accept(incoming.clone()).await.unwrap();
    assert!(town.house.inbox(&keeper).await.is_empty());
    incoming.id = "another".into();
    incoming.authentication.dmarc_policy = Some(DmarcPolicy::Quarantine);
    town.house.flow.accept(incoming).await.unwrap();
    assert_eq!(town.house.folder(&town.ann, Role::Junk).await.len(), 1);
    assert_eq!(town.house.inbox(&keeper).await.len(), 1);
}
