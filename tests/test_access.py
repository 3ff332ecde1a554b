"""Who may reach a mailbox by what and from where, as administrators set it and mail clients feel it."""

import imaplib
import smtplib
import time
import uuid

import imapclient
import pytest

from house import PASSWORD
from test_iam import document, refusal, user_key

# AWS promises five minutes; this server takes no longer than this.
SECONDS = 5
ALL_PROTOCOLS = ["ActiveSync", "AutoDiscover", "EWS", "IMAP", "SMTP", "WindowsOutlook", "WebMail"]


class Rules:
    """The access control rules of an organization."""

    def __init__(self, organization):
        self.workmail = organization.workmail
        self.org = {"OrganizationId": organization.id}

    def put(self, name, effect="DENY", **conditions):
        self.workmail.put_access_control_rule(
            **self.org, Name=name, Effect=effect, Description=name, **conditions
        )

    def delete(self, name):
        self.workmail.delete_access_control_rule(**self.org, Name=name)

    def effect(self, action, address="127.0.0.1", **who):
        answer = self.workmail.get_access_control_effect(**self.org, Action=action, IpAddress=address, **who)
        return answer["Effect"], answer["MatchedRules"]


@pytest.fixture
def rules(organization):
    return Rules(organization)


def refused_imap(house, who):
    with pytest.raises(imapclient.exceptions.LoginError) as refused:
        house.imap(who, PASSWORD)
    return str(refused.value)


def refused_submission(house, who):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        house.submission(who, PASSWORD)
    return refused.value.smtp_code, refused.value.smtp_error.decode()


def is_open(smtp):
    try:
        return smtp.noop()[0] == 250
    except smtplib.SMTPServerDisconnected:
        return False


def last_words(smtp):
    """What the server says by itself before it closes."""
    smtp.sock.settimeout(SECONDS)
    said = smtp.file.readline() if smtp.file else smtp.sock.makefile("rb").readline()
    return said.decode()


def bye(imap):
    """The BYE that comes within the time, on a connection that waits for anything."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for response in imap.idle_check(timeout=0.2):
            if response[0] == b"BYE":
                return b" ".join(response[1:]).decode()
    raise AssertionError("no BYE")


def test_the_first_rule(organization, rules):
    listed = organization.workmail.list_access_control_rules(OrganizationId=organization.id)["Rules"]
    assert [(rule["Name"], rule["Effect"], rule["Description"]) for rule in listed] == [
        ("default", "ALLOW", "Default WorkMail Rule")
    ]
    assert listed[0]["DateCreated"].timestamp() == 0 and "Actions" not in listed[0]


def test_the_effect_is_the_one_that_aws_shows(organization, rules):
    ada, _ = organization.user("ada")
    rules.put("myRule", UserIds=[ada])
    assert rules.effect("IMAP", "192.0.2.1", UserId=ada) == ("DENY", ["myRule"])
    bob, _ = organization.user("bob")
    assert rules.effect("IMAP", "192.0.2.1", UserId=bob) == ("ALLOW", ["default"])
    rules.delete("default")
    assert rules.effect("IMAP", "192.0.2.1", UserId=bob) == ("DENY", [])
    rules.put("bob", "ALLOW", NotUserIds=[ada], IpRanges=["192.0.2.0/24"], NotActions=["EWS"])
    assert rules.effect("IMAP", "192.0.2.1", UserId=bob) == ("ALLOW", ["bob"])
    assert rules.effect("IMAP", "192.0.3.1", UserId=bob) == ("DENY", [])
    assert rules.effect("EWS", "192.0.2.1", UserId=bob) == ("DENY", [])


def test_what_is_no_rule(organization, rules):
    ada, address = organization.user("ada")
    for conditions, expected in [
        ({"Actions": ["POP"]}, "InvalidParameterException"),
        ({"Actions": ["IMAP"], "NotActions": ["SMTP"]}, "InvalidParameterException"),
        ({"UserIds": [str(uuid.uuid4())]}, "EntityNotFoundException"),
        ({"UserIds": [address]}, "EntityNotFoundException"),
        ({"ImpersonationRoleIds": ["x"]}, "ResourceNotFoundException"),
    ]:
        code, _ = refusal(rules.put, "rule", **conditions)
        assert code == expected, conditions
    for conditions in ({"IpRanges": ["10.0.0.0/33"]}, {"IpRanges": ["::/0"]}, {"IpRanges": ["10.0.0.0/8"] * 1025}):
        code, _ = refusal(rules.put, "rule", **conditions)
        assert code in ("ValidationException", "InvalidParameterException"), conditions
    many = [f"10.{n // 256}.{n % 256}.0/24" for n in range(1024)]
    rules.put("many", IpRanges=many)
    listed = organization.workmail.list_access_control_rules(OrganizationId=organization.id)["Rules"]
    assert listed[1]["IpRanges"] == many
    for n in range(8):
        rules.put(f"rule{n}", UserIds=[ada])
    assert refusal(rules.put, "more")[0] == "LimitExceededException"
    assert refusal(rules.effect, "IMAP")[0] == "InvalidParameterException"
    assert refusal(rules.effect, "POP", UserId=ada)[0] == "InvalidParameterException"


def test_rules_are_felt_at_sign_in(house, organization, rules):
    ada, ada_address = organization.user("ada")
    _, bob_address = organization.user("bob")
    rules.put("ada-by-imap", Actions=["IMAP"], UserIds=[ada])
    assert "organization" in refused_imap(house, ada_address)
    house.submission(ada_address, PASSWORD).quit()
    house.imap(bob_address, PASSWORD).logout()
    rules.put("ada-by-imap", Actions=["SMTP"], UserIds=[ada])
    house.imap(ada_address, PASSWORD).logout()
    code, text = refused_submission(house, ada_address)
    assert code == 535 and text.startswith("5.7.1")
    with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
        house.submission(ada_address, "Wrong-Horse-7")
    assert wrong.value.smtp_error.startswith(b"5.7.8"), "who does not know the password learns nothing of rules"

    rules.put("ada-by-imap", NotActions=["IMAP"])
    house.imap(ada_address, PASSWORD).logout()
    refused_submission(house, bob_address)
    rules.put("ada-by-imap", NotUserIds=[ada])
    house.imap(ada_address, PASSWORD).logout()
    refused_imap(house, bob_address)
    rules.put("ada-by-imap", NotIpRanges=["127.0.0.0/8"])
    house.imap(bob_address, PASSWORD).logout()
    rules.put("ada-by-imap", IpRanges=["127.0.0.1/32"])
    refused_imap(house, bob_address)


def test_the_code_of_a_refused_login(house, organization, rules):
    _, ada = organization.user("ada")
    rules.delete("default")
    imap = house.imap()
    with pytest.raises(imaplib.IMAP4.error) as refused:
        imap._imap.login(ada, PASSWORD)
    assert "[NOPERM]" in str(refused.value)
    with pytest.raises(imaplib.IMAP4.error) as refused:
        imap._imap.login(ada, "Wrong-Horse-7")
    assert "[AUTHENTICATIONFAILED]" in str(refused.value)


def test_a_rule_ends_open_connections(house, organization, rules):
    ada, ada_address = organization.user("ada")
    _, bob_address = organization.user("bob")
    idle, busy, bobs = (house.imap(who, PASSWORD) for who in (ada_address, ada_address, bob_address))
    idle.select_folder("INBOX")
    idle.idle()
    busy.select_folder("INBOX")
    bobs.select_folder("INBOX")
    bobs.idle()
    smtp, bob_smtp = (house.submission(who, PASSWORD) for who in (ada_address, bob_address))
    amid = house.submission(ada_address, PASSWORD)
    amid.mail(ada_address)
    amid.rcpt(bob_address)
    amid.docmd("DATA")

    rules.put("no-ada", UserIds=[ada])
    assert "no longer allows" in bye(idle)
    assert last_words(smtp).startswith("421 4.7.0")
    assert last_words(amid).startswith("421 4.7.0")
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        for _ in range(SECONDS * 10):
            busy.noop()
            time.sleep(0.1)
    assert bobs.idle_check(timeout=0.5) == [] and is_open(bob_smtp)
    bobs.idle_done()
    assert bobs.search() == [], "the message that was under way was not taken"
    bobs.logout()
    bob_smtp.quit()


def test_what_is_allowed_again_is_felt_at_once(house, organization, rules):
    _, ada = organization.user("ada")
    rules.delete("default")
    refused_imap(house, ada)
    rules.put("imap", "ALLOW", Actions=["IMAP"], IpRanges=["127.0.0.0/8"])
    imap = house.imap(ada, PASSWORD)
    refused_submission(house, ada)
    rules.put("submission", "ALLOW", Actions=["SMTP"])
    assert imap.noop()[0] == b"NOOP completed", "a change that still allows it leaves it alone"
    house.submission(ada, PASSWORD).quit()


def test_who_is_deregistered_is_put_out(house, organization):
    ada, address = organization.user("ada")
    imap = house.imap(address, PASSWORD)
    imap.select_folder("INBOX")
    imap.idle()
    organization.workmail.deregister_from_work_mail(OrganizationId=organization.id, EntityId=ada)
    assert bye(imap)


def test_mobile_devices(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada, address = organization.user("ada")
    [first] = workmail.list_mobile_device_access_rules(**org)["Rules"]
    assert first["Effect"] == "ALLOW" and not any(name.startswith(("Device", "Not")) for name in first)
    rule = workmail.create_mobile_device_access_rule(
        **org, Name="no old phones", Effect="DENY", DeviceTypes=["iphone"], NotDeviceOperatingSystems=["iOS 16"]
    )["MobileDeviceAccessRuleId"]

    def effect(**device):
        answer = workmail.get_mobile_device_access_effect(**org, **device)
        return answer["Effect"], [rule["MobileDeviceAccessRuleId"] for rule in answer["MatchedRules"]]

    assert effect(DeviceType="iPhone", DeviceOperatingSystem="iOS 15.2") == ("DENY", [rule])
    assert effect(DeviceType="iPhone", DeviceOperatingSystem="ios 16.1")[0] == "ALLOW"
    assert effect(DeviceType="iPhone")[0] == "ALLOW", "what is not reported is never known to be none of these"
    workmail.update_mobile_device_access_rule(
        **org, MobileDeviceAccessRuleId=rule, Name="anonymous", Effect="DENY", DeviceModels=["$NONE"]
    )
    assert effect(DeviceType="iPhone") == ("DENY", [rule]) and effect(DeviceModel="x")[0] == "ALLOW"

    workmail.put_mobile_device_access_override(**org, UserId="ada", DeviceId="AbC1", Effect="DENY", Description="lost")
    found = workmail.get_mobile_device_access_override(**org, UserId=address, DeviceId="aBc1")
    assert (found["UserId"], found["DeviceId"], found["Effect"], found["Description"]) == (ada, "AbC1", "DENY", "lost")
    listed = workmail.list_mobile_device_access_overrides(**org, DeviceId="ABC1")["Overrides"]
    assert [override["UserId"] for override in listed] == [ada]
    for _ in range(2):
        workmail.delete_mobile_device_access_override(**org, UserId=ada, DeviceId="ABC1")
    code, _ = refusal(workmail.get_mobile_device_access_override, **org, UserId=ada, DeviceId="ABC1")
    assert code == "ResourceNotFoundException"


def test_impersonation_roles(house, organization, root):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada, address = organization.user("ada")
    made = dict(Name="calendar", Type="READ_ONLY", Description="reads calendars")
    role = workmail.create_impersonation_role(
        **org, **made, Rules=[{"ImpersonationRuleId": "r1", "Effect": "ALLOW", "TargetUsers": [address]}]
    )["ImpersonationRoleId"]
    shown = workmail.get_impersonation_role(**org, ImpersonationRoleId=role)
    assert {name: shown[name] for name in made} == made and shown["Rules"][0]["TargetUsers"] == [ada]
    seen = workmail.get_impersonation_role_effect(**org, ImpersonationRoleId=role, TargetUser="ada")
    assert (seen["Type"], seen["Effect"]) == ("READ_ONLY", "ALLOW")
    assert seen["MatchedRules"] == [{"ImpersonationRuleId": "r1"}]
    rules = Rules(organization)
    assert rules.effect("EWS", "192.0.2.1", ImpersonationRoleId=role) == ("ALLOW", ["default"])
    assert refusal(rules.effect, "IMAP", ImpersonationRoleId=role)[0] == "InvalidParameterException"
    answer = workmail.assume_impersonation_role(**org, ImpersonationRoleId=role)
    assert answer["ExpiresIn"] == 900 and len(answer["Token"]) <= 256
    [listed] = workmail.list_impersonation_roles(**org)["Roles"]
    assert listed["ImpersonationRoleId"] == role

    only = {"StringEquals": {"workmail:ImpersonationRoleId": role}}
    policy = document(action="workmail:AssumeImpersonationRole", Condition=only)
    key = user_key(house, house.client("iam", root), "program", inline=policy)
    program = house.client("workmail", key)
    program.assume_impersonation_role(**org, ImpersonationRoleId=role)
    code, message = refusal(program.assume_impersonation_role, **org, ImpersonationRoleId="other")
    assert code == "AccessDeniedException" and f"organization/{organization.id}" in message
    workmail.delete_impersonation_role(**org, ImpersonationRoleId=role)
    code, _ = refusal(program.assume_impersonation_role, **org, ImpersonationRoleId=role)
    assert code == "ResourceNotFoundException"


def test_a_token_is_in_no_record(house, organization, root):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    role = workmail.create_impersonation_role(**org, Name="x", Type="READ_ONLY", Rules=[])["ImpersonationRoleId"]
    token = workmail.assume_impersonation_role(**org, ImpersonationRoleId=role)["Token"]
    trail = house.client("cloudtrail", root)
    deadline = time.monotonic() + 10
    events = []
    while not events and time.monotonic() < deadline:
        wanted = [{"AttributeKey": "EventName", "AttributeValue": "AssumeImpersonationRole"}]
        events = trail.lookup_events(LookupAttributes=wanted)["Events"]
        time.sleep(0.1)
    assert events and all(token not in event["CloudTrailEvent"] for event in events)
    assert token not in house.log_text()


def test_every_protocol_can_be_named(organization, rules):
    ada, _ = organization.user("ada")
    rules.put("all", Actions=ALL_PROTOCOLS)
    for action in ALL_PROTOCOLS:
        assert rules.effect(action, UserId=ada) == ("DENY", ["all"])
        assert refusal(rules.effect, action.lower() + "x", UserId=ada)[0] == "InvalidParameterException"
