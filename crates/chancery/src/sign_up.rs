//! The first start: a person at the terminal signs up the first account.

use std::io::{self, IsTerminal, Write};

use store::Store;
use world::{Secret, World};

use crate::{
    account::{self, Application, KeyOf},
    failure::Failure,
};

/// How often a wrong answer is asked for again.
const TRIES: usize = 3;

/// Signs up the first account if there is none: a person at the terminal is asked; without a terminal the
/// log says how to do it later.
pub(crate) async fn on_first_start(
    store: &Store,
    world: &World,
    endpoint: Option<&str>,
) -> Result<(), Failure> {
    let mut snapshot = store.read().await.map_err(Failure::of("cannot read the store"))?;
    let exists = iam::accounts::any(&mut snapshot).await;
    drop(snapshot);
    if exists.map_err(Failure::of("cannot read the accounts"))? {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        tracing::warn!("there is no account yet: run `chancery account create`");
        return Ok(());
    }
    println!("Welcome. There is no account yet; let us sign one up.\n");
    let application = Application {
        email: ask("E-mail address of the root user")?,
        name: ask("Name of the account")?,
        account_id: None,
        password: Some(ask_password()?),
        key_of: KeyOf::Administrator("Administrator".to_owned()),
    };
    let signed_up = account::sign_up(store, world, &application).await?;
    println!("\n{}", signed_up.to_text(endpoint.unwrap_or("http://127.0.0.1:4080")));
    let path = ask_line("File to save the key to as CSV (Enter for none)")?;
    if !path.is_empty() {
        account::save_csv(path.as_ref(), signed_up.access_key())?;
    }
    Ok(())
}

/// Asks until there is an answer.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    for _ in 0..TRIES {
        let answer = ask_line(question)?;
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
    Err(Failure::new(format!("no answer to `{question}`")))
}

/// Asks twice for a password, which is not shown.
pub(crate) fn ask_password() -> Result<Secret, Failure> {
    for _ in 0..TRIES {
        let first = hidden("Password of the root user: ")?;
        let second = hidden("The same again: ")?;
        if first == second {
            return Ok(first);
        }
        println!("These are not the same.");
    }
    Err(Failure::new("no password was chosen"))
}

fn hidden(prompt: &str) -> Result<Secret, Failure> {
    rpassword::prompt_password(prompt)
        .map(Secret::from)
        .map_err(Failure::io("cannot read the password"))
}

fn ask_line(question: &str) -> Result<String, Failure> {
    print!("{question}: ");
    let mut line = String::new();
    io::stdout()
        .flush()
        .and_then(|()| io::stdin().read_line(&mut line))
        .map_err(Failure::io("cannot read the answer"))?;
    Ok(line.trim().to_owned())
}
