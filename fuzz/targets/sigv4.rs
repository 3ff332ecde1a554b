//! Signed requests: the first line is the target, then header lines, then the body.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sigv4::{Presented, Request};
use world::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let mut headers = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let Ok(name) = std::str::from_utf8(&line[..at]) else { return };
        headers.push((name, line.get(at + 1..).unwrap_or_default()));
    }
    let body = lines.next().unwrap_or_default();
    let request = Request { method: "POST", target, headers: &headers, body };
    if let Ok(Some(presented)) = Presented::parse(&request) {
        let now = Timestamp::from_seconds(1_440_938_160);
        drop(presented.check_time(now, Duration::from_secs(300)));
        let _ = (presented.scope(), presented.credential(), presented.token());
    }
});
