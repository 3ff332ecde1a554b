//! What the kernel says of a process (proc(5)).

use std::{fs, time::Duration};

use crate::outcome::Outcome;

/// A tick of the times in `/proc/PID/stat`: 1/100 s on every Linux that Rust runs on (`USER_HZ`).
const TICK_MS: u64 = 10;

/// Where user time stands in `/proc/PID/stat`, counted after the name of the program; system time follows.
const USER_TIME_FIELD: usize = 11;

/// Processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl Cpu {
    /// What the process has used since it began, in all its threads.
    pub(crate) fn of(process: u32) -> Outcome<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name stands in parentheses and may hold anything.
        let (_, fields) = stat.rsplit_once(')').ok_or("a strange /proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let ticks = |field: usize| -> Outcome<Duration> {
            let ticks: u64 = fields.get(field).ok_or("a short /proc/PID/stat")?.parse()?;
            Ok(Duration::from_millis(ticks * TICK_MS))
        };
        Ok(Self { user: ticks(USER_TIME_FIELD)?, system: ticks(USER_TIME_FIELD + 1)? })
    }

    /// What was used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { user: self.user - earlier.user, system: self.system - earlier.system }
    }

    pub(crate) fn plus(self, more: Self) -> Self {
        Self { user: self.user + more.user, system: self.system + more.system }
    }

    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }

    /// Microseconds for each of `count` pieces of work.
    pub(crate) fn micros_each(self, count: usize) -> f64 {
        self.total().as_secs_f64() * 1e6 / count.max(1) as f64
    }
}

/// Memory that the process holds now, in bytes.
pub(crate) fn resident_bytes(process: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_this_process() {
        let me = std::process::id();
        assert!(resident_bytes(me).unwrap() > 100_000);
        let before = Cpu::of(me).unwrap();
        let spent = Cpu::of(me).unwrap().since(before);
        assert!(spent.micros_each(1) < 1e6);
    }
}
