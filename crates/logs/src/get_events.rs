//! `GetLogEvents`: the events of one stream, from which one can go on in both directions.

use iam::door::Call;
use wire::logs::{GetLogEventsRequest, GetLogEventsResponse, Operation, OutputLogEvent};

use crate::{
    events::Position,
    groups,
    reading::{self, PAGE_EVENTS_MAX, Source, Stored, Way, Window},
    refusal, streams,
    targets::{self, OfStream},
};

pub(crate) async fn get(
    call: &mut Call,
    input: GetLogEventsRequest,
) -> Result<GetLogEventsResponse, wire::Error> {
    let caller = call.caller();
    let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
    let group = targets::group_of(&caller, name.as_deref(), identifier.as_deref())?;
    let asked = Asked::of(&input)?;
    let target = || OfStream { group, name: &input.log_stream_name };
    if input.unmask.unwrap_or_default() {
        // Nothing is ever masked here, but who may not see it unmasked need not know.
        call.read("logs:Unmask", targets::OfGroup::named(group)).await?;
    }
    let snapshot = call.read(Operation::GetLogEvents.action(), target()).await?;
    let group = groups::get(snapshot, &caller, group).await?;
    let stream = streams::find(snapshot, group.id, &input.log_stream_name).await?;
    let source = Source::Stream(stream.ok_or_else(refusal::no_stream)?);
    let mut batch = reading::read(snapshot, source, asked.window, asked.way, asked.limit).await?;
    if asked.way == Way::Backward {
        batch.events.reverse();
    }
    let first = batch.events.first().map_or(asked.from, |event| event.position);
    let last = batch.events.last().map_or(asked.from, |event| event.position);
    Ok(GetLogEventsResponse {
        events: Some(batch.events.into_iter().map(shown).collect()),
        next_forward_token: Some(Token { way: Way::Forward, place: last }.to_string()),
        next_backward_token: Some(Token { way: Way::Backward, place: first }.to_string()),
    })
}

/// What a request asks for, once it was found to make sense.
struct Asked {
    window: Window,
    way: Way,
    limit: usize,
    /// Where the next page starts, in either direction, if this one is empty.
    from: Position,
}

impl Asked {
    fn of(input: &GetLogEventsRequest) -> Result<Self, wire::Error> {
        let token = input.next_token.as_deref().map(Token::parse).transpose()?;
        let start = Position::before(input.start_time.unwrap_or(0));
        let mut window =
            Window { after: start, before: Position::before(input.end_time.unwrap_or(i64::MAX)) };
        let way = match (&token, input.start_from_head.unwrap_or_default()) {
            (Some(token), _) => token.way,
            (None, true) => Way::Forward,
            (None, false) => Way::Backward,
        };
        match &token {
            Some(Token { way: Way::Forward, place }) => window.after = start.max(*place),
            Some(Token { way: Way::Backward, place }) => window.before = window.before.min(*place),
            None => {}
        }
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
        Ok(Self {
            window,
            way,
            limit: limit.unwrap_or(PAGE_EVENTS_MAX).clamp(1, PAGE_EVENTS_MAX),
            from: token.map_or(start, |token| token.place),
        })
    }
}

/// A place in a stream and a direction, as AWS writes them: `f/` or `b/`, 56 digits, `/s`. It tells nothing that
/// the events do not, and is of use only for who may read the stream.
struct Token {
    way: Way,
    place: Position,
}

impl Token {
    fn parse(text: &str) -> Result<Self, wire::Error> {
        Self::read(text).ok_or_else(|| refusal::invalid("The specified nextToken is invalid."))
    }

    fn read(text: &str) -> Option<Self> {
        let (way, rest) = match text.split_at_checked(2)? {
            ("f/", rest) => (Way::Forward, rest),
            ("b/", rest) => (Way::Backward, rest),
            _ => return None,
        };
        let digits = rest.strip_suffix("/s")?;
        Some(Self { way, place: Position::of_event_id(digits)? })
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let way = if self.way == Way::Forward { "f" } else { "b" };
        write!(f, "{way}/{}/s", self.place.event_id())
    }
}

fn shown(event: Stored) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(event.position.at),
        message: Some(event.message.into()),
        ingestion_time: Some(event.ingested_at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(at in 0..i64::MAX, id in 0..i64::MAX, forward in any::<bool>()) {
            let way = if forward { Way::Forward } else { Way::Backward };
            let place = Position { at, id };
            let read = Token::read(&Token { way, place }.to_string()).unwrap();
            prop_assert_eq!((read.way, read.place), (way, place));
        }

        #[test]
        fn any_text_may_claim_to_be_one(text in "[fb]?/?[0-9]{0,60}(/s)?|\\PC{0,60}") {
            let _ = Token::read(&text);
        }
    }
}
