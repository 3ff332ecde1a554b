//! The operations through their real handlers, on a store and a clock of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{sync::Arc, time::Duration};

use iam::testing::Calls;
use logs::{NewEvent, Place, Service};
use store::{params, testing::TestStore};
use wire::logs::{errors::*, *};
use world::{ManualClock, OsRandom, Timestamp, World};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const START: Timestamp = Timestamp::from_seconds(1_795_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct House {
    calls: Calls,
    clock: Arc<ManualClock>,
    world: World,
    store: TestStore,
}

macro_rules! ask {
    ($house:expr, $operation:ident, $input:expr) => {{
        let mut call = $house.calls.call().await.unwrap();
        let result = Service.$operation(&mut call, $input).await;
        $house.calls.end(call, result).await
    }};
}

impl House {
    async fn new() -> Self {
        let store = store::testing::open(&[iam::MIGRATIONS, logs::MIGRATIONS]).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(clock.clone(), Arc::new(OsRandom));
        let calls = Calls::by_root(&store, &world, ACCOUNT);
        Self { calls, clock, world, store }
    }

    fn now(&self) -> i64 {
        self.world.now().as_micros() / 1_000
    }

    async fn group(&self, name: &str, streams: &[&str]) {
        let input = CreateLogGroupRequest { log_group_name: name.into(), ..Default::default() };
        ask!(self, create_log_group, input).unwrap();
        for stream in streams {
            let (log_group_name, log_stream_name) = (name.into(), (*stream).into());
            let input = CreateLogStreamRequest { log_group_name, log_stream_name };
            ask!(self, create_log_stream, input).unwrap();
        }
    }

    async fn put(&self, group: &str, stream: &str, messages: &[String]) {
        let at = self.now();
        let event =
            |message: &String| InputLogEvent { timestamp: at, message: message.clone().into() };
        let input = PutLogEventsRequest {
            log_group_name: group.into(),
            log_stream_name: stream.into(),
            log_events: messages.iter().map(event).collect(),
            sequence_token: None,
            entity: None,
        };
        let answer = ask!(self, put_log_events, input).unwrap();
        assert_eq!(answer.rejected_log_events_info, None);
    }

    async fn keep(&self, group: &str, days: i32) {
        let input =
            PutRetentionPolicyRequest { log_group_name: group.into(), retention_in_days: days };
        ask!(self, put_retention_policy, input).unwrap();
    }

    async fn found(&self, input: FilterLogEventsRequest) -> Vec<String> {
        let mut messages = Vec::new();
        let mut next_token = None;
        loop {
            let page = FilterLogEventsRequest { next_token, ..input.clone() };
            let page = ask!(self, filter_log_events, page).unwrap();
            let events = page.events.unwrap().into_iter();
            messages.extend(events.map(|event| event.message.unwrap().expose().to_owned()));
            next_token = page.next_token;
            if next_token.is_none() {
                return messages;
            }
        }
    }

    async fn all(&self, group: &str) -> Vec<String> {
        self.found(of(group)).await
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let mut snapshot = self.store.read().await.unwrap();
        snapshot.row(&sql, params![], |row| row.get(0)).await.unwrap().unwrap()
    }
}

fn of(group: &str) -> FilterLogEventsRequest {
    FilterLogEventsRequest { log_group_name: Some(group.into()), ..Default::default() }
}

fn messages(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("message {number}")).collect()
}

#[tokio::test]
async fn events_go_when_their_group_keeps_them_no_longer() {
    let house = House::new().await;
    for group in ["short", "long", "ever"] {
        house.group(group, &["s"]).await;
        house.put(group, "s", &["old".to_owned()]).await;
    }
    house.keep("short", 1).await;
    house.keep("long", 3).await;
    house.clock.advance(DAY * 2);
    for group in ["short", "long", "ever"] {
        house.put(group, "s", &["new".to_owned()]).await;
    }
    assert_eq!(logs::clear(&house.store, house.world.now(), 100).await.unwrap(), 1);
    assert_eq!(house.all("short").await, ["new"]);
    assert_eq!(house.all("long").await, ["old", "new"]);
    house.clock.advance(DAY * 10);
    assert_eq!(logs::clear(&house.store, house.world.now(), 100).await.unwrap(), 3);
    assert_eq!(house.all("ever").await, ["old", "new"]);
    assert_eq!(logs::clear(&house.store, house.world.now(), 100).await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_deleted_is_cleared_away_in_steps() {
    let house = House::new().await;
    house.group("gone", &["a", "b"]).await;
    house.group("kept", &["a", "gone"]).await;
    for (group, stream) in [("gone", "a"), ("gone", "b"), ("kept", "a"), ("kept", "gone")] {
        house.put(group, stream, &messages(1_500)).await;
    }
    ask!(house, delete_log_group, DeleteLogGroupRequest { log_group_name: "gone".into() }).unwrap();
    let (log_group_name, log_stream_name) = ("kept".into(), "gone".into());
    let input = DeleteLogStreamRequest { log_group_name, log_stream_name };
    ask!(house, delete_log_stream, input).unwrap();
    house.group("gone", &["a"]).await;
    house.put("gone", "a", &["of the next".to_owned()]).await;
    assert_eq!(house.all("gone").await, ["of the next"]);
    assert_eq!(house.all("kept").await, messages(1_500));

    let mut cleared = Vec::new();
    while house.count("log_remains").await > 0 {
        cleared.push(logs::clear(&house.store, house.world.now(), 1).await.unwrap());
        assert!(cleared.len() < 20, "it never ends: {cleared:?}");
    }
    assert_eq!(cleared.iter().sum::<u64>(), 4_500);
    assert!(cleared.iter().all(|step| *step <= 1_000), "{cleared:?}");
    assert_eq!(house.count("log_events").await, 1_501);
    assert_eq!(house.count("log_streams").await, 2);
    assert_eq!(house.all("gone").await, ["of the next"]);
}

#[tokio::test]
async fn a_search_that_finds_little_ends_and_goes_on() {
    let house = House::new().await;
    house.group("g", &["s"]).await;
    for batch in 0..6 {
        let mut batch_of = messages(10_000);
        batch_of[5_000] = format!("needle {batch}");
        house.put("g", "s", &batch_of).await;
    }
    let input = FilterLogEventsRequest { filter_pattern: Some("needle".into()), ..of("g") };
    let first = ask!(house, filter_log_events, input.clone()).unwrap();
    let (events, token) = (first.events.unwrap(), first.next_token);
    assert_eq!(events.len(), 5, "50,000 events are looked at");
    assert!(token.is_some());
    let needles: Vec<_> = (0..6).map(|batch| format!("needle {batch}")).collect();
    assert_eq!(house.found(input).await, needles);
}

#[tokio::test]
async fn other_rooms_write_in_their_own_transactions() {
    let house = House::new().await;
    house.group("g", &[]).await;
    let event = |at: i64| NewEvent { at, message: format!("at {at}") };
    for _ in 0..2 {
        let mut tx = house.store.write().await.unwrap();
        let place = Place::find(&mut tx, (ACCOUNT, REGION), "g", "new").await.unwrap().unwrap();
        assert!(!place.has_stream());
        assert!(place.resource.arn.ends_with("log-group:g:log-stream:new"));
        place.append(&mut tx, &[event(1)], house.world.now()).await.unwrap();
        drop(tx);
    }
    assert!(house.all("g").await.is_empty(), "nothing was committed");
    let mut tx = house.store.write().await.unwrap();
    let place = Place::find(&mut tx, (ACCOUNT, REGION), "g", "new").await.unwrap().unwrap();
    let events: Vec<_> = (1..=100).map(event).collect();
    place.append(&mut tx, &events, house.world.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.all("g").await.len(), 100);
    let mut snapshot = house.store.read().await.unwrap();
    for (account, group) in [("210987654321", "g"), (ACCOUNT, "absent")] {
        let found = Place::find(&mut snapshot, (account, REGION), group, "new").await.unwrap();
        assert!(found.is_none(), "{account} {group}");
    }
}

#[tokio::test]
async fn tags_have_a_limit() {
    let house = House::new().await;
    house.group("g", &[]).await;
    let tags = |range: std::ops::Range<u8>| TagResourceRequest {
        resource_arn: logs::arns::group(ACCOUNT, REGION, "g"),
        tags: range.map(|number| (format!("k{number}"), "v".to_owned())).collect(),
    };
    ask!(house, tag_resource, tags(0..50)).unwrap();
    ask!(house, tag_resource, tags(0..10)).unwrap();
    let error = ask!(house, tag_resource, tags(50..51)).unwrap_err();
    assert!(error.is(&TOO_MANY_TAGS), "{error}");
}
