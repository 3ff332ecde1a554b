//! SSH public keys and credentials for single services; what an account wants of session tokens.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use iam::token_preferences;
use wire::{
    errors::VALIDATION,
    iam::{
        CreateServiceSpecificCredentialRequest, DeleteSSHPublicKeyRequest,
        DeleteServiceSpecificCredentialRequest, DeleteUserRequest, EncodingType,
        GetSSHPublicKeyRequest, GlobalEndpointTokenVersion, ListSSHPublicKeysRequest,
        ListServiceSpecificCredentialsRequest, ResetServiceSpecificCredentialRequest,
        SetSecurityTokenServicePreferencesRequest, StatusType, UpdateSSHPublicKeyRequest,
        UpdateServiceSpecificCredentialRequest, UpdateUserRequest, UploadSSHPublicKeyRequest,
        errors::{
            DELETE_CONFLICT, DUPLICATE_SSH_PUBLIC_KEY, INVALID_PUBLIC_KEY, LIMIT_EXCEEDED,
            NO_SUCH_ENTITY, UNRECOGNIZED_PUBLIC_KEY_ENCODING,
        },
    },
};

use crate::house::{House, ask, refused, s, some};

const SSH: &str = include_str!("../data/rsa-public.ssh");
const PEM: &str = include_str!("../data/rsa-public-spki.pem");

fn uploading(user: &str, body: &str) -> UploadSSHPublicKeyRequest {
    UploadSSHPublicKeyRequest { user_name: s(user), ssh_public_key_body: s(body) }
}

/// Another key that looks right: the modulus ends in another odd number.
fn variant(number: u8) -> String {
    let blob = STANDARD.decode(SSH.split(' ').nth(1).unwrap().trim()).unwrap();
    let mut blob = blob;
    let at = blob.len() - 2;
    blob[at] = blob[at].wrapping_add(number);
    format!("ssh-rsa {}", STANDARD.encode(blob))
}

#[tokio::test]
async fn an_ssh_key_comes_back_in_either_encoding() {
    let house = House::new().await;
    let root = house.root();
    house.user("Alice").await;
    let input = uploading("alice", &format!("{} alice@laptop", SSH.trim()));
    let made = ask!(root, upload_ssh_public_key, input).unwrap().ssh_public_key.unwrap();
    assert_eq!((&*made.user_name, made.status), ("Alice", StatusType::Active));
    assert_eq!(made.fingerprint, "c9:cc:b7:f8:39:b5:f6:68:91:f7:6e:36:c8:a7:12:d1");
    assert!(made.ssh_public_key_id.starts_with("APKA") && made.ssh_public_key_id.len() == 21);
    assert_eq!(made.ssh_public_key_body, SSH.trim());
    let get = |encoding| GetSSHPublicKeyRequest {
        user_name: s("alice"),
        ssh_public_key_id: made.ssh_public_key_id.clone(),
        encoding,
    };
    let ssh = ask!(root, get_ssh_public_key, get(EncodingType::Ssh)).unwrap();
    assert_eq!(ssh.ssh_public_key.unwrap(), made);
    let pem = ask!(root, get_ssh_public_key, get(EncodingType::Pem)).unwrap();
    assert_eq!(pem.ssh_public_key.unwrap().ssh_public_key_body, PEM.trim());

    let again = ask!(root, upload_ssh_public_key, uploading("alice", PEM));
    assert!(again.unwrap_err().is(&DUPLICATE_SSH_PUBLIC_KEY), "the same in another encoding");
    house.user("bob").await;
    let others = ask!(root, upload_ssh_public_key, uploading("bob", PEM)).unwrap();
    assert_eq!(others.ssh_public_key.unwrap().ssh_public_key_body, PEM.trim());
    let bad = ask!(root, upload_ssh_public_key, uploading("bob", "ssh-rsa AAAA"));
    assert!(bad.unwrap_err().is(&INVALID_PUBLIC_KEY));
    let bad = ask!(root, upload_ssh_public_key, uploading("bob", "ssh-ed25519 AAAA"));
    assert!(bad.unwrap_err().is(&UNRECOGNIZED_PUBLIC_KEY_ENCODING));
}

#[tokio::test]
async fn five_ssh_keys_each_under_its_user() {
    let house = House::new().await;
    let root = house.root();
    house.user("alice").await;
    house.user("bob").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let input = uploading("alice", &variant(number));
        let made = ask!(root, upload_ssh_public_key, input).unwrap();
        ids.push(made.ssh_public_key.unwrap().ssh_public_key_id);
        house.clock.advance(Duration::from_secs(1));
    }
    let sixth = ask!(root, upload_ssh_public_key, uploading("alice", &variant(5)));
    refused(sixth, &LIMIT_EXCEEDED, "Cannot exceed quota for SSHPublicKeysPerUser: 5");
    let id = ids[0].clone();
    let set = |user: &str, status| UpdateSSHPublicKeyRequest {
        user_name: s(user),
        ssh_public_key_id: id.clone(),
        status,
    };
    let gone = format!("The Public Key with id {id} cannot be found.");
    let others = ask!(root, update_ssh_public_key, set("bob", StatusType::Inactive));
    refused(others, &NO_SUCH_ENTITY, &gone);
    let expired = ask!(root, update_ssh_public_key, set("alice", StatusType::Expired));
    assert!(expired.unwrap_err().is(&VALIDATION));
    ask!(root, update_ssh_public_key, set("alice", StatusType::Inactive)).unwrap();
    let page =
        |marker| ListSSHPublicKeysRequest { user_name: some("alice"), marker, max_items: Some(3) };
    let first = ask!(root, list_ssh_public_keys, page(None)).unwrap();
    let rest = ask!(root, list_ssh_public_keys, page(first.marker)).unwrap();
    let all = [first.ssh_public_keys.unwrap(), rest.ssh_public_keys.unwrap()].concat();
    let listed: Vec<_> = all.iter().map(|key| key.ssh_public_key_id.clone()).collect();
    assert_eq!((listed, rest.is_truncated), (ids, Some(false)));
    assert_eq!((all[0].status, all[1].status), (StatusType::Inactive, StatusType::Active));
    let unnamed = ask!(root, list_ssh_public_keys, ListSSHPublicKeysRequest::default());
    assert!(unnamed.unwrap_err().is(&VALIDATION), "root has none");

    let alice = DeleteUserRequest { user_name: s("alice") };
    let message = "Cannot delete entity, must delete SSH public keys first.";
    refused(ask!(root, delete_user, alice), &DELETE_CONFLICT, message);
    let delete = |user: &str| DeleteSSHPublicKeyRequest {
        user_name: s(user),
        ssh_public_key_id: id.clone(),
    };
    refused(ask!(root, delete_ssh_public_key, delete("bob")), &NO_SUCH_ENTITY, &gone);
    ask!(root, delete_ssh_public_key, delete("alice")).unwrap();
    refused(ask!(root, delete_ssh_public_key, delete("alice")), &NO_SUCH_ENTITY, &gone);
}

fn making(user: &str, service: &str, days: Option<i32>) -> CreateServiceSpecificCredentialRequest {
    CreateServiceSpecificCredentialRequest {
        user_name: s(user),
        service_name: s(service),
        credential_age_days: days,
    }
}

const CODECOMMIT: &str = "codecommit.amazonaws.com";
const BEDROCK: &str = "bedrock.amazonaws.com";

#[tokio::test]
async fn a_password_is_shown_once_and_can_be_reset() {
    let house = House::new().await;
    let root = house.root();
    house.user("jane").await;
    let make = || making("jane", CODECOMMIT, None);
    let made = ask!(root, create_service_specific_credential, make()).unwrap();
    let made = made.service_specific_credential.unwrap();
    assert_eq!(made.service_user_name.as_deref(), Some("jane-at-123456789012"));
    assert_eq!((made.status, made.expiration_date), (StatusType::Active, None));
    assert!((&made.service_credential_alias, &made.service_credential_secret) == (&None, &None));
    let id = made.service_specific_credential_id.clone();
    assert!(id.starts_with("ACCA") && id.len() == 21, "{id}");
    let second = ask!(root, create_service_specific_credential, make()).unwrap();
    let second = second.service_specific_credential.unwrap();
    assert_eq!(second.service_user_name.as_deref(), Some("jane+1-at-123456789012"));
    let third = ask!(root, create_service_specific_credential, make());
    let message = "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2";
    refused(third, &LIMIT_EXCEEDED, message);
    let other = making("jane", "cassandra.amazonaws.com", None);
    ask!(root, create_service_specific_credential, other).unwrap();

    let off = UpdateServiceSpecificCredentialRequest {
        user_name: some("jane"),
        service_specific_credential_id: id.clone(),
        status: StatusType::Inactive,
    };
    ask!(root, update_service_specific_credential, off).unwrap();
    let reset = ResetServiceSpecificCredentialRequest {
        user_name: some("JANE"),
        service_specific_credential_id: id.clone(),
    };
    let reset = ask!(root, reset_service_specific_credential, reset).unwrap();
    let reset = reset.service_specific_credential.unwrap();
    assert_ne!(reset.service_password, made.service_password);
    assert!(reset.service_password.unwrap().expose().len() >= 32);
    assert_eq!((reset.status, reset.create_date), (StatusType::Inactive, made.create_date));
    let list = ListServiceSpecificCredentialsRequest {
        user_name: some("jane"),
        service_name: some(CODECOMMIT),
        ..Default::default()
    };
    let listed = ask!(root, list_service_specific_credentials, list).unwrap();
    assert_eq!(listed.service_specific_credentials.unwrap().len(), 2);
}

#[tokio::test]
async fn a_bearer_token_expires_if_it_shall() {
    let house = House::new().await;
    let root = house.root();
    house.user("jane").await;
    let make = making("jane", BEDROCK, Some(30));
    let made = ask!(root, create_service_specific_credential, make).unwrap();
    let made = made.service_specific_credential.unwrap();
    let end = house.world.now().saturating_add(Duration::from_secs(30 * 86_400));
    assert_eq!((made.expiration_date, made.service_user_name), (Some(end), None));
    let alias = made.service_credential_alias.unwrap();
    assert_eq!(alias, "jane-at-123456789012");
    let secret = made.service_credential_secret.unwrap();
    let token = STANDARD.decode(secret.expose().strip_prefix("ABSK").unwrap()).unwrap();
    assert!(token.starts_with(format!("{alias}:").as_bytes()));
    let status = || {
        let list =
            ListServiceSpecificCredentialsRequest { user_name: some("jane"), ..Default::default() };
        async {
            let listed = ask!(root, list_service_specific_credentials, list).unwrap();
            listed.service_specific_credentials.unwrap()[0].status
        }
    };
    assert_eq!(status().await, StatusType::Active);
    house.clock.set(end);
    assert_eq!(status().await, StatusType::Expired);
    let aged = ask!(root, create_service_specific_credential, making("jane", CODECOMMIT, Some(1)));
    assert!(aged.unwrap_err().is(&VALIDATION));
}

#[tokio::test]
async fn only_some_services_and_only_ones_own() {
    let house = House::new().await;
    let root = house.root();
    house.user("jane").await;
    house.user("joe").await;
    let nobody = "The user with name nobody cannot be found.";
    let unknown = ask!(root, create_service_specific_credential, making("nobody", "x", None));
    refused(unknown, &NO_SUCH_ENTITY, nobody);
    let lambda =
        "No such service lambda.amazonaws.com is supported for Service Specific Credentials";
    let make = making("jane", "lambda.amazonaws.com", None);
    refused(ask!(root, create_service_specific_credential, make), &NO_SUCH_ENTITY, lambda);
    for (user, service) in [("jane", CODECOMMIT), ("jane", BEDROCK), ("joe", BEDROCK)] {
        ask!(root, create_service_specific_credential, making(user, service, None)).unwrap();
    }
    let list = |user: Option<&str>, service: Option<&str>, all| {
        let input = ListServiceSpecificCredentialsRequest {
            user_name: user.map(s),
            service_name: service.map(s),
            all_users: all,
            ..Default::default()
        };
        let root = &root;
        async move { ask!(*root, list_service_specific_credentials, input) }
    };
    let count = async |user, service, all| {
        list(user, service, all).await.unwrap().service_specific_credentials.unwrap().len()
    };
    assert_eq!(count(Some("jane"), None, None).await, 2);
    assert_eq!(count(Some("joe"), Some(CODECOMMIT), None).await, 0);
    assert_eq!(count(None, Some(BEDROCK), Some(true)).await, 2);
    assert_eq!(count(None, None, Some(true)).await, 3);
    refused(list(Some("jane"), Some("lambda.amazonaws.com"), None).await, &NO_SUCH_ENTITY, lambda);
    assert!(list(Some("jane"), None, Some(true)).await.unwrap_err().is(&VALIDATION));
    let page = |marker| ListServiceSpecificCredentialsRequest {
        all_users: Some(true),
        marker,
        max_items: Some(2),
        ..Default::default()
    };
    let first = ask!(root, list_service_specific_credentials, page(None)).unwrap();
    let rest = ask!(root, list_service_specific_credentials, page(first.marker)).unwrap();
    assert_eq!((first.is_truncated, rest.is_truncated), (Some(true), Some(false)));

    let of_joe = list(Some("joe"), None, None).await.unwrap().service_specific_credentials.unwrap();
    let id = of_joe[0].service_specific_credential_id.clone();
    let delete = |user: &str| DeleteServiceSpecificCredentialRequest {
        user_name: some(user),
        service_specific_credential_id: id.clone(),
    };
    let gone = format!("No such credential {id} exists");
    let others = ask!(root, delete_service_specific_credential, delete("jane"));
    refused(others, &NO_SUCH_ENTITY, &gone);
    let joe = DeleteUserRequest { user_name: s("joe") };
    let message = "Cannot delete entity, must remove referenced objects first.";
    refused(ask!(root, delete_user, joe), &DELETE_CONFLICT, message);
    ask!(root, delete_service_specific_credential, delete("joe")).unwrap();
    refused(ask!(root, delete_service_specific_credential, delete("joe")), &NO_SUCH_ENTITY, &gone);
}

#[tokio::test]
async fn a_name_left_behind_is_passed_over() {
    let house = House::new().await;
    let root = house.root();
    house.user("jane").await;
    ask!(root, create_service_specific_credential, making("jane", CODECOMMIT, None)).unwrap();
    let rename = UpdateUserRequest {
        user_name: s("jane"),
        new_user_name: some("joan"),
        ..Default::default()
    };
    ask!(root, update_user, rename).unwrap();
    house.user("jane").await;
    let made = ask!(root, create_service_specific_credential, making("jane", CODECOMMIT, None));
    let made = made.unwrap().service_specific_credential.unwrap();
    assert_eq!(made.service_user_name.as_deref(), Some("jane+1-at-123456789012"));
}

#[tokio::test]
async fn an_account_chooses_its_session_tokens() {
    let house = House::new().await;
    let root = house.root();
    let version = || async {
        let summary = ask!(root, get_account_summary).unwrap().summary_map.unwrap();
        let mut call = root.call().await.unwrap();
        let account = &house.account.id;
        let chars = token_preferences::token_chars_min(&mut call, account).await.unwrap();
        (summary["GlobalEndpointTokenVersion"], chars)
    };
    let set = |global_endpoint_token_version| SetSecurityTokenServicePreferencesRequest {
        global_endpoint_token_version,
    };
    assert_eq!(version().await, (1, 0));
    let second = set(GlobalEndpointTokenVersion::V2Token);
    ask!(root, set_security_token_service_preferences, second).unwrap();
    assert_eq!(version().await, (2, 1024));
    let first = set(GlobalEndpointTokenVersion::V1Token);
    ask!(root, set_security_token_service_preferences, first).unwrap();
    assert_eq!(version().await, (1, 0));
}
