//! A record with the columns that it is looked up by.

use store::{Transaction, params};
use world::Timestamp;

use super::{
    describe::{self, is_read_only},
    resources::{self, Touched},
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
    resources: Vec<Touched>,
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
            resources: resources::of(&event),
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
            resources: resources::of(&event),
            record: event.to_string(),
        }
    }

    /// Adds it to the trail, once.
    pub(crate) async fn insert(&self, transaction: &mut Transaction) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO events (account_id, event_time, event_id, event_name, \
            event_source, user_name, access_key_id, error_code, read_only, record) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
        let params = params![
            &self.account,
            self.time,
            &self.id,
            self.name,
            self.source,
            self.user_name.as_deref(),
            &self.access_key_id,
            self.error_code,
            if self.read_only { "true" } else { "false" },
            &self.record
        ];
        transaction.execute(SQL, params).await?;
        for resource in &self.resources {
            self.insert_resource(transaction, resource).await?;
        }
        Ok(())
    }

    async fn insert_resource(
        &self,
        transaction: &mut Transaction,
        resource: &Touched,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO event_resources (account_id, event_time, event_id, \
            resource_name, resource_type) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let kind = resource.kind.as_deref().unwrap_or_default();
        let params = params![&self.account, self.time, &self.id, &resource.name, kind];
        transaction.execute(SQL, params).await.map(drop)
    }
}
