//! The condition keys that policies ask for.

use policy::Kind;
use wire::iam::{
    GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse,
    GetContextKeysForPrincipalPolicyRequest,
};

use crate::{
    documents,
    door::{Call, Resource},
    entity_arns::EntityArn,
    identity_policies,
};

pub(crate) async fn of_custom(
    call: &mut Call,
    input: GetContextKeysForCustomPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, wire::Error> {
    call.read("iam:GetContextKeysForCustomPolicy", Resource::any()).await?;
    named_in(input.policy_input_list)
}

pub(crate) async fn of_principal(
    call: &mut Call,
    input: GetContextKeysForPrincipalPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, wire::Error> {
    let caller = call.caller();
    let source = EntityArn::expect(&input.policy_source_arn)?;
    let snapshot = call.read("iam:GetContextKeysForPrincipalPolicy", &source).await?;
    let entity = source.load(snapshot, &caller.account).await?;
    let held = identity_policies::of(snapshot, &entity).await?;
    let texts = held.into_iter().map(|policy| policy.text);
    named_in(texts.chain(input.policy_input_list.unwrap_or_default()))
}

fn named_in(
    texts: impl IntoIterator<Item = String>,
) -> Result<GetContextKeysForPolicyResponse, wire::Error> {
    let mut names = Vec::new();
    for text in texts {
        let document = documents::given(&text, Kind::Inline)?;
        add(&mut names, document.condition_keys());
    }
    Ok(GetContextKeysForPolicyResponse { context_key_names: Some(names) })
}

/// Adds names of condition keys, each once whatever its case.
pub(crate) fn add<'a>(names: &mut Vec<String>, more: impl IntoIterator<Item = &'a str>) {
    for name in more {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::iam::errors::INVALID_INPUT;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        named_in([text.to_owned()]).unwrap().context_key_names.unwrap()
    }

    #[test]
    fn keys_are_in_conditions_and_in_variables() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"a:b","Resource":"arn:aws:iam::*:user/${aws:UserName}/${*}"},
            {"Effect":"Allow","Action":"a:b","NotResource":"arn:aws:s3:::${aws:PrincipalTag/team, 'x'}",
             "Condition":{"StringLike":{"aws:username":"${aws:userid}*","s3:prefix":["a","b"]}}}]}"#;
        let expected = ["aws:UserName", "aws:PrincipalTag/team", "aws:userid", "s3:prefix"];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn before_2012_there_are_no_variables() {
        let text = r#"{"Version":"2008-10-17","Statement":{"Effect":"Deny","Action":"a:b",
            "Resource":"arn:aws:s3:::${aws:username}"}}"#;
        assert!(names(text).is_empty());
    }

    #[test]
    fn what_is_no_policy_is_an_invalid_input() {
        let error = named_in(["{}".to_owned()]).unwrap_err();
        assert!(error.is(&INVALID_INPUT), "{error}");
    }
}
