//! Where in a request something is wrong.

use std::fmt;

/// The way from the input to one of its parts, kept on the stack and written only when needed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    Input,
    Member(&'a Path<'a>, &'static str),
    Element(&'a Path<'a>, usize),
    Entry(&'a Path<'a>, &'a str),
}

impl<'a> Path<'a> {
    /// The member of the input that it begins with; nothing for the input itself.
    pub(crate) fn first(&self) -> &'a str {
        match self {
            Self::Input => "",
            Self::Member(Self::Input, camel) => camel,
            Self::Member(parent, _) | Self::Element(parent, _) | Self::Entry(parent, _) => {
                parent.first()
            }
        }
    }
}

/// As AWS writes it, elements counted from one: `tags.1.member.key`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => Ok(()),
            Self::Member(Self::Input, camel) => f.write_str(camel),
            Self::Member(parent, camel) => write!(f, "{parent}.{camel}"),
            Self::Element(parent, index) => write!(f, "{parent}.{}.member", index + 1),
            Self::Entry(parent, key) => write!(f, "{parent}.{key}.member"),
        }
    }
}
