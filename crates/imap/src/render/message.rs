//! FETCH responses (RFC 3501, section 7.4.2).

use mailbox::{Flags, Keywords, Message};

use super::{envelope, out::Out, section, structure};
use crate::{grammar::fetch::Item, job::Fetched};

/// Writes one FETCH response with the given items.
pub(crate) fn write(out: &mut Out, sequence: usize, found: &Fetched, items: &[Item]) {
    out.text("* ").show(sequence).text(" FETCH ");
    out.list(items, |out, item| write_item(out, found, item)).text("\r\n");
}

/// Writes the FETCH response that tells of flags.
pub(crate) fn write_flags(
    out: &mut Out,
    sequence: usize,
    message: &Message,
    shown: bool,
    modseq: bool,
) {
    out.text("* ").show(sequence).text(" FETCH (UID ").show(message.uid);
    if shown {
        out.text(" FLAGS ");
        flags(out, message.flags, &message.keywords);
    }
    if modseq {
        out.text(" MODSEQ (").show(message.modseq).text(")");
    }
    out.text(")\r\n");
}

fn write_item(out: &mut Out, found: &Fetched, item: &Item) {
    let message = &found.message;
    match item {
        Item::Uid => {
            out.text("UID ").show(message.uid);
        }
        Item::Flags => flags(out.text("FLAGS "), message.flags, &message.keywords),
        Item::InternalDate => {
            let date = message.received_at.civil("%e-%b-%Y %H:%M:%S +0000");
            out.text("INTERNALDATE \"").text(&date).byte(b'"');
        }
        Item::Size => {
            out.text("RFC822.SIZE ").show(message.size_bytes);
        }
        Item::ModSeq => {
            out.text("MODSEQ (").show(message.modseq).byte(b')');
        }
        Item::Envelope => match &message.summary {
            Some(summary) => envelope::write(out.text("ENVELOPE "), &summary.envelope),
            None => {
                out.text("ENVELOPE NIL");
            }
        },
        Item::Body | Item::BodyStructure => {
            let extended = *item == Item::BodyStructure;
            out.text(if extended { "BODYSTRUCTURE " } else { "BODY " });
            match &message.summary {
                Some(summary) => structure::write(out, &summary.root, extended),
                None => {
                    out.text("NIL");
                }
            }
        }
        Item::Section(section) => match (&message.summary, &found.body) {
            (Some(summary), Some(body)) => section::write(out, section, summary, body),
            _ => {
                out.text(&section.label).text(" NIL");
            }
        },
    }
}

fn flags(out: &mut Out, flags: Flags, keywords: &Keywords) {
    const NAMES: [(Flags, &str); 5] = [
        (Flags::ANSWERED, "\\Answered"),
        (Flags::FLAGGED, "\\Flagged"),
        (Flags::DELETED, "\\Deleted"),
        (Flags::SEEN, "\\Seen"),
        (Flags::DRAFT, "\\Draft"),
    ];
    let system = NAMES.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name);
    out.list(system.chain(keywords.iter()), |out, name| {
        out.text(name);
    });
}
