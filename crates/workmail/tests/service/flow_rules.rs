use wire::workmail::{
    InboundMailFlowRuleActionType as In, OutboundMailFlowRuleActionType as Out, errors::*, *,
};
use workmail::flow_rules::{Authors, KnownRules, Party};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn texts(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(|text| (*text).to_owned()).collect()
}

fn inbound(
    organization: &str,
    name: &str,
    action: In,
    senders: &[&str],
) -> CreateInboundMailFlowRuleRequest {
    CreateInboundMailFlowRuleRequest {
        organization_id: organization.into(),
        client_token: None,
        name: name.into(),
        rule_action: InboundMailFlowRuleAction { r#type: action, ..Default::default() },
        sender_patterns: texts(senders),
        recipient_patterns: texts(&["*"]),
    }
}

fn outbound(organization: &str, name: &str, action: Out) -> CreateOutboundMailFlowRuleRequest {
    CreateOutboundMailFlowRuleRequest {
        organization_id: organization.into(),
        client_token: None,
        name: name.into(),
        rule_action: OutboundMailFlowRuleAction {
            r#type: action,
            bounce_message: None,
            smtp_gateway_id: None,
            ..Default::default()
        },
        sender_patterns: texts(&["*"]),
        recipient_patterns: texts(&["*"]),
    }
}

fn gateway(organization: &str, name: &str) -> CreateSmtpGatewayRequest {
    CreateSmtpGatewayRequest {
        organization_id: organization.into(),
        client_token: None,
        name: name.into(),
        host: "Relay.Example".into(),
        port: 587,
        tls_mode: None,
        username: "acme".into(),
        password: "s3cret".to_owned().into(),
    }
}

async fn create(house: &House, input: CreateInboundMailFlowRuleRequest) -> String {
    ask!(house, create_inbound_mail_flow_rule, input).unwrap().rule_id.unwrap()
}

async fn described(
    house: &House,
    organization: &str,
    id: &str,
) -> Result<DescribeInboundMailFlowRuleResponse, wire::Error> {
    let input = DescribeInboundMailFlowRuleRequest {
        organization_id: organization.into(),
        rule_id: id.into(),
    };
    ask!(house, describe_inbound_mail_flow_rule, input)
}

async fn delete(house: &House, organization: &str, id: &str) {
    let input = DeleteInboundMailFlowRuleRequest {
        organization_id: organization.into(),
        rule_id: id.into(),
    };
    ask!(house, delete_inbound_mail_flow_rule, input).unwrap();
}

/// The name of the rule that applies to mail from one address to another, by what the mail side asks.
async fn judged(house: &House, known: &KnownRules, from: &str, to: &str) -> Option<String> {
    let mut snapshot = house.store.read().await.unwrap();
    let (_, domain) = to.rsplit_once('@').unwrap();
    let rules = known.inbound(&mut snapshot, domain).await.unwrap()?;
    let authors = Authors::new(None, [from]);
    rules.judge(&authors, &Party::new(to)).map(|rule| rule.name.clone())
}

#[tokio::test]
async fn the_life_of_a_rule() {
    let (house, id) = House::with_organization().await;
    let mut input = inbound(&id, "Block", In::Bounce, &["Eve@Far.Example", "*.Bücher.example"]);
    input.sender_patterns.push("eve@far.example".into());
    input.rule_action.bounce_message = Some("not here".into());
    input.client_token = Some("once".into());
    let rule = create(&house, input.clone()).await;
    assert_eq!(create(&house, input.clone()).await, rule);
    let shown = described(&house, &id, &rule).await.unwrap();
    assert_eq!(shown.rule_action, Some(input.rule_action.clone()));
    let kept = texts(&["Eve@far.example", "*.xn--bcher-kva.example"]);
    assert_eq!(shown.sender_patterns, Some(kept), "each pattern once");
    assert_eq!(shown.recipient_patterns, Some(texts(&["*"])));

    let update = UpdateInboundMailFlowRuleRequest {
        organization_id: id.clone(),
        rule_id: rule.clone(),
        name: "block".into(),
        rule_action: InboundMailFlowRuleAction { r#type: In::Drop, ..Default::default() },
        sender_patterns: texts(&["far.example"]),
        recipient_patterns: texts(&["ann@example.com"]),
    };
    ask!(house, update_inbound_mail_flow_rule, update.clone()).unwrap();
    let second = described(&house, &id, &rule).await.unwrap();
    assert_eq!((second.name.as_deref(), second.date_created), (Some("block"), shown.date_created));
    assert_eq!(second.sender_patterns, Some(texts(&["far.example"])));

    refused(
        ask!(house, create_inbound_mail_flow_rule, inbound(&id, "BLOCK", In::Drop, &["*"])),
        &NAME_AVAILABILITY,
    );
    create(&house, inbound(&id, "other", In::Drop, &["*"])).await;
    let clash = UpdateInboundMailFlowRuleRequest { name: "Other".into(), ..update.clone() };
    refused(ask!(house, update_inbound_mail_flow_rule, clash), &NAME_AVAILABILITY);
    let unknown = UpdateInboundMailFlowRuleRequest { rule_id: "none".into(), ..update };
    refused(ask!(house, update_inbound_mail_flow_rule, unknown), &RESOURCE_NOT_FOUND);

    delete(&house, &id, &rule).await;
    delete(&house, &id, &rule).await;
    refused(described(&house, &id, &rule).await, &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn what_could_not_be_obeyed_is_refused() {
    let (house, id) = House::with_organization().await;
    for pattern in ["ann+x@example.com", "*@example.com", "example", "ann@", "a.*.example"] {
        let input = inbound(&id, "x", In::Drop, &[pattern]);
        refused(ask!(house, create_inbound_mail_flow_rule, input), &INVALID_PARAMETER);
    }
    let mut input = inbound(&id, "x", In::Drop, &["*"]);
    input.rule_action.bounce_message = Some("why".into());
    refused(ask!(house, create_inbound_mail_flow_rule, input), &INVALID_PARAMETER);
    let input = outbound(&id, "x", Out::SmtpGateway);
    refused(ask!(house, create_outbound_mail_flow_rule, input), &INVALID_PARAMETER);
    let mut input = outbound(&id, "x", Out::Drop);
    input.rule_action.smtp_gateway_id = Some("any".into());
    refused(ask!(house, create_outbound_mail_flow_rule, input), &INVALID_PARAMETER);
    let mut input = outbound(&id, "x", Out::SmtpGateway);
    input.rule_action.smtp_gateway_id = Some("any".into());
    refused(ask!(house, create_outbound_mail_flow_rule, input), &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn patterns_are_counted() {
    let (house, id) = House::with_organization().await;
    let many = |from: usize, number: usize| -> Vec<String> {
        (from..from + number).map(|at| format!("u{at}@far.example")).collect()
    };
    let mut input = inbound(&id, "0", In::Drop, &[]);
    input.sender_patterns = many(0, 251);
    refused(ask!(house, create_inbound_mail_flow_rule, input.clone()), &LIMIT_EXCEEDED);
    for at in 0..3 {
        input.name = at.to_string();
        input.sender_patterns = many(250 * at, 250);
        create(&house, input.clone()).await;
    }
    let mut other = outbound(&id, "other", Out::Drop);
    other.sender_patterns = many(0, 250);
    ask!(house, create_outbound_mail_flow_rule, other).unwrap();
    let one = inbound(&id, "one", In::Drop, &["*"]);
    refused(ask!(house, create_inbound_mail_flow_rule, one), &LIMIT_EXCEEDED);
}

#[tokio::test]
async fn lists_go_by_name_in_pages() {
    let (house, id) = House::with_organization().await;
    for name in ["b", "C", "a"] {
        create(&house, inbound(&id, name, In::Drop, &["*"])).await;
    }
    ask!(house, create_outbound_mail_flow_rule, outbound(&id, "a", Out::Drop)).unwrap();
    let (mut names, mut next_token) = (Vec::new(), None);
    loop {
        let input = ListInboundMailFlowRulesRequest {
            organization_id: id.clone(),
            next_token,
            max_results: Some(2),
        };
        let page = ask!(house, list_inbound_mail_flow_rules, input).unwrap();
        names.extend(page.rules.unwrap().into_iter().map(|rule| rule.name.unwrap()));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a", "b", "C"]);
    let input = ListOutboundMailFlowRulesRequest { organization_id: id, ..Default::default() };
    let shown = ask!(house, list_outbound_mail_flow_rules, input).unwrap().rules.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].rule_action.as_ref().map(|action| action.r#type), Some(Out::Drop));
}

#[tokio::test]
async fn rules_are_tried_without_mail() {
    let (house, id) = House::with_organization().await;
    create(&house, inbound(&id, "far", In::MoveToJunk, &["far.example"])).await;
    let mut ann = inbound(&id, "ann", In::BypassSpamCheck, &["far.example"]);
    ann.recipient_patterns = texts(&["ann@example.com"]);
    create(&house, ann).await;
    let trial = |from: &str, sender: Option<&str>| TestInboundMailFlowRulesRequest {
        organization_id: id.clone(),
        from_address: from.into(),
        sender_address: sender.map(str::to_owned),
        recipients: texts(&["Ann+x@EXAMPLE.com", "bob@example.com"]),
    };
    let names = async |input| -> Vec<Option<String>> {
        let results = ask!(house, test_inbound_mail_flow_rules, input).unwrap().results.unwrap();
        results.into_iter().map(|result| result.name).collect()
    };
    let both = [Some("ann".to_owned()), Some("far".to_owned())];
    assert_eq!(names(trial("eve@far.example", None)).await, both);
    assert_eq!(names(trial("x@y.org", Some("eve@far.example"))).await, both);
    assert_eq!(names(trial("eve@far.example", Some("x@y.org"))).await, both);
    assert_eq!(names(trial("x@y.org", None)).await, [None, None]);

    ask!(house, create_outbound_mail_flow_rule, outbound(&id, "out", Out::Default)).unwrap();
    let input = TestOutboundMailFlowRulesRequest {
        organization_id: id.clone(),
        from_address: "ann@example.com".into(),
        sender_address: None,
        recipients: texts(&["x@y.org"]),
    };
    let results = ask!(house, test_outbound_mail_flow_rules, input).unwrap().results.unwrap();
    let result = &results[0];
    assert_eq!(
        (result.recipient.as_deref(), result.name.as_deref()),
        (Some("x@y.org"), Some("out"))
    );
    assert_eq!(result.rule_action.as_ref().map(|action| action.r#type), Some(Out::Default));
}

#[tokio::test]
async fn what_is_kept_ready_follows_each_change() {
    let (house, id) = House::with_organization().await;
    let (known, to) = (KnownRules::default(), "ann@example.com");
    assert_eq!(judged(&house, &known, "e@far.example", to).await, None);
    let first = create(&house, inbound(&id, "first", In::Drop, &["*"])).await;
    assert_eq!(judged(&house, &known, "e@far.example", to).await.as_deref(), Some("first"));
    let second = create(&house, inbound(&id, "second", In::Drop, &["far.example"])).await;
    assert_eq!(judged(&house, &known, "e@far.example", to).await.as_deref(), Some("second"));
    delete(&house, &id, &second).await;
    assert_eq!(judged(&house, &known, "e@far.example", to).await.as_deref(), Some("first"));
    // another organization has none, and neither has a domain elsewhere
    let next = house.organization("next").await;
    house.domain(&next, "next.example").await;
    assert_eq!(judged(&house, &known, "e@far.example", "ann@next.example").await, None);
    assert_eq!(judged(&house, &known, "e@far.example", "ann@far.example").await, None);
    // nor does a domain that is only claimed
    let claimed = "UPDATE mail_domains SET ownership = $1 WHERE name = 'example.com'";
    for (ownership, rule) in [("PENDING", None), ("VERIFIED", Some("first"))] {
        let mut tx = house.store.write().await.unwrap();
        tx.execute(claimed, store::params![ownership]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(judged(&house, &known, "e@far.example", to).await.as_deref(), rule);
    }
    delete(&house, &id, &first).await;
    assert_eq!(judged(&house, &known, "e@far.example", to).await, None);
}

#[tokio::test]
async fn the_life_of_a_gateway() {
    let (house, id) = House::with_organization().await;
    let mut input = gateway(&id, "Relay");
    input.client_token = Some("once".into());
    let made = ask!(house, create_smtp_gateway, input.clone()).unwrap().smtp_gateway_id.unwrap();
    let again = ask!(house, create_smtp_gateway, input).unwrap().smtp_gateway_id.unwrap();
    assert_eq!(made, again);
    refused(ask!(house, create_smtp_gateway, gateway(&id, "RELAY")), &NAME_AVAILABILITY);
    for host in ["10.0.0.1", "localhost", "-a.example", "a..b"] {
        let input = CreateSmtpGatewayRequest { host: host.into(), ..gateway(&id, "x") };
        refused(ask!(house, create_smtp_gateway, input), &INVALID_PARAMETER);
    }
    let show =
        DescribeSmtpGatewayRequest { organization_id: id.clone(), smtp_gateway_id: made.clone() };
    let shown = ask!(house, describe_smtp_gateway, show.clone()).unwrap();
    assert_eq!(shown.host.as_deref(), Some("relay.example"));
    assert_eq!((shown.port, shown.tls_mode), (Some(587), Some(SmtpGatewayTlsMode::Starttls)));

    let update = UpdateSmtpGatewayRequest {
        organization_id: id.clone(),
        smtp_gateway_id: made.clone(),
        name: "new".into(),
        host: "relay.example".into(),
        port: 587,
        tls_mode: None,
        username: "acme".into(),
        password: None,
    };
    ask!(house, update_smtp_gateway, update.clone()).unwrap();
    assert_eq!(password(&house, &id, &made).await.as_deref(), Some("s3cret"));
    let moved = UpdateSmtpGatewayRequest { host: "evil.example".into(), ..update.clone() };
    let text = refused(ask!(house, update_smtp_gateway, moved.clone()), &INVALID_PARAMETER);
    assert!(text.contains("Password"), "{text}");
    let moved =
        UpdateSmtpGatewayRequest { password: Some("other".to_owned().into()), port: 465, ..moved };
    ask!(house, update_smtp_gateway, moved).unwrap();
    assert_eq!(password(&house, &id, &made).await.as_deref(), Some("other"));
    let shown = ask!(house, describe_smtp_gateway, show.clone()).unwrap();
    assert_eq!(shown.tls_mode, Some(SmtpGatewayTlsMode::Implicit));
    let unknown = UpdateSmtpGatewayRequest { smtp_gateway_id: "none".into(), ..update };
    refused(ask!(house, update_smtp_gateway, unknown), &RESOURCE_NOT_FOUND);

    let mut rule = outbound(&id, "by relay", Out::SmtpGateway);
    rule.rule_action.smtp_gateway_id = Some(made.clone());
    let rule = ask!(house, create_outbound_mail_flow_rule, rule).unwrap().rule_id.unwrap();
    let gone = DeleteSmtpGatewayRequest { organization_id: id.clone(), smtp_gateway_id: made };
    refused(ask!(house, delete_smtp_gateway, gone.clone()), &SMTP_GATEWAY_IN_USE);
    let input = DeleteOutboundMailFlowRuleRequest { organization_id: id.clone(), rule_id: rule };
    ask!(house, delete_outbound_mail_flow_rule, input).unwrap();
    ask!(house, delete_smtp_gateway, gone.clone()).unwrap();
    ask!(house, delete_smtp_gateway, gone).unwrap();
    refused(ask!(house, describe_smtp_gateway, show), &RESOURCE_NOT_FOUND);
    let input = ListSmtpGatewaysRequest { organization_id: id, ..Default::default() };
    assert_eq!(ask!(house, list_smtp_gateways, input).unwrap().smtp_gateways, Some(Vec::new()));
}

async fn password(house: &House, organization: &str, id: &str) -> Option<String> {
    let mut snapshot = house.store.read().await.unwrap();
    let keyring = house.store.keyring();
    let found = workmail::smtp_gateways::find(&mut snapshot, keyring, organization, id).await;
    found.unwrap()?.password.expose_text().map(str::to_owned)
}

#[tokio::test]
async fn strangers_and_other_organizations_reach_no_rule() {
    let (house, id) = House::with_organization().await;
    let rule = create(&house, inbound(&id, "mine", In::Drop, &["*"])).await;
    let made = ask!(house, create_smtp_gateway, gateway(&id, "mine")).unwrap();
    let next = house.organization("next").await;
    refused(described(&house, &next, &rule).await, &RESOURCE_NOT_FOUND);
    delete(&house, &next, &rule).await;
    described(&house, &id, &rule).await.unwrap();
    let mut theirs = outbound(&next, "theirs", Out::SmtpGateway);
    theirs.rule_action.smtp_gateway_id = made.smtp_gateway_id.clone();
    refused(ask!(house, create_outbound_mail_flow_rule, theirs), &RESOURCE_NOT_FOUND);
    let calls = house.calls_of(OTHER_ACCOUNT);
    let input = inbound(&id, "x", In::Drop, &["*"]);
    refused(ask!(house, &calls, create_inbound_mail_flow_rule, input), &ORGANIZATION_NOT_FOUND);

    house.delete_organization(&id, true).await.unwrap();
    house.settle().await;
    let gateway = made.smtp_gateway_id.unwrap();
    assert_eq!(password(&house, &id, &gateway).await, None);
}
