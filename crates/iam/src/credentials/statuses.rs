//! Whether a credential may be used: what can be asked for.

use wire::{errors::VALIDATION, iam::StatusType};

/// The status that a call wants a credential to have. Nobody makes one expired; it becomes so.
pub(crate) fn settable(status: StatusType) -> Result<&'static str, wire::Error> {
    if status == StatusType::Expired {
        return Err(VALIDATION.with(
            "1 validation error detected: Value at 'status' failed to satisfy constraint: \
             Member must satisfy enum value set",
        ));
    }
    Ok(status.as_str())
}
