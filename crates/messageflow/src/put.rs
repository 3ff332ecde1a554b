//! `PutRawMessageContent`.

use iam::door::Call;
use mailflow::transit;
use wire::workmailmessageflow::{
    Operation, PutRawMessageContentRequest, PutRawMessageContentResponse, errors::MESSAGE_REJECTED,
};

use crate::{
    Service,
    content::TEXT_BYTES_MAX,
    message::{self, Named, trouble},
    replacement,
};

/// The text is fetched and checked before anything is open. Nothing is redirected here, so that no message is frozen:
/// once it has gone on, its text is replaced here alone.
pub(crate) async fn put_raw_message_content(
    service: &Service,
    call: &mut Call,
    input: PutRawMessageContentRequest,
) -> Result<PutRawMessageContentResponse, wire::Error> {
    let (caller, keyring, id) = (call.caller(), call.keyring(), input.message_id);
    let action = Operation::PutRawMessageContent.action();
    let snapshot = call.read(action, Named(&id)).await?;
    let message = message::require(snapshot, &caller, &id).await?;
    let located = message.locate(snapshot, &keyring).await.map_err(trouble)?;
    call.release();
    let room = service.memory.room(TEXT_BYTES_MAX).await?;
    let home = (caller.account.as_str(), caller.region());
    let given = service.content.fetch(home, &input.content.s3_reference).await?;
    let original = service.flow.text_in_transit(&message, &located).await.map_err(trouble)?;
    let text = replacement::replace(&original.shown(), &given)
        .map_err(|rejected| MESSAGE_REJECTED.with(rejected.to_string()))?;
    let prepared = service.flow.prepare_replacement(&message, &original, &text).await;
    let prepared = prepared.map_err(trouble)?;
    drop(room);
    let tx = call.write(action, Named(&id)).await?;
    let message = message::require(tx, &caller, &id).await?;
    transit::replace(tx, &message, &prepared).await.map_err(trouble)?;
    Ok(PutRawMessageContentResponse {})
}
