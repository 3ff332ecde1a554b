//! Bodies beside the rows.

use std::os::unix::fs::FileExt;

use bytes::Bytes;
use store::{BLOB_MAX_BYTES, BlobRef, DataKey, Error, Store, params, testing::TestStore};

async fn data_key(store: &Store, owner: &str) -> DataKey {
    let mut tx = store.write().await.unwrap();
    let key = store.keyring().data_key(&mut tx, owner).await.unwrap();
    tx.commit().await.unwrap();
    key
}

/// Bytes that cannot be made smaller.
fn noise(length: usize) -> Bytes {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

pub(crate) async fn come_back_whole(store: TestStore) {
    let key = data_key(&store, "org").await;
    let letter: Bytes = b"Dear reader, ".repeat(3000).into();
    for body in [
        Bytes::new(),
        Bytes::from_static(b"x"),
        letter.clone(),
        noise(40_000),
        noise(5_000_000),
        vec![0; 3_000_000].into(),
    ] {
        let reference = store.blobs().put(&key, body.clone()).await.unwrap();
        let reference = BlobRef::from_bytes(&reference.to_bytes()).unwrap();
        assert_eq!(reference.len(), body.len() as u64);
        assert!(reference.stored_len() <= reference.len() + 64);
        assert_eq!(store.blobs().get(&key, &reference).await.unwrap(), body);
    }
    let reference = store.blobs().put(&key, letter).await.unwrap();
    assert!(reference.stored_len() < reference.len() / 10, "a letter gets smaller");
    let huge = Bytes::from(vec![0; BLOB_MAX_BYTES + 1]);
    assert!(matches!(store.blobs().put(&key, huge).await, Err(Error::Invalid(_))));
}

pub(crate) async fn belong_to_their_owner(store: TestStore) {
    let (ours, theirs) = (data_key(&store, "ours").await, data_key(&store, "theirs").await);
    let reference = store.blobs().put(&ours, Bytes::from_static(b"private")).await.unwrap();
    assert!(matches!(store.blobs().get(&theirs, &reference).await, Err(Error::Sealed(_))));
    let again = data_key(&store, "ours").await;
    assert_eq!(store.blobs().get(&again, &reference).await.unwrap(), "private");
}

pub(crate) async fn of_a_forgotten_owner_are_unreadable(store: TestStore) {
    let key = data_key(&store, "org").await;
    let reference = store.blobs().put(&key, Bytes::from_static(b"private")).await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert!(store.keyring().forget_data_key(&mut tx, "org").await.unwrap());
    tx.commit().await.unwrap();
    let none = store.keyring().existing_data_key(&mut store.read().await.unwrap(), "org").await;
    assert!(none.unwrap().is_none());
    let new = data_key(&store, "org").await;
    assert!(matches!(store.blobs().get(&new, &reference).await, Err(Error::Sealed(_))));
}

pub(crate) async fn changed_on_disk_are_refused(store: TestStore) {
    let key = data_key(&store, "org").await;
    let first = store.blobs().put(&key, Bytes::from_static(b"first letter")).await.unwrap();
    let second = store.blobs().put(&key, Bytes::from_static(b"other letter")).await.unwrap();
    let pack =
        std::fs::read_dir(store.folder().join("blobs")).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&pack).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&pack).unwrap();
    for (at, byte) in whole.iter().enumerate().take(first.stored_len() as usize) {
        file.write_all_at(&[byte ^ 1], at as u64).unwrap();
        let refused = store.blobs().get(&key, &first).await;
        assert!(matches!(refused, Err(Error::Sealed(_) | Error::Corrupt(_))), "byte {at}");
        file.write_all_at(&[*byte], at as u64).unwrap();
    }
    assert_eq!(store.blobs().get(&key, &first).await.unwrap(), "first letter");
    // Another's record in the place of the first.
    let (start, length) = (first.stored_len() as usize, second.stored_len() as usize);
    file.write_all_at(&whole[start..start + length], 0).unwrap();
    assert!(matches!(store.blobs().get(&key, &first).await, Err(Error::Corrupt(_))));
    file.set_len(first.stored_len() + 3).unwrap();
    assert!(matches!(store.blobs().get(&key, &second).await, Err(Error::Corrupt(_))));
}

pub(crate) async fn move_to_another_pack(store: TestStore) {
    let key = data_key(&store, "org").await;
    store.blobs().put(&key, Bytes::from_static(b"a pack of our own")).await.unwrap();
    let earlier = Store::open(store.options(), &[super::TABLES]).await.unwrap();
    let old = earlier.blobs().put(&key, Bytes::from_static(b"letter")).await.unwrap();
    assert!(store.blobs().delete_pack(old.pack()).is_err(), "it is still appended to");
    earlier.close().await;
    drop(earlier);

    let new = store.blobs().relocate(&old).await.unwrap();
    assert_ne!(new.pack(), old.pack());
    let packs = store.blobs().packs().unwrap();
    assert_eq!(
        packs.iter().filter(|pack| pack.open).map(|pack| pack.number).collect::<Vec<_>>(),
        [new.pack()]
    );
    assert_eq!(packs.len(), 2);
    assert_eq!(store.blobs().get(&key, &old).await.unwrap(), "letter");
    store.blobs().delete_pack(old.pack()).unwrap();
    assert!(matches!(store.blobs().get(&key, &old).await, Err(Error::Corrupt(_))));
    assert_eq!(store.blobs().get(&key, &new).await.unwrap(), "letter");
}

pub(crate) async fn are_there_after_opening_again(store: TestStore) {
    let key = data_key(&store, "org").await;
    let reference = store.blobs().put(&key, Bytes::from_static(b"letter")).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let sql = "INSERT INTO things (id, bytes) VALUES (1, $1)";
    tx.execute(sql, params![reference.to_bytes()]).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;

    let again = Store::open(store.options(), &[super::TABLES]).await.unwrap();
    let mut snapshot = again.read().await.unwrap();
    let sql = "SELECT bytes FROM things";
    let reference =
        snapshot.row(sql, params![], |row| BlobRef::from_bytes(row.get(0)?)).await.unwrap();
    let key = again.keyring().existing_data_key(&mut snapshot, "org").await.unwrap().unwrap();
    assert_eq!(again.blobs().get(&key, &reference.unwrap()).await.unwrap(), "letter");
}
