//! The rules of a policy: for each folder what is done with old messages, and how old they are then.

use store::{Snapshot, Transaction, params};
use wire::workmail::{FolderConfiguration, FolderName, RetentionAction};

use crate::refusal;

/// Refuses rules that contradict each other or could not be kept.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check(rules: &[FolderConfiguration]) -> Result<(), wire::Error> {
    for (at, rule) in rules.iter().enumerate() {
        let folder = rule.name.as_str();
        if rules.iter().take(at).any(|earlier| earlier.name == rule.name) {
            return Err(refusal::invalid(format!("The folder {folder} is given twice.")));
        }
        if rule.action != RetentionAction::None && rule.period.is_none() {
            return Err(refusal::invalid(format!("The folder {folder} needs a period.")));
        }
        if rule.name == FolderName::DeletedItems && rule.action == RetentionAction::Delete {
            return Err(refusal::invalid(
                "Users recover what is deleted from DELETED_ITEMS, so the action for this folder \
                 is NONE or PERMANENTLY_DELETE.",
            ));
        }
    }
    Ok(())
}

pub(super) async fn insert(
    tx: &mut Transaction,
    organization: &str,
    rules: &[FolderConfiguration],
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO retention_rules \
        (organization_id, folder, place, action, period_days) VALUES ($1, $2, $3, $4, $5)";
    for (place, rule) in rules.iter().enumerate() {
        let (folder, action) = (rule.name.as_str(), rule.action.as_str());
        tx.execute(SQL, params![organization, folder, place, action, rule.period]).await?;
    }
    Ok(())
}

/// The rules of an organization, in the order in which they were given.
pub(super) async fn of(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Vec<FolderConfiguration>, store::Error> {
    const SQL: &str = "SELECT folder, action, period_days FROM retention_rules \
        WHERE organization_id = $1 ORDER BY place";
    let corrupt = || store::Error::corrupt("a rule of retention");
    let read = |row: &store::Row<'_>| {
        Ok(FolderConfiguration {
            name: FolderName::parse(row.get(0)?).ok_or_else(corrupt)?,
            action: RetentionAction::parse(row.get(1)?).ok_or_else(corrupt)?,
            period: row.get(2)?,
        })
    };
    snapshot.rows(SQL, params![organization], read).await
}
