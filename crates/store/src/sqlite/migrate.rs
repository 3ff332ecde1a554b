//! Bringing the tables up to date.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use world::World;

use crate::{
    Error, Migration, dialect,
    migration::{Plan, RECORD},
    sqlite::errors::told,
};

/// Applies each pending migration in a transaction of its own. Another process that does the same at the
/// same time is waited for. Afterwards the connection no longer waits by itself; the lane does.
pub(super) fn run(
    connection: &mut Connection,
    plan: &Plan<'_>,
    world: &World,
) -> Result<(), Error> {
    connection.execute_batch(&dialect::sqlite(RECORD)?).map_err(|error| told(&error))?;
    plan.check(&recorded(connection)?)?;
    for migration in plan.all() {
        apply(connection, migration, world)?;
    }
    connection.busy_timeout(Duration::ZERO).map_err(|error| told(&error))
}

fn recorded(connection: &Connection) -> Result<Vec<String>, Error> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare("SELECT name FROM migrations")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(|error| told(&error))
}

fn apply(connection: &mut Connection, migration: &Migration, world: &World) -> Result<(), Error> {
    let sql = dialect::sqlite(migration.sql)?;
    let mut apply = || -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let record = "INSERT INTO migrations (name, applied_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        let new = transaction.execute(record, (migration.name, world.now().as_micros()))?;
        if new == 1 {
            transaction.execute_batch(&sql)?;
        }
        transaction.commit()
    };
    apply().map_err(|error| Error::migration(format_args!("`{}`: {error}", migration.name)))
}
