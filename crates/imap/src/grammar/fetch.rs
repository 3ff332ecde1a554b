//! FETCH data items (RFC 3501, section 6.4.5; RFC 7162, section 3.1.4).

use super::{
    cursor::{Bad, Cursor, Parsed, ascii},
    set::Set,
};
use crate::limits::{MAX_FETCH_ITEMS, MAX_FIELD_SELECTIONS, MAX_HEADER_NAMES, MAX_PART_DEPTH};

/// What FETCH asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    pub(crate) set: Set,
    pub(crate) items: Vec<Item>,
    /// CHANGEDSINCE (RFC 7162, section 3.1.4.1).
    pub(crate) changed_since: Option<u64>,
}

/// One FETCH data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    /// `BODY`: the structure without extension data.
    Body,
    BodyStructure,
    ModSeq,
    Section(Section),
}

/// A piece of the message: `BODY[..]` and the RFC822 items that mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// How the response names it.
    pub(crate) label: String,
    pub(crate) part: Vec<u32>,
    pub(crate) text: SectionText,
    /// Whether fetching it leaves \Seen alone.
    pub(crate) peek: bool,
    /// First octet and number of octets.
    pub(crate) partial: Option<(u32, u32)>,
}

/// What of the part is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SectionText {
    /// The whole message, or the content of the part.
    Whole,
    Header,
    /// The named fields, or all but these.
    HeaderFields {
        names: Vec<String>,
        others: bool,
    },
    Text,
    Mime,
}

impl Fetch {
    /// `fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / list) [modifiers]`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let set = Set::parse(cursor)?;
        cursor.space()?;
        let items = items(cursor)?;
        let changed_since = if cursor.skip(b' ') { Some(changed_since(cursor)?) } else { None };
        Ok(Self { set, items, changed_since })
    }
}

fn changed_since(cursor: &mut Cursor) -> Parsed<u64> {
    cursor.expect(b'(', "a fetch modifier was expected")?;
    if !cursor.skip_word("CHANGEDSINCE ") {
        return Err(Bad("an unknown fetch modifier"));
    }
    let since = cursor.number64()?;
    cursor.expect(b')', "only one fetch modifier is known")?;
    Ok(since)
}

fn items(cursor: &mut Cursor) -> Parsed<Vec<Item>> {
    if cursor.peek() == Some(b'(') {
        let items = cursor.list(MAX_FETCH_ITEMS, false, item)?;
        return match items.iter().filter(|item| selects_fields(item)).count() {
            0..=MAX_FIELD_SELECTIONS => Ok(items),
            _ => Err(Bad("too many items that choose header fields")),
        };
    }
    let fast = [Item::Flags, Item::InternalDate, Item::Size];
    if cursor.skip_word("ALL") {
        return Ok([&fast[..], &[Item::Envelope]].concat());
    }
    if cursor.skip_word("FAST") {
        return Ok(fast.to_vec());
    }
    if cursor.skip_word("FULL") {
        return Ok([&fast[..], &[Item::Envelope, Item::Body]].concat());
    }
    Ok(vec![item(cursor)?])
}

fn selects_fields(item: &Item) -> bool {
    matches!(item, Item::Section(Section { text: SectionText::HeaderFields { .. }, .. }))
}

fn item(cursor: &mut Cursor) -> Parsed<Item> {
    match cursor.word()?.as_str() {
        "FLAGS" => Ok(Item::Flags),
        "UID" => Ok(Item::Uid),
        "INTERNALDATE" => Ok(Item::InternalDate),
        "RFC822.SIZE" => Ok(Item::Size),
        "ENVELOPE" => Ok(Item::Envelope),
        "BODYSTRUCTURE" => Ok(Item::BodyStructure),
        "MODSEQ" => Ok(Item::ModSeq),
        "BODY" if cursor.peek() != Some(b'[') => Ok(Item::Body),
        "BODY" => section(cursor, false),
        "BODY.PEEK" => section(cursor, true),
        "RFC822" => Ok(whole("RFC822", SectionText::Whole, false)),
        "RFC822.HEADER" => Ok(whole("RFC822.HEADER", SectionText::Header, true)),
        "RFC822.TEXT" => Ok(whole("RFC822.TEXT", SectionText::Text, false)),
        _ => Err(Bad("an unknown fetch item")),
    }
}

fn whole(label: &str, text: SectionText, peek: bool) -> Item {
    Item::Section(Section { label: label.to_owned(), part: Vec::new(), text, peek, partial: None })
}

/// `section = "[" [section-spec] "]" ["<" number "." nz-number ">"]`.
fn section(cursor: &mut Cursor, peek: bool) -> Parsed<Item> {
    cursor.expect(b'[', "a section was expected")?;
    let part = part(cursor)?;
    let text = section_text(cursor, &part)?;
    cursor.expect(b']', "a section ends with ]")?;
    let partial = if cursor.skip(b'<') { Some(partial(cursor)?) } else { None };
    let label = label(&part, &text, partial);
    Ok(Item::Section(Section { label, part, text, peek, partial }))
}

/// `section-part = nz-number *("." nz-number)`, with the dot behind it if text follows.
fn part(cursor: &mut Cursor) -> Parsed<Vec<u32>> {
    let mut part = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        if part.len() == MAX_PART_DEPTH {
            return Err(Bad("a part specifier is too deep"));
        }
        part.push(cursor.number_above_zero()?);
        if !cursor.skip(b'.') {
            break;
        }
        if cursor.peek() == Some(b']') {
            return Err(Bad("a part specifier ends with a dot"));
        }
    }
    Ok(part)
}

fn section_text(cursor: &mut Cursor, part: &[u32]) -> Parsed<SectionText> {
    if cursor.peek() == Some(b']') {
        return Ok(SectionText::Whole);
    }
    match cursor.word()?.as_str() {
        "HEADER" => Ok(SectionText::Header),
        "TEXT" => Ok(SectionText::Text),
        "MIME" if !part.is_empty() => Ok(SectionText::Mime),
        "HEADER.FIELDS" => header_fields(cursor, false),
        "HEADER.FIELDS.NOT" => header_fields(cursor, true),
        _ => Err(Bad("an unknown section")),
    }
}

fn header_fields(cursor: &mut Cursor, others: bool) -> Parsed<SectionText> {
    cursor.space()?;
    let names = cursor.list(MAX_HEADER_NAMES, false, |cursor| {
        let name = cursor.astring()?;
        let valid = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic() && *b != b':');
        if valid { Ok(ascii(&name)) } else { Err(Bad("a header name was expected")) }
    })?;
    Ok(SectionText::HeaderFields { names, others })
}

fn partial(cursor: &mut Cursor) -> Parsed<(u32, u32)> {
    let first = cursor.number()?;
    cursor.expect(b'.', "a partial range is <first.length>")?;
    let length = cursor.number_above_zero()?;
    cursor.expect(b'>', "a partial range ends with >")?;
    Ok((first, length))
}

/// The name of the item in the response: without PEEK, with the first octet only.
fn label(part: &[u32], text: &SectionText, partial: Option<(u32, u32)>) -> String {
    let mut spec: Vec<_> = part.iter().map(u32::to_string).collect();
    match text {
        SectionText::Whole => {}
        SectionText::Header => spec.push("HEADER".into()),
        SectionText::Text => spec.push("TEXT".into()),
        SectionText::Mime => spec.push("MIME".into()),
        SectionText::HeaderFields { names, others } => {
            let not = if *others { ".NOT" } else { "" };
            let names: Vec<_> = names.iter().map(|name| quoted_if_needed(name)).collect();
            spec.push(format!("HEADER.FIELDS{not} ({})", names.join(" ")));
        }
    }
    let origin = partial.map(|(first, _)| format!("<{first}>")).unwrap_or_default();
    format!("BODY[{}]{origin}", spec.join("."))
}

fn quoted_if_needed(name: &str) -> String {
    if name.bytes().all(super::cursor::is_astring) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn parse(text: &str) -> Parsed<Fetch> {
        let mut cursor = Cursor::new(Bytes::copy_from_slice(text.as_bytes()));
        let fetch = Fetch::parse(&mut cursor)?;
        cursor.end().map(|()| fetch)
    }

    fn labels(text: &str) -> Vec<String> {
        let labels = parse(text).unwrap().items.into_iter().filter_map(|item| match item {
            Item::Section(section) => Some(section.label),
            _ => None,
        });
        labels.collect()
    }

    #[test]
    fn macros_stand_for_their_items() {
        assert_eq!(parse("1 fast").unwrap().items, [Item::Flags, Item::InternalDate, Item::Size]);
        assert_eq!(parse("1 FULL").unwrap().items.len(), 5);
        assert_eq!(parse("1 BODY").unwrap().items, [Item::Body]);
        assert!(parse("1 (FAST)").is_err());
    }

    #[test]
    fn sections_keep_their_names() {
        let text = "1:* (BODY.PEEK[HEADER.FIELDS (Date From)] BODY[1.2.MIME]<5.10> body[] RFC822.TEXT BODY[2])";
        let wanted = [
            "BODY[HEADER.FIELDS (Date From)]",
            "BODY[1.2.MIME]<5>",
            "BODY[]",
            "RFC822.TEXT",
            "BODY[2]",
        ];
        assert_eq!(labels(text), wanted);
    }

    #[test]
    fn changed_since_is_a_modifier() {
        assert_eq!(parse("1:* (FLAGS) (CHANGEDSINCE 12345)").unwrap().changed_since, Some(12_345));
        assert!(parse("1:* (FLAGS) (CHANGEDSINCE x)").is_err());
        assert!(parse("1:* (FLAGS) (VANISHED)").is_err());
    }

    #[test]
    fn wrong_sections_are_refused() {
        for item in [
            "BODY[MIME]",
            "BODY[1.]",
            "BODY[0]",
            "BODY[1.X]",
            "BODY[]<1>",
            "BODY[]<1.0>",
            "BODY[",
            "X",
            "()",
        ] {
            assert!(parse(&format!("1 {item}")).is_err(), "{item}");
        }
        let deep = vec!["1"; MAX_PART_DEPTH + 1].join(".");
        assert!(parse(&format!("1 BODY[{deep}]")).is_err());
    }
}
