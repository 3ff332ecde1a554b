//! `chancery account sign-ups`: who waits for a code that could not be mailed.

use signin::Pending;
use world::World;

use crate::{cli::SignUps, config::DataConfig, data_folder, failure::Failure};

/// Shows the sign-ups that wait, with their codes.
pub(crate) async fn show(options: SignUps) -> Result<(), Failure> {
    let config = DataConfig::load(&options.data)?;
    let world = World::system();
    let store = data_folder::open(&config, world.clone()).await?;
    let pending = signin::pending(&store, world.now()).await;
    store.close().await;
    let pending = pending.map_err(Failure::of("cannot read the sign-ups"))?;
    match options.json {
        true => println!("{}", to_json(&pending)),
        false => print!("{}", to_text(&pending)),
    }
    Ok(())
}

fn to_json(pending: &[Pending]) -> String {
    let one = |sign_up: &Pending| {
        serde_json::json!({
            "email": sign_up.email,
            "account_name": sign_up.account_name,
            "code": code(sign_up),
            "expires_at": sign_up.expires_at.iso8601(),
        })
    };
    serde_json::Value::from_iter(pending.iter().map(one)).to_string()
}

fn to_text(pending: &[Pending]) -> String {
    if pending.is_empty() {
        return "Nobody is signing up.\n".to_owned();
    }
    let one = |sign_up: &Pending| {
        let Pending { email, account_name, expires_at, .. } = sign_up;
        let code = code(sign_up).unwrap_or("none: the address has an account");
        format!("{email}  {account_name:?}  code {code}  until {}\n", expires_at.iso8601())
    };
    pending.iter().map(one).collect()
}

fn code(sign_up: &Pending) -> Option<&str> {
    sign_up.code.as_ref().map(|code| code.expose())
}
