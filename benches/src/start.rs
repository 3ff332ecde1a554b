//! From the start of the program to its first answer, on a data folder that is there.

use std::{thread, time::Instant};

use crate::{
    Options, account, aws,
    house::House,
    http::Connection,
    idle::mebibytes,
    outcome::Outcome,
    pace::Pace,
    process,
    report::{self, micros},
};

/// How often the program is started.
const STARTS: usize = 10;

/// Until memory at rest is looked at.
const REST: std::time::Duration = std::time::Duration::from_secs(1);

const AIM_MICROS: f64 = 200_000.0;

/// Measures and reports.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    report::part("start: median of 10 starts on an existing data folder");
    let house = House::found(options)?;
    let server = house.start()?;
    account::mailboxes(&house, server.address("api")?, 1)?;
    server.stop()?;
    let (mut ready, mut answered, mut memory) = (Pace::default(), Pace::default(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = house.start()?;
        ready.add(began.elapsed());
        let connection = Connection::new(server.address("api")?);
        aws::Client::new(house.key.clone(), connection).iam("GetUser", &[])?;
        answered.add(began.elapsed());
        thread::sleep(REST);
        memory.push(process::resident_bytes(server.process())?);
        server.stop()?;
    }
    report::figure("to the ready file", micros(ready.median_micros()));
    let median = answered.median_micros();
    let met = median < AIM_MICROS;
    report::aimed("to the first signed answer", micros(median), "< 200 ms", met);
    report::figure("slowest of them", micros(answered.micros_at(1.0)));
    memory.sort_unstable();
    report::figure("memory at rest", mebibytes(memory[STARTS / 2]));
    Ok(())
}
