//! What stands in the account that is measured: made through the API, as any client would.

use std::{net::SocketAddr, thread, time::Duration};

use serde_json::json;
use world::Secret;

use crate::{
    aws::{Client, Key},
    house::House,
    http::Connection,
    outcome::Outcome,
};

/// The IAM user that calls.
pub(crate) const IAM_USER: &str = "Mary";

/// Its policies.
pub(crate) const POLICIES: [&str; 2] = ["AmazonWorkMailFullAccess", "IAMReadOnlyAccess"];

/// The password of all mail users.
pub(crate) const PASSWORD: &str = "Correct-Horse-7";

/// How often an organization is asked whether it is active.
const ACTIVE_TRIES_MAX: usize = 200;

/// Makes an IAM user with two managed policies, and gives its access key.
pub(crate) fn iam_user(house: &House, address: SocketAddr) -> Outcome<Key> {
    let mut iam = Client::new(house.key.clone(), Connection::new(address));
    let user = ("UserName", IAM_USER);
    iam.iam("CreateUser", &[user])?;
    for policy in POLICIES {
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        iam.iam("AttachUserPolicy", &[user, ("PolicyArn", &arn)])?;
    }
    let made = iam.iam("CreateAccessKey", &[user])?;
    let element = |name: &str| -> Outcome<String> {
        let (_, rest) = made.split_once(&format!("<{name}>")).ok_or("no access key was made")?;
        Ok(rest.split('<').next().unwrap_or_default().to_owned())
    };
    Ok(Key { id: element("AccessKeyId")?, secret: Secret::from(element("SecretAccessKey")?) })
}

/// Makes an organization with so many registered users, and gives their addresses.
pub(crate) fn mailboxes(house: &House, api: SocketAddr, count: usize) -> Outcome<Vec<String>> {
    let mut workmail = Client::new(house.key.clone(), Connection::new(api));
    let made = workmail.workmail("CreateOrganization", &json!({"Alias": "bench"}))?;
    let organization = made["OrganizationId"].as_str().ok_or("no organization was made")?;
    wait_until_active(&mut workmail, organization)?;
    (0..count).map(|number| mailbox(&mut workmail, organization, number)).collect()
}

fn mailbox(workmail: &mut Client, organization: &str, number: usize) -> Outcome<String> {
    let (name, address) = (format!("user{number}"), format!("user{number}@bench.awsapps.com"));
    let made = workmail.workmail(
        "CreateUser",
        &json!({"OrganizationId": organization, "Name": name, "DisplayName": name,
            "Password": PASSWORD}),
    )?;
    workmail.workmail(
        "RegisterToWorkMail",
        &json!({"OrganizationId": organization, "EntityId": made["UserId"], "Email": address}),
    )?;
    Ok(address)
}

pub(crate) fn wait_until_active(workmail: &mut Client, organization: &str) -> Outcome<()> {
    for _ in 0..ACTIVE_TRIES_MAX {
        let input = json!({"OrganizationId": organization});
        if workmail.workmail("DescribeOrganization", &input)?["State"] == "Active" {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err("the organization does not become active".into())
}
