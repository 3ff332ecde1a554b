//! Bringing tables up to date.

use store::{Error, Migration, Store, params, testing::TestStore};

use super::{TABLES, committed_person, names};

const MORE: &[Migration] = &[Migration {
    name: "test-0002-more",
    sql: "CREATE TABLE more (id INTEGER PRIMARY KEY, text TEXT)",
}];

const WRONG: &[Migration] = &[Migration {
    name: "test-0002-wrong",
    sql: "CREATE TABLE half (id INTEGER PRIMARY KEY); INSERT INTO nowhere (id) VALUES (1)",
}];

pub(crate) async fn are_applied_once(store: TestStore) {
    committed_person(&store, 1, "ann").await.unwrap();
    for _ in 0..2 {
        let again = Store::open(store.options(), &[TABLES, MORE]).await.unwrap();
        assert_eq!(names(&again).await, ["ann"]);
        let sql = "SELECT name FROM migrations ORDER BY applied_at, name";
        let applied: Vec<String> =
            again.read().await.unwrap().rows(sql, params![], |row| row.get(0)).await.unwrap();
        assert_eq!(applied, ["store-0001-base", "test-0001-tables", "test-0002-more"]);
        again.close().await;
    }
}

pub(crate) async fn may_run_from_two_sides_at_once(store: TestStore) {
    let opens = (0..6).map(|_| {
        let options = store.options();
        tokio::spawn(async move { Store::open(options, &[TABLES, MORE]).await })
    });
    for open in opens.collect::<Vec<_>>() {
        open.await.unwrap().unwrap();
    }
}

pub(crate) async fn of_a_newer_program_are_refused(store: TestStore) {
    Store::open(store.options(), &[TABLES, MORE]).await.unwrap().close().await;
    let refused = Store::open(store.options(), &[TABLES]).await.unwrap_err();
    assert!(matches!(refused, Error::Migration(_)));
    assert!(refused.to_string().contains("`test-0002-more`"), "{refused}");
}

pub(crate) async fn that_fail_leave_nothing(store: TestStore) {
    let refused = Store::open(store.options(), &[TABLES, WRONG]).await.unwrap_err();
    assert!(refused.to_string().contains("`test-0002-wrong`"), "{refused}");
    let again = Store::open(store.options(), &[TABLES]).await.unwrap();
    let half = again.read().await.unwrap().rows("SELECT id FROM half", params![], |_| Ok(())).await;
    assert!(matches!(half, Err(Error::Engine(_))), "{half:?}");
}
