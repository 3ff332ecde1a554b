//! Notices and sequences.

use std::{collections::HashSet, time::Duration};

use store::{CHANGE_MAX_BYTES, Change, Error, Store, params, testing::TestStore};
use tokio::{sync::broadcast::Receiver, task::JoinSet};

use super::add_person;

/// On one node, and on another that shares the database where the engine can be shared so.
pub(crate) async fn notices_follow_the_commit(store: TestStore) {
    let mut here = store.subscribe();
    let elsewhere = Store::open(store.options(), &[super::TABLES]).await.unwrap();
    let mut there = elsewhere.subscribe();

    let mut tx = store.write().await.unwrap();
    tx.notify(Change::new("dropped", "1"));
    drop(tx);
    let mut tx = store.write().await.unwrap();
    add_person(&mut tx, 1, "ann").await.unwrap();
    tx.notify(Change::new("person", "1"));
    tx.notify(Change::new("person", "1"));
    tx.notify(Change::new("people", "all\nof them"));
    assert!(here.try_recv().is_err(), "before the commit");
    tx.commit().await.unwrap();

    let expected = [Change::new("person", "1"), Change::new("people", "all\nof them")];
    assert_eq!([next(&mut here).await, next(&mut here).await], expected);
    if testing_on_postgres(&store) {
        assert_eq!([next(&mut there).await, next(&mut there).await], expected);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(here.try_recv().is_err() && there.try_recv().is_err(), "told twice");
}

fn testing_on_postgres(store: &TestStore) -> bool {
    matches!(store.options().engine, store::Engine::Postgres { .. })
}

async fn next(changes: &mut Receiver<Change>) -> Change {
    tokio::time::timeout(Duration::from_secs(10), changes.recv()).await.expect("a notice").unwrap()
}

pub(crate) async fn a_notice_that_is_too_long_is_refused(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    add_person(&mut tx, 1, "ann").await.unwrap();
    tx.notify(Change::new("t", "x".repeat(CHANGE_MAX_BYTES)));
    assert!(matches!(tx.commit().await, Err(Error::Invalid(_))));
    assert!(super::names(&store).await.is_empty());

    let mut tx = store.write().await.unwrap();
    tx.notify(Change::new("t", "x".repeat(CHANGE_MAX_BYTES - 1)));
    tx.commit().await.unwrap();
}

pub(crate) async fn sequences_give_each_number_once(store: TestStore) {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = Store::clone(&store);
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..20 {
                let mut tx = store.write().await.unwrap();
                ids.push(tx.next_id("a").await.unwrap());
                tx.commit().await.unwrap();
            }
            ids
        });
    }
    let ids: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(ids.iter().all(|id| *id >= 1));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 160);
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.next_id("b").await.unwrap(), 1, "each name counts for itself");
    tx.commit().await.unwrap();
    let recorded = store
        .read()
        .await
        .unwrap()
        .row("SELECT value FROM sequences WHERE name = $1", params!["a"], |row| row.get::<i64>(0))
        .await;
    assert!(recorded.unwrap() >= ids.iter().max().copied());
}
