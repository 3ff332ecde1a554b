//! The generated modules of the real models.

use wire::{Kind, ServiceModel, Shape, Shaped, iam, sts, workmail};

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
