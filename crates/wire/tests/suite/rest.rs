//! Requests and answers of the REST protocol, on an operation that has a member in every place.

use proptest::prelude::*;
use wire::{
    Bounds, Error, Kind, List, Location, Map, Member, OperationModel, Protocol, ServiceModel,
    Shape, Shaped, Template, Text, TimestampFormat, Value, accessanalyzer,
    errors::{ACCESS_DENIED, INVALID_ACTION},
    rest_json::{self, Request},
};
use world::Timestamp;

const NO_BOUNDS: Bounds = Bounds { min: None, max: None };
const PLAIN: Text = Text { length: NO_BOUNDS, pattern: None, values: &[] };

const fn shape(name: &'static str, kind: Kind) -> Shape {
    Shape { name, sensitive: false, kind }
}

const fn list(member: &'static Shape) -> Kind {
    Kind::List(List { member, member_name: "member", flattened: false, length: NO_BOUNDS })
}

const fn map(value: &'static Shape) -> Kind {
    let (key_name, value_name) = ("key", "value");
    Kind::Map(Map { key: &TEXT, value, key_name, value_name, flattened: false, length: NO_BOUNDS })
}

const fn member(name: &'static str, shape: &'static Shape, location: Location) -> Member {
    Member { name, camel: name, shape, required: false, location }
}

static TEXT: Shape = shape("Text", Kind::String(PLAIN));
static SECRET: Shape = Shape { name: "Secret", sensitive: true, kind: Kind::String(PLAIN) };
static NUMBER: Shape = shape("Number", Kind::Integer(NO_BOUNDS));
static FLAG: Shape = shape("Flag", Kind::Boolean);
static BYTES: Shape = shape("Bytes", Kind::Blob(NO_BOUNDS));
static TIME: Shape = shape("Time", Kind::Timestamp(None));
static ISO: Shape = shape("Iso", Kind::Timestamp(Some(TimestampFormat::Iso8601)));
static TEXTS: Shape = shape("Texts", list(&TEXT));
static TIMES: Shape = shape("Times", list(&TIME));
static TEXT_MAP: Shape = shape("TextMap", map(&TEXT));
static TEXTS_MAP: Shape = shape("TextsMap", map(&TEXTS));
static INNER: Shape = shape(
    "Inner",
    Kind::Structure(&[
        member("Deep", &TEXT, Location::Body),
        // below the top a place of its own means nothing
        member("X-Deep", &TEXT, Location::Header),
    ]),
);
static EVERYWHERE: Shape = shape(
    "Everywhere",
    Kind::Structure(&[
        member("Name", &TEXT, Location::Label),
        member("Key", &TEXT, Location::Label),
        member("max", &NUMBER, Location::Query),
        member("flag", &FLAG, Location::Query),
        member("since", &TIME, Location::Query),
        member("tag", &TEXTS, Location::Query),
        member("X-Number", &NUMBER, Location::Header),
        member("X-Secret", &SECRET, Location::Header),
        member("X-Texts", &TEXTS, Location::Header),
        member("X-Time", &TIME, Location::Header),
        member("X-Times", &TIMES, Location::Header),
        member("X-Meta-", &TEXT_MAP, Location::PrefixHeaders),
        member("Said", &TEXT, Location::Body),
        member("At", &TIME, Location::Body),
        member("Iso", &ISO, Location::Body),
        member("Inner", &INNER, Location::Body),
    ]),
);
static RESULT: Shape = shape(
    "Result",
    Kind::Structure(&[
        member("Status", &NUMBER, Location::Status),
        member("X-Texts", &TEXTS, Location::Header),
        member("X-Time", &TIME, Location::Header),
        member("X-Iso", &ISO, Location::Header),
        member("X-Times", &TIMES, Location::Header),
        member("X-Meta-", &TEXT_MAP, Location::PrefixHeaders),
        member("At", &TIME, Location::Body),
        member("Inner", &INNER, Location::Body),
    ]),
);
static BYTES_IN: Shape = shape(
    "BytesIn",
    Kind::Structure(&[
        member("Content-Type", &TEXT, Location::Header),
        member("Data", &BYTES, Location::Payload),
    ]),
);
static INNER_IN: Shape =
    shape("InnerIn", Kind::Structure(&[member("Inner", &INNER, Location::Payload)]));
static WHOLE_QUERY: Shape =
    shape("WholeQuery", Kind::Structure(&[member("", &TEXTS_MAP, Location::Query)]));

const fn operation(
    name: &'static str,
    (method, uri): (&'static str, Template),
    input: &'static Shape,
    output: &'static Shape,
    status: u16,
) -> OperationModel {
    OperationModel {
        name,
        action: "test:Test",
        input: Some(input),
        output: Some(output),
        result_wrapper: "",
        method,
        uri,
        status,
        unsigned: false,
        errors: &[],
    }
}

static MODEL: ServiceModel = ServiceModel {
    service: "test",
    protocol: Protocol::RestJson,
    api_version: "",
    endpoint_prefix: "test",
    signing_name: "test",
    operations: &[
        operation("Bytes", ("PUT", Template::new("/bytes", "")), &BYTES_IN, &BYTES_IN, 200),
        operation(
            "Everywhere",
            ("POST", Template::new("/things/{Name}/{Key+}", "")),
            &EVERYWHERE,
            &RESULT,
            201,
        ),
        operation("Inner", ("POST", Template::new("/inner", "")), &INNER_IN, &INNER_IN, 200),
        operation("Special", ("POST", Template::new("/things/all/{Key}", "")), &INNER, &INNER, 200),
        operation("Query", ("GET", Template::new("/query", "")), &WHOLE_QUERY, &INNER, 200),
    ],
};

fn found(method: &str, path: &str) -> Result<&'static str, Error> {
    rest_json::operation(&MODEL, method, path, "").map(|operation| operation.name)
}

fn decoded(
    name: &str,
    (path, query): (&str, &str),
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Result<Value, Error> {
    let operation = MODEL.operations.iter().find(|operation| operation.name == name).unwrap();
    rest_json::decode(operation, Request { path, query, headers, body })
}

fn encoded(name: &str, output: &Value) -> rest_json::Answer {
    rest_json::encode(MODEL.operations.iter().find(|op| op.name == name).unwrap(), output)
}

fn text(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

fn texts(texts: &[&str]) -> Option<Value> {
    Some(Value::List(texts.iter().filter_map(|each| text(each)).collect()))
}

const NOON: Timestamp = Timestamp::from_seconds(1_532_433_600);

#[test]
fn method_and_path_name_the_operation() {
    assert_eq!(found("POST", "/things/a/b/c").unwrap(), "Everywhere");
    assert_eq!(found("POST", "/things/all/b").unwrap(), "Special");
    assert_eq!(found("PUT", "/bytes").unwrap(), "Bytes");
    for (method, path) in [("GET", "/bytes"), ("POST", "/"), ("POST", "/things/a")] {
        let error = found(method, path).unwrap_err();
        assert!(error.is(&INVALID_ACTION));
        assert_eq!(error.status(MODEL.protocol), 404);
        assert_eq!(error.kind().rest.code, "UnknownOperationException");
    }
}

#[test]
fn members_come_from_everywhere() {
    let query = "max=7&flag=true&since=2018-07-24T12%3A00%3A00Z&tag=a+b&tag=c%2Bd&other";
    let headers: &[(&str, &[u8])] = &[
        ("x-number", b"-1"),
        ("X-SECRET", b" hunter2 "),
        ("x-texts", b"a, \"b,c\""),
        ("x-texts", b"d"),
        ("x-time", b"Tue, 24 Jul 2018 12:00:00 GMT"),
        ("x-times", b"Tue, 24 Jul 2018 12:00:00 GMT, Tue, 24 Jul 2018 12:00:00 GMT"),
        ("x-meta-Colour", b"red"),
        ("x-meta-", b"nameless"),
    ];
    let body = br#"{"Said": "x", "At": 1532433600, "Iso": "2018-07-24T12:00:00Z",
        "Inner": {"Deep": "y", "X-Deep": "z"}, "Name": "not from here"}"#;
    let input = decoded("Everywhere", ("/things/a%20b+c/d/e%2Ff", query), headers, body).unwrap();
    let noon = || Some(Value::Timestamp(NOON));
    let meta = [("colour".to_owned(), Value::String("red".to_owned()))];
    let expected = vec![
        text("a b+c"),
        text("d/e/f"),
        Some(Value::Integer(7)),
        Some(Value::Boolean(true)),
        noon(),
        texts(&["a b", "c+d"]),
        Some(Value::Integer(-1)),
        Some(Value::Sensitive("hunter2".into())),
        texts(&["a", "b,c", "d"]),
        noon(),
        Some(Value::List(vec![Value::Timestamp(NOON); 2])),
        Some(Value::Map(meta.into())),
        text("x"),
        noon(),
        noon(),
        Some(Value::Structure(vec![text("y"), text("z")])),
    ];
    assert_eq!(input, Value::Structure(expected));
}

#[test]
fn what_is_absent_stays_absent() {
    let input = decoded("Everywhere", ("/things/a/b", ""), &[], b"").unwrap();
    assert!((2..16).all(|slot| input.member(slot).is_none()), "{input:?}");
    assert_eq!(decoded("Bytes", ("/bytes", ""), &[], b"").unwrap(), Value::empty(2));
    assert_eq!(decoded("Query", ("/query", ""), &[], b"ignored").unwrap(), Value::empty(1));
}

#[test]
fn the_body_can_be_one_member() {
    let input = decoded("Bytes", ("/bytes", ""), &[("content-type", b"a/b")], b"\xff\0").unwrap();
    assert_eq!(input, Value::Structure(vec![text("a/b"), Some(Value::Blob(vec![0xff, 0].into()))]));
    let input = decoded("Inner", ("/inner", ""), &[], br#"{"Deep":"y"}"#).unwrap();
    assert_eq!(input.member(0), Some(&Value::Structure(vec![text("y"), None])));
}

#[test]
fn the_whole_query_can_be_one_member() {
    let query = "a=1&b=2&a=3&X-Amz-Signature=ab";
    let input = decoded("Query", ("/query", query), &[], b"").unwrap();
    let entries = [("a", texts(&["1", "3"])), ("b", texts(&["2"]))];
    let entries = entries.map(|(name, values)| (name.to_owned(), values.unwrap()));
    assert_eq!(input.member(0), Some(&Value::Map(entries.into())));
}

#[test]
fn what_is_wrong_is_refused() {
    type Headers<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(&str, Headers<'_>, &[u8], &str); 8] = [
        ("max=x", &[], b"", "'max' is not an integer"),
        ("max=1&max=2", &[], b"", "'max' is given more than once"),
        ("max=%zz", &[], b"", "The query has a bad percent escape or is not UTF-8."),
        ("flag=1", &[], b"", "'flag' is not true or false"),
        ("", &[("x-time", b"noon")], b"", "'X-Time' is not a timestamp"),
        ("", &[("x-number", b"\xff")], b"", "The header x-number is not UTF-8."),
        ("", &[("x-number", b"1"), ("X-Number", b"1")], b"", "'X-Number' is given more than once"),
        ("", &[], b"[]", "START_ARRAY can not be converted to a structure"),
    ];
    for (query, headers, body, message) in cases {
        let error = decoded("Everywhere", ("/things/a/b", query), headers, body).unwrap_err();
        assert_eq!(error.message(), message);
        assert_eq!(error.kind().rest.code, "SerializationException");
    }
}

#[test]
fn only_headers_that_are_read_must_be_signed() {
    let names = ["host", "x-number", "x-meta-a", "x-meta-", "X-TIME", "x-other"];
    let read: Vec<&str> =
        rest_json::read_headers(&MODEL.operations[1], names.into_iter()).collect();
    assert_eq!(read, ["x-number", "x-meta-a", "X-TIME"]);
}

#[test]
fn answers_put_members_in_their_places() {
    let meta = [("a".to_owned(), Value::String("b".to_owned()))];
    let inner = Value::Structure(vec![text("y"), text("z")]);
    let noon = || Some(Value::Timestamp(NOON));
    let slots = vec![
        Some(Value::Integer(202)),
        texts(&["a", "b,c"]),
        noon(),
        noon(),
        Some(Value::List(vec![Value::Timestamp(NOON); 2])),
        Some(Value::Map(meta.into())),
        noon(),
        Some(inner),
    ];
    let answer = encoded("Everywhere", &Value::Structure(slots));
    assert_eq!(answer.status, 202);
    assert_eq!(answer.content_type, "application/json");
    let headers: Vec<_> = answer.headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
    assert_eq!(
        headers,
        [
            "X-Texts: a, \"b,c\"",
            "X-Time: Tue, 24 Jul 2018 12:00:00 GMT",
            "X-Iso: 2018-07-24T12:00:00Z",
            "X-Times: Tue, 24 Jul 2018 12:00:00 GMT, Tue, 24 Jul 2018 12:00:00 GMT",
            "X-Meta-a: b",
        ]
    );
    assert_eq!(&answer.body[..], br#"{"At":1532433600.000,"Inner":{"Deep":"y","X-Deep":"z"}}"#);
    assert_eq!(encoded("Everywhere", &Value::empty(8)).status, 201);
    assert_eq!(encoded("Everywhere", &Value::empty(8)).body, "{}");
}

#[test]
fn an_answer_can_be_bytes() {
    let output = Value::Structure(vec![text("a/b"), Some(Value::Blob(vec![1, 0xff].into()))]);
    let answer = encoded("Bytes", &output);
    assert_eq!(&answer.body[..], [1, 0xff]);
    assert_eq!(answer.content_type, "application/octet-stream");
    assert_eq!(answer.headers, [("Content-Type".to_owned(), "a/b".to_owned())]);
    assert_eq!(encoded("Inner", &Value::empty(1)).body, "");
}

#[test]
fn an_error_is_its_message() {
    assert_eq!(
        rest_json::encode_error(&ACCESS_DENIED.with("no \"x\"")),
        r#"{"message":"no \"x\""}"#
    );
}

#[test]
fn a_real_service_is_read_as_its_clients_write() {
    let model = &accessanalyzer::MODEL;
    let operation = rest_json::operation(model, "POST", "/policy/validation", "").unwrap();
    let body = br#"{"locale": "EN", "policyDocument": "{}", "policyType": "IDENTITY_POLICY"}"#;
    let (path, query) = ("/policy/validation", "maxResults=5&nextToken=a%2Fb%3D");
    let input = rest_json::decode(operation, Request { path, query, headers: &[], body }).unwrap();
    wire::validate(operation.input.unwrap(), &input, model.telling()).unwrap();
    let input = accessanalyzer::ValidatePolicyRequest::from_value(input).unwrap();
    assert_eq!(operation.action, "access-analyzer:ValidatePolicy");
    assert_eq!((input.max_results, input.next_token.as_deref()), (Some(5), Some("a/b=")));
    assert_eq!(input.policy_type, accessanalyzer::PolicyType::IdentityPolicy);
    assert_eq!(input.policy_document, "{}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        at in 0..MODEL.operations.len(),
        path in ".*",
        query in ".*",
        header in prop::collection::vec(any::<u8>(), 0..40),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let names = ["x-number", "x-texts", "x-time", "x-times", "x-meta-a", "content-type"];
        let headers: Vec<(&str, &[u8])> =
            names.iter().map(|name| (*name, header.as_slice())).collect();
        let request = Request { path: &path, query: &query, headers: &headers, body: &body };
        let _ = rest_json::decode(&MODEL.operations[at], request);
        let _ = rest_json::operation(&MODEL, "POST", &path, &query);
    }

    #[test]
    fn what_stands_in_path_and_query_comes_back(name in ".+", item in ".*") {
        let escape = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
        let (path, query) = (format!("/things/{}/k", escape(&name)), format!("tag={}", escape(&item)));
        let input = decoded("Everywhere", (&path, &query), &[], b"").unwrap();
        prop_assert_eq!(input.member(0).cloned(), text(&name));
        prop_assert_eq!(input.member(5).cloned(), texts(&[&item]));
    }
}
