//! Amazon WorkMail Message Flow: the text of messages in transit, read and replaced; and the functions that rules
//! show them to, called.
//!
//! A message is in transit from the moment that a rule shows it to a function, for a day ([`mailflow::transit`]).
//! Whoever may by its account's policies reads it by its id. Messages of other accounts and regions are as unknown
//! as those that never were.
//!
//! What is due and what follows is the flow's to know; this crate keeps no rows of its own.

mod calls;
mod content;
mod get;
mod memory;
mod message;
mod put;
mod replacement;

use iam::door::Call;
use mailflow::Mailflow;
use wire::workmailmessageflow::{
    GetRawMessageContentRequest, GetRawMessageContentResponse, PutRawMessageContentRequest,
    PutRawMessageContentResponse, WorkMailMessageFlow,
};

pub use calls::call_functions;
pub use content::{Content, ParseBucketError, S3, Source};

use memory::Memory;

/// Amazon WorkMail Message Flow, served.
pub struct Service {
    flow: Mailflow,
    content: Content,
    memory: Memory,
}

impl Service {
    /// The service for the messages that pass through `flow`, with replacements out of `content`.
    pub fn new(flow: Mailflow, content: Content) -> Self {
        Self { flow, content, memory: Memory::default() }
    }
}

impl WorkMailMessageFlow for Service {
    type Call = Call;

    async fn get_raw_message_content(
        &self,
        call: &mut Call,
        input: GetRawMessageContentRequest,
    ) -> Result<GetRawMessageContentResponse, wire::Error> {
        get::get_raw_message_content(self, call, input).await
    }

    async fn put_raw_message_content(
        &self,
        call: &mut Call,
        input: PutRawMessageContentRequest,
    ) -> Result<PutRawMessageContentResponse, wire::Error> {
        put::put_raw_message_content(self, call, input).await
    }
}
