//! Exclusive canonical XML, without comments (W3C, "Exclusive XML Canonicalization Version 1.0").

use std::collections::BTreeMap;

use roxmltree::{Attribute, Node};

use super::{DEPTH_MAX, XmlError};

/// The prefix that is bound to its namespace without being declared.
const XML_PREFIX: &str = "xml";

/// How an element is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method<'a> {
    /// Prefixes whose namespaces are written wherever they are in scope (section 2.1). The empty one is the
    /// default namespace.
    pub(crate) inclusive_prefixes: &'a [&'a str],
    /// An element to leave out: the signature, where it is enveloped by what it signs.
    pub(crate) without: Option<Node<'a, 'a>>,
}

/// The canonical form of an element.
///
/// # Errors
/// [`XmlError`] for processing instructions, and for elements nested too deep: neither is in a SAML response.
pub(crate) fn canonical(node: Node<'_, '_>, method: Method<'_>) -> Result<String, XmlError> {
    let mut writer = Writer { method, out: String::new() };
    writer.element(node, &BTreeMap::new(), 0)?;
    Ok(writer.out)
}

/// Prefixes with their namespaces; the default namespace has the empty prefix.
type Namespaces<'a> = BTreeMap<&'a str, &'a str>;

struct Writer<'m> {
    method: Method<'m>,
    out: String,
}

impl Writer<'_> {
    /// `rendered` are the namespaces that the elements around this one have declared in the output.
    fn element(
        &mut self,
        node: Node<'_, '_>,
        rendered: &Namespaces<'_>,
        depth: usize,
    ) -> Result<(), XmlError> {
        if depth > DEPTH_MAX {
            return Err(XmlError);
        }
        let name = qualified_name(node).ok_or(XmlError)?;
        let declared = self.declared(node, rendered);
        self.out.push('<');
        self.out.push_str(name);
        for (prefix, uri) in &declared {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.attribute_value(prefix, uri);
        }
        for attribute in sorted_attributes(node) {
            self.out.push(' ');
            let name = attribute_name(node, &attribute).ok_or(XmlError)?;
            self.attribute_value(name, attribute.value());
        }
        self.out.push('>');
        let mut inner = rendered.clone();
        inner.extend(declared);
        let left_out = self.method.without.map(|node| node.id());
        for child in node.children().filter(|child| Some(child.id()) != left_out) {
            self.child(child, &inner, depth)?;
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        Ok(())
    }

    fn child(
        &mut self,
        child: Node<'_, '_>,
        rendered: &Namespaces<'_>,
        depth: usize,
    ) -> Result<(), XmlError> {
        if child.is_element() {
            return self.element(child, rendered, depth + 1);
        }
        if child.is_pi() {
            return Err(XmlError);
        }
        if child.is_text() {
            self.text(child.text().unwrap_or_default());
        }
        Ok(())
    }

    /// The namespaces to declare here: those that the element and its attributes use, and the inclusive ones,
    /// unless the output has them already (section 3).
    fn declared<'a>(&self, node: Node<'a, '_>, rendered: &Namespaces<'_>) -> Namespaces<'a> {
        let mut used = Namespaces::new();
        let own_prefix = prefix(qualified_name(node).unwrap_or_default());
        used.insert(own_prefix, node.tag_name().namespace().unwrap_or_default());
        for attribute in node.attributes() {
            let attribute_prefix = prefix(attribute_name(node, &attribute).unwrap_or_default());
            // An attribute without a prefix is in no namespace.
            if !attribute_prefix.is_empty() {
                used.insert(attribute_prefix, attribute.namespace().unwrap_or_default());
            }
        }
        for namespace in node.namespaces() {
            let prefix = namespace.name().unwrap_or_default();
            if self.method.inclusive_prefixes.contains(&prefix) {
                used.insert(prefix, namespace.uri());
            }
        }
        used.retain(|prefix, uri| {
            let is_known = rendered.get(prefix).copied().unwrap_or_default() == *uri;
            *prefix != XML_PREFIX && !is_known
        });
        used
    }

    /// `name="value"` (Canonical XML 1.0, section 2.3, attribute nodes).
    fn attribute_value(&mut self, name: &str, value: &str) {
        self.out.push_str(name);
        self.out.push_str("=\"");
        for c in value.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    /// Text (Canonical XML 1.0, section 2.3, text nodes).
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#xD;"),
                c => self.out.push(c),
            }
        }
    }
}

/// By namespace, then by local name; those in no namespace come first.
fn sorted_attributes<'a, 'i>(node: Node<'a, 'i>) -> Vec<Attribute<'a, 'i>> {
    let mut attributes: Vec<_> = node.attributes().collect();
    attributes
        .sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
    attributes
}

/// The element's name as the document writes it, with its prefix.
fn qualified_name<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let tag = node.document().input_text().get(node.range())?.strip_prefix('<')?;
    let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')?;
    tag.get(..end)
}

fn attribute_name<'a>(node: Node<'a, '_>, attribute: &Attribute<'_, '_>) -> Option<&'a str> {
    node.document().input_text().get(attribute.range_qname())
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn of(text: &str, path: &[usize], inclusive_prefixes: &[&str]) -> String {
        let document = parse(text).unwrap();
        let mut node = document.root_element();
        for at in path {
            node = node.children().filter(Node::is_element).nth(*at).unwrap();
        }
        canonical(node, Method { inclusive_prefixes, without: None }).unwrap()
    }

    /// The examples of the recommendation, section 2.2.
    #[test]
    fn an_element_is_the_same_in_another_place() {
        let first = "<n0:local xmlns:n0='foo:bar' xmlns:n3='ftp://example.org'>\
            <n1:elem2 xmlns:n1='http://example.net' xml:lang='en'>\
            <n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n0:local>";
        let second = "<n2:pdu xmlns:n1='http://example.com' xmlns:n2='http://foo.example' xml:lang='fr' \
            xml:space='retain'><n1:elem2 xmlns:n1='http://example.net' xml:lang='en'>\
            <n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2></n2:pdu>";
        let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\
            <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        assert_eq!(of(first, &[0], &[]), expected);
        assert_eq!(of(second, &[0], &[]), expected);
        let inclusive = "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xml:lang=\"en\">\
            <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        assert_eq!(of(first, &[0], &["n0"]), inclusive);
    }

    #[test]
    fn the_default_namespace_is_undone_where_it_must_be() {
        let text = "<a xmlns='u:a'><b xmlns=''><c xmlns='u:a' d='1'/></b></a>";
        let expected = "<a xmlns=\"u:a\"><b xmlns=\"\"><c xmlns=\"u:a\" d=\"1\"></c></b></a>";
        assert_eq!(of(text, &[], &[]), expected);
        assert_eq!(of(text, &[0], &[]), "<b><c xmlns=\"u:a\" d=\"1\"></c></b>");
        assert_eq!(
            of("<a xmlns='u:a'><p:b xmlns:p='u:p'/></a>", &[0], &[""]),
            "<p:b xmlns=\"u:a\" xmlns:p=\"u:p\"></p:b>"
        );
    }

    #[test]
    fn attributes_are_sorted_and_characters_written_one_way() {
        let text = "<a xmlns:z='u:a' xmlns:b='u:z' b:c='1' z:d='2' e=\"&quot;'&lt;>&#9;&#10;&#13;\tx\" a='&amp;'>\
            &gt;&amp;&lt;&#13;\r\n\"<!-- gone --><![CDATA[<&>]]></a>";
        let expected = "<a xmlns:b=\"u:z\" xmlns:z=\"u:a\" a=\"&amp;\" \
            e=\"&quot;'&lt;>&#x9;&#xA;&#xD; x\" z:d=\"2\" b:c=\"1\">&gt;&amp;&lt;&#xD;\n\"&lt;&amp;&gt;</a>";
        assert_eq!(of(text, &[], &[]), expected);
    }

    #[test]
    fn what_is_in_no_response_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(60), "</a>".repeat(60));
        for text in ["<a><?b c?></a>", &deep] {
            let document = parse(text).unwrap();
            let method = Method { inclusive_prefixes: &[], without: None };
            assert!(canonical(document.root_element(), method).is_err());
        }
    }
}
