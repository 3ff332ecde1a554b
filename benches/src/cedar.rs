//! The same decisions by Cedar, over policies of equal meaning.
//!
//! Cedar is a library for the same task with a language of its own. The statements are put into that
//! language one by one, an action by name as an action, a pattern as `like`; both must decide alike before
//! the clock starts.

#[cfg(not(feature = "cedar"))]
pub(crate) use absent::run;
#[cfg(feature = "cedar")]
pub(crate) use compared::run;

#[cfg(not(feature = "cedar"))]
mod absent {
    use crate::{outcome::Outcome, report};

    pub(crate) fn run() -> Outcome<()> {
        report::note("built without the feature `cedar`: no comparison");
        Ok(())
    }
}

#[cfg(feature = "cedar")]
mod translate;

#[cfg(feature = "cedar")]
mod compared {
    use std::hint::black_box;

    use cedar_policy::{
        Authorizer, Context, Decision as CedarDecision, Entities, EntityUid, PolicySet as CedarSet,
        Request as CedarRequest,
    };
    use policy::{PolicySet, Request};
    use serde_json::{Map, Value, json};

    use super::translate::{self, uid};
    use crate::{
        outcome::Outcome,
        pace,
        policy::{self as typical, FACTS, USER},
        policy_growth::{self, Shape},
        report::{self, micros},
    };

    /// Statements of the largest comparison: Cedar looks at every one.
    const STATEMENTS: usize = 1_000;

    /// Measures and reports.
    pub(crate) fn run() -> Outcome<()> {
        report::part("policy: the same decisions by cedar-policy");
        let set = typical::typical()?;
        for (name, action) in [
            ("allow", "workmail:ListUsers"),
            ("implicit denial", "s3:GetObject"),
            ("explicit denial", "workmail:DeleteOrganization"),
        ] {
            compare(&format!("eleven policies: {name}"), &set, &typical::request(action))?;
        }
        for shape in Shape::ALL {
            for statements in [100, STATEMENTS] {
                let set = policy_growth::set(shape, statements)?;
                let (action, resource) = shape.question(statements);
                let request = Request {
                    action: &action,
                    resource: &resource,
                    ..typical::request("workmail:ListUsers")
                };
                let name = format!("{}: {}", report::grouped(statements as f64), shape.name());
                compare(&name, &set, &request)?;
            }
        }
        Ok(())
    }

    fn compare(name: &str, ours: &PolicySet, request: &Request<'_>) -> Outcome<()> {
        let theirs: CedarSet = translate::set(ours)?.parse()?;
        let asked = asked(request)?;
        let (authorizer, entities) = (Authorizer::new(), Entities::empty());
        let decide = || authorizer.is_authorized(black_box(&asked), &theirs, &entities);
        let answer = decide();
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        let allowed = answer.decision() == CedarDecision::Allow;
        if allowed != ours.decide(request).is_allowed() {
            return Err(format!("the two decide differently: {name}").into());
        }
        let mut own = typical::pace(ours, request);
        let mut cedar = pace::of(|| drop(black_box(decide())));
        let ratio = cedar.median_micros() / own.median_micros();
        report::figure(
            name,
            format!(
                "median {} and {}, p99 {} and {}: 1/{ratio:.0}",
                micros(own.median_micros()),
                micros(cedar.median_micros()),
                micros(own.micros_at(0.99)),
                micros(cedar.micros_at(0.99)),
            ),
        );
        Ok(())
    }

    fn asked(request: &Request<'_>) -> Outcome<CedarRequest> {
        let facts = FACTS.iter().map(|(key, value)| ((*key).to_owned(), json!(value)));
        let mut record: Map<String, Value> = facts.collect();
        record.insert("action".into(), json!(request.action.to_lowercase()));
        record.insert("resource".into(), json!(request.resource));
        let context = Context::from_json_value(Value::Object(record), None)?;
        let principal: EntityUid = uid("User", USER).parse()?;
        let action: EntityUid = uid("Action", &request.action.to_lowercase()).parse()?;
        let resource: EntityUid = uid("Resource", request.resource).parse()?;
        Ok(CedarRequest::new(principal, action, resource, context, None)?)
    }
}
