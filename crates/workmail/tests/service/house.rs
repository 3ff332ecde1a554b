//! A service with a store, a clock that stands still, and the calls that most tests begin with.

use std::sync::Arc;

use dns::{Dns, testing::Zone};
use iam::testing::Calls;
use store::testing::TestStore;
use wire::{ErrorKind, workmail::*};
use workmail::{Service, Settings, Verification};
use world::{ManualClock, OsRandom, Timestamp, World};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const OTHER_ACCOUNT: &str = "210987654321";
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_000_000);
pub(crate) const PASSWORD: &str = "Passw0rd-one";

pub(crate) struct House {
    pub(crate) calls: Calls,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) world: World,
    pub(crate) verification: Verification,
    // dropped last, when nothing is open in it any more
    pub(crate) store: TestStore,
}

/// Asks an operation as a client would: `ask!(house, create_user, CreateUserRequest { .. })`.
macro_rules! ask {
    ($house:expr, $operation:ident, $input:expr) => {
        ask!($house, &$house.calls, $operation, $input)
    };
    ($house:expr, $calls:expr, $operation:ident, $input:expr) => {{
        let mut call = $calls.call().await.unwrap();
        let result = wire::workmail::WorkMail::$operation(&$house.service, &mut call, $input).await;
        $calls.end(call, result).await
    }};
}
pub(crate) use ask;

/// That a result is a refusal of this kind; gives its message.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, wire::Error>,
    kind: &'static ErrorKind,
) -> String {
    let error = result.expect_err("the operation was to be refused");
    assert!(error.is(kind), "{error}, not {}", kind.query.code);
    error.message().to_owned()
}

impl House {
    /// An empty house. Nothing becomes of what is asked for until [`settle`](Self::settle): a worker of its own
    /// would meet conflicts with the calls of a test, which are not run again.
    pub(crate) async fn new() -> Self {
        let migrations =
            [iam::MIGRATIONS, logs::MIGRATIONS, mailbox::MIGRATIONS, workmail::MIGRATIONS];
        let store = store::testing::open(&migrations).await;
        let clock = Arc::new(ManualClock::new(START));
        let world = World::new(clock.clone(), Arc::new(OsRandom));
        let calls = Calls::by_root(&store, &world, ACCOUNT);
        let service = Service::new(Settings::new("mail.example.net"));
        Self { calls, service, clock, world, verification: Verification::Trust, store }
    }

    /// A house that asks `zone` whose a domain is, with an organization `acme`.
    pub(crate) async fn asking(zone: &Zone) -> (Self, String) {
        let mut house = Self::new().await;
        let verification = Verification::Dns;
        house.service = Service::new(Settings {
            verification,
            dns: Some(Dns::of(zone.clone())),
            ..Settings::new("mail.example.net")
        });
        house.verification = verification;
        let id = house.organization("acme").await;
        (house, id)
    }

    /// A house with an organization `acme` that has the domain example.com.
    pub(crate) async fn with_organization() -> (Self, String) {
        let house = Self::new().await;
        let id = house.organization("acme").await;
        house.domain(&id, "example.com").await;
        (house, id)
    }

    /// Makes and clears away the organizations that were asked for.
    pub(crate) async fn settle(&self) {
        workmail::settle_organizations(&self.store, &self.world, self.verification).await.unwrap();
    }

    pub(crate) fn calls_of(&self, account: &str) -> Calls {
        Calls::by_root(&self.store, &self.world, account)
    }

    pub(crate) async fn organization(&self, alias: &str) -> String {
        let input = CreateOrganizationRequest { alias: alias.into(), ..Default::default() };
        let made = ask!(self, create_organization, input).unwrap();
        self.settle().await;
        made.organization_id.unwrap()
    }

    pub(crate) async fn domain(&self, organization: &str, name: &str) {
        let input = RegisterMailDomainRequest {
            organization_id: organization.into(),
            domain_name: name.into(),
            client_token: None,
        };
        ask!(self, register_mail_domain, input).unwrap();
    }

    pub(crate) fn user_request(organization: &str, name: &str) -> CreateUserRequest {
        CreateUserRequest {
            organization_id: organization.into(),
            name: name.into(),
            display_name: format!("The {name}").into(),
            ..Default::default()
        }
    }

    pub(crate) async fn user(&self, organization: &str, name: &str) -> String {
        let input = Self::user_request(organization, name);
        ask!(self, create_user, input).unwrap().user_id.unwrap()
    }

    pub(crate) async fn group(&self, organization: &str, name: &str) -> String {
        let input = CreateGroupRequest {
            organization_id: organization.into(),
            name: name.into(),
            hidden_from_global_address_list: None,
        };
        ask!(self, create_group, input).unwrap().group_id.unwrap()
    }

    pub(crate) async fn register(
        &self,
        organization: &str,
        entity: &str,
        email: &str,
    ) -> Result<RegisterToWorkMailResponse, wire::Error> {
        let input = RegisterToWorkMailRequest {
            organization_id: organization.into(),
            entity_id: entity.into(),
            email: email.into(),
        };
        ask!(self, register_to_work_mail, input)
    }

    pub(crate) async fn deregister(
        &self,
        organization: &str,
        entity: &str,
    ) -> Result<DeregisterFromWorkMailResponse, wire::Error> {
        let input = DeregisterFromWorkMailRequest {
            organization_id: organization.into(),
            entity_id: entity.into(),
        };
        ask!(self, deregister_from_work_mail, input)
    }

    /// A registered user `name` with the address `name@example.com`.
    pub(crate) async fn registered(&self, organization: &str, name: &str) -> String {
        let id = self.user(organization, name).await;
        self.register(organization, &id, &format!("{name}@example.com")).await.unwrap();
        id
    }

    pub(crate) async fn registered_group(&self, organization: &str, name: &str) -> String {
        let id = self.group(organization, name).await;
        self.register(organization, &id, &format!("{name}@example.com")).await.unwrap();
        id
    }

    pub(crate) async fn associate(
        &self,
        organization: &str,
        group: &str,
        member: &str,
    ) -> Result<AssociateMemberToGroupResponse, wire::Error> {
        let input = AssociateMemberToGroupRequest {
            organization_id: organization.into(),
            group_id: group.into(),
            member_id: member.into(),
        };
        ask!(self, associate_member_to_group, input)
    }

    pub(crate) async fn alias(
        &self,
        organization: &str,
        entity: &str,
        alias: &str,
    ) -> Result<CreateAliasResponse, wire::Error> {
        let input = CreateAliasRequest {
            organization_id: organization.into(),
            entity_id: entity.into(),
            alias: alias.into(),
        };
        ask!(self, create_alias, input)
    }

    pub(crate) async fn describe_user(
        &self,
        organization: &str,
        user: &str,
    ) -> Result<DescribeUserResponse, wire::Error> {
        let input =
            DescribeUserRequest { organization_id: organization.into(), user_id: user.into() };
        ask!(self, describe_user, input)
    }

    pub(crate) async fn delete_user(
        &self,
        organization: &str,
        user: &str,
    ) -> Result<DeleteUserResponse, wire::Error> {
        let input =
            DeleteUserRequest { organization_id: organization.into(), user_id: user.into() };
        ask!(self, delete_user, input)
    }

    pub(crate) async fn set_password(
        &self,
        organization: &str,
        user: &str,
        password: &str,
    ) -> Result<ResetPasswordResponse, wire::Error> {
        let input = ResetPasswordRequest {
            organization_id: organization.into(),
            user_id: user.into(),
            password: password.into(),
        };
        ask!(self, reset_password, input)
    }

    pub(crate) async fn describe_organization(
        &self,
        organization: &str,
    ) -> Result<DescribeOrganizationResponse, wire::Error> {
        let input = DescribeOrganizationRequest { organization_id: organization.into() };
        ask!(self, describe_organization, input)
    }

    pub(crate) async fn delete_organization(
        &self,
        organization: &str,
        force: bool,
    ) -> Result<DeleteOrganizationResponse, wire::Error> {
        let input = DeleteOrganizationRequest {
            organization_id: organization.into(),
            delete_directory: true,
            force_delete: Some(force),
            ..Default::default()
        };
        let answer = ask!(self, delete_organization, input);
        self.settle().await;
        answer
    }
}
