use iam::ids;
use wire::{
    errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID, VALIDATION},
    iam::{
        CreateAccessKeyRequest, DeleteAccessKeyRequest, GetAccessKeyLastUsedRequest,
        ListAccessKeysRequest, PutUserPolicyRequest, StatusType, UpdateAccessKeyRequest,
        errors::{LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

fn new(user: Option<&str>) -> CreateAccessKeyRequest {
    CreateAccessKeyRequest { user_name: user.map(s) }
}

fn set(user: Option<&str>, id: &str, status: StatusType) -> UpdateAccessKeyRequest {
    UpdateAccessKeyRequest { user_name: user.map(s), access_key_id: s(id), status }
}

fn list(user: Option<&str>) -> ListAccessKeysRequest {
    ListAccessKeysRequest { user_name: user.map(s), ..Default::default() }
}

#[tokio::test]
async fn two_keys_at_most_and_inactive_ones_count() {
    let house = House::new().await;
    let root = house.root();
    house.user("Alice").await;
    let first = ask!(root, create_access_key, new(Some("alice"))).unwrap().access_key;
    assert_eq!((first.user_name.as_str(), first.status), ("Alice", StatusType::Active));
    assert_eq!(first.secret_access_key.expose().len(), 40);
    assert_eq!(ids::account_of(&first.access_key_id).as_deref(), Some("123456789012"));
    let second = ask!(root, create_access_key, new(Some("alice"))).unwrap().access_key;
    assert_ne!(first.secret_access_key, second.secret_access_key);
    let off = set(Some("alice"), &first.access_key_id, StatusType::Inactive);
    ask!(root, update_access_key, off).unwrap();
    let third = ask!(root, create_access_key, new(Some("alice")));
    refused(third, &LIMIT_EXCEEDED, "Cannot exceed quota for AccessKeysPerUser: 2");

    let keys = ask!(root, list_access_keys, list(Some("alice"))).unwrap();
    let statuses: Vec<_> = keys.access_key_metadata.iter().map(|key| key.status).collect();
    assert_eq!(keys.is_truncated, Some(false));
    assert_eq!(statuses.len(), 2);
    assert!(statuses.contains(&Some(StatusType::Inactive)));
    assert!(keys.access_key_metadata.iter().all(|key| key.user_name == some("Alice")));
    let unknown = ask!(root, list_access_keys, list(Some("nobody")));
    refused(unknown, &NO_SUCH_ENTITY, "The user with name nobody cannot be found.");
}

#[tokio::test]
async fn pages_hold_one_key_each_if_asked() {
    let house = House::new().await;
    house.user("u").await;
    for _ in 0..2 {
        ask!(house.root(), create_access_key, new(Some("u"))).unwrap();
    }
    let page = |marker| ListAccessKeysRequest { marker, max_items: Some(1), ..list(Some("u")) };
    let first = ask!(house.root(), list_access_keys, page(None)).unwrap();
    assert_eq!((first.access_key_metadata.len(), first.is_truncated), (1, Some(true)));
    let rest = ask!(house.root(), list_access_keys, page(first.marker)).unwrap();
    assert_eq!((rest.access_key_metadata.len(), rest.is_truncated), (1, Some(false)));
    assert_ne!(first.access_key_metadata, rest.access_key_metadata);
}

#[tokio::test]
async fn a_key_is_found_only_under_its_owner() {
    let house = House::new().await;
    let root = house.root();
    house.user("a").await;
    house.user("b").await;
    let id = ask!(root, create_access_key, new(Some("a"))).unwrap().access_key.access_key_id;
    let message = format!("The Access Key with id {id} cannot be found");
    let wrong = ask!(root, update_access_key, set(Some("b"), &id, StatusType::Inactive));
    refused(wrong, &NO_SUCH_ENTITY, &message);
    let delete =
        |user: &str| DeleteAccessKeyRequest { user_name: some(user), access_key_id: id.clone() };
    refused(ask!(root, delete_access_key, delete("b")), &NO_SUCH_ENTITY, &message);
    let expired = ask!(root, update_access_key, set(Some("a"), &id, StatusType::Expired));
    assert!(expired.unwrap_err().is(&VALIDATION));
    ask!(root, delete_access_key, delete("a")).unwrap();
    refused(ask!(root, delete_access_key, delete("a")), &NO_SUCH_ENTITY, &message);
}

#[tokio::test]
async fn root_has_keys_of_its_own() {
    let house = House::new().await;
    let root = house.root();
    house.user("a").await;
    ask!(root, create_access_key, new(Some("a"))).unwrap();
    let id = ask!(root, create_access_key, new(None)).unwrap().access_key.access_key_id;
    let keys = ask!(root, list_access_keys, list(None)).unwrap().access_key_metadata;
    assert_eq!(keys.len(), 1, "the user's key is not root's");
    assert_eq!((keys[0].access_key_id.as_deref(), &keys[0].user_name), (Some(id.as_str()), &None));
    ask!(root, create_access_key, new(None)).unwrap();
    let third = ask!(root, create_access_key, new(None));
    refused(third, &LIMIT_EXCEEDED, "Cannot exceed quota for AccessKeysPerUser: 2");
    ask!(root, update_access_key, set(None, &id, StatusType::Inactive)).unwrap();
    let delete = DeleteAccessKeyRequest { user_name: None, access_key_id: id };
    ask!(root, delete_access_key, delete).unwrap();
}

#[tokio::test]
async fn a_user_turns_its_own_key_off_and_is_gone() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let policy = PutUserPolicyRequest {
        user_name: s("alice"),
        policy_name: s("all"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
    let calls = house.calls_by(&alice);
    let id = ask!(calls, create_access_key, new(None)).unwrap().access_key.access_key_id;
    let calls = calls.with_key(&id);
    ask!(calls, list_access_keys, list(None)).unwrap();
    ask!(calls, update_access_key, set(None, &id, StatusType::Inactive)).unwrap();
    let result = ask!(calls, create_access_key, new(None));
    refused(
        result,
        &INVALID_CLIENT_TOKEN_ID,
        "The security token included in the request is invalid.",
    );
}

#[tokio::test]
async fn last_use_is_told_when_there_was_one() {
    let house = House::new().await;
    let root = house.root();
    house.user("a").await;
    let id = ask!(root, create_access_key, new(Some("a"))).unwrap().access_key.access_key_id;
    let ask_for = |id: &str| GetAccessKeyLastUsedRequest { access_key_id: s(id) };
    let answer = ask!(root, get_access_key_last_used, ask_for(&id)).unwrap();
    let never = answer.access_key_last_used.unwrap();
    assert_eq!(answer.user_name.as_deref(), Some("a"));
    assert_eq!((never.last_used_date, never.service_name.as_str()), (None, "N/A"));
    assert_eq!(never.region, "N/A");

    let mut tx = house.store.write().await.unwrap();
    let sql = "UPDATE access_keys SET last_used_at = $2, last_used_service = 'workmail', \
        last_used_region = 'us-east-1' WHERE id = $1";
    tx.execute(sql, store::params![&id, house.world.now()]).await.unwrap();
    tx.commit().await.unwrap();
    let answer = ask!(root, get_access_key_last_used, ask_for(&id)).unwrap();
    let used = answer.access_key_last_used.unwrap();
    assert_eq!(used.last_used_date, Some(house.world.now()));
    assert_eq!((used.service_name.as_str(), used.region.as_str()), ("workmail", "us-east-1"));

    let unknown = ask!(root, get_access_key_last_used, ask_for("AKIAIOSFODNN7EXAMPLE"));
    refused(
        unknown,
        &ACCESS_DENIED,
        "User: arn:aws:iam::123456789012:root is not authorized to perform \
         iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE",
    );
}
