//! Rules obeyed in a real store.

use mailbox::Role;
use wire::workmail::{
    InboundMailFlowRuleAction, InboundMailFlowRuleActionType as In, OutboundMailFlowRuleAction,
    OutboundMailFlowRuleActionType as Out,
};

use crate::{
    Authentication, DmarcPolicy, Incoming, Origin, Refusal, Verdict,
    events::Events,
    tests::{RETURN_PATH, Town, town},
    treatment::{self, Treatment},
};

const ANN: &str = "ann@acme.awsapps.com";
const BOB: &str = "bob@acme.awsapps.com";
const FAR: &str = "x@far.example";

fn inbound(action: In) -> InboundMailFlowRuleAction {
    InboundMailFlowRuleAction { r#type: action, ..Default::default() }
}

fn outbound(action: Out) -> OutboundMailFlowRuleAction {
    OutboundMailFlowRuleAction { r#type: action, ..Default::default() }
}

impl Town {
    async fn inbound(&self, action: In, patterns: [&str; 2]) {
        let name = format!("{action:?} {patterns:?}");
        self.house.inbound_rule(&self.acme, &name, inbound(action), patterns).await;
    }

    async fn outbound(&self, action: Out, patterns: [&str; 2]) {
        let name = format!("{action:?} {patterns:?}");
        self.house.outbound_rule(&self.acme, &name, outbound(action), patterns).await;
    }

    fn far_mail(&self, header: &str, recipients: &[&str]) -> Incoming {
        let content = format!("{RETURN_PATH}{header}\r\n\r\nbody\r\n").into();
        let incoming = self.incoming("bounces+1@mailer.example", recipients, Origin::Received);
        Incoming { content, ..incoming }
    }

    async fn comes(&self, header: &str, recipients: &[&str]) -> Result<(), Refusal> {
        self.house.flow.accept(self.far_mail(header, recipients)).await
    }

    /// Messages in the inbox and in the junk folder.
    async fn filed(&self, entity: &str) -> (usize, usize) {
        let junk = self.house.folder(entity, Role::Junk).await.len();
        (self.house.inbox(entity).await.len(), junk)
    }
}

#[tokio::test]
async fn each_recipient_gets_a_rule_of_its_own() {
    let town = town().await;
    let carl = town.house.user(&town.acme, "carl").await;
    town.inbound(In::Drop, ["far.example", ANN]).await;
    town.inbound(In::MoveToJunk, ["far.example", BOB]).await;
    let recipients = [ANN, BOB, "carl@acme.awsapps.com"];
    town.comes("From: eve@far.example", &recipients).await.unwrap();
    assert_eq!(town.filed(&town.ann).await, (0, 0));
    assert_eq!(town.filed(&town.bob).await, (0, 1));
    assert_eq!(town.filed(&carl).await, (1, 0));
    // dropped for all: taken, and nobody is told
    town.comes("From: eve@far.example", &[ANN]).await.unwrap();
    assert_eq!((town.rows("bodies").await, town.rows("queue_messages").await), (1, 0));
}

#[tokio::test]
async fn the_header_says_whose_mail_it_is() {
    let town = town().await;
    town.inbound(In::MoveToJunk, ["list.example", "*"]).await;
    town.inbound(In::Drop, ["eve@far.example", "*"]).await;
    let header = "From: Eve <EVE+x@far.example>\r\nSender: l@List.example";
    town.comes(header, &[ANN]).await.unwrap();
    assert_eq!(town.filed(&town.ann).await, (0, 1), "the sender counts");
    let header = "From: eve@far.example\r\nSender: nobody@else.example";
    town.comes(header, &[ANN]).await.unwrap();
    assert_eq!(town.filed(&town.ann).await, (0, 1), "no rule is about the sender");
    town.comes("From: eve@other.example", &[ANN]).await.unwrap();
    town.comes("Subject: from nobody", &[ANN]).await.unwrap();
    assert_eq!(town.filed(&town.ann).await, (2, 1));
}

#[tokio::test]
async fn a_bounce_is_a_refusal_where_that_can_be_given() {
    let town = town().await;
    let told = InboundMailFlowRuleAction {
        bounce_message: Some("closed on Sundays".into()),
        ..inbound(In::Bounce)
    };
    town.house.inbound_rule(&town.acme, "told", told, ["far.example", "*"]).await;
    town.inbound(In::Default, ["far.example", BOB]).await;
    let refused = town.comes("From: eve@far.example", &[ANN]).await;
    assert!(matches!(refused, Err(Refusal::Blocked(text)) if text == "closed on Sundays"));
    assert_eq!((town.rows("bodies").await, town.rows("queue_messages").await), (0, 0));
    // one reply cannot say it for one of two
    town.comes("From: eve@far.example", &[ANN, BOB]).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (1, 0));
    let jobs = town.house.flow.claim(9).await.unwrap();
    assert_eq!(jobs[0].recipients[0].0, "bounces+1@mailer.example");
    let notice = String::from_utf8(town.house.flow.load(&jobs[0]).await.unwrap().to_vec()).unwrap();
    assert!(notice.contains("closed on Sundays") && notice.contains("Status: 5.7.1"), "{notice}");
}

#[tokio::test]
async fn whose_address_was_forged_is_told_nothing() {
    let town = town().await;
    town.inbound(In::Bounce, ["*", ANN]).await;
    let authentication = Authentication { spf: Verdict::Fail, ..Authentication::DISABLED };
    let incoming = town.far_mail("From: eve@far.example", &[ANN, BOB]);
    town.house.flow.accept(Incoming { authentication, ..incoming }).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (1, 0));
    assert_eq!(town.rows("queue_messages").await, 0);
    // but a refusal tells the server that brings it
    let incoming = Incoming { authentication, ..town.far_mail("From: eve@far.example", &[ANN]) };
    let refused = town.house.flow.accept(incoming).await;
    assert!(matches!(refused, Err(Refusal::Blocked(_))));
}

#[tokio::test]
async fn rules_stand_over_quarantine_and_below_rejection() {
    let town = town().await;
    town.inbound(In::BypassSpamCheck, ["far.example", ANN]).await;
    town.inbound(In::Default, ["far.example", BOB]).await;
    let failed = |policy| Authentication {
        dmarc: Verdict::Fail,
        dmarc_policy: Some(policy),
        ..Authentication::DISABLED
    };
    for policy in [DmarcPolicy::Quarantine, DmarcPolicy::Reject] {
        let incoming = town.far_mail("From: eve@far.example", &[ANN, BOB]);
        let incoming = Incoming { authentication: failed(policy), ..incoming };
        town.house.flow.accept(incoming).await.unwrap();
        assert_eq!(town.filed(&town.ann).await, (1, 0));
        assert_eq!(town.filed(&town.bob).await, (0, 1));
    }
}

#[tokio::test]
async fn mail_of_users_meets_outbound_rules_and_then_inbound_ones() {
    let town = town().await;
    town.outbound(Out::Drop, ["*", "drop.example"]).await;
    town.outbound(Out::Default, [ANN, "ann@drop.example"]).await;
    town.inbound(In::MoveToJunk, [ANN, BOB]).await;
    let recipients = [BOB, "x@drop.example", "ann@drop.example", FAR];
    town.submit(ANN, &recipients).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (0, 1));
    let jobs = town.house.flow.claim(9).await.unwrap();
    let mut sent: Vec<_> = jobs.iter().flat_map(|job| &job.recipients).map(|(to, _)| to).collect();
    sent.sort();
    assert_eq!(sent, ["ann@drop.example", FAR]);
    // what comes from elsewhere meets no outbound rule
    town.outbound(Out::Drop, ["*", "*"]).await;
    town.comes("From: eve@far.example", &[BOB]).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (1, 1));
    town.submit(ANN, &[BOB]).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (1, 1));
}

#[tokio::test]
async fn a_user_is_told_what_the_administrator_blocks() {
    let town = town().await;
    town.outbound(Out::Bounce, ["*", "far.example"]).await;
    town.submit(ANN, &[FAR]).await.unwrap();
    let notice = town.notice(&town.ann).await;
    assert!(notice.contains("your administrator has blocked this message"), "{notice}");
    assert!(notice.contains("Final-Recipient: rfc822; x@far.example"), "{notice}");
    assert_eq!(town.rows("queue_messages").await, 0);
    // whom a notice cannot reach gets a refusal
    let nobody = Incoming { sender: None, ..town.incoming(ANN, &[FAR], town.by_ann()) };
    let refused = town.house.flow.accept(nobody).await;
    assert!(matches!(refused, Err(Refusal::Blocked(_))));
}

#[tokio::test]
async fn a_gateway_takes_whom_its_rules_name() {
    let town = town().await;
    let gateway = town.house.gateway(&town.acme, "relay.example", 587).await;
    let by_gateway = OutboundMailFlowRuleAction {
        smtp_gateway_id: Some(gateway.clone()),
        ..outbound(Out::SmtpGateway)
    };
    let patterns = ["*", "a@far.example"];
    town.house.outbound_rule(&town.acme, "one", by_gateway.clone(), patterns).await;
    town.house.outbound_rule(&town.acme, "two", by_gateway, ["*", BOB]).await;
    town.submit(ANN, &["a@far.example", "b@far.example", BOB]).await.unwrap();
    assert_eq!(town.filed(&town.bob).await, (0, 0), "the gateway comes before the mailbox");
    let mut jobs: Vec<_> = town.house.flow.claim(9).await.unwrap();
    jobs.sort_by(|a, b| a.recipients.cmp(&b.recipients));
    let ways: Vec<_> = jobs
        .iter()
        .map(|job| (job.recipients[0].0.as_str(), job.recipients.len(), job.gateway.as_deref()))
        .collect();
    let by = Some(gateway.as_str());
    assert_eq!(ways, [("a@far.example", 1, by), ("b@far.example", 1, None), (BOB, 1, by)]);
}

#[tokio::test]
async fn what_a_rule_did_is_noted_for_its_organization() {
    let town = town().await;
    let other = town.house.organization("other").await;
    town.house.user(&other, "eve").await;
    town.inbound(In::Drop, ["far.example", "*"]).await;
    let incoming = town.far_mail("From: e@far.example", &[ANN, "eve@other.awsapps.com", BOB]);
    let mut snapshot = town.house.store.read().await.unwrap();
    let mut events = Events::default();
    let known = Default::default();
    let treated = treatment::judge(&mut snapshot, &known, &incoming, &mut events).await.unwrap();
    let dropped: Vec<_> =
        treated.treated.iter().map(|one| one.treatment == Treatment::Drop).collect();
    assert_eq!(dropped, [true, false, true]);
    let noted = format!("{events:?}");
    assert!(noted.contains("RuleApplied") && noted.contains("InboundRule"), "{noted}");
    assert!(noted.contains(&format!("{:?}", [ANN, BOB])), "{noted}");
    assert!(!noted.contains("other.awsapps.com"), "{noted}");
}
