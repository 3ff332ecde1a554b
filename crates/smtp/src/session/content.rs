//! DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030): how a message comes in.

use bytes::{Buf, BytesMut};
use world::Timestamp;

use super::{Asked, Envelope, Mail, Question, Session, State, Step};
use crate::{
    content::{Content, Fault},
    data::{Broken, Decoder, LineCheck, Progress, Sink},
    limits::MAX_DISCARD_FACTOR,
    reply::Reply,
    trace::{self, Hop, Protocol},
};

/// A message that comes in chunks.
#[derive(Debug)]
pub(super) struct Chunked {
    content: Content,
    check: LineCheck,
}

/// A chunk while it comes in.
#[derive(Debug)]
pub(super) struct Chunk {
    left_octets: u64,
    last: bool,
    whole_octets: u64,
    /// Set if the chunk is only read past.
    refusal: Option<Reply>,
}

impl Session {
    pub(super) fn data(&mut self, now: Timestamp) {
        match self.may_data().and_then(|()| self.open_content(now)) {
            Ok(content) => {
                self.say(&Reply::new(354, "", "end with a dot on a line by itself"));
                self.state = State::Data { decoder: Decoder::new(), content };
            }
            Err(reply) => self.refuse(&reply),
        }
    }

    fn may_data(&self) -> Result<(), Reply> {
        match &self.envelope {
            None => Err(Reply::new(503, "5.5.1", "MAIL comes first")),
            // RFC 3030 section 2: DATA and BDAT do not mix.
            Some(Envelope { chunks: Some(_), .. }) => {
                Err(Reply::new(503, "5.5.1", "the message was begun with BDAT"))
            }
            Some(envelope) if envelope.recipients.is_empty() => {
                Err(Reply::new(503, "5.5.1", "no recipient was accepted"))
            }
            Some(_) => Ok(()),
        }
    }

    /// A message with its trace fields and nothing else yet.
    fn open_content(&self, now: Timestamp) -> Result<Content, Reply> {
        let Some(envelope) = &self.envelope else { return Err(out_of_step()) };
        let trace = trace::return_path(envelope.sender.as_ref()) + &self.received(envelope, now);
        let limit = self.config.limits.message_octets;
        let share = self.config.budget.share(self.peer.address);
        Content::new(trace.as_bytes(), envelope.declared_octets, limit, share).map_err(Fault::reply)
    }

    fn received(&self, envelope: &Envelope, at: Timestamp) -> String {
        let (extended, peer_name) = match &self.hello {
            Some(hello) => (hello.extended, hello.name.as_str()),
            None => (false, "unknown"),
        };
        let protocol = Protocol {
            extended,
            tls: self.peer.tls,
            authenticated: self.authenticated,
            utf8: envelope.utf8,
        };
        trace::received(&Hop {
            peer_name,
            peer: self.peer.address,
            host: &self.config.host,
            id: &self.mail_id(),
            protocol,
            at,
        })
    }

    fn mail_id(&self) -> String {
        format!("{}.{}", self.peer.id, self.transactions)
    }

    pub(super) fn read_data(&mut self, input: &mut BytesMut) -> Option<Step> {
        let State::Data { decoder, content } = &mut self.state else { return None };
        if input.is_empty() {
            return Some(Step::Read);
        }
        let (used, progress) = decoder.decode(input, content);
        let hopeless = content.is_hopeless();
        input.advance(used);
        match progress {
            Progress::More if hopeless => self.hang_up(&Fault::TooLarge.reply()),
            Progress::More => return Some(Step::Read),
            Progress::Broken(broken) => self.hang_up(&explain(broken)),
            Progress::End => {
                let State::Data { content, .. } = self.leave() else { return None };
                return self.finish(content);
            }
        }
        None
    }

    fn leave(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Command)
    }

    /// The message is whole: ask for it to be taken, or refuse it. Either way the transaction is over.
    fn finish(&mut self, content: Content) -> Option<Step> {
        let envelope = self.envelope.take()?;
        let circles = trace::goes_in_circles(content.message());
        let trace_octets = content.trace_octets();
        let (content, share) = match content.finish() {
            Ok(finished) => finished,
            Err(fault) => {
                self.refuse(&fault.reply());
                return None;
            }
        };
        if circles {
            self.refuse(&Reply::new(554, "5.4.6", "the message goes in circles"));
            return None;
        }
        self.state = State::Asked(Asked::Deliver);
        let return_path_octets = trace::return_path(envelope.sender.as_ref()).len();
        Some(Step::Ask(Question::Deliver(Box::new(Mail {
            id: self.mail_id(),
            sender: envelope.sender,
            recipients: envelope.recipients,
            content,
            return_path_octets,
            trace_octets,
            peer: self.peer.address,
            hello: self.hello.as_ref().map(|hello| hello.name.clone()).unwrap_or_default(),
            utf8: envelope.utf8,
            _share: share,
        }))))
    }

    /// The octets of a chunk follow whatever is said to it, so a refused one is read past.
    pub(super) fn bdat(&mut self, octets: u64, last: bool, now: Timestamp) {
        let most = self.config.limits.message_octets.saturating_mul(MAX_DISCARD_FACTOR);
        if octets > u64::try_from(most).unwrap_or(u64::MAX) {
            return self.hang_up(&Fault::TooLarge.reply());
        }
        if octets == 0 {
            self.count_idle();
        }
        if self.is_closed() {
            return;
        }
        let refusal = self.open_chunked(now).err();
        let chunk = Chunk { left_octets: octets, last, whole_octets: octets, refusal };
        self.state = State::Chunk(chunk);
    }

    fn open_chunked(&mut self, now: Timestamp) -> Result<(), Reply> {
        if self.envelope.as_ref().is_some_and(|envelope| envelope.chunks.is_some()) {
            return Ok(());
        }
        self.may_data()?;
        let content = self.open_content(now)?;
        let envelope = self.envelope.as_mut().ok_or_else(out_of_step)?;
        envelope.chunks = Some(Chunked { content, check: LineCheck::default() });
        Ok(())
    }

    pub(super) fn read_chunk(&mut self, input: &mut BytesMut) -> Option<Step> {
        let State::Chunk(chunk) = &mut self.state else { return None };
        let left = usize::try_from(chunk.left_octets).unwrap_or(usize::MAX);
        if left > 0 && input.is_empty() {
            return Some(Step::Read);
        }
        let piece = input.split_to(left.min(input.len()));
        chunk.left_octets -= piece.len() as u64;
        if chunk.refusal.is_none()
            && let Some(chunked) = self.envelope.as_mut().and_then(|e| e.chunks.as_mut())
        {
            chunk.refusal = chunked.take(&piece, chunk.last && chunk.left_octets == 0).err();
        }
        if chunk.left_octets > 0 { Some(Step::Read) } else { self.end_chunk() }
    }

    /// A failed chunk ends the transaction; chunks that are under way already find none
    /// (RFC 3030 section 2).
    fn end_chunk(&mut self) -> Option<Step> {
        let State::Chunk(chunk) = self.leave() else { return None };
        if let Some(refusal) = chunk.refusal {
            self.envelope = None;
            self.refuse(&refusal);
            return None;
        }
        if !chunk.last {
            self.say(&Reply::new(250, "2.0.0", format!("{} octets received", chunk.whole_octets)));
            return None;
        }
        let chunked = self.envelope.as_mut().and_then(|envelope| envelope.chunks.take())?;
        self.finish(chunked.content)
    }
}

impl Chunked {
    fn take(&mut self, piece: &[u8], last: bool) -> Result<(), Reply> {
        self.check.check(piece, &mut self.content).map_err(explain)?;
        self.content.write(piece);
        if last {
            self.check.finish().map_err(explain)?;
        }
        Ok(())
    }
}

fn explain(broken: Broken) -> Reply {
    let text = match broken {
        Broken::BareCr => "message holds a CR without LF",
        Broken::BareLf => "message holds an LF without CR",
    };
    Reply::new(554, "5.6.0", text)
}

/// Cannot happen: the states are entered only with an envelope.
fn out_of_step() -> Reply {
    Reply::new(503, "5.5.1", "MAIL comes first")
}
