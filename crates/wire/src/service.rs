//! What a service is in Rust: its operations, its trait, and the way from one to the other.

/// The operations of a service, the trait that serves them, and the dispatch between the two.
///
/// The trait has no default bodies: whoever serves a service serves all of it.
macro_rules! service {
    ($trait:ident $prefix:literal $($operation:ident => $method:ident($($input:ident)?) -> $output:ty;)*) => {
        /// The operations served.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the model carries no prose")]
        pub enum Operation {
            $($operation,)*
        }

        impl Operation {
            /// All of them, sorted by name.
            pub const ALL: &'static [Self] = &[$(Self::$operation,)*];

            /// `CreateUser`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => stringify!($operation),)*
                }
            }

            /// As policies name it: `iam:CreateUser`.
            pub const fn action(self) -> &'static str {
                match self {
                    $(Self::$operation => concat!($prefix, ":", stringify!($operation)),)*
                }
            }

            /// The operation of that name; case counts.
            pub fn parse(name: &str) -> Option<Self> {
                let found = Self::ALL.binary_search_by(|operation| operation.name().cmp(name));
                Self::ALL.get(found.ok()?).copied()
            }
        }

        /// One method per operation. Inputs have been validated against the model's constraints.
        pub trait $trait: Send + Sync {
            /// What a call brings along besides its input: who calls, and the way to the data.
            type Call: Send;

            $(
                #[allow(missing_docs, reason = "the model carries no prose")]
                fn $method(
                    &self,
                    call: &mut Self::Call,
                    $(input: $input,)?
                ) -> impl Future<Output = Result<$output, crate::Error>> + Send;
            )*
        }

        /// Calls the method of `operation` with a validated `input` and gives its output.
        pub fn dispatch<'a, S: $trait>(
            service: &'a S,
            operation: Operation,
            call: &'a mut S::Call,
            input: crate::Value,
        ) -> crate::Answer<'a> {
            use crate::convert::Shaped;
            match operation {
                $(Operation::$operation => Box::pin(async move {
                    let output = service.$method(call, $($input::from_value(input)?)?).await?;
                    Ok(output.into_value())
                }),)*
            }
        }
    };
}

pub(crate) use service;

/// An output to come.
pub type Answer<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<crate::Value, crate::Error>> + Send + 'a>>;

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macros are made for public modules")]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use crate::{
        Error, ErrorKind, Mismatch, Shaped, Value,
        convert::structure,
        errors::{ACCESS_DENIED, INTERNAL_FAILURE},
    };

    structure! { EchoRequest { text: String, } }
    structure! { EchoResponse { text: Option<String>, } }

    service! {
        Echo "echo"
        Fail => fail() -> ();
        Repeat => repeat(EchoRequest) -> EchoResponse;
        Run => run(EchoRequest) -> ();
    }

    struct Canyon;

    impl Echo for Canyon {
        type Call = String;

        async fn fail(&self, _: &mut String) -> Result<(), Error> {
            Err(ACCESS_DENIED.with("silence"))
        }

        async fn repeat(
            &self,
            heard: &mut String,
            input: EchoRequest,
        ) -> Result<EchoResponse, Error> {
            heard.push_str(&input.text);
            Ok(EchoResponse { text: Some(input.text) })
        }

        async fn run(&self, _: &mut String, input: EchoRequest) -> Result<(), Error> {
            input.text.parse::<u8>()?;
            Ok(())
        }
    }

    /// Runs a future that waits for nothing.
    fn dispatched(operation: Operation, heard: &mut String, input: Value) -> Result<Value, Error> {
        let answer = dispatch(&Canyon, operation, heard, input);
        match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the future waits"),
        }
    }

    fn text(text: &str) -> Value {
        EchoRequest { text: text.to_owned() }.into_value()
    }

    fn refusal(operation: Operation, input: Value) -> (&'static ErrorKind, Error) {
        let error = dispatched(operation, &mut String::new(), input).unwrap_err();
        (error.kind(), error)
    }

    #[test]
    fn carries_input_call_and_output() {
        let mut heard = String::from("you said ");
        assert_eq!(
            dispatched(Operation::Repeat, &mut heard, text("hallo")).unwrap(),
            text("hallo")
        );
        assert_eq!(heard, "you said hallo");
        assert_eq!(dispatched(Operation::Run, &mut heard, text("7")).unwrap(), Value::empty(0));
    }

    #[test]
    fn carries_errors() {
        assert_eq!(refusal(Operation::Fail, Value::empty(0)).0, &ACCESS_DENIED);
        let (kind, error) = refusal(Operation::Run, text("x"));
        assert_eq!(kind, &INTERNAL_FAILURE);
        assert!(error.source_ref::<std::num::ParseIntError>().is_some());
    }

    #[test]
    fn an_input_that_was_not_validated_is_a_failure_of_ours() {
        let (kind, error) = refusal(Operation::Repeat, Value::empty(1));
        assert_eq!(kind, &INTERNAL_FAILURE);
        assert!(error.source_ref::<Mismatch>().is_some());
    }

    #[test]
    fn operations_know_their_names() {
        assert_eq!(Operation::parse("Repeat"), Some(Operation::Repeat));
        assert_eq!(Operation::parse("repeat"), None);
        assert_eq!(Operation::Run.action(), "echo:Run");
    }
}
