//! Resources: rooms and equipment, which have a mailbox and take requests for bookings.
//!
//! How a resource answers a request, and that its delegates get copies of it, comes with the calendar. Until then
//! the options and delegates are kept, and a request is delivered like all other mail.

mod delegates;
mod list;
mod update;

use iam::door::Call;
use store::{Row, Snapshot, Transaction, params};
use wire::{
    Sensitive,
    workmail::{
        BookingOptions, CreateResourceRequest, CreateResourceResponse, DeleteResourceRequest,
        DeleteResourceResponse, DescribeResourceRequest, DescribeResourceResponse, EntityType,
        Operation, ResourceType,
    },
};

use crate::{
    addresses,
    entities::{self, Forms},
    organizations,
};

pub(crate) use delegates::{
    associate_delegate_to_resource, disassociate_delegate_from_resource, list_resource_delegates,
};
pub(crate) use list::list_resources;
pub(crate) use update::update_resource;

const RESOURCE: [EntityType; 1] = [EntityType::Resource];

pub(crate) async fn create_resource(
    call: &mut Call,
    input: CreateResourceRequest,
) -> Result<CreateResourceResponse, wire::Error> {
    let (world, now) = (call.world(), call.now());
    let (tx, organization) =
        organizations::write(call, Operation::CreateResource, &input.organization_id).await?;
    entities::check_name(tx, &organization.id, &input.name).await?;
    let id = format!("r-{}", world.random_hex::<16>());
    let hidden = input.hidden_from_global_address_list.unwrap_or(false);
    let kind = EntityType::Resource;
    entities::create(tx, &organization.id, &id, kind, &input.name, hidden, now).await?;
    let description = input.description.as_ref().map(|text| text.expose().to_owned());
    Details::new(input.r#type, description).insert(tx, &organization.id, &id).await?;
    Ok(CreateResourceResponse { resource_id: Some(id) })
}

pub(crate) async fn describe_resource(
    call: &mut Call,
    input: DescribeResourceRequest,
) -> Result<DescribeResourceResponse, wire::Error> {
    let (snapshot, organization) =
        organizations::read(call, Operation::DescribeResource, &input.organization_id).await?;
    let given = &input.resource_id;
    let resource =
        entities::require(snapshot, &organization.id, given, Forms::Any, &RESOURCE).await?;
    let details = Details::of(snapshot, &resource.id).await?;
    Ok(DescribeResourceResponse {
        email: addresses::primary(snapshot, &resource.id).await?,
        resource_id: Some(resource.id),
        name: Some(resource.name),
        state: Some(resource.state),
        enabled_date: resource.enabled_at,
        disabled_date: resource.disabled_at,
        hidden_from_global_address_list: Some(resource.hidden),
        r#type: Some(details.kind),
        booking_options: Some(details.booking.shown()),
        description: details.description.map(Sensitive::from),
    })
}

pub(crate) async fn delete_resource(
    call: &mut Call,
    input: DeleteResourceRequest,
) -> Result<DeleteResourceResponse, wire::Error> {
    let now = call.now();
    let (tx, organization) =
        organizations::write(call, Operation::DeleteResource, &input.organization_id).await?;
    let kind = EntityType::Resource;
    entities::delete(tx, &organization.id, &input.resource_id, kind, now).await?;
    Ok(DeleteResourceResponse {})
}

/// What a resource has besides what all entities have.
struct Details {
    kind: ResourceType,
    description: Option<String>,
    booking: Booking,
}

/// How requests for bookings are answered.
#[derive(Clone, Copy)]
struct Booking {
    accept: bool,
    decline_recurring: bool,
    decline_conflicting: bool,
}

impl Details {
    fn new(kind: ResourceType, description: Option<String>) -> Self {
        Self { kind, description, booking: Booking::INITIAL }
    }

    async fn of(snapshot: &mut Snapshot, id: &str) -> Result<Self, store::Error> {
        const SQL: &str = "SELECT resource_type, description, auto_accept, decline_recurring, \
            decline_conflicting FROM resource_details WHERE entity_id = $1";
        let found = snapshot.row(SQL, params![id], Self::from_row).await?;
        found.ok_or_else(|| store::Error::corrupt("a resource without details"))
    }

    fn from_row(row: &Row<'_>) -> Result<Self, store::Error> {
        let kind = ResourceType::parse(row.get(0)?);
        Ok(Self {
            kind: kind.ok_or_else(|| store::Error::corrupt("the type of a resource"))?,
            description: row.get(1)?,
            booking: Booking {
                accept: row.get(2)?,
                decline_recurring: row.get(3)?,
                decline_conflicting: row.get(4)?,
            },
        })
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        organization: &str,
        id: &str,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO resource_details (entity_id, organization_id, resource_type, \
            description, auto_accept, decline_recurring, decline_conflicting) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let Booking { accept, decline_recurring, decline_conflicting } = self.booking;
        let row = params![
            id,
            organization,
            self.kind.as_str(),
            self.description.as_deref(),
            accept,
            decline_recurring,
            decline_conflicting,
        ];
        tx.execute(SQL, row).await.map(drop)
    }

    async fn update(&self, tx: &mut Transaction, id: &str) -> Result<(), store::Error> {
        const SQL: &str = "UPDATE resource_details SET resource_type = $2, description = $3, \
            auto_accept = $4, decline_recurring = $5, decline_conflicting = $6 \
            WHERE entity_id = $1";
        let Booking { accept, decline_recurring, decline_conflicting } = self.booking;
        let row = params![
            id,
            self.kind.as_str(),
            self.description.as_deref(),
            accept,
            decline_recurring,
            decline_conflicting,
        ];
        tx.execute(SQL, row).await.map(drop)
    }
}

impl Booking {
    /// What AWS's own examples show of a new resource.
    const INITIAL: Self =
        Self { accept: true, decline_recurring: false, decline_conflicting: true };

    /// These options with those that a request gives in their place.
    fn changed(self, given: &BookingOptions) -> Self {
        Self {
            accept: given.auto_accept_requests.unwrap_or(self.accept),
            decline_recurring: given
                .auto_decline_recurring_requests
                .unwrap_or(self.decline_recurring),
            decline_conflicting: given
                .auto_decline_conflicting_requests
                .unwrap_or(self.decline_conflicting),
        }
    }

    fn shown(self) -> BookingOptions {
        BookingOptions {
            auto_accept_requests: Some(self.accept),
            auto_decline_recurring_requests: Some(self.decline_recurring),
            auto_decline_conflicting_requests: Some(self.decline_conflicting),
        }
    }
}
