//! Server certificates and signing certificates.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use wire::{
    errors::VALIDATION,
    iam::{
        DeleteServerCertificateRequest, DeleteSigningCertificateRequest, DeleteUserRequest,
        GetServerCertificateRequest, ListServerCertificateTagsRequest,
        ListServerCertificatesRequest, ListSigningCertificatesRequest, StatusType, Tag,
        TagServerCertificateRequest, UntagServerCertificateRequest, UpdateServerCertificateRequest,
        UpdateSigningCertificateRequest, UploadServerCertificateRequest,
        UploadSigningCertificateRequest,
        errors::{
            DELETE_CONFLICT, DUPLICATE_CERTIFICATE, ENTITY_ALREADY_EXISTS, INVALID_CERTIFICATE,
            KEY_PAIR_MISMATCH, LIMIT_EXCEEDED, MALFORMED_CERTIFICATE, NO_SUCH_ENTITY,
        },
    },
};

use crate::house::{House, ask, refused, s, some};

const UNREADABLE: &str =
    "Unable to parse certificate. Please ensure the certificate is in PEM format.";

fn params(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn self_signed(name: &str) -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params(name, 2099).self_signed(&key).unwrap().pem(), key)
}

fn uploading(name: &str, body: &str, key: &KeyPair) -> UploadServerCertificateRequest {
    UploadServerCertificateRequest {
        server_certificate_name: s(name),
        certificate_body: s(body),
        private_key: key.serialize_pem().into(),
        ..Default::default()
    }
}

fn get(name: &str) -> GetServerCertificateRequest {
    GetServerCertificateRequest { server_certificate_name: s(name) }
}

#[tokio::test]
async fn a_server_certificate_comes_back_without_its_key() {
    let house = House::new().await;
    let root = house.root();
    let top_key = KeyPair::generate().unwrap();
    let top = params("top", 2099).self_signed(&top_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let by_top = Issuer::new(params("top", 2099), &top_key);
    let leaf = params("leaf", 2030).signed_by(&key, &by_top).unwrap().pem();
    let tags = Some(vec![Tag { key: s("a"), value: s("1") }]);
    let input = UploadServerCertificateRequest {
        path: some("/cloudfront/"),
        certificate_chain: Some(top.clone()),
        tags: tags.clone(),
        ..uploading("Site", &leaf.replace('\n', "\r\n"), &key)
    };
    let answer = ask!(root, upload_server_certificate, input.clone()).unwrap();
    let metadata = answer.server_certificate_metadata.unwrap();
    assert_eq!(metadata.arn, "arn:aws:iam::123456789012:server-certificate/cloudfront/Site");
    assert!(metadata.server_certificate_id.starts_with("ASCA"));
    assert_eq!(metadata.expiration.unwrap().iso8601(), "2030-01-01T00:00:00Z");
    assert_eq!((answer.tags, metadata.upload_date), (tags.clone(), Some(house.world.now())));

    let found = ask!(root, get_server_certificate, get("SITE")).unwrap().server_certificate;
    assert_eq!(found.server_certificate_metadata, metadata);
    assert_eq!(found.certificate_body, leaf.trim().replace("\r\n", "\n"));
    assert_eq!(found.certificate_chain, Some(top.trim().replace("\r\n", "\n")));
    assert_eq!(found.tags, tags);
    let again = ask!(root, upload_server_certificate, input);
    let taken = "The Server Certificate with name Site already exists.";
    refused(again, &ENTITY_ALREADY_EXISTS, taken);

    let both = uploading("both", &format!("{leaf}\n{top}"), &key);
    ask!(root, upload_server_certificate, both).unwrap();
    let both = ask!(root, get_server_certificate, get("both")).unwrap().server_certificate;
    assert_eq!(both.certificate_chain, found.certificate_chain, "the chain behind it is a chain");

    let sql = "SELECT private_key FROM server_certificates";
    let mut snapshot = house.store.read().await.unwrap();
    let kept: Vec<Vec<u8>> = snapshot.rows(sql, store::params![], |row| row.get(0)).await.unwrap();
    let secret = key.serialize_pem();
    assert!(kept.iter().all(|kept| {
        !kept.windows(40).any(|part| secret.as_bytes().windows(40).any(|other| other == part))
    }));
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let house = House::new().await;
    let root = house.root();
    let (body, key) = self_signed("a");
    let (other, other_key) = self_signed("b");
    let upload = |input: UploadServerCertificateRequest| {
        let root = &root;
        async move { ask!(*root, upload_server_certificate, input) }
    };
    let mismatch = upload(uploading("a", &body, &other_key)).await;
    let message = "The public key certificate and the private key do not match.";
    refused(mismatch, &KEY_PAIR_MISMATCH, message);
    refused(upload(uploading("a", "x", &key)).await, &MALFORMED_CERTIFICATE, UNREADABLE);
    let chain = |chain: &str| UploadServerCertificateRequest {
        certificate_chain: some(chain),
        ..uploading("a", &body, &key)
    };
    refused(upload(chain("x")).await, &MALFORMED_CERTIFICATE, UNREADABLE);
    refused(
        upload(chain(&other)).await,
        &MALFORMED_CERTIFICATE,
        "Unable to validate certificate chain. The certificate chain must start with the immediate \
         signing certificate, followed by any intermediaries in order. The index within the chain \
         of the invalid certificate is: -1",
    );
    let keyless = UploadServerCertificateRequest {
        private_key: "no key".into(),
        ..uploading("a", &body, &key)
    };
    refused(upload(keyless).await, &MALFORMED_CERTIFICATE, "Invalid Private Key.");
    let old = params("old", 2021).self_signed(&key).unwrap().pem();
    let error = upload(uploading("a", &old, &key)).await.unwrap_err();
    assert!(error.is(&MALFORMED_CERTIFICATE) && error.message().contains("'Not After'"), "{error}");
    let mut early = params("early", 2099);
    early.not_before = date_time_ymd(2098, 1, 1);
    let early = early.self_signed(&key).unwrap().pem();
    let error = upload(uploading("a", &early, &key)).await.unwrap_err();
    assert!(error.is(&MALFORMED_CERTIFICATE) && error.message().contains("'Not Before'"));
    upload(chain(&body)).await.unwrap();
}

#[tokio::test]
async fn server_certificates_are_listed_moved_and_deleted() {
    let house = House::new().await;
    let root = house.root();
    let (body, key) = self_signed("a");
    for name in ["b", "A", "c"] {
        ask!(root, upload_server_certificate, uploading(name, &body, &key)).unwrap();
    }
    let rename =
        |from: &str, to: Option<&str>, path: Option<&str>| UpdateServerCertificateRequest {
            server_certificate_name: s(from),
            new_path: path.map(s),
            new_server_certificate_name: to.map(s),
        };
    let taken = ask!(root, update_server_certificate, rename("b", Some("C"), None));
    let message = "The Server Certificate with name C already exists.";
    refused(taken, &ENTITY_ALREADY_EXISTS, message);
    ask!(root, update_server_certificate, rename("c", Some("d"), Some("/p/"))).unwrap();
    let list = |prefix: Option<&str>, marker| ListServerCertificatesRequest {
        path_prefix: prefix.map(s),
        marker,
        max_items: Some(2),
    };
    let first = ask!(root, list_server_certificates, list(None, None)).unwrap();
    let rest = ask!(root, list_server_certificates, list(None, first.marker)).unwrap();
    let all = first.server_certificate_metadata_list.into_iter();
    let all = all.chain(rest.server_certificate_metadata_list);
    let names: Vec<_> = all.map(|metadata| metadata.server_certificate_name).collect();
    assert_eq!((names, rest.is_truncated), (vec![s("A"), s("b"), s("d")], Some(false)));
    let below = ask!(root, list_server_certificates, list(Some("/p/"), None)).unwrap();
    assert_eq!(below.server_certificate_metadata_list.len(), 1);
    let delete = || DeleteServerCertificateRequest { server_certificate_name: s("D") };
    let neighbour = house.neighbour().await;
    let gone = "The Server Certificate with name D cannot be found.";
    refused(ask!(neighbour, delete_server_certificate, delete()), &NO_SUCH_ENTITY, gone);
    ask!(root, delete_server_certificate, delete()).unwrap();
    refused(ask!(root, delete_server_certificate, delete()), &NO_SUCH_ENTITY, gone);
    refused(ask!(root, get_server_certificate, get("D")), &NO_SUCH_ENTITY, gone);
    let moved = ask!(root, update_server_certificate, rename("D", None, Some("/")));
    refused(moved, &NO_SUCH_ENTITY, gone);
    let summary = ask!(root, get_account_summary).unwrap().summary_map.unwrap();
    assert_eq!(summary["ServerCertificates"], 2);
}

#[tokio::test]
async fn twenty_server_certificates_are_the_most() {
    let house = House::new().await;
    let root = house.root();
    let (body, key) = self_signed("a");
    for number in 0..20 {
        let input = uploading(&format!("n{number}"), &body, &key);
        ask!(root, upload_server_certificate, input).unwrap();
    }
    let more = ask!(root, upload_server_certificate, uploading("more", &body, &key));
    let message = "Cannot exceed quota for ServerCertificatesPerAccount: 20";
    refused(more, &LIMIT_EXCEEDED, message);
}

#[tokio::test]
async fn server_certificates_bear_tags() {
    let house = House::new().await;
    let root = house.root();
    let (body, key) = self_signed("a");
    ask!(root, upload_server_certificate, uploading("a", &body, &key)).unwrap();
    let tags: Vec<_> = ["b", "a"].map(|key| Tag { key: s(key), value: s("x") }).into();
    let tag = TagServerCertificateRequest { server_certificate_name: s("A"), tags };
    ask!(root, tag_server_certificate, tag).unwrap();
    let tag_keys = vec![s("B")];
    let untag = UntagServerCertificateRequest { server_certificate_name: s("a"), tag_keys };
    ask!(root, untag_server_certificate, untag).unwrap();
    let list =
        ListServerCertificateTagsRequest { server_certificate_name: s("a"), ..Default::default() };
    let tags = ask!(root, list_server_certificate_tags, list).unwrap().tags;
    assert_eq!(tags, [Tag { key: s("a"), value: s("x") }]);
}

fn signing(user: Option<&str>, body: &str) -> UploadSigningCertificateRequest {
    UploadSigningCertificateRequest { user_name: user.map(s), certificate_body: s(body) }
}

#[tokio::test]
async fn a_user_has_two_signing_certificates() {
    let house = House::new().await;
    let root = house.root();
    house.user("Alice").await;
    let (first, _) = self_signed("first");
    let (second, _) = self_signed("second");
    let (third, _) = self_signed("third");
    let made = ask!(root, upload_signing_certificate, signing(Some("alice"), &first)).unwrap();
    let certificate = made.certificate;
    assert_eq!((&*certificate.user_name, certificate.status), ("Alice", StatusType::Active));
    assert_eq!(certificate.certificate_id.len(), 32);
    assert_eq!(certificate.certificate_body, first, "as it came, with the line end at its end");
    ask!(root, upload_signing_certificate, signing(Some("alice"), &second)).unwrap();
    let more = ask!(root, upload_signing_certificate, signing(Some("alice"), &third));
    let message = "Cannot exceed quota for CertificatesPerUser: 2";
    refused(more, &LIMIT_EXCEEDED, message);
    house.user("bob").await;
    let duplicate = ask!(root, upload_signing_certificate, signing(Some("bob"), &first));
    assert!(duplicate.unwrap_err().is(&DUPLICATE_CERTIFICATE));
    let neighbour = house.neighbour().await;
    ask!(neighbour, upload_signing_certificate, signing(None, &first)).unwrap();

    let id = certificate.certificate_id;
    let set = |user: &str, status| UpdateSigningCertificateRequest {
        user_name: some(user),
        certificate_id: id.clone(),
        status,
    };
    let gone = format!("The Certificate with id {id} cannot be found.");
    let others = ask!(root, update_signing_certificate, set("bob", StatusType::Inactive));
    refused(others, &NO_SUCH_ENTITY, &gone);
    let expired = ask!(root, update_signing_certificate, set("alice", StatusType::Expired));
    assert!(expired.unwrap_err().is(&VALIDATION));
    ask!(root, update_signing_certificate, set("alice", StatusType::Inactive)).unwrap();
    let page = |marker| ListSigningCertificatesRequest {
        user_name: some("alice"),
        marker,
        max_items: Some(1),
    };
    let one = ask!(root, list_signing_certificates, page(None)).unwrap();
    let two = ask!(root, list_signing_certificates, page(one.marker)).unwrap();
    assert_eq!((one.is_truncated, two.is_truncated), (Some(true), Some(false)));
    let mut both = [one.certificates, two.certificates].concat();
    both.sort_by_key(|certificate| certificate.certificate_id != id);
    assert_eq!(both.len(), 2);
    assert_eq!((both[0].status, both[1].status), (StatusType::Inactive, StatusType::Active));
    assert_eq!(both[0].certificate_body, first);

    let alice = DeleteUserRequest { user_name: s("alice") };
    let message = "Cannot delete entity, must delete signing certificates first.";
    refused(ask!(root, delete_user, alice), &DELETE_CONFLICT, message);
    let delete = |user: &str| DeleteSigningCertificateRequest {
        user_name: some(user),
        certificate_id: id.clone(),
    };
    refused(ask!(root, delete_signing_certificate, delete("bob")), &NO_SUCH_ENTITY, &gone);
    ask!(root, delete_signing_certificate, delete("alice")).unwrap();
    refused(ask!(root, delete_signing_certificate, delete("alice")), &NO_SUCH_ENTITY, &gone);
}

#[tokio::test]
async fn without_a_name_root_has_its_own() {
    let house = House::new().await;
    let root = house.root();
    let (body, _) = self_signed("root");
    let made = ask!(root, upload_signing_certificate, signing(None, &body)).unwrap().certificate;
    assert_eq!(made.user_name, "<root_account>");
    let summary = ask!(root, get_account_summary).unwrap().summary_map.unwrap();
    assert_eq!(summary["AccountSigningCertificatesPresent"], 1);
    let delete =
        DeleteSigningCertificateRequest { user_name: None, certificate_id: made.certificate_id };
    ask!(root, delete_signing_certificate, delete).unwrap();
}

#[tokio::test]
async fn a_bad_signing_certificate_is_refused() {
    let house = House::new().await;
    let root = house.root();
    let (body, key) = self_signed("a");
    let upload = |body: String| {
        let root = &root;
        async move { ask!(*root, upload_signing_certificate, signing(None, &body)) }
    };
    refused(upload(s("x")).await, &MALFORMED_CERTIFICATE, "Certificate x is malformed.");
    assert!(upload(format!("{body}{body}")).await.unwrap_err().is(&MALFORMED_CERTIFICATE));
    let old = params("old", 2021).self_signed(&key).unwrap().pem();
    assert!(upload(old).await.unwrap_err().is(&MALFORMED_CERTIFICATE));
    let namesake = KeyPair::generate().unwrap();
    let by_namesake = Issuer::new(params("a", 2099), &namesake);
    let forged = params("a", 2099).signed_by(&key, &by_namesake).unwrap().pem();
    refused(upload(forged).await, &INVALID_CERTIFICATE, "The certificate is invalid.");
}
