//! SEARCH and UID SEARCH.

use mailbox::{
    Flags, Modseq, Uid, UidSet,
    search::{Found, Query},
};

use super::{Flow, Session, reply::Refusal, updates::Expunges, view::View};
use crate::{
    grammar::{
        date::Day,
        search::{Charset, Key, Search},
    },
    job::{Answer, Task},
};

impl Session {
    /// RFC 3501, sections 6.4.4 and 7.2.5; MODSEQ: RFC 7162, section 3.1.5.
    pub(super) fn search(&mut self, tag: String, search: Search, by_uid: bool) -> Flow {
        if search.charset == Charset::Unknown {
            let refusal = Refusal::new("BADCHARSET (US-ASCII UTF-8)", "an unknown charset");
            return self.no(&tag, refusal);
        }
        let Some(selected) = &self.selected else { return self.no(&tag, Refusal::bug()) };
        let Some(query) = query(&search.key, &selected.view) else {
            return self.bad(&tag, "there is no message with that number");
        };
        // What the client has not been told of is not found.
        let known = Query::Uids([1..=selected.view.last_uid()].into_iter().collect());
        let task = Task::Search(selected.folder, Query::And(vec![query, known]));
        let with_modseq = search.key.any(&|key| matches!(key, Key::ModSeq(_)));
        self.condstore |= with_modseq;
        self.run(task, move |session, outcome| match outcome {
            Ok(Answer::Search(found)) => session.found(tag, &found, by_uid, with_modseq),
            Ok(_) => session.no(&tag, Refusal::bug()),
            Err(error) => session.no(&tag, error),
        })
    }

    fn found(&mut self, tag: String, found: &Found, by_uid: bool, with_modseq: bool) -> Flow {
        let Some(selected) = &self.selected else { return self.no(&tag, Refusal::bug()) };
        self.out.text("* SEARCH");
        for Uid(uid) in &found.uids {
            if let Some(sequence) = selected.view.sequence(*uid) {
                let _ = if by_uid {
                    self.out.byte(b' ').show(uid)
                } else {
                    self.out.byte(b' ').show(sequence)
                };
            }
        }
        if with_modseq && !found.uids.is_empty() {
            self.out.text(" (MODSEQ ").show(found.modseq).byte(b')');
        }
        self.out.text("\r\n");
        if by_uid {
            return self.settle(tag, "UID SEARCH completed");
        }
        self.settle_with(format!("{tag} OK SEARCH completed"), Expunges::Held)
    }
}

/// The search as the mailbox knows it; nothing if it names a sequence number that is not there.
fn query(key: &Key, view: &View) -> Option<Query> {
    Some(match key {
        Key::All => Query::All,
        Key::And(keys) => {
            Query::And(keys.iter().map(|key| query(key, view)).collect::<Option<_>>()?)
        }
        Key::Or(one, other) => Query::Or(vec![query(one, view)?, query(other, view)?]),
        Key::Not(key) => Query::Not(query(key, view)?.into()),
        Key::Sequence(set) => Query::Uids(uid_set(view.with_sequences(set)?)),
        Key::Uid(set) => Query::Uids(uid_set(view.with_uids(set))),
        Key::Flag(name) => flag(name),
        Key::Recent => Query::Not(Query::All.into()),
        Key::Before(day) => Query::received_before(day.start()),
        Key::Since(day) => Query::ReceivedSince(day.start()),
        Key::On(day) => {
            on(Query::ReceivedSince(day.start()), Query::received_before(day.next().start()))
        }
        Key::SentBefore(day) => Query::sent_before(number(*day)),
        Key::SentSince(day) => Query::SentSince(number(*day)),
        Key::SentOn(day) => {
            on(Query::SentSince(number(*day)), Query::sent_before(number(day.next())))
        }
        Key::Larger(bytes) => Query::Larger((*bytes).into()),
        Key::Smaller(bytes) => Query::smaller((*bytes).into()),
        Key::ModSeq(modseq) => {
            Query::ChangedSince(Modseq(i64::try_from(*modseq).unwrap_or(i64::MAX)))
        }
        Key::Header(name, text) => Query::Header(name.clone(), text.clone()),
        Key::Body(text) => Query::Body(text.clone()),
        Key::Text(text) => Query::Text(text.clone()),
    })
}

fn on(since: Query, before: Query) -> Query {
    Query::And(vec![since, before])
}

fn uid_set(uids: Vec<u32>) -> UidSet {
    uids.into_iter().map(Uid).collect()
}

/// A system flag that does not exist is borne by no message.
fn flag(name: &str) -> Query {
    let Some(system) = name.strip_prefix('\\') else {
        return Query::Keyword(name.to_owned());
    };
    match system.to_ascii_lowercase().as_str() {
        "answered" => Query::Flags(Flags::ANSWERED),
        "deleted" => Query::Flags(Flags::DELETED),
        "draft" => Query::Flags(Flags::DRAFT),
        "flagged" => Query::Flags(Flags::FLAGGED),
        "seen" => Query::Flags(Flags::SEEN),
        _ => Query::Not(Query::All.into()),
    }
}

fn number(day: Day) -> i32 {
    i32::try_from(day.days()).unwrap_or(i32::MAX)
}
