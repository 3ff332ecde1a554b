"""Lambda rules and messages in transit: functions in Python that speak Lambda's Invoke, with boto3 inside them."""

import contextlib
import email
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from house import PASSWORD, REGION, Organization
from test_export import BUCKET as S3_BUCKET
from test_export import s3  # noqa: F401 - a fixture
from test_iam import refusal, user_key
from test_mail import fetch_all, simple

ACCOUNT = "123456789012"
BUCKET = "drafts"
STRANGER = "out@elsewhere.example"
WAIT_SECONDS = 30


def deliver_all(event):
    return {"actions": [{"action": {"type": "DEFAULT"}, "allRecipients": True}]}


def answering(kind, recipients=None, text=None):
    action = {"type": kind, "parameters": {"bounceMessage": text} if text else {}}
    part = {"action": action} | ({"recipients": recipients} if recipients else {"allRecipients": True})
    return lambda event: {"actions": [part]}


class Functions:
    """Runs functions by name, and keeps what each was told."""

    def __init__(self):
        self.functions, self.calls = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                path = urllib.parse.unquote(self.path)
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = path.removesuffix("/invocations").rsplit(":", 1)[1]
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.calls.append((name, event, headers))
                status = 200
                try:
                    body, headers = outer.functions[name](event), {}
                except PermissionError:
                    status, body, headers = 403, {}, {}
                except Exception as error:
                    body, headers = {"errorMessage": str(error)}, {"X-Amz-Function-Error": "Unhandled"}
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for header, value in headers.items():
                        self.send_header(header, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, name):
        return [event for called, event, _ in self.calls if called == name]


@pytest.fixture(scope="module")
def functions():
    functions = Functions()
    yield functions
    functions.server.shutdown()


class Flow:
    """An organization whose rules call functions."""

    def __init__(self, house, functions, content):
        self.house, self.functions, self.content = house, functions, content
        self.root = house.create_account(ACCOUNT)
        self.organization = Organization(house, self.root)
        self.console = self.organization.console
        self.client = house.client("workmailmessageflow", self.root)

    def arn(self, name):
        return f"arn:aws:lambda:{REGION}:{self.root.account_id}:function:{name}"

    def rule(self, name, function, direction="inbound", fallback="DROP", minutes=0, synchronous=True, senders=("*",)):
        """A function, and the rule that calls it."""
        self.functions.functions[name] = function
        called = {"FunctionArn": self.arn(name), "InvocationType": "ASYNCHRONOUS"}
        if synchronous:
            action = fallback if isinstance(fallback, dict) else {"Type": fallback}
            called |= {"InvocationType": "SYNCHRONOUS", "FallbackAction": action, "TimeoutMinutes": minutes}
        create = getattr(self.console, f"create_{direction}_mail_flow_rule")
        return create(
            OrganizationId=self.organization.id,
            Name=name,
            RuleAction={"Type": "LAMBDA", "Lambda": called},
            SenderPatterns=list(senders),
            RecipientPatterns=["*"],
        )["RuleId"]

    def inbox(self, address, count=1, folder="INBOX"):
        """The messages in a folder once there are so many."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            imap = self.house.imap(address, PASSWORD)
            found = fetch_all(imap, folder)
            imap.logout()
            if len(found) >= count or time.monotonic() > deadline:
                assert len(found) == count, found
                return found
            time.sleep(0.1)

    def settled(self):
        """Waits until no call is under way or due."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.house.rows("SELECT COUNT(*) FROM transit_calls")[0][0] not in (0, "0"):
            assert time.monotonic() < deadline, "a message is held still"
            time.sleep(0.05)

    def send(self, *recipients, subject="hello", sender=STRANGER, message=None):
        with self.house.smtp() as smtp:
            smtp.sendmail(sender, recipients, message or simple(subject, sender, recipients[0]))

    def put(self, message_id, text, key="new/text", client=None):
        path = self.content / BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        reference = {"s3Reference": {"bucket": BUCKET, "key": key}}
        (client or self.client).put_raw_message_content(messageId=message_id, content=reference)

    def text(self, message_id):
        return self.client.get_raw_message_content(messageId=message_id)["messageContent"].read()


@pytest.fixture
def flow(functions, own_house, tmp_path):
    content = tmp_path / "content"
    own_house.options += ["--lambda-endpoint", functions.url, "--content-directory", str(content)]
    own_house.options += ["--content-bucket", f"{BUCKET}={ACCOUNT}"]
    return Flow(own_house.start(), functions, content)


def refreshed(flow):
    """The same with clients of the server's new addresses."""
    organization, house = flow.organization, flow.house
    organization.workmail = house.client("workmail", flow.root)
    organization.console = flow.console = house.client("workmailconsole", flow.root)
    flow.client = house.client("workmailmessageflow", flow.root)
    return flow


def changed(raw):
    message = email.message_from_bytes(raw)
    del message["Subject"]
    message["Subject"] = "[External] hello"
    message.set_payload("changed\n")
    return message.as_bytes()


def test_a_message_is_read_replaced_and_delivered(flow):
    _, ada = flow.organization.user("ada")
    seen = []

    def replace(event):
        raw = flow.text(event["messageId"])
        seen.append(raw)
        flow.put(event["messageId"], changed(raw))
        return deliver_all(event)

    flow.rule("replace", replace)
    flow.send(ada, "ada+x@" + ada.split("@")[1])
    (arrived,) = flow.inbox(ada)
    told = flow.functions.told("replace")[-1]
    assert told == {
        "summaryVersion": "2018-10-10",
        "envelope": {
            "mailFrom": {"address": STRANGER},
            "recipients": [{"address": ada}, {"address": "ada+x@" + ada.split("@")[1]}],
        },
        "subject": "hello",
        "messageId": told["messageId"],
        "invocationId": told["invocationId"],
        "flowDirection": "INBOUND",
        "truncated": False,
    }
    assert len(told["messageId"]) == 36 and len(told["invocationId"]) == 32
    _, _, headers = flow.functions.calls[-1]
    assert headers["x-amz-source-arn"].endswith(f":{flow.root.account_id}:organization/{flow.organization.id}")
    # What was read is what was sent, below the trace field, which stays where it was.
    trace, sent = seen[0].split(b"\r\nFrom:", 1)
    assert trace.startswith(b"Received: from client.example") and sent.endswith(b"hello\r\n")
    header, body = arrived.split(b"\r\n\r\n", 1)
    assert body == b"changed\r\n"
    assert header.startswith(b"Return-Path: <out@elsewhere.example>\r\n" + trace + b"\r\nFrom: ")
    assert header.count(b"Subject:") == 1 and b"\r\nSubject: [External] hello" in header
    # It can be read on, and replaced, without any effect on what was delivered.
    assert flow.text(told["messageId"]) == arrived.removeprefix(b"Return-Path: <out@elsewhere.example>\r\n")
    flow.put(told["messageId"], changed(arrived).replace(b"changed", b"again"))
    assert flow.text(told["messageId"]).endswith(b"\r\n\r\nagain\r\n")
    assert flow.inbox(ada) == [arrived]


def test_each_action_does_what_it_says(flow):
    domain = flow.organization.domain
    names = ["ada", "ben", "cyd", "dee", "eva", "new"]
    ada, ben, cyd, dee, eva, new = (flow.organization.user(name)[1] for name in names)

    def mixed(event):
        one = lambda kind, who, **parameters: {
            "action": {"type": kind, "parameters": parameters}, "recipients": [who]
        }
        return {
            "actions": [
                one("DROP", ada),
                one("BOUNCE", ben.upper(), bounceMessage="not today"),
                one("MOVE_TO_JUNK", cyd),
                one("BYPASS_SPAM_CHECK", dee),
                one("DEFAULT", new),
            ]
        }

    flow.rule("mixed", mixed, fallback={"Type": "BOUNCE", "BounceMessage": "nobody spoke of you"}, senders=[domain])
    with flow.house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, [ada, ben, cyd, dee, eva], simple("mixed", ada, "all@x.example"))
    flow.inbox(dee), flow.inbox(new), flow.inbox(cyd, folder="Junk E-mail")
    (notice,) = flow.inbox(ada)
    text = notice.decode()
    assert "not today" in text and "nobody spoke of you" in text
    recipients = [line for line in text.splitlines() if line.startswith("Final-Recipient")]
    assert recipients == [f"Final-Recipient: rfc822; {ben}", f"Final-Recipient: rfc822; {eva}"]
    flow.inbox(ben, 0), flow.inbox(eva, 0), flow.inbox(cyd, 0)


def test_bad_answers_fall_back(flow):
    _, ada = flow.organization.user("ada")
    other = Organization(flow.house, flow.root).user("ann")[1]
    rule = flow.rule("bad", deliver_all, fallback="MOVE_TO_JUNK")
    bad = [
        lambda event: b"{",
        lambda event: None,
        lambda event: {"actions": [{"action": {"type": "DELIVER"}, "allRecipients": True}]},
        lambda event: {"actions": [{"action": {"type": "DEFAULT"}, "recipients": [other]}]},
        lambda event: {"actions": [], "more": "x" * 300_000},
        lambda event: 1 / 0,
    ]
    for number, answer in enumerate(bad):
        flow.functions.functions["bad"] = answer
        flow.send(ada, subject=str(number))
        flow.inbox(ada, number + 1, "Junk E-mail")
    flow.inbox(ada, 0)
    flow.console.delete_inbound_mail_flow_rule(OrganizationId=flow.organization.id, RuleId=rule)
    flow.send(ada)
    flow.inbox(ada)


def test_a_failed_call_is_made_again_with_its_id(flow):
    _, ada = flow.organization.user("ada")

    def second_time(event):
        assert len(flow.functions.told("flaky")) > 1, "not yet"
        return deliver_all(event)

    flow.rule("flaky", second_time, minutes=1)
    flow.send(ada)
    flow.inbox(ada)
    first, second = flow.functions.told("flaky")
    assert first == second


def test_a_held_message_survives_a_kill(flow):
    if flow.house.database:
        pytest.skip("on PostgreSQL, what a lost node had claimed waits for its lease")
    _, ada = flow.organization.user("ada")
    entered, leave = threading.Event(), threading.Event()

    def stuck(event):
        entered.set()
        assert leave.wait(WAIT_SECONDS)
        return deliver_all(event)

    flow.rule("stuck", stuck)
    flow.send(ada)
    assert entered.wait(WAIT_SECONDS)
    flow.house.kill()
    leave.set()
    flow.house.start()
    flow = refreshed(flow)
    flow.inbox(ada)
    flow.settled()
    flow.inbox(ada)
    assert len({event["invocationId"] for event in flow.functions.told("stuck")}) == 1


def test_outbound_mail_waits_too(flow):
    _, ada = flow.organization.user("ada")
    _, ben = flow.organization.user("ben")
    answers = iter([answering("MOVE_TO_JUNK"), answering("BOUNCE", text="stay here"), deliver_all])
    flow.rule("out", lambda event: next(answers)(event), "outbound", "DROP")
    for subject in ("junk", "bounce", "fine"):
        with flow.house.submission(ada, PASSWORD) as smtp:
            smtp.sendmail(ada, [ben], simple(subject, ada, ben))
        flow.settled()
    (fine,) = flow.inbox(ben)
    assert b"Subject: fine" in fine
    (notice,) = flow.inbox(ada)
    assert b"stay here" in notice
    assert {event["flowDirection"] for event in flow.functions.told("out")} == {"OUTBOUND"}


def test_what_is_only_told_changes_nothing(flow):
    _, ada = flow.organization.user("ada")

    def replace(event):
        flow.put(event["messageId"], changed(flow.text(event["messageId"])))
        return answering("DROP")(event)

    flow.rule("hears", replace, synchronous=False)
    flow.send(ada)
    flow.settled()
    (arrived,) = flow.inbox(ada)
    assert b"\r\nSubject: hello\r\n" in arrived
    (_, event, headers), *more = [call for call in flow.functions.calls if call[0] == "hears"]
    assert headers["x-amz-invocation-type"] == "Event" and not more
    assert b"[External]" in flow.text(event["messageId"]), "it is in transit, and was replaced there"


def test_a_replacement_must_be_a_message_of_the_same_kind(flow):
    _, ada = flow.organization.user("ada")
    flow.rule("look", deliver_all)
    flow.send(ada)
    flow.settled()
    (event,) = flow.functions.told("look")
    text = flow.text(event["messageId"])
    for bad, words in [
        (text.replace(b"From: <out@", b"From: <eve@"), "From must not be changed"),
        (b"Subject: x\r\n" + text, "Subject must not be repeated"),
        (text + b"x" * 1001, "longer than 1000"),
        (b"just text", "no field"),
        (text.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; name=a.exe\r\n\r\n", 1), ".exe"),
    ]:
        code, message = refusal(flow.put, event["messageId"], bad)
        assert code == "MessageRejected" and words in message, message
    assert flow.text(event["messageId"]) == text
    put = flow.client.put_raw_message_content
    for bucket, key in [("others", "a"), (BUCKET, "no/such"), (BUCKET, "/etc/passwd")]:
        content = {"s3Reference": {"bucket": bucket, "key": key}}
        assert refusal(put, messageId=event["messageId"], content=content)[0] == "InvalidContentLocation"


def test_who_may_read(flow):
    _, ada = flow.organization.user("ada")
    flow.rule("read", deliver_all)
    flow.send(ada)
    flow.settled()
    message_id = flow.functions.told("read")[0]["messageId"]
    unknown = "00000000-0000-0000-0000-000000000000"
    stranger = flow.house.client("workmailmessageflow", flow.house.create_account())
    elsewhere = flow.house.client("workmailmessageflow", flow.root, region="eu-west-1")
    for client, asked in [(flow.client, unknown), (stranger, message_id), (elsewhere, message_id)]:
        code, message = refusal(client.get_raw_message_content, messageId=asked)
        assert (code, message) == ("ResourceNotFoundException", f"The message {asked} cannot be found.")
        content = {"s3Reference": {"bucket": BUCKET, "key": "a"}}
        assert refusal(client.put_raw_message_content, messageId=asked, content=content)[0] == code
    iam = flow.house.client("iam", flow.root)
    arn = f"arn:aws:workmailmessageflow:{REGION}:{flow.root.account_id}:message/{flow.organization.id}/incoming/*"
    allowed = {"Effect": "Allow", "Action": "workmailmessageflow:GetRawMessageContent", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    reader = flow.house.client("workmailmessageflow", user_key(flow.house, iam, "reader", inline=policy))
    assert reader.get_raw_message_content(messageId=message_id)["messageContent"].read()
    content = {"s3Reference": {"bucket": BUCKET, "key": "a"}}
    assert refusal(reader.put_raw_message_content, messageId=message_id, content=content)[0] == "AccessDeniedException"
    assert refusal(reader.get_raw_message_content, messageId=unknown)[0] == "AccessDeniedException"
    nobody = flow.house.client("workmailmessageflow", user_key(flow.house, iam, "nobody"))
    assert refusal(nobody.get_raw_message_content, messageId=message_id)[0] == "AccessDeniedException"


def test_rules_that_cannot_be(flow):
    create = flow.console.create_inbound_mail_flow_rule
    called = {"FunctionArn": flow.arn("f"), "InvocationType": "SYNCHRONOUS", "FallbackAction": {"Type": "DROP"}}

    def made(recipients=("*",), kind="LAMBDA", **parts):
        function = {name: part for name, part in (called | parts).items() if part is not None}
        return refusal(
            create,
            OrganizationId=flow.organization.id,
            Name="f",
            RuleAction={"Type": kind, "Lambda": function},
            SenderPatterns=["*"],
            RecipientPatterns=list(recipients),
        )[0]

    assert made(recipients=["x.org"]) == "InvalidParameterException"
    assert made(kind="DROP") == "InvalidParameterException"
    assert made(FallbackAction=None) == "InvalidParameterException"
    assert made(InvocationType="ASYNCHRONOUS") == "InvalidParameterException"
    assert made(FunctionArn=flow.arn("f").replace(REGION, "eu-west-1")) == "InvalidParameterException"
    assert made(FunctionArn=flow.arn("f").replace(flow.root.account_id, "1" * 12)) == "InvalidParameterException"
    rule = flow.rule("kept", deliver_all, fallback={"Type": "BOUNCE", "BounceMessage": "no"}, minutes=7)
    shown = flow.console.describe_inbound_mail_flow_rule(OrganizationId=flow.organization.id, RuleId=rule)
    assert shown["RuleAction"] == {
        "Type": "LAMBDA",
        "Lambda": {
            "FunctionArn": flow.arn("kept"),
            "InvocationType": "SYNCHRONOUS",
            "FallbackAction": {"Type": "BOUNCE", "BounceMessage": "no"},
            "TimeoutMinutes": 7,
        },
    }


def test_a_replacement_comes_from_a_bucket(functions, own_house, s3, tmp_path):  # noqa: F811
    credentials = tmp_path / "credentials"
    credentials.write_text("test:test\n")
    own_house.options += ["--lambda-endpoint", functions.url, "--content-s3-endpoint", s3.endpoint]
    own_house.options += ["--content-s3-credentials", str(credentials), "--content-bucket", f"{S3_BUCKET}={ACCOUNT}"]
    flow = Flow(own_house.start(), functions, None)
    _, ada = flow.organization.user("ada")
    s3.client.put_bucket_versioning(Bucket=S3_BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def replace(event):
        text = changed(flow.text(event["messageId"]))
        put = lambda text: s3.client.put_object(Bucket=S3_BUCKET, Key="new/text", Body=text)["VersionId"]
        wanted, _ = put(text), put(text.replace(b"changed", b"later"))
        reference = {"bucket": S3_BUCKET, "key": "new/text", "objectVersion": wanted}
        flow.client.put_raw_message_content(messageId=event["messageId"], content={"s3Reference": reference})
        code, _ = refusal(
            flow.client.put_raw_message_content,
            messageId=event["messageId"],
            content={"s3Reference": {"bucket": S3_BUCKET, "key": "no/such"}},
        )
        assert code == "InvalidContentLocation"
        return deliver_all(event)

    flow.rule("bucket", replace)
    flow.send(ada)
    (arrived,) = flow.inbox(ada)
    assert arrived.endswith(b"\r\n\r\nchanged\r\n")


def test_an_availability_function_must_refuse_anybody(flow):
    def test():
        provider = {"LambdaArn": flow.arn("free")}
        tested = flow.organization.workmail.test_availability_configuration(
            OrganizationId=flow.organization.id, LambdaProvider=provider
        )
        return tested["TestPassed"], tested.get("FailureReason", "")

    def open_to_all(event):
        assert event["mailboxes"] and event["window"]["startDate"] < event["window"]["endDate"]
        return {"mailboxes": []}

    def guarded(event):
        if "x-amz-source-arn" not in flow.functions.calls[-1][2]:
            raise PermissionError
        return open_to_all(event)

    def closed(event):
        raise PermissionError

    for function, passed, words in [
        (guarded, True, ""),
        (open_to_all, False, "without SourceArn"),
        (closed, False, "does not let"),
        (deliver_all, False, "not with the availability"),
    ]:
        flow.functions.functions["free"] = function
        tested, reason = test()
        assert tested is passed and words in reason, reason


def test_a_function_that_does_not_answer_holds_up_nobody_else(flow):
    silent, over = Organization(flow.house, flow.root), threading.Event()
    _, ada = silent.user("ada")
    _, bob = flow.organization.user("bob")
    flow.rule("quick", deliver_all)
    flow.console, quick = silent.console, flow.organization
    flow.organization = silent
    flow.rule("silent", lambda event: over.wait(60), minutes=60)
    flow.organization = quick
    try:
        with flow.house.smtp() as smtp:
            for number in range(80):
                smtp.sendmail(STRANGER, [ada], simple(f"held {number}", STRANGER, ada))
        sent = time.monotonic()
        flow.send(bob)
        flow.inbox(bob)
        assert time.monotonic() - sent < 10, "it waited for the functions of others"
    finally:
        over.set()
    # What is held is forgotten with its organization.
    silent.workmail.delete_organization(OrganizationId=silent.id, DeleteDirectory=True, ForceDelete=True)
    flow.settled()
