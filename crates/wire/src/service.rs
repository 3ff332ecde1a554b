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
