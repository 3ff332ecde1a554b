"""E-mail flow rules: by boto3 and the AWS CLI with the model of our own, and as mail obeys them."""

import itertools
import json
import smtplib
import socket
import ssl
import time

import aiosmtpd.controller
import aiosmtpd.smtp
import pytest
from cryptography.hazmat.primitives import serialization

from house import OWN_MODELS, PASSWORD, Organization
from idp import PEM, self_signed
from test_iam import refusal, user_key
from test_mail import fetch_all

GATEWAY, WORD = "relay.example", "Zwölf & <dreizehn>"
WAIT_SECONDS = 20


class Office:
    """Ann and Bob, and what becomes of mail for and by them."""

    def __init__(self, organization):
        self.house, self.console = organization.house, organization.console
        self.org, self.numbers = {"OrganizationId": organization.id}, itertools.count()
        _, self.ann = organization.user("ann")
        _, self.bob = organization.user("bob")

    def inbound(self, action, sender, recipient="*", **parameters):
        return self.console.create_inbound_mail_flow_rule(
            **self.org, Name=f"rule {next(self.numbers)}", RuleAction={"Type": action, **parameters},
            SenderPatterns=[sender], RecipientPatterns=[recipient],
        )["RuleId"]  # fmt: skip

    def outbound(self, action, sender, recipient, **parameters):
        return self.console.create_outbound_mail_flow_rule(
            **self.org, Name=f"rule {next(self.numbers)}", RuleAction={"Type": action, **parameters},
            SenderPatterns=[sender], RecipientPatterns=[recipient],
        )["RuleId"]  # fmt: skip

    def receive(self, header_from, *recipients, sender=None):
        header = f"From: {header_from}\r\n" + (f"Sender: {sender}\r\n" if sender else "")
        with self.house.smtp() as smtp:
            smtp.sendmail("bounces@mailer.example", recipients, f"{header}Subject: hello\r\n\r\nx\r\n")

    def submit(self, *recipients, subject="hello"):
        message = f"From: {self.ann}\r\nSubject: {subject}\r\n\r\nx\r\n"
        with self.house.submission(self.ann, PASSWORD) as smtp:
            smtp.sendmail(self.ann, recipients, message)

    def filed(self, address):
        """Messages in the inbox and in the junk folder."""
        imap = self.house.imap(address, PASSWORD)
        try:
            return len(fetch_all(imap)), len(fetch_all(imap, imap.find_special_folder(b"\\Junk")))
        finally:
            imap.logout()

    def notices(self, number=1):
        """Ann's mail, once there is so much of it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            imap = self.house.imap(self.ann, PASSWORD)
            found = [text.decode() for text in fetch_all(imap)]
            imap.logout()
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, "the sender is told nothing"
            time.sleep(0.1)


@pytest.fixture
def office(organization):
    return Office(organization)


class Relay:
    """A gateway with TLS, that takes mail from who knows the word."""

    def __init__(self, folder):
        certificate, key = self_signed(GATEWAY)
        self.certificate = folder / "relay.pem"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "relay.key").write_bytes(key.private_bytes(*PEM, serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "relay.key")
        self.taken, self.logins = [], []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = aiosmtpd.controller.Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=context, require_starttls=True, auth_required=True,
            authenticator=self.authenticate,
        )  # fmt: skip
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        self.logins.append((mechanism, *given))
        return aiosmtpd.smtp.AuthResult(success=given == ("acme", WORD), handled=False)

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.mail_from, sorted(envelope.rcpt_tos), envelope.content, bool(session.ssl)))
        return "250 2.0.0 taken"


@pytest.fixture
def relay(tmp_path):
    relay = Relay(tmp_path)
    yield relay
    relay.controller.stop()


def test_each_recipient_gets_a_rule_of_its_own(office):
    office.inbound("DROP", "far.example", office.ann)
    office.inbound("MOVE_TO_JUNK", "far.example", office.bob)
    office.receive("Eve <eve@FAR.example>", office.ann, office.bob)
    assert (office.filed(office.ann), office.filed(office.bob)) == ((0, 0), (0, 1))
    # what is more specific comes first, and a rule holds from the next message on
    default = office.inbound("DEFAULT", "eve@far.example")
    office.receive("eve+x@far.example", office.ann)
    office.receive("max@far.example", office.ann)
    assert office.filed(office.ann) == (1, 0)
    office.console.delete_inbound_mail_flow_rule(**office.org, RuleId=default)
    office.receive("eve@far.example", office.ann)
    assert office.filed(office.ann) == (1, 0)
    # the sender in the header comes before the author
    office.receive("eve@far.example", office.ann, sender="list@near.example")
    assert office.filed(office.ann) == (1, 0)
    office.inbound("BYPASS_SPAM_CHECK", "near.example")
    office.receive("eve@far.example", office.ann, sender="list@near.example")
    assert office.filed(office.ann) == (2, 0)


def test_a_bounce_is_refused_or_told(office):
    office.inbound("BOUNCE", "far.example", BounceMessage="we are closed")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        office.receive("eve@far.example", office.ann, office.bob)
    assert refused.value.args == (550, b"5.7.1 we are closed")
    office.inbound("DEFAULT", "far.example", office.bob)
    office.receive("eve@far.example", office.ann, office.bob)
    assert (office.filed(office.ann), office.filed(office.bob)) == ((0, 0), (1, 0))
    office.outbound("BOUNCE", "*", "rival.example")
    office.submit("x@rival.example")
    (notice,) = office.notices()
    assert "your administrator has blocked this message" in notice and "Status: 5.7.1" in notice
    assert "Final-Recipient: rfc822; x@rival.example" in notice


def test_mail_in_the_house_meets_both_kinds_of_rules(office):
    office.outbound("DROP", office.ann, "*")
    office.submit(office.bob, "x@far.example")
    assert office.filed(office.bob) == (0, 0)
    office.outbound("DEFAULT", office.ann, office.bob)
    office.inbound("MOVE_TO_JUNK", office.ann)
    office.submit(office.bob)
    assert office.filed(office.bob) == (0, 1)


def through(own_house, relay, monkeypatch):
    """An office whose mail to far.example goes through the relay; gives the gateway's id too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(relay.certificate))
    own_house.options.append(f"--outbound-host={GATEWAY}:587=127.0.0.1:{relay.port}")
    own_house.start()
    office = Office(Organization(own_house, own_house.create_account()))
    made = office.console.create_smtp_gateway(
        **office.org, Name="relay", Host=GATEWAY, Port=587, Username="acme", Password=WORD
    )
    office.outbound("SMTP_GATEWAY", "*", "far.example", SmtpGatewayId=made["SmtpGatewayId"])
    return office, made["SmtpGatewayId"]


def test_a_gateway_is_handed_what_its_rule_names(own_house, relay, monkeypatch):
    office, gateway = through(own_house, relay, monkeypatch)
    office.submit("x@far.example", "y@far.example", office.bob, subject="by the gateway")
    deadline = time.monotonic() + WAIT_SECONDS
    while not relay.taken:
        assert time.monotonic() < deadline, own_house.log_text()
        time.sleep(0.05)
    ((sender, recipients, content, in_tls),) = relay.taken
    assert (sender, recipients, in_tls) == (office.ann, ["x@far.example", "y@far.example"], True)
    assert b"Subject: by the gateway" in content
    assert relay.logins[0][1:] == ("acme", WORD)
    assert office.filed(office.bob) == (1, 0)
    # the password is nowhere to be seen
    shown = office.console.describe_smtp_gateway(**office.org, SmtpGatewayId=gateway)
    assert "Password" not in shown and shown["Host"] == GATEWAY and shown["TlsMode"] == "STARTTLS"
    kept = own_house.rows("SELECT password FROM smtp_gateways") + own_house.rows("SELECT * FROM events")
    assert "CreateSmtpGateway" in str(kept) and WORD not in str(kept) + own_house.log_text()


def test_the_sender_is_told_of_a_gateway_that_does_not_work(own_house, relay, monkeypatch):
    office, gateway = through(own_house, relay, monkeypatch)
    server = {"SmtpGatewayId": gateway, "Name": "relay", "Host": GATEWAY, "Username": "acme"}
    update = office.console.update_smtp_gateway
    assert refusal(update, **office.org, **server, Port=588)[0] == "InvalidParameterException"
    update(**office.org, **server, Port=587, Password="wrong")
    office.submit("x@far.example")
    assert "535" in office.notices(1)[0]
    # a host at no public address, where the operator lets nobody go
    update(**office.org, **{**server, "Host": "localhost.localdomain"}, Port=587, Password=WORD)
    office.submit("x@far.example")
    assert "Status: 5.4.1" in office.notices(2)[1]
    assert not relay.taken


def test_the_life_of_rules_and_gateways(office, house, root):
    console, org = office.console, office.org
    made = console.create_smtp_gateway(
        **org, Name="relay", Host="Relay.Example", Port=465, Username="acme", Password=WORD, ClientToken="once"
    )
    gateway = {"SmtpGatewayId": made["SmtpGatewayId"]}
    assert console.describe_smtp_gateway(**org, **gateway)["TlsMode"] == "IMPLICIT"
    rule = {"RuleId": office.outbound("SMTP_GATEWAY", "*", "far.example", **gateway)}
    assert refusal(console.delete_smtp_gateway, **org, **gateway)[0] == "SmtpGatewayInUseException"
    body = {"Name": "other", "RuleAction": {"Type": "DROP"}, "SenderPatterns": ["Ann@X.org"]}
    body["RecipientPatterns"] = ["*.Bücher.example", "*"]
    console.update_outbound_mail_flow_rule(**org, **rule, **body)
    shown = console.describe_outbound_mail_flow_rule(**org, **rule)
    assert shown["RuleAction"] == {"Type": "DROP"} and shown["Name"] == "other"
    assert shown["SenderPatterns"] == ["Ann@x.org"]
    assert shown["RecipientPatterns"] == ["*.xn--bcher-kva.example", "*"]
    console.delete_smtp_gateway(**org, **gateway)
    assert console.list_smtp_gateways(**org)["SmtpGateways"] == []
    create = console.create_outbound_mail_flow_rule
    for wrong, code in (
        ({"SenderPatterns": ["a+b@x.org"]}, "InvalidParameterException"),
        ({"SenderPatterns": ["*@x.org"]}, "InvalidParameterException"),
        ({"SenderPatterns": [f"u{n}@x.org" for n in range(251)]}, "LimitExceededException"),
        ({"RuleAction": {"Type": "MOVE_TO_JUNK"}}, "ValidationException"),
        ({"RuleAction": {"Type": "SMTP_GATEWAY", **gateway}}, "ResourceNotFoundException"),
        ({"Name": "OTHER"}, "NameAvailabilityException"),
    ):
        given = {**body, "Name": "new", **wrong}
        assert refusal(create, **org, **given)[0] in (code, "InvalidParameterException"), wrong
    allowed = ["workmail:TestOutboundMailFlowRules"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": f"arn:aws:workmail:*:*:organization/{org['OrganizationId']}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = house.client("iam", root)
    arn = iam.create_policy(PolicyName="test-rules", PolicyDocument=policy)["Policy"]["Arn"]
    tester = house.client("workmailconsole", user_key(house, iam, "tester", arn))
    results = tester.test_outbound_mail_flow_rules(**org, FromAddress="ann@x.org", Recipients=["b@y.org"])["Results"]
    assert results == [{"Recipient": "b@y.org", **rule, "Name": "other", "RuleAction": {"Type": "DROP"}}]
    results = tester.test_outbound_mail_flow_rules(**org, FromAddress="bob@x.org", Recipients=["b@y.org"])["Results"]
    assert results == [{"Recipient": "b@y.org"}]
    assert refusal(tester.delete_outbound_mail_flow_rule, **org, **rule)[0] == "AccessDeniedException"


def test_the_command_line_client(office, house, root, tmp_path):
    (model,) = OWN_MODELS.glob("workmailconsole/*/service-2.json")
    home = {"HOME": str(tmp_path)}
    learn = ["configure", "add-model", "--service-name", "workmailconsole", "--service-model", f"file://{model}"]
    house.aws(root, *learn, **home)

    def aws(operation, *arguments):
        return house.aws(root, "workmailconsole", operation, "--organization-id", *office.org.values(), *arguments, **home)

    patterns = ["--sender-patterns", "far.example", "*.far.example", "--recipient-patterns", "*"]
    action = ["--rule-action", "Type=BOUNCE,BounceMessage=not from there"]
    rule = aws("create-inbound-mail-flow-rule", "--name", "no far mail", *action, *patterns)["RuleId"]
    (shown,) = aws("list-inbound-mail-flow-rules")["Rules"]
    assert shown["RuleId"] == rule and shown["RuleAction"]["BounceMessage"] == "not from there"
    mail = ["--from-address", "eve@a.far.example", "--recipients", office.ann, office.bob]
    results = aws("test-inbound-mail-flow-rules", *mail)["Results"]
    assert [result["RuleId"] for result in results] == [rule, rule]
    aws("delete-inbound-mail-flow-rule", "--rule-id", rule)
    results = aws("test-inbound-mail-flow-rules", *mail)["Results"]
    assert [result.get("RuleId") for result in results] == [None, None]
