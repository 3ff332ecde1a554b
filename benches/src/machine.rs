//! What the figures were measured on.

use std::{fs, path::Path, process::Command, thread};

use crate::report;

/// Says it.
pub(crate) fn describe(data: &Path) {
    report::part("machine");
    let cores = thread::available_parallelism().map_or(0, usize::from);
    report::figure("processor", format!("{}, {cores} cores", processor()));
    report::figure("memory", first_field("/proc/meminfo", "MemTotal:"));
    report::figure("kernel", read("/proc/sys/kernel/osrelease"));
    report::figure("file system of the data", file_system(data));
    report::figure("load before (1 min)", first_word(&read("/proc/loadavg")));
}

fn processor() -> String {
    first_field("/proc/cpuinfo", "model name").trim_start_matches(':').trim().to_owned()
}

fn first_field(path: &str, name: &str) -> String {
    let text = read(path);
    let found = text.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or("unknown").trim().to_owned()
}

fn file_system(folder: &Path) -> String {
    let output = Command::new("stat").args(["--file-system", "--format=%T"]).arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}

fn first_word(text: &str) -> String {
    text.split_ascii_whitespace().next().unwrap_or("unknown").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}
