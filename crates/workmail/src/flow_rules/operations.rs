//! What the operations of both directions have in common.

use std::collections::HashSet;

use iam::door::Call;
use store::{Row, Snapshot, params};
use wire::workmail::{
    Operation,
    errors::{LIMIT_EXCEEDED, NAME_AVAILABILITY, RESOURCE_NOT_FOUND},
};

use super::{
    Action, Authors, Direction, Party, Rule, lambda, pattern,
    rows::{self, COLUMNS, Kept},
};
use crate::{client_tokens::Idempotent, organizations, page::Page, smtp_gateways};

/// Patterns of each kind in one rule (AWS's quota for senders).
const RULE_PATTERNS_MAX: usize = 250;
/// Patterns of each kind in all rules of an organization (AWS's quota for senders).
const ORGANIZATION_PATTERNS_MAX: i64 = 1000;

/// A rule as a request wants it. What is wrong with its action is told once the caller is authorised.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) action: Result<Action, wire::Error>,
    pub(super) senders: Vec<String>,
    pub(super) recipients: Vec<String>,
}

/// Names a rule of an organization.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) organization: &'a str,
    pub(super) direction: Direction,
    pub(super) id: &'a str,
}

/// Makes a rule and gives its id.
pub(super) async fn create(
    call: &mut Call,
    operation: Operation,
    organization: &str,
    direction: Direction,
    token: Option<&str>,
    wanted: Wanted,
) -> Result<String, wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let (tx, organization) = organizations::write(call, operation, organization).await?;
    let rule = wanted.rule(world.random_uuid())?;
    lambda::check(&rule, &caller)?;
    let definition = serde_json::to_string(&(&rule.action, &rule.senders, &rule.recipients))?;
    let fields = [&organization.id, rule.name.as_str(), &definition];
    let once = Idempotent::new(&caller, operation, token, &fields)?;
    if let Some(id) = once.earlier(tx).await? {
        return Ok(id);
    }
    check(tx, &organization.id, direction, &rule).await?;
    rows::put(tx, &organization.id, direction, &rule, caller.request.now).await?;
    rows::revise(tx, &world, &organization.id, direction).await?;
    once.remember(tx, &rule.id).await?;
    Ok(rule.id)
}

/// Puts a rule in the place of another, whose id it takes.
pub(super) async fn update(
    call: &mut Call,
    operation: Operation,
    named: Named<'_>,
    wanted: Wanted,
) -> Result<(), wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let (tx, organization) = organizations::write(call, operation, named.organization).await?;
    let rule = wanted.rule(named.id.to_owned())?;
    lambda::check(&rule, &caller)?;
    require(tx, named).await?;
    check(tx, &organization.id, named.direction, &rule).await?;
    rows::put(tx, &organization.id, named.direction, &rule, caller.request.now).await?;
    Ok(rows::revise(tx, &world, &organization.id, named.direction).await?)
}

/// Deletes a rule, if it is there.
pub(super) async fn delete(
    call: &mut Call,
    operation: Operation,
    named: Named<'_>,
) -> Result<(), wire::Error> {
    let world = call.world();
    let (tx, organization) = organizations::write(call, operation, named.organization).await?;
    rows::delete(tx, &organization.id, named.direction, named.id).await?;
    Ok(rows::revise(tx, &world, &organization.id, named.direction).await?)
}

pub(super) async fn describe(
    call: &mut Call,
    operation: Operation,
    named: Named<'_>,
) -> Result<Kept, wire::Error> {
    let (snapshot, _) = organizations::read(call, operation, named.organization).await?;
    require(snapshot, named).await
}

/// A page of rules by name, and the token of the next one.
pub(super) async fn list(
    call: &mut Call,
    operation: Operation,
    id: &str,
    direction: Direction,
    token: Option<&str>,
    max_results: Option<i32>,
) -> Result<(Vec<Kept>, Option<String>), wire::Error> {
    let page = Page::open(call, operation, &[id], token, max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    let sql = format!(
        "SELECT {COLUMNS}, name_key FROM mail_flow_rules \
         WHERE organization_id = $1 AND direction = $2 AND name_key > $3 ORDER BY name_key LIMIT $4"
    );
    let bounds = params![&organization.id, direction.as_str(), &range.key, range.fetch];
    let keyed = |row: &Row<'_>| Ok((row.get::<String>(7)?, Kept::of(row)?));
    let mut found = snapshot.rows(&sql, bounds, keyed).await?;
    let next_token = page.cut(&mut found, |(key, _)| (key, ""))?;
    Ok((found.into_iter().map(|(_, kept)| kept).collect(), next_token))
}

/// A message that is not there, to try rules on.
pub(super) struct Trial {
    pub(super) from: String,
    pub(super) sender: Option<String>,
    pub(super) recipients: Vec<String>,
}

/// Each recipient of a message that is not there, with the rule that would apply.
pub(super) async fn test(
    call: &mut Call,
    operation: Operation,
    id: &str,
    direction: Direction,
    trial: Trial,
) -> Result<Vec<(String, Option<Rule>)>, wire::Error> {
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let rules = rows::ready(snapshot, &organization.id, direction).await?;
    let authors = Authors::new(trial.sender.as_deref(), [trial.from.as_str()]);
    let judged = |recipient: String| {
        let rule = rules.judge(&authors, &Party::new(&recipient)).cloned();
        (recipient, rule)
    };
    Ok(trial.recipients.into_iter().map(judged).collect())
}

impl Wanted {
    fn rule(self, id: String) -> Result<Rule, wire::Error> {
        Ok(Rule {
            id,
            name: self.name,
            action: self.action?,
            senders: kept(self.senders)?,
            recipients: kept(self.recipients)?,
        })
    }
}

/// Patterns as they are kept: each once, however it was spelled.
fn kept(given: Vec<String>) -> Result<Vec<String>, wire::Error> {
    let (mut seen, mut patterns) = (HashSet::new(), Vec::with_capacity(given.len()));
    for text in given {
        let pattern = pattern::parse(&text)?;
        if seen.insert(pattern::key(&pattern)) {
            patterns.push(pattern);
        }
    }
    if patterns.len() > RULE_PATTERNS_MAX {
        let text = format!("A rule can have {RULE_PATTERNS_MAX} patterns of each kind.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(patterns)
}

async fn require(snapshot: &mut Snapshot, named: Named<'_>) -> Result<Kept, wire::Error> {
    let Named { organization, direction, id } = named;
    let found = rows::find(snapshot, organization, direction, id).await?;
    found
        .ok_or_else(|| RESOURCE_NOT_FOUND.with(format!("The mail flow rule {id} cannot be found.")))
}

/// That a rule may stand beside the others, and that its gateway is there.
async fn check(
    snapshot: &mut Snapshot,
    organization: &str,
    direction: Direction,
    rule: &Rule,
) -> Result<(), wire::Error> {
    const HELD: &str = "SELECT 1 FROM mail_flow_rules \
        WHERE organization_id = $1 AND direction = $2 AND name_key = $3 AND id <> $4";
    let key = params![organization, direction.as_str(), rule.name.to_lowercase(), &rule.id];
    if snapshot.row(HELD, key, |_| Ok(())).await?.is_some() {
        let text = format!("A mail flow rule with the name {} exists.", rule.name);
        return Err(NAME_AVAILABILITY.with(text));
    }
    if let Some(gateway) = rule.action.gateway() {
        smtp_gateways::require(snapshot, organization, gateway).await?;
    }
    check_quota(snapshot, organization, rule).await
}

async fn check_quota(
    snapshot: &mut Snapshot,
    organization: &str,
    rule: &Rule,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT sender_count, recipient_count FROM mail_flow_rules \
        WHERE organization_id = $1 AND id <> $2";
    let pair = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?));
    let others = snapshot.rows(SQL, params![organization, &rule.id], pair).await?;
    let sum = |own: usize, other: fn(&(i64, i64)) -> i64| {
        let own = i64::try_from(own).unwrap_or(i64::MAX);
        others.iter().map(other).fold(own, i64::saturating_add)
    };
    let senders = sum(rule.senders.len(), |counts| counts.0);
    let recipients = sum(rule.recipients.len(), |counts| counts.1);
    if senders.max(recipients) > ORGANIZATION_PATTERNS_MAX {
        let text = format!(
            "The mail flow rules of an organization can have {ORGANIZATION_PATTERNS_MAX} patterns of \
             each kind."
        );
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}
