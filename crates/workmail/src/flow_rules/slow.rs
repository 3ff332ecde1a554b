//! The sentences of the specification one by one, as the judge of [`super::Rules`].

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Action, Authors, Direction, Party, Rule, Rules, pattern, rules::order};

const ADDRESSES: [&str; 7] =
    ["ann@x.org", "ANN+shop@X.org", "bob@x.org", "ann@a.x.org", "c@b.a.x.org", "d@y.org", "nobody"];
const PATTERNS: [&str; 11] = [
    "*",
    "x.org",
    "*.x.org",
    "a.x.org",
    "*.a.x.org",
    "ann@x.org",
    "Ann@A.X.ORG",
    "bob@X.org",
    "*.y.org",
    "y.org",
    "d@y.org",
];

/// How specific a pattern is for an address: greater is more. None if it does not cover the address.
fn specificity(pattern: &str, address: &str) -> Option<(u8, usize)> {
    let (pattern, address) = (pattern.to_lowercase(), address.to_lowercase());
    if pattern == "*" {
        return Some((0, 0));
    }
    let (local, domain) = address.split_once('@')?;
    let local = local.split('+').next()?;
    if let Some(parent) = pattern.strip_prefix("*.") {
        let covers = domain == parent || domain.ends_with(&format!(".{parent}"));
        return covers.then(|| (1, parent.split('.').count()));
    }
    if pattern.contains('@') {
        return (pattern == format!("{local}@{domain}")).then_some((3, 0));
    }
    (pattern == domain).then_some((2, 0))
}

fn most_specific(patterns: &[String], address: &str) -> Option<(u8, usize)> {
    patterns.iter().filter_map(|pattern| specificity(pattern, address)).max()
}

fn slow_judge(rules: &[Rule], sender: &[&str], from: &[&str], recipient: &str) -> Option<String> {
    for authors in [sender, if from.is_empty() { &["nobody"] } else { from }] {
        let mut found = Vec::new();
        for rule in rules {
            for author in authors {
                let by_sender = most_specific(&rule.senders, author);
                let by_recipient = most_specific(&rule.recipients, recipient);
                if let (Some(by_sender), Some(by_recipient)) = (by_sender, by_recipient) {
                    found.push((by_sender, by_recipient, rule));
                }
            }
        }
        let best = found.iter().map(|(sender, recipient, _)| (*sender, *recipient)).max();
        let of_best = found.iter().filter(|(s, r, _)| Some((*s, *r)) == best);
        if let Some((_, _, rule)) = of_best.min_by_key(|(_, _, rule)| order(rule)) {
            return Some(rule.id.clone());
        }
    }
    None
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let kept =
        |texts: Vec<&str>| texts.into_iter().map(|text| pattern::parse(text).unwrap()).collect();
    prop::collection::vec(prop::sample::select(PATTERNS.to_vec()), 1..4).prop_map(kept)
}

fn rule() -> impl Strategy<Value = Rule> {
    let actions = vec![
        Action::Drop,
        Action::Bounce { message: None },
        Action::MoveToJunk,
        Action::Default,
        Action::BypassSpamCheck,
    ];
    (prop::sample::select(actions), "[ab]", patterns(), patterns()).prop_map(
        |(action, name, senders, recipients)| Rule {
            id: String::new(),
            name,
            action,
            senders,
            recipients,
        },
    )
}

fn addresses(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(ADDRESSES.to_vec()), 0..=most)
}

proptest! {
    #[test]
    fn the_judgement_is_that_of_the_slow_judge(
        mut rules in prop::collection::vec(rule(), 0..8),
        sender in addresses(1),
        from in addresses(3),
    ) {
        for (at, rule) in rules.iter_mut().enumerate() {
            rule.id = at.to_string();
        }
        let ready = Rules::new("m-1", Direction::Inbound, rules.clone());
        let authors = Authors::new(sender.iter().copied(), from.iter().copied());
        for recipient in ADDRESSES {
            let judged = ready.judge(&authors, &Party::new(recipient)).map(|rule| rule.id.clone());
            prop_assert_eq!(judged, slow_judge(&rules, &sender, &from, recipient), "{}", recipient);
        }
    }
}

#[test]
fn the_sender_counts_before_the_recipient_and_the_list_decides_ties() {
    let rule = |id: &str, action: Action, sender: &str, recipient: &str| Rule {
        id: id.into(),
        name: id.into(),
        action,
        senders: vec![sender.into()],
        recipients: vec![recipient.into()],
    };
    let rules = Rules::new(
        "m-1",
        Direction::Inbound,
        vec![
            rule("wide", Action::Drop, "*.far.example", "ann@x.org"),
            rule("near", Action::Default, "far.example", "*"),
            rule("junk", Action::MoveToJunk, "far.example", "*"),
            rule("any", Action::BypassSpamCheck, "*", "*"),
        ],
    );
    let judge = |sender: &[&str], from: &str| {
        let authors = Authors::new(sender.iter().copied(), [from]);
        rules.judge(&authors, &Party::new("ann@x.org")).unwrap().id.clone()
    };
    assert_eq!(judge(&[], "eve@far.example"), "junk");
    assert_eq!(judge(&[], "eve@sub.far.example"), "wide");
    assert_eq!(judge(&["eve@sub.far.example"], "eve@far.example"), "wide");
    assert_eq!(judge(&["eve@near.example"], "eve@far.example"), "any");
}
