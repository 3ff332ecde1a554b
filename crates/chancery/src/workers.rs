//! What works without being called.

use archive::Destination;
use dns::Dns;
use smtp::{MailExchangers, Outbound, Resolver, Smarthost};
use tokio::task::JoinSet;
use workmail::Verification;

use crate::{
    data_folder,
    faces::{Faces, Rooms},
    failure::Failure,
    host_port::HostPort,
    housekeeping,
};

/// Starts all that goes on by itself until the house is asked to end. What is cut off goes on after the next start.
pub(crate) fn start(house: &Faces, rooms: Rooms, tasks: &mut JoinSet<()>) -> Result<(), Failure> {
    let (store, world) = (house.store.clone(), house.world.clone());
    tasks.spawn(until(house.stop(), iam::jobs::run(store.clone(), world.clone())));
    let organizations =
        workmail::work_on_organizations(store.clone(), world.clone(), rooms.verification);
    tasks.spawn(until(house.stop(), organizations));
    if rooms.verification == Verification::Dns {
        let domains = workmail::work_on_domains(store.clone(), rooms.dns.clone(), world.clone());
        tasks.spawn(until(house.stop(), domains));
    }
    let days = house.config.event_days;
    tasks.spawn(housekeeping::keep(store, world, days, house.shutdown.clone()));
    tasks.spawn(messageflow::call_functions(house.flow.clone(), rooms.functions, house.stop()));
    tasks.spawn(exporter(house, rooms.exports)?.run(house.stop()));
    send_queue(house, rooms.dns, tasks)
}

/// The worker that does the export jobs.
fn exporter(house: &Faces, exports: Destination) -> Result<archive::Worker, Failure> {
    // Its temporary files are as private as the data.
    let folder = &house.config.data.data;
    let node = data_folder::node(folder, &house.world)?;
    let room = (house.store.clone(), house.world.clone());
    Ok(archive::Worker::new(room, exports, folder, node))
}
/// Does work that begins with calls and goes on without them, until `stop`. What is cut off goes on after the next start.
async fn until(stop: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop => {}
        () = work => {}
    }
}

/// Starts the worker that hands mail to other servers: to the one that the operator names, or to the recipients' own.
fn send_queue(house: &Faces, dns: Dns, tasks: &mut JoinSet<()>) -> Result<(), Failure> {
    match house.config.smarthost.clone() {
        Some(HostPort { host, port }) => send_by(house, Smarthost { host, port }, tasks),
        None => send_by(house, MailExchangers::new(dns, house.world.clone()), tasks),
    }
}

fn send_by<R: Resolver>(
    house: &Faces,
    resolver: R,
    tasks: &mut JoinSet<()>,
) -> Result<(), Failure> {
    let dialer = errand::Dialer::new(house.config.outbound.hosts()?, house.world.clone());
    let hostname = house.config.hostname.as_str();
    let outbound = Outbound::new(house.flow.clone(), resolver, dialer, hostname)
        .map_err(Failure::of("cannot set up outbound mail"))?;
    tasks.spawn(smtp::send_queue(outbound, house.shutdown.clone()));
    Ok(())
}
