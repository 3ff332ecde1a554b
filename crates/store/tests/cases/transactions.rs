//! What a transaction sees, and what is left of it.

use std::time::Duration;

use store::{Error, Store, params, testing::TestStore};
use tokio::task::JoinSet;

use super::{ATTEMPTS_MAX, add_person, committed_person, names};

pub(crate) async fn only_committed_rows_are_seen(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    assert_eq!(add_person(&mut tx, 1, "ann").await.unwrap(), 1);
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    add_person(&mut tx, 2, "bob").await.unwrap();
    assert_eq!(names(&store).await, ["ann"], "not yet committed");
    drop(tx);
    assert_eq!(names(&store).await, ["ann"], "dropped");
    committed_person(&store, 2, "bob").await.unwrap();
    assert_eq!(names(&store).await, ["ann", "bob"]);
}

pub(crate) async fn a_transaction_sees_its_own_changes(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    add_person(&mut tx, 1, "ann").await.unwrap();
    let sql = "UPDATE people SET name = $1 WHERE id = $2 RETURNING name";
    let name: Option<String> = tx.row(sql, params!["eve", 1_i64], |row| row.get(0)).await.unwrap();
    assert_eq!(name.as_deref(), Some("eve"));
    let none: Option<i64> = tx
        .row("SELECT id FROM people WHERE name = $1", params!["ann"], |row| row.get(0))
        .await
        .unwrap();
    assert_eq!(none, None);
    assert_eq!(tx.execute("DELETE FROM people", params![]).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(names(&store).await.is_empty());
}

pub(crate) async fn a_snapshot_stays_as_it_was(store: TestStore) {
    committed_person(&store, 1, "ann").await.unwrap();
    let mut before = store.read().await.unwrap();
    let count = "SELECT COUNT(*) FROM people";
    let seen: Option<i64> = before.row(count, params![], |row| row.get(0)).await.unwrap();
    assert_eq!(seen, Some(1));
    committed_person(&store, 2, "bob").await.unwrap();
    let seen: Option<i64> = before.row(count, params![], |row| row.get(0)).await.unwrap();
    assert_eq!(seen, Some(1), "the snapshot moved");
    drop(before);
    assert_eq!(names(&store).await.len(), 2);
}

pub(crate) async fn a_failed_statement_ends_its_transaction(store: TestStore) {
    committed_person(&store, 1, "ann").await.unwrap();
    let mut tx = store.write().await.unwrap();
    add_person(&mut tx, 2, "bob").await.unwrap();
    assert!(add_person(&mut tx, 3, "ann").await.unwrap_err().is_unique());
    assert!(matches!(add_person(&mut tx, 4, "eve").await, Err(Error::Aborted(_))));
    assert!(matches!(tx.commit().await, Err(Error::Aborted(_))));
    let mut snapshot = store.read().await.unwrap();
    let wrong = snapshot.rows("SELECT nothing FROM people", params![], |_| Ok(())).await;
    assert!(matches!(wrong, Err(Error::Engine(_))), "{wrong:?}");
    let after = snapshot.rows("SELECT id FROM people", params![], |_| Ok(())).await;
    assert!(matches!(after, Err(Error::Aborted(_))), "snapshots too");
    drop(snapshot);
    assert_eq!(names(&store).await, ["ann"]);
    committed_person(&store, 2, "bob").await.unwrap();
}

pub(crate) async fn a_refused_value_does_not_end_its_transaction(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    assert!(matches!(add_person(&mut tx, 1, "a\0b").await, Err(Error::Invalid(_))));
    let refused = tx.row("SELECT name FROM counters", params![], |row| row.get::<i64>(0)).await;
    assert!(matches!(refused, Err(Error::Corrupt(_))));
    let returning = "INSERT INTO people (id, name) VALUES (7, 'eve') RETURNING id";
    assert!(matches!(tx.execute(returning, params![]).await, Err(Error::Invalid(_))));
    add_person(&mut tx, 1, "ann").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&store).await, ["ann"]);
}

/// Half of many that are grouped fail or are dropped; the other half is whole.
pub(crate) async fn a_failing_neighbour_takes_nothing_with_it(store: TestStore) {
    committed_person(&store, 0, "taken").await.unwrap();
    let mut tasks = JoinSet::new();
    for id in 1..=60 {
        let store = Store::clone(&store);
        tasks.spawn(async move {
            match id % 3 {
                0 => assert!(committed_person(&store, id, "taken").await.unwrap_err().is_unique()),
                1 => {
                    let mut tx = store.write().await.unwrap();
                    add_person(&mut tx, id, &format!("dropped {id}")).await.ok();
                    tokio::task::yield_now().await;
                }
                _ => committed_person(&store, id, &format!("kept {id:02}")).await.unwrap(),
            }
        });
    }
    tasks.join_all().await;
    let expected: Vec<_> =
        (1..=60).filter(|id| id % 3 == 2).map(|id| format!("kept {id:02}")).collect();
    assert_eq!(names(&store).await[1..], expected);
}

/// Futures are dropped at every await they come to: waiting for a turn, inside, or waiting for the commit.
pub(crate) async fn a_dropped_caller_leaves_nothing_behind(store: TestStore) {
    for micros in (0..2000).step_by(50) {
        let mut tasks = JoinSet::new();
        for lane in 0..4 {
            let store = Store::clone(&store);
            tasks.spawn(async move {
                let work = committed_person(&store, micros * 10 + lane, "the only one");
                tokio::time::timeout(Duration::from_micros(micros as u64), work).await.is_ok()
            });
        }
        tasks.join_all().await;
        let count = names(&store).await.len();
        assert!(count <= 1, "{count} rows of one unique name");
        let mut tx = store.write().await.unwrap();
        tx.execute("DELETE FROM people", params![]).await.ok();
        tx.commit().await.ok();
    }
    // Late commits of callers that left may still have come in; after them the store works as before.
    for _ in 0..ATTEMPTS_MAX {
        let mut tx = store.write().await.unwrap();
        let emptied = tx.execute("DELETE FROM people", params![]).await.is_ok();
        if emptied && tx.commit().await.is_ok() {
            break;
        }
    }
    committed_person(&store, 1, "the only one").await.unwrap();
}

pub(crate) async fn counters_lose_no_update(store: TestStore) {
    const WRITERS: i64 = 8;
    const ROUNDS: i64 = 20;
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        let store = Store::clone(&store);
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                count_up(&store).await;
            }
        });
    }
    tasks.join_all().await;
    let mut snapshot = store.read().await.unwrap();
    let total =
        snapshot.row("SELECT value FROM counters", params![], |row| row.get(0)).await.unwrap();
    assert_eq!(total, Some(WRITERS * ROUNDS));
}

/// Reads, then writes what it has read and one more.
async fn count_up(store: &Store) {
    for _ in 0..ATTEMPTS_MAX {
        match try_count_up(store).await {
            Ok(()) => return,
            Err(error) => assert!(error.is_conflict(), "{error}"),
        }
    }
    panic!("always a conflict");
}

async fn try_count_up(store: &Store) -> Result<(), Error> {
    let mut tx = store.write().await?;
    let sql = "SELECT value FROM counters WHERE name = $1";
    let value: i64 = tx.row(sql, params!["shared"], |row| row.get(0)).await?.unwrap();
    tokio::task::yield_now().await;
    let sql = "UPDATE counters SET value = $2 WHERE name = $1";
    tx.execute(sql, params!["shared", value + 1]).await?;
    tx.commit().await
}

pub(crate) async fn many_writers_all_commit(store: TestStore) {
    let mut tasks = JoinSet::new();
    for id in 0..200 {
        let store = Store::clone(&store);
        tasks
            .spawn(async move { committed_person(&store, id, &format!("{id:03}")).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(names(&store).await, (0..200).map(|id| format!("{id:03}")).collect::<Vec<_>>());
}

pub(crate) async fn a_commit_is_seen_by_the_next_snapshot(store: TestStore) {
    let mut tasks = JoinSet::new();
    for id in 0..16 {
        let store = Store::clone(&store);
        tasks.spawn(async move {
            for round in 0..5 {
                let name = format!("{id}/{round}");
                committed_person(&store, id * 100 + round, &name).await.unwrap();
                assert!(names(&store).await.contains(&name));
            }
        });
    }
    tasks.join_all().await;
}

/// Of two that are on duty one may leave. Both look, both see the other, both want to leave.
pub(crate) async fn two_that_read_the_same_cannot_both_act_on_it(store: TestStore) {
    for round in 0..10 {
        let names = [format!("{round} ann"), format!("{round} bob")];
        let mut tx = store.write().await.unwrap();
        tx.execute("DELETE FROM counters", params![]).await.unwrap();
        for name in &names {
            let sql = "INSERT INTO counters (name, value) VALUES ($1, 1)";
            tx.execute(sql, params![name]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tasks = JoinSet::new();
        for name in names {
            let store = Store::clone(&store);
            tasks.spawn(async move {
                let left = leave_duty(&store, &name).await;
                assert!(left.as_ref().err().is_none_or(Error::is_conflict), "{left:?}");
            });
        }
        tasks.join_all().await;
        let sql = "SELECT SUM(value) FROM counters";
        let on_duty: Option<i64> =
            store.read().await.unwrap().row(sql, params![], |row| row.get(0)).await.unwrap();
        assert_eq!(on_duty, Some(1), "one leaves, one stays");
    }
}

async fn leave_duty(store: &Store, name: &str) -> Result<(), Error> {
    let mut tx = store.write().await?;
    let on_duty: Option<i64> =
        tx.row("SELECT SUM(value) FROM counters", params![], |row| row.get(0)).await?;
    tokio::time::sleep(Duration::from_millis(2)).await;
    if on_duty > Some(1) {
        tx.execute("UPDATE counters SET value = 0 WHERE name = $1", params![name]).await?;
    }
    tx.commit().await
}

pub(crate) async fn readers_and_writers_do_not_starve_each_other(store: TestStore) {
    const ROUNDS: i64 = 50;
    let mut tasks = JoinSet::new();
    for side in 0..8 {
        let (store, reader) = (Store::clone(&store), Store::clone(&store));
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let id = side * ROUNDS + round;
                committed_person(&store, id, &id.to_string()).await.unwrap();
            }
        });
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                names(&reader).await;
            }
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(60), tasks.join_all()).await;
    assert!(all.is_ok(), "somebody waits for ever");
}
