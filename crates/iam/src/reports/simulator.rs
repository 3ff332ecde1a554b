//! The policy simulator: what policies would say of requests that nobody makes.
//!
//! The decision is [`policy::evaluate`], the same function that the door asks, so what is simulated of a
//! user is what the user's calls get. Where AWS's documentation and recorded answers of the service differ,
//! docs/iam-decisions.md says which was followed.

mod entries;
mod exclusions;
mod input;
mod layer;
mod results;

use wire::iam::{
    EvaluationResult, SimulateCustomPolicyRequest, SimulatePolicyResponse,
    SimulatePrincipalPolicyRequest, errors::POLICY_EVALUATION,
};

use crate::{
    door::{Call, Resource},
    entity_arns::EntityArn,
    pages::Page,
    subject::Subject,
};
use input::Wish;
use layer::Layer;
use results::Simulation;

/// Decisions made for one answer at most: an action on each of the resources. AWS too may give less than
/// asked for and a marker.
const DECISIONS_MAX: usize = 2_000;

/// Simulates policies that the call brings.
pub(crate) async fn custom(
    call: &mut Call,
    input: SimulateCustomPolicyRequest,
) -> Result<SimulatePolicyResponse, wire::Error> {
    const LIST: &str = "SimulateCustomPolicy";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let account = call.caller().account.clone();
    call.read("iam:SimulateCustomPolicy", Resource::any()).await?;
    call.release();
    let wish = Wish {
        actions: input.action_names,
        resources: input.resource_arns,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller_arn: input.caller_arn,
        context: input.context_entries,
        handling: input.resource_handling_option,
        organization: input.ordered_organization_policy_input_list,
        boundary: input.permissions_boundary_policy_input_list,
    };
    let identity = Layer::given(&input.policy_input_list, layer::INPUT)?;
    answer(page, wish.simulation(&account, None, identity, None)?)
}

/// Simulates the policies of a user, group or role, and those that the call brings.
pub(crate) async fn principal(
    call: &mut Call,
    input: SimulatePrincipalPolicyRequest,
) -> Result<SimulatePolicyResponse, wire::Error> {
    const LIST: &str = "SimulatePrincipalPolicy";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let (account, now) = (call.caller().account.clone(), call.now());
    let source = EntityArn::expect(&input.policy_source_arn)?;
    let snapshot = call.read("iam:SimulatePrincipalPolicy", &source).await?;
    let entity = source.load(snapshot, &account).await?;
    let mut subject = Subject::load(snapshot, &entity, now).await?;
    call.release();
    exclusions::apply(&mut subject, input.policy_exclusion_list.unwrap_or_default())?;
    let wish = Wish {
        actions: input.action_names,
        resources: input.resource_arns,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller_arn: input.caller_arn,
        context: input.context_entries,
        handling: input.resource_handling_option,
        organization: None,
        boundary: input.permissions_boundary_policy_input_list,
    };
    let given = input.policy_input_list.unwrap_or_default();
    let identity = Layer::held(&subject.identity).map_err(|error| unreadable(&error))?;
    let identity = identity.and(Layer::given(&given, layer::INPUT)?);
    let boundary = subject.boundary.as_ref().map(std::slice::from_ref).map(Layer::held);
    let boundary = boundary.transpose().map_err(|error| unreadable(&error))?;
    answer(page, wish.simulation(&account, Some(subject), identity, boundary)?)
}

/// A stored policy that cannot be evaluated.
fn unreadable(error: &wire::Error) -> wire::Error {
    let cause = error.source().map_or_else(|| error.message().to_owned(), ToString::to_string);
    POLICY_EVALUATION.with(format!("A policy could not be evaluated: {cause}"))
}

/// A page of results: as many actions as fit, each with all resources.
fn answer(page: Page, simulation: Simulation) -> Result<SimulatePolicyResponse, wire::Error> {
    let fit = DECISIONS_MAX / simulation.resources.len().max(1);
    let places = (0..simulation.actions.len()).collect();
    let cut = page.at_most(fit).slice(places, |place: &usize| format!("{place:06}"))?;
    let actions = cut.items.iter().filter_map(|place| simulation.actions.get(*place));
    let results: Vec<EvaluationResult> = actions.map(|action| simulation.of(action)).collect();
    Ok(SimulatePolicyResponse {
        evaluation_results: Some(results),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}
