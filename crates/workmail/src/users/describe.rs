//! DescribeUser.

use iam::door::Call;
use store::{Row, Snapshot, params};
use wire::{
    Sensitive,
    workmail::{DescribeUserRequest, DescribeUserResponse, EntityType, Operation, UserRole},
};

use crate::{
    entities::{self, Forms},
    mailboxes, organizations,
};

pub(crate) async fn describe_user(
    call: &mut Call,
    input: DescribeUserRequest,
) -> Result<DescribeUserResponse, wire::Error> {
    let (snapshot, organization) =
        organizations::read(call, Operation::DescribeUser, &input.organization_id).await?;
    let kinds = [EntityType::User];
    let user =
        entities::require(snapshot, &organization.id, &input.user_id, Forms::Any, &kinds).await?;
    let dates = mailboxes::dates(snapshot, &user.id).await?;
    Ok(DescribeUserResponse {
        name: Some(user.name),
        state: Some(user.state),
        enabled_date: user.enabled_at,
        disabled_date: user.disabled_at,
        mailbox_provisioned_date: dates.provisioned,
        mailbox_deprovisioned_date: dates.deprovisioned,
        hidden_from_global_address_list: Some(user.hidden),
        ..details(snapshot, user.id).await?
    })
}

/// The members that come from the user's details and addresses.
async fn details(snapshot: &mut Snapshot, id: String) -> Result<DescribeUserResponse, wire::Error> {
    const SQL: &str = "SELECT a.address, d.role, d.display_name, d.first_name, d.last_name, \
        d.initials, d.telephone, d.street, d.job_title, d.city, d.company, d.zip_code, \
        d.department, d.country, d.office, d.identity_provider_user_id, \
        d.identity_provider_identity_store_id FROM user_details d \
        LEFT JOIN addresses a ON a.entity_id = d.entity_id AND a.is_primary = 1 \
        WHERE d.entity_id = $1";
    let found = snapshot.row(SQL, params![&id], response).await?;
    let found = found.ok_or_else(|| store::Error::corrupt("a user without details"))?;
    Ok(DescribeUserResponse { user_id: Some(id), ..found })
}

fn response(row: &Row<'_>) -> Result<DescribeUserResponse, store::Error> {
    let text = |index| -> Result<Option<Sensitive>, store::Error> {
        Ok(row.get::<Option<String>>(index)?.map(Sensitive::from))
    };
    Ok(DescribeUserResponse {
        email: row.get(0)?,
        user_role: UserRole::parse(row.get(1)?),
        display_name: text(2)?,
        first_name: text(3)?,
        last_name: text(4)?,
        initials: text(5)?,
        telephone: text(6)?,
        street: text(7)?,
        job_title: text(8)?,
        city: text(9)?,
        company: text(10)?,
        zip_code: text(11)?,
        department: text(12)?,
        country: text(13)?,
        office: text(14)?,
        identity_provider_user_id: row.get(15)?,
        identity_provider_identity_store_id: row.get(16)?,
        ..DescribeUserResponse::default()
    })
}
