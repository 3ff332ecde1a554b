//! The simulator: every field of its answers, its refusals, and that it agrees with the door.

use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AddUserToGroupRequest, AttachGroupPolicyRequest, AttachmentType, ContextEntry,
        ContextKeyTypeEnum, CreateGroupRequest, CreatePolicyRequest, CreateUserRequest,
        EvaluationResult, GetGroupRequest, GetUserRequest, InlinePolicyIdentifierType,
        ListUsersRequest, OrderedOrganizationPolicyType, PolicyEvaluationDecisionType as Ruling,
        PolicyIdentifier, PolicyIdentifierPolicyType, Position, PutGroupPolicyRequest,
        PutUserPolicyRequest, SimulateCustomPolicyRequest, SimulatePrincipalPolicyRequest, Tag,
        User,
        errors::{INVALID_INPUT, NO_SUCH_ENTITY},
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

const ACCOUNT: &str = "123456789012";
const ADA: &str = "arn:aws:iam::123456789012:user/Ada";
const BOB: &str = "arn:aws:iam::123456789012:user/Bob";

fn custom(policies: &[&str], actions: &[&str]) -> SimulateCustomPolicyRequest {
    SimulateCustomPolicyRequest {
        policy_input_list: policies.iter().map(|policy| s(policy)).collect(),
        action_names: actions.iter().map(|action| s(action)).collect(),
        ..Default::default()
    }
}

fn principal(actions: &[&str], resources: &[&str]) -> SimulatePrincipalPolicyRequest {
    SimulatePrincipalPolicyRequest {
        policy_source_arn: s(ADA),
        action_names: actions.iter().map(|action| s(action)).collect(),
        resource_arns: Some(resources.iter().map(|arn| s(arn)).collect()),
        ..Default::default()
    }
}

fn entry(name: &str, kind: ContextKeyTypeEnum, values: &[&str]) -> ContextEntry {
    ContextEntry {
        context_key_name: some(name),
        context_key_type: Some(kind),
        context_key_values: Some(values.iter().map(|value| s(value)).collect()),
    }
}

async fn simulate(house: &House, input: SimulateCustomPolicyRequest) -> Vec<EvaluationResult> {
    let answer = ask!(house.root(), simulate_custom_policy, input).unwrap();
    answer.evaluation_results.unwrap()
}

async fn of_ada(house: &House, input: SimulatePrincipalPolicyRequest) -> Vec<EvaluationResult> {
    let answer = ask!(house.root(), simulate_principal_policy, input).unwrap();
    answer.evaluation_results.unwrap()
}

fn at(line: i32, column: i32) -> Option<Position> {
    Some(Position { line: Some(line), column: Some(column) })
}

#[tokio::test]
async fn a_result_tells_the_statement_and_where_it_stands() {
    let house = House::new().await;
    let policy = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \
                  \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
    let results = simulate(&house, custom(&[policy], &["iam:GetUser", "sts:NoSuch"])).await;
    let first = &results[0];
    assert_eq!(
        (first.eval_action_name.as_str(), first.eval_decision),
        ("iam:GetUser", Ruling::Allowed)
    );
    let template = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}";
    assert_eq!(first.eval_resource_name.as_deref(), Some(template));
    let statement = &first.matched_statements.as_ref().unwrap()[0];
    assert_eq!(statement.source_policy_id, some("PolicyInputList.1"));
    assert_eq!(statement.source_policy_type.unwrap().as_str(), "IAM Policy");
    // As recorded of the service: from after the bracket to after the brace.
    assert_eq!(statement.start_position, at(3, 17));
    assert_eq!(statement.end_position, at(8, 6));
    assert_eq!(first.eval_decision_details, None);
    assert_eq!(first.resource_specific_results, None);
    assert_eq!(results[1].eval_resource_name, some("*"));
}

/// As recorded of the service for this document, and for a bucket where an object belongs.
#[tokio::test]
async fn a_statement_alone_begins_behind_its_brace() {
    let house = House::new().await;
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}"#;
    let mut input = custom(&[policy], &["s3:PutObject"]);
    input.resource_arns = Some(vec![s("arn:aws:s3:::bucket")]);
    let results = simulate(&house, input).await;
    assert_eq!(results[0].eval_resource_name, some("arn:aws:s3:::bucket"));
    let statement = &results[0].matched_statements.as_ref().unwrap()[0];
    assert_eq!(statement.start_position, at(1, 41));
    assert_eq!(statement.end_position, at(1, 113));
}

#[tokio::test]
async fn resources_have_results_of_their_own_and_the_strictest_counts() {
    let house = House::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/*"},
        {"Effect":"Deny","Action":"iam:Get*","Resource":"arn:aws:iam::*:user/Bob"}]}"#;
    let mut input = custom(&[policy], &["iam:GetUser"]);
    input.resource_arns = Some(vec![s(ADA), s(BOB)]);
    let results = simulate(&house, input).await;
    assert_eq!(results[0].eval_decision, Ruling::ExplicitDeny);
    let specific = results[0].resource_specific_results.as_ref().unwrap();
    let rulings: Vec<_> = specific.iter().map(|result| result.eval_resource_decision).collect();
    assert_eq!(rulings, [Ruling::Allowed, Ruling::ExplicitDeny]);
    assert_eq!(specific[1].eval_resource_name, BOB);
    let denies = specific[1].matched_statements.as_ref().unwrap();
    assert_eq!(denies.len(), 1);
    assert_eq!(denies[0].start_position, at(2, 86));
    assert_eq!(results[0].matched_statements.as_ref(), Some(denies), "only what decided");
    assert_eq!(results[0].eval_decision_details, Some(Default::default()));
}

#[tokio::test]
async fn missing_context_is_that_of_the_action() {
    let house = House::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",
         "Condition":{"StringLike":{"aws:PrincipalTag/team":"s3"}}},
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}]}"#;
    let mut input = custom(&[policy], &["s3:ListBucket", "s3:GetObject"]);
    let results = simulate(&house, input.clone()).await;
    assert_eq!(results[0].missing_context_values, Some(vec![s("aws:PrincipalTag/team")]));
    assert_eq!(results[1].missing_context_values, Some(vec![s("aws:username")]));
    input.context_entries =
        Some(vec![entry("aws:principaltag/Team", ContextKeyTypeEnum::String, &["s3"])]);
    input.caller_arn = some(ADA);
    input.resource_arns = Some(vec![s("arn:aws:s3:::b/Ada")]);
    let results = simulate(&house, input).await;
    for result in results {
        assert_eq!(result.eval_decision, Ruling::Allowed, "{result:?}");
        assert_eq!(result.missing_context_values, Some(vec![]));
    }
}

#[tokio::test]
async fn boundaries_and_organizations_have_their_say() {
    let house = House::new().await;
    let only_sts = ALLOW_ALL.replace("\"Action\":\"*\"", "\"Action\":\"sts:*\"");
    let mut input = custom(&[ALLOW_ALL], &["iam:GetUser", "sts:GetCallerIdentity"]);
    input.permissions_boundary_policy_input_list = Some(vec![only_sts.clone()]);
    let results = simulate(&house, input.clone()).await;
    let allowed = |result: &EvaluationResult| {
        let detail = result.permissions_boundary_decision_detail.as_ref().unwrap();
        (result.eval_decision, detail.allowed_by_permissions_boundary.unwrap())
    };
    assert_eq!(allowed(&results[0]), (Ruling::ImplicitDeny, false));
    assert_eq!(allowed(&results[1]), (Ruling::Allowed, true));
    let level = |text: &str| OrderedOrganizationPolicyType {
        service_control_policy_input_list: Some(vec![s(text)]),
    };
    input.permissions_boundary_policy_input_list = None;
    input.ordered_organization_policy_input_list = Some(vec![level(ALLOW_ALL), level(&only_sts)]);
    let results = simulate(&house, input).await;
    let organization = results[0].organizations_decision_detail.as_ref().unwrap();
    assert_eq!(organization.allowed_by_organizations, Some(false));
    assert_eq!(results[0].matched_statements, Some(vec![]));
    assert_eq!(results[1].eval_decision, Ruling::Allowed);
}

#[tokio::test]
async fn a_resource_policy_of_another_account_needs_both_sides() {
    let house = House::new().await;
    let bucket = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject",
        "Principal":{{"AWS":"{ADA}"}},"Resource":"arn:aws:s3:::b/x"}}]}}"#
    );
    let mut input = custom(&[], &["s3:GetObject"]);
    input.resource_arns = Some(vec![s("arn:aws:s3:::b/x")]);
    input.resource_policy = Some(bucket);
    input.caller_arn = some(ADA);
    let result = &simulate(&house, input.clone()).await[0];
    assert_eq!(result.eval_decision, Ruling::Allowed, "in one account the bucket alone allows");
    let statement = &result.matched_statements.as_ref().unwrap()[0];
    assert_eq!(statement.source_policy_id, some("ResourcePolicy"));
    assert_eq!(statement.source_policy_type.unwrap().as_str(), "Resource Policy");
    input.resource_owner = some("arn:aws:iam::210987654321:root");
    let result = &simulate(&house, input.clone()).await[0];
    assert_eq!(result.eval_decision, Ruling::ImplicitDeny);
    let details = result.eval_decision_details.clone().unwrap();
    assert_eq!(details["IAM Policy"], Ruling::ImplicitDeny);
    assert_eq!(details["Resource Policy"], Ruling::Allowed);
    input.policy_input_list = vec![s(ALLOW_ALL)];
    assert_eq!(simulate(&house, input).await[0].eval_decision, Ruling::Allowed);
}

#[tokio::test]
async fn what_cannot_be_simulated_is_said() {
    let house = House::new().await;
    let refuse = async |change: fn(&mut SimulateCustomPolicyRequest), message: &str| {
        let mut input = custom(&[ALLOW_ALL], &["iam:GetUser"]);
        change(&mut input);
        refused(ask!(house.root(), simulate_custom_policy, input), &INVALID_INPUT, message);
    };
    let noname = "The action is invalid since it is missing names";
    refuse(|input| input.action_names = vec![s("GetUser")], noname).await;
    let wild = "Invalid Input Actions: [iam:*] has wildcards.";
    refuse(|input| input.action_names = vec![s("iam:*")], wild).await;
    let arn = "ResourceNames are not in a valid ARN format: user/x.";
    refuse(|input| input.resource_arns = Some(vec![s("user/x")]), arn).await;
    let star = "ResourceNames are not in a valid ARN format: *.";
    refuse(|input| input.resource_arns = Some(vec![s("*"), s(ADA)]), star).await;
    let caller = "Invalid caller - Caller must be an IAM user, role or group in this context.";
    refuse(|input| input.caller_arn = some("arn:aws:iam::123456789012:root"), caller).await;
    let none = "Invalid caller - Caller cannot be null or empty.";
    refuse(|input| input.resource_policy = some(ALLOW_ALL), none).await;
    let owner = "'123456789012' is not a valid as a Resource Owner.";
    refuse(|input| input.resource_owner = some("123456789012"), owner).await;
    let syntax = "Syntax errors in policy.";
    refuse(|input| input.policy_input_list = vec![s("{}")], syntax).await;
    let option = "Invalid input resource handling options. Action does not support resource handling \
                  options: iam:GetUser.";
    refuse(|input| input.resource_handling_option = some("EC2-VPC-EBS"), option).await;
}

#[tokio::test]
async fn a_principals_policies_are_those_of_its_groups_too() {
    let house = House::new().await;
    let root = house.root();
    house.user("Ada").await;
    let group = CreateGroupRequest { group_name: s("Devs"), path: None };
    ask!(root, create_group, group).unwrap();
    let member = AddUserToGroupRequest { group_name: s("Devs"), user_name: s("Ada") };
    ask!(root, add_user_to_group, member).unwrap();
    let inline = PutGroupPolicyRequest {
        group_name: s("Devs"),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_group_policy, inline).unwrap();
    let attach = AttachGroupPolicyRequest {
        group_name: s("Devs"),
        policy_arn: s("arn:aws:iam::aws:policy/AdministratorAccess"),
    };
    ask!(root, attach_group_policy, attach).unwrap();
    let input = principal(&["iam:GetUser"], &[BOB]);
    let result = &of_ada(&house, input.clone()).await[0];
    let ids = |result: &EvaluationResult| -> Vec<String> {
        let statements = result.matched_statements.clone().unwrap();
        statements.into_iter().filter_map(|statement| statement.source_policy_id).collect()
    };
    assert_eq!(ids(result), ["AdministratorAccess", "group_Devs_p"]);

    let kind = |kind| PolicyIdentifier { policy_type: Some(kind), ..Default::default() };
    let mut less = input.clone();
    less.policy_exclusion_list = Some(vec![kind(PolicyIdentifierPolicyType::AwsManaged)]);
    assert_eq!(ids(&of_ada(&house, less.clone()).await[0]), ["group_Devs_p"]);
    less.policy_exclusion_list = Some(vec![
        PolicyIdentifier {
            policy_arn: some("arn:aws:iam::aws:policy/Administrator*"),
            ..Default::default()
        },
        PolicyIdentifier {
            inline_policy_identifier: Some(InlinePolicyIdentifierType {
                policy_name: s("p"),
                attachment_type: AttachmentType::Group,
                attachment_name: s("De?s"),
            }),
            ..Default::default()
        },
    ]);
    assert_eq!(of_ada(&house, less.clone()).await[0].eval_decision, Ruling::ImplicitDeny);
    less.policy_exclusion_list = Some(vec![PolicyIdentifier::default()]);
    let error = ask!(root, simulate_principal_policy, less).unwrap_err();
    assert!(error.is(&INVALID_INPUT));

    let mut group = input.clone();
    group.policy_source_arn = s("arn:aws:iam::123456789012:group/Devs");
    assert_eq!(of_ada(&house, group).await[0].eval_decision, Ruling::Allowed);
    let mut nobody = input;
    nobody.policy_source_arn = s("arn:aws:iam::123456789012:role/x");
    let unknown = ask!(root, simulate_principal_policy, nobody);
    refused(unknown, &NO_SUCH_ENTITY, "The role with name x cannot be found.");
}

#[tokio::test]
async fn pages_are_of_actions() {
    let house = House::new().await;
    let names: Vec<String> = (0..5).map(|number| format!("iam:A{number}")).collect();
    let mut input = custom(&[ALLOW_ALL], &[]);
    input.action_names = names.clone();
    input.max_items = Some(2);
    let mut seen = Vec::new();
    loop {
        let answer = ask!(house.root(), simulate_custom_policy, input.clone()).unwrap();
        let results = answer.evaluation_results.unwrap().into_iter();
        seen.extend(results.map(|result| result.eval_action_name));
        input.marker = answer.marker;
        if answer.is_truncated != Some(true) {
            break;
        }
    }
    assert_eq!(seen, names);
}

/// Chooses by the digits of a number: the same number, the same choices.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        // Knuth's MMIX generator; the high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.throw(choices.len())]
    }

    fn document(&mut self) -> String {
        let statements: Vec<String> = (0..=self.throw(3)).map(|_| self.statement()).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    fn statement(&mut self) -> String {
        let effect = self.of(&["Allow", "Allow", "Allow", "Deny"]);
        let element = self.of(&["Action", "Action", "Action", "NotAction"]);
        let action = self.of(&[
            "*",
            "iam:*",
            "iam:Get*",
            "iam:GetUser",
            "iam:ListUsers",
            "sts:*",
            "iam:?etGroup",
        ]);
        let resource = self.of(&[
            "*",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::123456789012:user/${aws:username}",
            "arn:aws:iam::123456789012:group/*",
            "arn:aws:iam::210987654321:*",
        ]);
        let condition = self.of(&[
            "",
            "",
            r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#,
            r#","Condition":{"StringNotEquals":{"aws:username":"u1"}}"#,
            r#","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/u?"}}"#,
            r#","Condition":{"Null":{"iam:ResourceTag/x":"true"}}"#,
            r#","Condition":{"StringEquals":{"aws:PrincipalType":"User"}}"#,
        ]);
        format!(
            r#"{{"Effect":"{effect}","{element}":"{action}","Resource":"{resource}"{condition}}}"#
        )
    }
}

/// A user with policies of every kind, thrown with dice.
async fn throw_user(house: &House, dice: &mut Dice, name: &str) -> User {
    let root = house.root();
    let boundary = match dice.throw(3) {
        0 => {
            let policy = CreatePolicyRequest {
                policy_name: format!("limit-{name}"),
                policy_document: dice.document(),
                ..Default::default()
            };
            ask!(root, create_policy, policy).unwrap().policy.unwrap().arn
        }
        _ => None,
    };
    let team = Tag { key: s("team"), value: s(dice.of(&["blue", "red"])) };
    let new = CreateUserRequest {
        user_name: s(name),
        permissions_boundary: boundary,
        tags: Some(vec![team]),
        ..Default::default()
    };
    let user = ask!(root, create_user, new).unwrap().user.unwrap();
    let inline = PutUserPolicyRequest {
        user_name: s(name),
        policy_name: s("own"),
        policy_document: dice.document(),
    };
    ask!(root, put_user_policy, inline).unwrap();
    if dice.throw(2) == 0 {
        let member = AddUserToGroupRequest { group_name: s("g"), user_name: s(name) };
        ask!(root, add_user_to_group, member).unwrap();
    }
    user
}

#[tokio::test]
async fn the_simulator_and_the_door_agree() {
    let house = House::new().await;
    let root = house.root();
    let mut dice = Dice(1_795_305_600);
    let group = CreateGroupRequest { group_name: s("g"), path: None };
    ask!(root, create_group, group).unwrap();
    let (mut allowed, mut denied) = (0, 0);
    for number in 0..60 {
        let inline = PutGroupPolicyRequest {
            group_name: s("g"),
            policy_name: s("p"),
            policy_document: dice.document(),
        };
        ask!(root, put_group_policy, inline).unwrap();
        let user = throw_user(&house, &mut dice, &format!("u{number}")).await;
        let calls = house.calls_by(&user);
        let get = |name: &str| GetUserRequest { user_name: some(name) };
        let get_group = GetGroupRequest { group_name: s("g"), ..Default::default() };
        let own = user.arn.as_str();
        let first = "arn:aws:iam::123456789012:user/u0";
        let really = [
            (ask!(calls, get_user, get(&user.user_name)).err(), "iam:GetUser", own),
            (ask!(calls, get_user, get("u0")).err(), "iam:GetUser", first),
            (
                ask!(calls, list_users, ListUsersRequest::default()).err(),
                "iam:ListUsers",
                "arn:aws:iam::123456789012:user/",
            ),
            (
                ask!(calls, get_group, get_group).err(),
                "iam:GetGroup",
                "arn:aws:iam::123456789012:group/g",
            ),
        ];
        for (error, action, resource) in really {
            let mut input = principal(&[action], &[resource]);
            input.policy_source_arn = user.arn.clone();
            let ruling = of_ada(&house, input).await[0].eval_decision;
            assert_eq!(ruling == Ruling::Allowed, error.is_none(), "{number} {action}: {error:?}");
            if let Some(error) = error {
                assert!(error.is(&ACCESS_DENIED), "{error}");
                let explicit = error.message().contains("explicit deny");
                assert_eq!(ruling == Ruling::ExplicitDeny, explicit, "{number} {action}: {error}");
                denied += 1;
            } else {
                allowed += 1;
            }
        }
    }
    assert!(allowed > 40 && denied > 40, "the dice are loaded: {allowed} to {denied} in {ACCOUNT}");
}
