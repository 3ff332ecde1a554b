//! `ValidatePolicy` through its real handler, on a real store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use accessanalyzer::Service;
use iam::{
    accounts::{self, NewAccount},
    door::Principal,
    testing::Calls,
};
use store::testing::TestStore;
use wire::{
    accessanalyzer::{
        AccessAnalyzer as _, PolicyType, ValidatePolicyFindingType as Kind, ValidatePolicyRequest,
        ValidatePolicyResourceType as ResourceType, ValidatePolicyResponse, errors::*,
    },
    errors::ACCESS_DENIED,
};
use world::World;

struct House {
    store: TestStore,
    world: World,
    account: String,
}

impl House {
    async fn new() -> Self {
        let store = store::testing::open(&[iam::MIGRATIONS]).await;
        let mut house = Self { store, world: World::system(), account: String::new() };
        house.account = house.sign_up("root@example.com").await;
        house
    }

    async fn sign_up(&self, email: &str) -> String {
        let mut tx = self.store.write().await.unwrap();
        let (name, email) = ("Test".to_owned(), email.to_owned());
        let new = NewAccount { id: None, name, email, password_hash: None };
        let account = accounts::create(&mut tx, &self.world, new).await.unwrap();
        tx.commit().await.unwrap();
        account.id
    }

    fn root(&self) -> Calls {
        Calls::by_root(&self.store, &self.world, &self.account)
    }

    async fn ask(
        &self,
        input: ValidatePolicyRequest,
    ) -> Result<ValidatePolicyResponse, wire::Error> {
        ask(&self.root(), input).await
    }
}

async fn ask(
    calls: &Calls,
    input: ValidatePolicyRequest,
) -> Result<ValidatePolicyResponse, wire::Error> {
    let mut call = calls.call().await.unwrap();
    let result = Service.validate_policy(&mut call, input).await;
    calls.end(call, result).await
}

fn asked(text: &str) -> ValidatePolicyRequest {
    ValidatePolicyRequest { policy_document: text.to_owned(), ..Default::default() }
}

/// Three findings: two dead actions, and a Sid with a character that none has.
const THREE: &str = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Sid\": \"é\",\n \"Effect\": \"Allow\", \
                     \"Action\": [\"ds:CreateDomain\", \"ds:DeleteAlias\", \"ses:*\"], \"Resource\": \"*\"}}";

#[tokio::test]
async fn findings_in_the_form_of_the_api() {
    let house = House::new().await;
    let answer = house.ask(asked(THREE)).await.unwrap();
    let codes: Vec<_> = answer.findings.iter().map(|finding| &*finding.issue_code).collect();
    assert_eq!(codes, ["UNSUPPORTED_SID", "INVALID_ACTION", "INVALID_ACTION"]);
    assert_eq!(answer.next_token, None);
    let finding = &answer.findings[1];
    assert_eq!(finding.finding_type, Kind::Error);
    assert_eq!(finding.finding_details, "The action ds:CreateDomain does not exist.");
    assert!(finding.learn_more_link.ends_with("checks-error-invalid-action"));
    let location = &finding.locations[0];
    let path: Vec<_> =
        location.path.iter().map(|step| (step.value.as_deref(), step.index)).collect();
    assert_eq!(path, [(Some("Statement"), None), (Some("Action"), None), (None, Some(0))]);
    // Lines from 1, columns and offsets from 0, and an é is one character.
    let chars: Vec<char> = THREE.chars().collect();
    let span = &location.span;
    let slice = &chars[span.start.offset as usize..span.end.offset as usize];
    assert_eq!(slice.iter().collect::<String>(), "\"ds:CreateDomain\"");
    assert_eq!((span.start.line, span.start.column), (2, 31));
    assert_eq!((span.end.line, span.end.column), (2, 48));
}

#[tokio::test]
async fn pages() {
    let house = House::new().await;
    let page = |next_token: Option<String>| ValidatePolicyRequest {
        max_results: Some(2),
        next_token,
        ..asked(THREE)
    };
    let first = house.ask(page(None)).await.unwrap();
    assert_eq!(first.findings.len(), 2);
    let second = house.ask(page(first.next_token.clone())).await.unwrap();
    assert_eq!((second.findings.len(), second.next_token), (1, None));

    // A token fits its own question only, of its own account, and cannot be altered.
    let token = first.next_token.unwrap();
    let other = ValidatePolicyRequest { next_token: Some(token.clone()), ..asked("{}") };
    let refused = house.ask(other).await.unwrap_err();
    assert_eq!((refused.kind(), refused.message()), (&VALIDATION, "Invalid nextToken."));
    let mut altered = token.clone();
    altered.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
    for text in [altered, String::new(), "x".to_owned()] {
        assert_eq!(house.ask(page(Some(text))).await.unwrap_err().kind(), &VALIDATION);
    }
    let stranger = house.sign_up("other@example.com").await;
    let stranger = Calls::by_root(&house.store, &house.world, &stranger);
    assert_eq!(ask(&stranger, page(Some(token))).await.unwrap_err().kind(), &VALIDATION);
}

#[tokio::test]
async fn types_of_policies() {
    let house = House::new().await;
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#;
    let codes = async |policy_type, validate_policy_resource_type| {
        let input =
            ValidatePolicyRequest { policy_type, validate_policy_resource_type, ..asked(trust) };
        let answer = house.ask(input).await?;
        Ok::<_, wire::Error>(answer.findings.into_iter().map(|f| f.issue_code).collect::<Vec<_>>())
    };
    let role = Some(ResourceType::AwsIamAssumeRolePolicyDocument);
    assert!(codes(PolicyType::ResourcePolicy, role).await.unwrap().is_empty());
    assert_eq!(
        codes(PolicyType::ResourcePolicy, Some(ResourceType::AwsS3Bucket)).await.unwrap(),
        ["UNSUPPORTED_ACTION_IN_POLICY"]
    );
    assert_eq!(
        codes(PolicyType::IdentityPolicy, None).await.unwrap(),
        ["MISSING_RESOURCE", "UNSUPPORTED_PRINCIPAL"]
    );
    assert_eq!(
        codes(PolicyType::ServiceControlPolicy, None).await.unwrap(),
        ["MISSING_RESOURCE", "SCP_SYNTAX_ERROR_PRINCIPAL"]
    );
    assert_eq!(codes(PolicyType::IdentityPolicy, role).await.unwrap_err().kind(), &VALIDATION);
}

#[tokio::test]
async fn one_mistake_of_json() {
    let house = House::new().await;
    let findings = house.ask(asked("{\"Version\": 1,,}")).await.unwrap().findings;
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.finding_details, "Fix the JSON syntax error at index 14 line 1 column 14.");
    assert_eq!(finding.locations[0].span.start.offset, 14);
    assert!(finding.locations[0].path.is_empty());
}

#[tokio::test]
async fn bounds() {
    let house = House::new().await;
    for max_results in [0, -1, 1_001, i32::MIN, i32::MAX] {
        let input = ValidatePolicyRequest { max_results: Some(max_results), ..asked("{}") };
        assert_eq!(house.ask(input).await.unwrap_err().kind(), &VALIDATION);
    }
    assert!(house.ask(asked(&" ".repeat(131_072))).await.is_ok());
    assert_eq!(house.ask(asked(&" ".repeat(131_073))).await.unwrap_err().kind(), &VALIDATION);
}

#[tokio::test]
async fn only_who_may() {
    let house = House::new().await;
    let nobody =
        Principal::User { id: "AIDA1".to_owned(), name: "ada".to_owned(), path: "/".to_owned() };
    let calls = Calls::by(&house.store, &house.world, &house.account, nobody);
    let refused = ask(&calls, asked("{}")).await.unwrap_err();
    assert_eq!(refused.kind(), &ACCESS_DENIED);
    assert!(refused.message().contains("access-analyzer:ValidatePolicy"), "{}", refused.message());
}
