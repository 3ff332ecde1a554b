//! The names of functions.

use std::fmt;

/// The ARN of a function: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, perhaps with `:VERSION` or `:ALIAS`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionArn {
    region: String,
    account: String,
    name: String,
    qualifier: Option<String>,
}

/// Characters of a function's name, and of a qualifier, at most (AWS Lambda API Reference, `Invoke`).
const NAME_CHARS_MAX: usize = 140;
const QUALIFIER_CHARS_MAX: usize = 128;

impl FunctionArn {
    /// Takes an ARN apart. None if it is not one of a function.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let is_lambda = ["arn", "aws", "lambda"].iter().all(|word| parts.next() == Some(word));
        let (region, account) = (parts.next()?, parts.next()?);
        let is_function = parts.next() == Some("function");
        let (name, qualifier) = (parts.next()?, parts.next());
        let is_whole = parts.next().is_none();
        let is_region = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let fits = is_lambda
            && is_function
            && is_whole
            && is_region(region)
            && is_account
            && is_name(name, NAME_CHARS_MAX)
            && qualifier.is_none_or(is_qualifier);
        fits.then(|| Self {
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }

    /// The account of 12 digits that has it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region that it is in.
    pub fn region(&self) -> &str {
        &self.region
    }
}

fn is_name(text: &str, chars_max: usize) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=chars_max).contains(&text.len()) && text.bytes().all(is_part)
}

fn is_qualifier(text: &str) -> bool {
    text == "$LATEST" || is_name(text, QUALIFIER_CHARS_MAX)
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, account, name, qualifier } = self;
        write!(f, "arn:aws:lambda:{region}:{account}:function:{name}")?;
        qualifier.iter().try_for_each(|qualifier| write!(f, ":{qualifier}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_taken_apart_and_put_together() {
        for text in [
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:lambda:eu-west-1:123456789012:function:F_1-x:$LATEST",
            "arn:aws:lambda:us-east-1:123456789012:function:f:live",
        ] {
            assert_eq!(FunctionArn::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "f",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            "arn:aws:lambda:us-east-1:12345678901:function:f",
            "arn:aws:lambda::123456789012:function:f",
            "arn:aws:lambda:us-east-1:123456789012:function:f/../g",
            "arn:aws:lambda:us-east-1:123456789012:function:f:1:2",
            "arn:aws:s3:us-east-1:123456789012:function:f",
        ] {
            assert_eq!(FunctionArn::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(arn:aws:lambda:)?\\PC{0,64}") {
            if let Some(arn) = FunctionArn::parse(&text) {
                prop_assert_eq!(arn.to_string(), text);
            }
        }
    }
}
