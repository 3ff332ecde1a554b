//! What the house does in a second, and what it costs: a program, never a timed test.
//!
//! Each part starts what it measures on loopback, with data in a folder of its own that goes away, sends a
//! bounded load, and prints figures. Figures of different machines do not compare; ratios within one run do.
//! What the parts measure, and how, stands in the README beside this crate.

mod account;
mod api;
mod aws;
mod cedar;
mod floor;
mod house;
mod http;
mod idle;
mod imap;
mod imap_client;
mod machine;
mod messages;
mod moto;
mod outcome;
mod pace;
mod policy;
mod policy_growth;
mod process;
mod report;
mod scale;
mod share;
mod smtp;
mod smtp_client;
mod start;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::outcome::Outcome;

/// Measures Chancery.
#[derive(Debug, Parser)]
#[command(name = "benches")]
struct Options {
    /// The parts to run; all of them unless given.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// The program to measure, built for release.
    #[arg(long, value_name = "FILE", default_value = "target/release/chancery")]
    binary: PathBuf,
    /// The `moto_server` to compare with; without it there is no comparison.
    #[arg(long, value_name = "FILE")]
    moto: Option<PathBuf>,
    /// The Python that scripts with boto3 run in; without it they are left out.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Where data goes while a part runs: on the disk to be measured.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-data")]
    data: PathBuf,
    /// How long loads that are bounded by time go on.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    /// Messages sent by SMTP, and written by each of the programs it is compared with.
    #[arg(long, value_name = "COUNT", default_value_t = 6_000)]
    messages: usize,
}

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Signed calls of `iam:GetUser`, and the same calls to `moto_server`.
    Api,
    /// One decision of the policy language.
    Policy,
    /// Durable intake of mail, and what the disk and the store alone allow.
    Smtp,
    /// Fetching summaries, and the memory that an idle connection takes.
    Imap,
    /// Calls of WorkMail in a small organization and in a large one.
    Scale,
    /// From the start of the program to its first answer.
    Start,
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let chosen = |part| options.parts.is_empty() || options.parts.contains(&part);
    std::fs::create_dir_all(&options.data)?;
    machine::describe(&options.data);
    for part in Part::value_variants().iter().copied().filter(|part| chosen(*part)) {
        match part {
            Part::Api => api::run(&options)?,
            Part::Policy => policy::run()?,
            Part::Smtp => smtp::run(&options)?,
            Part::Imap => imap::run(&options)?,
            Part::Scale => scale::run(&options)?,
            Part::Start => start::run(&options)?,
        }
    }
    Ok(())
}
