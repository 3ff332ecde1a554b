//! AWS CloudTrail: the account's own events, looked up.
//!
//! Every call is recorded by [`iam::door`] as it ends, and kept by [`iam::trail`]; this crate is the operation
//! that shows the records. There are no trails to make, no buckets to deliver to, and no insights.

mod lookup_events;
mod token;

use iam::door::Call;
use wire::cloudtrail::{CloudTrail, LookupEventsRequest, LookupEventsResponse};

/// CloudTrail, served. It keeps nothing: all is in the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

impl CloudTrail for Service {
    type Call = Call;

    async fn lookup_events(
        &self,
        call: &mut Call,
        input: LookupEventsRequest,
    ) -> Result<LookupEventsResponse, wire::Error> {
        lookup_events::lookup(call, input).await
    }
}
