//! The condition keys that policies ask for.

use policy::{Document, Kind};
use wire::iam::{
    GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse,
    GetContextKeysForPrincipalPolicyRequest, errors::INVALID_INPUT,
};

use crate::{
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
    let mut names = Names::default();
    for text in texts {
        let document = policy::parse(&text, Kind::Inline).map_err(|malformed| {
            INVALID_INPUT.with(malformed.verdict()).detailed(malformed.message())
        })?;
        names.add_all(&document);
    }
    Ok(GetContextKeysForPolicyResponse { context_key_names: Some(names.0) })
}

/// Names of condition keys as they were first written, each once whatever its case.
#[derive(Default)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Names {
    /// Adds the keys that a document asks for, in conditions and in variables.
    pub(crate) fn add_all(&mut self, document: &Document) {
        let has_variables = document.version().has_variables();
        for statement in document.statements() {
            let resources = statement.resources.iter().flat_map(|clause| &clause.entries);
            for resource in resources.filter(|_| has_variables) {
                self.add_variables(&resource.value);
            }
            for condition in &statement.conditions {
                self.add(&condition.key.value);
                for value in condition.values.iter().filter(|_| has_variables) {
                    self.add_variables(&value.text.value);
                }
            }
        }
    }

    pub(crate) fn add(&mut self, name: &str) {
        if !self.0.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.0.push(name.to_owned());
        }
    }

    /// Adds the keys of the variables in a string: `${key}`, `${key, 'default'}`. The document was parsed,
    /// so each is closed.
    fn add_variables(&mut self, text: &str) {
        for (start, _) in text.match_indices("${") {
            let inner = text.get(start + 2..).unwrap_or_default();
            let end = inner.find([',', '}']).unwrap_or(inner.len());
            let name = inner.get(..end).unwrap_or_default().trim();
            // `${*}`, `${?}` and `${$}` are the characters themselves.
            if !["*", "?", "$"].contains(&name) {
                self.add(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
