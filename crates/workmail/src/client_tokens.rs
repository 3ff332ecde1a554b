//! `ClientToken`: the same request sent again is answered as the first time, and does nothing more.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use iam::door::Caller;
use store::{Snapshot, Transaction, params};
use wire::workmail::Operation;

use crate::refusal;

/// How long a token is remembered. AWS does not say; EC2 and others keep theirs for a day.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A call that bears a token, or none.
pub(crate) struct Idempotent<'a> {
    caller: &'a Caller,
    operation: Operation,
    token: Option<&'a str>,
    input: String,
}

impl<'a> Idempotent<'a> {
    /// `input` is all of the request but the token.
    pub(crate) fn new(
        caller: &'a Caller,
        operation: Operation,
        token: Option<&'a str>,
        input: &[&str],
    ) -> Result<Self, wire::Error> {
        let hash = digest(&SHA256, &serde_json::to_vec(input)?);
        let input = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { caller, operation, token, input })
    }

    /// What the first call with this token resulted in.
    pub(crate) async fn earlier(
        &self,
        snapshot: &mut Snapshot,
    ) -> Result<Option<String>, wire::Error> {
        let Some(token) = self.token else { return Ok(None) };
        const SQL: &str = "SELECT input, result FROM client_tokens \
            WHERE account_id = $1 AND region = $2 AND operation = $3 AND token = $4 \
            AND created_at > $5";
        let key = params![
            &self.caller.account,
            self.caller.region(),
            self.operation.name(),
            token,
            self.oldest(),
        ];
        let found: Option<(String, String)> =
            snapshot.row(SQL, key, |row| Ok((row.get(0)?, row.get(1)?))).await?;
        match found {
            Some((input, _)) if input != self.input => {
                Err(refusal::invalid("The ClientToken was already used with another request."))
            }
            found => Ok(found.map(|(_, result)| result)),
        }
    }

    /// Remembers the result, and forgets what is past its time.
    pub(crate) async fn remember(
        &self,
        tx: &mut Transaction,
        result: &str,
    ) -> Result<(), wire::Error> {
        let Some(token) = self.token else { return Ok(()) };
        let expired = "DELETE FROM client_tokens WHERE created_at <= $1";
        tx.execute(expired, params![self.oldest()]).await?;
        const SQL: &str = "INSERT INTO client_tokens \
            (account_id, region, operation, token, input, result, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let row = params![
            &self.caller.account,
            self.caller.region(),
            self.operation.name(),
            token,
            &self.input,
            result,
            self.caller.request.now,
        ];
        tx.execute(SQL, row).await?;
        Ok(())
    }

    fn oldest(&self) -> world::Timestamp {
        self.caller.request.now.saturating_sub(LIFETIME)
    }
}
