use proptest::prelude::*;

use super::*;

const START: i64 = 1_000_000_000;

fn order(recipients: &[&str], timeout: Duration) -> Order {
    let until = Timestamp::from_micros(START).saturating_add(timeout);
    let hold = Hold {
        sender: "s@x".into(),
        utf8: false,
        beside: Vec::new(),
        trace: "t".into(),
        usual: Treatment::Deliver(Placement::Junk),
        told: "s@x".into(),
        fallback: Treatment::Bounce("fallback".into()),
        until_us: until.as_micros(),
        arrived_us: START,
    };
    let recipients = recipients.iter().map(ToString::to_string).collect();
    Order { recipients, hold: Some(hold), ..Order::for_test() }
}

fn action(what: What, recipients: &[&str], all_recipients: bool) -> Action {
    Action {
        what,
        recipients: recipients.iter().map(ToString::to_string).collect(),
        all_recipients,
    }
}

fn settled(order: &Order, answer: &Answer) -> Vec<Treated> {
    match decide(order, 1, Some(answer), Timestamp::from_micros(START)) {
        Decision::Settled(fates) => fates,
        Decision::Again(_) => panic!("an answer ends it"),
    }
}

#[test]
fn each_recipient_gets_what_names_it() {
    let order = order(&["A@x", "b@x", "c@x", "d@x"], Duration::ZERO);
    let actions = vec![
        action(What::Default, &[], true),
        action(What::Drop, &["a@X", "new@x", "new@x"], false),
        action(What::BypassSpamCheck, &["a@x", "b@x", "n@x", "N@x", "new@x"], false),
    ];
    let answer = Answer { actions, beyond: vec!["c@x".into(), "new2@x".into()] };
    let fate = |recipient: &str, treatment| Treated { recipient: recipient.to_owned(), treatment };
    assert_eq!(
        settled(&order, &answer),
        [
            fate("A@x", Treatment::Drop),
            fate("b@x", Treatment::Deliver(Placement::Inbox)),
            fate("c@x", Treatment::Bounce("fallback".into())),
            fate("d@x", Treatment::Deliver(Placement::Junk)),
            fate("n@x", Treatment::Deliver(Placement::Inbox)),
        ]
    );
}

#[test]
fn it_is_called_again_until_the_time_is_over() {
    let minute = Duration::from_secs(60);
    let order = order(&["a@x"], minute);
    let mut now = Timestamp::from_micros(START);
    let mut calls = Vec::new();
    for attempts in 1..20 {
        calls.push(now.since(Timestamp::from_micros(START)).as_secs());
        match decide(&order, attempts, None, now) {
            Decision::Again(at) => now = at,
            Decision::Settled(fates) => {
                assert_eq!(
                    fates,
                    [Treated {
                        recipient: "a@x".into(),
                        treatment: Treatment::Bounce("fallback".into())
                    }]
                );
                break;
            }
        }
    }
    assert_eq!(calls, [0, 5, 15, 35, 60]);
    let once = self::order(&["a@x"], Duration::ZERO);
    assert!(matches!(decide(&once, 1, None, Timestamp::from_micros(START)), Decision::Settled(_)));
}

#[test]
fn what_nothing_waits_for_is_called_three_times() {
    let order = Order { hold: None, ..order(&["a@x"], Duration::ZERO) };
    let now = Timestamp::from_micros(START);
    let after = |attempts| decide(&order, attempts, None, now);
    assert_eq!(after(1), Decision::Again(now.saturating_add(RESTS_ASIDE[0])));
    assert_eq!(after(2), Decision::Again(now.saturating_add(RESTS_ASIDE[1])));
    assert_eq!(after(3), Decision::Settled(Vec::new()));
    assert_eq!(decide(&order, 1, Some(&Answer::default()), now), Decision::Settled(Vec::new()));
}

#[test]
fn addresses_cannot_carry_anything_else() {
    for good in ["a@b.org", "a.b+c@d-e.org", "jörg@münchen.de", "o'neil@x.org"] {
        assert!(is_address(good), "{good}");
    }
    for bad in [
        "",
        "a",
        "@x.org",
        "a@",
        "a@x",
        "a b@x.org",
        "a@x.org>",
        "<a@x.org",
        "a\r\n@x.org",
        "a@x.org\n",
        "a,b@x.org",
        "\"a\"@x.org",
        "a@-x.org",
        "a@x..org",
        ".a@x.org",
        "a@[1.2.3.4]",
        "a@x.org\u{85}",
        "a@b@c.org",
    ] {
        assert!(!is_address(bad), "{bad}");
    }
}

/// The guide, read word by word.
fn reference(order: &Order, answer: Option<&Answer>) -> Vec<Treated> {
    let hold = order.hold.as_ref().unwrap();
    let mut fates = Vec::new();
    for recipient in &order.recipients {
        let mut fate = None;
        for action in answer.map(|answer| &answer.actions[..]).unwrap_or_default() {
            for named in &action.recipients {
                if fate.is_none() && named.to_lowercase() == recipient.to_lowercase() {
                    fate = Some(action.what.treatment(hold));
                }
            }
        }
        let excess = answer.is_some_and(|answer| names(&answer.beyond, recipient));
        for action in answer.map(|answer| &answer.actions[..]).unwrap_or_default() {
            if fate.is_none() && action.all_recipients && !excess {
                fate = Some(action.what.treatment(hold));
            }
        }
        let treatment = fate.unwrap_or(hold.fallback.clone());
        fates.push(Treated { recipient: recipient.clone(), treatment });
    }
    fates
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        Just(What::Bounce(None)),
        Just(What::Bounce(Some("no".into()))),
        Just(What::Drop),
        Just(What::Default),
        Just(What::BypassSpamCheck),
        Just(What::MoveToJunk),
    ]
}

fn people() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-dA-D]@x", 0..4)
}

fn answer() -> impl Strategy<Value = Option<Answer>> {
    let action = (what(), people(), any::<bool>())
        .prop_map(|(what, recipients, all_recipients)| Action { what, recipients, all_recipients });
    let answer = (proptest::collection::vec(action, 0..4), people());
    proptest::option::of(answer.prop_map(|(actions, beyond)| Answer { actions, beyond }))
}

#[test]
fn who_has_the_message_already_is_not_added() {
    let mut order = order(&["a@x"], Duration::ZERO);
    let answer = Answer {
        actions: vec![action(What::BypassSpamCheck, &["B@x", "c@x"], true)],
        ..Answer::default()
    };
    let fates = |order: &Order| match decide(order, 1, Some(&answer), Timestamp::from_micros(START))
    {
        Decision::Settled(treated) => {
            treated.into_iter().map(|one| one.recipient).collect::<Vec<_>>()
        }
        Decision::Again(_) => Vec::new(),
    };
    assert_eq!(fates(&order), ["a@x", "B@x", "c@x"]);
    order.hold.iter_mut().for_each(|hold| hold.beside = vec!["b@x".into()]);
    assert_eq!(fates(&order), ["a@x", "c@x"]);
}

proptest! {
    /// Whatever the function answers, each recipient has one fate, in their order, and nobody is added twice.
    #[test]
    fn agrees_with_the_reference(to in proptest::sample::subsequence(vec!["a@x", "B@x", "c@x"], 1..3), answer in answer()) {
        let order = order(&to, Duration::ZERO);
        let Decision::Settled(fates) = decide(&order, 1, answer.as_ref(), Timestamp::from_micros(START)) else {
            return Err(TestCaseError::fail("the time is over"));
        };
        let (own, added) = fates.split_at(order.recipients.len());
        prop_assert_eq!(own, reference(&order, answer.as_ref()));
        let mut all: Vec<_> = fates.iter().map(|one| one.recipient.to_lowercase()).collect();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), fates.len());
        let newcomers: Vec<_> = answer.iter().flat_map(|answer| answer.newcomers(&order)).collect();
        for Treated { recipient, treatment } in added {
            prop_assert!(newcomers.contains(&recipient.as_str()));
            prop_assert!(matches!(treatment, Treatment::Deliver(_)));
        }
    }
}
