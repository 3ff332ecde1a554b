//! What is known of a message, and what that says about a query.

use super::{
    Query,
    text::{self, Decoded},
};
use crate::{Message, summary::Summary};

/// What is known of a message: always its row, its summary if it was read, its text if it was read.
pub(super) struct Evidence<'a> {
    message: &'a Message,
    summary: Option<&'a Summary>,
    decoded: Option<&'a Decoded<'a>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        Self { message, summary: message.summary.as_ref(), decoded: None }
    }

    pub(super) fn whole(
        message: &'a Message,
        summary: &'a Summary,
        decoded: &'a Decoded<'a>,
    ) -> Self {
        Self { message, summary: Some(summary), decoded: Some(decoded) }
    }

    /// Whether the query finds the message; `None` if more must be known to say.
    pub(super) fn weigh(&self, query: &Query) -> Option<bool> {
        let message = self.message;
        Some(match query {
            Query::All => true,
            Query::Uids(uids) => uids.contains(message.uid),
            Query::Flags(flags) => message.flags.contains(*flags),
            Query::Keyword(word) => message.keywords.contains(word),
            Query::ReceivedSince(time) => message.received_at >= *time,
            Query::SavedSince(time) => message.saved_at >= *time,
            Query::Larger(bytes) => message.size_bytes > *bytes,
            Query::ChangedSince(modseq) => message.modseq >= *modseq,
            Query::SentSince(day) => {
                self.summary?.envelope.sent.is_some_and(|sent| sent.local_day >= *day)
            }
            Query::HasSentDate => self.summary?.envelope.sent.is_some(),
            Query::Header(name, wanted) => return self.header(name, wanted),
            Query::Body(wanted) => self.decoded?.body_holds(wanted),
            Query::Text(wanted) => self.decoded?.text_holds(wanted),
            Query::And(queries) => return self.all(queries),
            Query::Or(queries) => return self.any(queries),
            Query::Not(query) => !self.weigh(query)?,
        })
    }

    /// One that is false decides, even if others are not known.
    fn all(&self, queries: &[Query]) -> Option<bool> {
        let mut known = Some(true);
        for query in queries {
            match self.weigh(query) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => known = None,
            }
        }
        known
    }

    /// One that is true decides, even if others are not known.
    fn any(&self, queries: &[Query]) -> Option<bool> {
        let mut known = Some(false);
        for query in queries {
            match self.weigh(query) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => known = None,
            }
        }
        known
    }

    /// The summary answers for the fields of the envelope, unless something of them was left out or the mere
    /// presence of the field is asked for and it may be there without content.
    fn header(&self, name: &str, wanted: &str) -> Option<bool> {
        let envelope = &self.summary?.envelope;
        let known = text::envelope_field(envelope, name).filter(|_| !envelope.cut);
        match known {
            Some(known) if !known.is_empty() || !wanted.is_empty() => {
                Some(text::holds(&known, wanted))
            }
            _ => Some(self.decoded?.header_holds(name, wanted)),
        }
    }
}
