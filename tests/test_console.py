"""What AWS has in the console alone: by boto3 with a model of our own, by the AWS CLI that was given it, and as
mail obeys it."""

import email
import email.policy
import importlib.resources
import json

import pytest
from botocore import xform_name
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from house import OWN_MODELS, PASSWORD
from test_iam import refusal
from test_mail import below_trace, fetch_all

MODEL = next(OWN_MODELS.glob("workmailconsole/*/service-2.json"))


@pytest.fixture
def office(organization):
    return Office(organization)


class Office:
    """Ann, Bob, the group `staff` that Bob is in, and who keeps the journal."""

    def __init__(self, organization):
        self.organization, self.house = organization, organization.house
        self.workmail, self.console = organization.workmail, organization.console
        self.org = {"OrganizationId": organization.id}
        self.ann_id, self.ann = organization.user("ann")
        self.bob_id, self.bob = organization.user("bob")
        self.staff_id, self.staff = organization.group("staff", [self.bob_id])
        self.keeper = f"keeper@{organization.domain}"

    def keep_journal(self, journal=None, report=None):
        self.organization.user("keeper")
        self.console.set_journaling_rules(
            **self.org, Enabled=True, JournalEmailAddress=journal or self.keeper, ReportEmailAddress=report or self.bob
        )

    def inbox(self, address):
        imap = self.house.imap(address, PASSWORD)
        try:
            return fetch_all(imap)
        finally:
            imap.logout()

    def submit(self, recipients, message):
        with self.house.submission(self.ann, PASSWORD) as smtp:
            smtp.sendmail(self.ann, recipients, message)

    def receive(self, recipients, message):
        with self.house.smtp() as smtp:
            smtp.sendmail("eve@far.example", recipients, message)


def taken_apart(record):
    """The text of a record, and the message in it to the byte."""
    parsed = email.message_from_bytes(record, policy=email.policy.default)
    text, attached = parsed.iter_parts()
    assert attached.get_content_type() == "message/rfc822"
    boundary = b"\r\n--" + parsed.get_boundary().encode()
    part = record.split(boundary)[2]
    return parsed, text.get_content().splitlines(), part[part.index(b"\r\n\r\n") + 4 :]


def test_journaling_is_set_and_shown(office):
    console, org = office.console, office.org
    assert bare(console.get_journaling_rules(**org)) == {"Enabled": False}
    office.keep_journal(report="reports@archive.example")
    shown = {"JournalEmailAddress": office.keeper, "ReportEmailAddress": "reports@archive.example"}
    assert bare(console.get_journaling_rules(**org)) == {"Enabled": True, **shown}
    console.set_journaling_rules(**org, Enabled=False, **shown)
    assert bare(console.get_journaling_rules(**org)) == {"Enabled": False, **shown}
    code, _ = refusal(console.set_journaling_rules, **org, Enabled=True, JournalEmailAddress=office.keeper)
    assert code == "InvalidParameterException"
    for bad in ("nobody@" + office.organization.domain, "amazonjournaling@" + office.organization.domain):
        rules = {**shown, "Enabled": True, "JournalEmailAddress": bad}
        assert refusal(console.set_journaling_rules, **org, **rules)[0] == "InvalidParameterException"


def test_a_record_of_each_message(office):
    office.keep_journal()
    incoming = (
        f"From: Eve <eve@far.example>\r\nTo: {office.staff}\r\nSubject: Gr\u00fc\u00dfe\r\n"
        "Message-ID: <in@far.example>\r\n\r\n--x\r\n\u00e9\r\n..\r\n"
    ).encode()
    office.receive([office.staff, office.ann], incoming)
    internal = (
        f"From: {office.ann}\r\nTo: {office.bob}\r\nCc: x@far.example\r\nSubject: plan\r\n"
        "Message-ID: <out@org.example>\r\n\r\ntext\r\n"
    ).encode()
    office.submit([office.bob, "x@far.example", "y@far.example"], internal)
    records = office.inbox(office.keeper)
    assert len(records) == 2, "one of each message, none of a record"
    parsed, text, original = taken_apart(records[0])
    assert parsed["From"] == f"amazonjournaling@{office.organization.domain}"
    assert "X-MS-Journal-Report" in parsed and parsed["Subject"] == "Gr\u00fc\u00dfe"
    assert text == [
        "Sender: eve@far.example",
        "Subject: Gr\u00fc\u00dfe",
        "Message-ID: <in@far.example>",
        f"Recipient: {office.ann}",
        f"To: {office.bob}, Expanded: {office.staff}",
    ]
    assert below_trace(original) == incoming
    _, text, original = taken_apart(records[1])
    assert text == [
        f"Sender: {office.ann}",
        "Subject: plan",
        "Message-ID: <out@org.example>",
        f"To: {office.bob}",
        "Cc: x@far.example",
        "Bcc: y@far.example",
    ]
    assert below_trace(original) == internal
    assert len(office.inbox(office.bob)) == 2


def test_a_lost_record_is_told_and_hinders_nobody(office):
    office.keep_journal()
    keeper = office.workmail.describe_entity(**office.org, Email=office.keeper)["EntityId"]
    office.workmail.deregister_from_work_mail(**office.org, EntityId=keeper)
    office.receive([office.ann], b"From: eve@far.example\r\nSubject: lost\r\n\r\nx\r\n")
    assert len(office.inbox(office.ann)) == 1
    (notice,) = office.inbox(office.bob)
    assert f"Final-Recipient: rfc822; {office.keeper}".encode() in notice and b"Subject: lost" in notice
    office.console.set_journaling_rules(**office.org, Enabled=False)
    office.receive([office.ann], b"From: eve@far.example\r\nSubject: off\r\n\r\nx\r\n")
    assert len(office.inbox(office.bob)) == 1 and len(office.inbox(office.ann)) == 2


def test_the_migration_administrator_opens_all_mailboxes(office):
    office.receive([office.bob], b"From: eve@far.example\r\nSubject: for bob\r\n\r\nx\r\n")
    set_admin, describe = office.console.set_migration_admin, office.workmail.describe_organization
    ann = office.house.imap(office.ann, PASSWORD)
    inbox = f"Other Users/{office.bob}/INBOX"
    with pytest.raises(IMAPClientError):
        ann.select_folder(inbox)
    set_admin(**office.org, UserId=office.ann)
    assert describe(**office.org)["MigrationAdmin"] == office.ann_id
    assert inbox in [name for _, _, name in ann.list_folders()]
    assert ann.select_folder(inbox)[b"EXISTS"] == 1
    ann.append(inbox, b"From: old@elsewhere.example\r\nSubject: brought over\r\n\r\nx\r\n")
    assert [b"Subject: brought over" in text for text in office.inbox(office.bob)] == [False, True]
    set_admin(**office.org)
    assert "MigrationAdmin" not in describe(**office.org)
    with pytest.raises((IMAPClientError, IMAPClientAbortError)):
        ann.fetch("1:*", ["FLAGS"])
    ann = office.house.imap(office.ann, PASSWORD)
    with pytest.raises(IMAPClientError):
        ann.append(inbox, b"Subject: too late\r\n\r\nx\r\n")
    assert inbox not in [name for _, _, name in ann.list_folders()]
    assert refusal(set_admin, **office.org, UserId="staff")[0] == "EntityNotFoundException"


def test_what_is_asked_of_mobile_devices(office, root):
    console, org = office.console, office.org
    shown = lambda: bare(console.get_mobile_policy_details(**org))
    nothing = {
        "DeviceEncryptionRequired": False,
        "StorageCardEncryptionRequired": False,
        "PasswordRequired": False,
        "SimplePasswordAllowed": True,
        "AlphanumericPasswordRequired": False,
    }
    assert shown() == nothing
    strict = {"PasswordRequired": True, "MinimumPasswordLength": 8, "FailedAttemptsAllowed": 4, "PasswordHistory": 50}
    console.set_mobile_policy_details(**org, **strict)
    assert {**shown(), "DateModified": None} == {**nothing, **strict, "DateModified": None}
    set_policy = console.set_mobile_policy_details
    assert refusal(set_policy, **org, MinimumPasswordLength=8)[0] == "InvalidParameterException"
    unchecked = office.house.client("workmailconsole", root, parameter_validation=False)
    set_policy = unchecked.set_mobile_policy_details
    for beyond in ({"MinimumPasswordLength": 17}, {"FailedAttemptsAllowed": 3}, {"PasswordExpirationDays": 731}):
        code, _ = refusal(set_policy, **org, PasswordRequired=True, **beyond)
        assert code == "ValidationException", beyond


def test_no_device_is_listed_that_never_connected(office):
    console, org = office.console, office.org
    assert bare(console.get_mobile_devices_for_user(**org, UserId="ann")) == {"MobileDevices": []}
    phone = {**org, "UserId": office.ann, "DeviceId": "phone1"}
    assert refusal(console.get_mobile_device_details, **phone)[0] == "ResourceNotFoundException"
    assert refusal(console.wipe_mobile_device, **phone)[0] == "ResourceNotFoundException"
    console.delete_mobile_device(**phone)
    nobody = {**phone, "UserId": "staff"}
    assert refusal(console.delete_mobile_device, **nobody)[0] == "EntityNotFoundException"


def test_members_are_searched(office):
    search = lambda **given: office.console.search_members(**office.org, **given)["Members"]
    office.workmail.create_alias(**office.org, EntityId=office.ann_id, Alias=f"lovelace@{office.organization.domain}")
    assert [member["Name"] for member in search(Words="AN")] == ["ann"]
    (found,) = search(Words="LOVE ann", Type="USER", State="ENABLED")
    assert found == {
        "Id": office.ann_id,
        "Type": "USER",
        "Name": "ann",
        "DisplayName": "Ann",
        "Email": office.ann,
        "State": "ENABLED",
    }
    assert [member["Type"] for member in search(Words=office.organization.domain)] == ["USER", "USER", "GROUP"]
    assert search(Words="ann", Type="GROUP") == []
    assert refusal(search, Words=" ")[0] == "InvalidParameterException"


def test_the_records_of_a_domain_one_by_one(office):
    domain = f"d-{office.organization.alias}.example"
    office.workmail.register_mail_domain(**office.org, DomainName=domain)
    shown = bare(office.console.get_mail_domain_details(**office.org, DomainName=domain))
    records = shown.pop("Records")
    assert shown == {"DomainName": domain, "IsTestDomain": False, "IsDefault": False}
    assert [record["Purpose"] for record in records] == ["OWNERSHIP", "MX", "AUTODISCOVER", "DKIM", "SPF", "DMARC"]
    assert all(record["Status"] in ("VERIFIED", "PENDING", "MISSING", "UNKNOWN") for record in records)
    plain = office.workmail.get_mail_domain(**office.org, DomainName=domain)["Records"]
    names = ("Type", "Hostname", "Value")
    assert [{name: record[name] for name in names} for record in records] == plain
    test_domain = office.console.get_mail_domain_details(**office.org, DomainName=office.organization.domain)
    assert test_domain["Records"] == [] and test_domain["IsTestDomain"]
    absent = {"DomainName": "absent.example"}
    assert refusal(office.console.get_mail_domain_details, **office.org, **absent)[0] == "MailDomainNotFoundException"


def test_the_command_line_client_takes_the_model(office, root, tmp_path):
    aws = lambda *arguments, **options: office.house.aws(root, *arguments, HOME=str(tmp_path), **options)
    aws("configure", "add-model", "--service-model", f"file://{MODEL}", "--service-name", "workmailconsole")
    org = ("--organization-id", office.organization.id)
    report = ("--report-email-address", office.bob)
    aws("workmailconsole", "set-journaling-rules", *org, "--enabled", "--journal-email-address", office.ann, *report)
    shown = aws("workmailconsole", "get-journaling-rules", *org)
    assert shown == {"Enabled": True, "JournalEmailAddress": office.ann, "ReportEmailAddress": office.bob}
    refused = aws("workmailconsole", "set-journaling-rules", *org, "--enabled", check=False)
    assert refused.returncode != 0 and "InvalidParameterException" in refused.stderr
    (found,) = aws("workmailconsole", "search-members", *org, "--words", "ann")["Members"]
    assert found["Name"] == "ann"


def test_every_member_can_be_given_on_the_command_line():
    """The AWS CLI takes its own options first: a member of the same name could never be given."""
    own = json.loads(importlib.resources.files("awscli").joinpath("data/cli.json").read_text())["options"]
    assert "query" in own
    model = json.loads(MODEL.read_text())
    members = {
        (operation, xform_name(member, "-"))
        for operation, shape in model["operations"].items()
        for member in model["shapes"][shape["input"]["shape"]]["members"]
    }
    assert [member for member in members if member[1] in own] == []


def bare(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
