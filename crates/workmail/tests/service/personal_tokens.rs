use std::{net::IpAddr, time::Duration};

use IdentityProviderAuthenticationMode::{IdentityProviderAndDirectory, IdentityProviderOnly};
use PersonalAccessTokenConfigurationStatus::{Active, Inactive};
use wire::workmail::{errors::*, *};
use workmail::{AccessAction, Authenticator, MadeToken, SignIn, TokenError, TokenWish, Visit};
use world::Secret;

use crate::{
    house::{House, PASSWORD, ask, refused},
    identity_provider::{application, configuration},
};

const ANN: &str = "ann@example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Ann, who has a password, at an organization that takes tokens.
struct Desk {
    house: House,
    id: String,
    ann: String,
    application: String,
    doorman: Authenticator,
}

impl Desk {
    async fn new() -> Self {
        let (house, id) = House::with_organization().await;
        let ann = house.registered(&id, "ann").await;
        house.set_password(&id, &ann, PASSWORD).await.unwrap();
        let application = application(&house).await;
        let doorman = Authenticator::new(house.store.clone(), &house.world);
        let desk = Self { house, id, ann, application, doorman };
        desk.configure(IdentityProviderAndDirectory, Active, None).await;
        desk
    }

    async fn configure(
        &self,
        mode: IdentityProviderAuthenticationMode,
        status: PersonalAccessTokenConfigurationStatus,
        lifetime_in_days: Option<i32>,
    ) {
        let mut input = configuration(&self.id, &self.application, mode, status);
        input.personal_access_token_configuration.lifetime_in_days = lifetime_in_days;
        ask!(self.house, put_identity_provider_configuration, input).unwrap();
    }

    async fn enter(&self, login: &str, password: &str, by: AccessAction) -> SignIn {
        let from = IpAddr::from([192, 0, 2, 1]);
        self.doorman.authenticate(login, &Secret::new(password), by, from).await.unwrap()
    }

    async fn visit(&self) -> Visit {
        match self.enter(ANN, PASSWORD, AccessAction::WebMail).await {
            SignIn::Granted(visit) => visit,
            other => panic!("{other:?}"),
        }
    }

    async fn make(&self, wish: TokenWish) -> Result<MadeToken, TokenError> {
        self.doorman.make_token(&self.visit().await, &wish).await
    }

    async fn metadata(
        &self,
        token: &str,
    ) -> Result<GetPersonalAccessTokenMetadataResponse, wire::Error> {
        let input = GetPersonalAccessTokenMetadataRequest {
            organization_id: self.id.clone(),
            personal_access_token_id: token.into(),
        };
        ask!(self.house, get_personal_access_token_metadata, input)
    }

    async fn delete(&self, token: &str) {
        let input = DeletePersonalAccessTokenRequest {
            organization_id: self.id.clone(),
            personal_access_token_id: token.into(),
        };
        ask!(self.house, delete_personal_access_token, input).unwrap();
    }
}

fn wish(name: &str) -> TokenWish {
    TokenWish { name: name.into(), ..Default::default() }
}

fn is_granted(sign_in: &SignIn) -> bool {
    matches!(sign_in, SignIn::Granted(_))
}

#[tokio::test]
async fn a_token_is_a_password_for_mail_programs() {
    let desk = Desk::new().await;
    let made = desk.make(wish("Phone")).await.unwrap();
    let token = made.token.expose();
    assert!(!format!("{made:?}").contains(token));
    let shown = desk.metadata(&made.id).await.unwrap();
    assert_eq!(
        (shown.name.as_deref(), shown.user_id.as_deref()),
        (Some("Phone"), Some(&*desk.ann))
    );
    assert_eq!((shown.date_last_used, shown.expires_time), (None, Some(made.expires_at)));
    for by in [AccessAction::Imap, AccessAction::Smtp] {
        assert!(is_granted(&desk.enter("ANN@example.com", token, by).await));
    }
    assert_eq!(desk.metadata(&made.id).await.unwrap().date_last_used, Some(desk.house.world.now()));
    assert!(matches!(desk.enter(ANN, token, AccessAction::WebMail).await, SignIn::Refused));
    let altered =
        format!("{}{}", &token[..token.len() - 1], if token.ends_with('x') { 'y' } else { 'x' });
    desk.house.registered(&desk.id, "bob").await;
    for (login, password) in [
        (ANN, altered.as_str()),
        ("bob@example.com", token),
        ("nobody@example.com", token),
        (ANN, &token[..token.len() - 1]),
        (ANN, &made.id),
    ] {
        let entered = desk.enter(login, password, AccessAction::Imap).await;
        assert!(matches!(entered, SignIn::Wrong), "{login}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_deletion_its_time_and_its_status() {
    let desk = Desk::new().await;
    let made = desk.make(wish("Phone")).await.unwrap();
    let token = made.token.expose();
    desk.configure(IdentityProviderOnly, Inactive, None).await;
    assert!(matches!(desk.enter(ANN, token, AccessAction::Imap).await, SignIn::Refused));
    desk.configure(IdentityProviderOnly, Active, None).await;
    let SignIn::Granted(visit) = desk.enter(ANN, token, AccessAction::Imap).await else {
        panic!("the token is good")
    };
    let over = tokio::spawn(visit.over());
    for _ in 0..2 {
        desk.delete(&made.id).await;
    }
    tokio::time::timeout(Duration::from_secs(5), over).await.expect("told to go").unwrap();
    assert!(matches!(desk.enter(ANN, token, AccessAction::Imap).await, SignIn::Wrong));
    refused(desk.metadata(&made.id).await, &RESOURCE_NOT_FOUND);

    desk.configure(IdentityProviderAndDirectory, Active, Some(30)).await;
    let made = desk.make(wish("Phone")).await.unwrap();
    assert_eq!(made.expires_at, desk.house.world.now().saturating_add(30 * DAY));
    desk.house.clock.advance(30 * DAY - Duration::from_secs(1));
    assert!(is_granted(&desk.enter(ANN, made.token.expose(), AccessAction::Imap).await));
    desk.house.clock.advance(Duration::from_secs(1));
    let late = desk.enter(ANN, made.token.expose(), AccessAction::Imap).await;
    assert!(matches!(late, SignIn::Wrong));
}

#[tokio::test]
async fn passwords_are_dead_where_the_provider_alone_is_asked() {
    let desk = Desk::new().await;
    let SignIn::Granted(visit) = desk.enter(ANN, PASSWORD, AccessAction::Imap).await else {
        panic!("the password is good")
    };
    let over = tokio::spawn(visit.over());
    let made = desk.make(wish("Phone")).await.unwrap();
    desk.configure(IdentityProviderOnly, Active, None).await;
    tokio::time::timeout(Duration::from_secs(5), over).await.expect("told to go").unwrap();
    for by in [AccessAction::Imap, AccessAction::Smtp, AccessAction::WebMail] {
        assert!(matches!(desk.enter(ANN, PASSWORD, by).await, SignIn::Wrong));
    }
    assert!(is_granted(&desk.enter(ANN, made.token.expose(), AccessAction::Imap).await));
    let input = DeleteIdentityProviderConfigurationRequest { organization_id: desk.id.clone() };
    ask!(desk.house, delete_identity_provider_configuration, input).unwrap();
    assert!(is_granted(&desk.enter(ANN, PASSWORD, AccessAction::Imap).await));
    let entered = desk.enter(ANN, made.token.expose(), AccessAction::Imap).await;
    assert!(matches!(entered, SignIn::Refused), "no provider, no tokens");
}

#[tokio::test]
async fn what_a_token_cannot_be() {
    let desk = Desk::new().await;
    for name in ["", "a<b", "a\\b", "a\u{7f}", "a\n", &"x".repeat(65)] {
        assert!(matches!(desk.make(wish(name)).await, Err(TokenError::Wish(_))), "{name:?}");
    }
    for days in [0, -1, 3_654, i32::MAX, i32::MIN] {
        let wish = TokenWish { lifetime_days: Some(days), ..wish("x") };
        assert!(matches!(desk.make(wish).await, Err(TokenError::Wish(_))), "{days}");
    }
    for scopes in [vec![], vec!["EWS".to_owned()], vec!["IMAP".to_owned(), "imap".to_owned()]] {
        let wish = TokenWish { scopes: Some(scopes), ..wish("x") };
        assert!(matches!(desk.make(wish).await, Err(TokenError::Wish(_))));
    }
    desk.configure(IdentityProviderAndDirectory, Active, Some(10)).await;
    let longer = TokenWish { lifetime_days: Some(11), ..wish("x") };
    assert!(matches!(desk.make(longer).await, Err(TokenError::Wish(_))));
    desk.configure(IdentityProviderAndDirectory, Inactive, None).await;
    assert!(matches!(desk.make(wish("x")).await, Err(TokenError::Inactive)));
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes() {
    let desk = Desk::new().await;
    let scopes = Some(vec!["SMTP".to_owned(), "SMTP".to_owned()]);
    let made = desk.make(TokenWish { scopes, ..wish("Printer") }).await.unwrap();
    assert_eq!(made.scopes, ["SMTP"]);
    assert!(is_granted(&desk.enter(ANN, made.token.expose(), AccessAction::Smtp).await));
    let entered = desk.enter(ANN, made.token.expose(), AccessAction::Imap).await;
    assert!(matches!(entered, SignIn::Refused));
}

#[tokio::test]
async fn tokens_are_listed_of_all_and_of_one() {
    let desk = Desk::new().await;
    for name in ["phone", "Laptop", "tablet"] {
        desk.make(wish(name)).await.unwrap();
    }
    let bob = desk.house.registered(&desk.id, "bob").await;
    let all = ListPersonalAccessTokensRequest {
        organization_id: desk.id.clone(),
        max_results: Some(2),
        ..Default::default()
    };
    let names = |page: &ListPersonalAccessTokensResponse| -> Vec<String> {
        let tokens = page.personal_access_token_summaries.iter().flatten();
        tokens.map(|token| token.name.clone().unwrap()).collect()
    };
    let first = ask!(desk.house, list_personal_access_tokens, all.clone()).unwrap();
    assert_eq!(names(&first), ["Laptop", "phone"]);
    let next = ListPersonalAccessTokensRequest { next_token: first.next_token, ..all.clone() };
    let second = ask!(desk.house, list_personal_access_tokens, next.clone()).unwrap();
    assert_eq!((names(&second), second.next_token), (vec!["tablet".to_owned()], None));
    let of =
        |user: &str| ListPersonalAccessTokensRequest { user_id: Some(user.into()), ..all.clone() };
    assert!(names(&ask!(desk.house, list_personal_access_tokens, of(&bob)).unwrap()).is_empty());
    assert_eq!(names(&ask!(desk.house, list_personal_access_tokens, of(ANN)).unwrap()).len(), 2);
    refused(ask!(desk.house, list_personal_access_tokens, of("nobody")), &ENTITY_NOT_FOUND);
    let mixed = ListPersonalAccessTokensRequest { user_id: Some(bob), ..next };
    refused(ask!(desk.house, list_personal_access_tokens, mixed), &INVALID_PARAMETER);
    desk.house.deregister(&desk.id, &desk.ann).await.unwrap();
    desk.house.delete_user(&desk.id, &desk.ann).await.unwrap();
    refused(ask!(desk.house, list_personal_access_tokens, of(&desk.ann)), &ENTITY_STATE);
    assert!(names(&ask!(desk.house, list_personal_access_tokens, all).unwrap()).is_empty());
}

#[tokio::test]
async fn tokens_of_another_organization_are_not_found() {
    let desk = Desk::new().await;
    let made = desk.make(wish("Phone")).await.unwrap();
    let other = desk.house.organization("other").await;
    let input = GetPersonalAccessTokenMetadataRequest {
        organization_id: other.clone(),
        personal_access_token_id: made.id.clone(),
    };
    refused(ask!(desk.house, get_personal_access_token_metadata, input), &RESOURCE_NOT_FOUND);
    let input = DeletePersonalAccessTokenRequest {
        organization_id: other,
        personal_access_token_id: made.id.clone(),
    };
    ask!(desk.house, delete_personal_access_token, input).unwrap();
    desk.metadata(&made.id).await.expect("it is still there");
}
