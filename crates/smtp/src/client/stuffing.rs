//! Dot-stuffing (RFC 5321 section 4.5.2).

/// The piece of a message that begins at a line start, with a dot before each line that begins with one.
pub(crate) fn dot_stuff(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    let mut rest = message;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end + 1);
        push(&mut wire, line);
        rest = after;
    }
    push(&mut wire, rest);
    wire
}

fn push(wire: &mut Vec<u8>, line: &[u8]) {
    if line.first() == Some(&b'.') {
        wire.push(b'.');
    }
    wire.extend_from_slice(line);
}
