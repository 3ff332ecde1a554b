"""How organizations come and go: what a new one has, a deletion that is cut off, a directory that is kept."""

import json
import time
import uuid

import imapclient
import pytest

from house import PASSWORD, ROOT, Organization, wait_until_active
from test_iam import refusal

OPERATIONS = json.loads((ROOT / "models/workmail.json").read_text())["operations"]
USERS = 250


def wait_until_deleted(workmail, id):
    deadline = time.monotonic() + 60
    while (shown := workmail.describe_organization(OrganizationId=id))["State"] != "Deleted":
        assert shown["State"] == "Deleting"
        assert time.monotonic() < deadline, "the organization does not go"
        time.sleep(0.05)
    return shown


def test_what_a_new_organization_comes_with(organization, root):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    [domain] = workmail.list_mail_domains(**org)["MailDomains"]
    assert domain == {"DomainName": f"{organization.alias}.awsapps.com", "DefaultDomain": True}
    shown = workmail.get_mail_domain(**org, DomainName=organization.domain)
    assert shown["IsTestDomain"] and shown["IsDefault"] and shown["OwnershipVerificationStatus"] == "VERIFIED"
    [rule] = workmail.list_access_control_rules(**org)["Rules"]
    assert (rule["Name"], rule["Effect"], rule["Description"]) == ("default", "ALLOW", "Default WorkMail Rule")
    assert rule["DateCreated"].timestamp() == 0
    [rule] = workmail.list_mobile_device_access_rules(**org)["Rules"]
    assert rule["Effect"] == "ALLOW" and not [name for name in rule if name.startswith(("Device", "NotDevice"))]
    user, _ = organization.user("ada")
    reserved = f"AmazonJournaling@{organization.domain}"
    assert refusal(workmail.create_alias, **org, EntityId=user, Alias=reserved)[0] == "EmailAddressInUseException"
    refused = refusal(workmail.create_user, **org, Name="amazonjournaling", DisplayName="x")
    assert refused[0] == "ReservedNameException"
    none = refusal(workmail.describe_identity_provider_configuration, **org)
    assert none[0] == "ResourceNotFoundException"
    if "DescribeEmailMonitoringConfiguration" in OPERATIONS:
        assert refusal(workmail.describe_email_monitoring_configuration, **org)[0] == "ResourceNotFoundException"
    if "DescribeInboundDmarcSettings" in OPERATIONS:
        assert workmail.describe_inbound_dmarc_settings(**org)["Enforced"] is True
    assert [one["Name"] for one in workmail.list_users(**org)["Users"]] == ["ada"]
    assert workmail.list_groups(**org)["Groups"] == workmail.list_resources(**org)["Resources"] == []


def test_an_organization_is_used_at_once(house, root):
    """As scripts do that do not poll."""
    workmail = house.client("workmail", root)
    alias = "now-" + uuid.uuid4().hex[:10]
    org = {"OrganizationId": workmail.create_organization(Alias=alias)["OrganizationId"]}
    user = workmail.create_user(**org, Name="ada", DisplayName="Ada", Password=PASSWORD)["UserId"]
    workmail.register_to_work_mail(**org, EntityId=user, Email=f"ada@{alias}.awsapps.com")
    workmail.delete_organization(**org, DeleteDirectory=True, ForceDelete=True)
    again = workmail.create_organization(Alias=alias)["OrganizationId"]
    assert again != org["OrganizationId"]
    assert workmail.list_users(OrganizationId=again)["Users"] == []


def test_one_that_cannot_be_made_says_why(house, organization):
    domain = f"taken-{uuid.uuid4().hex[:8]}.example"
    organization.workmail.register_mail_domain(OrganizationId=organization.id, DomainName=domain)
    workmail = house.client("workmail", house.create_account())
    alias = "late-" + uuid.uuid4().hex[:10]
    id = workmail.create_organization(Alias=alias, Domains=[{"DomainName": domain}])["OrganizationId"]
    shown = workmail.describe_organization(OrganizationId=id)
    assert shown["State"] == "Failed" and domain in shown["ErrorMessage"] and "CompletedDate" not in shown
    [listed] = workmail.list_organizations()["OrganizationSummaries"]
    assert listed["State"] == "Failed" and listed["ErrorMessage"] == shown["ErrorMessage"]
    workmail.delete_organization(OrganizationId=id, DeleteDirectory=True)
    wait_until_deleted(workmail, id)


def test_a_deletion_goes_on_after_the_server_was_killed(own_house):
    own_house.start()
    root = own_house.create_account()
    organization = Organization(own_house, root)
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    for number in range(USERS):
        user = workmail.create_user(**org, Name=f"u{number}", DisplayName="x")["UserId"]
        workmail.register_to_work_mail(**org, EntityId=user, Email=f"u{number}@{organization.domain}")
    answer = workmail.delete_organization(**org, DeleteDirectory=True, ForceDelete=True)
    own_house.kill()
    assert answer["State"] == "Deleting"
    own_house.start()
    workmail = own_house.client("workmail", root)
    wait_until_deleted(workmail, organization.id)
    for table in ("entities", "user_details", "addresses", "mail_domains", "mailboxes", "organization_removals"):
        assert own_house.rows(f"SELECT * FROM {table}") == [], table
    assert "an organization was deleted" in own_house.log_text()
    again = workmail.create_organization(Alias=organization.alias)["OrganizationId"]
    wait_until_active(workmail, again)


def test_whoever_is_signed_in_is_sent_away(house, organization):
    _, email = organization.user("ada")
    imap = house.imap(email, PASSWORD)
    imap.select_folder("INBOX")
    organization.workmail.delete_organization(
        OrganizationId=organization.id, DeleteDirectory=True, ForceDelete=True
    )
    deadline = time.monotonic() + 5
    with pytest.raises((imapclient.exceptions.IMAPClientError, OSError)):
        while time.monotonic() < deadline:
            imap.noop()
            time.sleep(0.05)
    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(email, PASSWORD)


def test_a_kept_directory_is_taken_up_again(house, organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada, email = organization.user("ada")
    team, _ = organization.group("team", [ada])
    directory = workmail.describe_organization(**org)["DirectoryId"]
    wanted = {"Alias": organization.alias, "DirectoryId": directory}
    assert refusal(workmail.create_organization, **wanted)[0] == "DirectoryInUseException"
    workmail.delete_organization(**org, DeleteDirectory=False, ForceDelete=True)
    assert wait_until_deleted(workmail, organization.id)["DirectoryId"] == directory

    assert refusal(workmail.create_organization, Alias=organization.alias)[0] == "NameAvailabilityException"
    org = {"OrganizationId": workmail.create_organization(**wanted)["OrganizationId"]}
    [user] = workmail.list_users(**org)["Users"]
    assert (user["Id"], user["State"]) == (ada, "DISABLED") and "Email" not in user
    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(email, PASSWORD)
    workmail.register_to_work_mail(**org, EntityId=ada, Email=email)
    imap = house.imap(email, PASSWORD)
    assert imap.select_folder("INBOX")[b"EXISTS"] == 0, "the mailbox is a new one"
    imap.logout()
    assert [one["Id"] for one in workmail.list_group_members(**org, GroupId=team)["Members"]] == [ada]


def test_what_there_is_not_is_refused(house, root):
    workmail, alias = house.client("workmail", root), "no-" + uuid.uuid4().hex[:10]
    key = f"arn:aws:kms:us-east-1:{root.account_id}:key/12345678-1234-1234-1234-123456789012"
    for given, expected in (
        ({"KmsKeyArn": key}, "InvalidParameterException"),
        ({"Domains": [{"DomainName": "a.example", "HostedZoneId": "Z123"}]}, "InvalidParameterException"),
        ({"EnableInteroperability": True}, "InvalidParameterException"),
        ({"DirectoryId": "d-0123456789"}, "DirectoryUnavailableException"),
    ):
        code, message = refusal(workmail.create_organization, Alias=alias, **given)
        assert code == expected and len(message) > 20, given
    assert workmail.list_organizations()["OrganizationSummaries"] == []
    workmail.create_organization(Alias=alias, EnableInteroperability=False)
