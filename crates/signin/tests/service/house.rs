//! A house to sign in to: one account, its root user, and users with passwords.

use std::{net::IpAddr, sync::Arc, time::Duration};

use iam::{
    accounts::{self, NewAccount},
    door::{Door, RequestFacts},
};
use mailflow::Mailflow;
use signin::{PasswordForm, Progress, Refusal, Service, Settings, SignedIn};
use store::{params, testing::TestStore};
use wire::iam::{
    AttachUserPolicyRequest, CreateAccountAliasRequest, CreateLoginProfileRequest,
    CreateUserRequest, UpdateAccountPasswordPolicyRequest,
};
use workmail::Authenticator;
use world::{ManualClock, OsRandom, Timestamp, World};

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_305_600);
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const EMAIL: &str = "root@example.org";
pub(crate) const ROOT_PASSWORD: &str = "Root-Password-1";
pub(crate) const PASSWORD: &str = "Correct-Horse-1";

pub(crate) struct House {
    pub(crate) store: TestStore,
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) door: Door,
    pub(crate) flow: Mailflow,
    pub(crate) service: Service,
}

/// Calls one IAM operation by root and gives its output.
macro_rules! by_root {
    ($house:expr, $method:ident, $input:expr) => {{
        let calls =
            iam::testing::Calls::by_root(&$house.store, &$house.world, crate::house::ACCOUNT);
        crate::house::ask!(calls, $method, $input).unwrap()
    }};
}
pub(crate) use by_root;

/// Calls one IAM operation and gives its result.
macro_rules! ask {
    ($calls:expr, $method:ident, $input:expr) => {{
        use wire::iam::Iam as _;
        let mut call = $calls.call().await.unwrap();
        let result = iam::Service.$method(&mut call, $input).await;
        $calls.end(call, result).await
    }};
}
pub(crate) use ask;

impl House {
    pub(crate) async fn new() -> Self {
        let migrations = [
            iam::MIGRATIONS,
            mailbox::MIGRATIONS,
            workmail::MIGRATIONS,
            mailflow::MIGRATIONS,
            signin::MIGRATIONS,
        ];
        let store = store::testing::open(&migrations).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(Arc::clone(&clock) as _, Arc::new(OsRandom));
        let (door, recorder) = Door::new((*store).clone(), world.clone());
        tokio::spawn(recorder.run());
        let flow = Mailflow::new((*store).clone(), world.clone(), "house.example");
        let users = Arc::new(Authenticator::new((*store).clone(), &world));
        let settings = Settings {
            host: "house.example".to_owned(),
            origin: "https://house.example".to_owned(),
            sign_up: true,
        };
        let service = Service::new((*store).clone(), door.clone(), flow.clone(), users, settings);
        let house = Self { store, world, clock, door, flow, service };
        house.account(ACCOUNT, EMAIL).await;
        house
    }

    pub(crate) async fn account(&self, id: &str, email: &str) {
        let hash = iam::passwords::hash(&self.world, ROOT_PASSWORD).await.unwrap();
        let new = NewAccount {
            id: Some(id.to_owned()),
            email: email.to_owned(),
            name: "Example Corp".to_owned(),
            password_hash: Some(hash),
        };
        let mut tx = self.store.write().await.unwrap();
        accounts::create(&mut tx, &self.world, new).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes a user with a password.
    pub(crate) async fn user(&self, name: &str, reset_required: bool) {
        let user = CreateUserRequest { user_name: name.to_owned(), ..Default::default() };
        by_root!(self, create_user, user);
        let profile = CreateLoginProfileRequest {
            user_name: Some(name.to_owned()),
            password: Some(PASSWORD.into()),
            password_reset_required: Some(reset_required),
        };
        by_root!(self, create_login_profile, profile);
    }

    pub(crate) async fn attach(&self, user: &str, policy: &str) {
        let input = AttachUserPolicyRequest {
            user_name: user.to_owned(),
            policy_arn: format!("arn:aws:iam::aws:policy/{policy}"),
        };
        by_root!(self, attach_user_policy, input);
    }

    pub(crate) async fn policy(&self, input: UpdateAccountPasswordPolicyRequest) {
        by_root!(self, update_account_password_policy, input);
    }

    pub(crate) async fn alias(&self, alias: &str) {
        let input = CreateAccountAliasRequest { account_alias: alias.to_owned() };
        by_root!(self, create_account_alias, input);
    }

    /// A request from `address`, now.
    pub(crate) fn visit(&self, address: &str) -> RequestFacts {
        RequestFacts {
            request_id: self.world.random_uuid(),
            region: "us-east-1".to_owned(),
            source_ip: address.parse::<IpAddr>().unwrap(),
            user_agent: "browser".to_owned(),
            secure_transport: false,
            now: self.world.now(),
        }
    }

    /// The first step of a user, from 192.0.2.1.
    pub(crate) async fn enter(&self, user: &str, password: &str) -> Result<Progress, Refusal> {
        self.enter_from("192.0.2.1", user, password).await
    }

    pub(crate) async fn enter_from(
        &self,
        address: &str,
        user: &str,
        password: &str,
    ) -> Result<Progress, Refusal> {
        let form = user_form(ACCOUNT, user, password);
        self.service.password(&self.visit(address), None, &form).await
    }

    pub(crate) async fn enter_root(&self, password: &str) -> Result<Progress, Refusal> {
        let visit = self.visit("192.0.2.1");
        self.service.password(&visit, None, &root_form(EMAIL, password)).await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The records of events by that name, oldest first, once those on their way have been written.
    pub(crate) async fn events(&self, name: &str, count: usize) -> Vec<serde_json::Value> {
        const SQL: &str = "SELECT record FROM events WHERE event_name = $1 \
            ORDER BY event_time, event_id";
        for _ in 0..100 {
            let mut snapshot = self.store.read().await.unwrap();
            let texts: Vec<String> =
                snapshot.rows(SQL, params![name], |row| row.get(0)).await.unwrap();
            if texts.len() >= count {
                assert_eq!(texts.len(), count, "{texts:?}");
                return texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            }
            drop(snapshot);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("there are fewer than {count} events {name}");
    }

    /// The text of the letter that waits for that address.
    pub(crate) async fn letter(&self, to: &str) -> String {
        for job in self.flow.claim(100).await.unwrap() {
            if job.recipients[0].0 == to {
                let content = self.flow.load(&job).await.unwrap();
                return String::from_utf8(content.to_vec()).unwrap();
            }
        }
        panic!("no letter for {to}");
    }

    /// The caller that these credentials prove.
    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> iam::door::Caller {
        let credentials = &signed_in.credentials;
        let (id, token) = (&credentials.access_key_id, credentials.session_token.expose());
        let mut snapshot = self.door.snapshot().await.unwrap();
        let visit = self.visit("192.0.2.1");
        let identity = self.door.identify(&mut snapshot, id, Some(token), visit).await.unwrap();
        assert_eq!(
            identity.secret.expose_text(),
            Some(credentials.secret_access_key.expose()),
            "the secret is the session's"
        );
        identity.caller
    }
}

pub(crate) fn user_form(account: &str, user: &str, password: &str) -> PasswordForm {
    PasswordForm {
        account: Some(account.to_owned()),
        user_name: Some(user.to_owned()),
        email: None,
        password: password.into(),
        duration_seconds: None,
    }
}

pub(crate) fn root_form(email: &str, password: &str) -> PasswordForm {
    PasswordForm {
        account: None,
        user_name: None,
        email: Some(email.to_owned()),
        password: password.into(),
        duration_seconds: None,
    }
}

#[track_caller]
pub(crate) fn signed_in(progress: Result<Progress, Refusal>) -> SignedIn {
    match progress.unwrap() {
        Progress::SignedIn(signed_in) => *signed_in,
        other => panic!("not signed in: {other:?}"),
    }
}

/// The token and the reason of a forced change.
#[track_caller]
pub(crate) fn must_change(progress: Result<Progress, Refusal>) -> (String, &'static str) {
    match progress.unwrap() {
        Progress::NewPasswordRequired { token, reason, .. } => (token, reason),
        other => panic!("no change is required: {other:?}"),
    }
}

/// The code in a letter: the only line of six digits.
pub(crate) fn code_in(letter: &str) -> String {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    letter.lines().map(str::trim).find(is_code).unwrap_or_else(|| panic!("{letter}")).to_owned()
}
