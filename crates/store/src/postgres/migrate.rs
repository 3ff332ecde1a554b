//! Bringing the tables up to date.

use world::World;

use crate::{
    Error, Migration, dialect,
    migration::{Plan, RECORD},
};

use super::{errors::told, pool::Lease};

/// The advisory lock that a node holds while it migrates ("chancery" in ASCII).
const LOCK: i64 = 0x6368_616e_6365_7279;

/// Applies each pending migration in a transaction of its own. Another node that does the same waits for the lock,
/// which is held by the session; the caller closes the connection afterwards, whatever happened.
pub(super) async fn run(lease: &Lease, plan: &Plan<'_>, world: &World) -> Result<(), Error> {
    check_encoding(lease).await?;
    batch(lease, &format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})")).await?;
    batch(lease, &dialect::postgres(RECORD)?).await?;
    let recorded = recorded(lease).await?;
    plan.check(&recorded)?;
    for migration in
        plan.all().filter(|migration| !recorded.iter().any(|name| name == migration.name))
    {
        let applied = apply(lease, migration, world).await;
        applied.map_err(|error| Error::migration(format_args!("`{}`: {error}", migration.name)))?;
    }
    Ok(())
}

/// Text is Unicode, whatever the server was set up with.
async fn check_encoding(lease: &Lease) -> Result<(), Error> {
    let row = lease.client().query_one("SHOW server_encoding", &[]).await;
    let encoding: String = row.and_then(|row| row.try_get(0)).map_err(|error| told(&error))?;
    match encoding.as_str() {
        "UTF8" => Ok(()),
        other => {
            Err(Error::migration(format_args!("the database's encoding is `{other}`, not UTF8")))
        }
    }
}

async fn recorded(lease: &Lease) -> Result<Vec<String>, Error> {
    let rows = lease.client().query("SELECT name FROM migrations", &[]).await;
    let rows = rows.map_err(|error| told(&error))?;
    rows.iter().map(|row| row.try_get(0).map_err(|error| told(&error))).collect()
}

async fn apply(lease: &Lease, migration: &Migration, world: &World) -> Result<(), Error> {
    let sql = dialect::postgres(migration.sql)?;
    batch(lease, &format!("BEGIN; {sql}")).await?;
    let record = "INSERT INTO migrations (name, applied_at) VALUES ($1, $2)";
    let recorded =
        lease.client().execute(record, &[&migration.name, &world.now().as_micros()]).await;
    recorded.map_err(|error| told(&error))?;
    batch(lease, "COMMIT").await
}

async fn batch(lease: &Lease, sql: &str) -> Result<(), Error> {
    lease.client().batch_execute(sql).await.map_err(|error| told(&error))
}
