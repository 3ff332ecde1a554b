//! Messages in transit: what a flow rule showed to a function.
//!
//! Such a message has an id of its own. Its text can be read, and replaced, for [`LIFETIME`], whatever became of the
//! message meanwhile. Until the function has spoken of a message that a rule holds for it, the text that is here is
//! the one that will go on.

mod answer;
pub(crate) mod calls;
mod decide;
mod event;
mod message;
mod order;
mod settle;
mod show;

pub use answer::ANSWER_BYTES_MAX;
pub use calls::{Call, LEASE, TOPIC};
pub(crate) use message::holder;
pub use message::{Direction, InTransit, LIFETIME, Text, find, forget_expired, replace};

pub(crate) use calls::Shown;
pub(crate) use order::{Hold, Order};
pub(crate) use settle::Ending;
pub(crate) use show::{Question, Wait};

#[cfg(test)]
mod tests;
