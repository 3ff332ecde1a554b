//! `moto_server`, the usual stand-in for AWS on a developer's machine: what the API is compared with.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::outcome::Outcome;

/// How long its start may take: it reads a lot of Python.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running `moto_server`; it ends when dropped.
pub(crate) struct Moto {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Moto {
    pub(crate) fn start(program: &Path) -> Outcome<Self> {
        let address = free_address()?;
        let process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`{}`: {error}", program.display()))?;
        let moto = Self { process, address };
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                return Err("moto_server does not answer".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(moto)
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A port that was free a moment ago.
fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
