//! `LookupEvents` through its real handler, on a real store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use cloudtrail::Service;
use iam::{
    accounts::{self, NewAccount},
    door::{Caller, ConsoleEvent, Door, Outcome, Principal, Record, RequestFacts, Resource},
    testing::Calls,
    trail,
};
use store::testing::TestStore;
use wire::{
    ErrorKind,
    cloudtrail::{
        CloudTrail as _, Event, LookupAttribute, LookupAttributeKey as Key, LookupEventsRequest,
        LookupEventsResponse, errors::*,
    },
    errors::ACCESS_DENIED,
};
use world::{ManualClock, OsRandom, Timestamp, World};

/// 2026-11-22T00:00:00Z.
const START: Timestamp = Timestamp::from_seconds(1_795_305_600);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct House {
    store: TestStore,
    world: World,
    clock: Arc<ManualClock>,
    account: String,
}

impl House {
    async fn new() -> Self {
        let store = store::testing::open(&[iam::MIGRATIONS]).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(clock.clone(), Arc::new(OsRandom));
        let mut house = Self { store, world, clock, account: String::new() };
        house.account = house.sign_up("root@example.com").await;
        house
    }

    async fn sign_up(&self, email: &str) -> String {
        let mut tx = self.store.write().await.unwrap();
        let (name, email) = ("Test".to_owned(), email.to_owned());
        let new = NewAccount { id: None, name, email, password_hash: None };
        let account = accounts::create(&mut tx, &self.world, new).await.unwrap();
        tx.commit().await.unwrap();
        account.id
    }

    fn root(&self) -> Calls {
        Calls::by_root(&self.store, &self.world, &self.account)
    }

    /// A call that changed something about what `arns` name, a second after the last one.
    async fn change(&self, name: &'static str, arns: &[&str], request: Option<&str>) {
        self.clock.advance(Duration::from_secs(1));
        let mut call = self.root().call().await.unwrap();
        for arn in ["*"].iter().chain(arns) {
            call.write("iam:Test", Resource::arn(*arn)).await.unwrap();
        }
        let request_parameters = request.map(str::to_owned);
        call.succeed(Record { request_parameters, ..record(name) }).await.unwrap();
    }

    /// Calls that read, by a user with a key, all at one time, a second after what was before.
    async fn reads(&self, name: &'static str, times: usize) {
        self.clock.advance(Duration::from_secs(1));
        let (door, task) = Door::new(self.store.clone(), self.world.clone());
        for _ in 0..times {
            let caller = Caller {
                principal: ada(),
                account: self.account.clone(),
                session: None,
                access_key_id: "AKIA1".to_owned(),
                request: self.facts(),
            };
            door.record(&caller, record(name)).await;
        }
        drop(door);
        task.run().await;
    }

    fn facts(&self) -> RequestFacts {
        RequestFacts {
            request_id: self.world.random_uuid(),
            region: "us-east-1".to_owned(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "test".to_owned(),
            secure_transport: false,
            now: self.world.now(),
        }
    }

    async fn ask(&self, input: LookupEventsRequest) -> Result<LookupEventsResponse, wire::Error> {
        ask(&self.root(), input).await
    }

    async fn found(&self, input: LookupEventsRequest) -> Vec<Event> {
        self.ask(input).await.unwrap().events.unwrap()
    }

    async fn names_by(&self, key: Key, value: &str) -> Vec<String> {
        names(&self.found(by(key, value)).await)
    }

    async fn refusal(&self, input: LookupEventsRequest) -> &'static ErrorKind {
        self.ask(input).await.unwrap_err().kind()
    }
}

/// Asks, and leaves no record of it.
async fn ask(
    calls: &Calls,
    input: LookupEventsRequest,
) -> Result<LookupEventsResponse, wire::Error> {
    let mut call = calls.call().await.unwrap();
    Service.lookup_events(&mut call, input).await
}

fn record(event_name: &'static str) -> Record {
    Record {
        event_source: "iam.amazonaws.com",
        event_name,
        service: "iam",
        request_parameters: None,
        outcome: Outcome::Succeeded { response_elements: None },
    }
}

fn by(key: Key, value: &str) -> LookupEventsRequest {
    let attribute = LookupAttribute { attribute_key: key, attribute_value: value.to_owned() };
    LookupEventsRequest { lookup_attributes: Some(vec![attribute]), ..Default::default() }
}

fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.event_name.clone().unwrap()).collect()
}

const ADA: &str = "arn:aws:iam::123456789012:user/staff/ada";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[tokio::test]
async fn every_attribute_finds_its_events_and_no_others() {
    let house = House::new().await;
    house.change("CreateUser", &[ADA], None).await;
    house.change("AttachUserPolicy", &[ADA, READ_ONLY], None).await;
    house.change("DeleteAccessKey", &[], Some(r#"{"accessKeyId":"AKIA9"}"#)).await;
    house.reads("GetUser", 1).await;

    let all = house.found(LookupEventsRequest::default()).await;
    assert_eq!(names(&all), ["GetUser", "DeleteAccessKey", "AttachUserPolicy", "CreateUser"]);
    let id = all[2].event_id.clone().unwrap();
    for (key, value, expected) in [
        (Key::EventId, id.as_str(), &["AttachUserPolicy"][..]),
        (Key::EventName, "CreateUser", &["CreateUser"]),
        (Key::ReadOnly, "true", &["GetUser"]),
        (Key::ReadOnly, "false", &["DeleteAccessKey", "AttachUserPolicy", "CreateUser"]),
        (Key::Username, "ada", &["GetUser"]),
        (Key::Username, "root", &["DeleteAccessKey", "AttachUserPolicy", "CreateUser"]),
        (Key::ResourceType, "AWS::IAM::User", &["AttachUserPolicy", "CreateUser"]),
        (Key::ResourceType, "AWS::IAM::AccessKey", &["DeleteAccessKey"]),
        (Key::ResourceName, "ada", &["AttachUserPolicy", "CreateUser"]),
        (Key::ResourceName, ADA, &["AttachUserPolicy", "CreateUser"]),
        (Key::ResourceName, READ_ONLY, &["AttachUserPolicy"]),
        (Key::ResourceName, "AKIA9", &["DeleteAccessKey"]),
        (Key::AccessKeyId, "AKIA1", &["GetUser"]),
        (Key::EventSource, "sts.amazonaws.com", &[]),
        (Key::EventName, "createuser", &[]),
    ] {
        assert_eq!(house.names_by(key, value).await, expected, "{key:?} {value}");
    }
    assert_eq!(house.names_by(Key::EventSource, "iam.amazonaws.com").await.len(), 4);
}

#[tokio::test]
async fn an_event_is_shown_with_its_record() {
    let house = House::new().await;
    house.change("AttachUserPolicy", &[ADA, READ_ONLY], Some(r#"{"userName":"ada"}"#)).await;
    let event = house.found(LookupEventsRequest::default()).await.remove(0);
    assert_eq!(event.read_only.as_deref(), Some("false"));
    assert_eq!(event.username.as_deref(), Some("root"));
    assert_eq!(event.access_key_id, None);
    assert_eq!(event.event_time, Some(house.world.now()));
    let resources = event.resources.clone().unwrap();
    let shown: Vec<_> = resources
        .iter()
        .map(|resource| (resource.resource_type.as_deref(), resource.resource_name.as_deref()))
        .collect();
    let (user, policy) = (Some("AWS::IAM::User"), Some("AWS::IAM::Policy"));
    let expected = [(user, ADA), (user, "ada"), (policy, READ_ONLY), (policy, "ReadOnlyAccess")];
    assert_eq!(shown, expected.map(|(kind, name)| (kind, Some(name))));
    let record = record_of(&event);
    assert_eq!(record["eventID"].as_str(), event.event_id.as_deref());
    assert_eq!(record["eventName"], "AttachUserPolicy");
    assert_eq!(record["requestParameters"]["userName"], "ada");
    assert_eq!(record["resources"][0]["type"], "AWS::IAM::User");
    assert_eq!(record["userIdentity"]["type"], "Root");
}

#[tokio::test]
async fn pages_hold_every_event_once() {
    let house = House::new().await;
    house.reads("GetUser", 7).await;
    house.change("CreateUser", &[ADA], None).await;
    house.reads("GetUser", 5).await;
    for (question, expected) in [
        (LookupEventsRequest::default(), 13),
        (by(Key::EventName, "GetUser"), 12),
        (by(Key::ResourceType, "AWS::IAM::User"), 1),
    ] {
        let mut ids = Vec::new();
        let mut token = None;
        loop {
            let (max_results, next_token) = (Some(5), token);
            let page = house
                .ask(LookupEventsRequest { max_results, next_token, ..question.clone() })
                .await
                .unwrap();
            let events = page.events.unwrap();
            assert!(events.len() <= 5);
            assert!(events.is_sorted_by_key(|event| std::cmp::Reverse(event.event_time)));
            ids.extend(events.into_iter().map(|event| event.event_id.unwrap()));
            // what comes in the meantime is not in this answer
            house.change("TagUser", &[], None).await;
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(ids.len(), expected);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), expected, "none twice");
        let mut tx = house.store.write().await.unwrap();
        tx.execute("DELETE FROM events WHERE event_name = 'TagUser'", &[]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_question_alone() {
    let house = House::new().await;
    house.reads("GetUser", 3).await;
    let question = LookupEventsRequest { max_results: Some(1), ..by(Key::Username, "ada") };
    let token = house.ask(question.clone()).await.unwrap().next_token.unwrap();
    let with = |question: LookupEventsRequest, token: &str| LookupEventsRequest {
        next_token: Some(token.to_owned()),
        ..question
    };
    assert_eq!(house.found(with(question.clone(), &token)).await.len(), 1);
    let more = LookupEventsRequest { max_results: Some(50), ..question.clone() };
    assert_eq!(house.found(with(more, &token)).await.len(), 2, "the size of a page may change");

    let mut altered = token.clone().into_bytes();
    altered[10] = if altered[10] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let other_time = LookupEventsRequest { end_time: Some(house.world.now()), ..question.clone() };
    for input in [
        with(question.clone(), &altered),
        with(question.clone(), ""),
        with(question.clone(), "fish"),
        with(by(Key::Username, "root"), &token),
        with(LookupEventsRequest::default(), &token),
        with(other_time, &token),
    ] {
        assert_eq!(house.refusal(input).await, &INVALID_NEXT_TOKEN);
    }
    let other = house.sign_up("other@example.com").await;
    let stranger = Calls::by_root(&house.store, &house.world, &other);
    let error = ask(&stranger, with(question, &token)).await.unwrap_err();
    assert_eq!(error.kind(), &INVALID_NEXT_TOKEN);
}

#[tokio::test]
async fn times_bound_the_answer() {
    let house = House::new().await;
    house.clock.advance(Duration::from_millis(500));
    house.change("CreateUser", &[], None).await; // at 1.5 s
    house.change("DeleteUser", &[], None).await; // at 2.5 s
    let at = |seconds| Some(START.saturating_add(Duration::from_secs(seconds)));
    let between =
        |start_time, end_time| LookupEventsRequest { start_time, end_time, ..Default::default() };
    for (start, end, expected) in [
        (None, None, &["DeleteUser", "CreateUser"][..]),
        (at(2), None, &["DeleteUser"]),
        (None, at(1), &["CreateUser"]),
        (at(1), at(2), &["DeleteUser", "CreateUser"]),
        (None, at(0), &[]),
    ] {
        assert_eq!(names(&house.found(between(start, end)).await), expected, "{start:?} {end:?}");
    }
    assert_eq!(house.refusal(between(at(2), at(1))).await, &INVALID_TIME_RANGE);

    house.clock.advance(89 * DAY);
    assert_eq!(house.found(between(None, None)).await.len(), 2);
    house.clock.advance(DAY + Duration::from_secs(1));
    assert!(house.found(between(None, None)).await.is_empty(), "too long ago to be shown");
    assert!(house.found(between(Some(START), None)).await.is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_cloudtrails_words() {
    let house = House::new().await;
    let attribute = |key| by(key, "x").lookup_attributes.unwrap();
    let two = [attribute(Key::EventId), attribute(Key::EventName)].concat();
    let results = |number| LookupEventsRequest { max_results: Some(number), ..Default::default() };
    let category = |name: &str| LookupEventsRequest {
        event_category: Some(name.to_owned()),
        ..Default::default()
    };
    for (input, kind) in [
        (
            LookupEventsRequest { lookup_attributes: Some(two), ..Default::default() },
            &INVALID_LOOKUP_ATTRIBUTES,
        ),
        (by(Key::ReadOnly, "True"), &INVALID_LOOKUP_ATTRIBUTES),
        (results(0), &INVALID_MAX_RESULTS),
        (results(51), &INVALID_MAX_RESULTS),
        (results(-1), &INVALID_MAX_RESULTS),
        (category("management"), &INVALID_EVENT_CATEGORY),
    ] {
        assert_eq!(house.refusal(input).await, kind);
    }
    house.change("CreateUser", &[], None).await;
    assert!(house.found(category("insight")).await.is_empty());
}

#[tokio::test]
async fn only_who_may_sees_events_and_only_those_of_the_account() {
    let house = House::new().await;
    house.change("CreateUser", &[ADA], None).await;
    let other = house.sign_up("other@example.com").await;
    let stranger = Calls::by_root(&house.store, &house.world, &other);
    for input in [
        LookupEventsRequest::default(),
        by(Key::EventName, "CreateUser"),
        by(Key::ResourceName, "ada"),
    ] {
        assert!(ask(&stranger, input).await.unwrap().events.unwrap().is_empty());
    }
    let nobody = Principal::User {
        id: "AIDANOBODY".to_owned(),
        name: "nobody".to_owned(),
        path: "/".to_owned(),
    };
    let nobody = Calls::by(&house.store, &house.world, &house.account, nobody);
    let error = ask(&nobody, LookupEventsRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), &ACCESS_DENIED);
    assert!(error.message().contains("cloudtrail:LookupEvents on resource: *"), "{error}");
}

#[tokio::test]
async fn people_who_sign_in_are_recorded() {
    let house = House::new().await;
    let (door, task) = Door::new(house.store.clone(), house.world.clone());
    for (principal, failure) in
        [(ada(), None), (Principal::Anonymous, Some("No username found in supplied account"))]
    {
        let caller = Caller {
            principal,
            account: house.account.clone(),
            ..Caller::anonymous(house.facts())
        };
        let details = serde_json::json!({ "MFAUsed": "No" });
        let event = ConsoleEvent { name: "ConsoleLogin", caller, failure, details };
        door.record_console(&event).await;
    }
    drop(door);
    task.run().await;

    let events = house.found(by(Key::EventSource, "signin.amazonaws.com")).await;
    assert_eq!(names(&events), ["ConsoleLogin", "ConsoleLogin"]);
    let of_ada = record_of(&house.found(by(Key::Username, "ada")).await[0]);
    assert_eq!(of_ada["eventType"], "AwsConsoleSignIn");
    assert_eq!(of_ada["responseElements"]["ConsoleLogin"], "Success");
    assert_eq!(of_ada["additionalEventData"]["MFAUsed"], "No");
    let unknown = record_of(events.iter().find(|event| event.username.is_none()).unwrap());
    assert_eq!(unknown["responseElements"]["ConsoleLogin"], "Failure");
    assert_eq!(unknown["errorMessage"], "No username found in supplied account");
    assert_eq!(unknown["userIdentity"]["userName"], wire::trail::HIDDEN);
}

fn record_of(event: &Event) -> serde_json::Value {
    serde_json::from_str(event.cloud_trail_event.as_deref().unwrap()).unwrap()
}

fn ada() -> Principal {
    Principal::User { id: "AIDA1".to_owned(), name: "ada".to_owned(), path: "/".to_owned() }
}

#[tokio::test]
async fn old_events_are_forgotten_in_batches() {
    let house = House::new().await;
    house.reads("GetUser", 1_200).await;
    house.change("CreateUser", &[ADA], None).await;
    let until = house.world.now();
    assert_eq!(trail::forget(&house.store, until, 2).await.unwrap(), 2);
    assert_eq!(house.found(by(Key::EventName, "GetUser")).await.len(), 50, "200 are left");
    assert_eq!(trail::forget(&house.store, until, 9).await.unwrap(), 1);
    assert_eq!(house.names_by(Key::Username, "ada").await.len(), 0);
    assert_eq!(house.names_by(Key::ResourceName, "ada").await, ["CreateUser"]);
    let past = until.saturating_add(Duration::from_secs(1));
    assert_eq!(trail::forget(&house.store, past, 9).await.unwrap(), 1);
    assert!(house.found(LookupEventsRequest::default()).await.is_empty());
    let mut snapshot = house.store.read().await.unwrap();
    let left: Vec<i64> =
        snapshot.rows("SELECT count(*) FROM event_subjects", &[], |row| row.get(0)).await.unwrap();
    assert_eq!(left, [0]);
}
