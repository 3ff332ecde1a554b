//! What a signed request's processor time goes to: each step by itself, in this program, over and over.

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use iam::{
    MIGRATIONS, Service,
    accounts::{self, NewAccount},
    door::{Call, Principal},
    testing::Calls,
};
use policy::PolicySet;
use sigv4::{Payload, Presented, Request, Rules, SigningKeys};
use store::{Engine, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wire::iam::{
    AttachUserPolicyRequest, CreateAccessKeyRequest, CreateUserRequest, GetUserRequest, Iam as _,
};
use world::{Secret, World};

use crate::{
    account::{IAM_USER, POLICIES},
    aws::{self, Key},
    outcome::Outcome,
    pace,
    policy::{managed, request},
    process::Cpu,
    report::{self, micros},
};

const ACCOUNT: &str = "123456789012";

/// How far a clock may be off.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// How long the operation is run, before and while it is measured.
const WARM_UP: Duration = Duration::from_millis(300);
const SPAN: Duration = Duration::from_secs(2);

/// Keys that the cache of signing keys holds.
const SIGNING_KEYS: usize = 16;

/// Prints the share of each step in a request that takes `whole_micros` of the server's processor time.
pub(crate) fn tell(scratch: &Path, key: &Key, whole_micros: f64) -> Outcome<()> {
    let (signature, decision) = (signature(key)?, decision()?);
    let operation = operation(scratch)?;
    let handler = (operation - decision).max(0.0);
    let rest = (whole_micros - signature - operation).max(0.0);
    for (name, took) in [
        ("signature check", signature),
        ("decision", decision),
        ("GetUser besides: snapshot, rows, record", handler),
        ("the rest: sockets, HTTP, XML", rest),
    ] {
        let share = took / whole_micros * 100.0;
        report::figure(&format!("share: {name}"), format!("{}, {share:.1} %", micros(took)));
    }
    Ok(())
}

/// From the parts of a request to a verified signature, with the signing key at hand.
fn signature(key: &Key) -> Outcome<f64> {
    let now = World::system().now();
    let body = aws::form("GetUser", &[("UserName", IAM_USER)]);
    let headers =
        aws::signed_headers(key, "iam", "127.0.0.1:80", &[aws::FORM], body.as_bytes(), now);
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let request =
        Request { method: "POST", target: b"/", headers: &headers, body: body.as_bytes() };
    let rules = Rules { payload: Payload::Signed, ..Rules::default() };
    let keys = SigningKeys::new(SIGNING_KEYS);
    let check = || -> Outcome<()> {
        let presented = Presented::parse(black_box(&request))?.ok_or("no signature")?;
        presented.check_time(now, TOLERANCE)?;
        let scope = presented.check_scope(|_| Ok(()))?;
        let signing_key = keys.key(presented.credential(), &scope, &key.secret);
        Ok(presented.verify(&request, &signing_key, rules)?)
    };
    check()?;
    Ok(pace::of(|| drop(black_box(check()))).median_micros())
}

fn decision() -> Outcome<f64> {
    let set = PolicySet::new(managed(&POLICIES)?);
    let resource = format!("arn:aws:iam::{ACCOUNT}:user/{IAM_USER}");
    let request = policy::Request { resource: &resource, ..request("iam:GetUser") };
    if !set.decide(&request).is_allowed() {
        return Err("the user may not see itself".into());
    }
    Ok(crate::policy::pace(&set, &request).median_micros())
}

/// The call itself with its decision, from the snapshot to the event record, in processor time of all
/// threads: some of it is done by others than the one that waits.
fn operation(scratch: &Path) -> Outcome<f64> {
    let folder = TempDir::with_prefix_in("share-", scratch)?;
    let runtime = Runtime::new()?;
    let calls = runtime.block_on(calls(folder.path()))?;
    let run = |span: Duration| -> Outcome<usize> {
        let (began, mut runs) = (Instant::now(), 0);
        while began.elapsed() < span {
            runtime.block_on(get_user(&calls))?;
            runs += 1;
        }
        Ok(runs)
    };
    run(WARM_UP)?;
    let before = Cpu::of(std::process::id())?;
    let runs = run(SPAN)?;
    Ok(Cpu::of(std::process::id())?.since(before).micros_each(runs))
}

async fn get_user(calls: &Calls) -> Outcome<()> {
    let mut call = calls.call().await?;
    let input = GetUserRequest { user_name: Some(IAM_USER.to_owned()) };
    let result = Service.get_user(&mut call, input).await;
    end(calls, call, result).await.map(|answer| drop(black_box(answer)))
}

async fn end<T>(calls: &Calls, call: Call, result: Result<T, wire::Error>) -> Outcome<T> {
    calls.end(call, result).await.map_err(|error| error.message().to_owned().into())
}

/// Calls by a user like the one that calls over the network, in a store of its own.
async fn calls(folder: &Path) -> Outcome<Calls> {
    let world = World::system();
    let engine = Engine::Sqlite { path: folder.join("store.db") };
    let key = Secret::new([7; 32]);
    let options = store::Options::new(engine, folder.join("blobs"), key, world.clone());
    let store = Store::open(options, &[MIGRATIONS]).await?;
    let mut tx = store.write().await?;
    let new = NewAccount {
        id: Some(ACCOUNT.to_owned()),
        email: "root@example.com".to_owned(),
        name: "Bench".to_owned(),
        password_hash: None,
    };
    accounts::create(&mut tx, &world, new).await?;
    tx.commit().await?;
    let root = Calls::by_root(&store, &world, ACCOUNT);
    let (principal, key) = user(&root).await?;
    Ok(Calls::by(&store, &world, ACCOUNT, principal).with_key(&key))
}

/// Makes the user with its policies, and an access key.
async fn user(root: &Calls) -> Outcome<(Principal, String)> {
    let name = || IAM_USER.to_owned();
    let mut call = root.call().await?;
    let input = CreateUserRequest { user_name: name(), ..Default::default() };
    let made = Service.create_user(&mut call, input).await;
    let user = end(root, call, made).await?.user.ok_or("no user was made")?;
    for policy in POLICIES {
        let mut call = root.call().await?;
        let policy_arn = format!("arn:aws:iam::aws:policy/{policy}");
        let input = AttachUserPolicyRequest { user_name: name(), policy_arn };
        let attached = Service.attach_user_policy(&mut call, input).await;
        end(root, call, attached).await?;
    }
    let mut call = root.call().await?;
    let input = CreateAccessKeyRequest { user_name: Some(name()) };
    let made = Service.create_access_key(&mut call, input).await;
    let key = end(root, call, made).await?.access_key;
    let principal = Principal::User { id: user.user_id, name: name(), path: "/".to_owned() };
    Ok((principal, key.access_key_id))
}
