//! Under whose name a user may send.

use store::{Snapshot, params};

use crate::address::Lookup;

/// What an address is to a user who wants to send under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is one of the user's own.
    Own,
    /// Its owner lets the user send in the owner's place (`SEND_AS`).
    As,
    /// Its owner lets the user send for the owner, if the user is named as the sender (`SEND_ON_BEHALF`).
    OnBehalf,
    /// The user may not send under it.
    Foreign,
}

/// What `address` is to a user. A subaddress is nobody's.
///
/// # Errors
/// The store's.
pub async fn standing(
    snapshot: &mut Snapshot,
    user_id: &str,
    address: &str,
) -> Result<Standing, store::Error> {
    let Some(lookup) = Lookup::parse(address) else { return Ok(Standing::Foreign) };
    const SQL: &str = "SELECT entity_id FROM addresses WHERE address_key = $1";
    let holder = snapshot.row(SQL, params![lookup.key()], |row| row.get::<String>(0)).await?;
    let Some(holder) = holder else { return Ok(Standing::Foreign) };
    if holder == user_id {
        return Ok(Standing::Own);
    }
    let rights = super::of(snapshot, &holder, user_id).await?;
    Ok(match rights {
        _ if rights.send_as => Standing::As,
        _ if rights.send_on_behalf => Standing::OnBehalf,
        _ => Standing::Foreign,
    })
}
