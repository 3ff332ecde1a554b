//! The tables that the build script fills and the codecs walk.

use crate::{ErrorKind, Pattern, Telling, Template};

/// A service as its model describes it.
#[derive(Debug)]
pub struct ServiceModel {
    /// The prefix of its actions in policies: `iam`.
    pub service: &'static str,
    /// How it talks.
    pub protocol: Protocol,
    /// `2010-05-08`.
    pub api_version: &'static str,
    /// The host name's first label: `workmail`.
    pub endpoint_prefix: &'static str,
    /// The service part of the SigV4 credential scope.
    pub signing_name: &'static str,
    /// All operations served, sorted by name.
    pub operations: &'static [OperationModel],
}

impl ServiceModel {
    /// The operation of that name; names are case-sensitive.
    pub fn operation(&self, name: &str) -> Option<&'static OperationModel> {
        let found = self.operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
        self.operations.get(found)
    }

    /// How much it tells of broken constraints: IAM, unlike the others, shows no values.
    pub fn telling(&self) -> Telling {
        if self.service == "iam" { Telling::Places } else { Telling::Values }
    }

    /// The content type of its answers.
    pub fn content_type(&self) -> &'static str {
        match self.protocol {
            Protocol::Query { .. } => "text/xml",
            Protocol::Json { version: "1.0", .. } => "application/x-amz-json-1.0",
            Protocol::Json { .. } => "application/x-amz-json-1.1",
            Protocol::RestJson => "application/json",
        }
    }
}

/// How a service talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form parameters in, XML out.
    Query {
        /// The namespace of the answers.
        xml_namespace: &'static str,
    },
    /// JSON in, JSON out; the operation in the header `X-Amz-Target`.
    Json {
        /// `1.0` or `1.1`: part of the content type.
        version: &'static str,
        /// What stands before the operation in the header: `WorkMailService`.
        target_prefix: &'static str,
    },
    /// The operation in method and path, JSON or bytes in the body.
    RestJson,
}

/// An operation of a service.
#[derive(Debug)]
pub struct OperationModel {
    /// `CreateUser`.
    pub name: &'static str,
    /// As policies name it: `iam:CreateUser`.
    pub action: &'static str,
    /// The structure of its input; some operations have none.
    pub input: Option<&'static Shape>,
    /// The structure of its output; some operations have none.
    pub output: Option<&'static Shape>,
    /// The element around the output in a query answer: `CreateUserResult`.
    pub result_wrapper: &'static str,
    /// The HTTP method; `POST` in all protocols but the REST one.
    pub method: &'static str,
    /// The path, with labels; `/` in all protocols but the REST one.
    pub uri: Template,
    /// The HTTP status of a success.
    pub status: u16,
    /// Whether a call of it needs no signature.
    pub unsigned: bool,
    /// The errors that the model declares for it.
    pub errors: &'static [&'static ErrorKind],
}

/// A type, its constraints, and what it is made of.
#[derive(Debug)]
pub struct Shape {
    /// The model's name for it: `userNameType`.
    pub name: &'static str,
    /// What it is made of.
    pub kind: Kind,
    /// Whether its values may never be shown.
    pub sensitive: bool,
}

impl Shape {
    /// The members of a structure; nothing for any other shape.
    pub fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure(members) => members,
            _ => &[],
        }
    }
}

/// What a shape is made of.
#[derive(Debug)]
pub enum Kind {
    /// Named members.
    Structure(&'static [Member]),
    /// Elements of one shape.
    List(List),
    /// Values of one shape by key.
    Map(Map),
    /// Text.
    String(Text),
    /// A whole number of 32 bits, within bounds.
    Integer(Bounds),
    /// A whole number of 64 bits, within bounds.
    Long(Bounds),
    /// A number of 64 bits, within bounds.
    Double(Bounds),
    /// True or false.
    Boolean,
    /// A point in time; how it is written if the model wants it otherwise than the protocol has it.
    Timestamp(Option<TimestampFormat>),
    /// Bytes, with bounds on their number.
    Blob(Bounds),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name on the wire: `UserName`.
    pub name: &'static str,
    /// Its name in messages and in audit records: `userName`.
    pub camel: &'static str,
    /// Its type.
    pub shape: &'static Shape,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Where it stands; only the REST protocol puts members elsewhere than in the body.
    pub location: Location,
}

/// Where in a request or an answer a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the body, under its name.
    Body,
    /// In the path, in place of the label of its name.
    Label,
    /// In the query, under its name. A map is the whole query.
    Query,
    /// In the header of its name.
    Header,
    /// In all headers whose names begin with its name; the rest of the name is the key.
    PrefixHeaders,
    /// It is the HTTP status of the answer.
    Status,
    /// It is the whole body.
    Payload,
}

/// A list.
#[derive(Debug)]
pub struct List {
    /// The shape of each element.
    pub member: &'static Shape,
    /// The name of each element in query requests and XML answers; mostly `member`.
    pub member_name: &'static str,
    /// Whether the elements stand in the parent, without an element around them.
    pub flattened: bool,
    /// Bounds on the number of elements.
    pub length: Bounds,
}

/// A map from text to values of one shape.
#[derive(Debug)]
pub struct Map {
    /// The shape of each key.
    pub key: &'static Shape,
    /// The shape of each value.
    pub value: &'static Shape,
    /// The name of a key in query requests and XML answers; mostly `key`.
    pub key_name: &'static str,
    /// The name of a value in query requests and XML answers; mostly `value`.
    pub value_name: &'static str,
    /// Whether the entries stand in the parent, without an element around them.
    pub flattened: bool,
    /// Bounds on the number of entries.
    pub length: Bounds,
}

/// The constraints on a text.
#[derive(Debug)]
pub struct Text {
    /// Bounds on the number of characters.
    pub length: Bounds,
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
    /// The only values allowed, in the model's order; empty if it is no enum.
    pub values: &'static [&'static str],
}

/// Inclusive bounds on a length or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The least allowed.
    pub min: Option<i64>,
    /// The most allowed.
    pub max: Option<i64>,
}

/// How a point in time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// `2026-11-22T03:04:05Z`.
    Iso8601,
    /// Seconds since the epoch as a number, with milliseconds.
    EpochSeconds,
    /// `Tue, 24 Jul 2018 19:07:41 GMT`.
    HttpDate,
}
