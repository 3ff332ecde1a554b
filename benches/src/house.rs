//! A running Chancery of its own: throw-away data, free ports.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Options, aws::Key, outcome::Outcome};

/// How long a start may take.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// How often the ready file is looked for.
const READY_PAUSE: Duration = Duration::from_micros(200);

/// A data folder with an account, and the program that can serve it.
pub(crate) struct House {
    binary: PathBuf,
    folder: TempDir,
    pub(crate) key: Key,
}

impl House {
    /// Makes the data folder and signs up an account.
    pub(crate) fn found(options: &Options) -> Outcome<Self> {
        let folder = TempDir::with_prefix_in("house-", &options.data)?;
        let binary = fs::canonicalize(&options.binary)
            .map_err(|error| format!("`{}`: {error}", options.binary.display()))?;
        let output = Command::new(&binary)
            .args(["account", "create", "--email", "root@example.com", "--name", "Bench"])
            .args(["--account-id", "123456789012", "--root-access-key", "--json", "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let key = Key::from_json(&serde_json::from_slice(&output.stdout)?)?;
        Ok(Self { binary, folder, key })
    }

    /// Starts the server and waits until it accepts.
    pub(crate) fn start(&self) -> Outcome<Running> {
        let ready = self.folder.path().join("ready.json");
        fs::remove_file(&ready).ok();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.binary);
        command.arg("serve").arg("--data").arg(self.folder.path().join("data"));
        command.arg("--ready-file").arg(&ready);
        for face in ["api", "smtp", "submission", "imap", "metrics"] {
            command.arg(format!("--{face}-listen")).arg("127.0.0.1:0");
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut running = Running { process: command.spawn()?, addresses: Value::Null };
        self.wait_until_ready(&mut running, &ready)?;
        running.addresses = serde_json::from_slice(&fs::read(&ready)?)?;
        Ok(running)
    }

    fn wait_until_ready(&self, running: &mut Running, ready: &Path) -> Outcome<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !ready.exists() {
            let ended = running.process.try_wait()?.is_some();
            if ended || Instant::now() > deadline {
                return Err(format!("not ready: {}", fs::read_to_string(self.log())?).into());
            }
            thread::sleep(READY_PAUSE);
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log.txt")
    }
}

/// A server that serves; it ends when dropped.
pub(crate) struct Running {
    process: Child,
    addresses: Value,
}

impl Running {
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Where a face accepts.
    pub(crate) fn address(&self, face: &str) -> Outcome<SocketAddr> {
        let address = self.addresses[face].as_str();
        Ok(address.ok_or_else(|| format!("the server has no {face}"))?.parse()?)
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
