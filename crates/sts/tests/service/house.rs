//! A house to test in: an account with a root user and an administrator.

use std::sync::Arc;

use iam::{
    MIGRATIONS,
    access_keys::KeyPair,
    accounts::{self, Account, NewAccount},
    door::{Call, Door, Refusal},
    testing::Calls,
};
use store::testing::TestStore;
use wire::{
    ErrorKind,
    iam::{CreateAccessKeyRequest, CreateRoleRequest, CreateUserRequest, PutUserPolicyRequest},
    sts::{Credentials, GetSessionTokenRequest, GetSessionTokenResponse, Sts},
};
use world::{ManualClock, OsRandom, Timestamp, World};

/// When the tests begin: 2026-11-22T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_305_600);

/// The account of the tests.
pub(crate) const ACCOUNT: &str = "123456789012";

/// Another account.
pub(crate) const NEIGHBOUR: &str = "210987654321";

pub(crate) struct House {
    pub(crate) store: TestStore,
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) door: Door,
    /// Of the administrator.
    pub(crate) key: KeyPair,
    pub(crate) root_key: KeyPair,
}

/// Credentials to call with.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
}

impl From<Credentials> for Keys {
    fn from(credentials: Credentials) -> Self {
        let token = Some(credentials.session_token.expose().to_owned());
        Self { id: credentials.access_key_id, token }
    }
}

impl From<&KeyPair> for Keys {
    fn from(pair: &KeyPair) -> Self {
        Self { id: pair.id.clone(), token: None }
    }
}

/// Calls one operation as the dispatcher does, and gives its result.
macro_rules! ask {
    ($house:expr, $keys:expr, $service:expr, $method:ident, $input:expr) => {{
        let house = &$house;
        let keys = crate::house::Keys::from($keys);
        let mut call = house.call(&keys.id, keys.token.as_deref()).await.unwrap();
        let result = $service.$method(&mut call, $input).await;
        house.end(call, result).await
    }};
}
pub(crate) use ask;

impl From<&Keys> for Keys {
    fn from(keys: &Keys) -> Self {
        keys.clone()
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        let store = store::testing::open(&[MIGRATIONS]).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(Arc::clone(&clock) as _, Arc::new(OsRandom));
        let mut tx = store.write().await.unwrap();
        let account = |id: &str, email: &str| NewAccount {
            id: Some(id.to_owned()),
            email: email.to_owned(),
            name: "Example".to_owned(),
            password_hash: None,
        };
        let own = account(ACCOUNT, "root@example.org");
        let own: Account = accounts::create(&mut tx, &world, own).await.unwrap();
        let keyring = store.keyring();
        let key =
            accounts::create_administrator(&mut tx, &world, keyring, &own, "admin", None).await;
        let root_key = accounts::create_root_access_key(&mut tx, &world, keyring, &own).await;
        tx.commit().await.unwrap();
        let (door, recorder) = Door::new(store.clone(), world.clone());
        tokio::spawn(recorder.run());
        Self { store, world, clock, door, key: key.unwrap(), root_key: root_key.unwrap() }
    }

    /// The administrator of a second account.
    pub(crate) async fn neighbour(&self) -> Keys {
        let mut tx = self.store.write().await.unwrap();
        let new = NewAccount {
            id: Some(NEIGHBOUR.to_owned()),
            email: "root@example.net".to_owned(),
            name: "Example".to_owned(),
            password_hash: None,
        };
        let account = accounts::create(&mut tx, &self.world, new).await.unwrap();
        let keyring = self.store.keyring();
        let key =
            accounts::create_administrator(&mut tx, &self.world, keyring, &account, "boss", None);
        let key = key.await.unwrap();
        tx.commit().await.unwrap();
        Keys::from(&key)
    }

    /// A call as the dispatcher makes it: recognised by key and token.
    pub(crate) async fn call(&self, key: &str, token: Option<&str>) -> Result<Call, Refusal> {
        let probe = Calls::by_root(&self.store, &self.world, ACCOUNT).call().await?;
        let mut snapshot = self.door.snapshot().await?;
        let facts = probe.caller().request.clone();
        let identity = self.door.identify(&mut snapshot, key, token, facts).await?;
        Ok(Call::new(self.door.clone(), identity.caller, snapshot))
    }

    /// Ends a call as the dispatcher does.
    pub(crate) async fn end<T>(
        &self,
        call: Call,
        result: Result<T, wire::Error>,
    ) -> Result<T, wire::Error> {
        Calls::by_root(&self.store, &self.world, ACCOUNT).end(call, result).await
    }

    /// The records in the trail of `account` of what callers of `by` did, once the recorder has written.
    pub(crate) async fn records(&self, account: &str, by: &str) -> Vec<serde_json::Value> {
        const SQL: &str = "SELECT record FROM events WHERE account_id = $1 ORDER BY event_time";
        for _ in 0..50 {
            let mut snapshot = self.store.read().await.unwrap();
            let params = store::params![account];
            let texts = snapshot.rows(SQL, params, |row| row.get::<String>(0)).await.unwrap();
            let records = texts.iter().map(|text| serde_json::from_str(text).unwrap());
            let records: Vec<serde_json::Value> = records
                .filter(|r: &serde_json::Value| r["userIdentity"]["accountId"] == by)
                .collect();
            if !records.is_empty() {
                return records;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Vec::new()
    }

    pub(crate) async fn session(&self, input: GetSessionTokenRequest) -> GetSessionTokenResponse {
        let mut call = self.call(&self.key.id, None).await.unwrap();
        sts::Service.get_session_token(&mut call, input).await.unwrap()
    }

    /// A user with one inline policy, or none.
    pub(crate) async fn user(&self, name: &str, policy: Option<&str>) -> Keys {
        use wire::iam::Iam as _;
        let input = CreateUserRequest { user_name: name.to_owned(), ..Default::default() };
        ask!(*self, &self.key, iam::Service, create_user, input).unwrap();
        if let Some(policy) = policy {
            let input = PutUserPolicyRequest {
                user_name: name.to_owned(),
                policy_name: "own".to_owned(),
                policy_document: policy.to_owned(),
            };
            ask!(*self, &self.key, iam::Service, put_user_policy, input).unwrap();
        }
        let input = CreateAccessKeyRequest { user_name: Some(name.to_owned()) };
        let key = ask!(*self, &self.key, iam::Service, create_access_key, input).unwrap();
        Keys { id: key.access_key.access_key_id, token: None }
    }

    /// A role of the administrator's account, and its ARN.
    pub(crate) async fn role(&self, name: &str, trust: &str) -> String {
        use wire::iam::Iam as _;
        let input = CreateRoleRequest {
            role_name: name.to_owned(),
            assume_role_policy_document: trust.to_owned(),
            max_session_duration: Some(7200),
            ..Default::default()
        };
        ask!(*self, &self.key, iam::Service, create_role, input).unwrap().role.arn
    }
}

/// A policy of one statement without conditions.
pub(crate) fn policy(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A trust policy that lets `principal` (`"AWS":".."`) do `actions`, under `condition`.
pub(crate) fn trust(principal: &str, actions: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{{principal}}},"Action":[{actions}],"Condition":{{{condition}}}}}]}}"#
    )
}

/// The error must be of that kind and have that text in it.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, wire::Error>,
    kind: &ErrorKind,
    message: &str,
) {
    let error = result.unwrap_err();
    assert!(error.is(kind), "{error}");
    assert!(error.message().contains(message), "{error}");
}
