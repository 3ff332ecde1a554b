//! CreateSmtpGateway and its siblings.

use iam::door::Call;
use store::{Keyring, Row, Snapshot, params};
use wire::workmail::{
    CreateSmtpGatewayRequest, CreateSmtpGatewayResponse, DeleteSmtpGatewayRequest,
    DeleteSmtpGatewayResponse, DescribeSmtpGatewayRequest, DescribeSmtpGatewayResponse,
    ListSmtpGatewaysRequest, ListSmtpGatewaysResponse, Operation, SmtpGatewaySummary,
    SmtpGatewayTlsMode as TlsMode, UpdateSmtpGatewayRequest, UpdateSmtpGatewayResponse,
    errors::{LIMIT_EXCEEDED, NAME_AVAILABILITY, SMTP_GATEWAY_IN_USE},
};
use world::Timestamp;

use super::{port, purpose, unknown};
use crate::{client_tokens::Idempotent, domain_name, organizations, page::Page, refusal};

/// Gateways of one organization. AWS does not say.
const GATEWAYS_MAX: i64 = 100;
/// The port on which TLS begins at once (RFC 8314, section 7.3).
const SUBMISSIONS_PORT: u16 = 465;

pub(crate) async fn create_smtp_gateway(
    call: &mut Call,
    input: CreateSmtpGatewayRequest,
) -> Result<CreateSmtpGatewayResponse, wire::Error> {
    let (caller, world, keyring) = (call.caller(), call.world(), call.keyring());
    let operation = Operation::CreateSmtpGateway;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let server = Server::new(&input.host, input.port, input.tls_mode, input.username)?;
    // the password is left out: what is remembered of a request is no place for it
    let shown = format!("{server:?}");
    let fields = [organization.id.as_str(), &input.name, &shown];
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if let Some(id) = once.earlier(tx).await? {
        return Ok(CreateSmtpGatewayResponse { smtp_gateway_id: Some(id) });
    }
    let id = world.random_uuid();
    check_name(tx, &organization.id, &input.name, &id).await?;
    check_quota(tx, &organization.id).await?;
    const SQL: &str = "INSERT INTO smtp_gateways (organization_id, id, name, name_key, host, port, \
        tls_mode, username, password, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
    let row = params![
        &organization.id,
        &id,
        &input.name,
        input.name.to_lowercase(),
        &server.host,
        i64::from(server.port),
        server.tls_mode.as_str(),
        &server.username,
        sealed(&keyring, &organization.id, &id, &input.password)?,
        caller.request.now,
    ];
    tx.execute(SQL, row).await?;
    once.remember(tx, &id).await?;
    Ok(CreateSmtpGatewayResponse { smtp_gateway_id: Some(id) })
}

pub(crate) async fn update_smtp_gateway(
    call: &mut Call,
    input: UpdateSmtpGatewayRequest,
) -> Result<UpdateSmtpGatewayResponse, wire::Error> {
    let (now, keyring) = (call.now(), call.keyring());
    let (id, operation) = (&input.smtp_gateway_id, Operation::UpdateSmtpGateway);
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let server = Server::new(&input.host, input.port, input.tls_mode, input.username)?;
    let kept = require(tx, &organization.id, id).await?;
    check_name(tx, &organization.id, &input.name, id).await?;
    match &input.password {
        Some(password) => {
            let password = sealed(&keyring, &organization.id, id, password)?;
            let sql =
                "UPDATE smtp_gateways SET password = $3 WHERE organization_id = $1 AND id = $2";
            tx.execute(sql, params![&organization.id, id, password]).await?;
        }
        // else who may not know the password could have it sent to another server
        None if server != kept.server => {
            let text = "The Password is needed when host, port, TLS mode or user name change.";
            return Err(refusal::invalid(text));
        }
        None => {}
    }
    const SQL: &str = "UPDATE smtp_gateways SET name = $3, name_key = $4, host = $5, port = $6, \
        tls_mode = $7, username = $8, modified_at = $9 WHERE organization_id = $1 AND id = $2";
    let row = params![
        &organization.id,
        id,
        &input.name,
        input.name.to_lowercase(),
        &server.host,
        i64::from(server.port),
        server.tls_mode.as_str(),
        &server.username,
        now,
    ];
    tx.execute(SQL, row).await?;
    Ok(UpdateSmtpGatewayResponse {})
}

/// Mail that waits for a gateway that is deleted comes back to its senders.
pub(crate) async fn delete_smtp_gateway(
    call: &mut Call,
    input: DeleteSmtpGatewayRequest,
) -> Result<DeleteSmtpGatewayResponse, wire::Error> {
    let operation = Operation::DeleteSmtpGateway;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let key = params![&organization.id, &input.smtp_gateway_id];
    const USED: &str = "SELECT name FROM mail_flow_rules \
        WHERE organization_id = $1 AND smtp_gateway_id = $2 ORDER BY name_key LIMIT 1";
    if let Some(rule) = tx.row(USED, key, |row| row.get::<String>(0)).await? {
        let text = format!("The SMTP gateway is used by the mail flow rule {rule}.");
        return Err(SMTP_GATEWAY_IN_USE.with(text));
    }
    tx.execute("DELETE FROM smtp_gateways WHERE organization_id = $1 AND id = $2", key).await?;
    Ok(DeleteSmtpGatewayResponse {})
}

pub(crate) async fn describe_smtp_gateway(
    call: &mut Call,
    input: DescribeSmtpGatewayRequest,
) -> Result<DescribeSmtpGatewayResponse, wire::Error> {
    let operation = Operation::DescribeSmtpGateway;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let kept = require(snapshot, &organization.id, &input.smtp_gateway_id).await?;
    Ok(DescribeSmtpGatewayResponse {
        smtp_gateway_id: Some(kept.id),
        name: Some(kept.name),
        host: Some(kept.server.host),
        port: Some(kept.server.port.into()),
        tls_mode: Some(kept.server.tls_mode),
        username: Some(kept.server.username),
        date_created: Some(kept.created_at),
        date_modified: Some(kept.modified_at),
    })
}

pub(crate) async fn list_smtp_gateways(
    call: &mut Call,
    input: ListSmtpGatewaysRequest,
) -> Result<ListSmtpGatewaysResponse, wire::Error> {
    let (id, operation) = (&input.organization_id, Operation::ListSmtpGateways);
    let page = Page::open(call, operation, &[id], input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    let sql = format!(
        "SELECT {COLUMNS}, name_key FROM smtp_gateways \
         WHERE organization_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3"
    );
    let bounds = params![&organization.id, &range.key, range.fetch];
    let keyed = |row: &Row<'_>| Ok((row.get::<String>(8)?, Kept::of(row)?));
    let mut found = snapshot.rows(&sql, bounds, keyed).await?;
    let next_token = page.cut(&mut found, |(key, _)| (key, ""))?;
    let summary = |(_, kept): (String, Kept)| SmtpGatewaySummary {
        smtp_gateway_id: Some(kept.id),
        name: Some(kept.name),
        host: Some(kept.server.host),
        port: Some(kept.server.port.into()),
        date_created: Some(kept.created_at),
        date_modified: Some(kept.modified_at),
    };
    let smtp_gateways = Some(found.into_iter().map(summary).collect());
    Ok(ListSmtpGatewaysResponse { smtp_gateways, next_token })
}

/// Where a password is sent, and as whose.
#[derive(Debug, PartialEq)]
struct Server {
    host: String,
    port: u16,
    tls_mode: TlsMode,
    username: String,
}

impl Server {
    fn new(
        host: &str,
        port: i32,
        tls_mode: Option<TlsMode>,
        username: String,
    ) -> Result<Self, wire::Error> {
        let invalid = || refusal::invalid(format!("The host {host} is not a name of the DNS."));
        let host = domain_name::lookup(host).ok_or_else(invalid)?;
        let port = u16::try_from(port).map_err(|_| refusal::invalid("The port is not valid."))?;
        let usual = if port == SUBMISSIONS_PORT { TlsMode::Implicit } else { TlsMode::Starttls };
        Ok(Self { host, port, tls_mode: tls_mode.unwrap_or(usual), username })
    }
}

/// A gateway without its password.
struct Kept {
    id: String,
    name: String,
    server: Server,
    created_at: Timestamp,
    modified_at: Timestamp,
}

const COLUMNS: &str = "id, name, host, port, tls_mode, username, created_at, modified_at";

impl Kept {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("the TLS mode of an SMTP gateway");
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            server: Server {
                host: row.get(2)?,
                port: port(row.get(3)?)?,
                tls_mode: TlsMode::parse(row.get(4)?).ok_or_else(corrupt)?,
                username: row.get(5)?,
            },
            created_at: row.get(6)?,
            modified_at: row.get(7)?,
        })
    }
}

async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<Kept, wire::Error> {
    let sql = format!("SELECT {COLUMNS} FROM smtp_gateways WHERE organization_id = $1 AND id = $2");
    let found = snapshot.row(&sql, params![organization, id], Kept::of).await?;
    found.ok_or_else(|| unknown(id))
}

fn sealed(
    keyring: &Keyring,
    organization: &str,
    id: &str,
    password: &wire::Sensitive,
) -> Result<Vec<u8>, wire::Error> {
    if password.expose().is_empty() {
        return Err(refusal::invalid("The Password is empty."));
    }
    Ok(keyring.seal(&purpose(organization, id), password.expose().as_bytes())?)
}

/// Refuses a name that another gateway than `id` has.
async fn check_name(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
    id: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM smtp_gateways \
        WHERE organization_id = $1 AND name_key = $2 AND id <> $3";
    match snapshot.row(SQL, params![organization, name.to_lowercase(), id], |_| Ok(())).await? {
        Some(()) => {
            Err(NAME_AVAILABILITY.with(format!("An SMTP gateway with the name {name} exists.")))
        }
        None => Ok(()),
    }
}

async fn check_quota(snapshot: &mut Snapshot, organization: &str) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM smtp_gateways WHERE organization_id = $1";
    let held: Option<i64> = snapshot.row(SQL, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= GATEWAYS_MAX {
        let text = format!("The organization has {GATEWAYS_MAX} SMTP gateways already.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}
