//! The faces, and the rooms that they stand on.

use std::sync::Arc;

use iam::door::Door;
use lambda::Functions;
use mailflow::Mailflow;
use messageflow::Content;
use metrics_exporter_prometheus::PrometheusHandle;
use smtp::{House, Limits, MailExchangers, OriginJudge, Outbound, Role, Smarthost};
use store::Store;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use workmail::{Authenticator, Providers, Verification};
use world::World;

use crate::{
    config::{Config, HostPort},
    data_folder,
    failure::Failure,
    health::{self, Health},
    housekeeping, issuers,
    listeners::Listeners,
    serve::{Shutdown, requested},
};

/// What the faces share.
pub(crate) struct Faces {
    /// The configuration.
    pub(crate) config: Config,
    /// The store.
    pub(crate) store: Store,
    /// Clock and random source.
    pub(crate) world: World,
    /// The flow of mail.
    pub(crate) flow: Mailflow,
    /// The door of the API.
    pub(crate) door: Door,
    /// The metrics of the whole process.
    pub(crate) metrics: PrometheusHandle,
    /// The certificate of the TLS listeners.
    pub(crate) tls: TlsAcceptor,
    /// Becomes true when they are to end.
    pub(crate) shutdown: Shutdown,
}

impl Faces {
    /// Gives every face its listener, and starts what works without being called.
    pub(crate) fn open(self, listeners: Listeners) -> Result<JoinSet<()>, Failure> {
        let mut tasks = JoinSet::new();
        let exports = self.config.exports.destination()?;
        let authenticator = self.authenticator()?;
        let (functions, content) = self.functions()?;
        let dns = self.config.dns()?;
        let verification = self.config.domain_verification.into();
        for (listener, role) in
            [(listeners.smtp, Role::Receiving), (listeners.submission, Role::Submission)]
        {
            let Some(listener) = listener else { continue };
            // Each has bounds of its own, so that strangers cannot use up those of the users.
            let (tls, server) =
                (Some(self.tls.clone()), self.smtp_server(role, &authenticator, &dns));
            tasks.spawn(smtp::listen(listener, tls, server, role, self.shutdown.clone()));
        }
        if let Some(listener) = listeners.metrics {
            let health = Health { store: self.store.clone(), metrics: self.metrics.clone() };
            tasks.spawn(health::listen(listener, Arc::new(health), self.shutdown.clone()));
        }
        if listeners.api.is_some() || listeners.api_tls.is_some() {
            let workmail = workmail::Service::new(workmail::Settings {
                verification,
                dns: Some(dns.clone()),
                functions: Some(functions.clone()),
                ..workmail::Settings::new(self.config.hostname.as_str())
            })
            .with_exports(exports.for_jobs());
            let services = api::Services {
                accessanalyzer: accessanalyzer::Service,
                cloudtrail: cloudtrail::Service,
                logs: logs::Service,
                iam: iam::Service,
                sts: sts::Service,
                workmail,
                messageflow: messageflow::Service::new(self.flow.clone(), content),
            };
            let sign_in = api::sign_in::routes(&self.sign_in(&authenticator), &self.door);
            let routes = issuers::routes(&self.door).and(sign_in);
            let proxies = api::Proxies::new(self.config.proxies.iter().copied());
            let api = api::Api::new(self.door, services, routes, proxies);
            for (listener, tls) in
                [(listeners.api, None), (listeners.api_tls, Some(self.tls.clone()))]
            {
                let Some(listener) = listener else { continue };
                let (api, limits) = (Arc::clone(&api), api::Limits::default());
                let stop = requested(self.shutdown.clone());
                tasks.spawn(api::listen(listener, tls, api, limits, stop));
            }
        }
        if let Some(listener) = listeners.imap {
            let users = imap::MailUsers::new(self.store.clone(), authenticator);
            let server = imap::Server::new(self.store.clone(), self.world.clone(), users);
            let stop = requested(self.shutdown.clone());
            tasks.spawn(imap::listen(listener, self.tls, server, stop));
        }
        let stop = || requested(self.shutdown.clone());
        tasks.spawn(until(stop(), iam::jobs::run(self.store.clone(), self.world.clone())));
        let (store, world) = (self.store.clone(), self.world.clone());
        // Its temporary files are as private as the data.
        let folder = &self.config.data.data;
        let (room, node) = ((store.clone(), world.clone()), data_folder::node(folder, &world)?);
        tasks.spawn(archive::Worker::new(room, exports, folder, node).run(stop()));
        tasks.spawn(until(stop(), workmail::work_on_organizations(store, world, verification)));
        if verification == Verification::Dns {
            let work =
                workmail::work_on_domains(self.store.clone(), dns.clone(), self.world.clone());
            tasks.spawn(until(stop(), work));
        }
        let calls = messageflow::call_functions(self.flow.clone(), functions, stop());
        tasks.spawn(calls);
        let housekeeping = housekeeping::keep(
            self.store,
            self.world.clone(),
            self.config.event_days,
            self.shutdown.clone(),
        );
        tasks.spawn(housekeeping);
        let exchangers = MailExchangers::new(dns, self.world);
        send_queue(&mut tasks, self.flow, exchangers, &self.config, self.shutdown)?;
        Ok(tasks)
    }

    /// Where functions run, and where they leave what they make of a message; reached by connections of their own:
    /// they take long, and others must not wait for them.
    fn functions(&self) -> Result<(Functions, Content), Failure> {
        let client = errand::Client::new(self.config.outbound.hosts()?, self.world.clone());
        let settings = self.config.lambda.settings()?;
        let functions = Functions::new(client.clone(), self.world.clone(), settings);
        Ok((functions, self.config.content.content(client, self.world.clone())?))
    }

    fn sign_in(&self, mail_users: &Arc<Authenticator>) -> Arc<signin::Service> {
        let settings = signin::Settings {
            host: self.config.hostname.clone(),
            origin: self.config.console_origin(),
            sign_up: self.config.sign_up,
        };
        let (store, door, flow) = (self.store.clone(), self.door.clone(), self.flow.clone());
        Arc::new(signin::Service::new(store, door, flow, Arc::clone(mail_users), settings))
    }

    /// Who knows the users of mailboxes, by password and by the tokens of the providers that the operator names.
    fn authenticator(&self) -> Result<Arc<Authenticator>, Failure> {
        let errands = errand::Client::new(self.config.outbound.hosts()?, self.world.clone());
        let centers = self.config.identity_centers.iter().map(|center| center.parsed());
        let providers = Providers::new(errands, centers.collect::<Result<_, _>>()?);
        let authenticator = Authenticator::new(self.store.clone(), &self.world);
        Ok(Arc::new(authenticator.with_providers(providers)))
    }

    fn smtp_server(
        &self,
        role: Role,
        authenticator: &Arc<Authenticator>,
        dns: &dns::Dns,
    ) -> Arc<smtp::Server<House>> {
        let mut limits = Limits::default();
        if role == Role::Submission {
            // A whole office may be behind one address.
            limits.in_flight_octets_per_address = limits.in_flight_octets;
        }
        let mut config = smtp::Config::new(self.config.hostname.as_str(), limits);
        config.postmaster = self.config.postmaster.as_deref().and_then(smtp::Address::parse);
        let judged = self.config.mail_authentication.into();
        let judge = OriginJudge::new(
            dns.clone(),
            self.world.clone(),
            self.config.hostname.as_str(),
            judged,
        );
        let house = House::new(self.flow.clone(), Arc::clone(authenticator)).with_judge(judge);
        smtp::Server::new(config, house, self.world.clone())
    }
}

/// Does work that begins with calls and goes on without them, until `stop`. What is cut off goes on after the next start.
async fn until(stop: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop => {}
        () = work => {}
    }
}

/// Starts the worker that hands mail to other servers.
fn send_queue(
    tasks: &mut JoinSet<()>,
    flow: Mailflow,
    exchangers: MailExchangers,
    config: &Config,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    const TRIED: &str = "cannot set up outbound mail";
    let host = config.hostname.as_str();
    let dialer = errand::Dialer::new(config.outbound.hosts()?, flow.world().clone());
    match &config.smarthost {
        Some(HostPort { host: name, port }) => {
            let resolver = Smarthost { host: name.clone(), port: *port };
            let outbound =
                Outbound::new(flow, resolver, dialer, host).map_err(Failure::of(TRIED))?;
            tasks.spawn(smtp::send_queue(outbound, shutdown));
        }
        None => {
            let outbound =
                Outbound::new(flow, exchangers, dialer, host).map_err(Failure::of(TRIED))?;
            tasks.spawn(smtp::send_queue(outbound, shutdown));
        }
    }
    Ok(())
}
