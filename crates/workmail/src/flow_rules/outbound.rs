//! The operations on rules for mail that users send.

use iam::door::Call;
use wire::workmail::{
    CreateOutboundMailFlowRuleRequest, CreateOutboundMailFlowRuleResponse,
    DeleteOutboundMailFlowRuleRequest, DeleteOutboundMailFlowRuleResponse,
    DescribeOutboundMailFlowRuleRequest, DescribeOutboundMailFlowRuleResponse,
    ListOutboundMailFlowRulesRequest, ListOutboundMailFlowRulesResponse, Operation,
    OutboundMailFlowFallback, OutboundMailFlowFallbackType, OutboundMailFlowLambda,
    OutboundMailFlowRuleAction, OutboundMailFlowRuleActionType as Type, OutboundMailFlowRuleMatch,
    OutboundMailFlowRuleSummary, TestOutboundMailFlowRulesRequest,
    TestOutboundMailFlowRulesResponse, UpdateOutboundMailFlowRuleRequest,
    UpdateOutboundMailFlowRuleResponse,
};

use super::{
    Action,
    Direction::Outbound,
    lambda,
    operations::{self, Named, Trial, Wanted},
    rows::Kept,
};
use crate::refusal;

pub(crate) async fn create_outbound_mail_flow_rule(
    call: &mut Call,
    input: CreateOutboundMailFlowRuleRequest,
) -> Result<CreateOutboundMailFlowRuleResponse, wire::Error> {
    let wanted = Wanted {
        name: input.name,
        action: action(input.rule_action),
        senders: input.sender_patterns,
        recipients: input.recipient_patterns,
    };
    let operation = Operation::CreateOutboundMailFlowRule;
    let (organization, token) = (&input.organization_id, input.client_token.as_deref());
    let id = operations::create(call, operation, organization, Outbound, token, wanted).await?;
    Ok(CreateOutboundMailFlowRuleResponse { rule_id: Some(id) })
}

pub(crate) async fn update_outbound_mail_flow_rule(
    call: &mut Call,
    input: UpdateOutboundMailFlowRuleRequest,
) -> Result<UpdateOutboundMailFlowRuleResponse, wire::Error> {
    let wanted = Wanted {
        name: input.name,
        action: action(input.rule_action),
        senders: input.sender_patterns,
        recipients: input.recipient_patterns,
    };
    let named = named(&input.organization_id, &input.rule_id);
    operations::update(call, Operation::UpdateOutboundMailFlowRule, named, wanted).await?;
    Ok(UpdateOutboundMailFlowRuleResponse {})
}

pub(crate) async fn delete_outbound_mail_flow_rule(
    call: &mut Call,
    input: DeleteOutboundMailFlowRuleRequest,
) -> Result<DeleteOutboundMailFlowRuleResponse, wire::Error> {
    let named = named(&input.organization_id, &input.rule_id);
    operations::delete(call, Operation::DeleteOutboundMailFlowRule, named).await?;
    Ok(DeleteOutboundMailFlowRuleResponse {})
}

pub(crate) async fn describe_outbound_mail_flow_rule(
    call: &mut Call,
    input: DescribeOutboundMailFlowRuleRequest,
) -> Result<DescribeOutboundMailFlowRuleResponse, wire::Error> {
    let named = named(&input.organization_id, &input.rule_id);
    let Kept { rule, created_at, modified_at } =
        operations::describe(call, Operation::DescribeOutboundMailFlowRule, named).await?;
    Ok(DescribeOutboundMailFlowRuleResponse {
        rule_id: Some(rule.id),
        name: Some(rule.name),
        rule_action: shown(rule.action),
        sender_patterns: Some(rule.senders),
        recipient_patterns: Some(rule.recipients),
        date_created: Some(created_at),
        date_modified: Some(modified_at),
    })
}

pub(crate) async fn list_outbound_mail_flow_rules(
    call: &mut Call,
    input: ListOutboundMailFlowRulesRequest,
) -> Result<ListOutboundMailFlowRulesResponse, wire::Error> {
    let operation = Operation::ListOutboundMailFlowRules;
    let (id, token) = (&input.organization_id, input.next_token.as_deref());
    let (found, next_token) =
        operations::list(call, operation, id, Outbound, token, input.max_results).await?;
    let summary = |kept: Kept| OutboundMailFlowRuleSummary {
        rule_id: Some(kept.rule.id),
        name: Some(kept.rule.name),
        rule_action: shown(kept.rule.action),
        date_created: Some(kept.created_at),
        date_modified: Some(kept.modified_at),
    };
    let rules = found.into_iter().map(summary).collect();
    Ok(ListOutboundMailFlowRulesResponse { rules: Some(rules), next_token })
}

pub(crate) async fn test_outbound_mail_flow_rules(
    call: &mut Call,
    input: TestOutboundMailFlowRulesRequest,
) -> Result<TestOutboundMailFlowRulesResponse, wire::Error> {
    let operation = Operation::TestOutboundMailFlowRules;
    let trial = Trial {
        from: input.from_address,
        sender: input.sender_address,
        recipients: input.recipients,
    };
    let judged = operations::test(call, operation, &input.organization_id, Outbound, trial).await?;
    let results = judged.into_iter().map(|(recipient, rule)| match rule {
        Some(rule) => OutboundMailFlowRuleMatch {
            recipient: Some(recipient),
            rule_id: Some(rule.id),
            name: Some(rule.name),
            rule_action: shown(rule.action),
        },
        None => OutboundMailFlowRuleMatch { recipient: Some(recipient), ..Default::default() },
    });
    Ok(TestOutboundMailFlowRulesResponse { results: Some(results.collect()) })
}

fn named<'a>(organization: &'a str, id: &'a str) -> Named<'a> {
    Named { organization, direction: Outbound, id }
}

/// The action of a request.
///
/// # Errors
/// `InvalidParameterException` for a parameter of another action, or one that is missing.
fn action(given: OutboundMailFlowRuleAction) -> Result<Action, wire::Error> {
    if given.bounce_message.is_some() && given.r#type != Type::Bounce {
        return Err(refusal::invalid("BounceMessage can be given with BOUNCE only."));
    }
    let lonely = || refusal::invalid("Lambda goes with LAMBDA, and only with it.");
    if given.lambda.is_some() && given.r#type != Type::Lambda {
        return Err(lonely());
    }
    let alone = || refusal::invalid("SmtpGatewayId goes with SMTP_GATEWAY, and only with it.");
    if given.smtp_gateway_id.is_some() && given.r#type != Type::SmtpGateway {
        return Err(alone());
    }
    Ok(match given.r#type {
        Type::Bounce => Action::Bounce { message: given.bounce_message },
        Type::Default => Action::Default,
        Type::Drop => Action::Drop,
        Type::Lambda => function(given.lambda.ok_or_else(lonely)?)?,
        Type::SmtpGateway => {
            Action::SmtpGateway { gateway_id: given.smtp_gateway_id.ok_or_else(alone)? }
        }
    })
}

fn function(given: OutboundMailFlowLambda) -> Result<Action, wire::Error> {
    let fallback = |given: OutboundMailFlowFallback| {
        action(OutboundMailFlowRuleAction {
            r#type: Type::parse(given.r#type.as_str()).unwrap_or_default(),
            bounce_message: given.bounce_message,
            smtp_gateway_id: given.smtp_gateway_id,
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
fn shown(action: Action) -> Option<OutboundMailFlowRuleAction> {
    let of = |r#type| OutboundMailFlowRuleAction { r#type, ..Default::default() };
    match action {
        Action::Bounce { message } => {
            Some(OutboundMailFlowRuleAction { bounce_message: message, ..of(Type::Bounce) })
        }
        Action::Default => Some(of(Type::Default)),
        Action::Drop => Some(of(Type::Drop)),
        Action::SmtpGateway { gateway_id } => Some(OutboundMailFlowRuleAction {
            smtp_gateway_id: Some(gateway_id),
            ..of(Type::SmtpGateway)
        }),
        Action::Lambda { function_arn, synchronous, fallback, timeout_minutes } => {
            let how = lambda::shown(synchronous, *fallback, timeout_minutes);
            let lambda = Some(function_shown(function_arn, how));
            Some(OutboundMailFlowRuleAction { lambda, ..of(Type::Lambda) })
        }
        Action::BypassSpamCheck | Action::MoveToJunk => None,
    }
}

fn function_shown(function_arn: String, how: lambda::Shown) -> OutboundMailFlowLambda {
    let fallback = |action: OutboundMailFlowRuleAction| OutboundMailFlowFallback {
        r#type: OutboundMailFlowFallbackType::parse(action.r#type.as_str()).unwrap_or_default(),
        bounce_message: action.bounce_message,
        smtp_gateway_id: action.smtp_gateway_id,
    };
    OutboundMailFlowLambda {
        function_arn,
        invocation_type: how.invocation,
        fallback_action: how.fallback.and_then(shown).map(fallback),
        timeout_minutes: how.timeout_minutes,
    }
}
