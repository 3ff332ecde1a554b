//! `chancery serve`: start, run, stop.

use std::time::Duration;

use iam::door::{Door, Surroundings};
use mailflow::Mailflow;
use store::Store;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use world::World;

use crate::{
    cli, config::Config, data_folder, faces::Faces, failure::Failure, health, listeners::Listeners,
    log, sign_up, tls,
};

/// How long what is in flight may go on once the end was asked for. With what follows: at most ten seconds.
const STOP_TIMEOUT: Duration = Duration::from_millis(8_500);

/// How long the event records that wait may then take: they are written at least twice a second.
const RECORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// Becomes true when the server is to end.
pub(crate) type Shutdown = watch::Receiver<bool>;

/// Done once the end was asked for.
pub(crate) async fn requested(mut shutdown: Shutdown) {
    // A sender that is gone means the end as well.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// Runs the server until it is asked to end.
pub(crate) async fn serve(options: cli::Serve) -> Result<(), Failure> {
    let config = Config::load(&options)?;
    log::start(&config.log)?;
    let metrics = health::install_metrics()?;
    let world = World::system();
    let _occupied = data_folder::occupy(&config.data.data)?;
    let store = data_folder::open(&config.data, world.clone()).await?;
    let listeners = Listeners::bind(&config.listen).await?;
    let addresses = listeners.addresses()?;
    sign_up::on_first_start(&store, &world, addresses.api(), &config.data.data).await?;

    // From here on a signal ends the server in good order, also one that comes with the first request.
    let signal = end_signal()?;
    let (stop, shutdown) = watch::channel(false);
    let errands = errand::Client::new(config.outbound.hosts()?, world.clone());
    let around = Surroundings { errands, public_url: config.public_url.clone() };
    let (door, recorder) = Door::within(store.clone(), world.clone(), around);
    let recorder = tokio::spawn(recorder.run());
    let tls = tls::acceptor(&config)?;
    let flow = mail_flow(&config, &store, &world).await?;
    let ready_file = config.ready_file.clone();
    let faces = Faces { config, store: store.clone(), world, flow, door, metrics, tls, shutdown };
    let mut faces = faces.open(listeners)?;
    addresses.announce(ready_file.as_deref())?;

    let ended = tokio::select! {
        () = signal => Ok(()),
        // Whoever watches over the process starts it anew; half a server would go unnoticed.
        Some(_) = faces.join_next() => Err(Failure::new("a part of the server ended by itself")),
    };
    tracing::info!("stopping");
    let _ = stop.send(true);
    if tokio::time::timeout(STOP_TIMEOUT, drain(&mut faces)).await.is_err() {
        tracing::warn!("not everything was finished in time");
        faces.shutdown().await;
    }
    if tokio::time::timeout(RECORDS_TIMEOUT, recorder).await.is_err() {
        tracing::warn!("not every event record was written in time");
    }
    store.close().await;
    ended
}

/// The flow of mail, with a queue in which nothing waits for a worker that is gone.
async fn mail_flow(config: &Config, store: &Store, world: &World) -> Result<Mailflow, Failure> {
    let flow = Mailflow::new(store.clone(), world.clone(), config.hostname.as_str())
        .with_postmaster(config.postmaster.as_deref());
    // On PostgreSQL, the workers of other nodes may be alive.
    if config.data.postgres.is_none() {
        flow.end_leases().await.map_err(Failure::of("cannot open the queue"))?;
    }
    Ok(flow)
}

async fn drain(faces: &mut JoinSet<()>) {
    while faces.join_next().await.is_some() {}
}

/// Done at the first signal that asks for the end, from now on.
fn end_signal() -> Result<impl Future<Output = ()>, Failure> {
    let signal = |kind| signal(kind).map_err(Failure::io("cannot wait for signals"));
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
