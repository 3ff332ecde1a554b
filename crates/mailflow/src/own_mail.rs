//! Mail that the house itself writes to one person: a code to type, a word of welcome.

use std::fmt::Write;

use store::Transaction;
use world::{Timestamp, World};

use crate::{
    Error, Mailflow,
    parcel::{Letter, Parcel},
    route::{Addressee, Reach},
};

/// Whose data key encrypts the body of what leaves for other servers: it belongs to no organization.
const OWNER: &str = "house";

/// The first line of what has no return address: nobody reads what comes back (RFC 5321 section 4.5.5).
const RETURN_PATH: &str = "Return-Path: <>\r\n";

/// Octets of a line of text at most, so that it can be sent as it is (RFC 5322 section 2.1.1).
const LINE_OCTETS_MAX: usize = 998;

/// A message to be written.
#[derive(Clone, Copy, Debug)]
pub struct OwnMail<'a> {
    /// The one address that it is for.
    pub to: &'a str,
    /// What it is about: one line of ASCII.
    pub subject: &'a str,
    /// Plain text, its lines ended by `\n`.
    pub text: &'a str,
}

/// A message that is ready to be handed out in a transaction.
#[derive(Debug)]
pub struct Packed(Parcel);

impl Mailflow {
    /// Writes a message down and finds its way. Takes time: hold no transaction meanwhile.
    ///
    /// # Errors
    /// What the store says.
    pub async fn write(&self, mail: OwnMail<'_>) -> Result<Packed, Error> {
        let letter = Letter {
            id: self.world.random_hex::<16>(),
            sender: String::new(),
            content: compose(&self.host, mail, &self.world).into(),
            return_path_octets: RETURN_PATH.len(),
            utf8: !mail.to.is_ascii(),
        };
        let mut snapshot = self.store.read().await?;
        let recipients = [Addressee::of_inbox(mail.to)];
        let route = self.find_route(&mut snapshot, &recipients, Reach::Everywhere).await?;
        drop(snapshot);
        Parcel::pack(&self.store, letter, route, Some(OWNER)).await.map(Packed)
    }

    /// Puts a message into the mailbox that it is for, or into the queue, as part of the transaction. Says
    /// whether there was such a place. May be called again in another transaction.
    ///
    /// # Errors
    /// What the store says.
    pub async fn post(&self, tx: &mut Transaction, packed: &Packed) -> Result<bool, Error> {
        let out = packed.0.hand_out(tx, self.world.now()).await?;
        Ok(out.placed > 0)
    }
}

fn compose(host: &str, mail: OwnMail<'_>, world: &World) -> String {
    let OwnMail { to, subject, text } = mail;
    debug_assert!(subject.is_ascii() && !subject.contains(char::is_control));
    let mut message = RETURN_PATH.to_owned();
    let _ = write!(
        message,
        "Date: {}\r\nFrom: Chancery <no-reply@{host}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\
         Message-ID: <{}@{host}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        date(world.now()),
        world.random_uuid(),
    );
    for line in text.lines() {
        debug_assert!(line.len() <= LINE_OCTETS_MAX);
        let _ = write!(message, "{line}\r\n");
    }
    message
}

fn date(at: Timestamp) -> String {
    at.civil("%a, %d %b %Y %H:%M:%S +0000")
}
