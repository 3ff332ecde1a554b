//! The first start: a person at the terminal signs up the first account.

use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
    path::Path,
};

use iam::accounts;
use store::Store;
use world::{Secret, World};

use crate::{
    account::{self, Application, KeyOf, PASSWORD_RULE},
    failure::Failure,
    terminal::Terminal,
};

/// Signs up the first account if there is none: a person at the terminal is asked; without a terminal the
/// log says how to do it later.
pub(crate) async fn on_first_start(
    store: &Store,
    world: &World,
    api: Option<SocketAddr>,
    data: &Path,
) -> Result<(), Failure> {
    let mut snapshot = store.read().await.map_err(Failure::of("cannot read the store"))?;
    let exists = iam::accounts::any(&mut snapshot).await;
    drop(snapshot);
    if exists.map_err(Failure::of("cannot read the accounts"))? {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let data = data.display();
        tracing::warn!("there is no account yet: run `chancery account create --data {data}`");
        return Ok(());
    }
    println!("Welcome. There is no account yet; let us sign one up.\n");
    let terminal = &mut Terminal::open()?;
    let email = ask_email(terminal).await?;
    let name = ask_name(terminal).await?;
    let application = Application {
        password: Some(ask_password(terminal, &name, &email)?),
        email,
        name,
        account_id: None,
        key_of: KeyOf::Administrator("Administrator".to_owned(), None),
    };
    let signed_up = account::sign_up(store, world, &application).await?;
    println!("\n{}", signed_up.to_text(api));
    let save = |path: &str| match path {
        "" => Ok(()),
        path => account::save_csv(path.as_ref(), signed_up.access_key()),
    };
    terminal.ask("File to save the key to as CSV (Enter for none)", save).await
}

/// Asks for the e-mail address of the root user.
pub(crate) async fn ask_email(terminal: &mut Terminal) -> Result<String, Failure> {
    terminal.ask("E-mail address of the root user", accounts::checked_email).await
}

/// Asks for the name of the account.
pub(crate) async fn ask_name(terminal: &mut Terminal) -> Result<String, Failure> {
    terminal.ask("Name of the account", accounts::checked_name).await
}

/// Asks for the root user's password.
pub(crate) fn ask_password(
    terminal: &Terminal,
    name: &str,
    email: &str,
) -> Result<Secret, Failure> {
    println!("The password {PASSWORD_RULE}.");
    let check = |password: &Secret| account::check_password(password, name, email);
    terminal.ask_password("Password of the root user", check)
}
