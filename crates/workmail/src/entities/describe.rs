//! DescribeEntity.

use iam::door::Call;
use wire::workmail::{DescribeEntityRequest, DescribeEntityResponse, Operation};

use super::by_address;
use crate::{address::Lookup, organizations, refusal};

pub(crate) async fn describe_entity(
    call: &mut Call,
    input: DescribeEntityRequest,
) -> Result<DescribeEntityResponse, wire::Error> {
    let (snapshot, organization) =
        organizations::read(call, Operation::DescribeEntity, &input.organization_id).await?;
    let unknown = || refusal::no_entity(&input.email);
    let address = Lookup::parse(&input.email).ok_or_else(unknown)?;
    let entity = by_address(snapshot, &organization.id, &address.key()).await?;
    let entity = entity.ok_or_else(unknown)?;
    Ok(DescribeEntityResponse {
        entity_id: Some(entity.id),
        name: Some(entity.name),
        r#type: Some(entity.kind),
    })
}
