//! `LookupEvents`.

use std::time::Duration;

use iam::{
    door::{Call, Resource},
    trail::{self, Attribute, Position, Query, Touched},
};
use wire::cloudtrail::{
    Event, LookupAttribute, LookupAttributeKey as Key, LookupEventsRequest, LookupEventsResponse,
    Resource as Shown,
    errors::{
        INVALID_EVENT_CATEGORY, INVALID_LOOKUP_ATTRIBUTES, INVALID_MAX_RESULTS, INVALID_TIME_RANGE,
    },
};
use world::Timestamp;

use crate::token::Token;

/// How far back events can be looked up.
const REACH: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Events of a page at most, and when the caller does not say.
const EVENTS_MAX: usize = 50;

pub(crate) async fn lookup(
    call: &mut Call,
    input: LookupEventsRequest,
) -> Result<LookupEventsResponse, wire::Error> {
    let asked = Asked::parse(&input, call.now())?;
    let token = Token::of(call, &input);
    let before = match &input.next_token {
        Some(text) => token.open(text)?,
        None => Position { time: asked.end, id: String::new() },
    };
    let account = call.caller().account.clone();
    let snapshot = call.read("cloudtrail:LookupEvents", Resource::any()).await?;
    if asked.insights {
        // None are ever made.
        return Ok(LookupEventsResponse { events: Some(Vec::new()), next_token: None });
    }
    // One more than fits, to know whether there are more.
    let limit = asked.limit + 1;
    let query = Query { attribute: asked.attribute, from: asked.start, before, limit };
    let mut found = trail::lookup(snapshot, &account, &query).await?;
    let more = found.len() > asked.limit;
    found.truncate(asked.limit);
    let last = found.last().filter(|_| more).map(trail::Event::position);
    let next_token = last.map(|last| token.seal(&last)).transpose()?;
    let events = found.into_iter().map(shown).collect();
    Ok(LookupEventsResponse { events: Some(events), next_token })
}

/// What a request asks for, once it was found to make sense.
struct Asked {
    attribute: Option<Attribute>,
    start: Timestamp,
    /// All events come before it.
    end: Timestamp,
    limit: usize,
    insights: bool,
}

impl Asked {
    fn parse(input: &LookupEventsRequest, now: Timestamp) -> Result<Self, wire::Error> {
        let (start, end) = range(input, now)?;
        Ok(Self {
            attribute: attribute(input.lookup_attributes.as_deref().unwrap_or_default())?,
            start,
            end,
            limit: limit(input.max_results)?,
            insights: insights(input.event_category.as_deref())?,
        })
    }
}

/// The times asked for: the first one, and the end, which is no longer part of it. To AWS an event is of a
/// whole second, so that second of the end is.
fn range(
    input: &LookupEventsRequest,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), wire::Error> {
    if let (Some(start), Some(end)) = (input.start_time, input.end_time)
        && start > end
    {
        return Err(INVALID_TIME_RANGE.with("The start time must not be after the end time."));
    }
    let last = input.end_time.unwrap_or(now);
    let earliest = now.saturating_sub(REACH);
    let start = input.start_time.map_or(earliest, |start| start.max(earliest));
    Ok((start, Timestamp::from_seconds(last.as_seconds()).saturating_add(Duration::from_secs(1))))
}

fn limit(max_results: Option<i32>) -> Result<usize, wire::Error> {
    let Some(asked) = max_results else { return Ok(EVENTS_MAX) };
    let limit = usize::try_from(asked).ok().filter(|limit| (1..=EVENTS_MAX).contains(limit));
    limit.ok_or_else(|| {
        INVALID_MAX_RESULTS
            .with(format!("The number of results must be between 1 and {EVENTS_MAX}, not {asked}."))
    })
}

fn insights(category: Option<&str>) -> Result<bool, wire::Error> {
    match category {
        None => Ok(false),
        Some("insight") => Ok(true),
        Some(other) => Err(INVALID_EVENT_CATEGORY
            .with(format!("The event category '{other}' is not valid. Valid values: [insight]."))),
    }
}

fn attribute(attributes: &[LookupAttribute]) -> Result<Option<Attribute>, wire::Error> {
    let attribute = match attributes {
        [] => return Ok(None),
        [attribute] => attribute,
        _ => {
            let message = "Events can be looked up by one attribute at a time.";
            return Err(INVALID_LOOKUP_ATTRIBUTES.with(message));
        }
    };
    let value = attribute.attribute_value.clone();
    Ok(Some(match attribute.attribute_key {
        Key::EventId => Attribute::EventId(value),
        Key::EventName => Attribute::EventName(value),
        Key::ReadOnly => Attribute::ReadOnly(truth(&value)?),
        Key::Username => Attribute::Username(value),
        Key::ResourceType => Attribute::ResourceType(value),
        Key::ResourceName => Attribute::ResourceName(value),
        Key::EventSource => Attribute::EventSource(value),
        Key::AccessKeyId => Attribute::AccessKeyId(value),
    }))
}

fn truth(value: &str) -> Result<bool, wire::Error> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(INVALID_LOOKUP_ATTRIBUTES
            .with("The value of the attribute ReadOnly must be true or false.")),
    }
}

fn shown(event: trail::Event) -> Event {
    let resources = event.resources().into_iter().map(resource).collect();
    Event {
        event_id: Some(event.id),
        event_name: Some(event.name),
        read_only: Some(event.read_only.to_string()),
        access_key_id: Some(event.access_key_id).filter(|id| !id.is_empty()),
        event_time: Some(Timestamp::from_seconds(event.time.as_seconds())),
        event_source: Some(event.source),
        username: event.user_name,
        resources: Some(resources),
        cloud_trail_event: Some(event.record),
    }
}

fn resource(touched: Touched) -> Shown {
    Shown { resource_type: touched.kind, resource_name: Some(touched.name) }
}
