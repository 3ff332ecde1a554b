//! Policies in documents: the fenced blocks of Markdown that hold JSON.
//!
//! CommonMark, section 4.5, "Fenced code blocks".

use policy::Position;

/// A policy in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins.
    pub start: Position,
    /// The byte after its end.
    pub end: usize,
}

/// The policies of a text: those between fences, or, if what comes first is JSON, the whole text.
#[must_use]
pub fn policies(text: &str) -> Vec<Block> {
    let whole = Block { start: Position::START, end: text.len() };
    if text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with(['{', '[', '"']) {
        return vec![whole];
    }
    let blocks = fenced(text);
    // Without fences it was meant as a policy, whatever is wrong with it.
    if blocks.is_empty() && !text.lines().any(|line| fence(line).is_some()) {
        return vec![whole];
    }
    blocks
}

/// The fenced blocks that look like JSON or say that they are.
fn fenced(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Fence<'_>, Position)> = None;
    let mut at = Position::START;
    for line in text.split_inclusive('\n') {
        let next = Position { offset: at.offset + line.len(), line: at.line + 1, column: 1 };
        match (fence(line), &open) {
            (Some(fence), None) => open = Some((fence, next)),
            (Some(closing), Some((opening, start))) if closing.closes(opening) => {
                let content = text.get(start.offset..at.offset).unwrap_or_default();
                if opening.holds_policy(content) {
                    blocks.push(Block { start: *start, end: at.offset });
                }
                open = None;
            }
            _ => {}
        }
        at = next;
    }
    blocks
}

/// A line that opens or closes a block.
struct Fence<'a> {
    mark: char,
    length: usize,
    info: &'a str,
}

impl Fence<'_> {
    fn closes(&self, opening: &Fence<'_>) -> bool {
        self.mark == opening.mark && self.length >= opening.length && self.info.is_empty()
    }

    fn holds_policy(&self, content: &str) -> bool {
        let language = self.info.split([' ', ',', '{']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "json" | "json5" | "jsonc" => true,
            "" => content.trim_start().starts_with(['{', '"', '[']),
            _ => false,
        }
    }
}

fn fence(line: &str) -> Option<Fence<'_>> {
    let body = line.trim_start_matches(' ');
    let mark = body.chars().next().filter(|char| matches!(char, '`' | '~'))?;
    let rest = body.trim_start_matches(mark);
    let length = body.len() - rest.len();
    let info = rest.trim();
    // An info string after backticks has no backtick, else this is code within a line.
    let inline = mark == '`' && info.contains('`');
    (length >= 3 && line.len() - body.len() < 4 && !inline).then_some(Fence { mark, length, info })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        policies(text).iter().map(|block| &text[block.start.offset..block.end]).collect()
    }

    #[test]
    fn json_is_taken_whole() {
        for text in ["{}", " \n{\"a\": 1}\n", "\u{feff}{}", "\"a\": {}", "", "no JSON"] {
            assert_eq!(found(text), [text]);
        }
    }

    #[test]
    fn blocks_are_found_with_their_lines() {
        let text = "# T\n\n```\n{}\n```\nx ```y``` z\n~~~~ json x\r\n{\r\n~~~\r\n}\r\n~~~~\n```sh\nls\n```\n";
        assert_eq!(found(text), ["{}\n", "{\r\n~~~\r\n}\r\n"]);
        let lines: Vec<_> = policies(text).iter().map(|block| block.start.line).collect();
        assert_eq!(lines, [4, 8]);
        assert!(policies("text\n```\nls\n```\n").is_empty());
    }
}
