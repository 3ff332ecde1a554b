//! Notices that something was changed, given after the commit.

use std::borrow::Cow;

use tokio::sync::broadcast;

use crate::Error;

/// The longest topic and key together, in bytes. PostgreSQL carries less than 8000 in one notice.
pub const CHANGE_MAX_BYTES: usize = 4096;

/// Notices kept for a subscriber that is behind; older ones are lost and it is told so.
const BACKLOG_MAX: usize = 4096;

/// A notice to whoever is interested that committed data changed. It says where to look, not what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing changed, as its owner calls it: `mailbox.folder`.
    pub topic: Cow<'static, str>,
    /// Which one.
    pub key: String,
}

impl Change {
    /// The topic of a notice that others may have been lost: look at everything.
    pub const MISSED: &'static str = "*";

    /// A notice about `key` under `topic`.
    pub fn new(topic: impl Into<Cow<'static, str>>, key: impl Into<String>) -> Self {
        Self { topic: topic.into(), key: key.into() }
    }

    pub(crate) fn missed() -> Self {
        Self::new(Self::MISSED, "")
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let bytes = self.topic.len() + self.key.len();
        if bytes > CHANGE_MAX_BYTES || self.topic.contains(['\0', '\n']) || self.key.contains('\0')
        {
            return Err(Error::invalid(format_args!(
                "a notice of {bytes} bytes under `{}`",
                self.topic
            )));
        }
        Ok(())
    }
}

/// Where notices are heard.
#[derive(Clone)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG_MAX))
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    /// Tells all that listen; that nobody does is no error.
    pub(crate) fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.0.send(change).ok();
        }
    }
}
