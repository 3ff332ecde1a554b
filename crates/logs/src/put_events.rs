//! `PutLogEvents`.

use std::time::Duration;

use iam::door::Call;
use wire::logs::{
    EntityRejectionErrorType, InputLogEvent, Operation, PutLogEventsRequest, PutLogEventsResponse,
    RejectedEntityInfo, RejectedLogEventsInfo,
};

use crate::{
    events::{self, NewEvent, OVERHEAD_BYTES, millis},
    groups::{self, Group},
    refusal, streams,
    targets::OfStream,
};

/// Bytes of a batch at most, with what is added for each event.
const BATCH_BYTES_MAX: usize = 1_048_576;

/// From the first to the last event of a batch that are taken, in milliseconds at most.
const SPAN_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// How far back an event may lie.
const AGE_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How far ahead an event may lie.
const AHEAD_MAX: Duration = Duration::from_secs(2 * 60 * 60);

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(crate) async fn put(
    call: &mut Call,
    input: PutLogEventsRequest,
) -> Result<PutLogEventsResponse, wire::Error> {
    let (caller, now) = (call.caller(), call.now());
    check(&input.log_events)?;
    let target = OfStream { group: &input.log_group_name, name: &input.log_stream_name };
    let tx = call.write(Operation::PutLogEvents.action(), target).await?;
    let group = groups::get(tx, &caller, &input.log_group_name).await?;
    let stream = streams::find(tx, group.id, &input.log_stream_name).await?;
    let stream = stream.ok_or_else(refusal::no_stream)?;
    let times = Times {
        earliest: millis(now.saturating_sub(AGE_MAX)),
        kept_since: kept_since(&group, millis(now)),
        latest: millis(now.saturating_add(AHEAD_MAX)),
    };
    let (taken, rejected) = times.sort(input.log_events);
    check_span(&taken)?;
    let last = events::append(tx, (group.id, stream), &taken, now).await?;
    Ok(PutLogEventsResponse {
        // Nobody asks for it any more, but older agents send it back.
        next_sequence_token: last.map(|last| last.event_id()),
        rejected_log_events_info: rejected,
        // What entities are for, service maps, is not here.
        rejected_entity_info: input.entity.map(|_| RejectedEntityInfo {
            error_type: EntityRejectionErrorType::UnsupportedLogGroupType,
        }),
    })
}

/// The time before which the group keeps nothing.
fn kept_since(group: &Group, now: i64) -> Option<i64> {
    group.retention_days.map(|days| now.saturating_sub(days.saturating_mul(DAY_MS)))
}

fn check(batch: &[InputLogEvent]) -> Result<(), wire::Error> {
    if batch.windows(2).any(|pair| matches!(pair, [one, next] if one.timestamp > next.timestamp)) {
        let message = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(refusal::invalid(message));
    }
    let size = |event: &InputLogEvent| event.message.expose().len() + OVERHEAD_BYTES;
    let bytes: usize = batch.iter().map(size).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(refusal::invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}"
        )));
    }
    Ok(())
}

fn check_span(taken: &[NewEvent]) -> Result<(), wire::Error> {
    match (taken.first(), taken.last()) {
        (Some(first), Some(last)) if last.at.saturating_sub(first.at) > SPAN_MS_MAX => {
            Err(refusal::invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than \
                 24 hours.",
            ))
        }
        _ => Ok(()),
    }
}

/// Between which times events are taken, in milliseconds.
struct Times {
    earliest: i64,
    /// If the group keeps events for some days only.
    kept_since: Option<i64>,
    latest: i64,
}

impl Times {
    /// What is taken of a batch in order, and what is not.
    fn sort(&self, batch: Vec<InputLogEvent>) -> (Vec<NewEvent>, Option<RejectedLogEventsInfo>) {
        let count = |before: i64| batch.partition_point(|event| event.timestamp < before);
        let (too_old, expired) = (count(self.earliest), self.kept_since.map_or(0, count));
        let too_new = batch.partition_point(|event| event.timestamp <= self.latest);
        let index = |index: usize| i32::try_from(index).ok();
        let rejected = RejectedLogEventsInfo {
            too_new_log_event_start_index: index(too_new).filter(|_| too_new < batch.len()),
            too_old_log_event_end_index: index(too_old).filter(|_| too_old > 0),
            expired_log_event_end_index: index(expired).filter(|_| expired > 0),
        };
        let is_whole = too_new == batch.len() && too_old == 0 && expired == 0;
        let new = |event: InputLogEvent| NewEvent {
            at: event.timestamp,
            message: event.message.expose().to_owned(),
        };
        let taken = batch.into_iter().take(too_new).skip(too_old.max(expired)).map(new).collect();
        (taken, (!is_whole).then_some(rejected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(times: &[i64]) -> Vec<InputLogEvent> {
        let event = |at: &i64| InputLogEvent { timestamp: *at, message: at.to_string().into() };
        times.iter().map(event).collect()
    }

    fn times(taken: &[NewEvent]) -> Vec<i64> {
        taken.iter().map(|event| event.at).collect()
    }

    #[test]
    fn only_what_is_neither_too_old_nor_too_new_is_taken() {
        let all = Times { earliest: 10, kept_since: None, latest: 20 };
        let (taken, rejected) = all.sort(batch(&[10, 15, 20]));
        assert_eq!((times(&taken), rejected.is_none()), (vec![10, 15, 20], true));

        let (taken, rejected) = all.sort(batch(&[8, 9, 10, 20, 21, 22]));
        let rejected = rejected.unwrap();
        assert_eq!(times(&taken), [10, 20]);
        assert_eq!(rejected.too_old_log_event_end_index, Some(2));
        assert_eq!(rejected.too_new_log_event_start_index, Some(4));
        assert_eq!(rejected.expired_log_event_end_index, None);

        let short = Times { kept_since: Some(15), ..all };
        let (taken, rejected) = short.sort(batch(&[9, 14, 15]));
        let rejected = rejected.unwrap();
        assert_eq!(times(&taken), [15]);
        assert_eq!(rejected.too_old_log_event_end_index, Some(1));
        assert_eq!(rejected.expired_log_event_end_index, Some(2));

        let (taken, _) = short.sort(batch(&[1, 2, 30]));
        assert!(taken.is_empty());
    }

    #[test]
    fn a_batch_is_in_order_and_not_too_large() {
        assert!(check(&batch(&[1, 1, 2])).is_ok());
        assert!(check(&batch(&[2, 1])).is_err());
        let large =
            |bytes: usize| vec![InputLogEvent { timestamp: 1, message: "x".repeat(bytes).into() }];
        assert!(check(&large(BATCH_BYTES_MAX - OVERHEAD_BYTES)).is_ok());
        assert!(check(&large(BATCH_BYTES_MAX - OVERHEAD_BYTES + 1)).is_err());
    }
}
