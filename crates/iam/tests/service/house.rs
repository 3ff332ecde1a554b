//! A house to test in: a store with one account and its root user.

use std::sync::Arc;

use iam::{
    MIGRATIONS,
    accounts::{self, Account, NewAccount},
    door::Principal,
    testing::Calls,
};
use store::{Transaction, testing::TestStore};
use wire::{
    ErrorKind,
    iam::{CreateRoleRequest, CreateUserRequest, Role, User},
};
use world::{ManualClock, OsRandom, Timestamp, World};

/// When the tests begin: 2026-11-22T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_305_600);

/// Allows everything.
pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

pub(crate) struct House {
    pub(crate) store: TestStore,
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: Account,
}

/// Calls one operation as the dispatcher does, again after a conflict, and gives its result.
macro_rules! ask {
    ($calls:expr, $method:ident) => {
        crate::house::ask!(@loop $calls, |call| iam::Service.$method(call))
    };
    ($calls:expr, $method:ident, $input:expr) => {{
        let input = $input;
        crate::house::ask!(@loop $calls, |call| iam::Service.$method(call, input.clone()))
    }};
    (@loop $calls:expr, |$call:ident| $answer:expr) => {{
        use wire::iam::Iam as _;
        let calls = &$calls;
        loop {
            let mut made = calls.call().await.unwrap();
            let $call = &mut made;
            let result = $answer.await;
            let result = calls.end(made, result).await;
            if !result.as_ref().is_err_and(crate::house::is_conflict) {
                break result;
            }
        }
    }};
}
pub(crate) use ask;

impl House {
    pub(crate) async fn new() -> Self {
        let store = store::testing::open(&[MIGRATIONS]).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(Arc::clone(&clock) as _, Arc::new(OsRandom));
        let mut tx = store.write().await.unwrap();
        let account = new_account(&mut tx, &world, "123456789012", "root@example.org").await;
        tx.commit().await.unwrap();
        Self { store, world, clock, account }
    }

    /// Calls by the root user.
    pub(crate) fn root(&self) -> Calls {
        Calls::by_root(&self.store, &self.world, &self.account.id)
    }

    /// A second account, and calls by its root user.
    pub(crate) async fn neighbour(&self) -> Calls {
        let mut tx = self.store.write().await.unwrap();
        new_account(&mut tx, &self.world, "210987654321", "root@example.net").await;
        tx.commit().await.unwrap();
        Calls::by_root(&self.store, &self.world, "210987654321")
    }

    /// Makes a user.
    pub(crate) async fn user(&self, name: &str) -> User {
        let input = CreateUserRequest { user_name: s(name), ..Default::default() };
        ask!(self.root(), create_user, input).unwrap().user.unwrap()
    }

    /// Makes a role that machines may assume.
    pub(crate) async fn role(&self, name: &str) -> Role {
        ask!(self.root(), create_role, new_role(name, &trusting(MACHINES))).unwrap().role
    }

    /// Calls by that user, with a second factor.
    pub(crate) fn calls_by(&self, user: &User) -> Calls {
        let principal = Principal::User {
            id: user.user_id.clone(),
            name: user.user_name.clone(),
            path: user.path.clone(),
        };
        Calls::by(&self.store, &self.world, &self.account.id, principal)
    }
}

/// The principal of machines.
pub(crate) const MACHINES: &str = r#"{"Service":"ec2.amazonaws.com"}"#;

/// A trust policy for one principal, given as JSON.
pub(crate) fn trusting(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
    )
}

pub(crate) fn new_role(name: &str, trust: &str) -> CreateRoleRequest {
    CreateRoleRequest {
        role_name: s(name),
        assume_role_policy_document: s(trust),
        ..Default::default()
    }
}

async fn new_account(tx: &mut Transaction, world: &World, id: &str, email: &str) -> Account {
    let new = NewAccount {
        id: Some(s(id)),
        email: s(email),
        name: s("Example Corp"),
        password_hash: None,
    };
    accounts::create(tx, world, new).await.unwrap()
}

pub(crate) fn is_conflict(error: &wire::Error) -> bool {
    error.source_ref::<store::Error>().is_some_and(|error| error.is_conflict() || error.is_unique())
}

pub(crate) fn s(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn some(text: &str) -> Option<String> {
    Some(s(text))
}

/// The error must be of that kind and have that text.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, wire::Error>,
    kind: &ErrorKind,
    message: &str,
) {
    let error = result.unwrap_err();
    assert!(error.is(kind), "{error}");
    assert_eq!(error.message(), message);
}
