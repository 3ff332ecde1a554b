//! The configuration: a TOML file, then the environment, then flags; the later wins.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use smtp::Address;

use crate::{
    cli,
    content::ContentConfig,
    event_days::EventDays,
    exports::Exports,
    failure::Failure,
    functions::Lambda,
    host_port::HostPort,
    identity_center::IdentityCenter,
    listen::{self, FileListen, Listen},
    mail_trust::{DomainVerification, MailAuthentication},
    options::{pick, pick_list},
};

/// Everything that the server needs to know before it starts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Config {
    /// Where the data lies.
    #[serde(flatten)]
    pub(crate) data: DataConfig,
    /// The server's own name.
    pub(crate) hostname: String,
    /// How others reach the API: `https://` and a host.
    pub(crate) public_url: String,
    /// Whom to ask about the DNS; the system's servers if none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dns_servers: Vec<SocketAddr>,
    /// How it is decided whether a domain is its organization's.
    pub(crate) domain_verification: DomainVerification,
    /// Whose mail is asked where it really comes from.
    pub(crate) mail_authentication: MailAuthentication,
    /// Where all outbound mail goes, if not to the recipients' own servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smarthost: Option<HostPort>,
    /// Who reads mail for `postmaster` where nobody in the domain does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postmaster: Option<String>,
    /// Whether people may sign up for accounts by themselves.
    pub(crate) sign_up: bool,
    /// How long event records are kept.
    pub(crate) event_days: EventDays,
    /// Proxies before the API, which tell who asks.
    pub(crate) proxies: Vec<IpAddr>,
    /// The origin of the console's pages, if it is not `https://` and the server's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) console_origin: Option<String>,
    /// Written once the server accepts on all listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Where the server listens.
    pub(crate) listen: Listen,
    /// The certificate of all TLS listeners.
    pub(crate) tls: Tls,
    /// Requests to other servers.
    pub(crate) outbound: Outbound,
    /// Where mailbox exports go.
    #[serde(rename = "export")]
    pub(crate) exports: Exports,
    /// Where the functions of e-mail flow rules run.
    pub(crate) lambda: Lambda,
    /// Where functions leave the replacements of messages in transit.
    pub(crate) content: ContentConfig,
    /// The OpenID Connect providers behind instances of Identity Center.
    #[serde(rename = "identity_center", skip_serializing_if = "Vec::is_empty")]
    pub(crate) identity_centers: Vec<IdentityCenter>,
    /// What the log looks like.
    pub(crate) log: Log,
}

/// Requests to other servers, such as identity providers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Outbound {
    /// Where hosts are, in the place of the DNS: `HOST:PORT=ADDRESS:PORT`.
    pub(crate) hosts: Vec<String>,
}

/// Where the data lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct DataConfig {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// PostgreSQL instead of SQLite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres: Option<String>,
    /// The master key's file, if it is not in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) master_key_file: Option<PathBuf>,
}

/// The certificate of all TLS listeners: a self-signed one is made unless both files are given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// PEM file with the certificate chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file with the private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
}

/// What the log looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// What is logged: a level, or a filter such as `info,imap=debug`.
    pub(crate) filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// The file's own form: every member may be absent, none may be unknown.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    postgres: Option<String>,
    master_key_file: Option<PathBuf>,
    hostname: Option<String>,
    public_url: Option<String>,
    dns_servers: Vec<SocketAddr>,
    domain_verification: Option<DomainVerification>,
    mail_authentication: Option<MailAuthentication>,
    smarthost: Option<String>,
    postmaster: Option<String>,
    sign_up: Option<bool>,
    console_origin: Option<String>,
    event_days: Option<EventDays>,
    proxies: Vec<IpAddr>,
    ready_file: Option<PathBuf>,
    listen: FileListen,
    tls: Tls,
    outbound: Outbound,
    #[serde(rename = "export")]
    exports: Exports,
    lambda: Lambda,
    content: ContentConfig,
    #[serde(rename = "identity_center")]
    identity_centers: Vec<IdentityCenter>,
    log: Log,
}

impl Config {
    /// The configuration of the server, with everything that is wrong found before anything starts.
    pub(crate) fn load(options: &cli::Serve) -> Result<Self, Failure> {
        let file = File::read(options.data.config.as_deref())?;
        let hostname =
            pick(&options.hostname, &file.hostname).unwrap_or_else(|| "localhost".to_owned());
        let config = Self {
            data: DataConfig::merge(&options.data, &file),
            public_url: pick(&options.public_url, &file.public_url)
                .unwrap_or_else(|| format!("https://{hostname}")),
            hostname,
            smarthost: pick(&options.smarthost, &file.smarthost)
                .map(HostPort::parse)
                .transpose()?,
            postmaster: pick(&options.postmaster, &file.postmaster),
            console_origin: pick(&options.console_origin, &file.console_origin),
            sign_up: pick(&options.sign_up, &file.sign_up).unwrap_or(false),
            event_days: pick(&options.event_days, &file.event_days).unwrap_or_default(),
            proxies: pick_list(&options.proxies, file.proxies),
            domain_verification: pick(&options.domain_verification, &file.domain_verification)
                .unwrap_or_default(),
            mail_authentication: pick(&options.mail_authentication, &file.mail_authentication)
                .unwrap_or_default(),
            dns_servers: pick_list(&options.dns_servers, file.dns_servers),
            ready_file: pick(&options.ready_file, &file.ready_file),
            listen: Listen::merge(options, &file.listen)?,
            tls: file.tls,
            outbound: Outbound::merge(options, file.outbound),
            exports: Exports::merge(options, file.exports),
            lambda: Lambda::merge(options, file.lambda),
            content: ContentConfig::merge(options, file.content),
            identity_centers: file.identity_centers,
            log: file.log,
        };
        config.check()?;
        Ok(config)
    }

    /// The origin of the console's pages, as browsers tell it to FIDO keys.
    pub(crate) fn console_origin(&self) -> String {
        self.console_origin.clone().unwrap_or_else(|| format!("https://{}", self.hostname))
    }

    /// Who is asked about the DNS.
    pub(crate) fn dns(&self) -> Result<dns::Dns, Failure> {
        let dns = match self.dns_servers.as_slice() {
            [] => dns::Dns::system(),
            servers => dns::Dns::at(servers),
        };
        dns.map_err(Failure::of("cannot use the DNS"))
    }

    /// The configuration as a file that would give it.
    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(Failure::of("cannot print the configuration"))
    }

    fn check(&self) -> Result<(), Failure> {
        check_hostname(&self.hostname)?;
        check_public_url(&self.public_url)?;
        self.outbound.hosts()?;
        self.exports.destination()?;
        self.lambda.settings()?;
        self.content.check()?;
        for center in &self.identity_centers {
            center.parsed()?;
        }
        if let Some(text) = self.postmaster.as_ref().filter(|text| Address::parse(text).is_none()) {
            return Err(Failure::new(format!("postmaster `{text}` is not a mail address")));
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err(Failure::new(
                "tls.certificate and tls.key belong together: give both or none",
            ));
        }
        match self.listen.metrics {
            Some(address) if !address.ip().is_loopback() => Err(Failure::new(format!(
                "metrics-listen `{address}` is not a loopback address, and what it shows is not for strangers"
            ))),
            _ => Ok(()),
        }
    }
}

impl Outbound {
    /// Flags and file together; for one host and port, the flag counts.
    fn merge(options: &cli::Serve, file: Self) -> Self {
        Self { hosts: [file.hosts, options.outbound_hosts.clone()].concat() }
    }

    /// The hosts, taken apart.
    pub(crate) fn hosts(&self) -> Result<errand::Hosts, Failure> {
        let entries = self.hosts.iter().map(String::as_str);
        errand::Hosts::parse(entries)
            .map_err(|error| Failure::new(format!("outbound-host {error}")))
    }
}

impl DataConfig {
    /// Where the data lies, for commands that need no more.
    pub(crate) fn load(options: &cli::Data) -> Result<Self, Failure> {
        Ok(Self::merge(options, &File::read(options.config.as_deref())?))
    }

    fn merge(options: &cli::Data, file: &File) -> Self {
        Self {
            data: pick(&options.data, &file.data).unwrap_or("data".into()),
            postgres: pick(&options.postgres, &file.postgres),
            master_key_file: pick(&options.master_key_file, &file.master_key_file),
        }
    }
}

/// Where the API of the server that is so configured listens.
pub(crate) fn api_address(options: &cli::AccountCreate) -> Result<Option<SocketAddr>, Failure> {
    let file = File::read(options.data.config.as_deref())?;
    listen::api_address(&options.api_listen, &file.listen)
}

impl File {
    fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(Failure::file("cannot read the configuration", path))?;
        // The library's message shows the line and points at the place.
        toml::from_str(&text)
            .map_err(|error| Failure::new(format!("configuration `{}`: {error}", path.display())))
    }
}

/// A name that may stand in an SMTP greeting (RFC 5321, section 4.1.2, `Domain`).
fn check_hostname(name: &str) -> Result<(), Failure> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        return Ok(());
    }
    Err(Failure::new(format!("hostname `{name}` is not a domain name")))
}

/// `https://` and a host, perhaps with a port. What comes after it is ours to say.
fn check_public_url(text: &str) -> Result<(), Failure> {
    let is_bare = |url: &errand::Url| url.target() == "/" && !text.ends_with('/');
    match errand::Url::parse(text) {
        Ok(url) if is_bare(&url) => Ok(()),
        _ => Err(Failure::new(format!(
            "public-url `{text}` is not https:// and a host, as in https://aws.example.com"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn load(arguments: &[&str]) -> Result<Config, Failure> {
        let arguments = [&["chancery", "serve"], arguments].concat();
        match cli::Cli::parse_from(arguments).command {
            cli::Command::Serve(options) => Config::load(&options),
            _ => unreachable!("the command is serve"),
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn stands_on_loopback_unless_told_otherwise() {
        let config = load(&[]).unwrap();
        let ports = [config.listen.api, config.listen.smtp, config.listen.imap];
        assert_eq!(ports.map(|address| address.unwrap().port()), [4080, 4025, 4993]);
        assert!(ports.iter().all(|address| address.unwrap().ip().is_loopback()));
    }

    #[test]
    fn events_are_kept_for_ninety_days_unless_told_otherwise() {
        assert_eq!(load(&[]).unwrap().event_days, EventDays::default());
        let file = file("event_days = 30\n");
        let path = file.path().to_str().unwrap();
        assert_eq!(load(&["--config", path]).unwrap().event_days.to_string(), "30");
        let forever = load(&["--config", path, "--event-days", "forever"]).unwrap();
        assert_eq!(forever.event_days, EventDays::Forever);
        assert!(forever.to_toml().unwrap().contains("event_days = \"forever\""));
    }

    #[test]
    fn flags_come_before_the_file() {
        let file =
            file("hostname = 'file.example'\n[listen]\nsmtp = 'off'\nimap = '127.0.0.1:1'\n");
        let path = file.path().to_str().unwrap();
        let config = load(&["--config", path, "--imap-listen", "127.0.0.1:0"]).unwrap();
        assert_eq!(config.hostname, "file.example");
        assert_eq!(config.listen.smtp, None);
        assert_eq!(config.listen.imap.unwrap().port(), 0);
    }

    #[test]
    fn printed_and_read_again_it_is_the_same() {
        let host = "--outbound-host=idp.test:443=127.0.0.1:8443";
        let dns = "--dns-server=127.0.0.1:5353,[::1]:53";
        let config =
            load(&["--api-listen", "off", "--smarthost", "127.0.0.1:25", host, dns]).unwrap();
        assert_eq!(config.dns_servers.len(), 2);
        let chosen = ["--domain-verification=dns", "--mail-authentication=always"];
        let chosen = load(&chosen).unwrap();
        assert_eq!(chosen.domain_verification, DomainVerification::Dns);
        assert_eq!(chosen.mail_authentication, MailAuthentication::Always);
        let file = file(&config.to_toml().unwrap());
        assert_eq!(load(&["--config", file.path().to_str().unwrap()]).unwrap(), config);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases: [(&[&str], &str); 9] = [
            (&["--public-url", "http://a.example"], "public-url `http://a.example`"),
            (&["--public-url", "https://a.example/"], "public-url `https://a.example/`"),
            (&["--outbound-host", "idp.test"], "outbound-host `idp.test`"),
            (&["--smtp-listen", "25"], "smtp-listen `25`"),
            (&["--metrics-listen", "0.0.0.0:4090"], "not a loopback address"),
            (&["--hostname", "a b"], "hostname `a b`"),
            (&["--smarthost", "mail"], "smarthost `mail`"),
            (&["--postmaster", "me"], "postmaster `me`"),
            (&["--config", "/nowhere/chancery.toml"], "/nowhere/chancery.toml"),
        ];
        for (arguments, words) in cases {
            let message = load(arguments).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        let unknown = file("colour = 'blue'\n");
        let message =
            load(&["--config", unknown.path().to_str().unwrap()]).unwrap_err().to_string();
        assert!(message.contains("colour"), "{message}");
    }
}
