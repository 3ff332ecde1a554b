//! The service: each operation of the model, and the room that serves it.

use iam::door::Call;
use wire::logs as model;

use crate::{
    filter_events, get_events, group_lists, groups, protection, put_events, retention,
    stream_lists, streams, tags,
};

/// CloudWatch Logs, as far as the model goes. It keeps nothing: all is in the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

/// Each operation is a function of its room.
macro_rules! delegate {
    ($($operation:ident($input:ident) -> $output:ty => $room:ident::$function:ident;)*) => {
        impl model::Logs for Service {
            type Call = Call;

            $(
                async fn $operation(
                    &self,
                    call: &mut Call,
                    input: model::$input,
                ) -> Result<$output, wire::Error> {
                    $room::$function(call, input).await
                }
            )*
        }
    };
}

delegate! {
    create_log_group(CreateLogGroupRequest) -> () => groups::create;
    delete_log_group(DeleteLogGroupRequest) -> () => groups::delete;
    describe_log_groups(DescribeLogGroupsRequest) -> model::DescribeLogGroupsResponse => group_lists::describe;
    put_log_group_deletion_protection(PutLogGroupDeletionProtectionRequest) -> () => protection::put;
    put_retention_policy(PutRetentionPolicyRequest) -> () => retention::put;
    delete_retention_policy(DeleteRetentionPolicyRequest) -> () => retention::delete;
    create_log_stream(CreateLogStreamRequest) -> () => streams::create;
    delete_log_stream(DeleteLogStreamRequest) -> () => streams::delete;
    describe_log_streams(DescribeLogStreamsRequest) -> model::DescribeLogStreamsResponse => stream_lists::describe;
    put_log_events(PutLogEventsRequest) -> model::PutLogEventsResponse => put_events::put;
    get_log_events(GetLogEventsRequest) -> model::GetLogEventsResponse => get_events::get;
    filter_log_events(FilterLogEventsRequest) -> model::FilterLogEventsResponse => filter_events::filter;
    tag_resource(TagResourceRequest) -> () => tags::tag;
    untag_resource(UntagResourceRequest) -> () => tags::untag;
    list_tags_for_resource(ListTagsForResourceRequest) -> model::ListTagsForResourceResponse => tags::list;
}
