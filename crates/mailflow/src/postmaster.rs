//! Who reads mail for `postmaster` (RFC 5321 section 4.5.1).

use store::Snapshot;
use workmail::Recipient;

/// Whom an address stands for. Where nobody in a domain of ours is its postmaster, `reader` is.
pub(crate) async fn resolve(
    snapshot: &mut Snapshot,
    address: &str,
    reader: Option<&str>,
) -> Result<Recipient, store::Error> {
    let found = workmail::resolve(snapshot, address).await?;
    let Some(reader) = reader.filter(|_| found == Recipient::Unknown && is_postmaster(address))
    else {
        return Ok(found);
    };
    match workmail::resolve(snapshot, reader).await? {
        Recipient::NotLocalDomain => Ok(Recipient::Unknown),
        reader => Ok(reader),
    }
}

/// In any mixture of cases.
fn is_postmaster(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.eq_ignore_ascii_case("postmaster")
}
