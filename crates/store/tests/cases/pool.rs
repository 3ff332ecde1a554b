//! Bounds on what may be open at one time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use store::{CONNECTIONS_MAX, Store, params, testing::TestStore};
use tokio::task::JoinSet;

use super::committed_person;

pub(crate) async fn readers_beyond_the_bound_wait_for_their_turn(store: TestStore) {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..5 * CONNECTIONS_MAX {
        let (store, now, most) = (Store::clone(&store), Arc::clone(&now), Arc::clone(&most));
        tasks.spawn(async move {
            let mut snapshot = store.read().await.unwrap();
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            snapshot.row("SELECT 1", params![], |row| row.get::<i64>(0)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        });
    }
    tasks.join_all().await;
    let most = most.load(Ordering::SeqCst);
    assert!(most > 1 && most <= CONNECTIONS_MAX, "{most} at one time");
}

pub(crate) async fn a_waiting_reader_that_leaves_takes_no_place(store: TestStore) {
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        held.push(store.read().await.unwrap());
    }
    let moment = Duration::from_millis(20);
    assert!(tokio::time::timeout(moment, store.read()).await.is_err(), "one too many");
    held.clear();
    for _ in 0..CONNECTIONS_MAX {
        let next = tokio::time::timeout(Duration::from_secs(10), store.read()).await;
        held.push(next.expect("a place").unwrap());
    }
}

pub(crate) async fn a_closed_store_refuses(store: TestStore) {
    let mut tasks = JoinSet::new();
    for id in 0..20 {
        let store = Store::clone(&store);
        tasks.spawn(async move { committed_person(&store, id, &id.to_string()).await });
    }
    tokio::task::yield_now().await;
    store.close().await;
    let committed = tasks.join_all().await.into_iter().filter(Result::is_ok).count();
    assert!(store.read().await.unwrap_err().is_unavailable());
    assert!(store.write().await.unwrap_err().is_unavailable());

    let again = Store::open(store.options(), &[super::TABLES]).await.unwrap();
    assert_eq!(super::names(&again).await.len(), committed);
    again.close().await;
}
