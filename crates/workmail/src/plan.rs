//! How SQLite would run a statement, for tests: a list must not read more than its page.

#![allow(clippy::unwrap_used)]

use store::{Value, params};

/// The steps of the plan for a statement with so many parameters.
pub(crate) async fn of(sql: &str, parameters: usize) -> Vec<String> {
    let store = store::testing::on_sqlite(&[crate::MIGRATIONS]).await;
    let mut snapshot = store.read().await.unwrap();
    let mut nothing = params!["", "", "", "", "", ""].to_vec();
    nothing.resize(parameters, Value::NULL);
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    snapshot.rows(&sql, &nothing, |row| row.get(3)).await.unwrap()
}
