//! SMTP gateways: servers that outbound rules may hand mail to.

mod operations;

use store::{Keyring, Row, Snapshot, params};
use wire::workmail::errors::RESOURCE_NOT_FOUND;
use world::Secret;

pub(crate) use self::operations::{
    create_smtp_gateway, delete_smtp_gateway, describe_smtp_gateway, list_smtp_gateways,
    update_smtp_gateway,
};

/// A server that takes mail from who signs in.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Its name, in lower case, which its certificate must bear.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS begins at once, and not by STARTTLS.
    pub implicit_tls: bool,
    /// Who signs in.
    pub username: String,
    /// With what.
    pub password: Secret,
}

/// A gateway of an organization, if it is still there.
///
/// # Errors
/// The store's.
pub async fn find(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    organization: &str,
    id: &str,
) -> Result<Option<Gateway>, store::Error> {
    const SQL: &str = "SELECT host, port, tls_mode, username, password FROM smtp_gateways \
        WHERE organization_id = $1 AND id = $2";
    let purpose = purpose(organization, id);
    let gateway = |row: &Row<'_>| {
        Ok(Gateway {
            host: row.get(0)?,
            port: port(row.get(1)?)?,
            implicit_tls: row.get::<&str>(2)?
                == wire::workmail::SmtpGatewayTlsMode::Implicit.as_str(),
            username: row.get(3)?,
            password: keyring.open(&purpose, &row.get::<Vec<u8>>(4)?)?,
        })
    };
    snapshot.row(SQL, params![organization, id], gateway).await
}

/// That an organization has this gateway.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(crate) async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM smtp_gateways WHERE organization_id = $1 AND id = $2";
    let found = snapshot.row(SQL, params![organization, id], |_| Ok(())).await?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> wire::Error {
    RESOURCE_NOT_FOUND.with(format!("The SMTP gateway {id} cannot be found."))
}

fn port(column: i64) -> Result<u16, store::Error> {
    u16::try_from(column).map_err(|_| store::Error::corrupt("the port of an SMTP gateway"))
}

/// What the password of a gateway is sealed for.
fn purpose(organization: &str, id: &str) -> String {
    format!("workmail-smtp-gateway/{organization}/{id}")
}
