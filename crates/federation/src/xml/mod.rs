//! XML as far as SAML needs it: documents read within bounds, their canonical form, signatures, encryption.

pub(crate) mod canonical;
pub(crate) mod encryption;
pub(crate) mod signature;

use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::{Document, Node, ParsingOptions};

/// Nodes of a document at most.
const NODES_MAX: u32 = 100_000;

/// Declarations of namespaces in a document at most: each nested one costs as much as all around it.
const NAMESPACES_MAX: usize = 2_000;

/// Attributes of an element at most: the parser compares each with all before it, which takes seconds for as many
/// as a response has room for.
const ATTRIBUTES_MAX: usize = 200;

/// How deep elements may be nested.
pub(crate) const DEPTH_MAX: usize = 48;

/// The document is not well-formed, or exceeds a bound, or has a document type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document cannot be read as XML")]
pub(crate) struct XmlError;

/// Reads a document. There are no document types, and so no entities but XML's own five.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    if text.matches("xmlns").count() > NAMESPACES_MAX
        || text.split('<').any(|tag| attributes(tag) > ATTRIBUTES_MAX)
    {
        return Err(XmlError);
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..Default::default() };
    Document::parse_with_options(text, options).map_err(|_| XmlError)
}

/// How many attributes a tag may have that begins `text`, at most: no tag goes past the next `<`, which stands in no
/// value either, and each attribute has an equals sign before a quote.
fn attributes(text: &str) -> usize {
    let values = text.split('=').skip(1);
    values.filter(|value| value.trim_start().starts_with(['"', '\''])).count()
}

/// The children of that name.
pub(crate) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    (namespace, name): (&'static str, &'static str),
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name((namespace, name)))
}

/// The child of that name, if there is exactly one.
pub(crate) fn only<'a, 'i>(
    node: Node<'a, 'i>,
    name: (&'static str, &'static str),
) -> Option<Node<'a, 'i>> {
    let mut found = children(node, name);
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// All text of an element that has no elements in it, without the space around it. Comments are passed over
/// and separate nothing: who reads only what stands before one, reads a name that was never signed.
pub(crate) fn text(node: Node<'_, '_>) -> Option<String> {
    if node.children().any(|child| child.is_element()) {
        return None;
    }
    let text: String =
        node.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
    Some(text.trim().to_owned())
}

/// The bytes that an element holds in base64, which may be broken into lines.
pub(crate) fn bytes(node: Node<'_, '_>) -> Option<Vec<u8>> {
    unbroken_base64(&text(node)?)
}

/// Bytes in base64 with white space anywhere in it.
pub(crate) fn unbroken_base64(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_document_type_no_entities() {
        for text in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM 'https://evil.test/x.dtd'><a/>",
            "<a>&b;</a>",
            "<a>",
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let many = format!("{}{}", "<a xmlns:b='c'>".repeat(2001), "</a>".repeat(2001));
        assert!(parse(&many).is_err());
        assert!(parse(&format!("<a>{}</a>", "<b/>".repeat(100_000))).is_err());
    }

    #[test]
    fn an_element_has_only_so_many_attributes() {
        let element = |count: usize, quote: &str| {
            let attributes = (0..count).map(|n| format!(" b{n} = {quote}>{quote}"));
            format!("<a{}/>", attributes.collect::<String>())
        };
        for quote in ["\"", "'"] {
            assert!(parse(&element(200, quote)).is_ok());
            assert!(parse(&element(201, quote)).is_err());
        }
        let text = "b=c&amp;".repeat(1_000);
        assert!(parse(&format!("<a>{text}</a>")).is_ok(), "a text is no attribute");
    }

    #[test]
    fn a_comment_separates_nothing() {
        let document = parse("<a> admin@example.com<!-- -->.evil.test <![CDATA[&]]></a>").unwrap();
        assert_eq!(text(document.root_element()).unwrap(), "admin@example.com.evil.test &");
        let nested = parse("<a>b<c/></a>").unwrap();
        assert_eq!(text(nested.root_element()), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(<a>)?\\PC{0,100}(</a>)?") {
            let _ = parse(&text);
        }
    }
}
