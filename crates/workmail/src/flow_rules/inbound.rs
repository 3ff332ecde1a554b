//! The operations on rules for mail that comes in.

use iam::door::Call;
use wire::workmail::{
    CreateInboundMailFlowRuleRequest, CreateInboundMailFlowRuleResponse,
    DeleteInboundMailFlowRuleRequest, DeleteInboundMailFlowRuleResponse,
    DescribeInboundMailFlowRuleRequest, DescribeInboundMailFlowRuleResponse,
    InboundMailFlowFallback, InboundMailFlowFallbackType, InboundMailFlowLambda,
    InboundMailFlowRuleAction, InboundMailFlowRuleActionType as Type, InboundMailFlowRuleMatch,
    InboundMailFlowRuleSummary, ListInboundMailFlowRulesRequest, ListInboundMailFlowRulesResponse,
    Operation, TestInboundMailFlowRulesRequest, TestInboundMailFlowRulesResponse,
    UpdateInboundMailFlowRuleRequest, UpdateInboundMailFlowRuleResponse,
};

use super::{
    Action,
    Direction::Inbound,
    lambda,
    operations::{self, Named, Trial, Wanted},
    rows::Kept,
};
use crate::refusal;

pub(crate) async fn create_inbound_mail_flow_rule(
    call: &mut Call,
    input: CreateInboundMailFlowRuleRequest,
) -> Result<CreateInboundMailFlowRuleResponse, wire::Error> {
    let wanted = Wanted {
        name: input.name,
        action: action(input.rule_action),
        senders: input.sender_patterns,
        recipients: input.recipient_patterns,
    };
    let operation = Operation::CreateInboundMailFlowRule;
    let (organization, token) = (&input.organization_id, input.client_token.as_deref());
    let id = operations::create(call, operation, organization, Inbound, token, wanted).await?;
    Ok(CreateInboundMailFlowRuleResponse { rule_id: Some(id) })
}

pub(crate) async fn update_inbound_mail_flow_rule(
    call: &mut Call,
    input: UpdateInboundMailFlowRuleRequest,
) -> Result<UpdateInboundMailFlowRuleResponse, wire::Error> {
    let wanted = Wanted {
        name: input.name,
        action: action(input.rule_action),
        senders: input.sender_patterns,
        recipients: input.recipient_patterns,
    };
    let named = named(&input.organization_id, &input.rule_id);
    operations::update(call, Operation::UpdateInboundMailFlowRule, named, wanted).await?;
    Ok(UpdateInboundMailFlowRuleResponse {})
}

pub(crate) async fn delete_inbound_mail_flow_rule(
    call: &mut Call,
    input: DeleteInboundMailFlowRuleRequest,
) -> Result<DeleteInboundMailFlowRuleResponse, wire::Error> {
    let named = named(&input.organization_id, &input.rule_id);
    operations::delete(call, Operation::DeleteInboundMailFlowRule, named).await?;
    Ok(DeleteInboundMailFlowRuleResponse {})
}

pub(crate) async fn describe_inbound_mail_flow_rule(
    call: &mut Call,
    input: DescribeInboundMailFlowRuleRequest,
) -> Result<DescribeInboundMailFlowRuleResponse, wire::Error> {
    let named = named(&input.organization_id, &input.rule_id);
    let Kept { rule, created_at, modified_at } =
        operations::describe(call, Operation::DescribeInboundMailFlowRule, named).await?;
    Ok(DescribeInboundMailFlowRuleResponse {
        rule_id: Some(rule.id),
        name: Some(rule.name),
        rule_action: shown(rule.action),
        sender_patterns: Some(rule.senders),
        recipient_patterns: Some(rule.recipients),
        date_created: Some(created_at),
        date_modified: Some(modified_at),
    })
}

pub(crate) async fn list_inbound_mail_flow_rules(
    call: &mut Call,
    input: ListInboundMailFlowRulesRequest,
) -> Result<ListInboundMailFlowRulesResponse, wire::Error> {
    let operation = Operation::ListInboundMailFlowRules;
    let (id, token) = (&input.organization_id, input.next_token.as_deref());
    let (found, next_token) =
        operations::list(call, operation, id, Inbound, token, input.max_results).await?;
    let summary = |kept: Kept| InboundMailFlowRuleSummary {
        rule_id: Some(kept.rule.id),
        name: Some(kept.rule.name),
        rule_action: shown(kept.rule.action),
        date_created: Some(kept.created_at),
        date_modified: Some(kept.modified_at),
    };
    let rules = found.into_iter().map(summary).collect();
    Ok(ListInboundMailFlowRulesResponse { rules: Some(rules), next_token })
}

pub(crate) async fn test_inbound_mail_flow_rules(
    call: &mut Call,
    input: TestInboundMailFlowRulesRequest,
) -> Result<TestInboundMailFlowRulesResponse, wire::Error> {
    let operation = Operation::TestInboundMailFlowRules;
    let trial = Trial {
        from: input.from_address,
        sender: input.sender_address,
        recipients: input.recipients,
    };
    let judged = operations::test(call, operation, &input.organization_id, Inbound, trial).await?;
    let results = judged.into_iter().map(|(recipient, rule)| match rule {
        Some(rule) => InboundMailFlowRuleMatch {
            recipient: Some(recipient),
            rule_id: Some(rule.id),
            name: Some(rule.name),
            rule_action: shown(rule.action),
        },
        None => InboundMailFlowRuleMatch { recipient: Some(recipient), ..Default::default() },
    });
    Ok(TestInboundMailFlowRulesResponse { results: Some(results.collect()) })
}

fn named<'a>(organization: &'a str, id: &'a str) -> Named<'a> {
    Named { organization, direction: Inbound, id }
}

/// The action of a request.
///
/// # Errors
/// `InvalidParameterException` for a parameter of another action.
fn action(given: InboundMailFlowRuleAction) -> Result<Action, wire::Error> {
    if given.bounce_message.is_some() && given.r#type != Type::Bounce {
        return Err(refusal::invalid("BounceMessage can be given with BOUNCE only."));
    }
    let lonely = || refusal::invalid("Lambda goes with LAMBDA, and only with it.");
    if given.lambda.is_some() && given.r#type != Type::Lambda {
        return Err(lonely());
    }
    Ok(match given.r#type {
        Type::Bounce => Action::Bounce { message: given.bounce_message },
        Type::BypassSpamCheck => Action::BypassSpamCheck,
        Type::Default => Action::Default,
        Type::Drop => Action::Drop,
        Type::Lambda => function(given.lambda.ok_or_else(lonely)?)?,
        Type::MoveToJunk => Action::MoveToJunk,
    })
}

fn function(given: InboundMailFlowLambda) -> Result<Action, wire::Error> {
    let fallback = |given: InboundMailFlowFallback| {
        action(InboundMailFlowRuleAction {
            r#type: Type::parse(given.r#type.as_str()).unwrap_or_default(),
            bounce_message: given.bounce_message,
            lambda: None,
        })
    };
    lambda::action(lambda::Given {
        function_arn: given.function_arn,
        invocation: given.invocation_type,
        fallback: given.fallback_action.map(fallback).transpose()?,
        timeout_minutes: given.timeout_minutes,
    })
}

/// An action as it is shown; none that could not have been given.
fn shown(action: Action) -> Option<InboundMailFlowRuleAction> {
    let of = |r#type| InboundMailFlowRuleAction { r#type, ..Default::default() };
    match action {
        Action::Bounce { message } => {
            Some(InboundMailFlowRuleAction { bounce_message: message, ..of(Type::Bounce) })
        }
        Action::BypassSpamCheck => Some(of(Type::BypassSpamCheck)),
        Action::Default => Some(of(Type::Default)),
        Action::Drop => Some(of(Type::Drop)),
        Action::MoveToJunk => Some(of(Type::MoveToJunk)),
        Action::Lambda { function_arn, synchronous, fallback, timeout_minutes } => {
            let how = lambda::shown(synchronous, *fallback, timeout_minutes);
            let lambda = Some(function_shown(function_arn, how));
            Some(InboundMailFlowRuleAction { lambda, ..of(Type::Lambda) })
        }
        Action::SmtpGateway { .. } => None,
    }
}

fn function_shown(function_arn: String, how: lambda::Shown) -> InboundMailFlowLambda {
    let fallback = |action: InboundMailFlowRuleAction| InboundMailFlowFallback {
        r#type: InboundMailFlowFallbackType::parse(action.r#type.as_str()).unwrap_or_default(),
        bounce_message: action.bounce_message,
    };
    InboundMailFlowLambda {
        function_arn,
        invocation_type: how.invocation,
        fallback_action: how.fallback.and_then(shown).map(fallback),
        timeout_minutes: how.timeout_minutes,
    }
}
