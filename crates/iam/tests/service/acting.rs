//! What services do with the roles that customers gave them.

use iam::door::{Actor, Resource, ServiceRoles, trusts};
use wire::iam::{errors::*, *};

use crate::house::{House, ask, s};

const SERVICE: &str = "events.workmail.amazonaws.com";
const SOURCE: &str = "arn:aws:workmail:us-east-1:123456789012:organization/m-1";
const STREAM: &str = "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s";

fn statement(parts: serde_json::Value) -> String {
    let mut statement = serde_json::json!({ "Effect": "Allow" });
    for (key, value) in parts.as_object().unwrap() {
        statement[key] = value.clone();
    }
    serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn trust(principal: &str, condition: serde_json::Value) -> String {
    statement(serde_json::json!({
        "Principal": { "Service": principal }, "Action": "sts:AssumeRole", "Condition": condition,
    }))
}

struct Role<'a> {
    house: &'a House,
    roles: ServiceRoles,
    arn: String,
}

impl<'a> Role<'a> {
    async fn new(house: &'a House) -> Self {
        let input = CreateRoleRequest {
            role_name: s("r"),
            assume_role_policy_document: trust(SERVICE, serde_json::json!({})),
            ..Default::default()
        };
        let arn = ask!(house.root(), create_role, input).unwrap().role.arn;
        Self { house, roles: ServiceRoles::default(), arn }
    }

    fn actor(&self) -> Actor<'_> {
        let now = self.house.world.now();
        Actor {
            service: SERVICE,
            role_arn: &self.arn,
            source_arn: SOURCE,
            region: "us-east-1",
            now,
        }
    }

    /// Whether events may be put; none if the role is not to be had.
    async fn may_put(&self) -> Option<bool> {
        let mut snapshot = self.house.store.read().await.unwrap();
        let role = self.roles.assume(&mut snapshot, &self.actor()).await.unwrap()?;
        let stream = Resource::arn(STREAM).tagged(vec![(s("team"), s("mail"))]);
        Some(role.may("logs:PutLogEvents", &stream))
    }

    async fn allow(&self, parts: serde_json::Value) {
        let input = PutRolePolicyRequest {
            role_name: s("r"),
            policy_name: s("p"),
            policy_document: statement(parts),
        };
        ask!(self.house.root(), put_role_policy, input).unwrap();
    }

    async fn trusts(&self, policy: String) {
        let (role_name, policy_document) = (s("r"), policy);
        let input = UpdateAssumeRolePolicyRequest { role_name, policy_document };
        ask!(self.house.root(), update_assume_role_policy, input).unwrap();
    }
}

#[tokio::test]
async fn a_service_may_what_its_role_may_at_that_moment() {
    let house = House::new().await;
    let role = Role::new(&house).await;
    assert_eq!(role.may_put().await, Some(false));
    let allowed =
        serde_json::json!({ "Action": "logs:Put*", "Resource": "arn:aws:logs:*:*:log-group:g:*" });
    role.allow(allowed).await;
    assert_eq!(role.may_put().await, Some(true));
    assert_eq!(role.may_put().await, Some(true), "remembered");
    role.allow(
        serde_json::json!({ "Action": "logs:Put*", "Resource": "arn:aws:logs:*:*:log-group:h:*" }),
    )
    .await;
    assert_eq!(role.may_put().await, Some(false));
    let tagged = serde_json::json!({ "StringEquals": { "aws:ResourceTag/team": "mail" } });
    role.allow(serde_json::json!({ "Action": "*", "Resource": "*", "Condition": tagged })).await;
    assert_eq!(role.may_put().await, Some(true));
    let boundary = s("arn:aws:iam::aws:policy/IAMReadOnlyAccess");
    let input =
        PutRolePermissionsBoundaryRequest { role_name: s("r"), permissions_boundary: boundary };
    ask!(house.root(), put_role_permissions_boundary, input).unwrap();
    assert_eq!(role.may_put().await, Some(false));
}

#[tokio::test]
async fn a_role_must_trust_the_service_that_acts_with_it() {
    let house = House::new().await;
    let role = Role::new(&house).await;
    role.allow(serde_json::json!({ "Action": "*", "Resource": "*" })).await;
    let account = serde_json::json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } });
    let source = serde_json::json!({ "ArnLike": { "aws:SourceArn": "arn:aws:workmail:*:*:organization/m-1" } });
    let other = serde_json::json!({ "ArnLike": { "aws:SourceArn": "arn:aws:workmail:*:*:organization/m-2" } });
    let none = serde_json::json!({});
    for (policy, trusted) in [
        (trust(SERVICE, account), true),
        (trust(SERVICE, source), true),
        (trust(SERVICE, other), false),
        (trust("lambda.amazonaws.com", none.clone()), false),
        (
            statement(
                serde_json::json!({ "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }),
            ),
            true,
        ),
        (trust(SERVICE, none), true),
    ] {
        role.trusts(policy.clone()).await;
        assert_eq!(role.may_put().await, trusted.then_some(true), "{policy}");
        let mut snapshot = house.store.read().await.unwrap();
        assert_eq!(trusts(&mut snapshot, &role.actor()).await.unwrap(), Some(trusted));
    }
    let input = DeleteRolePolicyRequest { role_name: s("r"), policy_name: s("p") };
    ask!(house.root(), delete_role_policy, input).unwrap();
    ask!(house.root(), delete_role, DeleteRoleRequest { role_name: s("r") }).unwrap();
    assert_eq!(role.may_put().await, None);
    let mut snapshot = house.store.read().await.unwrap();
    assert_eq!(trusts(&mut snapshot, &role.actor()).await.unwrap(), None);
    let get = GetRoleRequest { role_name: s("r") };
    assert!(ask!(house.root(), get_role, get).unwrap_err().is(&NO_SUCH_ENTITY));
}
