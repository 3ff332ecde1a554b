//! Values in and out.

use store::{Error, Value, params, testing::TestStore};
use world::Timestamp;

type Thing = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<f64>);

pub(crate) async fn come_back_as_they_went_in(store: TestStore) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let things: Vec<Thing> = vec![
        (None, None, None, None),
        (Some(i64::MIN), Some(String::new()), Some(Vec::new()), Some(f64::MIN)),
        (Some(i64::MAX), Some("ß 漢字 🦀 e\u{301} \u{10ffff}".into()), Some(all_bytes), Some(0.1)),
        (
            Some(0),
            Some("'; DROP TABLE things; -- $1 \\ \"\n\r\t".into()),
            Some(vec![0]),
            Some(-0.0),
        ),
        (Some(-1), Some("x".repeat(200_000)), Some(vec![7; 200_000]), Some(f64::MAX)),
    ];
    let mut tx = store.write().await.unwrap();
    for (id, (number, text, bytes, real)) in things.iter().enumerate() {
        let sql = "INSERT INTO things (id, number, text, bytes, real) VALUES ($1, $2, $3, $4, $5)";
        let values = params![id, *number, text.as_ref(), bytes.as_ref(), *real];
        tx.execute(sql, values).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let sql = "SELECT number, text, bytes, real FROM things ORDER BY id";
    let read: Vec<Thing> = snapshot
        .rows(sql, params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .await
        .unwrap();
    assert_eq!(read, things);
}

pub(crate) async fn nul_in_text_is_refused(store: TestStore) {
    let mut snapshot = store.read().await.unwrap();
    let sql = "SELECT id FROM people WHERE name = $1";
    let refused = snapshot.rows(sql, params!["a\0b"], |row| row.get::<i64>(0)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a statement or value is not acceptable: text holds a NUL character"
    );
    let too_large = snapshot
        .rows("SELECT id FROM people WHERE id = $1", params![u64::MAX], |row| row.get::<i64>(0))
        .await;
    assert!(matches!(too_large, Err(Error::Invalid(_))));
}

pub(crate) async fn text_is_ordered_by_its_bytes(store: TestStore) {
    let mut texts =
        ["b", "a", "B", "A", "ä", "á", "aa", "a b", "a-b", "_", "10", "9", "Z", "漢", ""];
    let mut tx = store.write().await.unwrap();
    for (id, text) in texts.iter().enumerate() {
        tx.execute("INSERT INTO things (id, text) VALUES ($1, $2)", params![id, *text])
            .await
            .unwrap();
    }
    let sql = "SELECT text FROM things ORDER BY text";
    let read: Vec<String> = tx.rows(sql, params![], |row| row.get(0)).await.unwrap();
    texts.sort_unstable();
    assert_eq!(read, texts);
    let sql = "SELECT text FROM things WHERE text >= $1 AND text < $2 ORDER BY text";
    let prefixed: Vec<String> = tx.rows(sql, params!["a", "b"], |row| row.get(0)).await.unwrap();
    assert_eq!(prefixed, ["a", "a b", "a-b", "aa"]);
}

pub(crate) async fn sums_and_counts_are_integers(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    for (id, number) in [i64::MAX - 10, 3, -20_000].into_iter().enumerate() {
        let sql = "INSERT INTO things (id, number) VALUES ($1, $2)";
        tx.execute(sql, params![id, number]).await.unwrap();
    }
    let sql = "SELECT SUM(number), COUNT(*), MAX(number), EXISTS (SELECT 1 FROM people), \
               CAST(number AS BIGINT) / 2 FROM things GROUP BY number ORDER BY number DESC";
    let first: Option<(i64, i64, i64, bool, i64)> = tx
        .row(sql, params![], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .await
        .unwrap();
    let large = i64::MAX - 10;
    assert_eq!(first, Some((large, 1, large, false, large / 2)));
    let sum: Option<i64> = tx
        .row("SELECT SUM(number) FROM things WHERE number < 5", params![], |row| row.get(0))
        .await
        .unwrap();
    assert_eq!(sum, Some(-19_997));
    let limited: Vec<i64> = tx
        .rows("SELECT id FROM things ORDER BY id LIMIT $1", params![2_i64], |row| row.get(0))
        .await
        .unwrap();
    assert_eq!(limited, [0, 1]);
}

pub(crate) async fn placeholders_must_match_their_values(store: TestStore) {
    let mut snapshot = store.read().await.unwrap();
    let sql = "SELECT id FROM people WHERE id = $1 AND name = $2";
    for values in [params![1_i64], &[Value::from(1_i64), Value::from("a"), Value::NULL][..]] {
        let refused = snapshot.rows(sql, values, |row| row.get::<i64>(0)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    // Each may be used more than once and in any order.
    let sql = "SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT) + 0";
    let read: Option<(i64, i64, i64)> = snapshot
        .row(sql, params![10_i64, 20_i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .await
        .unwrap();
    assert_eq!(read, Some((20, 10, 20)));
}

pub(crate) async fn constraints_are_told_apart(store: TestStore) {
    let fails =
        async |sql: &str| store.write().await.unwrap().execute(sql, params![]).await.unwrap_err();
    let mut tx = store.write().await.unwrap();
    super::add_person(&mut tx, 1, "ann").await.unwrap();
    tx.execute("INSERT INTO pets (id, owner) VALUES (1, 1)", params![]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(fails("INSERT INTO people (id, name) VALUES (1, 'bob')").await.is_unique());
    assert!(fails("INSERT INTO people (id, name) VALUES (2, 'ann')").await.is_unique());
    assert!(fails("INSERT INTO pets (id, owner) VALUES (2, 99)").await.is_foreign_key());
    assert!(fails("DELETE FROM people").await.is_foreign_key());
    for sql in [
        "INSERT INTO people (id, name) VALUES (3, NULL)",
        "INSERT INTO pets (id, owner, age) VALUES (3, 1, -1)",
    ] {
        assert!(matches!(fails(sql).await, Error::Constraint(_)), "{sql}");
    }
    assert!(matches!(fails("SELEKT 1").await, Error::Engine(_)));
}

pub(crate) async fn a_column_of_another_type_is_told(store: TestStore) {
    let mut tx = store.write().await.unwrap();
    let sql = "INSERT INTO things (id, number, text) VALUES (1, -5, 'five')";
    tx.execute(sql, params![]).await.unwrap();
    let sql = "SELECT number, text, bytes FROM things";
    let read = tx.row(sql, params![], |row| {
        assert_eq!(row.get::<Timestamp>(0)?, Timestamp::from_micros(-5));
        assert_eq!(row.get::<&str>(1)?, "five");
        for refused in [
            row.get::<u32>(0).err(),
            row.get::<String>(0).err(),
            row.get::<i64>(1).err(),
            row.get::<Vec<u8>>(2).err(),
            row.get::<i64>(3).err(),
        ] {
            assert!(matches!(refused, Some(Error::Corrupt(_))), "{refused:?}");
        }
        row.get::<Option<Vec<u8>>>(2)
    });
    assert_eq!(read.await.unwrap(), Some(None));
}
