//! ListPersonalAccessTokens, GetPersonalAccessTokenMetadata and DeletePersonalAccessToken. None shows a secret.

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    DeletePersonalAccessTokenRequest, DeletePersonalAccessTokenResponse, EntityType,
    GetPersonalAccessTokenMetadataRequest, GetPersonalAccessTokenMetadataResponse,
    ListPersonalAccessTokensRequest, ListPersonalAccessTokensResponse, Operation,
    errors::RESOURCE_NOT_FOUND,
};

use super::{COLUMNS, Token};
use crate::{
    access,
    entities::{self, Forms},
    organizations,
    page::{Page, Range},
};

pub(crate) async fn list_personal_access_tokens(
    call: &mut Call,
    input: ListPersonalAccessTokensRequest,
) -> Result<ListPersonalAccessTokensResponse, wire::Error> {
    let operation = Operation::ListPersonalAccessTokens;
    let id = &input.organization_id;
    let scope = [id.as_str(), input.user_id.as_deref().unwrap_or_default()];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let user = match &input.user_id {
        Some(given) => {
            let kinds = [EntityType::User];
            let user = entities::require(snapshot, &organization.id, given, Forms::Any, &kinds);
            Some(user.await?.living()?.id)
        }
        None => None,
    };
    let mut found = list(snapshot, &organization.id, user.as_deref(), &page.range("")).await?;
    let next_token = page.cut(&mut found, |token| (&token.name_key, &token.id))?;
    let summaries = found.into_iter().map(Token::shown).collect();
    Ok(ListPersonalAccessTokensResponse {
        personal_access_token_summaries: Some(summaries),
        next_token,
    })
}

pub(crate) async fn get_personal_access_token_metadata(
    call: &mut Call,
    input: GetPersonalAccessTokenMetadataRequest,
) -> Result<GetPersonalAccessTokenMetadataResponse, wire::Error> {
    let operation = Operation::GetPersonalAccessTokenMetadata;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let id = &input.personal_access_token_id;
    let sql = format!(
        "SELECT {COLUMNS} FROM personal_access_tokens WHERE id = $1 AND organization_id = $2"
    );
    let token = snapshot.row(&sql, params![id, &organization.id], Token::of).await?;
    let shown = token.map(Token::shown).ok_or_else(|| {
        RESOURCE_NOT_FOUND.with(format!("The personal access token {id} cannot be found."))
    })?;
    Ok(GetPersonalAccessTokenMetadataResponse {
        personal_access_token_id: shown.personal_access_token_id,
        user_id: shown.user_id,
        name: shown.name,
        date_created: shown.date_created,
        date_last_used: shown.date_last_used,
        expires_time: shown.expires_time,
        scopes: shown.scopes,
    })
}

/// Ends a token, and the sessions that began with it. One that is unknown is as gone as it was to be.
pub(crate) async fn delete_personal_access_token(
    call: &mut Call,
    input: DeletePersonalAccessTokenRequest,
) -> Result<DeletePersonalAccessTokenResponse, wire::Error> {
    let operation = Operation::DeletePersonalAccessToken;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    const SQL: &str = "DELETE FROM personal_access_tokens WHERE id = $1 AND organization_id = $2";
    tx.execute(SQL, params![&input.personal_access_token_id, &organization.id]).await?;
    access::judge_again(tx, &organization.id);
    Ok(DeletePersonalAccessTokenResponse {})
}

/// The tokens of a range, of the whole organization or of one user.
async fn list(
    snapshot: &mut Snapshot,
    organization: &str,
    user: Option<&str>,
    range: &Range,
) -> Result<Vec<Token>, store::Error> {
    let (column, owner) = match user {
        Some(user) => ("user_id", user),
        None => ("organization_id", organization),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM personal_access_tokens WHERE {column} = $1 \
         AND (name_key, id) > ($2, $3) ORDER BY name_key, id LIMIT $4"
    );
    let bounds = params![owner, &range.key, &range.id, range.fetch];
    snapshot.rows(&sql, bounds, Token::of).await
}
