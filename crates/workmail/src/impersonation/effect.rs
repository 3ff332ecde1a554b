//! Whom a role may act for, and GetImpersonationRoleEffect.

use iam::door::Call;
use serde::{Deserialize, Serialize};
use wire::workmail::{
    EntityType, GetImpersonationRoleEffectRequest, GetImpersonationRoleEffectResponse,
    ImpersonationMatchedRule, Operation,
};

use super::require;
use crate::{
    entities::{self, Forms},
    organizations,
    verdict::{self, Condition, Effect},
};

/// A rule of a role, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) effect: Effect,
    /// Ids of users. That of a deleted one stays: without it the rule would be about everybody.
    pub(super) targets: Condition<String>,
}

/// What the rules say of acting for a user, and those that brought it about.
pub(super) fn effect<'r>(rules: &'r [Rule], user: &str) -> (Effect, Vec<&'r Rule>) {
    let same = |wanted: &String, id: Option<&str>| id == Some(wanted);
    verdict::decide(rules, |rule| rule.effect, |rule| rule.targets.holds(Some(user), same))
}

pub(crate) async fn get_impersonation_role_effect(
    call: &mut Call,
    input: GetImpersonationRoleEffectRequest,
) -> Result<GetImpersonationRoleEffectResponse, wire::Error> {
    let operation = Operation::GetImpersonationRoleEffect;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let role = require(snapshot, &organization.id, &input.impersonation_role_id).await?;
    let (given, kinds) = (&input.target_user, [EntityType::User]);
    let user = entities::require(snapshot, &organization.id, given, Forms::Any, &kinds).await?;
    let user = user.living()?;
    let (effect, matched) = effect(&role.rules, &user.id);
    let matched = matched.into_iter().map(|rule| ImpersonationMatchedRule {
        impersonation_rule_id: Some(rule.id.clone()),
        name: rule.name.clone(),
    });
    Ok(GetImpersonationRoleEffectResponse {
        r#type: Some(role.r#type),
        effect: Some(effect.into()),
        matched_rules: Some(matched.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, effect: Effect, any: &[&str], none: &[&str]) -> Rule {
        let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        let targets = Condition { any: owned(any), none: owned(none) };
        Rule { id: id.into(), name: None, description: None, effect, targets }
    }

    #[test]
    fn a_denial_outweighs_and_no_rule_is_a_denial() {
        let ids = |rules: &[Rule], user| {
            let (effect, matched) = effect(rules, user);
            (effect, matched.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>())
        };
        let (ann, bob, eve) = ("user-ann", "user-bob", "user-eve");
        let rules = [
            rule("all", Effect::Allow, &[], &[]),
            rule("bob", Effect::Allow, &[bob], &[]),
            rule("not", Effect::Deny, &[], &[ann, bob]),
        ];
        assert_eq!(ids(&rules, ann), (Effect::Allow, vec!["all".into()]));
        assert_eq!(ids(&rules, bob), (Effect::Allow, vec!["all".into(), "bob".into()]));
        assert_eq!(ids(&rules, eve), (Effect::Deny, vec!["not".into()]));
        assert_eq!(ids(&rules[1..2], ann), (Effect::Deny, vec![]));
        assert_eq!(ids(&[], ann), (Effect::Deny, vec![]));
    }
}
