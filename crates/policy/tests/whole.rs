//! All kinds of policy together: who must allow, who may, and which denial is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Keys, of, resource, set};
use policy::{
    ArnAsker, Denial, Kind, Named, Policies, PolicySet, PolicyType, Question, Request,
    ResourceKind, ResourcePolicy, Verdict, evaluate,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/anna";
const ROLE: &str = "arn:aws:iam::111122223333:role/path/worker";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/worker/s";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/f";
const SERVICE: &str = "events.amazonaws.com";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/idp.example";

fn allow() -> PolicySet {
    set("Allow", json!({"Effect": "Allow", "Action": "sts:*", "Resource": "*"}))
}

fn silent() -> PolicySet {
    set("Silent", json!({"Effect": "Allow", "Action": "x:y", "Resource": "*"}))
}

fn deny(id: &str) -> PolicySet {
    set(
        id,
        json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sts:Assume*", "Resource": "*"}]),
    )
}

fn statement(effect: &str, principal: Value) -> Value {
    json!({"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal})
}

fn granting(principal: Value) -> ResourcePolicy {
    resource(statement("Allow", principal), Kind::Trust)
}

fn user() -> ArnAsker {
    ArnAsker::user(USER)
}

fn session() -> ArnAsker {
    ArnAsker::role_session(SESSION, ROLE)
}

fn federated() -> ArnAsker {
    ArnAsker::federated_user(FEDERATED, Some(USER))
}

fn question<'a>(asker: &'a ArnAsker, policies: Policies<'a>) -> Question<'a> {
    let request = Request { action: "sts:AssumeRole", resource: ROLE, context: &() };
    Question { request, asker, cross_account: false, policies }
}

/// The type of policy that denies, and whether explicitly; nothing if the request is allowed.
fn denied(question: &Question<'_>) -> Option<(PolicyType, bool)> {
    match evaluate(question) {
        Verdict::Allowed(_) => None,
        Verdict::Denied(Denial { policy_type, explicit }) => {
            Some((policy_type, explicit.is_some()))
        }
    }
}

fn within(asker: &ArnAsker, policies: Policies<'_>) -> Option<(PolicyType, bool)> {
    denied(&question(asker, policies))
}

fn across(asker: &ArnAsker, policies: Policies<'_>) -> Option<(PolicyType, bool)> {
    denied(&Question { cross_account: true, ..question(asker, policies) })
}

const fn missing(policy_type: PolicyType) -> Option<(PolicyType, bool)> {
    Some((policy_type, false))
}

const fn explicit(policy_type: PolicyType) -> Option<(PolicyType, bool)> {
    Some((policy_type, true))
}

#[test]
fn own_policies_must_all_allow() {
    let (yes, no) = (allow(), silent());
    let own =
        |identity, boundary, session| Policies { identity, boundary, session, ..<_>::default() };
    assert_eq!(within(&user(), own(Some(&yes), None, None)), None);
    assert_eq!(within(&user(), own(None, None, None)), missing(PolicyType::Identity));
    assert_eq!(within(&user(), own(Some(&no), Some(&yes), None)), missing(PolicyType::Identity));
    assert_eq!(within(&user(), own(Some(&yes), Some(&no), None)), missing(PolicyType::Boundary));
    assert_eq!(within(&user(), own(None, Some(&yes), None)), missing(PolicyType::Identity));
    assert_eq!(within(&session(), own(Some(&yes), None, None)), None);
    assert_eq!(within(&session(), own(Some(&yes), None, Some(&yes))), None);
    assert_eq!(within(&session(), own(Some(&yes), None, Some(&no))), missing(PolicyType::Session));
    assert_eq!(within(&session(), own(Some(&no), None, Some(&yes))), missing(PolicyType::Identity));
}

/// `GetFederationToken` without a policy gives no rights.
#[test]
fn a_federated_session_needs_a_session_policy() {
    let yes = allow();
    let identity = Policies { identity: Some(&yes), ..Policies::default() };
    assert_eq!(within(&federated(), identity), missing(PolicyType::Session));
    assert_eq!(within(&federated(), Policies { session: Some(&yes), ..identity }), None);
    let itself = granting(json!({"AWS": FEDERATED}));
    let granted = Policies { resource: Some((ResourceKind::Ordinary, &itself)), ..identity };
    assert_eq!(within(&federated(), granted), None);
}

#[test]
fn a_denial_anywhere_denies() {
    let (yes, no) = (allow(), deny("no"));
    let everyone = granting(json!("*"));
    let nobody = resource(
        json!([statement("Allow", json!("*")), statement("Deny", json!({"AWS": ACCOUNT}))]),
        Kind::Resource,
    );
    let all = Policies {
        identity: Some(&yes),
        boundary: Some(&yes),
        session: Some(&yes),
        resource: Some((ResourceKind::Ordinary, &everyone)),
        service_control: &[&yes],
        resource_control: &[&everyone],
    };
    assert_eq!(within(&user(), all), None);
    for (policies, policy_type) in [
        (Policies { identity: Some(&no), ..all }, PolicyType::Identity),
        (Policies { boundary: Some(&no), ..all }, PolicyType::Boundary),
        (Policies { session: Some(&no), ..all }, PolicyType::Session),
        (Policies { service_control: &[&yes, &no], ..all }, PolicyType::ServiceControl),
        (Policies { service_control: &[&no, &yes], ..all }, PolicyType::ServiceControl),
        (Policies { resource_control: &[&nobody], ..all }, PolicyType::ResourceControl),
        (
            Policies { resource: Some((ResourceKind::Ordinary, &nobody)), ..all },
            PolicyType::Resource,
        ),
        (
            Policies { resource: Some((ResourceKind::RoleTrust, &nobody)), ..all },
            PolicyType::RoleTrust,
        ),
    ] {
        assert_eq!(within(&user(), policies), explicit(policy_type));
        assert_eq!(across(&user(), policies), explicit(policy_type));
    }
}

/// What a resource's policy allows by itself depends on how it names the asker.
#[test]
fn a_resource_policy_within_an_account() {
    let (yes, no) = (allow(), silent());
    let bound = Policies { boundary: Some(&no), session: Some(&no), ..Policies::default() };
    let free = Policies { boundary: Some(&yes), session: Some(&yes), ..Policies::default() };
    let bare = Policies::default();
    let by = |principal: &Value, asker: &ArnAsker, policies: Policies<'_>| {
        let policy = granting(principal.clone());
        within(asker, Policies { resource: Some((ResourceKind::Ordinary, &policy)), ..policies })
    };
    for (asker, principal) in [
        (user(), json!({"AWS": USER})),
        (user(), json!("*")),
        (user(), json!({"AWS": [ACCOUNT, USER]})),
        (session(), json!({"AWS": SESSION})),
        (session(), json!({"AWS": [ROLE, "*"]})),
        (federated(), json!({"AWS": FEDERATED})),
    ] {
        assert_eq!(by(&principal, &asker, bound), None, "{principal}");
    }
    for (asker, principal) in
        [(session(), json!({"AWS": ROLE})), (federated(), json!({"AWS": USER}))]
    {
        assert_eq!(by(&principal, &asker, free), None, "{principal}");
        assert_eq!(by(&principal, &asker, bound), missing(PolicyType::Boundary), "{principal}");
        let no_session = Policies { session: Some(&no), ..bare };
        assert_eq!(by(&principal, &asker, no_session), missing(PolicyType::Session), "{principal}");
    }
    for principal in [json!({"AWS": ACCOUNT}), json!({"AWS": "444455556666"}), json!({"AWS": ROLE})]
    {
        assert_eq!(by(&principal, &user(), bare), missing(PolicyType::Identity), "{principal}");
        let identity = Policies { identity: Some(&yes), ..bare };
        assert_eq!(by(&principal, &user(), identity), None, "{principal}");
    }
}

#[test]
fn a_trust_policy_must_allow() {
    let yes = allow();
    let identity = Policies { identity: Some(&yes), ..Policies::default() };
    let by = |principal: Value, asker: &ArnAsker, policies: Policies<'_>| {
        let policy = granting(principal);
        within(asker, Policies { resource: Some((ResourceKind::RoleTrust, &policy)), ..policies })
    };
    let other = json!({"AWS": "444455556666"});
    assert_eq!(by(other.clone(), &user(), identity), missing(PolicyType::RoleTrust));
    assert_eq!(by(other, &user(), Policies::default()), missing(PolicyType::Identity));
    // Naming the account leaves it to the account's own policies.
    assert_eq!(by(json!({"AWS": ACCOUNT}), &user(), identity), None);
    let nothing = Policies::default();
    assert_eq!(by(json!({"AWS": ACCOUNT}), &user(), nothing), missing(PolicyType::Identity));
    assert_eq!(by(json!({"AWS": USER}), &user(), nothing), None);
    assert_eq!(by(json!({"AWS": ROLE}), &session(), nothing), None);
    let services = ArnAsker::service([SERVICE]);
    assert_eq!(by(json!({"Service": SERVICE}), &services, nothing), None);
    assert_eq!(by(json!({"AWS": "*"}), &services, nothing), None);
    let other = json!({"Service": "ec2.amazonaws.com"});
    assert_eq!(by(other, &services, nothing), missing(PolicyType::RoleTrust));
    let person = ArnAsker::web_identity(PROVIDER);
    assert_eq!(by(json!({"Federated": PROVIDER}), &person, nothing), None);
    let domain = json!({"Federated": "idp.example"});
    assert_eq!(by(domain, &person, nothing), missing(PolicyType::RoleTrust));
}

#[test]
fn conditions_of_a_trust_policy() {
    let trust = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": USER},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}});
    let policy = resource(trust, Kind::Trust);
    let policies =
        Policies { resource: Some((ResourceKind::RoleTrust, &policy)), ..Policies::default() };
    let asker = user();
    for (keys, expected) in [
        (json!({"sts:externalid": "secret"}), None),
        (json!({"sts:externalid": "guess"}), missing(PolicyType::Identity)),
        (json!({}), missing(PolicyType::Identity)),
    ] {
        let keys = Keys(keys);
        let mut question = question(&asker, policies);
        question.request.context = &keys;
        assert_eq!(denied(&question), expected);
    }
}

#[test]
fn a_key_policy_opens_the_account() {
    let yes = allow();
    let identity = Policies { identity: Some(&yes), ..Policies::default() };
    let by = |principal: Value, asker: &ArnAsker, policies: Policies<'_>| {
        let policy = granting(principal);
        within(asker, Policies { resource: Some((ResourceKind::KmsKey, &policy)), ..policies })
    };
    assert_eq!(by(json!({"AWS": ACCOUNT}), &user(), identity), None);
    let nothing = Policies::default();
    assert_eq!(by(json!({"AWS": ACCOUNT}), &user(), nothing), missing(PolicyType::Identity));
    assert_eq!(by(json!({"AWS": USER}), &user(), nothing), None);
    assert_eq!(by(json!({"AWS": ROLE}), &user(), identity), missing(PolicyType::Resource));
    // Root too, if its account was left out.
    let root = ArnAsker::root(ACCOUNT);
    assert_eq!(by(json!({"AWS": ROLE}), &root, nothing), missing(PolicyType::Resource));
    assert_eq!(by(json!({"AWS": ACCOUNT}), &root, nothing), None);
}

#[test]
fn between_accounts_both_sides_must_allow() {
    let (yes, no) = (allow(), silent());
    let identity = Policies { identity: Some(&yes), ..Policies::default() };
    assert_eq!(across(&user(), identity), missing(PolicyType::Resource));
    for kind in [ResourceKind::Ordinary, ResourceKind::RoleTrust, ResourceKind::KmsKey] {
        for principal in [json!({"AWS": USER}), json!({"AWS": ACCOUNT}), json!("*")] {
            let policy = granting(principal);
            let granted = Policies { resource: Some((kind, &policy)), ..identity };
            assert_eq!(across(&user(), granted), None);
            let alone = Policies { identity: None, ..granted };
            assert_eq!(across(&user(), alone), missing(PolicyType::Identity));
            let bound = Policies { boundary: Some(&no), ..granted };
            assert_eq!(across(&user(), bound), missing(PolicyType::Boundary));
        }
    }
    let stranger = granting(json!({"AWS": "444455556666"}));
    let refused = Policies { resource: Some((ResourceKind::RoleTrust, &stranger)), ..identity };
    assert_eq!(across(&user(), refused), missing(PolicyType::RoleTrust));
}

#[test]
fn root_is_bound_by_organisations_and_resources_alone() {
    let (yes, no) = (allow(), silent());
    let root = ArnAsker::root(ACCOUNT);
    let denial = deny("no");
    let own = Policies { identity: Some(&denial), boundary: Some(&no), ..Policies::default() };
    assert_eq!(within(&root, own), None);
    let denied = resource(statement("Deny", json!({"AWS": ACCOUNT})), Kind::Resource);
    let by_resource = Policies { resource: Some((ResourceKind::Ordinary, &denied)), ..own };
    assert_eq!(within(&root, by_resource), explicit(PolicyType::Resource));
    let by_organisation = Policies { service_control: &[&yes, &no], ..own };
    assert_eq!(within(&root, by_organisation), missing(PolicyType::ServiceControl));
    // The task policy of an AssumeRoot session.
    assert_eq!(within(&root, Policies { session: Some(&no), ..own }), missing(PolicyType::Session));
    assert_eq!(across(&root, own), missing(PolicyType::Resource));
}

#[test]
fn who_has_no_account_has_resource_policies_alone() {
    let (yes, no) = (allow(), silent());
    let own = Policies {
        identity: Some(&yes),
        boundary: Some(&no),
        session: Some(&no),
        service_control: &[&no],
        ..Policies::default()
    };
    let everyone = granting(json!({"AWS": "*"}));
    for asker in
        [ArnAsker::service([SERVICE]), ArnAsker::web_identity(PROVIDER), ArnAsker::anonymous()]
    {
        assert_eq!(within(&asker, own), missing(PolicyType::Resource));
        let granted = Policies { resource: Some((ResourceKind::Ordinary, &everyone)), ..own };
        assert_eq!(within(&asker, granted), None);
        assert_eq!(across(&asker, granted), None);
    }
}

#[test]
fn every_level_of_an_organisation_must_allow() {
    let (yes, no) = (allow(), silent());
    let own = Policies { identity: Some(&yes), ..Policies::default() };
    for (levels, expected) in [
        (&[&yes, &yes][..], None),
        (&[&yes, &no], missing(PolicyType::ServiceControl)),
        (&[&no, &yes], missing(PolicyType::ServiceControl)),
        (&[], None),
    ] {
        assert_eq!(within(&user(), Policies { service_control: levels, ..own }), expected);
    }
    // A resource's own permission does not help.
    let itself = granting(json!({"AWS": USER}));
    let granted = Policies { resource: Some((ResourceKind::Ordinary, &itself)), ..own };
    let refused = Policies { service_control: &[&no], ..granted };
    assert_eq!(within(&user(), refused), missing(PolicyType::ServiceControl));
    let nobody = granting(json!({"AWS": "444455556666"}));
    let refused = Policies { resource_control: &[&itself, &nobody], ..granted };
    assert_eq!(within(&user(), refused), missing(PolicyType::ResourceControl));
}

#[test]
fn not_principal_spares_only_whom_it_names_in_every_way() {
    let yes = allow();
    let by = |principals: Value, asker: &ArnAsker| {
        let statement =
            json!({"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": principals});
        let policy = resource(statement, Kind::Resource);
        let policies = Policies {
            identity: Some(&yes),
            resource: Some((ResourceKind::Ordinary, &policy)),
            ..Policies::default()
        };
        within(asker, policies).is_none()
    };
    assert!(by(json!({"AWS": [USER, ACCOUNT]}), &user()));
    assert!(!by(json!({"AWS": USER}), &user()) && !by(json!({"AWS": ACCOUNT}), &user()));
    assert!(by(json!({"AWS": [SESSION, ROLE, ACCOUNT]}), &session()));
    assert!(!by(json!({"AWS": [ROLE, ACCOUNT]}), &session()));
    assert!(by(json!({"AWS": ACCOUNT}), &ArnAsker::root(ACCOUNT)));
    assert!(by(json!("*"), &user()) && by(json!({"AWS": [USER, "*"]}), &session()));
}

#[test]
fn not_principal_that_allows_means_everyone_else() {
    let by = |principals: Value, asker: &ArnAsker| {
        let statement =
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": principals});
        let policy = resource(statement, Kind::Resource);
        let resource = Some((ResourceKind::Ordinary, &policy));
        within(asker, Policies { resource, ..Policies::default() }).is_none()
    };
    assert!(by(json!({"AWS": "444455556666"}), &user()));
    assert!(by(json!({"AWS": USER}), &ArnAsker::anonymous()));
    assert!(!by(json!({"AWS": USER}), &user()) && !by(json!({"AWS": ACCOUNT}), &user()));
    assert!(!by(json!("*"), &ArnAsker::anonymous()));
}

#[test]
fn a_grant_tells_whose_permission_it_took() {
    let yes = allow();
    let policy = granting(json!({"AWS": [ACCOUNT]}));
    let trusted = Policies {
        identity: Some(&yes),
        resource: Some((ResourceKind::RoleTrust, &policy)),
        ..Policies::default()
    };
    let asker = user();
    let Verdict::Allowed(grant) = evaluate(&question(&asker, trusted)) else { panic!("denied") };
    assert_eq!(grant.identity.unwrap().source(), "Allow");
    assert_eq!(grant.resource.unwrap().0, Named::Account);
    let ordinary = Policies { resource: Some((ResourceKind::Ordinary, &policy)), ..trusted };
    let Verdict::Allowed(grant) = evaluate(&question(&asker, ordinary)) else { panic!("denied") };
    assert!(grant.identity.is_some() && grant.resource.is_none());
    let policy = granting(json!({"AWS": [ACCOUNT, USER]}));
    let named = Policies { resource: Some((ResourceKind::Ordinary, &policy)), ..trusted };
    let Verdict::Allowed(grant) = evaluate(&question(&asker, named)) else { panic!("denied") };
    assert_eq!(grant.resource.unwrap().0, Named::Itself);
    assert!(grant.identity.is_none());
}

#[test]
fn denials_in_aws_words() {
    let action = "sts:AssumeRole";
    let reason =
        |asker: &ArnAsker, policies: Policies<'_>| match evaluate(&question(asker, policies)) {
            Verdict::Allowed(_) => panic!("allowed"),
            Verdict::Denied(denial) => denial.reason(action),
        };
    let because = |policy: &str| format!("because no {policy} allows the sts:AssumeRole action");
    let (yes, no) = (allow(), silent());
    let arn = "arn:aws:iam::111122223333:policy/No";
    let (named, unnamed) = (deny(arn), deny("No"));
    let own = Policies { identity: Some(&yes), ..Policies::default() };
    assert_eq!(reason(&user(), Policies::default()), because("identity-based policy"));
    assert_eq!(
        reason(&user(), Policies { boundary: Some(&no), ..own }),
        because("permissions boundary")
    );
    assert_eq!(reason(&user(), Policies { session: Some(&no), ..own }), because("session policy"));
    let levels = Policies { service_control: &[&no], ..own };
    assert_eq!(reason(&user(), levels), because("service control policy"));
    assert_eq!(reason(&ArnAsker::anonymous(), own), because("resource-based policy"));
    let nobody = resource(json!([statement("Deny", json!("*"))]), Kind::Trust);
    let stranger = granting(json!({"AWS": "444455556666"}));
    let trust = |policy| Policies { resource: Some((ResourceKind::RoleTrust, policy)), ..own };
    assert_eq!(reason(&user(), trust(&stranger)), because("role trust policy"));
    assert_eq!(reason(&user(), trust(&nobody)), "with an explicit deny in the role trust policy");
    let ordinary = Policies { resource: Some((ResourceKind::Ordinary, &nobody)), ..own };
    assert_eq!(reason(&user(), ordinary), "with an explicit deny in a resource-based policy");
    let identity = |set| Policies { identity: Some(set), ..Policies::default() };
    let explicit = "with an explicit deny in an identity-based policy";
    assert_eq!(reason(&user(), identity(&unnamed)), explicit);
    assert_eq!(reason(&user(), identity(&named)), format!("{explicit}: {arn}"));
    assert_eq!(
        reason(&user(), Policies { boundary: Some(&named), ..own }),
        format!("with an explicit deny in a permissions boundary: {arn}")
    );
}

/// A policy where one of its kind does not belong can only forbid.
#[test]
fn misplaced_policies() {
    let policies = |effect: &str| {
        let identity = json!({"Effect": effect, "Action": "*", "Resource": "*"});
        let resource = json!({"Effect": effect, "Action": "*", "Resource": "*", "Principal": "*"});
        let set = PolicySet::new([of("p", resource, Kind::Resource)]);
        (set, ResourcePolicy::new(of("p", identity, Kind::Inline)))
    };
    let request = Request { action: "a:b", resource: "*", context: &() };
    let (set, resource) = policies("Allow");
    assert!(!set.decide(&request).is_allowed());
    assert!(!resource.decide(&request, &user()).is_allowed());
    let (set, resource) = policies("Deny");
    assert!(matches!(set.decide(&request), policy::Decision::ExplicitDeny(_)));
    let decision = resource.decide(&request, &user());
    assert!(matches!(decision, policy::ResourceDecision::ExplicitDeny(_)));
}
