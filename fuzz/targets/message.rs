//! Messages: read into a summary, whose offsets lie within the message and which survives being kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailbox::Summary;

fuzz_target!(|message: &[u8]| {
    let summary = Summary::of(message);
    for part in summary.leaves() {
        assert!(part.body.range().end <= message.len());
    }
    let kept = summary.encode();
    assert_eq!(Summary::decode(&kept).map(|again| again.encode()).ok(), Some(kept));
    drop(Summary::decode(message));
});
