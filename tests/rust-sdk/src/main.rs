//! Works through the life of a user and a policy with AWS's own SDK for Rust, whose endpoint and credentials come
//! from the environment. Ends with 0 if everything was as the SDK's types promise.

use std::{env, error::Error};

use aws_sdk_iam::{
    Client, Config,
    config::{Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata,
    operation::get_user::GetUserError,
    types::Tag,
};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"workmail:List*","Resource":"*"}}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let iam = client()?;
    let created = iam
        .create_user()
        .user_name("ferris")
        .path("/crabs/")
        .tags(Tag::builder().key("Team").value("letters").build()?)
        .send()
        .await?;
    let user = created.user().ok_or("no user in the answer")?;
    assert!(user.user_id().starts_with("AIDA"));
    assert!(user.arn().ends_with(":user/crabs/ferris"));
    assert_eq!(user.tags()[0].value(), "letters");

    let policy = iam.create_policy().policy_name("Listing").policy_document(POLICY).send().await?;
    let arn = policy.policy().and_then(|policy| policy.arn()).ok_or("no ARN in the answer")?;
    iam.attach_user_policy().user_name("ferris").policy_arn(arn).send().await?;
    let refused = iam.delete_user().user_name("ferris").send().await.unwrap_err();
    assert!(refused.as_service_error().is_some_and(|error| error.is_delete_conflict_exception()));

    for name in ["anna", "bert"] {
        iam.create_user().user_name(name).send().await?;
    }
    let mut pages = iam.list_users().max_items(1).into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(user) = pages.next().await {
        names.push(user?.user_name().to_owned());
    }
    assert_eq!(names, ["anna", "bert", "ferris"]);

    iam.detach_user_policy().user_name("ferris").policy_arn(arn).send().await?;
    iam.delete_policy().policy_arn(arn).send().await?;
    iam.delete_user().user_name("ferris").send().await?;
    let gone = iam.get_user().user_name("ferris").send().await.unwrap_err().into_service_error();
    assert!(matches!(gone, GetUserError::NoSuchEntityException(_)), "{gone:?}");
    assert_eq!(gone.message(), Some("The user with name ferris cannot be found."));
    Ok(())
}

fn client() -> Result<Client, Box<dyn Error>> {
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .endpoint_url(env::var("AWS_ENDPOINT_URL")?)
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Ok(Client::from_conf(config))
}
