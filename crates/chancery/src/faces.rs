//! The faces, and the rooms that they stand on.

use std::sync::Arc;

use archive::Destination;
use dns::Dns;
use iam::door::Door;
use lambda::Functions;
use mailflow::Mailflow;
use metrics_exporter_prometheus::PrometheusHandle;
use smtp::{House, Limits, OriginJudge, Role};
use store::Store;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use workmail::{Authenticator, Providers, Verification};
use world::World;

use crate::{
    config::Config,
    failure::Failure,
    health::{self, Health},
    issuers,
    listeners::Listeners,
    serve::{Shutdown, requested},
    workers,
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

/// What several faces and workers use, made once.
pub(crate) struct Rooms {
    /// Who knows the users of mailboxes.
    authenticator: Arc<Authenticator>,
    /// What the DNS says.
    pub(crate) dns: Dns,
    /// How a domain is proved.
    pub(crate) verification: Verification,
    /// Where functions run.
    pub(crate) functions: Functions,
    /// Where mailbox exports go.
    pub(crate) exports: Destination,
}

impl Rooms {
    fn of(house: &Faces) -> Result<Self, Failure> {
        let config = &house.config;
        let functions = config.lambda.settings()?;
        Ok(Self {
            authenticator: house.authenticator()?,
            dns: config.dns()?,
            verification: config.domain_verification.into(),
            functions: Functions::new(house.client()?, house.world.clone(), functions),
            exports: config.exports.destination()?,
        })
    }
}

/// The tasks of the server.
type Tasks = JoinSet<()>;

/// The socket of a face that is on.
type Listener = Option<TcpListener>;

impl Faces {
    /// Gives every face its listener, and starts what works without being called.
    pub(crate) fn open(self, listeners: Listeners) -> Result<JoinSet<()>, Failure> {
        let rooms = Rooms::of(&self)?;
        let mut tasks = JoinSet::new();
        self.open_smtp(&mut tasks, listeners.smtp, Role::Receiving, &rooms);
        self.open_smtp(&mut tasks, listeners.submission, Role::Submission, &rooms);
        self.open_imap(&mut tasks, listeners.imap, &rooms);
        self.open_metrics(&mut tasks, listeners.metrics);
        if listeners.api.is_some() || listeners.api_tls.is_some() {
            let api = self.api(&rooms)?;
            self.open_api(&mut tasks, listeners.api, None, &api);
            self.open_api(&mut tasks, listeners.api_tls, Some(self.tls.clone()), &api);
        }
        workers::start(&self, rooms, &mut tasks)?;
        Ok(tasks)
    }

    /// Done once the end was asked for.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + use<> {
        requested(self.shutdown.clone())
    }

    fn open_smtp(&self, tasks: &mut Tasks, listener: Listener, role: Role, rooms: &Rooms) {
        let Some(listener) = listener else { return };
        // Each has bounds of its own, so that strangers cannot use up those of the users.
        let server = self.smtp_server(role, rooms);
        let (tls, shutdown) = (Some(self.tls.clone()), self.shutdown.clone());
        tasks.spawn(smtp::listen(listener, tls, server, role, shutdown));
    }

    fn open_imap(&self, tasks: &mut Tasks, listener: Listener, rooms: &Rooms) {
        let Some(listener) = listener else { return };
        let users = imap::MailUsers::new(self.store.clone(), Arc::clone(&rooms.authenticator));
        let server = imap::Server::new(self.store.clone(), self.world.clone(), users);
        tasks.spawn(imap::listen(listener, self.tls.clone(), server, self.stop()));
    }

    fn open_metrics(&self, tasks: &mut Tasks, listener: Listener) {
        let Some(listener) = listener else { return };
        let health = Health { store: self.store.clone(), metrics: self.metrics.clone() };
        tasks.spawn(health::listen(listener, Arc::new(health), self.shutdown.clone()));
    }

    fn open_api(
        &self,
        tasks: &mut Tasks,
        listener: Listener,
        tls: Option<TlsAcceptor>,
        api: &Arc<api::Api>,
    ) {
        let Some(listener) = listener else { return };
        let (api, limits) = (Arc::clone(api), api::Limits::default());
        tasks.spawn(api::listen(listener, tls, api, limits, self.stop()));
    }

    fn api(&self, rooms: &Rooms) -> Result<Arc<api::Api>, Failure> {
        let sign_in = api::sign_in::routes(&self.sign_in(&rooms.authenticator), &self.door);
        let routes = issuers::routes(&self.door).and(sign_in);
        let proxies = api::Proxies::new(self.config.proxies.iter().copied());
        Ok(api::Api::new(self.door.clone(), self.services(rooms)?, routes, proxies))
    }

    fn services(&self, rooms: &Rooms) -> Result<api::Services, Failure> {
        let workmail = workmail::Service::new(workmail::Settings {
            verification: rooms.verification,
            dns: Some(rooms.dns.clone()),
            functions: Some(rooms.functions.clone()),
            ..workmail::Settings::new(self.config.hostname.as_str())
        });
        let content = self.config.content.content(self.client()?, self.world.clone())?;
        Ok(api::Services {
            accessanalyzer: accessanalyzer::Service,
            cloudtrail: cloudtrail::Service,
            logs: logs::Service,
            iam: iam::Service,
            sts: sts::Service,
            workmail: workmail.with_exports(rooms.exports.for_jobs()),
            messageflow: messageflow::Service::new(self.flow.clone(), content),
        })
    }

    /// Requests to other servers, by connections of their own: those of functions take long, and others must not
    /// wait for them.
    fn client(&self) -> Result<errand::Client, Failure> {
        Ok(errand::Client::new(self.config.outbound.hosts()?, self.world.clone()))
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
        let centers = self.config.identity_centers.iter().map(|center| center.parsed());
        let providers = Providers::new(self.client()?, centers.collect::<Result<_, _>>()?);
        let authenticator = Authenticator::new(self.store.clone(), &self.world);
        Ok(Arc::new(authenticator.with_providers(providers)))
    }

    fn smtp_server(&self, role: Role, rooms: &Rooms) -> Arc<smtp::Server<House>> {
        let mut limits = Limits::default();
        if role == Role::Submission {
            // A whole office may be behind one address.
            limits.in_flight_octets_per_address = limits.in_flight_octets;
        }
        let mut config = smtp::Config::new(self.config.hostname.as_str(), limits);
        config.postmaster = self.config.postmaster.as_deref().and_then(smtp::Address::parse);
        let judged = self.config.mail_authentication.into();
        let judge = OriginJudge::new(
            rooms.dns.clone(),
            self.world.clone(),
            self.config.hostname.as_str(),
            judged,
        );
        let house =
            House::new(self.flow.clone(), Arc::clone(&rooms.authenticator)).with_judge(judge);
        smtp::Server::new(config, house, self.world.clone())
    }
}
