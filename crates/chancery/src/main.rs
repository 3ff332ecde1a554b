//! Chancery: a mail server with the API of Amazon WorkMail and the access control of AWS IAM.
//!
//! This crate is the top floor. It reads the command line and the configuration, opens the store, hands
//! every face its listener, and stops them in good order. It knows every room and no protocol.

mod account;
mod cli;
mod config;
mod content;
mod data_folder;
mod event_days;
mod exports;
mod faces;
mod failure;
mod functions;
mod health;
mod host_port;
mod housekeeping;
mod identity_center;
mod issuers;
mod listen;
mod listeners;
mod log;
mod mail_trust;
mod mailbox_import;
mod options;
mod policy_explain;
mod policy_lint;
mod serve;
mod sign_up;
mod sign_ups;
mod terminal;
mod tls;
mod workers;

use std::process::ExitCode;

use clap::Parser;

use cli::{AccountCommand, Cli, Command, MailboxCommand, PolicyCommand};
use failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("chancery: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Version => version(),
        Command::CheckConfig(options) => check_config(&options),
        Command::Serve(options) => runtime()?.block_on(serve::serve(options)),
        Command::Account(AccountCommand::Create(options)) => {
            runtime()?.block_on(account::create(*options))
        }
        Command::Account(AccountCommand::SignUps(options)) => {
            runtime()?.block_on(sign_ups::show(options))
        }
        Command::Policy(PolicyCommand::Explain(options)) => {
            runtime()?.block_on(policy_explain::explain(options))
        }
        Command::Mailbox(MailboxCommand::Import(options)) => {
            return runtime()?.block_on(mailbox_import::import(options));
        }
        Command::Policy(PolicyCommand::Lint(options)) => return Ok(policy_lint::lint(&options)),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn version() -> Result<(), Failure> {
    println!("chancery {}", env!("CARGO_PKG_VERSION"));
    Ok(())
}

fn check_config(options: &cli::Serve) -> Result<(), Failure> {
    let config = config::Config::load(options)?;
    log::filter(&config.log)?;
    tls::configured(&config)?;
    print!("{}", config.to_toml()?);
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("cannot start the runtime"))
}
