//! Keys in the database.

use bytes::Bytes;
use store::{Error, Options, Store, testing::TestStore};
use tokio::task::JoinSet;
use world::Secret;

pub(crate) async fn another_master_key_is_refused(store: TestStore) {
    let sealed = store.keyring().seal("p", b"secret").unwrap();
    let again = Store::open(store.options(), &[super::TABLES]).await.unwrap();
    assert_eq!(again.keyring().open("p", &sealed).unwrap().expose(), b"secret");
    let other = Options { master_key: Secret::new([8; 32]), ..store.options() };
    assert!(matches!(Store::open(other, &[super::TABLES]).await, Err(Error::Sealed(_))));
    let short = Options { master_key: Secret::new([7; 31]), ..store.options() };
    assert!(matches!(Store::open(short, &[super::TABLES]).await, Err(Error::Invalid(_))));
}

pub(crate) async fn two_makers_of_a_data_key_agree(store: TestStore) {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = Store::clone(&store);
        tasks.spawn(async move {
            loop {
                let mut tx = store.write().await.unwrap();
                let made = store.keyring().data_key(&mut tx, "org").await;
                let done = match made {
                    Ok(key) => tx.commit().await.map(|()| key),
                    Err(error) => Err(error),
                };
                match done {
                    Ok(key) => return key,
                    Err(error) => assert!(error.is_conflict(), "{error}"),
                }
            }
        });
    }
    let keys = tasks.join_all().await;
    let body = Bytes::from_static(b"for all");
    let reference = store.blobs().put(&keys[0], body.clone()).await.unwrap();
    for key in &keys {
        assert_eq!(store.blobs().get(key, &reference).await.unwrap(), body);
    }
}
