//! Names, operations and dispatch.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use wire::{
    Error, Kind, ServiceModel, Shape, Shaped, Value, iam,
    sts::{self, *},
    workmail,
};

/// Answers from what the call brings along.
struct Mirror;

impl Sts for Mirror {
    type Call = String;

    async fn get_access_key_info(
        &self,
        call: &mut String,
        input: GetAccessKeyInfoRequest,
    ) -> Result<GetAccessKeyInfoResponse, Error> {
        call.push_str(&input.access_key_id);
        Ok(GetAccessKeyInfoResponse { account: Some("123456789012".to_owned()) })
    }

    async fn get_caller_identity(
        &self,
        _: &mut String,
        _: GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, Error> {
        Err(sts::errors::REGION_DISABLED.with("not here"))
    }

    async fn get_session_token(
        &self,
        _: &mut String,
        input: GetSessionTokenRequest,
    ) -> Result<GetSessionTokenResponse, Error> {
        let wanted = input.duration_seconds.map(u8::try_from).transpose()?;
        assert_eq!(wanted, None);
        Ok(GetSessionTokenResponse::default())
    }
}

/// Runs a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

#[test]
fn dispatch_finds_the_method_and_carries_input_call_and_output() {
    let mut call = String::from("key ");
    let input = GetAccessKeyInfoRequest { access_key_id: "AKIAEXAMPLE".to_owned() }.into_value();
    let output = now(dispatch(&Mirror, Operation::GetAccessKeyInfo, &mut call, input)).unwrap();
    assert_eq!(call, "key AKIAEXAMPLE");
    assert_eq!(output.member(0), Some(&Value::String("123456789012".to_owned())));
}

#[test]
fn dispatch_carries_errors() {
    let mut call = String::new();
    let mut asked =
        |operation, input| now(dispatch(&Mirror, operation, &mut call, input)).unwrap_err();

    let declared = asked(Operation::GetCallerIdentity, Value::empty(0));
    assert!(declared.is(&sts::errors::REGION_DISABLED));
    assert_eq!(declared.status(sts::MODEL.protocol), 403);

    let ours = asked(
        Operation::GetSessionToken,
        Value::Structure(vec![Some(Value::Integer(1000)), None, None]),
    );
    assert!(ours.source_ref::<std::num::TryFromIntError>().is_some());

    let unvalidated = asked(Operation::GetAccessKeyInfo, Value::empty(1));
    assert!(unvalidated.source_ref::<wire::Mismatch>().is_some());
}

#[test]
fn operations_are_sorted_and_agree_with_the_tables() {
    fn check(model: &ServiceModel, names: Vec<(&str, &str)>) {
        assert!(names.is_sorted());
        let rows: Vec<_> = model.operations.iter().map(|op| (op.name, op.action)).collect();
        assert_eq!(rows, names);
        for name in names {
            assert_eq!(model.operation(name.0).map(|found| found.name), Some(name.0));
        }
        assert!(model.operation("Fly").is_none());
    }
    check(&iam::MODEL, iam::Operation::ALL.iter().map(|op| (op.name(), op.action())).collect());
    check(&sts::MODEL, sts::Operation::ALL.iter().map(|op| (op.name(), op.action())).collect());
    check(
        &workmail::MODEL,
        workmail::Operation::ALL.iter().map(|op| (op.name(), op.action())).collect(),
    );
    assert_eq!(iam::Operation::parse("GetUser"), Some(iam::Operation::GetUser));
    assert_eq!(iam::Operation::GetUser.action(), "iam:GetUser");
    assert_eq!(iam::Operation::parse("getuser"), None);
}

#[test]
fn errors_bear_the_code_of_their_protocol() {
    let missing = &iam::errors::NO_SUCH_ENTITY;
    assert_eq!((missing.query.code, missing.query.status), ("NoSuchEntity", 404));
    let unknown = &workmail::errors::ENTITY_NOT_FOUND;
    assert_eq!((unknown.json.code, unknown.json.status), ("EntityNotFoundException", 400));
    let create_user = iam::MODEL.operation("CreateUser").unwrap();
    assert!(create_user.errors.contains(&&iam::errors::ENTITY_ALREADY_EXISTS));
}

#[test]
fn enums_speak_as_the_model_does() {
    use iam::StatusType;

    assert_eq!(StatusType::Active.as_str(), "Active");
    assert_eq!(StatusType::parse("Inactive"), Some(StatusType::Inactive));
    assert_eq!(StatusType::parse("ACTIVE"), None);
    assert_eq!(workmail::EntityState::parse("ENABLED"), Some(workmail::EntityState::Enabled));
}

#[test]
fn nothing_secret_is_printed() {
    let input = workmail::CreateUserRequest {
        password: Some("hunter2".into()),
        first_name: Some("Ada".into()),
        ..Default::default()
    };
    let printed = format!("{input:?} {:?}", input.clone().into_value());
    assert!(!printed.contains("hunter2") && !printed.contains("Ada"), "{printed}");
}

/// Patterns are compiled at their first use, which must not be the first to find one broken.
#[test]
fn every_pattern_compiles() {
    /// The number of patterns in the shape; a broken one panics.
    fn check(shape: &Shape) -> usize {
        match &shape.kind {
            Kind::Structure(members) => members.iter().map(|member| check(member.shape)).sum(),
            Kind::List(list) => check(list.member),
            Kind::Map(map) => check(map.key) + check(map.value),
            Kind::String(text) => text.pattern.iter().inspect(|it| _ = it.matches("")).count(),
            _ => 0,
        }
    }
    for model in [&iam::MODEL, &sts::MODEL, &workmail::MODEL] {
        let shapes = model.operations.iter().flat_map(|op| [op.input, op.output]).flatten();
        assert!(shapes.map(check).sum::<usize>() > 0);
    }
}
