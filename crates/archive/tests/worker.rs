//! The worker on a store of its own, with a folder to write to.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use archive::{
    Destination, ExportKey, Worker,
    import::{self, Progress, Wish},
};
use mailbox::{
    Delivery, Destination as Place, Flags, FolderName, Keywords, deliver, insert_body, mailboxes,
    prepare,
};
use store::{Store, params, testing::TestStore};
use tempfile::TempDir;
use tokio::sync::oneshot;
use workmail::exports::work::{self, ATTEMPTS_MAX};
use world::{Secret, Timestamp, World};

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/one";
const BUCKET: &str = "exports";
const ORGANIZATION: &str = "m-1";
const WAIT: Duration = Duration::from_secs(30);

struct House {
    folder: TempDir,
    world: World,
    store: TestStore,
}

impl House {
    async fn new() -> Self {
        let migrations = [iam::MIGRATIONS, mailbox::MIGRATIONS, workmail::MIGRATIONS];
        let store = store::testing::open(&migrations).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let house = Self { folder, world: World::system(), store };
        let mut tx = house.store.write().await.unwrap();
        let sql = "INSERT INTO organizations (id, account_id, region, alias, alias_key, \
                   directory_id, created_at, state) \
                   VALUES ($1, '123456789012', 'us-east-1', 'a', 'a', 'd-1', 0, 'Active')";
        tx.execute(sql, params![ORGANIZATION]).await.unwrap();
        tx.commit().await.unwrap();
        house
    }

    /// A mailbox with so many messages.
    async fn mailbox(&self, owner: &str, messages: usize) {
        let mut tx = self.store.write().await.unwrap();
        let now = self.world.now();
        let mailbox =
            mailboxes::provision(&mut tx, owner, ORGANIZATION, 1 << 30, now).await.unwrap();
        tx.commit().await.unwrap();
        for number in 0..messages {
            let text = format!("Subject: {number}\r\n\r\nHello.\r\n");
            let prepared = prepare(&self.store, ORGANIZATION, text).await.unwrap();
            let mut tx = self.store.write().await.unwrap();
            let body = insert_body(&mut tx, &prepared).await.unwrap();
            let delivery = Delivery {
                mailbox: mailbox.id,
                destination: Place::Inbox,
                flags: Flags::SEEN,
                keywords: &Keywords::none(),
                received_at: Timestamp::from_seconds(1_700_000_000),
                now,
            };
            deliver(&mut tx, &body, &delivery).await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    async fn job(&self, id: &str, owner: &str, attempts: u32) {
        let mut tx = self.store.write().await.unwrap();
        let sql = "INSERT INTO export_jobs (id, organization_id, entity_id, role_arn, key_arn, \
                   bucket, prefix, path, state, progress, started_at, attempts) \
                   VALUES ($1, $2, $3, '', $4, $5, 'p', $6, 'RUNNING', 0, $7, $8)";
        let path = format!("p/{id}.zip.enc");
        let now = self.world.now();
        tx.execute(sql, params![id, ORGANIZATION, owner, KEY, BUCKET, path, now, attempts])
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn state(&self, id: &str) -> (String, Option<String>) {
        let sql = "SELECT state, error FROM export_jobs WHERE id = $1";
        let mut snapshot = self.store.read().await.unwrap();
        let found = snapshot.row(sql, params![id], |row| Ok((row.get(0)?, row.get(1)?))).await;
        found.unwrap().unwrap()
    }

    async fn ended(&self, id: &str) -> (String, Option<String>) {
        let wait = async {
            loop {
                let state = self.state(id).await;
                if state.0 != "RUNNING" {
                    return state;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(WAIT, wait).await.unwrap()
    }

    fn key() -> Secret {
        Secret::new([3; 32])
    }

    fn worker(&self) -> Worker {
        let destination = Destination::Directory {
            root: self.folder.path().to_owned(),
            keys: vec![ExportKey::new(KEY, Self::key()).unwrap()],
        };
        self.worker_to(destination)
    }

    fn worker_to(&self, destination: Destination) -> Worker {
        let store: &Store = &self.store;
        let room = (store.clone(), self.world.clone());
        Worker::new(room, destination, self.folder.path(), self.world.random_uuid())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join("p").join(name)
    }

    fn files(&self) -> Vec<String> {
        let Ok(found) = std::fs::read_dir(self.folder.path().join(BUCKET).join("p")) else {
            return Vec::new();
        };
        let mut names: Vec<_> =
            found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Lets a worker work until the future is done.
async fn beside<T>(worker: Worker, done: impl Future<Output = T>) -> T {
    let (stop, stopped) = oneshot::channel::<()>();
    let working = tokio::spawn(worker.run(async {
        let _ = stopped.await;
    }));
    let done = done.await;
    drop(stop);
    working.await.unwrap();
    done
}

#[tokio::test]
async fn two_workers_do_each_job_once() {
    let house = House::new().await;
    for number in 0..6 {
        house.mailbox(&format!("u{number}"), 3).await;
        house.job(&format!("job{number}"), &format!("u{number}"), 0).await;
    }
    let all = async {
        for number in 0..6 {
            assert_eq!(house.ended(&format!("job{number}")).await.0, "COMPLETED");
        }
    };
    let (one, two) = (house.worker(), house.worker());
    beside(one, beside(two, all)).await;
    assert_eq!(house.files().len(), 12, "{:?}", house.files());
    let sql = "SELECT SUM(attempts) FROM export_jobs";
    let attempts: Option<i64> =
        house.store.read().await.unwrap().row(sql, &[], |row| row.get(0)).await.unwrap();
    assert_eq!(attempts, Some(6));
}

#[tokio::test]
async fn a_job_that_never_ends_is_given_up() {
    let house = House::new().await;
    house.mailbox("u", 1).await;
    house.job("job", "u", ATTEMPTS_MAX).await;
    std::fs::create_dir(house.folder.path().join(BUCKET).join("p")).unwrap();
    std::fs::write(house.file(&format!("job.zip.enc.part{ATTEMPTS_MAX}")), b"half").unwrap();
    let (state, error) = beside(house.worker(), house.ended("job")).await;
    assert_eq!(state, "FAILED");
    assert!(error.unwrap().contains("never came to its end"));
    assert!(house.files().is_empty());
}

#[tokio::test]
async fn what_earlier_attempts_left_is_removed() {
    let house = House::new().await;
    house.mailbox("u", 1).await;
    std::fs::create_dir(house.folder.path().join(BUCKET).join("p")).unwrap();
    for draft in ["job.zip.enc.part1", "job.zip.enc.part2", "gone.zip.enc.part1"] {
        std::fs::write(house.file(draft), b"half").unwrap();
    }
    house.job("job", "u", 2).await;
    house.job("gone", "u", 1).await;
    let mut tx = house.store.write().await.unwrap();
    let sql = "UPDATE export_jobs SET state = 'CANCELLED', upload = 'draft' WHERE id = 'gone'";
    tx.execute(sql, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let settled = async {
        house.ended("job").await;
        while house.file("gone.zip.enc.part1").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    beside(house.worker(), tokio::time::timeout(WAIT, settled)).await.unwrap();
    assert_eq!(house.files(), ["job.log.json", "job.zip.enc"]);
    assert_eq!(house.state("gone").await.0, "CANCELLED");
    let mut snapshot = house.store.read().await.unwrap();
    assert!(work::waiting(&mut snapshot, house.world.now(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mailbox_that_is_gone_and_a_destination_that_is_gone_fail() {
    let house = House::new().await;
    house.job("job", "nobody", 0).await;
    let (state, error) = beside(house.worker(), house.ended("job")).await;
    assert_eq!(
        (state.as_str(), error.as_deref()),
        ("FAILED", Some("The mailbox was taken out of service."))
    );
    assert!(house.files().is_empty());
    house.mailbox("u", 1).await;
    house.job("other", "u", 0).await;
    let (state, error) = beside(house.worker_to(Destination::Nowhere), house.ended("other")).await;
    assert_eq!(state, "FAILED");
    assert!(error.unwrap().contains("no destination"));
}

#[tokio::test]
async fn damaged_bodies_are_counted_and_the_rest_is_exported() {
    let house = House::new().await;
    house.mailbox("u", 4).await;
    let mut tx = house.store.write().await.unwrap();
    let sql = "UPDATE bodies SET blob = (SELECT b.blob FROM bodies b ORDER BY b.id LIMIT 1)";
    tx.execute(sql, &[]).await.unwrap();
    // Another place with the lengths of this one: it opens to nothing.
    let mut blob: Vec<u8> =
        tx.row("SELECT blob FROM bodies LIMIT 1", &[], |row| row.get(0)).await.unwrap().unwrap();
    let last = blob.len() - 1;
    blob[last] ^= 1;
    let sql = "UPDATE bodies SET blob = $1 WHERE id = (SELECT MAX(id) FROM bodies)";
    tx.execute(sql, params![&blob]).await.unwrap();
    tx.commit().await.unwrap();
    house.job("job", "u", 0).await;
    assert_eq!(beside(house.worker(), house.ended("job")).await.0, "COMPLETED");
    let log = std::fs::read_to_string(house.file("job.log.json")).unwrap();
    assert!(log.contains(r#""totalNonExportableItems": "1""#), "{log}");
    assert!(log.contains(r#""totalMessages": "3""#), "{log}");
}

#[tokio::test]
async fn as_often_as_the_source_has_a_message_the_folder_has_it() {
    let house = House::new().await;
    house.mailbox("u", 0).await;
    let path = house.folder.path().join("a.mbox");
    let one = "From a\nSubject: x\n\nHello.\n\n";
    let counts = async |copies: usize| {
        std::fs::write(&path, one.repeat(copies)).unwrap();
        let wish = Wish {
            path: path.clone(),
            key: None,
            owner: "u".to_owned(),
            folder: FolderName::inbox(),
        };
        let progress = Arc::new(Progress::default());
        let report = import::import(&house.store, &house.world, wish, &progress).await.unwrap();
        assert_eq!(progress.looked_at(), copies as u64);
        (report.imported, report.present, report.refused_count)
    };
    assert_eq!(counts(2).await, (2, 0, 0));
    assert_eq!(counts(3).await, (1, 2, 0));
    assert_eq!(counts(1).await, (0, 1, 0));
    let mut snapshot = house.store.read().await.unwrap();
    let mailbox = mailboxes::find(&mut snapshot, "u").await.unwrap().unwrap();
    let inbox = mailbox::folders::find(&mut snapshot, mailbox.id, &FolderName::inbox()).await;
    assert_eq!(inbox.unwrap().total, 3);
}
