//! A record with the columns that it is looked up by.

use std::fmt::Write;

use store::{Transaction, Value};
use world::Timestamp;

use super::{
    describe::{self, is_read_only},
    resources,
};
use crate::door::{Caller, ConsoleEvent, Notes, Outcome, Record};

/// A record ready to be stored.
pub(crate) struct Entry {
    account: String,
    time: Timestamp,
    id: String,
    name: &'static str,
    source: &'static str,
    user_name: Option<String>,
    access_key_id: String,
    error_code: Option<&'static str>,
    read_only: bool,
    /// What it was about, as keys of `event_subjects`.
    subjects: Vec<String>,
    record: String,
}

impl Entry {
    /// The entries of a call: one in its caller's trail, and, where it succeeded on what belongs to another
    /// account, one in the trail of each such account. None of a call that nobody is known to have made.
    pub(crate) fn of_call(caller: &Caller, record: &Record, notes: &Notes) -> Vec<Self> {
        let error_code = match &record.outcome {
            Outcome::Succeeded { .. } => None,
            Outcome::Failed { code, .. } => Some(*code),
        };
        if caller.account.is_empty() {
            let (request_id, event) = (&caller.request.request_id, record.event_name);
            tracing::info!(request_id, event, error_code, "an unsigned call named nobody");
            return Vec::new();
        }
        let own = Self::new(caller, record, error_code, &caller.account, notes);
        let owners = notes.owners.iter().filter(|_| error_code.is_none());
        let others = owners.map(|owner| Self::new(caller, record, error_code, owner, notes));
        std::iter::once(own).chain(others).collect()
    }

    /// The entry of a call in the trail of `account`.
    fn new(
        caller: &Caller,
        record: &Record,
        error_code: Option<&'static str>,
        account: &str,
        notes: &Notes,
    ) -> Self {
        let event = describe::call(caller, record, account, notes);
        let by_name = Some(caller).filter(|caller| caller.account == account);
        Self {
            account: account.to_owned(),
            time: caller.request.now,
            id: caller.request.request_id.clone(),
            name: record.event_name,
            source: record.event_source,
            user_name: by_name.and_then(describe::user_name).map(str::to_owned),
            access_key_id: by_name.map_or_else(String::new, |by| by.access_key_id.clone()),
            error_code,
            read_only: is_read_only(record.event_name),
            subjects: resources::subjects(account, &event),
            record: event.to_string(),
        }
    }

    /// The entry of what a person did at the door of the console, whose record has the given id.
    pub(crate) fn of_console(done: &ConsoleEvent, id: String) -> Self {
        let event = describe::console(done, &id);
        let caller = &done.caller;
        Self {
            account: caller.account.clone(),
            time: caller.request.now,
            id,
            name: done.name,
            source: describe::CONSOLE,
            user_name: describe::user_name(caller).map(str::to_owned),
            access_key_id: caller.access_key_id.clone(),
            error_code: None,
            read_only: false,
            subjects: resources::subjects(&caller.account, &event),
            record: event.to_string(),
        }
    }

    /// Adds it to the trail, once.
    pub(crate) async fn insert(&self, tx: &mut Transaction) -> Result<(), store::Error> {
        Self::insert_all(&[self], tx).await
    }

    /// Adds all of them, each once, in as few statements as may be.
    pub(crate) async fn insert_all(
        entries: &[&Self],
        tx: &mut Transaction,
    ) -> Result<(), store::Error> {
        const EVENT: &str = "INSERT INTO events (account_id, event_time, event_id, event_name, \
            event_source, user_name, access_key_id, error_code, read_only, record)";
        const SUBJECT: &str = "INSERT INTO event_subjects (subject, event_time, event_id)";
        let events: Vec<_> = entries.iter().map(|entry| entry.row()).collect();
        insert_rows(tx, EVENT, &events).await?;
        let subjects: Vec<_> = entries.iter().flat_map(|entry| entry.subject_rows()).collect();
        insert_rows(tx, SUBJECT, &subjects).await
    }

    fn row(&self) -> [Value<'_>; 10] {
        let read_only = if self.read_only { "true" } else { "false" };
        [
            (&self.account).into(),
            self.time.into(),
            (&self.id).into(),
            self.name.into(),
            self.source.into(),
            self.user_name.as_deref().into(),
            (&self.access_key_id).into(),
            self.error_code.into(),
            read_only.into(),
            (&self.record).into(),
        ]
    }

    fn subject_rows(&self) -> impl Iterator<Item = [Value<'_>; 3]> {
        self.subjects.iter().map(|subject| [subject.into(), self.time.into(), (&self.id).into()])
    }
}

/// Rows of one statement at most.
const ROWS_MAX: usize = 32;

/// Inserts rows that are not there yet. The numbers of rows that one statement has are powers of two, so that
/// few statements are prepared.
async fn insert_rows<const COLUMNS: usize>(
    tx: &mut Transaction,
    insert: &str,
    rows: &[[Value<'_>; COLUMNS]],
) -> Result<(), store::Error> {
    let mut rest = rows;
    while !rest.is_empty() {
        let count = (1 << rest.len().ilog2()).min(ROWS_MAX);
        let (some, others) = rest.split_at(count);
        tx.execute(&statement(insert, count, COLUMNS), some.as_flattened()).await?;
        rest = others;
    }
    Ok(())
}

fn statement(insert: &str, rows: usize, columns: usize) -> String {
    let mut sql = format!("{insert} VALUES ");
    for number in 1..=rows * columns {
        let before = match number {
            1 => "(",
            _ if number % columns == 1 => "), (",
            _ => ", ",
        };
        // Writing to a string cannot fail.
        _ = write!(sql, "{before}${number}");
    }
    sql + ") ON CONFLICT DO NOTHING"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_placeholder_for_each_value() {
        assert_eq!(
            statement("INSERT INTO t (a, b)", 2, 2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
    }
}
