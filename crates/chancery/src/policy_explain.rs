//! `chancery policy explain`: why somebody may or may not do something.

use iam::explain::{
    Explanation,
    ask::{self, Asked},
    text,
};
use store::Store;
use world::World;

use crate::{cli::PolicyExplain, config::DataConfig, data_folder, failure::Failure};

/// Tells why what the options ask about is allowed or denied. It only reads, so a server may be running.
pub(crate) async fn explain(options: PolicyExplain) -> Result<(), Failure> {
    let config = DataConfig::load(&options.data)?;
    if !config.data.is_dir() {
        let folder = config.data.display();
        return Err(Failure::new(format!("there is no data folder `{folder}`")));
    }
    let world = World::system();
    let asked = Asked {
        principal: options.principal,
        action: options.action,
        resource: options.resource,
        context: options.context,
        now: world.now(),
    };
    let store = data_folder::open(&config, world).await?;
    let explained = in_store(&store, &asked).await;
    store.close().await;
    let explanation = explained?;
    match options.json {
        true => println!("{}", to_json(&explanation)?),
        false => print!("{}", text::tell(&explanation)),
    }
    Ok(())
}

async fn in_store(store: &Store, asked: &Asked) -> Result<Explanation, Failure> {
    const TRIED: &str = "cannot explain it";
    let mut snapshot = store.read().await.map_err(Failure::of(TRIED))?;
    ask::explain(&mut snapshot, asked).await.map_err(Failure::of(TRIED))
}

fn to_json(explanation: &Explanation) -> Result<String, Failure> {
    serde_json::to_string(explanation).map_err(Failure::of("cannot write it as JSON"))
}
