//! Messages to send: a mix of sizes, and content as mail has it, words and base64.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use world::{Random, SeededRandom};

/// Messages that are made; a load sends them in turn.
const POOL: usize = 400;

/// Characters in a line of text or base64.
const LINE_CHARS: usize = 76;

/// The seed, so that every run sends the same.
const SEED: u64 = 2027;

const WORDS: &str = "the of and to a in is you that it he for was on are as with his they at be this from \
    I have or by one had not but what all were when we there can an your which their said if do will each \
    about how up out them then she many some so these would other into has more her two like him see time \
    could no make than first been its who now people my made over did down only way find use may water \
    long little very after words called just where most know get through back much before go good new \
    write our used me man too any day same right look think also around another came come work three word \
    must because does part even place well such here take why things help put years different away again \
    off went old number great tell men say small every found still between name should invoice meeting \
    agenda minutes quarter budget contract delivery schedule customer account payment reminder attached \
    regards sincerely forward reply confirm deadline proposal review estimate order shipment warehouse";

/// Small, middle or large: from how many bytes to how many.
type Class = (usize, usize);

const SMALL: Class = (4_000, 8_000);
const MIDDLE: Class = (20_000, 60_000);
const LARGE: Class = (200_000, 1_000_000);

/// Ten messages in their order, over and over: 60 % small, 30 % middle, 10 % large.
const MIX: [Class; 10] = [SMALL, MIDDLE, SMALL, SMALL, MIDDLE, SMALL, LARGE, SMALL, MIDDLE, SMALL];

/// Messages of the mix, without their first line: who sends one puts a `Message-ID` before it. No line
/// begins with a dot, so the content can be sent as it stands.
pub(crate) struct Pool {
    messages: Vec<Bytes>,
}

impl Pool {
    /// 60 % of 4 to 8 KB, 30 % of 20 to 60 KB, 10 % of 200 KB to 1 MB.
    pub(crate) fn mixed() -> Self {
        Self::of(&MIX)
    }

    /// Small and middle ones, two to one.
    pub(crate) fn without_large() -> Self {
        Self::of(&[SMALL, SMALL, MIDDLE])
    }

    fn of(mix: &[Class]) -> Self {
        let mut draw = Draw(SeededRandom::new(SEED));
        let classes = mix.iter().cycle().take(POOL).enumerate();
        Self { messages: classes.map(|(number, class)| draw.message(number, *class)).collect() }
    }

    /// The whole of a message: a first line that no other has, and the content in its turn.
    pub(crate) fn write(&self, number: usize, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(
            format!("Message-ID: <{number}.bench@client.example>\r\n").as_bytes(),
        );
        into.extend_from_slice(&self.messages[number % self.messages.len()]);
    }

    /// The same, as its own.
    pub(crate) fn message(&self, number: usize) -> Bytes {
        let mut message = Vec::new();
        self.write(number, &mut message);
        message.into()
    }
}

/// Draws from a seeded source.
struct Draw(SeededRandom);

impl Draw {
    /// Below `limit`, which is small beside 2^64.
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % limit as u64) as usize
    }

    fn message(&mut self, number: usize, (from, to): Class) -> Bytes {
        let size = from + self.below(to - from);
        let mut text = format!(
            "From: \"Erika Sender {number}\" <erika{number}@client.example>\r\n\
             To: \"A Reader\" <reader@bench.awsapps.com>\r\n\
             Date: Sun, 22 Nov 2026 04:00:00 +0000\r\nSubject: {}\r\nMIME-Version: 1.0\r\n",
            self.line(40)
        );
        match size {
            small if small < 10_000 => {
                text.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
                self.words(&mut text, size);
            }
            middle if middle < 100_000 => self.alternative(&mut text, size),
            _ => self.attachment(&mut text, size),
        }
        text.into()
    }

    /// Words, and the same in HTML.
    fn alternative(&mut self, text: &mut String, size: usize) {
        text.push_str("Content-Type: multipart/alternative; boundary=\"=-alt\"\r\n\r\n");
        text.push_str("--=-alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
        self.words(text, size / 3);
        text.push_str("--=-alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n");
        while text.len() < size {
            let line = self.line(LINE_CHARS);
            text.push_str("<p style=\"margin: 0; font-family: sans-serif\">");
            text.push_str(&line);
            text.push_str("</p>\r\n");
        }
        text.push_str("</body></html>\r\n--=-alt--\r\n");
    }

    /// Words, and a file that does not compress.
    fn attachment(&mut self, text: &mut String, size: usize) {
        text.push_str("Content-Type: multipart/mixed; boundary=\"=-mix\"\r\n\r\n");
        text.push_str("--=-mix\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
        self.words(text, 3_000);
        text.push_str("--=-mix\r\nContent-Type: application/pdf; name=\"report.pdf\"\r\n");
        text.push_str("Content-Disposition: attachment; filename=\"report.pdf\"\r\n");
        text.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        let mut bytes = [0; LINE_CHARS / 4 * 3];
        while text.len() < size {
            self.0.fill(&mut bytes);
            BASE64_STANDARD.encode_string(bytes, text);
            text.push_str("\r\n");
        }
        text.push_str("--=-mix--\r\n");
    }

    fn words(&mut self, text: &mut String, bytes: usize) {
        let end = text.len() + bytes;
        while text.len() < end {
            let line = self.line(LINE_CHARS);
            text.push_str(&line);
            text.push_str("\r\n");
        }
    }

    /// Words up to so many characters; the first words of the list come more often, as in any language.
    fn line(&mut self, chars: usize) -> String {
        let words: Vec<&str> = WORDS.split_ascii_whitespace().collect();
        let mut line = String::new();
        loop {
            let limit = 1 + self.below(words.len());
            let word = words[self.below(limit)];
            if line.len() + word.len() >= chars {
                return line;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_sizes_of_the_mix_and_need_no_stuffing() {
        let pool = Pool::mixed();
        for message in &pool.messages {
            let fits = |(from, to): &Class| (*from..to + 1_000).contains(&message.len());
            assert!(MIX.iter().any(fits), "{}", message.len());
            assert!(message.ends_with(b"\r\n"));
            assert!(!message.windows(3).any(|window| window == b"\r\n." || window == b"\n\r\n."));
        }
        let of_size =
            |from, to| pool.messages.iter().filter(|m| (from..to).contains(&m.len())).count();
        assert_eq!(of_size(0, 10_000), POOL * 6 / 10);
        assert_eq!(of_size(100_000, usize::MAX), POOL / 10);
        assert_eq!(pool.message(1), Pool::mixed().message(1));
        assert_ne!(pool.message(1), pool.message(1 + POOL));
    }
}
