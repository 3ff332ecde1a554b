//! Writing XML 1.0.

/// XML text in the making.
pub(super) struct Xml {
    pub(super) text: String,
}

impl Xml {
    fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    /// An element around what `content` writes.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.open(name);
        let start = self.text.len();
        content(self);
        if self.text.len() > start {
            return self.close(name);
        }
        self.text.pop();
        self.text.push_str("/>");
    }

    /// An element whose content is text as it stands.
    pub(super) fn leaf(&mut self, name: &str, content: &str) {
        self.element(name, |xml| xml.escaped(content));
    }

    /// Text so that a parser gives it back, except for what XML cannot carry even escaped (XML 1.0,
    /// section 2.2): that becomes U+FFFD, for an answer that no client can parse helps nobody.
    pub(super) fn escaped(&mut self, content: &str) {
        for letter in content.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                // parsers turn a bare carriage return into a line feed (section 2.11)
                '\r' => self.text.push_str("&#xD;"),
                '\t' | '\n' => self.text.push(letter),
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                _ => self.text.push(letter),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_with_nothing_in_it_is_short() {
        let mut xml = Xml { text: String::new() };
        xml.element("a", |xml| xml.leaf("b", ""));
        assert_eq!(xml.text, "<a><b/></a>");
    }

    #[test]
    fn escapes_what_has_a_meaning_and_replaces_what_cannot_be_said() {
        let mut xml = Xml { text: String::new() };
        xml.leaf("a", "<b c=\"d\">&\r\n\t\u{0}\u{1b}\u{ffff}ü😀");
        assert_eq!(
            xml.text,
            "<a>&lt;b c=&quot;d&quot;&gt;&amp;&#xD;\n\t\u{fffd}\u{fffd}\u{fffd}ü😀</a>"
        );
    }
}
