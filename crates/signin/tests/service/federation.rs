use std::time::Duration;

use iam::session::{self, Session, Subject};
use signin::{FederatedSession, LoginForm, Refusal, TokenForm};
use wire::iam::{CreateRoleRequest, DeleteRoleRequest, GetUserRequest};

use crate::house::{ACCOUNT, House, START, by_root};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;

/// Credentials, as a program hands them in.
struct Handed {
    id: String,
    key: String,
    token: String,
}

impl Handed {
    /// Those of a session that was made an hour before its end.
    fn of(house: &House, subject: Subject) -> Self {
        let now = house.world.now();
        let end = now.saturating_add(Duration::from_secs(3_600));
        let session = Session::new(&house.world, ACCOUNT.to_owned(), subject, now, end);
        Self {
            id: session.access_key_id.clone(),
            key: session.secret().expose_text().unwrap().to_owned(),
            token: session::seal(house.store.keyring(), &session, 0).unwrap(),
        }
    }

    fn form(&self, duration_seconds: Option<u32>) -> TokenForm {
        let session = serde_json::json!({
            "sessionId": self.id, "sessionKey": self.key, "sessionToken": self.token,
        });
        TokenForm { session: session.to_string().into(), duration_seconds }
    }
}

async fn role(house: &House) -> Handed {
    let input = CreateRoleRequest {
        role_name: "reader".into(),
        assume_role_policy_document: TRUST.into(),
        ..Default::default()
    };
    let role = by_root!(house, create_role, input).role;
    Handed::of(house, Subject::Role { id: role.role_id, session_name: "ann".into() })
}

async fn user_id(house: &House) -> String {
    house.user("broker", false).await;
    let input = GetUserRequest { user_name: Some("broker".into()) };
    by_root!(house, get_user, input).user.user_id
}

async fn token(house: &House, form: &TokenForm) -> Result<String, Refusal> {
    let token = house.service.signin_token(&house.visit("192.0.2.1"), form).await?;
    Ok(token.signin_token)
}

async fn login(house: &House, token: &str) -> Result<FederatedSession, Refusal> {
    let form = LoginForm {
        signin_token: token.to_owned(),
        destination: "https://console.example/mail".into(),
        issuer: None,
    };
    house.service.login(&house.visit("192.0.2.1"), &form).await
}

#[tokio::test]
async fn a_roles_credentials_become_a_console_session() {
    let house = House::new().await;
    let handed = role(&house).await;
    let rest = token(&house, &handed.form(None)).await.unwrap();
    house.advance(60);
    let session = login(&house, &rest).await.unwrap();
    assert_eq!(session.arn, format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/ann"));
    assert_eq!(session.destination, "https://console.example/mail");
    assert_eq!(session.credentials.expiration.as_seconds(), START.as_seconds() + 3_600);
    let long = token(&house, &handed.form(Some(43_200))).await.unwrap();
    let session = login(&house, &long).await.unwrap();
    assert_eq!(session.credentials.expiration.as_seconds(), START.as_seconds() + 60 + 43_200);
    let id = &session.credentials.access_key_id;
    assert_ne!(*id, handed.id);
    let sealed = session.credentials.session_token.expose();
    let inside = session::open(house.store.keyring(), sealed).unwrap();
    assert_eq!(
        inside.issued_at(),
        START,
        "a denial of what was issued before a time holds for it too"
    );
    let event = &house.events("ConsoleLogin", 2).await[0];
    assert_eq!(event["userIdentity"]["type"], "AssumedRole");
    let console = Handed {
        id: id.clone(),
        key: session.credentials.secret_access_key.expose().to_owned(),
        token: session.credentials.session_token.expose().to_owned(),
    };
    let endless = token(&house, &console.form(None)).await;
    assert!(matches!(endless, Err(Refusal::Federation(_))), "a session does not renew itself");
}

#[tokio::test]
async fn a_token_works_once_for_fifteen_minutes_while_its_role_is_there() {
    let house = House::new().await;
    let handed = role(&house).await;
    let once = token(&house, &handed.form(None)).await.unwrap();
    login(&house, &once).await.unwrap();
    assert!(matches!(login(&house, &once).await, Err(Refusal::Step)));
    for altered in ["", "x", &once[1..], &once.replace(&once[..1], "~"), &"A".repeat(9_000)] {
        assert!(matches!(login(&house, altered).await, Err(Refusal::Step)));
    }
    let late = token(&house, &handed.form(None)).await.unwrap();
    house.advance(15 * 60);
    assert!(matches!(login(&house, &late).await, Err(Refusal::Step)));
    let orphan = token(&house, &handed.form(None)).await.unwrap();
    by_root!(house, delete_role, DeleteRoleRequest { role_name: "reader".into() });
    assert!(matches!(login(&house, &orphan).await, Err(Refusal::Federation(_))));
}

#[tokio::test]
async fn a_federated_user_gets_the_rest_of_its_time_and_no_more() {
    let house = House::new().await;
    let issuer = Some(user_id(&house).await);
    let handed = Handed::of(&house, Subject::Federated { name: "bob".into(), issuer });
    let longer = token(&house, &handed.form(Some(900))).await;
    assert!(matches!(longer, Err(Refusal::Invalid(_))));
    let rest = token(&house, &handed.form(None)).await.unwrap();
    let session = login(&house, &rest).await.unwrap();
    assert_eq!(session.arn, format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
}

#[tokio::test]
async fn other_credentials_are_refused() {
    let house = House::new().await;
    let user = Subject::User(user_id(&house).await);
    for subject in [user, Subject::Root] {
        let refusal = token(&house, &Handed::of(&house, subject).form(None)).await;
        assert!(matches!(refusal, Err(Refusal::Federation(_))), "GetSessionToken's");
    }
    let handed = role(&house).await;
    for seconds in [0, 899, 43_201] {
        let refusal = token(&house, &handed.form(Some(seconds))).await;
        assert!(matches!(refusal, Err(Refusal::Invalid(_))), "{seconds}");
    }
    let wrong = Handed { key: "x".repeat(40), ..role_again(&handed) };
    assert!(matches!(token(&house, &wrong.form(None)).await, Err(Refusal::Federation(_))));
    let wrong = Handed { id: "ASIAAAAAAAAAAAAAAAAA".into(), ..role_again(&handed) };
    assert!(matches!(token(&house, &wrong.form(None)).await, Err(Refusal::Federation(_))));
    for text in ["", "{}", "[]", "nonsense", r#"{"sessionId":1}"#] {
        let form = TokenForm { session: text.into(), duration_seconds: None };
        assert!(matches!(token(&house, &form).await, Err(Refusal::Invalid(_))), "{text}");
    }
    house.advance(3_600);
    assert!(matches!(token(&house, &handed.form(None)).await, Err(Refusal::Federation(_))));
}

#[tokio::test]
async fn a_destination_is_a_page() {
    let house = House::new().await;
    let token = token(&house, &role(&house).await.form(None)).await.unwrap();
    for destination in ["", "javascript:alert(1)", "/relative", "https://x/\r\nSet-Cookie: a=b"] {
        let form = LoginForm {
            signin_token: token.clone(),
            destination: destination.into(),
            issuer: None,
        };
        let refusal = house.service.login(&house.visit("192.0.2.1"), &form).await;
        assert!(matches!(refusal, Err(Refusal::Invalid(_))), "{destination}");
    }
}

fn role_again(handed: &Handed) -> Handed {
    Handed { id: handed.id.clone(), key: handed.key.clone(), token: handed.token.clone() }
}
