use wire::workmail::{errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn describe(organization: &str) -> DescribeInboundDmarcSettingsRequest {
    DescribeInboundDmarcSettingsRequest { organization_id: organization.into() }
}

fn put(organization: &str, enforced: bool) -> PutInboundDmarcSettingsRequest {
    PutInboundDmarcSettingsRequest { organization_id: organization.into(), enforced }
}

#[tokio::test]
async fn policies_are_obeyed_until_the_organization_says_otherwise() {
    let (house, id) = House::with_organization().await;
    let enforced =
        async || ask!(house, describe_inbound_dmarc_settings, describe(&id)).unwrap().enforced;
    assert_eq!(enforced().await, Some(true));
    for wanted in [false, false, true] {
        ask!(house, put_inbound_dmarc_settings, put(&id, wanted)).unwrap();
        assert_eq!(enforced().await, Some(wanted));
        let mut snapshot = house.store.read().await.unwrap();
        let of = workmail::dmarc::enforcing(&mut snapshot, "EXAMPLE.com").await.unwrap();
        assert_eq!(of, wanted.then(|| id.clone()));
    }
}

#[tokio::test]
async fn strangers_and_the_deleted_have_none() {
    let (house, id) = House::with_organization().await;
    let others = house.calls_of(OTHER_ACCOUNT);
    let theirs = ask!(house, &others, describe_inbound_dmarc_settings, describe(&id));
    refused(theirs, &ORGANIZATION_NOT_FOUND);
    let theirs = ask!(house, &others, put_inbound_dmarc_settings, put(&id, false));
    refused(theirs, &ORGANIZATION_NOT_FOUND);
    house.delete_organization(&id, true).await.unwrap();
    refused(ask!(house, put_inbound_dmarc_settings, put(&id, false)), &ORGANIZATION_STATE);
}
