//! The walk through a message: header after header, part within part.

use std::ops::Range;

use mail_parser::DateTime;

use super::{
    Content, Disposition, Envelope, MAX_ADDRESSES, MAX_PART_DEPTH, MAX_PARTS, MAX_TEXT_BYTES, Part,
    SentDate, Span, Summary, address,
    fields::{Field, fields, header_end, trim_line_end},
    parameters,
    text::{Budget, unfold},
};

/// The longest date that is looked at, in bytes.
const MAX_DATE_BYTES: usize = 100;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

pub(super) fn read(message: &[u8]) -> Summary {
    let mut reader = Reader { message, budget: Budget::new(), parts_left: MAX_PARTS };
    reader.message(0..message.len(), 0)
}

struct Reader<'a> {
    message: &'a [u8],
    budget: Budget,
    parts_left: usize,
}

/// What a part is if its header does not say (RFC 2045, section 5.2; RFC 2046, section 5.1.5).
#[derive(Clone, Copy)]
enum Fallback {
    Text,
    Message,
}

impl Reader<'_> {
    fn message(&mut self, range: Range<usize>, depth: usize) -> Summary {
        let header = range.start..header_end(self.message, range.clone());
        let envelope = self.envelope(header);
        let root = self.part(range, Fallback::Text, depth);
        Summary { envelope, root }
    }

    fn envelope(&mut self, header: Range<usize>) -> Envelope {
        let mut envelope = Envelope::default();
        self.budget.cut = self.budget.is_spent();
        for field in fields(&self.message[header]) {
            envelope.take(&field, &mut self.budget);
        }
        envelope.cut |= self.budget.cut || self.budget.is_spent();
        envelope
    }

    /// Reads the part that fills `range`.
    fn part(&mut self, range: Range<usize>, fallback: Fallback, depth: usize) -> Part {
        let body_start = header_end(self.message, range.clone());
        let mut part = Part::blank(range.start..body_start, body_start..range.end);
        for field in fields(&self.message[range.start..body_start]) {
            part.take(&field, &mut self.budget);
        }
        part.complete(fallback);
        part.content = self.content(&part, body_start..range.end, depth);
        if part.is_text() || part.message().is_some() {
            let lines = memchr::memchr_iter(b'\n', &self.message[body_start..range.end]).count();
            part.lines = u32::try_from(lines).unwrap_or(u32::MAX);
        }
        part
    }

    fn content(&mut self, part: &Part, body: Range<usize>, depth: usize) -> Content {
        if depth >= MAX_PART_DEPTH {
            return Content::Data;
        }
        if part.media_type == "multipart" {
            return self.multipart(part, body, depth);
        }
        // An encoded message would have to be decoded first (RFC 2046, section 5.2.1 forbids the encoding).
        let plain = matches!(part.encoding.as_str(), "7bit" | "8bit" | "binary");
        if part.media_type == "message" && is_message(&part.subtype) && plain && self.parts_left > 0
        {
            self.parts_left -= 1;
            return Content::Message(Box::new(self.message(body, depth + 1)));
        }
        Content::Data
    }

    fn multipart(&mut self, part: &Part, body: Range<usize>, depth: usize) -> Content {
        let boundary = part.parameter("boundary").filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary.map(|boundary| format!("--{boundary}")) else {
            return Content::Data;
        };
        let fallback = if part.subtype == "digest" { Fallback::Message } else { Fallback::Text };
        let ranges = split(self.message, body, boundary.as_bytes(), self.parts_left);
        self.parts_left -= ranges.len();
        let parts: Vec<Part> =
            ranges.into_iter().map(|range| self.part(range, fallback, depth + 1)).collect();
        if parts.is_empty() { Content::Data } else { Content::Multipart(parts) }
    }
}

fn is_message(subtype: &str) -> bool {
    matches!(subtype, "rfc822" | "global")
}

/// Where the parts of a multipart lie (RFC 2046, section 5.1.1), at most `limit` of them. The line end before
/// a delimiter belongs to the delimiter.
fn split(message: &[u8], body: Range<usize>, delimiter: &[u8], limit: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let text = &message[..body.end];
    for found in memchr::memmem::find_iter(&text[body.start..], delimiter) {
        let at = body.start + found;
        let Some((last, after)) = delimiter_line(text, at, body.start, delimiter.len()) else {
            continue;
        };
        if let Some(start) = open {
            let before = trim_line_end(&text[start..at.max(start)]);
            parts.push(start..start + before.len());
        }
        open = (!last && parts.len() < limit).then_some(after);
        if open.is_none() {
            break;
        }
    }
    parts.extend(open.filter(|_| parts.len() < limit).map(|start| start..body.end));
    parts
}

/// If a delimiter line begins at `at`: whether it is the last one, and where the next line begins.
fn delimiter_line(
    text: &[u8],
    at: usize,
    body_start: usize,
    delimiter_bytes: usize,
) -> Option<(bool, usize)> {
    if at != body_start && text.get(at - 1) != Some(&b'\n') {
        return None;
    }
    let rest = &text[at + delimiter_bytes..];
    let line_bytes = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    let (line, last) = match rest[..line_bytes].strip_prefix(b"--") {
        Some(line) => (line, true),
        None => (&rest[..line_bytes], false),
    };
    let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    blank.then_some((last, at + delimiter_bytes + line_bytes))
}

impl Envelope {
    /// Takes a field of the header in; of fields that may stand once the first counts.
    fn take(&mut self, field: &Field<'_>, budget: &mut Budget) {
        self.take_text(field, budget);
        self.take_addresses(field, budget);
    }

    fn take_text(&mut self, field: &Field<'_>, budget: &mut Budget) {
        let slot = match () {
            () if field.is("Date") => &mut self.date,
            () if field.is("Subject") => &mut self.subject,
            () if field.is("In-Reply-To") => &mut self.in_reply_to,
            () if field.is("Message-ID") => &mut self.message_id,
            () if field.is("References") => &mut self.references,
            () => return,
        };
        if slot.is_some() || budget.is_spent() {
            return;
        }
        *slot = Some(budget.keep(unfold(field.value)));
        if field.is("Date") {
            self.sent = self.date.as_deref().and_then(sent_date);
        }
    }

    fn take_addresses(&mut self, field: &Field<'_>, budget: &mut Budget) {
        let slot = match () {
            () if field.is("From") => &mut self.from,
            () if field.is("Sender") => &mut self.sender,
            () if field.is("Reply-To") => &mut self.reply_to,
            () if field.is("To") => &mut self.to,
            () if field.is("Cc") => &mut self.cc,
            () if field.is("Bcc") => &mut self.bcc,
            () => return,
        };
        if slot.is_empty() {
            *slot = address::parse(&unfold(field.value), budget);
            self.cut |= slot.len() >= MAX_ADDRESSES || field.value.len() > MAX_TEXT_BYTES;
        }
    }
}

fn sent_date(text: &str) -> Option<SentDate> {
    let date = DateTime::parse_rfc822(text.get(..MAX_DATE_BYTES).unwrap_or(text))?;
    if !date.is_valid() {
        return None;
    }
    let local_day = date.to_timestamp_local().div_euclid(SECONDS_PER_DAY);
    Some(SentDate { seconds: date.to_timestamp(), local_day: i32::try_from(local_day).ok()? })
}

impl Part {
    fn blank(header: Range<usize>, body: Range<usize>) -> Self {
        Self {
            media_type: String::new(),
            subtype: String::new(),
            parameters: Vec::new(),
            id: None,
            description: None,
            encoding: String::new(),
            md5: None,
            disposition: None,
            language: Vec::new(),
            location: None,
            header: Span::new(header),
            body: Span::new(body),
            lines: 0,
            content: Content::Data,
        }
    }

    fn take(&mut self, field: &Field<'_>, budget: &mut Budget) {
        if budget.is_spent()
            || !field.name.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"Content-"))
        {
            return;
        }
        match () {
            () if field.is("Content-Type") => self.take_type(field, budget),
            () if field.is("Content-Transfer-Encoding") && self.encoding.is_empty() => {
                let (encoding, _) = parameters::split(&unfold(field.value), budget);
                self.encoding = encoding;
            }
            () if field.is("Content-Disposition") && self.disposition.is_none() => {
                let (kind, parameters) = parameters::split(&unfold(field.value), budget);
                self.disposition = (!kind.is_empty()).then_some(Disposition { kind, parameters });
            }
            () if field.is("Content-Language") && self.language.is_empty() => {
                self.language = languages(&unfold(field.value), budget);
            }
            () => self.take_text(field, budget),
        }
    }

    fn take_text(&mut self, field: &Field<'_>, budget: &mut Budget) {
        let slot = match () {
            () if field.is("Content-ID") => &mut self.id,
            () if field.is("Content-Description") => &mut self.description,
            () if field.is("Content-MD5") => &mut self.md5,
            () if field.is("Content-Location") => &mut self.location,
            () => return,
        };
        if slot.is_none() {
            *slot = Some(budget.keep(unfold(field.value)));
        }
    }

    fn take_type(&mut self, field: &Field<'_>, budget: &mut Budget) {
        if !self.media_type.is_empty() {
            return;
        }
        let (value, parameters) = parameters::split(&unfold(field.value), budget);
        if let Some((media_type, subtype)) = value.split_once('/') {
            let (media_type, subtype) = (media_type.trim(), subtype.trim());
            if is_token(media_type) && is_token(subtype) {
                self.media_type = media_type.to_owned();
                self.subtype = subtype.to_owned();
                self.parameters = parameters;
            }
        }
    }

    /// Fills in what the header did not say, or said in a way that cannot be understood.
    fn complete(&mut self, fallback: Fallback) {
        if self.encoding.is_empty() {
            "7bit".clone_into(&mut self.encoding);
        }
        if !self.media_type.is_empty() {
            return;
        }
        let (media_type, subtype) = match fallback {
            Fallback::Text => ("text", "plain"),
            Fallback::Message => ("message", "rfc822"),
        };
        media_type.clone_into(&mut self.media_type);
        subtype.clone_into(&mut self.subtype);
        if matches!(fallback, Fallback::Text) {
            self.parameters.push(("charset".to_owned(), "us-ascii".to_owned()));
        }
    }
}

/// RFC 2045, section 5.1.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

fn languages(text: &str, budget: &mut Budget) -> Vec<String> {
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    tags.take(super::MAX_PARAMETERS).map(|tag| budget.keep(tag.to_owned())).collect()
}
