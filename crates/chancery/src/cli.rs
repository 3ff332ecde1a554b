//! The command line.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    event_days::EventDays,
    mail_trust::{DomainVerification, MailAuthentication},
};

/// A mail server with the API of Amazon WorkMail and the access control of AWS IAM.
#[derive(Debug, Parser)]
#[command(name = "chancery", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    ///
    /// A listener takes ADDRESS:PORT (port 0 picks a free one) or `off`.
    Serve(Serve),
    /// Manage accounts.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Look at policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Fill mailboxes.
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Read the configuration, say what is wrong with it, and print it as it will be used.
    CheckConfig(Serve),
    /// Print the version.
    Version,
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Sign up an account, also while the server runs.
    Create(Box<AccountCreate>),
    /// Show who is signing up and waits for a code, with the codes: where mail cannot be sent yet.
    SignUps(SignUps),
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Tell why somebody may or may not do something, also while the server runs.
    Explain(PolicyExplain),
    /// Find what is wrong, dangerous or needless in policies, and mend what can be mended.
    ///
    /// Reads JSON, and Markdown with JSON between fences. Exits with 1 if there are errors or security
    /// warnings, with 2 if a file could not be read or written.
    Lint(PolicyLint),
}

/// What can be done with mailboxes.
#[derive(Debug, Subcommand)]
pub(crate) enum MailboxCommand {
    /// Put the messages of a zip, an mbox or a Maildir into a mailbox, also while the server runs.
    ///
    /// What lies in its folder already is not put there twice, so an import that was stopped is done again.
    /// Exits with 1 if something could not be imported, with 130 if it was stopped.
    Import(MailboxImport),
}

/// Options of `mailbox import`.
#[derive(Clone, Debug, Args)]
pub(crate) struct MailboxImport {
    /// Where the data lies.
    #[command(flatten)]
    pub(crate) data: Data,
    /// An address of the user or resource whose mailbox it is.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mailbox: String,
    /// The folder of messages that have none of their own; INBOX unless given.
    #[arg(long, value_name = "NAME", default_value = mailbox::INBOX)]
    pub(crate) folder: String,
    /// The key of an encrypted export: a file of 32 bytes.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The zip, mbox or Maildir.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: PathBuf,
}

/// Where the data lies.
#[derive(Clone, Debug, Args)]
pub(crate) struct Data {
    /// Configuration file (TOML). Flags and environment come before what it says.
    #[arg(long, env = "CHANCERY_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the store, the message bodies and the master key; `data` unless given.
    #[arg(long, env = "CHANCERY_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Keep the store in PostgreSQL instead of SQLite.
    // The URL may hold a password, which the help must not show.
    #[arg(long, env = "CHANCERY_POSTGRES", hide_env_values = true, value_name = "URL")]
    pub(crate) postgres: Option<String>,
    /// File of the 32-byte master key; made in the data folder unless given.
    #[arg(long, env = "CHANCERY_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where the data lies.
    #[command(flatten)]
    pub(crate) data: Data,
    /// The AWS API, by HTTP; 127.0.0.1:4080 unless given.
    #[arg(long, env = "CHANCERY_API_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) api_listen: Option<String>,
    /// The AWS API by HTTPS, as 127.0.0.1:4443; off unless given.
    #[arg(long, env = "CHANCERY_API_TLS_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) api_tls_listen: Option<String>,
    /// Mail from other servers; 127.0.0.1:4025 unless given.
    #[arg(long, env = "CHANCERY_SMTP_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) smtp_listen: Option<String>,
    /// Mail from users, by implicit TLS; 127.0.0.1:4465 unless given.
    #[arg(long, env = "CHANCERY_SUBMISSION_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) submission_listen: Option<String>,
    /// IMAP, by implicit TLS; 127.0.0.1:4993 unless given.
    #[arg(long, env = "CHANCERY_IMAP_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) imap_listen: Option<String>,
    /// `/healthz` and `/metrics`, on loopback only; 127.0.0.1:4090 unless given.
    #[arg(long, env = "CHANCERY_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<String>,
    /// The server's own name in greetings, trace headers and DNS records; `localhost` unless given.
    #[arg(long, env = "CHANCERY_HOSTNAME", value_name = "NAME")]
    pub(crate) hostname: Option<String>,
    /// Ask this DNS server instead of those that the system is configured with. May be given more than once.
    #[arg(
        long = "dns-server",
        env = "CHANCERY_DNS_SERVERS",
        value_delimiter = ',',
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) dns_servers: Vec<SocketAddr>,
    /// Whether a registered domain is verified at once, or once its records are in the DNS; `trust` unless given.
    #[arg(long, env = "CHANCERY_DOMAIN_VERIFICATION", value_enum, value_name = "HOW")]
    pub(crate) domain_verification: Option<DomainVerification>,
    /// Whether SPF, DKIM and DMARC of mail from other servers are looked up; `on` unless given.
    #[arg(long, env = "CHANCERY_MAIL_AUTHENTICATION", value_enum, value_name = "WHEN")]
    pub(crate) mail_authentication: Option<MailAuthentication>,
    /// Send all outbound mail to this server instead of the recipients' own.
    #[arg(long, env = "CHANCERY_SMARTHOST", value_name = "HOST:PORT")]
    pub(crate) smarthost: Option<String>,
    /// Who reads mail for `postmaster` where nobody in the domain does: an address on this server.
    #[arg(long, env = "CHANCERY_POSTMASTER", value_name = "ADDRESS")]
    pub(crate) postmaster: Option<String>,
    /// How many days event records are kept, or `forever`; 90 unless given.
    #[arg(long, env = "CHANCERY_EVENT_DAYS", value_name = "DAYS")]
    pub(crate) event_days: Option<EventDays>,
    /// How others reach the API over the internet, such as https://aws.example.com; `https://` and the
    /// hostname unless given. The tokens of outbound federation bear it as their issuer.
    #[arg(long, env = "CHANCERY_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Where a host of outbound HTTPS requests, or an SMTP gateway, is, in the place of the DNS; may also be a private
    /// address. May be given more than once.
    #[arg(
        long = "outbound-host",
        env = "CHANCERY_OUTBOUND_HOSTS",
        value_delimiter = ',',
        value_name = "HOST:PORT=ADDRESS:PORT"
    )]
    pub(crate) outbound_hosts: Vec<String>,
    /// What speaks AWS Lambda's Invoke for all functions that e-mail flow rules call: AWS Lambda itself, or what
    /// stands in for it. Plain http only to private addresses.
    #[arg(long, env = "CHANCERY_LAMBDA_ENDPOINT", value_name = "URL")]
    pub(crate) lambda_endpoint: Option<String>,
    /// Where one such function runs, in the place of the endpoint; a URL with a path is called as it is. May be
    /// given more than once.
    #[arg(
        long = "lambda-function",
        env = "CHANCERY_LAMBDA_FUNCTIONS",
        value_delimiter = ',',
        value_name = "ARN=URL"
    )]
    pub(crate) lambda_functions: Vec<String>,
    /// File with the access key that calls of functions are signed with: ACCESS_KEY_ID:SECRET_ACCESS_KEY. They are not
    /// signed unless given.
    #[arg(long, env = "CHANCERY_LAMBDA_CREDENTIALS", value_name = "FILE")]
    pub(crate) lambda_credentials: Option<PathBuf>,
    /// Where functions leave the replacements of messages in transit.
    #[command(flatten)]
    pub(crate) content: Content,
    /// Let people sign up for accounts by themselves, with a code that is mailed to them; off unless given.
    #[arg(
        long,
        env = "CHANCERY_SIGN_UP",
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true"
    )]
    pub(crate) sign_up: Option<bool>,
    /// The origin of the console's pages, for FIDO keys; https:// and the server's own name unless given.
    #[arg(long, env = "CHANCERY_CONSOLE_ORIGIN", value_name = "URL")]
    pub(crate) console_origin: Option<String>,
    /// A proxy before the API: its X-Forwarded-For and X-Forwarded-Proto tell who asks. May be given more than once.
    #[arg(long = "proxy", env = "CHANCERY_PROXIES", value_delimiter = ',', value_name = "ADDRESS")]
    pub(crate) proxies: Vec<IpAddr>,
    /// Where mailbox exports go.
    #[command(flatten)]
    pub(crate) exports: Exports,
    /// File to write the addresses to, as JSON, once the server accepts on all of them.
    #[arg(long, env = "CHANCERY_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Where mailbox exports go; without any of it, no mailbox can be exported.
#[derive(Clone, Debug, Args)]
pub(crate) struct Exports {
    /// Put mailbox exports below this folder, whose subfolders are the buckets.
    #[arg(long, env = "CHANCERY_EXPORT_DIRECTORY", value_name = "DIR")]
    pub(crate) export_directory: Option<PathBuf>,
    /// A key that encrypts what goes below that folder: a file of 32 bytes. May be given more than once.
    #[arg(
        long = "export-key",
        env = "CHANCERY_EXPORT_KEYS",
        value_delimiter = ',',
        value_name = "ARN=FILE"
    )]
    pub(crate) export_keys: Vec<String>,
    /// Put mailbox exports into the buckets of this S3-compatible server.
    #[arg(long, env = "CHANCERY_EXPORT_S3_ENDPOINT", value_name = "URL")]
    pub(crate) export_s3_endpoint: Option<String>,
    /// The region of that server; that of the organization unless given.
    #[arg(long, env = "CHANCERY_EXPORT_S3_REGION", value_name = "REGION")]
    pub(crate) export_s3_region: Option<String>,
    /// File with the credentials for that server: ACCESS_KEY_ID:SECRET_ACCESS_KEY.
    #[arg(long, env = "CHANCERY_EXPORT_S3_CREDENTIALS", value_name = "FILE")]
    pub(crate) export_s3_credentials: Option<PathBuf>,
}

/// Where functions leave the replacements of messages in transit; without any of it, none can be replaced.
#[derive(Clone, Debug, Args)]
pub(crate) struct Content {
    /// Read replacements of messages below this folder, whose subfolders are the buckets.
    #[arg(long, env = "CHANCERY_CONTENT_DIRECTORY", value_name = "DIR")]
    pub(crate) content_directory: Option<PathBuf>,
    /// Read replacements of messages from the buckets of this S3-compatible server. Plain http only to private
    /// addresses.
    #[arg(long, env = "CHANCERY_CONTENT_S3_ENDPOINT", value_name = "URL")]
    pub(crate) content_s3_endpoint: Option<String>,
    /// The region of that server; that of the call unless given.
    #[arg(long, env = "CHANCERY_CONTENT_S3_REGION", value_name = "REGION")]
    pub(crate) content_s3_region: Option<String>,
    /// File with the credentials for that server: ACCESS_KEY_ID:SECRET_ACCESS_KEY.
    #[arg(long, env = "CHANCERY_CONTENT_S3_CREDENTIALS", value_name = "FILE")]
    pub(crate) content_s3_credentials: Option<PathBuf>,
    /// The account whose calls may read from a bucket. May be given more than once; other buckets are not read.
    #[arg(
        long = "content-bucket",
        env = "CHANCERY_CONTENT_BUCKETS",
        value_delimiter = ',',
        value_name = "BUCKET=ACCOUNT"
    )]
    pub(crate) content_buckets: Vec<String>,
}

/// Options of `account create`.
#[derive(Clone, Debug, Args)]
pub(crate) struct AccountCreate {
    /// Where the data lies.
    #[command(flatten)]
    pub(crate) data: Data,
    /// Where the server's API listens, for the lines to paste; 127.0.0.1:4080 unless given.
    #[arg(long, env = "CHANCERY_API_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) api_listen: Option<String>,
    /// E-mail address of the root user.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Name of the account.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Account id of 12 digits; drawn at random unless given.
    #[arg(long, value_name = "N")]
    pub(crate) account_id: Option<String>,
    /// Read the root user's password from the first line of this file (`-` for standard input).
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Make an access key for the root user instead of an administrator. For scripts and tests.
    #[arg(long, conflicts_with = "administrator")]
    pub(crate) root_access_key: bool,
    /// Name of the administrator to make, in the group `Administrators`.
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    pub(crate) administrator: String,
    /// Read the administrator's password from the first line of this file; without one, it cannot sign in.
    #[arg(long, conflicts_with = "root_access_key", value_name = "FILE")]
    pub(crate) administrator_password_file: Option<PathBuf>,
    /// Save the administrator's password and access key as `<user>_credentials.csv`, which
    /// `aws configure import` reads.
    #[arg(long, conflicts_with = "root_access_key", value_name = "FILE")]
    pub(crate) credentials_csv: Option<PathBuf>,
    /// Save the access key in the console's CSV form.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Print one JSON object and ask nothing.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `account sign-ups`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignUps {
    /// Where the data lies.
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print one JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `policy explain`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyExplain {
    /// Where the data lies.
    #[command(flatten)]
    pub(crate) data: Data,
    /// ARN of the user, the role or session of one, or the root user who asks.
    #[arg(long, value_name = "ARN")]
    pub(crate) principal: String,
    /// The action, as in `iam:GetUser`.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: String,
    /// ARN of the resource; `*` for an action that has none.
    #[arg(long, value_name = "ARN", default_value = "*")]
    pub(crate) resource: String,
    /// A condition key of the request; given again, the key has several values.
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = condition_key)]
    pub(crate) context: Vec<(String, String)>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `policy lint`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyLint {
    /// What the policies are for.
    #[arg(long = "type", value_enum, default_value = "identity", value_name = "TYPE")]
    pub(crate) kind: LintedType,
    /// How to say it.
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: LintFormat,
    /// Mend the files where there is only one way to, and say what is left.
    #[arg(long)]
    pub(crate) fix: bool,
    /// The files; `-` for standard input, which is mended to standard output.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// What a linted policy is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LintedType {
    /// Of a user, a group or a role.
    Identity,
    /// Of a resource.
    Resource,
    /// Of a role: who may assume it.
    Trust,
    /// Of an organisation, over its users and roles.
    Scp,
    /// Of an organisation, over its resources.
    Rcp,
}

/// How findings are said.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people.
    Text,
    /// One JSON array.
    Json,
}

fn condition_key(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if key.contains(':') => Ok((key.to_owned(), value.to_owned())),
        _ => Err("not a condition key with its value, as in `aws:SourceIp=192.0.2.1`".to_owned()),
    }
}
