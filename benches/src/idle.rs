//! The memory of connections that wait: logged in, over TLS, with a mailbox selected.

use std::{net::Ipv4Addr, thread, time::Duration};

use crate::{
    account::PASSWORD,
    house::Running,
    imap_client::{self, ImapClient},
    outcome::Outcome,
    process, report,
};

/// Connections that wait at one time.
const CONNECTIONS: usize = 500;

/// Connections before memory is looked at, so that what all share is there.
const FIRST: usize = 10;

/// Connections from one address: fewer than the 64 that the server lets in.
const PER_ADDRESS: usize = 50;

/// For the server to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Measures and reports.
pub(crate) fn run(server: &Running, user: &str) -> Outcome<()> {
    let mut waiting = Vec::new();
    open(server, user, &mut waiting, FIRST)?;
    let before = process::resident_bytes(server.process())?;
    open(server, user, &mut waiting, CONNECTIONS)?;
    let after = process::resident_bytes(server.process())?;
    report::figure("idle connections", waiting.len().to_string());
    let each_kib = after.saturating_sub(before) as f64 / 1024.0 / CONNECTIONS as f64;
    report::figure("memory of an idle connection", format!("{each_kib:.1} KiB"));
    report::figure("memory with all of them", mebibytes(after));
    Ok(())
}

/// Opens so many more connections, and waits until the server has come to rest.
fn open(server: &Running, user: &str, waiting: &mut Vec<ImapClient>, count: usize) -> Outcome<()> {
    let config = imap_client::any_certificate()?;
    for _ in 0..count {
        let host = u8::try_from(1 + waiting.len() / PER_ADDRESS)?;
        let from = Ipv4Addr::new(127, 0, 0, host);
        let mut client = ImapClient::connect(from, server.address("imap")?, config.clone())?;
        client.command(&format!("LOGIN {user} {PASSWORD}"))?;
        client.command("SELECT INBOX")?;
        waiting.push(client);
    }
    thread::sleep(REST);
    Ok(())
}

/// Bytes as people read them.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
