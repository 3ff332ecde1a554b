"""E-mail monitoring: what happens to mail is read in CloudWatch Logs, as with WorkMail."""

import collections
import json
import re
import smtplib
import socketserver
import threading
import time
import uuid

import pytest

from house import PASSWORD, House, Organization
from test_iam import refusal, user_key

FULL = "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess"
LINKED = "aws-service-role/events.workmail.amazonaws.com/AWSServiceRoleForAmazonWorkMailEvents"


class Outside(socketserver.ThreadingTCPServer):
    """A mail server elsewhere: takes what it is sent, but not for `nobody`."""

    allow_reuse_address = True
    daemon_threads = True

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 outside.example")
            while line := self.rfile.readline():
                word = line.strip().upper().split(b" ")[0]
                if word == b"QUIT":
                    return self.say("221 bye")
                if word == b"RCPT" and b"<nobody@" in line:
                    self.say("550 5.1.1 no such user here")
                elif word == b"DATA":
                    self.say("354 go on")
                    while self.rfile.readline() != b".\r\n":
                        pass
                    self.say("250 ok")
                else:
                    self.say("250 ok")

        def say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house whose mail for others goes to a server of the test."""
    outside = Outside()
    port = outside.server_address[1]
    house = House(tmp_path_factory.mktemp("monitoring"), ["--smarthost", f"127.0.0.1:{port}"]).start()
    yield house
    house.remove()
    outside.shutdown()


class Watched:
    """An organization whose mail is monitored."""

    def __init__(self, house, root):
        self.house, self.root = house, root
        self.organization = Organization(house, root)
        self.workmail, self.id = self.organization.workmail, {"OrganizationId": self.organization.id}
        self.logs = house.client("logs", root)
        self.iam = house.client("iam", root)
        self.group = f"/aws/workmail/emailevents/{self.organization.alias}"
        self.logs.create_log_group(logGroupName=self.group)
        self.group_arn = self.logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"][0]["arn"]

    def turn_on(self, **role):
        self.workmail.put_email_monitoring_configuration(**self.id, LogGroupArn=self.group_arn, **role)
        return self

    def records(self, pattern=""):
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.group, filterPattern=pattern
        )
        return [json.loads(event["message"]) for page in pages for event in page["events"]]

    def events(self, name):
        pattern = f'{{ $.event.eventName = "{name}" }}'
        return [record["event"] for record in self.records(pattern)]

    def eventually(self, name, count=1):
        deadline = time.monotonic() + 20
        while len(found := self.events(name)) < count:
            assert time.monotonic() < deadline, f"{name} is never logged: {self.records()}"
            time.sleep(0.1)
        return found

    def role(self, name, actions=("logs:CreateLogStream", "logs:PutLogEvents"), service="events.workmail.amazonaws.com"):
        trust = statement(Principal={"Service": service}, Action="sts:AssumeRole")
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.allow(name, actions)
        return arn

    def allow(self, name, actions):
        text = statement(Action=list(actions), Resource=self.group_arn)
        self.iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=text)


def deletion_of_linked_role(iam):
    """What comes of an attempt to delete the service-linked role."""
    task = iam.delete_service_linked_role(RoleName=LINKED.rsplit("/", 1)[1])["DeletionTaskId"]
    deadline = time.monotonic() + 30
    while True:
        told = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
        if told["Status"] in ("SUCCEEDED", "FAILED"):
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def statement(**parts):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **parts}]})


@pytest.fixture
def watched(house, root):
    return Watched(house, root)


def message(sender, to, subject="hello", more=""):
    return f"From: {sender}\r\n{more}To: {to}\r\nSubject: {subject}\r\nMessage-ID: <{uuid.uuid4()}@test>\r\n\r\nx\r\n"


def names(records):
    return [record["event"]["eventName"] for record in records]


def test_the_configuration(watched, root):
    workmail = watched.workmail
    get = lambda: workmail.describe_email_monitoring_configuration(**watched.id)  # noqa: E731
    assert refusal(workmail.describe_email_monitoring_configuration, **watched.id)[0] == "ResourceNotFoundException"
    watched.turn_on()
    linked = f"arn:aws:iam::{root.account_id}:role/{LINKED}"
    shown = get()
    assert (shown["RoleArn"], shown["LogGroupArn"]) == (linked, watched.group_arn)
    status = deletion_of_linked_role(watched.iam)
    assert status["Status"] == "FAILED" and watched.organization.id in json.dumps(status["Reason"])

    mine = watched.role("workmail-monitoring")
    watched.turn_on(RoleArn=mine)
    assert get()["RoleArn"] == mine
    assert deletion_of_linked_role(watched.iam)["Status"] == "SUCCEEDED"
    workmail.delete_email_monitoring_configuration(**watched.id)
    workmail.delete_email_monitoring_configuration(**watched.id)
    assert refusal(workmail.describe_email_monitoring_configuration, **watched.id)[0] == "ResourceNotFoundException"


def test_what_is_not_there_is_refused(house, watched, root):
    put = watched.workmail.put_email_monitoring_configuration
    stranger = house.create_account()
    theirs = Watched(house, stranger)
    for group in (
        watched.group_arn.replace("emailevents", "absent"),
        watched.group_arn.replace("us-east-1", "eu-west-1"),
        theirs.group_arn,
    ):
        assert refusal(put, **watched.id, LogGroupArn=group)[0] == "ResourceNotFoundException", group
    code = refusal(put, **watched.id, LogGroupArn=watched.group_arn[:-2])[0]
    assert code in ("ValidationException", "InvalidParameterException")
    own = {**watched.id, "LogGroupArn": watched.group_arn}
    role = f"arn:aws:iam::{root.account_id}:role/absent"
    assert refusal(put, **own, RoleArn=role)[0] == "ResourceNotFoundException"
    other = watched.role("workmail-other", service="lambda.amazonaws.com")
    assert refusal(put, **own, RoleArn=other)[0] == "InvalidParameterException"
    assert refusal(put, **own, RoleArn=theirs.role("workmail-theirs"))[0] == "AccessDeniedException"
    assert refusal(put, OrganizationId=theirs.organization.id, LogGroupArn=theirs.group_arn)[0] == (
        "OrganizationNotFoundException"
    )
    assert refusal(watched.workmail.describe_email_monitoring_configuration, **watched.id)[0] == (
        "ResourceNotFoundException"
    )


def test_who_may_hand_a_role_on(house, watched):
    """As AmazonWorkMailFullAccess has it: roles with `workmail` in their name, and the service-linked one."""
    workmail = house.client("workmail", user_key(house, watched.iam, "postmaster", FULL))
    own = {**watched.id, "LogGroupArn": watched.group_arn}
    workmail.put_email_monitoring_configuration(**own, RoleArn=watched.role("my-workmail-role"))
    code, text = refusal(workmail.put_email_monitoring_configuration, **own, RoleArn=watched.role("monitoring"))
    assert code == "AccessDeniedException" and "iam:PassRole" in text
    workmail.put_email_monitoring_configuration(**own)
    only = statement(Action="workmail:*", Resource="*")
    other = Watched(house, house.create_account())
    limited = house.client("workmail", user_key(house, other.iam, "limited", inline=only))
    own = {**other.id, "LogGroupArn": other.group_arn}
    code, text = refusal(limited.put_email_monitoring_configuration, **own)
    assert code == "AccessDeniedException" and "iam:CreateServiceLinkedRole" in text
    other.turn_on()
    limited.put_email_monitoring_configuration(**own)


def test_mail_that_comes(house, watched):
    ada, ada_address = watched.organization.user("ada")
    bob, bob_address = watched.organization.user("bob")
    _, team = watched.organization.group("team", [ada, bob])
    watched.turn_on()
    sender = "carl@elsewhere.example"
    with house.smtp() as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(sender, [f"nobody@{watched.organization.domain}"], message(sender, "nobody"))
        smtp.sendmail(sender, [team, ada_address], message(sender, team, "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Sender: eve@x.example\r\n"))
    records = watched.records()
    assert collections.Counter(names(records)) == {"ORGANIZATION_EMAIL_RECEIVED": 1, "MAILBOX_EMAIL_DELIVERED": 2}
    assert len({record["traceId"] for record in records}) == 1
    assert set(records[0]) == {"traceId", "event"}
    received = records[0]["event"]
    assert received["recipients"] == [team, ada_address]
    assert (received["from"], received["sender"], received["subject"]) == (sender, "eve@x.example", "Grüße")
    assert re.fullmatch(r"<[0-9a-f-]+@test>", received["messageId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", received["messageTimestamp"])
    words = {"PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED"}
    assert {received[f"{check}Verdict"] for check in ("spam", "spf", "dkim", "dmarc")} <= words
    delivered = watched.events("MAILBOX_EMAIL_DELIVERED")
    assert {event["recipient"] for event in delivered} == {ada_address, bob_address}
    assert {event["folder"] for event in delivered} == {"INBOX"}
    [stream] = watched.logs.describe_log_streams(logGroupName=watched.group)["logStreams"]
    assert stream["logStreamName"] == f"{watched.organization.id}/{time.strftime('%Y-%m-%d', time.gmtime())}"


def test_mail_that_goes(house, watched):
    _, ada = watched.organization.user("ada")
    _, bob = watched.organization.user("bob")
    watched.turn_on()
    recipients = [bob, "carl@outside.example", "nobody@outside.example"]
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, recipients, message(ada, ", ".join(recipients)))
    sent = watched.eventually("OUTGOING_EMAIL_SENT", 2)
    [bounced] = watched.eventually("OUTGOING_EMAIL_BOUNCED")
    [submitted] = watched.events("OUTGOING_EMAIL_SUBMITTED")
    assert submitted["recipients"] == recipients
    assert (submitted["from"], submitted["subject"], "sender" in submitted) == (ada, "hello", False)
    assert {event["recipient"] for event in sent} == set(recipients[:2])
    assert bounced["bouncedRecipient"]["emailAddress"] == recipients[2]
    assert bounced["bouncedRecipient"]["status"] == "5.1.1"
    assert "no such user here" in bounced["bouncedRecipient"]["reason"]
    [received] = watched.events("ORGANIZATION_EMAIL_RECEIVED")
    assert received["recipients"] == [bob] and {event["messageId"] for event in sent} == {received["messageId"]}
    # The guide's way: one trace for the message that goes, another for what came of it inside.
    traces = collections.defaultdict(set)
    for record in watched.records():
        traces[record["traceId"]].add(record["event"]["eventName"])
    assert sorted(map(sorted, traces.values())) == [
        ["MAILBOX_EMAIL_DELIVERED", "ORGANIZATION_EMAIL_RECEIVED"],
        ["OUTGOING_EMAIL_BOUNCED", "OUTGOING_EMAIL_SENT", "OUTGOING_EMAIL_SUBMITTED"],
    ]


def test_a_full_mailbox(house, watched):
    ada, ada_address = watched.organization.user("ada")
    _, bob_address = watched.organization.user("bob")
    watched.workmail.update_mailbox_quota(**watched.id, UserId=ada, MailboxQuota=1)
    watched.turn_on()
    sender, text = "carl@elsewhere.example", "x" * 76 + "\r\n"
    big = message(sender, "both") + text * 14_000
    with house.smtp() as smtp:
        smtp.sendmail(sender, [ada_address, bob_address], big)
        with pytest.raises(smtplib.SMTPException):
            smtp.sendmail(sender, [ada_address], big)
    first, second = watched.events("INCOMING_EMAIL_BOUNCED")
    assert first["bouncedRecipient"] == second["bouncedRecipient"]
    assert first["bouncedRecipient"]["emailAddress"] == ada_address
    assert first["bouncedRecipient"]["status"] == "5.2.2" and "full" in first["bouncedRecipient"]["reason"]
    assert [event["recipient"] for event in watched.events("MAILBOX_EMAIL_DELIVERED")] == [bob_address]
    assert len(watched.events("ORGANIZATION_EMAIL_RECEIVED")) == 2


def test_only_who_wants_to_know_is_told(house, watched):
    _, ada = watched.organization.user("ada")
    other = Watched(house, house.create_account())
    _, eve = other.organization.user("eve")
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, [ada, eve], message(ada, "before"))
        other.turn_on()
        smtp.sendmail(ada, [ada, eve], message(ada, "after"))
    assert watched.records() == []
    assert names(other.records()) == ["ORGANIZATION_EMAIL_RECEIVED", "MAILBOX_EMAIL_DELIVERED"]
    [received] = other.events("ORGANIZATION_EMAIL_RECEIVED")
    assert received["recipients"] == [eve]
    other.workmail.delete_email_monitoring_configuration(**other.id)
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, [eve], message(ada, "later"))
    assert len(other.records()) == 2


def test_the_role_decides(house, watched):
    ada, address = watched.organization.user("ada")
    sender = "carl@elsewhere.example"

    def send():
        with house.smtp() as smtp:
            smtp.sendmail(sender, [address], message(sender, address))
        return len(watched.events("MAILBOX_EMAIL_DELIVERED"))

    watched.turn_on(RoleArn=watched.role("workmail-events"))
    assert send() == 1
    watched.allow("workmail-events", ["logs:CreateLogStream"])
    assert (send(), send()) == (1, 1), "events were written without permission"
    watched.allow("workmail-events", ["logs:PutLogEvents"])
    assert send() == 2, "the stream is there already"
    trust = statement(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
    watched.iam.update_assume_role_policy(RoleName="workmail-events", PolicyDocument=trust)
    assert send() == 2
    conditions = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    ours = {"Principal": {"Service": "events.workmail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    watched.iam.update_assume_role_policy(
        RoleName="workmail-events", PolicyDocument=statement(**ours, Condition=conditions)
    )
    assert send() == 2
    source = f"arn:aws:workmail:us-east-1:{watched.root.account_id}:organization/{watched.organization.id}"
    conditions = {"ArnEquals": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": watched.root.account_id}}
    watched.iam.update_assume_role_policy(
        RoleName="workmail-events", PolicyDocument=statement(**ours, Condition=conditions)
    )
    assert send() == 3
    watched.iam.delete_role_policy(RoleName="workmail-events", PolicyName="logs")
    watched.iam.delete_role(RoleName="workmail-events")
    assert send() == 3
    watched.turn_on()
    assert send() == 4
    watched.logs.delete_log_group(logGroupName=watched.group)
    with house.smtp() as smtp:
        smtp.sendmail(sender, [address], message(sender, address))
    watched.logs.create_log_group(logGroupName=watched.group)
    assert send() == 1
    imap = house.imap(address, PASSWORD)
    assert imap.select_folder("INBOX")[b"EXISTS"] == 11, "mail waits for nobody's log"
    imap.logout()
    told = re.findall(r"mail events are dropped.*", house.log_path.read_text())
    assert len([line for line in told if watched.organization.id in line]) <= 5, told


def test_an_organization_that_goes_leaves_its_role(house, watched):
    watched.turn_on()
    watched.workmail.delete_organization(**watched.id, DeleteDirectory=True, ForceDelete=True)
    deadline = time.monotonic() + 30
    while watched.workmail.describe_organization(**watched.id)["State"] != "Deleted":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert deletion_of_linked_role(watched.iam)["Status"] == "SUCCEEDED"
