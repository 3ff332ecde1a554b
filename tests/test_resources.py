"""Rooms and equipment as boto3 sees them, and the mail that they get."""

import imapclient
import pytest

from house import PASSWORD
from test_iam import refusal
from test_mail import simple


@pytest.fixture
def hall(organization):
    """A registered room; its id and address."""
    org = {"OrganizationId": organization.id}
    id = organization.workmail.create_resource(**org, Name="hall", Type="ROOM", Description="big")["ResourceId"]
    email = f"hall@{organization.domain}"
    organization.workmail.register_to_work_mail(**org, EntityId=id, Email=email)
    return id, email


def test_life_of_a_resource(organization, hall):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    id, email = hall
    shown = workmail.describe_resource(**org, ResourceId="hall")
    options = {
        "AutoAcceptRequests": True,
        "AutoDeclineRecurringRequests": False,
        "AutoDeclineConflictingRequests": True,
    }
    assert shown["BookingOptions"] == options
    assert (shown["ResourceId"], shown["Email"], shown["State"]) == (id, email, "ENABLED")
    listed = workmail.list_resources(**org, Filters={"PrimaryEmailPrefix": "hall@"})["Resources"]
    assert [(row["Id"], row["Type"], row["Description"]) for row in listed] == [(id, "ROOM", "big")]
    assert workmail.describe_entity(**org, Email=email)["Type"] == "RESOURCE"
    assert workmail.get_mailbox_details(**org, UserId=id)["MailboxQuota"] == 51200
    workmail.update_mailbox_quota(**org, UserId=id, MailboxQuota=10)
    workmail.create_alias(**org, EntityId=id, Alias=f"room@{organization.domain}")

    assert refusal(workmail.delete_resource, **org, ResourceId=id)[0] == "EntityStateException"
    workmail.deregister_from_work_mail(**org, EntityId=id)
    workmail.delete_resource(**org, ResourceId=id)
    assert workmail.describe_resource(**org, ResourceId=id)["State"] == "DELETED"


def test_delegates(organization, hall):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    manual = {**org, "ResourceId": hall[0], "BookingOptions": {"AutoAcceptRequests": False}}
    assert refusal(workmail.update_resource, **manual)[0] == "InvalidConfigurationException"
    ada, _ = organization.user("ada")
    workmail.associate_delegate_to_resource(**org, ResourceId="hall", EntityId="ada")
    workmail.update_resource(**manual)
    listed = workmail.list_resource_delegates(**org, ResourceId=hall[0])["Delegates"]
    assert listed == [{"Id": ada, "Type": "USER"}]
    last = {**org, "ResourceId": hall[0], "EntityId": ada}
    assert refusal(workmail.disassociate_delegate_from_resource, **last)[0] == "EntityStateException"
    assert workmail.describe_resource(**org, ResourceId="hall")["BookingOptions"]["AutoAcceptRequests"] is False


def test_mail_to_a_resource_lies_in_its_mailbox(house, organization, hall):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    id, email = hall
    _, ada = organization.user("ada")
    with house.smtp() as smtp:
        smtp.sendmail("stranger@elsewhere.example", [email], simple("tomorrow at nine", to=email))
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, [email.replace("@", "+x@")], simple("and at ten", sender=ada, to=email))
    assert workmail.get_mailbox_details(**org, UserId=id)["MailboxSize"] > 0
    rows = house.rows(
        "SELECT f.name, f.total FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id "
        f"WHERE m.owner = '{id}' AND f.total > 0"
    )
    assert [(name, int(total)) for name, total in rows] == [("INBOX", 2)]
    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(email, PASSWORD)
