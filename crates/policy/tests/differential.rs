//! The crate's decisions against those of the reference, over generated policies and requests.
//!
//! All is drawn from small alphabets, so that patterns match often, and the tests insist that everything
//! that can happen did happen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use std::{ops::RangeInclusive, sync::Arc};

use policy::{Cause, Context, Decision, Kind, PolicySet, Request, Source, Values, parse};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use reference::{BASE64, DATES, Fact, Facts, Question, Reference, Seen, Verdict};
use serde_json::{Map, Value, json};

const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

const QUANTIFIERS: [&str; 3] = ["", "ForAllValues:", "ForAnyValue:"];

struct Keys<'a>(&'a Facts);

impl Context for Keys<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        Some(match self.0.get(key)? {
            Fact::One(value) => Values::One(value.into()),
            Fact::Many(values) => Values::Many(values.iter().map(Into::into).collect()),
        })
    }
}

/// Strings with wildcards and variables.
fn pattern() -> BoxedStrategy<String> {
    const VARIABLES: [&str; 10] = [
        "${u}",
        "${U, 'a'}",
        "${*}",
        "${?}",
        "${$}",
        "${gone}",
        "${gone,'b*'}",
        "${many}",
        "${many, 'a'}",
        "${single, 'a'}",
    ];
    let piece = prop_oneof![
        6 => letters("abA", 1..=1),
        2 => any_of(&["*", "?", "**"]),
        2 => any_of(&VARIABLES),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat()).boxed()
}

fn any_of(texts: &[&'static str]) -> BoxedStrategy<String> {
    select(texts.to_vec()).prop_map(String::from).boxed()
}

fn letters(alphabet: &str, count: RangeInclusive<usize>) -> BoxedStrategy<String> {
    let letter = select(alphabet.chars().collect::<Vec<_>>());
    prop::collection::vec(letter, count).prop_map(String::from_iter).boxed()
}

/// Values for policies and values for requests of the operator.
fn values_of(operator: &str) -> (BoxedStrategy<String>, BoxedStrategy<String>) {
    let dates: Vec<&str> = DATES.iter().map(|(date, _)| *date).collect();
    let base64: Vec<&str> = BASE64.iter().map(|(text, _)| *text).collect();
    let numbers =
        ["0", "-0", "1", "1.0", "01", "-1", "-1.5", "10", "9", "0.125", "0.12", "1.5", "x"];
    let arns = || {
        let arn = (letters("st", 1..=1), letters("ab:", 0..=2))
            .prop_map(|(service, resource)| format!("arn:aws:{service}::1:{resource}"));
        prop_oneof![4 => arn, 1 => any_of(&["", "a", "arn:aws:s:a", "arx:aws:s::1:a"])].boxed()
    };
    match operator {
        _ if operator.starts_with("String") => (pattern(), letters("abA*", 0..=2)),
        _ if operator.starts_with("Numeric") => {
            (any_of(&numbers[..]), prop_oneof![9 => any_of(&numbers), 1 => pattern()].boxed())
        }
        _ if operator.starts_with("Date") => {
            (any_of(&dates), prop_oneof![9 => any_of(&dates), 1 => any_of(&["", "now"])].boxed())
        }
        "Bool" => (
            any_of(&["true", "False", "${b}", "${gone, 'true'}", "x", "", "tr${e}"]),
            any_of(&["true", "false", "TRUE", "x", ""]),
        ),
        "Null" => (any_of(&["true", "FALSE", "x"]), any_of(&["", "a"])),
        "BinaryEquals" => (any_of(&base64), any_of(&base64)),
        "IpAddress" | "NotIpAddress" => (
            any_of(&[
                "10.0.0.0/8",
                "10.1.2.3/9",
                "10.1.2.3",
                "0.0.0.0/0",
                "::/0",
                "2001:db8::/33",
                "2001:db8::1",
                "10.0.0.0/33",
                "x",
                "",
                "10.0.0.0/08",
            ]),
            any_of(&["10.1.2.3", "10.128.0.1", "11.0.0.0", "2001:db8::1", "2001:db8:8000::", "x"]),
        ),
        _ => {
            let six = (
                any_of(&["arn", "?rn", "a*n", "${arn}"]),
                letters("st*", 1..=1),
                pattern(),
                letters("1*?", 1..=1),
            )
                .prop_map(|(arn, service, resource, account)| {
                    format!("{arn}:aws:{service}::{account}:{resource}")
                });
            (
                prop_oneof![6 => six, 3 => arns(), 1 => any_of(&["*", "**", "${arnvalue}", "${u}",
                "arn:${colons}:a", "${arn}:aws:s::${one}:a", "${*}"])]
                .boxed(),
                arns(),
            )
        }
    }
}

/// Every operator in every form: its whole name, and the name without prefix and suffix.
fn operators() -> Vec<(String, &'static str)> {
    let forms = QUANTIFIERS.iter().flat_map(|quantifier| ["", "IfExists"].map(|s| (quantifier, s)));
    let all = forms.flat_map(|(quantifier, suffix)| {
        OPERATORS.map(|base| (format!("{quantifier}{base}{suffix}"), base))
    });
    all.filter(|(operator, _)| !operator.ends_with("NullIfExists")).collect()
}

/// A condition over `key`, and what the request has for that key.
fn condition(key: &'static str) -> impl Strategy<Value = (Value, Option<Fact>)> {
    select(operators()).prop_flat_map(move |(operator, base)| condition_of(operator, base, key))
}

fn condition_of(
    operator: String,
    base: &str,
    key: &'static str,
) -> impl Strategy<Value = (Value, Option<Fact>)> + use<> {
    let (policy, request) = values_of(base);
    let fact = prop_oneof![
        2 => Just(None),
        5 => request.clone().prop_map(|value| Some(Fact::One(value))),
        3 => prop::collection::vec(request, 0..3).prop_map(|values| Some(Fact::Many(values))),
    ];
    (prop::collection::vec(policy, 0..4), fact).prop_map(move |(values, fact)| {
        let values = if values.len() == 1 { json!(values[0]) } else { json!(values) };
        (json!({ operator.as_str(): { key: values } }), fact)
    })
}

/// What variables stand for.
fn facts() -> impl Strategy<Value = Facts> {
    let all = vec![
        ("u", Fact::One("a*".into())),
        ("b", Fact::One("True".into())),
        ("e", Fact::One("ue".into())),
        ("one", Fact::One("1".into())),
        ("arn", Fact::One("arn".into())),
        ("arnvalue", Fact::One("arn:aws:s::1:a".into())),
        ("colons", Fact::One("aws:s::1".into())),
        ("single", Fact::Many(vec!["a".into()])),
        ("many", Fact::Many(vec!["a".into(), "b".into()])),
    ];
    subsequence(all, 0..=9)
        .prop_map(|facts| facts.into_iter().map(|(key, fact)| (key.to_owned(), fact)).collect())
}

fn actions() -> impl Strategy<Value = Value> {
    let pattern = prop_oneof![
        1 => any_of(&["*", "*:*", "*:G?"]),
        6 => (letters("abA", 1..=1), letters("GgX*?", 0..=3))
            .prop_map(|(service, name)| format!("{service}:{name}")),
        // Longer than the index tells apart.
        2 => (letters("ab", 1..=1), letters("*?XY", 0..=3))
            .prop_map(|(service, end)| format!("{service}:{}{end}", "X".repeat(126))),
    ];
    prop::collection::vec(pattern, 1..3).prop_map(|patterns| json!(patterns))
}

fn resources() -> impl Strategy<Value = Value> {
    let entry = prop_oneof![
        2 => any_of(&["*", "arn:aws:s", "arn:aws:s:r", "arn:aws:t:r:1"]),
        6 => (letters("st", 1..=1), letters("r*", 0..=1), letters("1*?", 0..=1), pattern())
            .prop_map(|(service, region, account, resource)| {
                format!("arn:aws:{service}:{region}:{account}:{resource}")
            }),
    ];
    prop::collection::vec(entry, 1..3).prop_map(|entries| json!(entries))
}

/// A statement, and what the request has for its condition's key.
fn statement() -> impl Strategy<Value = (Value, Option<Fact>)> {
    let condition = prop::option::weighted(0.5, condition("K"));
    let negated = prop::bool::weighted(0.2);
    (prop::bool::weighted(0.3), negated, actions(), negated, resources(), condition).prop_map(
        |(deny, not_action, actions, not_resource, resources, condition)| {
            let mut statement = Map::new();
            statement.insert("Effect".into(), json!(if deny { "Deny" } else { "Allow" }));
            statement.insert(if not_action { "NotAction" } else { "Action" }.into(), actions);
            statement
                .insert(if not_resource { "NotResource" } else { "Resource" }.into(), resources);
            let fact = condition.and_then(|(condition, fact)| {
                statement.insert("Condition".into(), condition);
                fact
            });
            (Value::Object(statement), fact)
        },
    )
}

fn policy_and_fact() -> impl Strategy<Value = (Value, Option<Fact>)> {
    (prop::bool::weighted(0.8), prop::collection::vec(statement(), 1..4)).prop_map(
        |(new, statements)| {
            let (statements, facts): (Vec<_>, Vec<_>) = statements.into_iter().unzip();
            let version = if new { "2012-10-17" } else { "2008-10-17" };
            let policy = json!({"Version": version, "Statement": statements});
            (policy, facts.into_iter().flatten().next())
        },
    )
}

/// Policies and a request of which they may speak.
fn case() -> impl Strategy<Value = (Vec<Value>, Question)> {
    let action = prop_oneof![
        4 => (letters("abB", 1..=1), letters("GgX", 0..=3))
            .prop_map(|(service, name)| format!("{service}:{name}")),
        1 => (letters("ab", 1..=1), letters("xy", 0..=3))
            .prop_map(|(service, end)| format!("{service}:{}{end}", "x".repeat(126))),
        1 => any_of(&["", "a", "é"]),
    ];
    let resource = prop_oneof![
        1 => any_of(&["*", "", "arn:aws:s", "arn:aws:s:r:1"]),
        8 => (letters("st", 1..=1), letters("r", 0..=1), letters("1", 0..=1), letters("ab*:", 0..=3))
            .prop_map(|(service, region, account, resource)| {
                format!("arn:aws:{service}:{region}:{account}:{resource}")
            }),
    ];
    (prop::collection::vec(policy_and_fact(), 0..4), action, resource, facts()).prop_map(
        |(policies, action, resource, mut facts)| {
            let (policies, mut given): (Vec<_>, Vec<_>) = policies.into_iter().unzip();
            if let Some(fact) = given.drain(..).flatten().next() {
                facts.insert("k".into(), fact);
            }
            (policies, Question { action, resource, facts })
        },
    )
}

fn set(policies: &[Value]) -> PolicySet {
    let source = |(index, policy): (usize, &Value)| {
        let document = parse(&policy.to_string(), Kind::Inline)
            .unwrap_or_else(|malformed| panic!("{policy}: {malformed}"));
        Source { id: index.to_string().into(), document: Arc::new(document) }
    };
    PolicySet::new(policies.iter().enumerate().map(source))
}

/// The crate and the reference decide alike, and the cause is a statement that applies.
fn agree(policies: &[Value], question: &Question, seen: &Seen) -> Result<(), TestCaseError> {
    let reference = Reference { question, seen, of_resource: false };
    let wanted = reference.decide(policies);
    seen.note(format!("{wanted:?}"));
    let set = set(policies);
    let context = Keys(&question.facts);
    let request =
        Request { action: &question.action, resource: &question.resource, context: &context };
    let (found, cause) = match set.decide(&request) {
        Decision::Allow(cause) => (Verdict::Allow, Some((cause, "Allow"))),
        Decision::ExplicitDeny(cause) => (Verdict::ExplicitDeny, Some((cause, "Deny"))),
        Decision::ImplicitDeny => (Verdict::ImplicitDeny, None),
    };
    prop_assert_eq!(found, wanted);
    if let Some((cause, effect)) = cause {
        prop_assert!(is_cause(&reference, policies, &cause, effect));
    }
    Ok(())
}

fn is_cause(
    reference: &Reference<'_>,
    policies: &[Value],
    cause: &Cause<'_>,
    effect: &str,
) -> bool {
    let policy = &policies[cause.source().parse::<usize>().unwrap()];
    let statement = &policy["Statement"][cause.statement_index()];
    statement["Effect"] == effect && reference.applies(policy, statement)
}

/// The same cases in every run, so that what must be seen is seen.
fn runner(cases: u32, seed: u8) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

#[test]
fn conditions_decide_alike() {
    let seen = Seen::default();
    for (seed, (operator, base)) in (0..).zip(operators()) {
        let cases = (condition_of(operator, base, "k"), facts(), prop::bool::weighted(0.85));
        runner(60, seed)
            .run(&cases, |(condition, facts, new)| one_condition(condition, facts, new, &seen))
            .unwrap();
    }
    seen.assert_all(condition_events());
}

fn one_condition(
    (condition, fact): (Value, Option<Fact>),
    mut facts: Facts,
    new: bool,
    seen: &Seen,
) -> Result<(), TestCaseError> {
    facts.extend(fact.map(|fact| ("k".to_owned(), fact)));
    let version = if new { "2012-10-17" } else { "2008-10-17" };
    let policy = json!({"Version": version, "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]});
    let question = Question { action: "a:b".into(), resource: "*".into(), facts };
    agree(&[policy], &question, seen)
}

/// Every operator in all its forms holds and does not hold; every form meets missing keys.
fn condition_events() -> Vec<String> {
    let outcomes = |(operator, _)| [format!("{operator} true"), format!("{operator} false")];
    let mut events: Vec<String> = operators().into_iter().flat_map(outcomes).collect();
    for quantifier in QUANTIFIERS {
        let quantifier = quantifier.trim_end_matches(':');
        for if_exists in [true, false] {
            for negated in [true, false] {
                for missing in [true, false] {
                    events.push(format!("{quantifier} {if_exists} {negated} missing {missing}"));
                }
            }
        }
    }
    let variables = ["true true", "true false", "false true", "false false"];
    events.extend(variables.map(|variable| format!("variable {variable}")));
    events
}

#[test]
fn policies_decide_alike() {
    let seen = Seen::default();
    runner(2_500, 0)
        .run(&case(), |(policies, question)| agree(&policies, &question, &seen))
        .unwrap();
    let clauses = ["Action", "NotAction", "Resource", "NotResource"];
    let clauses =
        clauses.iter().flat_map(|name| [true, false].map(|outcome| format!("{name} {outcome}")));
    let others = ["Allow", "ExplicitDeny", "ImplicitDeny", "short resource", "variable false true"];
    seen.assert_all(clauses.chain(others.map(String::from)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Other cases in every run.
    #[test]
    fn new_policies_decide_alike((policies, question) in case()) {
        agree(&policies, &question, &Seen::default())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// So many statements about the same actions that they are found by their resources and conditions too.
    #[test]
    fn many_policies_decide_alike(
        (statements, (mut policies, mut question)) in
            (prop::collection::vec((statement(), any::<bool>()), 30..60), case())
    ) {
        let (mut crowd, mut facts) = (Vec::new(), Vec::new());
        for ((mut statement, fact), any_resource) in statements {
            statement.as_object_mut().unwrap().remove("NotAction");
            statement["Action"] = json!("*");
            if any_resource && statement.get("NotResource").is_none() {
                statement["Resource"] = json!("*");
            }
            crowd.push(statement);
            facts.extend(fact);
        }
        policies.push(json!({"Version": "2012-10-17", "Statement": crowd}));
        question.facts.extend(facts.pop().map(|fact| ("k".to_owned(), fact)));
        agree(&policies, &question, &Seen::default())?;
    }
}
