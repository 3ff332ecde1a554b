//! The memory of connections that wait: logged in, over TLS, with a mailbox selected.

use std::{thread, time::Duration};

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

/// For the server to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Measures and reports.
pub(crate) fn run(server: &Running, user: &str) -> Outcome<()> {
    let mut waiting = Vec::new();
    open(server, user, &mut waiting, FIRST)?;
    let before = process::resident_bytes(server.process())?;
    let opened = open(server, user, &mut waiting, CONNECTIONS)?;
    let after = process::resident_bytes(server.process())?;
    report::figure("idle connections", (FIRST + opened).to_string());
    let each_kib = after.saturating_sub(before) as f64 / 1024.0 / opened.max(1) as f64;
    report::figure("memory of an idle connection", format!("{each_kib:.1} KiB"));
    report::figure("memory with all of them", mebibytes(after));
    Ok(())
}

/// Opens connections up to `count` or to the most that the server lets in.
fn open(
    server: &Running,
    user: &str,
    waiting: &mut Vec<ImapClient>,
    count: usize,
) -> Outcome<usize> {
    let config = imap_client::any_certificate()?;
    let address = server.address("imap")?;
    for number in 0..count {
        let client = ImapClient::connect(address, config.clone()).and_then(|mut client| {
            client.command(&format!("LOGIN {user} {PASSWORD}"))?;
            client.command("SELECT INBOX")?;
            Ok(client)
        });
        match client {
            Ok(client) => waiting.push(client),
            Err(error) if number > 0 => {
                report::note(&format!("no more after {}: {error}", waiting.len()));
                thread::sleep(REST);
                return Ok(number);
            }
            Err(error) => return Err(error),
        }
    }
    thread::sleep(REST);
    Ok(count)
}

/// Bytes as people read them.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
