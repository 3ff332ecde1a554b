//! `FilterLogEvents`: what matches, of all streams of a group together.

use std::collections::HashSet;

use iam::door::Call;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use wire::logs::{FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, Operation};

use crate::{
    events::Position,
    groups,
    pages::Tokens,
    pattern::Pattern,
    reading::{self, PAGE_BYTES_MAX, PAGE_EVENTS_MAX, Source, Stored, Way, Window},
    refusal, streams,
    targets::{self, OfGroup},
};

/// Events that one call looks at; then it answers with what it has found, and a token to go on.
const SCANNED_MAX: usize = 50_000;

/// Events that are read at one time.
const BATCH: usize = 1_000;

/// The first `startTime` from which the newest events can be asked for first: 2024-01-01, in milliseconds.
const BACKWARD_SINCE: i64 = 1_704_067_200_000;

pub(crate) async fn filter(
    call: &mut Call,
    input: FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, wire::Error> {
    let caller = call.caller();
    let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
    let name = targets::group_of(&caller, name.as_deref(), identifier.as_deref())?;
    let asked = Asked::of(&input)?;
    let question = (
        (name, &input.log_stream_names, &input.log_stream_name_prefix),
        (input.start_time, input.end_time, &input.filter_pattern),
    );
    let tokens = Tokens::of(call, Operation::FilterLogEvents, &question)?;
    let token = input.next_token.as_deref().map(|token| tokens.open(token)).transpose()?;
    if input.unmask.unwrap_or_default() {
        // Nothing is ever masked here, but who may not see it unmasked need not know.
        call.read("logs:Unmask", OfGroup::named(name)).await?;
    }
    let target = OfGroup::named(name);
    let snapshot = call.read(Operation::FilterLogEvents.action(), target).await?;
    let group = groups::get(snapshot, &caller, name).await?;
    let source = match asked.streams.only() {
        Some(stream) => match streams::find(snapshot, group.id, stream).await? {
            Some(id) => Source::Stream(id),
            None => return Err(refusal::no_stream()),
        },
        None => Source::Group(group.id),
    };
    let found = Scan::new(&asked, source, token).run(snapshot).await?;
    let next_token = found.goes_on.map(|place| tokens.seal(&place)).transpose()?;
    Ok(FilterLogEventsResponse {
        events: Some(found.events.into_iter().map(shown).collect()),
        // As AWS has it since 2019.
        searched_log_streams: Some(Vec::new()),
        next_token,
    })
}

/// What a request asks for, once it was found to make sense.
struct Asked {
    window: Window,
    way: Way,
    limit: usize,
    streams: Streams,
    pattern: Pattern,
}

impl Asked {
    fn of(input: &FilterLogEventsRequest) -> Result<Self, wire::Error> {
        let start = input.start_time.unwrap_or(0);
        let way = match input.start_from_head {
            None | Some(true) => Way::Forward,
            Some(false) if start >= BACKWARD_SINCE => Way::Backward,
            Some(false) => {
                let message =
                    "startFromHead can be false only with a startTime from 2024-01-01 on.";
                return Err(refusal::invalid(message));
            }
        };
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())
            .map_err(|error| refusal::invalid(format!("Invalid filter pattern: {error}")))?;
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
        // Unlike that of GetLogEvents, the end is part of the range.
        let end = input.end_time.map_or(i64::MAX, |end| end.saturating_add(1));
        Ok(Self {
            window: Window { after: Position::before(start), before: Position::before(end) },
            way,
            limit: limit.unwrap_or(PAGE_EVENTS_MAX).clamp(1, PAGE_EVENTS_MAX),
            streams: Streams::of(input)?,
            pattern,
        })
    }

    fn matches(&self, event: &Stored) -> bool {
        self.streams.holds(&event.stream) && self.pattern.matches(&event.message)
    }
}

/// Which streams of the group.
enum Streams {
    All,
    Named(HashSet<String>),
    Beginning(String),
}

impl Streams {
    fn of(input: &FilterLogEventsRequest) -> Result<Self, wire::Error> {
        match (&input.log_stream_names, &input.log_stream_name_prefix) {
            (None, None) => Ok(Self::All),
            (Some(names), None) => Ok(Self::Named(names.iter().cloned().collect())),
            (None, Some(prefix)) => Ok(Self::Beginning(prefix.clone())),
            (Some(_), Some(_)) => Err(refusal::invalid(
                "LogStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
            )),
        }
    }

    /// The name, if it is one.
    fn only(&self) -> Option<&str> {
        match self {
            Self::Named(names) if names.len() == 1 => names.iter().next().map(String::as_str),
            _ => None,
        }
    }

    fn holds(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
            Self::Beginning(prefix) => name.starts_with(prefix),
        }
    }
}

/// Where a later call goes on, and in which direction.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    last: Position,
    is_backward: bool,
}

/// What a call has found, and where to go on if that was not all.
struct Found {
    events: Vec<Stored>,
    goes_on: Option<Place>,
}

/// A search through a window.
struct Scan<'a> {
    asked: &'a Asked,
    source: Source,
    window: Window,
    way: Way,
    found: Vec<Stored>,
    bytes: usize,
}

impl<'a> Scan<'a> {
    fn new(asked: &'a Asked, source: Source, from: Option<Place>) -> Self {
        let (mut window, mut way) = (asked.window, asked.way);
        if let Some(Place { last, is_backward }) = from {
            way = if is_backward { Way::Backward } else { Way::Forward };
            go_past(&mut window, way, last);
        }
        Self { asked, source, window, way, found: Vec::new(), bytes: 0 }
    }

    async fn run(mut self, snapshot: &mut Snapshot) -> Result<Found, store::Error> {
        let mut scanned = 0;
        while scanned < SCANNED_MAX {
            let batch = reading::read(snapshot, self.source, self.window, self.way, BATCH).await?;
            scanned += batch.events.len();
            for event in batch.events {
                if !self.take(event) {
                    return Ok(self.end(true));
                }
            }
            if batch.is_last {
                return Ok(self.end(false));
            }
        }
        Ok(self.end(true))
    }

    /// Keeps an event if it matches. Says no if there is no room for it.
    fn take(&mut self, event: Stored) -> bool {
        let position = event.position;
        if self.asked.matches(&event) {
            let size = event.size_bytes();
            let is_full = self.bytes + size > PAGE_BYTES_MAX && !self.found.is_empty();
            if is_full || self.found.len() == self.asked.limit {
                return false;
            }
            self.bytes += size;
            self.found.push(event);
        }
        go_past(&mut self.window, self.way, position);
        true
    }

    fn end(self, goes_on: bool) -> Found {
        let is_backward = self.way == Way::Backward;
        let last = if is_backward { self.window.before } else { self.window.after };
        Found { events: self.found, goes_on: goes_on.then_some(Place { last, is_backward }) }
    }
}

/// Leaves out of a window what lies up to a place.
fn go_past(window: &mut Window, way: Way, place: Position) {
    match way {
        Way::Forward => window.after = place,
        Way::Backward => window.before = place,
    }
}

fn shown(event: Stored) -> FilteredLogEvent {
    FilteredLogEvent {
        event_id: Some(event.position.event_id()),
        timestamp: Some(event.position.at),
        ingestion_time: Some(event.ingested_at),
        log_stream_name: Some(event.stream),
        message: Some(event.message.into()),
    }
}
