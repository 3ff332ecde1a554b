//! The account's alias: a name in the place of its number.

use store::{Snapshot, params};
use wire::{
    errors::VALIDATION,
    iam::{
        CreateAccountAliasRequest, DeleteAccountAliasRequest, ListAccountAliasesRequest,
        ListAccountAliasesResponse,
        errors::{ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
    },
};

use crate::{
    door::{Call, Resource},
    pages::Page,
};

/// Digits of an account id, which no alias may look like.
const ACCOUNT_DIGITS: usize = 12;

/// Gives the account an alias, in the place of the one that it has.
pub(crate) async fn create(
    call: &mut Call,
    input: CreateAccountAliasRequest,
) -> Result<(), wire::Error> {
    const TAKEN: &str = "SELECT id FROM accounts WHERE alias = $1";
    const UPDATE: &str = "UPDATE accounts SET alias = $2 WHERE id = $1";
    let alias = input.account_alias;
    if alias.len() == ACCOUNT_DIGITS && alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VALIDATION.with("The account alias must not be a 12-digit number."));
    }
    let caller = call.caller();
    let tx = call.write("iam:CreateAccountAlias", Resource::any()).await?;
    if tx.row(TAKEN, params![&alias], |_| Ok(())).await?.is_some() {
        let message = format!("The account alias {alias} already exists.");
        return Err(ENTITY_ALREADY_EXISTS.with(message));
    }
    tx.execute(UPDATE, params![&caller.account, &alias]).await?;
    Ok(())
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteAccountAliasRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE accounts SET alias = NULL WHERE id = $1 AND alias = $2";
    let caller = call.caller();
    let tx = call.write("iam:DeleteAccountAlias", Resource::any()).await?;
    if tx.execute(SQL, params![&caller.account, &input.account_alias]).await? == 0 {
        let message = format!("The account alias {} cannot be found.", input.account_alias);
        return Err(NO_SUCH_ENTITY.with(message));
    }
    Ok(())
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListAccountAliasesRequest,
) -> Result<ListAccountAliasesResponse, wire::Error> {
    let page = Page::of(call, "ListAccountAliases", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListAccountAliases", Resource::any()).await?;
    let aliases = of(snapshot, &caller.account).await?.into_iter().collect();
    let cut = page.slice(aliases, String::clone)?;
    Ok(ListAccountAliasesResponse {
        account_aliases: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

async fn of(snapshot: &mut Snapshot, account: &str) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT alias FROM accounts WHERE id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.flatten())
}
