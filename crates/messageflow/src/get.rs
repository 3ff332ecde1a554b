//! `GetRawMessageContent`.

use iam::door::Call;
use wire::workmailmessageflow::{
    GetRawMessageContentRequest, GetRawMessageContentResponse, Operation,
};

use crate::{
    Service,
    message::{self, Named, trouble},
};

pub(crate) async fn get_raw_message_content(
    service: &Service,
    call: &mut Call,
    input: GetRawMessageContentRequest,
) -> Result<GetRawMessageContentResponse, wire::Error> {
    let (caller, keyring, id) = (call.caller(), call.keyring(), input.message_id);
    let snapshot = call.read(Operation::GetRawMessageContent.action(), Named(&id)).await?;
    let message = message::require(snapshot, &caller, &id).await?;
    let located = message.locate(snapshot, &keyring).await.map_err(trouble)?;
    call.release(); // nothing is open while the bytes are read and sent
    let room = service.memory.room(message.size_bytes).await?;
    let text = service.flow.text_in_transit(&message, &located).await.map_err(trouble)?;
    Ok(GetRawMessageContentResponse { message_content: room.around(text.shown()) })
}
