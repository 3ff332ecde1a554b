//! ARNs of requests, and the patterns for them.
//!
//! An ARN has six parts, `arn:partition:service:region:account:resource`; the resource may hold colons
//! (IAM User Guide, "IAM identifiers").

use crate::{
    context::Context,
    document::Version,
    glob::Glob,
    template::{self, Piece, Syntax, VariableError, split_at_colons},
};

/// Parts of an ARN, `arn` among them.
const PARTS: usize = 6;

/// Wildcards and, in the resource part, variables: the text before the fifth colon takes none.
const RESOURCE_PART: usize = 5;

/// The parts of an ARN after `arn`.
pub(crate) type Parts<'a> = [&'a str; PARTS - 1];

/// Takes an ARN apart; nothing if it is none.
pub(crate) fn parts(arn: &str) -> Option<Parts<'_>> {
    let mut rest = arn.strip_prefix("arn:")?;
    let mut parts = [""; PARTS - 1];
    let (last, leading) = parts.split_last_mut()?;
    for part in leading {
        (*part, rest) = rest.split_once(':')?;
    }
    *last = rest;
    Some(parts)
}

/// The part of a pattern in which variables count.
pub(crate) fn after_fifth_colon(pattern: &str) -> &str {
    pattern.splitn(PARTS, ':').nth(RESOURCE_PART).unwrap_or_default()
}

/// The resource of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource<'a> {
    text: &'a str,
    /// `*`, for actions without a resource, has none: no ARN matches it.
    parts: Option<Parts<'a>>,
}

impl<'a> Resource<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, parts: parts(text) }
    }

    pub(crate) fn parts(self) -> Option<Parts<'a>> {
        self.parts
    }
}

/// What the parts are that a short ARN lacks (IAM User Guide, "IAM JSON policy elements: Resource").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShortArns {
    /// `*`, as in identity policies.
    Padded,
    /// Whatever a `*` reaches over, colons included; without one the entry matches nothing. As in resource
    /// policies.
    AsWritten,
}

/// An entry of `Resource` or `NotResource`.
#[derive(Debug)]
pub(crate) enum ResourcePattern {
    Any,
    Arn(Box<[Glob; PARTS - 1]>),
    /// A pattern over whole ARNs.
    Whole(Glob),
    Nothing,
}

impl ResourcePattern {
    /// Compiles an entry.
    pub(crate) fn new(
        text: &str,
        version: Version,
        short: ShortArns,
    ) -> Result<Self, VariableError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let is_short = text.splitn(PARTS, ':').count() < PARTS;
        if is_short && short == ShortArns::AsWritten {
            let pieces = template::read(text, Syntax::WILDCARDS)?;
            let reaches = pieces.contains(&Piece::Many);
            return Ok(if reaches { Self::Whole(Glob::new(pieces)) } else { Self::Nothing });
        }
        let mut globs = [const { Glob::Any }; PARTS - 1];
        // That the first part is `arn` was checked when the document was.
        for (index, part) in text.splitn(PARTS, ':').enumerate().skip(1) {
            let variables = index == RESOURCE_PART && version.has_variables();
            let pieces = template::read(part, Syntax { wildcards: true, variables })?;
            if let Some(glob) = globs.get_mut(index - 1) {
                *glob = Glob::new(pieces);
            }
        }
        Ok(Self::Arn(Box::new(globs)))
    }

    pub(crate) fn matches(&self, resource: Resource<'_>, context: &dyn Context) -> bool {
        match (self, resource.parts) {
            (Self::Any, _) => true,
            (Self::Nothing, _) | (_, None) => false,
            (Self::Arn(globs), Some(parts)) => match_parts(globs, &parts, context),
            (Self::Whole(glob), Some(_)) => glob.matches(resource.text, context),
        }
    }
}

/// A value of the `Arn` operators.
#[derive(Debug)]
pub(crate) enum ArnPattern {
    /// `*`: every ARN.
    Any,
    /// Six parts, each a pattern of its own, the first `arn` or a pattern for it.
    Parts(Box<[Glob; PARTS]>),
    /// A lone variable: the ARN that it holds.
    Whole(Glob),
    /// Too few parts.
    Nothing,
}

impl ArnPattern {
    pub(crate) fn new(text: &str, version: Version) -> Result<Self, VariableError> {
        let syntax = Syntax { wildcards: true, variables: version.has_variables() };
        let pieces = template::read(text, syntax)?;
        match pieces.as_slice() {
            [Piece::Many] => return Ok(Self::Any),
            [Piece::Variable(_)] => return Ok(Self::Whole(Glob::new(pieces))),
            _ => {}
        }
        // Cut before variables have their values, so that no value can move the parts.
        let parts: Vec<Glob> = split_at_colons(pieces, PARTS).into_iter().map(Glob::new).collect();
        Ok(match <[Glob; PARTS]>::try_from(parts) {
            Ok(globs) => Self::Parts(Box::new(globs)),
            Err(_) => Self::Nothing,
        })
    }

    /// Whether `arn` is an ARN and matches.
    pub(crate) fn matches(&self, arn: &str, context: &dyn Context) -> bool {
        let Some(parts) = parts(arn) else { return false };
        match self {
            Self::Any => true,
            Self::Whole(glob) => glob.matches(arn, context),
            Self::Nothing => false,
            Self::Parts(globs) => {
                let [prefix, globs @ ..] = &**globs;
                prefix.matches("arn", context) && match_parts(globs, &parts, context)
            }
        }
    }
}

/// The resource part differs most, so it is looked at first.
fn match_parts(globs: &[Glob; PARTS - 1], parts: &Parts<'_>, context: &dyn Context) -> bool {
    globs.iter().zip(parts).rev().all(|(glob, part)| glob.matches(part, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        let pattern = ResourcePattern::new(pattern, Version::V2012, ShortArns::Padded).unwrap();
        pattern.matches(Resource::new(resource), &())
    }

    #[test]
    fn parts_match_one_by_one() {
        let arn = "arn:aws:iam::111122223333:user/a/b:c";
        for pattern in [
            "*",
            arn,
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::1111????3333:*:c",
            "arn:aws:iam",
            "arn:aws:iam::111122223333",
            "arn:*:*:*:*:*",
        ] {
            assert!(matches(pattern, arn), "{pattern}");
        }
        for pattern in [
            "arn:aws:iam:*:user/a/b:c",
            "arn:aws:iam::111122223333:User/*",
            "arn:aws:s3",
            "arn:aws:iam::*",
            "arn:aws:iam::11112222333:user/a/b:c",
            "arn:aws:*3333:user/a/b:c",
        ] {
            let short = pattern == "arn:aws:iam::*";
            assert_eq!(matches(pattern, arn), short, "{pattern}");
        }
    }

    #[test]
    fn short_arns_of_resource_policies() {
        let matches = |pattern| {
            let pattern = ResourcePattern::new(pattern, Version::V2012, ShortArns::AsWritten);
            pattern.unwrap().matches(Resource::new("arn:aws:s3:::b/k"), &())
        };
        for pattern in
            ["*", "arn:aws:s3:::b/*", "arn:aws:s3:*", "arn:aws:s3:*:b/k", "arn:aws:s3:*k"]
        {
            assert!(matches(pattern), "{pattern}");
        }
        assert!(
            !matches("arn:aws:s3")
                && !matches("arn:aws:s3:?")
                && !matches("arn:aws:s3:::c*")
                && !matches("arn:aws:s4:*")
        );
    }

    #[test]
    fn an_action_without_resource_matches_only_the_star() {
        assert!(matches("*", "*"));
        assert!(!matches("arn:aws:iam::*:*", "*"));
        assert!(!matches("arn:aws:iam", "*"));
    }

    #[test]
    fn variables_stand_only_after_the_fifth_colon() {
        assert!(matches("arn:aws:s3:::${k,'x'}", "arn:aws:s3:::x"));
        assert!(matches("arn:aws:s3::${k}:x", "arn:aws:s3::${k}:x"));
        assert!(!matches("arn:aws:s3::${k,'1'}:x", "arn:aws:s3::1:x"));
    }
}
