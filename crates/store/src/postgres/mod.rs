//! The engine for those who outgrow a machine: PostgreSQL. Not served yet.

use std::sync::Arc;

use world::World;

use crate::{
    Change, Error, Value,
    change::Changes,
    durable::Durable,
    migration::Plan,
    row::{Column, Row},
};

pub(crate) struct Postgres;
pub(crate) struct ReadSession;
pub(crate) struct WriteSession;
pub(crate) struct Sequences;

fn missing<T>() -> Result<T, Error> {
    Err(Error::unavailable("PostgreSQL is not served yet"))
}

impl Postgres {
    pub(crate) async fn open(
        _: &str,
        _: usize,
        _: &Plan<'_>,
        _: Arc<dyn Durable>,
        _: Changes,
        _: &World,
    ) -> Result<Self, Error> {
        missing()
    }
    pub(crate) async fn read(&self) -> Result<ReadSession, Error> {
        missing()
    }
    pub(crate) async fn write(&self) -> Result<WriteSession, Error> {
        missing()
    }
    pub(crate) async fn close(&self) {}
}

impl ReadSession {
    pub(crate) async fn rows<T>(
        &mut self,
        _: &str,
        _: &[Value<'_>],
        _: usize,
        _: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        missing()
    }
}
impl WriteSession {
    pub(crate) async fn rows<T>(
        &mut self,
        _: &str,
        _: &[Value<'_>],
        _: usize,
        _: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        missing()
    }
    pub(crate) async fn execute(&mut self, _: &str, _: &[Value<'_>]) -> Result<u64, Error> {
        missing()
    }
    pub(crate) async fn commit(self, _: Vec<Change>) -> Result<(), Error> {
        missing()
    }
}
impl Sequences {
    pub(crate) async fn next(_: &mut WriteSession, _: &str) -> Result<i64, Error> {
        missing()
    }
}

pub(crate) fn column<'a>(_: &'a tokio_postgres::Row, _: usize) -> Result<Column<'a>, Error> {
    missing()
}
