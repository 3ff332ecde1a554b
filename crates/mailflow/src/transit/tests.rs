//! Messages that rules show to functions, in a real store.

use std::collections::VecDeque;

use bytes::Bytes;
use mailbox::Role;
use serde_json::json;
use wire::workmail::{
    InboundMailFlowFallback, InboundMailFlowFallbackType as Fallback, InboundMailFlowLambda,
    InboundMailFlowRuleAction, InboundMailFlowRuleActionType, MailFlowInvocationType,
};
use world::{Random, SeededRandom};

use super::*;
use crate::{
    Origin,
    tests::{RETURN_PATH, Town, town},
};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
const HOME: (&str, &str) = ("123456789012", "us-east-1");

/// A rule for all mail that comes in, which waits so many minutes for a function or does not wait.
async fn rule(town: &Town, minutes: Option<i32>, fallback: Fallback) {
    let of = |invocation_type| InboundMailFlowLambda {
        function_arn: FUNCTION.into(),
        invocation_type,
        fallback_action: None,
        timeout_minutes: minutes,
    };
    let lambda = match minutes {
        None => of(MailFlowInvocationType::Asynchronous),
        Some(_) => InboundMailFlowLambda {
            fallback_action: Some(InboundMailFlowFallback {
                r#type: fallback,
                bounce_message: None,
            }),
            ..of(MailFlowInvocationType::Synchronous)
        },
    };
    let action = InboundMailFlowRuleAction {
        r#type: InboundMailFlowRuleActionType::Lambda,
        lambda: Some(lambda),
        ..Default::default()
    };
    town.house.inbound_rule(&town.acme, "in", action, ["*", "*"]).await;
}

async fn receive(town: &Town, recipients: &[&str]) {
    let incoming = town.incoming("x@far.example", recipients, Origin::Received);
    town.house.flow.accept(incoming).await.unwrap();
}

/// The only call that is due.
async fn due(town: &Town) -> Call {
    let mut calls = town.house.flow.claim_calls(10, &[]).await.unwrap();
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

async fn settle(town: &Town, call: &Call, answer: &serde_json::Value) {
    let said = Ok(Bytes::from(answer.to_string()));
    town.house.flow.settle_call(call, said).await.unwrap();
}

fn for_all(kind: &str) -> serde_json::Value {
    json!({"actions": [{"action": {"type": kind}, "allRecipients": true}]})
}

/// Gives a message another text, as a call of the API does.
async fn replace_text(town: &Town, id: &str, text: &[u8]) {
    let (flow, store) = (&town.house.flow, &town.house.store);
    let mut snapshot = store.read().await.unwrap();
    let message = find(&mut snapshot, HOME, id, town.house.world.now()).await.unwrap().unwrap();
    let located = message.locate(&mut snapshot, store.keyring()).await.unwrap();
    drop(snapshot);
    let original = flow.text_in_transit(&message, &located).await.unwrap();
    let prepared = flow.prepare_replacement(&message, &original, text).await.unwrap();
    let mut tx = store.write().await.unwrap();
    replace(&mut tx, &message, &prepared).await.unwrap();
    tx.commit().await.unwrap();
}

const ANN: &str = "ann@acme.awsapps.com";
const BOB: &str = "bob@acme.awsapps.com";

#[tokio::test]
async fn a_message_waits_for_its_function() {
    let town = town().await;
    rule(&town, Some(0), Fallback::Drop).await;
    receive(&town, &[ANN, BOB]).await;
    assert!(town.house.inbox(&town.ann).await.is_empty());
    let of_others = town.house.flow.claim_calls(10, &["m-1", &town.acme.id]).await.unwrap();
    assert!(of_others.is_empty());
    let call = due(&town).await;
    assert_eq!((call.function(), call.is_awaited()), (FUNCTION, true));
    assert!(town.house.flow.claim_calls(10, &[]).await.unwrap().is_empty(), "it is leased");
    settle(&town, &call, &for_all("DEFAULT")).await;
    for entity in [&town.ann, &town.bob] {
        assert_eq!(town.house.inbox(entity).await.len(), 1);
    }
    settle(&town, &call, &for_all("DEFAULT")).await;
    assert_eq!(town.house.inbox(&town.ann).await.len(), 1, "it went on once");
    assert_eq!(town.rows("transit_calls").await, 0);
}

#[tokio::test]
async fn what_goes_on_is_the_text_of_the_moment() {
    let town = town().await;
    rule(&town, Some(0), Fallback::Drop).await;
    receive(&town, &[ANN]).await;
    let call = due(&town).await;
    replace_text(&town, &call.message, b"From: a@x\r\n\r\nfirst\r\n").await;
    replace_text(&town, &call.message, b"From: a@x\r\n\r\nsecond\r\n").await;
    settle(&town, &call, &for_all("DEFAULT")).await;
    replace_text(&town, &call.message, b"From: a@x\r\n\r\nlate\r\n").await;
    let inbox = town.house.inbox(&town.ann).await;
    assert_eq!(inbox, [Bytes::from(format!("{RETURN_PATH}From: a@x\r\n\r\nsecond\r\n"))]);
}

#[tokio::test]
async fn a_function_that_is_never_there_is_given_up() {
    let town = town().await;
    rule(&town, Some(1), Fallback::MoveToJunk).await;
    receive(&town, &[ANN]).await;
    let (mut invocations, mut calls) = (Vec::new(), 0);
    while let Some(at) = town.house.flow.next_call_due().await.unwrap() {
        town.clock.set(at);
        let call = due(&town).await;
        invocations.push(call.order.invocation_id.clone());
        town.house.flow.settle_call(&call, Err("no".into())).await.unwrap();
        calls += 1;
    }
    invocations.dedup();
    assert_eq!((calls, invocations.len()), (5, 1));
    assert_eq!(town.house.folder(&town.ann, Role::Junk).await.len(), 1);
    assert!(town.house.inbox(&town.ann).await.is_empty());
}

#[tokio::test]
async fn what_does_not_wait_goes_its_way() {
    let town = town().await;
    rule(&town, None, Fallback::Drop).await;
    receive(&town, &[ANN]).await;
    assert_eq!(town.house.inbox(&town.ann).await.len(), 1);
    assert_eq!(town.rows("bodies").await, 1, "what is shown is what was delivered");
    let call = due(&town).await;
    assert!(!call.is_awaited());
    settle(&town, &call, &for_all("DROP")).await;
    assert_eq!(town.house.inbox(&town.ann).await.len(), 1);
    assert_eq!(town.rows("transit_calls").await, 0);
}

#[tokio::test]
async fn no_function_is_called_for_an_organization_that_was_deleted() {
    let town = town().await;
    rule(&town, Some(240), Fallback::Drop).await;
    receive(&town, &[ANN]).await;
    let store = &town.house.store;
    let mut tx = store.write().await.unwrap();
    let sql = "UPDATE organizations SET state = 'Deleted' WHERE id = $1";
    tx.execute(sql, store::params![&town.acme.id]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(crate::forget_orphans(store, 10).await.unwrap(), 1);
    for table in ["transit_messages", "transit_calls", "body_holds"] {
        assert_eq!(town.rows(table).await, 0, "{table}");
    }
    assert!(town.house.flow.claim_calls(10, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_is_in_transit_for_a_day() {
    let town = town().await;
    rule(&town, Some(240), Fallback::Drop).await;
    receive(&town, &[ANN]).await;
    receive(&town, &[BOB]).await;
    let calls = town.house.flow.claim_calls(10, &[]).await.unwrap();
    let (settled, held) = (&calls[0], &calls[1]);
    settle(&town, settled, &for_all("DROP")).await;
    let store = &town.house.store;
    let is_found = async |home, id: &str| {
        let mut snapshot = store.read().await.unwrap();
        find(&mut snapshot, home, id, town.house.world.now()).await.unwrap().is_some()
    };
    assert!(is_found(HOME, &settled.message).await);
    assert!(!is_found(("210987654321", "us-east-1"), &settled.message).await);
    assert!(!is_found(("123456789012", "eu-west-1"), &settled.message).await);
    assert_eq!(forget_expired(store, town.house.world.now(), 10).await.unwrap(), 0);
    town.clock.advance(LIFETIME);
    assert!(!is_found(HOME, &settled.message).await, "its time is over");
    assert_eq!(forget_expired(store, town.house.world.now(), 10).await.unwrap(), 1);
    let kept = store
        .read()
        .await
        .unwrap()
        .row("SELECT id FROM transit_messages", store::params![], |row| row.get::<String>(0))
        .await
        .unwrap();
    assert_eq!(kept.as_ref(), Some(&held.message), "what still waits is kept");
    mailbox::collect_garbage(store, 100).await.unwrap();
    assert_eq!(town.rows("bodies").await, 1);
}

#[tokio::test]
async fn newcomers_are_of_the_organization() {
    let town = town().await;
    let other = town.house.organization("other").await;
    town.house.user(&other, "eve").await;
    rule(&town, Some(0), Fallback::Drop).await;
    let injected = BOB.replace('@', "+\r\nX-Evil: 1@");
    for newcomer in
        [BOB, &injected, "eve@other.awsapps.com", "x@far.example", "no@acme.awsapps.com"]
    {
        receive(&town, &[ANN]).await;
        let part = json!({"action": {"type": "DEFAULT"}, "recipients": [newcomer]});
        settle(&town, &due(&town).await, &json!({"actions": [part]})).await;
        assert_eq!(town.house.inbox(&town.bob).await.len(), 1, "{newcomer}");
        assert_eq!(town.rows("messages").await, 1, "the fallback drops all else");
    }
}

#[tokio::test]
async fn outbound_mail_meets_the_inbound_rules_afterwards() {
    let town = town().await;
    rule(&town, Some(0), Fallback::Drop).await;
    let lambda = wire::workmail::OutboundMailFlowLambda {
        function_arn: FUNCTION.into(),
        invocation_type: MailFlowInvocationType::Synchronous,
        fallback_action: Some(wire::workmail::OutboundMailFlowFallback {
            r#type: wire::workmail::OutboundMailFlowFallbackType::Drop,
            ..Default::default()
        }),
        timeout_minutes: Some(0),
    };
    let action = wire::workmail::OutboundMailFlowRuleAction {
        r#type: wire::workmail::OutboundMailFlowRuleActionType::Lambda,
        lambda: Some(lambda),
        ..Default::default()
    };
    town.house.outbound_rule(&town.acme, "out", action, ["*", "*"]).await;
    town.submit(ANN, &[BOB, "x@far.example"]).await.unwrap();
    assert_eq!(town.rows("queue_recipients").await, 0);
    let outbound = due(&town).await;
    assert_eq!(outbound.order.direction, Direction::Outgoing);
    replace_text(&town, &outbound.message, b"From: a@x\r\n\r\nout\r\n").await;
    settle(&town, &outbound, &for_all("DEFAULT")).await;
    assert_eq!(town.rows("queue_recipients").await, 1, "the one elsewhere");
    assert!(town.house.inbox(&town.bob).await.is_empty());
    let inbound = due(&town).await;
    assert_eq!(inbound.order.direction, Direction::Incoming);
    assert_eq!(inbound.order.recipients, [BOB]);
    settle(&town, &inbound, &for_all("MOVE_TO_JUNK")).await;
    let junk = town.house.folder(&town.bob, Role::Junk).await;
    assert_eq!(junk, [Bytes::from(format!("{RETURN_PATH}From: a@x\r\n\r\nout\r\n"))]);
}

/// Answers, good and bad, that a function gives in the simulation: none that drops, so that all can be counted.
fn answers() -> Vec<serde_json::Value> {
    let one = |kind: &str, who: &str| json!({"action": {"type": kind}, "recipients": [who]});
    vec![
        for_all("DEFAULT"),
        for_all("BOUNCE"),
        json!({"actions": [one("DEFAULT", ANN), one("MOVE_TO_JUNK", BOB)]}),
        json!({"actions": [one("BYPASS_SPAM_CHECK", ANN), one("BOUNCE", ANN)]}),
        json!({"actions": []}),
        json!(null),
    ]
}

/// However often workers are lost, late or both, each recipient's message ends in exactly one place.
#[tokio::test]
async fn nothing_is_lost_or_doubled() {
    for seed in 0..6 {
        let random = SeededRandom::new(seed);
        let draw = |below: u8| {
            let mut byte = [0];
            random.fill(&mut byte);
            byte[0] % below
        };
        let town = town().await;
        rule(&town, Some(2), Fallback::MoveToJunk).await;
        receive(&town, &[ANN, BOB]).await;
        let (answers, mut late) = (answers(), VecDeque::new());
        let mut ended = None;
        for _ in 0..200 {
            let Some(at) = town.house.flow.next_call_due().await.unwrap() else { break };
            town.clock.set(at.max(town.house.world.now()));
            for call in town.house.flow.claim_calls(10, &[]).await.unwrap() {
                late.push_back(call);
            }
            // The oldest has most likely lost its lease, the youngest has not.
            let next = if draw(2) == 0 { late.pop_front() } else { late.pop_back() };
            let Some(call) = next else { continue };
            match draw(5) {
                0 => town.house.flow.end_leases().await.unwrap(),
                1 => late.push_back(call),
                2 => town.house.flow.settle_call(&call, Err("lost".into())).await.unwrap(),
                3 => {}
                _ => {
                    let which = usize::from(draw(answers.len() as u8));
                    settle(&town, &call, &answers[which]).await;
                    settle(&town, &call, &answers[(which + 1) % answers.len()]).await;
                }
            }
            ended = Some(town.rows("transit_calls").await);
        }
        for call in late {
            settle(&town, &call, &for_all("DEFAULT")).await;
        }
        assert_eq!(ended, Some(0), "seed {seed}: it never ended");
        let notices = town.rows("queue_messages").await;
        for (entity, address) in [(&town.ann, ANN), (&town.bob, BOB)] {
            let inbox = town.house.inbox(entity).await.len();
            let junk = town.house.folder(entity, Role::Junk).await.len();
            let bounced = if notices == 1 { bounces(&town, address).await } else { 0 };
            assert_eq!(inbox + junk + bounced, 1, "seed {seed}: {address}");
        }
        assert!(notices <= 1, "seed {seed}: one notice for all");
    }
}

/// How often the notice to the sender, who is elsewhere, names a recipient.
async fn bounces(town: &Town, address: &str) -> usize {
    let jobs = town.house.flow.claim(10).await.unwrap();
    let mut found = 0;
    for job in jobs {
        let text = town.house.flow.load(&job).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        found += text.matches(&format!("Final-Recipient: rfc822; {address}")).count();
    }
    town.house.flow.end_leases().await.unwrap();
    found
}
