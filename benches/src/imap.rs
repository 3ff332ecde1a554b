//! Reading mail: the summaries of a thousand messages, and what connections that wait cost.

use std::{net::Ipv4Addr, sync::Arc, time::Instant};

use crate::{
    Options,
    account::{self, PASSWORD},
    house::{House, Running},
    idle,
    imap_client::{self, ImapClient},
    messages::Pool,
    outcome::Outcome,
    pace::Pace,
    process::{self, Cpu},
    report::{self, grouped, micros},
    smtp,
};

/// Messages in the mailbox.
const MESSAGES: usize = 1_000;

/// How often they are fetched.
const FETCHES: usize = 30;

/// Measures and reports.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    report::part("imap: a mailbox with 1,000 messages");
    let house = House::found(options)?;
    let server = house.start()?;
    let at_rest = process::resident_bytes(server.process())?;
    report::figure("memory at rest, before any call", idle::mebibytes(at_rest));
    let mailboxes = account::mailboxes(&house, server.address("api")?, 1)?;
    let pool = Arc::new(Pool::without_large());
    let user = Arc::new(mailboxes);
    smtp::send(server.address("smtp")?, &user, &pool, smtp::WRITERS, MESSAGES)?;
    server.stop()?;

    let server = house.start()?;
    fetch(&server, &user[0])?;
    server.stop()?;
    let server = house.start()?;
    idle::run(&server, &user[0])?;
    server.stop()
}

fn fetch(server: &Running, user: &str) -> Outcome<()> {
    let (address, config) = (server.address("imap")?, imap_client::any_certificate()?);
    let mut client = ImapClient::connect(Ipv4Addr::LOCALHOST, address, config)?;
    client.command(&format!("LOGIN {user} {PASSWORD}"))?;
    client.command("SELECT INBOX")?;
    let first = fetch_all(&mut client)?;
    report::figure("the first FETCH of all after a start", micros(first));
    let before = Cpu::of(server.process())?;
    let mut pace = Pace::default();
    for _ in 0..FETCHES {
        pace.add_micros(fetch_all(&mut client)?);
    }
    let cpu = Cpu::of(server.process())?.since(before);
    let median = pace.median_micros();
    report::figure("FETCH 1:1000 (FLAGS UID ENVELOPE RFC822.SIZE)", micros(median));
    report::figure("messages/s", grouped(MESSAGES as f64 / median * 1e6));
    report::figure("processor time a FETCH", micros(cpu.micros_each(FETCHES)));
    Ok(())
}

fn fetch_all(client: &mut ImapClient) -> Outcome<f64> {
    let began = Instant::now();
    let answer = client.command("FETCH 1:1000 (FLAGS UID ENVELOPE RFC822.SIZE)")?;
    let took = began.elapsed();
    let count = answer.windows(8).filter(|window| window == b"ENVELOPE").count();
    if count != MESSAGES {
        return Err(format!("{count} messages instead of {MESSAGES}").into());
    }
    Ok(took.as_secs_f64() * 1e6)
}
