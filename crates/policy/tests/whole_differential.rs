//! All kinds of policy together, decided by the crate and by the reference.
//!
//! All is drawn from small alphabets, so that policies of every kind often speak of the request, and the
//! tests insist that everything that can happen did happen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod reference;
#[path = "reference/whole.rs"]
mod whole;

use common::{Keys, source};
use policy::{
    ArnAsker, Kind, Policies, PolicySet, PolicyType, Question, Request, ResourceKind,
    ResourcePolicy, Verdict, evaluate,
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use reference::{Fact, Facts, Seen};
use serde_json::{Map, Value, json};
use whole::{Documents, Who, Whole};

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/anna";
const ROLE: &str = "arn:aws:iam::111122223333:role/worker";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/worker/s";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/f";
const SERVICE: &str = "events.amazonaws.com";
const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/p";

const ASKERS: [Who; 8] = [
    Who { nature: "root", account: ACCOUNT, name: "", behind: None },
    Who { nature: "user", account: ACCOUNT, name: USER, behind: None },
    Who { nature: "role session", account: ACCOUNT, name: SESSION, behind: Some(ROLE) },
    Who { nature: "federated user", account: ACCOUNT, name: FEDERATED, behind: Some(USER) },
    Who { nature: "federated user", account: ACCOUNT, name: FEDERATED, behind: None },
    Who { nature: "service", account: "", name: SERVICE, behind: None },
    Who { nature: "web identity", account: "", name: PROVIDER, behind: None },
    Who { nature: "anonymous", account: "", name: "", behind: None },
];

fn asker(who: &Who) -> ArnAsker {
    match (who.nature, who.behind) {
        ("root", _) => ArnAsker::root(who.account),
        ("user", _) => ArnAsker::user(who.name),
        ("role session", Some(role)) => ArnAsker::role_session(who.name, role),
        ("federated user", issuer) => ArnAsker::federated_user(who.name, issuer),
        ("service", _) => ArnAsker::service([who.name]),
        ("web identity", _) => ArnAsker::web_identity(who.name),
        ("anonymous", _) => ArnAsker::anonymous(),
        other => panic!("{other:?}"),
    }
}

fn any_of(values: &[&'static str]) -> BoxedStrategy<Value> {
    select(values.to_vec()).prop_map(Value::from).boxed()
}

fn some_of(values: &[&'static str]) -> BoxedStrategy<Value> {
    let values = values.to_vec();
    let most = values.len().min(3);
    prop::sample::subsequence(values, 1..=most).prop_map(|values| json!(values)).boxed()
}

fn principals() -> impl Strategy<Value = Value> {
    let aws = || {
        let root = "arn:aws:iam::111122223333:root";
        some_of(&[ACCOUNT, root, USER, ROLE, SESSION, FEDERATED, "444455556666", "*"])
    };
    prop_oneof![
        1 => Just(json!("*")),
        6 => aws().prop_map(|values| json!({"AWS": values})),
        2 => Just(json!({"Service": SERVICE, "Federated": [PROVIDER]})),
        1 => aws().prop_map(|values| json!({"AWS": values, "Service": "ec2.amazonaws.com"})),
    ]
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    let conditions = [
        json!({"StringEquals": {"k": "a"}}),
        json!({"StringNotEquals": {"K": "a"}}),
        json!({"StringEqualsIfExists": {"k": "${gone, 'a'}"}}),
        json!({"ForAllValues:StringLike": {"k": ["a*", "b"]}}),
        json!({"Null": {"k": "true"}}),
    ];
    prop::option::weighted(0.3, select(conditions.to_vec()))
}

/// What a policy is for, which decides what its statements have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Own,
    Resource,
    Trust,
}

fn statement(place: Place) -> impl Strategy<Value = Value> {
    let (actions, resources) = match place {
        Place::Own => (
            some_of(&["sts:AssumeRole", "sts:*", "*", "x:y", "STS:assume????"]),
            some_of(&["*", "arn:aws:s", "arn:aws:s::444455556666:role/*", "arn:aws:t:::b"])
                .prop_map(Some)
                .boxed(),
        ),
        Place::Resource => (
            some_of(&["sts:AssumeRole", "sts:*", "*", "x:y"]),
            prop::option::weighted(
                0.6,
                some_of(&["*", "arn:aws:s", "arn:aws:s:*", "arn:aws:s::*:role/*", "arn:aws:t:*"]),
            )
            .boxed(),
        ),
        Place::Trust => {
            (some_of(&["sts:AssumeRole", "sts:*", "sts:TagSession"]), Just(None).boxed())
        }
    };
    let negated = || prop::bool::weighted(0.1);
    let not_principal =
        prop::bool::weighted(0.25).prop_map(move |not| not && place == Place::Resource);
    let parts = (prop::bool::weighted(0.12), actions, resources, principals(), condition());
    (parts, negated(), negated(), not_principal).prop_map(
        move |(
            (deny, actions, resources, principals, condition),
            not_action,
            not_resource,
            not,
        )| {
            let mut statement = Map::new();
            let mut put = |name: &str, value| statement.insert(name.into(), value);
            put("Effect", json!(if deny { "Deny" } else { "Allow" }));
            put(if not_action { "NotAction" } else { "Action" }, actions);
            if let Some(resources) = resources {
                put(if not_resource { "NotResource" } else { "Resource" }, resources);
            }
            if place != Place::Own {
                put(if not { "NotPrincipal" } else { "Principal" }, principals);
            }
            condition.map(|condition| put("Condition", condition));
            Value::Object(statement)
        },
    )
}

fn document(place: Place) -> impl Strategy<Value = Value> {
    let version = any_of(&["2012-10-17", "2008-10-17"]);
    (version, prop::collection::vec(statement(place), 1..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn documents() -> impl Strategy<Value = Documents> {
    let kind = select(vec![
        ("ordinary", Place::Resource),
        ("trust", Place::Trust),
        ("key", Place::Resource),
    ]);
    let resource =
        kind.prop_flat_map(|(kind, place)| document(place).prop_map(move |policy| (kind, policy)));
    (
        prop::collection::vec(document(Place::Own), 0..3),
        prop::option::weighted(0.3, document(Place::Own)),
        prop::option::weighted(0.4, document(Place::Own)),
        prop::option::weighted(0.8, resource),
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(document(Place::Own), 1..3)],
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(document(Place::Resource), 1..3)],
    )
        .prop_map(|(identity, boundary, session, resource, service_control, resource_control)| {
            Documents { identity, boundary, session, resource, service_control, resource_control }
        })
}

fn facts() -> impl Strategy<Value = Facts> {
    let fact = select(vec![
        None,
        Some(Fact::One("a".into())),
        Some(Fact::One(String::new())),
        Some(Fact::Many(vec!["a".into(), "c".into()])),
        Some(Fact::Many(Vec::new())),
    ]);
    fact.prop_map(|fact| fact.map(|fact| ("k".to_owned(), fact)).into_iter().collect())
}

fn case() -> impl Strategy<Value = (Who, bool, Documents, reference::Question)> {
    let resource = select(vec!["arn:aws:s::444455556666:role/r", "arn:aws:s::1:user/u", "*"]);
    let request = (resource, facts()).prop_map(|(resource, facts)| reference::Question {
        action: "sts:AssumeRole".into(),
        resource: resource.into(),
        facts,
    });
    (select(ASKERS.to_vec()), prop::bool::weighted(0.3), documents(), request)
}

fn own(documents: &[Value]) -> PolicySet {
    PolicySet::new(documents.iter().map(|document| source("own", document, Kind::Inline)))
}

fn of_resource(document: &Value, kind: Kind) -> ResourcePolicy {
    ResourcePolicy::new(source("resource", document, kind))
}

fn name(policy_type: PolicyType) -> &'static str {
    match policy_type {
        PolicyType::Identity => "identity",
        PolicyType::Resource => "resource",
        PolicyType::Boundary => "boundary",
        PolicyType::Session => "session",
        PolicyType::ServiceControl => "service control",
        PolicyType::ResourceControl => "resource control",
        PolicyType::RoleTrust => "trust",
    }
}

fn agree(
    (who, foreign, documents, request): &(Who, bool, Documents, reference::Question),
    seen: &Seen,
) -> Result<(), TestCaseError> {
    let wanted = Whole { question: request, seen, who, foreign: *foreign, documents }.decide();
    let identity = own(&documents.identity);
    let one = |document: &Value| own(std::slice::from_ref(document));
    let boundary = documents.boundary.as_ref().map(one);
    let session = documents.session.as_ref().map(one);
    let resource = documents.resource.as_ref().map(|(kind, document)| match *kind {
        "trust" => (ResourceKind::RoleTrust, of_resource(document, Kind::Trust)),
        "key" => (ResourceKind::KmsKey, of_resource(document, Kind::Resource)),
        _ => (ResourceKind::Ordinary, of_resource(document, Kind::Resource)),
    });
    let levels: Vec<_> = documents.service_control.iter().map(one).collect();
    let resource_levels = documents.resource_control.iter();
    let resource_levels: Vec<_> =
        resource_levels.map(|document| of_resource(document, Kind::Resource)).collect();
    let keys = request.facts.iter().map(|(key, fact)| {
        let value = match fact {
            Fact::One(value) => json!(value),
            Fact::Many(values) => json!(values),
        };
        (key.clone(), value)
    });
    let context = Keys(Value::Object(keys.collect()));
    let question = Question {
        request: Request {
            action: &request.action,
            resource: &request.resource,
            context: &context,
        },
        asker: &asker(who),
        cross_account: *foreign,
        policies: Policies {
            identity: Some(&identity),
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            resource: resource.as_ref().map(|(kind, policy)| (*kind, policy)),
            service_control: &levels.iter().collect::<Vec<_>>(),
            resource_control: &resource_levels.iter().collect::<Vec<_>>(),
        },
    };
    let found = match evaluate(&question) {
        Verdict::Allowed(_) => "allowed".to_owned(),
        Verdict::Denied(denial) => {
            let how = if denial.explicit.is_some() { "explicit" } else { "implicit" };
            format!("{} {how}", name(denial.policy_type))
        }
    };
    prop_assert_eq!(found, wanted);
    explained(&question)
}

/// The statement that decided is among those that apply, and every other has its reasons.
fn explained(question: &Question<'_>) -> Result<(), TestCaseError> {
    let looks = question.explain();
    let applying = looks.iter().flat_map(|(policy_type, looks)| {
        looks.iter().filter(|look| look.applies()).map(|look| (*policy_type, look.statement.span()))
    });
    let applying: Vec<_> = applying.collect();
    let decided = match evaluate(question) {
        Verdict::Allowed(grant) => grant.identity.map(|cause| (PolicyType::Identity, cause.span())),
        Verdict::Denied(denial) => denial.explicit.map(|cause| (denial.policy_type, cause.span())),
    };
    prop_assert!(decided.is_none_or(|decided| applying.contains(&decided)));
    Ok(())
}

#[test]
fn all_kinds_decide_alike() {
    let seen = Seen::default();
    let config =
        ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    runner.run(&case(), |case| agree(&case, &seen)).unwrap();
    seen.assert_all(events());
}

/// Every asker meets everything that can happen to it.
fn events() -> Vec<String> {
    let both = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .flat_map(|name| ["explicit", "implicit"].map(|how| format!("{name} {how}")))
            .collect()
    };
    let outside = ["resource", "resource control", "trust"];
    let root = [&outside[..], &["session", "service control"]].concat();
    let member = [&root[..], &["identity", "boundary"]].concat();
    let mut events = Vec::new();
    for who in ASKERS {
        let kinds = match who.nature {
            "root" => both(&root),
            "service" | "web identity" | "anonymous" => both(&outside),
            _ => both(&member),
        };
        events.extend(kinds.iter().map(|kind| format!("{} {kind}", who.nature)));
        events.push(format!("{} allowed", who.nature));
    }
    for denied in [true, false] {
        events.push(format!("NotPrincipal denies {denied}"));
        events.push(format!("short resource of a resource {denied}"));
        events.push(format!("ways true {denied} true"));
        events.push(format!("ways false {denied} true"));
    }
    events.push("no Resource".into());
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Other cases in every run.
    #[test]
    fn new_kinds_decide_alike(case in case()) {
        agree(&case, &Seen::default())?;
    }
}
