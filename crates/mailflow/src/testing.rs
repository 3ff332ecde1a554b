//! A small house with people in it, for the tests of the mail side.

#![allow(clippy::unwrap_used, missing_docs)]

use bytes::Bytes;
use iam::{door::Call, testing::Calls};
use mailbox::{Columns, Cursor, Role, UidSet, bodies, folders, mailboxes};
use store::testing::TestStore;
use wire::workmail::{
    AssociateMemberToGroupRequest, CreateAliasRequest, CreateGroupRequest,
    CreateInboundMailFlowRuleRequest, CreateOrganizationRequest, CreateOutboundMailFlowRuleRequest,
    CreateSmtpGatewayRequest, CreateUserRequest, InboundMailFlowRuleAction,
    OutboundMailFlowRuleAction, PermissionType, PutInboundDmarcSettingsRequest,
    PutMailboxPermissionsRequest, RegisterToWorkMailRequest, SetJournalingRulesRequest, WorkMail,
};
use workmail::{Service, Settings, Verification};
use world::World;

use crate::Mailflow;

/// Everybody's password.
pub const PASSWORD: &str = "Correct-Horse-7";

/// An empty house: a store with the tables of all rooms that mail needs.
pub struct House {
    pub store: TestStore,
    pub world: World,
    pub flow: Mailflow,
    service: Service,
    calls: Calls,
}

/// An organization: its id, and the domain that it starts with.
#[derive(Clone, Debug)]
pub struct Organization {
    pub id: String,
    pub domain: String,
}

impl House {
    pub async fn new(world: World) -> Self {
        let migrations = [
            iam::MIGRATIONS,
            logs::MIGRATIONS,
            workmail::MIGRATIONS,
            mailbox::MIGRATIONS,
            crate::MIGRATIONS,
        ];
        let store = store::testing::open(&migrations).await;
        let flow = Mailflow::new((*store).clone(), world.clone(), "mx.house.example");
        let service = Service::new(Settings::new("mx.house.example"));
        let calls = Calls::by_root(&store, &world, "123456789012");
        Self { store, world, flow, service, calls }
    }

    pub async fn organization(&self, alias: &str) -> Organization {
        let mut call = self.call().await;
        let input = CreateOrganizationRequest { alias: alias.into(), ..Default::default() };
        let output = self.service.create_organization(&mut call, input).await;
        let id = self.calls.end(call, output).await.unwrap().organization_id.unwrap();
        workmail::settle_organizations(&self.store, &self.world, Verification::Trust)
            .await
            .unwrap();
        Organization { id, domain: format!("{alias}.awsapps.com") }
    }

    /// A registered user `name@domain`; gives the id.
    pub async fn user(&self, organization: &Organization, name: &str) -> String {
        let mut call = self.call().await;
        let input = CreateUserRequest {
            organization_id: organization.id.clone(),
            name: name.into(),
            display_name: name.into(),
            password: Some(PASSWORD.into()),
            ..Default::default()
        };
        let output = self.service.create_user(&mut call, input).await;
        let id = self.calls.end(call, output).await.unwrap().user_id.unwrap();
        self.register(organization, &id, name).await;
        id
    }

    /// A registered group `name@domain` of members that are users or groups; gives the id.
    pub async fn group(&self, organization: &Organization, name: &str, members: &[&str]) -> String {
        let mut call = self.call().await;
        let input = CreateGroupRequest {
            organization_id: organization.id.clone(),
            name: name.into(),
            ..Default::default()
        };
        let output = self.service.create_group(&mut call, input).await;
        let id = self.calls.end(call, output).await.unwrap().group_id.unwrap();
        self.register(organization, &id, name).await;
        for member in members {
            let mut call = self.call().await;
            let input = AssociateMemberToGroupRequest {
                organization_id: organization.id.clone(),
                group_id: id.clone(),
                member_id: (*member).to_owned(),
            };
            let output = self.service.associate_member_to_group(&mut call, input).await;
            self.calls.end(call, output).await.unwrap();
        }
        id
    }

    /// Whether an organization obeys the DMARC policies of others.
    pub async fn obey_dmarc(&self, organization: &Organization, enforced: bool) {
        let mut call = self.call().await;
        let input =
            PutInboundDmarcSettingsRequest { organization_id: organization.id.clone(), enforced };
        let output = self.service.put_inbound_dmarc_settings(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// Another address of an entity, in the organization's domain.
    pub async fn alias(&self, organization: &Organization, entity: &str, local: &str) {
        let mut call = self.call().await;
        let input = CreateAliasRequest {
            organization_id: organization.id.clone(),
            entity_id: entity.into(),
            alias: format!("{local}@{}", organization.domain),
        };
        let output = self.service.create_alias(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// Gives a grantee one permission to what belongs to an owner.
    pub async fn permit(
        &self,
        organization: &Organization,
        owner: &str,
        grantee: &str,
        permission: PermissionType,
    ) {
        let mut call = self.call().await;
        let input = PutMailboxPermissionsRequest {
            organization_id: organization.id.clone(),
            entity_id: owner.into(),
            grantee_id: grantee.into(),
            permission_values: vec![permission],
        };
        let output = self.service.put_mailbox_permissions(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// Sends records of all mail of an organization to one address, and notices about records to another.
    pub async fn journal(&self, organization: &Organization, journal: &str, report: &str) {
        let mut call = self.call().await;
        let input = SetJournalingRulesRequest {
            organization_id: organization.id.clone(),
            enabled: true,
            journal_email_address: Some(journal.into()),
            report_email_address: Some(report.into()),
        };
        let output = self.service.set_journaling_rules(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// A rule for mail from and to whom these patterns cover.
    pub async fn inbound_rule(
        &self,
        organization: &Organization,
        name: &str,
        rule_action: InboundMailFlowRuleAction,
        [sender, recipient]: [&str; 2],
    ) {
        let mut call = self.call().await;
        let input = CreateInboundMailFlowRuleRequest {
            organization_id: organization.id.clone(),
            client_token: None,
            name: name.into(),
            rule_action,
            sender_patterns: vec![sender.into()],
            recipient_patterns: vec![recipient.into()],
        };
        let output = self.service.create_inbound_mail_flow_rule(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// The same for mail that users send.
    pub async fn outbound_rule(
        &self,
        organization: &Organization,
        name: &str,
        rule_action: OutboundMailFlowRuleAction,
        [sender, recipient]: [&str; 2],
    ) {
        let mut call = self.call().await;
        let input = CreateOutboundMailFlowRuleRequest {
            organization_id: organization.id.clone(),
            client_token: None,
            name: name.into(),
            rule_action,
            sender_patterns: vec![sender.into()],
            recipient_patterns: vec![recipient.into()],
        };
        let output = self.service.create_outbound_mail_flow_rule(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    /// A gateway that takes the password `s3cret` of `acme`; gives its id.
    pub async fn gateway(&self, organization: &Organization, host: &str, port: u16) -> String {
        let mut call = self.call().await;
        let input = CreateSmtpGatewayRequest {
            organization_id: organization.id.clone(),
            client_token: None,
            name: host.into(),
            host: host.into(),
            port: port.into(),
            tls_mode: None,
            username: "acme".into(),
            password: "s3cret".to_owned().into(),
        };
        let output = self.service.create_smtp_gateway(&mut call, input).await;
        self.calls.end(call, output).await.unwrap().smtp_gateway_id.unwrap()
    }

    pub async fn quota(&self, entity: &str, quota_bytes: u64) {
        let mut tx = self.store.write().await.unwrap();
        mailboxes::set_quota(&mut tx, entity, quota_bytes).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// All messages in the inbox of an entity.
    pub async fn inbox(&self, entity: &str) -> Vec<Bytes> {
        self.folder(entity, Role::Inbox).await
    }

    /// All messages in a folder of an entity.
    pub async fn folder(&self, entity: &str, role: Role) -> Vec<Bytes> {
        let mut snapshot = self.store.read().await.unwrap();
        let mailbox = mailboxes::find(&mut snapshot, entity).await.unwrap().unwrap();
        let folder = folders::by_role(&mut snapshot, mailbox.id, role).await.unwrap();
        let cursor = Cursor::new(folder.id, UidSet::all(), Columns::Row);
        let mut found = Vec::new();
        for message in cursor.all(&mut snapshot).await.unwrap() {
            let keyring = self.store.keyring();
            let located = bodies::locate(&mut snapshot, keyring, folder.id, message.uid);
            found.push(located.await.unwrap().read(&self.store).await.unwrap());
        }
        found
    }

    async fn register(&self, organization: &Organization, entity: &str, local: &str) {
        let mut call = self.call().await;
        let input = RegisterToWorkMailRequest {
            organization_id: organization.id.clone(),
            entity_id: entity.into(),
            email: format!("{local}@{}", organization.domain),
        };
        let output = self.service.register_to_work_mail(&mut call, input).await;
        self.calls.end(call, output).await.unwrap();
    }

    async fn call(&self) -> Call {
        self.calls.call().await.unwrap()
    }
}
