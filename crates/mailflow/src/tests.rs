//! The room in a real store, with real people.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mailbox::Role;
use wire::workmail::PermissionType;
use world::{ManualClock, OsRandom, Timestamp, World};

use crate::{
    Authentication, DmarcPolicy, Incoming, LEASE, LIFETIME, Mailflow, Origin, Outcome, OwnMail,
    Probe, Refusal, Verdict, forget_orphans,
    testing::{House, Organization},
};

const MESSAGE: &str = "From: Ann <ann@acme.awsapps.com>\r\nSubject: x\r\n\r\nbody\r\n";
pub(crate) const RETURN_PATH: &str = "Return-Path: <sender>\r\n";

pub(crate) struct Town {
    pub(crate) house: House,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) acme: Organization,
    pub(crate) ann: String,
    pub(crate) bob: String,
}

/// Two users of one organization, and a clock that stands still.
pub(crate) async fn town() -> Town {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let world = World::new(clock.clone(), Arc::new(OsRandom));
    let house = House::new(world).await;
    let acme = house.organization("acme").await;
    let ann = house.user(&acme, "ann").await;
    let bob = house.user(&acme, "bob").await;
    Town { house, clock, acme, ann, bob }
}

impl Town {
    pub(crate) fn incoming(&self, sender: &str, recipients: &[&str], origin: Origin) -> Incoming {
        Incoming {
            id: self.house.world.random_hex::<8>(),
            sender: (!sender.is_empty()).then(|| sender.to_owned()),
            recipients: recipients.iter().map(|text| (*text).to_owned()).collect(),
            origin,
            authentication: Authentication::DISABLED,
            content: format!("{RETURN_PATH}{MESSAGE}").into(),
            return_path_octets: RETURN_PATH.len(),
            utf8: false,
        }
    }

    async fn receive(&self, sender: &str, recipients: &[&str]) -> Result<(), Refusal> {
        self.house.flow.accept(self.incoming(sender, recipients, Origin::Received)).await
    }

    pub(crate) fn by_ann(&self) -> Origin {
        Origin::Submitted { entity: self.ann.clone(), organization: self.acme.id.clone() }
    }

    pub(crate) async fn submit(&self, sender: &str, recipients: &[&str]) -> Result<(), Refusal> {
        self.house.flow.accept(self.incoming(sender, recipients, self.by_ann())).await
    }

    /// The only notice in somebody's inbox.
    pub(crate) async fn notice(&self, entity: &str) -> String {
        let inbox = self.house.inbox(entity).await;
        assert_eq!(inbox.len(), 1);
        let text = String::from_utf8(inbox[0].to_vec()).unwrap();
        assert!(text.starts_with("Return-Path: <>\r\n"), "{text}");
        assert!(text.contains("report-type=delivery-status"), "{text}");
        text
    }

    pub(crate) async fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let mut snapshot = self.house.store.read().await.unwrap();
        snapshot.row(&sql, store::params![], |row| row.get(0)).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn each_mailbox_once_however_it_is_reached() {
    let town = town().await;
    let house = &town.house;
    house.alias(&town.acme, &town.ann, "sales").await;
    let inner = house.group(&town.acme, "inner", &[&town.ann, &town.bob]).await;
    house.group(&town.acme, "outer", &[&inner, &town.bob]).await;
    let domain = &town.acme.domain;
    let recipients: Vec<String> = ["ann", "SALES", "ann+shop", "outer", "inner", "ann"]
        .iter()
        .map(|local| format!("{local}@{domain}"))
        .collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    town.receive("x@far.example", &recipients).await.unwrap();
    for entity in [&town.ann, &town.bob] {
        let inbox = house.inbox(entity).await;
        assert_eq!(inbox, [Bytes::from(format!("{RETURN_PATH}{MESSAGE}"))]);
    }
    assert_eq!(town.rows("bodies").await, 1);
}

#[tokio::test]
async fn organizations_have_bodies_of_their_own() {
    let town = town().await;
    let other = town.house.organization("other").await;
    let eve = town.house.user(&other, "eve").await;
    let recipients = ["ann@acme.awsapps.com", "eve@other.awsapps.com"];
    town.receive("x@far.example", &recipients).await.unwrap();
    assert_eq!(town.house.inbox(&town.ann).await, town.house.inbox(&eve).await);
    assert_eq!(town.rows("bodies").await, 2);
}

#[tokio::test]
async fn recipients_are_known_beforehand() {
    let town = town().await;
    let probe = async |local: &str| town.house.flow.probe(local).await.unwrap();
    assert_eq!(probe("ann@ACME.awsapps.com").await, Probe::Fine);
    assert_eq!(probe("nobody@acme.awsapps.com").await, Probe::Unknown);
    assert_eq!(probe("x@far.example").await, Probe::Elsewhere);
    town.house.quota(&town.ann, 0).await;
    assert_eq!(probe("ann@acme.awsapps.com").await, Probe::Full);
}

#[tokio::test]
async fn a_full_mailbox_does_not_hinder_the_others() {
    let town = town().await;
    town.house.quota(&town.ann, 10).await;
    let ann = "ann@acme.awsapps.com";
    let refused = town.receive("x@far.example", &[ann]).await;
    assert!(matches!(refused, Err(Refusal::MailboxFull)));
    assert_eq!(town.rows("bodies").await, 0);
    // Bob has room, and is also who is told: he gets the message and the notice.
    town.receive("bob@acme.awsapps.com", &[ann, "bob@acme.awsapps.com"]).await.unwrap();
    assert!(town.house.inbox(&town.ann).await.is_empty());
    let inbox = town.house.inbox(&town.bob).await;
    assert_eq!(inbox.len(), 2);
    let notice = String::from_utf8_lossy(&inbox[1]);
    assert!(notice.contains("Final-Recipient: rfc822; ann@acme.awsapps.com\r\n"), "{notice}");
    assert!(notice.contains("Status: 5.2.2\r\n") && notice.contains("Subject: x\r\n"), "{notice}");
}

#[tokio::test]
async fn a_notice_is_not_answered_by_another() {
    let town = town().await;
    town.house.quota(&town.ann, 10).await;
    town.receive("", &["ann@acme.awsapps.com", "bob@acme.awsapps.com"]).await.unwrap();
    assert_eq!(town.house.inbox(&town.bob).await.len(), 1);
    assert_eq!(town.rows("queue_messages").await, 0);
}

#[tokio::test]
async fn strangers_reach_nobody_elsewhere() {
    let town = town().await;
    let refused = town.receive("x@far.example", &["y@elsewhere.example"]).await;
    assert!(matches!(refused, Err(Refusal::NoRecipient)));
    assert_eq!(town.rows("queue_messages").await, 0);
}

#[tokio::test]
async fn users_write_under_their_own_names() {
    let town = town().await;
    let to = ["bob@acme.awsapps.com"];
    town.submit("ann@acme.awsapps.com", &to).await.unwrap();
    let foreign = town.submit("bob@acme.awsapps.com", &to).await;
    assert!(matches!(foreign, Err(Refusal::ForeignAuthor)));
    for from in ["bob@acme.awsapps.com", "ann+x@acme.awsapps.com", "x@far.example", ""] {
        let content = format!("{RETURN_PATH}From: {from}\r\n\r\n").into();
        let incoming = town.incoming("ann@acme.awsapps.com", &to, town.by_ann());
        let foreign = town.house.flow.accept(Incoming { content, ..incoming }).await;
        assert!(matches!(foreign, Err(Refusal::ForeignAuthor)), "{from}");
    }
    assert_eq!(town.house.inbox(&town.bob).await.len(), 1);
}

#[tokio::test]
async fn users_write_under_the_names_of_those_who_permit_it() {
    let town = town().await;
    let carl = town.house.user(&town.acme, "carl").await;
    town.house.user(&town.acme, "dan").await;
    town.house.permit(&town.acme, &town.bob, &town.ann, PermissionType::SendAs).await;
    town.house.permit(&town.acme, &carl, &town.ann, PermissionType::SendOnBehalf).await;
    for (from, sender, may) in [
        ("bob", None, true),
        ("bob", Some("bob"), true),
        ("bob", Some("ann"), true),
        ("ann", Some("bob"), true),
        ("carl", Some("ann"), true),
        ("carl", None, false),
        ("carl", Some("carl"), false),
        ("carl", Some("bob"), false),
        ("ann", Some("carl"), false),
        ("dan", Some("ann"), false),
        ("ann", Some("dan"), false),
    ] {
        let sender = sender.map(|name| format!("Sender: {name}@acme.awsapps.com\r\n"));
        let sender = sender.unwrap_or_default();
        let content = format!("{RETURN_PATH}From: {from}@acme.awsapps.com\r\n{sender}\r\n");
        for envelope in ["ann", "bob"] {
            let envelope = format!("{envelope}@acme.awsapps.com");
            let incoming = town.incoming(&envelope, &["dan@acme.awsapps.com"], town.by_ann());
            let incoming = Incoming { content: content.clone().into(), ..incoming };
            let accepted = town.house.flow.accept(incoming).await;
            assert_eq!(accepted.is_ok(), may, "{from} {sender} {accepted:?}");
        }
    }
    let flow = &town.house.flow;
    assert!(flow.may_send_as(&town.ann, "carl@acme.awsapps.com").await.unwrap());
    assert!(!flow.may_send_as(&town.bob, "ann@acme.awsapps.com").await.unwrap());
}

#[tokio::test]
async fn the_queue_is_claimed_once_and_settled() {
    let town = town().await;
    let recipients = [
        "bob@acme.awsapps.com",
        "a@far.example",
        "b@FAR.example",
        "a@far.example",
        "c@near.example",
    ];
    town.submit("ann@acme.awsapps.com", &recipients).await.unwrap();
    assert_eq!(town.house.inbox(&town.bob).await.len(), 1);
    let flow = &town.house.flow;
    let mut jobs = flow.claim(10).await.unwrap();
    jobs.sort_by(|a, b| a.domain.cmp(&b.domain));
    let domains: Vec<_> =
        jobs.iter().map(|job| (job.domain.as_str(), job.recipients.len())).collect();
    assert_eq!(domains, [("far.example", 2), ("near.example", 1)]);
    assert!(flow.claim(10).await.unwrap().is_empty());
    assert_eq!(flow.load(&jobs[0]).await.unwrap(), MESSAGE);

    flow.settle(&jobs[0], vec![Outcome::Sent, Outcome::Later("451 wait".into())]).await.unwrap();
    flow.settle(&jobs[1], vec![Outcome::Failed("550 5.1.1 no".into())]).await.unwrap();
    let notice = town.notice(&town.ann).await;
    assert!(notice.contains("Final-Recipient: rfc822; c@near.example"), "{notice}");
    assert!(notice.contains("Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no"), "{notice}");

    let due = flow.next_due().await.unwrap().unwrap();
    town.clock.set(due);
    let jobs = flow.claim(10).await.unwrap();
    assert_eq!(jobs[0].recipients, [("b@FAR.example".to_owned(), 2)]);
    flow.settle(&jobs[0], vec![Outcome::Sent]).await.unwrap();
    assert_eq!(town.rows("queue_recipients").await, 0);
    assert_eq!(town.rows("queue_messages").await, 0);
    assert_eq!(town.rows("body_holds").await, 0);
}

#[tokio::test]
async fn what_a_deleted_organization_left_in_the_queue_goes_and_the_rest_stays() {
    let town = town().await;
    let next = town.house.organization("next").await;
    let eve = town.house.user(&next, "eve").await;
    town.submit("ann@acme.awsapps.com", &["a@far.example", "b@near.example"]).await.unwrap();
    let by_eve = Origin::Submitted { entity: eve, organization: next.id.clone() };
    let message = town.incoming("eve@next.awsapps.com", &["a@far.example"], by_eve);
    let content = MESSAGE.replace("ann@acme", "eve@next");
    let content = format!("{RETURN_PATH}{content}").into();
    town.house.flow.accept(Incoming { content, ..message }).await.unwrap();
    let store = &town.house.store;
    assert_eq!(forget_orphans(store, 10).await.unwrap(), 0);
    let mut tx = store.write().await.unwrap();
    let sql = "UPDATE organizations SET state = 'Deleted' WHERE id = $1";
    tx.execute(sql, store::params![&next.id]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(forget_orphans(store, 10).await.unwrap(), 1);
    for (table, rows) in [("queue_messages", 1), ("queue_recipients", 2), ("body_holds", 1)] {
        assert_eq!(town.rows(table).await, rows, "{table}");
    }
}

#[tokio::test]
async fn a_lost_worker_is_replaced_and_cannot_interfere() {
    let town = town().await;
    town.submit("ann@acme.awsapps.com", &["a@far.example"]).await.unwrap();
    let flow = &town.house.flow;
    let lost = flow.claim(1).await.unwrap();
    town.clock.advance(LEASE + Duration::from_secs(1));
    let found = flow.claim(1).await.unwrap();
    assert_eq!(found.len(), 1);
    flow.settle(&lost[0], vec![Outcome::Failed("550 no".into())]).await.unwrap();
    assert!(town.house.inbox(&town.ann).await.is_empty());
    assert_eq!(town.rows("queue_recipients").await, 1);
    flow.settle(&found[0], vec![Outcome::Sent]).await.unwrap();
    assert_eq!(town.rows("queue_recipients").await, 0);
}

#[tokio::test]
async fn what_a_lost_process_left_behind_is_due_at_its_next_start() {
    let town = town().await;
    town.submit("ann@acme.awsapps.com", &["x@far.example"]).await.unwrap();
    let flow = &town.house.flow;
    let lost = flow.claim(9).await.unwrap();
    assert_eq!((lost.len(), flow.claim(9).await.unwrap().len()), (1, 0));
    flow.end_leases().await.unwrap();
    let found = flow.claim(9).await.unwrap();
    assert_eq!(found[0].recipients, [("x@far.example".to_owned(), 2)]);
}

#[tokio::test]
async fn there_is_a_postmaster_wherever_one_was_named() {
    let town = town().await;
    let probe =
        |flow: Mailflow, address: &'static str| async move { flow.probe(address).await.unwrap() };
    let flow = town.house.flow.clone();
    assert_eq!(probe(flow.clone(), "postmaster@acme.awsapps.com").await, Probe::Unknown);
    let named = |reader| flow.clone().with_postmaster(Some(reader));
    let by_bob = named("bob@acme.awsapps.com");
    assert_eq!(probe(by_bob.clone(), "PostMaster@acme.awsapps.com").await, Probe::Fine);
    assert_eq!(probe(by_bob.clone(), "postmaster@far.example").await, Probe::Elsewhere);
    assert_eq!(probe(by_bob.clone(), "hostmaster@acme.awsapps.com").await, Probe::Unknown);
    let away = named("x@far.example");
    assert_eq!(probe(away, "postmaster@acme.awsapps.com").await, Probe::Unknown);
    let recipients = ["postmaster@acme.awsapps.com", "bob@acme.awsapps.com"];
    by_bob.accept(town.incoming("x@y", &recipients, Origin::Received)).await.unwrap();
    assert_eq!(town.house.inbox(&town.bob).await.len(), 1);
    town.house.user(&town.acme, "postmaster").await;
    by_bob.accept(town.incoming("x@y", &recipients[..1], Origin::Received)).await.unwrap();
    assert_eq!(town.house.inbox(&town.bob).await.len(), 1);
}

#[tokio::test]
async fn a_message_expires_with_a_notice() {
    let town = town().await;
    town.submit("ann@acme.awsapps.com", &["a@far.example"]).await.unwrap();
    town.clock.advance(LIFETIME);
    let jobs = town.house.flow.claim(1).await.unwrap();
    town.house.flow.settle(&jobs[0], vec![Outcome::Later("timeout".into())]).await.unwrap();
    assert!(town.notice(&town.ann).await.contains("Status: 5.4.7\r\n"));
    assert_eq!(town.rows("queue_messages").await, 0);
}

#[tokio::test]
async fn notices_to_other_servers_are_queued() {
    let town = town().await;
    town.house.quota(&town.ann, 10).await;
    let recipients = ["ann@acme.awsapps.com", "bob@acme.awsapps.com"];
    town.receive("x@far.example", &recipients).await.unwrap();
    let jobs = town.house.flow.claim(1).await.unwrap();
    assert_eq!((jobs[0].sender.as_str(), jobs[0].domain.as_str()), ("", "far.example"));
    let text = town.house.flow.load(&jobs[0]).await.unwrap();
    assert!(text.starts_with(b"Date: "), "{text:?}");
    // Nobody is told that a notice failed.
    town.house.flow.settle(&jobs[0], vec![Outcome::Failed("550 no".into())]).await.unwrap();
    assert_eq!(town.rows("queue_messages").await, 0);
}

/// Two workers, or two servers on one database, never claim the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_many_claim_is_claimed_once() {
    let town = Arc::new(town().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..12 {
        let town = Arc::clone(&town);
        tasks.spawn(async move {
            let remote = format!("x@n{n}.example");
            town.submit("ann@acme.awsapps.com", &["bob@acme.awsapps.com", &remote]).await.unwrap();
        });
    }
    while tasks.join_next().await.is_some() {}
    assert_eq!(town.house.inbox(&town.bob).await.len(), 12);
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let flow = town.house.flow.clone();
        claims.spawn(async move { flow.claim(12).await.unwrap() });
    }
    let jobs: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    let domains: std::collections::HashSet<_> = jobs.iter().map(|job| &job.domain).collect();
    assert_eq!((jobs.len(), domains.len()), (12, 12));
}

#[tokio::test]
async fn the_house_itself_writes_to_anybody() {
    let town = town().await;
    let flow = &town.house.flow;
    let text = "Grüße\n\nTwo lines.\n";
    for to in ["ann@acme.awsapps.com", "eve@far.example"] {
        let packed = flow.write(OwnMail { to, subject: "A word", text }).await.unwrap();
        let mut tx = town.house.store.write().await.unwrap();
        assert!(flow.post(&mut tx, &packed).await.unwrap());
        tx.commit().await.unwrap();
    }
    let inbox = town.house.inbox(&town.ann).await;
    let shown = String::from_utf8(inbox[0].to_vec()).unwrap();
    assert!(shown.starts_with("Return-Path: <>\r\nDate: "), "{shown}");
    assert!(shown.contains("\r\nTo: <ann@acme.awsapps.com>\r\nSubject: A word\r\n"), "{shown}");
    assert!(shown.ends_with("\r\n\r\nGrüße\r\n\r\nTwo lines.\r\n"), "{shown}");
    let job = flow.claim(1).await.unwrap().remove(0);
    assert_eq!((job.sender.as_str(), job.recipients[0].0.as_str()), ("", "eve@far.example"));
    assert!(flow.load(&job).await.unwrap().starts_with(b"Date: "));
}

#[tokio::test]
async fn mail_of_the_house_for_nobody_is_dropped_in_silence() {
    let town = town().await;
    let mail = OwnMail { to: "no@acme.awsapps.com", subject: "A word", text: "x" };
    let packed = town.house.flow.write(mail).await.unwrap();
    let mut tx = town.house.store.write().await.unwrap();
    assert!(!town.house.flow.post(&mut tx, &packed).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(town.rows("queue_messages").await, 0);
}

#[tokio::test]
async fn what_only_claims_to_be_from_a_domain_is_treated_as_the_domain_asks() {
    let town = town().await;
    let claim = |dmarc, policy| {
        let mut incoming =
            town.incoming("x@elsewhere.example", &["bob@acme.awsapps.com"], Origin::Received);
        incoming.authentication.dmarc = dmarc;
        incoming.authentication.dmarc_policy = policy;
        incoming
    };
    let cases = [
        (Verdict::Fail, Some(DmarcPolicy::Reject), 0, 0),
        (Verdict::Fail, Some(DmarcPolicy::Quarantine), 0, 1),
        (Verdict::Fail, Some(DmarcPolicy::None), 1, 1),
        (Verdict::Pass, Some(DmarcPolicy::Reject), 2, 1),
        (Verdict::Gray, None, 3, 1),
    ];
    for (dmarc, policy, inbox, junk) in cases {
        town.house.flow.accept(claim(dmarc, policy)).await.unwrap();
        assert_eq!(town.house.inbox(&town.bob).await.len(), inbox, "{dmarc:?} {policy:?}");
        assert_eq!(
            town.house.folder(&town.bob, Role::Junk).await.len(),
            junk,
            "{dmarc:?} {policy:?}"
        );
    }
}

#[tokio::test]
async fn policies_are_obeyed_by_those_who_want_it() {
    let town = town().await;
    let other = town.house.organization("other").await;
    let eve = town.house.user(&other, "eve").await;
    town.house.obey_dmarc(&other, false).await;
    let to = ["bob@acme.awsapps.com", "eve@other.awsapps.com"];
    let mut incoming = town.incoming("x@elsewhere.example", &to, Origin::Received);
    incoming.authentication.dmarc = Verdict::Fail;
    incoming.authentication.dmarc_policy = Some(DmarcPolicy::Reject);
    town.house.flow.accept(incoming).await.unwrap();
    assert_eq!(town.house.inbox(&town.bob).await.len(), 0);
    assert_eq!(town.house.inbox(&eve).await.len(), 1);
}
