"""Everything between a sender and a mailbox at once - rules, functions, journal, event log - and the server killed
again and again: what was acknowledged ends where it must, once."""

import collections
import contextlib
import http.server
import json
import random
import re
import smtplib
import socketserver
import threading
import time
import urllib.parse

import pytest

from house import PASSWORD, REGION, Organization
from test_mail import simple

ACCOUNT = "123456789012"
ROUNDS = 5
SENDERS = 4
STRANGER = "out@elsewhere.example"

# What a message is named, with whom the rules want it: `inbox` or `junk` of which of the recipients ada, bob, staff
# (cat and dan), and whether its sender is told.
PLAIN = {"ada": "INBOX", "bob": "INBOX", "cat": "INBOX", "dan": "INBOX"}
KINDS = {
    "dropped": ({}, False),
    "bounced": ({}, False),
    "junked": (dict.fromkeys(PLAIN, "Junk"), False),
    "asked": (PLAIN, False),
    "slow": (PLAIN, False),
    "failing": (PLAIN, False),
    "garbage": (PLAIN, False),
    "partly": ({"ada": "INBOX", "cat": "Junk", "dan": "Junk"}, True),
    "thrown": ({}, False),
    "refused": ({}, True),
    "added": (PLAIN | {"eve": "INBOX"}, False),
    "doubled": (PLAIN, False),
    "fallen": (dict.fromkeys(PLAIN, "Junk"), False),
    "beside": (PLAIN, False),
}


class Function:
    """Answers by the subject; the first call about some messages fails."""

    def __init__(self, addresses):
        self.addresses, self.calls = addresses, collections.Counter()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = urllib.parse.unquote(self.path).removesuffix("/invocations").rsplit(":", 1)[1]
                status, body = outer.answer(name, event)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, name, event):
        self.calls[event["invocationId"]] += 1
        first = self.calls[event["invocationId"]] == 1
        kind = event["subject"].split("-")[0]
        if name == "beside":
            return (500, b"") if random.random() < 0.3 else (200, b"garbage")
        if kind == "slow":
            time.sleep(random.uniform(0, 0.5))
        if kind == "failing" and first:
            return 500, b"{}"
        if kind == "garbage" and first:
            return 200, random.choice([b"", b"[]", b"\xff\x00", b"x" * 300_000, b'{"actions": [{}]}'])
        ada, bob, staff, eve = (self.addresses[n] for n in ("ada", "bob", "staff", "eve"))

        def part(kind, *recipients, text=None):
            parameters = {"bounceMessage": text} if text else {}
            return {"action": {"type": kind, "parameters": parameters}, "recipients": recipients}

        rest = {"action": {"type": "DEFAULT"}, "allRecipients": True}
        actions = {
            "partly": [part("DEFAULT", ada), part("BOUNCE", bob, text="no\r\nX-Evil: 1"), part("MOVE_TO_JUNK", staff)],
            "thrown": [{"action": {"type": "DROP"}, "allRecipients": True}],
            "refused": [{"action": {"type": "BOUNCE"}, "allRecipients": True}],
            "added": [part("DEFAULT", eve), rest],
            "doubled": [part("DEFAULT", ada, ada.upper(), bob, staff, bob), part("DROP", ada, bob), rest],
            "fallen": [],
        }.get(kind, [rest])
        return 200, json.dumps({"actions": actions}).encode()


class Sender(threading.Thread):
    """Sends messages of all kinds until the server is gone; notes those that it was answered about."""

    def __init__(self, house, addresses, tag):
        super().__init__(daemon=True)
        self.house, self.addresses, self.tag = house, addresses, tag
        self.answered, self.tried = {}, []

    def run(self):
        try:
            smtp = self.house.smtp()
            smtp.ehlo()
            for number in range(10_000):
                kind = random.choice(list(KINDS))
                name = f"{kind}-{self.tag}-{number}"
                sender = f"{kind}@elsewhere.example"
                self.tried.append(name)
                smtp.mail(STRANGER)
                for recipient in ("ada", "bob", "staff"):
                    smtp.rcpt(self.addresses[recipient])
                message = simple(name, sender, self.addresses["ada"], "z" * 70 + "\r\n" * random.randint(1, 50))
                self.answered[name] = smtp.data(message)[0]
        except (smtplib.SMTPException, OSError):
            return


class Outside(threading.Thread):
    """The server of the senders; keeps what they are told."""

    def __init__(self):
        super().__init__(daemon=True)
        self.messages = messages = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                # The server that sends is killed now and then.
                with contextlib.suppress(OSError):
                    self.wfile.write(b"220 outside.test\r\n")
                    for line in self.rfile:
                        if line.upper() == b"DATA\r\n":
                            self.wfile.write(b"354 go\r\n")
                            messages.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                        self.wfile.write(b"250 ok\r\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.start()

    def run(self):
        self.server.serve_forever()


def names_in(imap, folder):
    imap.select_folder(folder, readonly=True)
    counts = collections.Counter()
    uids = imap.search()
    for start in range(0, len(uids), 500):
        for data in imap.fetch(uids[start : start + 500], ["BODY.PEEK[HEADER]"]).values():
            counts[re.search(rb"^Subject: (\S+)", data[b"BODY[HEADER]"], re.M).group(1).decode()] += 1
    return counts


def make_rules(organization, function):
    def rule(name, action, sender):
        organization.console.create_inbound_mail_flow_rule(
            OrganizationId=organization.id, Name=name, RuleAction=action, SenderPatterns=[sender],
            RecipientPatterns=["*"],
        )  # fmt: skip

    def called(name, **more):
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        return {"Type": "LAMBDA", "Lambda": {"FunctionArn": arn} | more}

    rule("dropped", {"Type": "DROP"}, "dropped@elsewhere.example")
    rule("bounced", {"Type": "BOUNCE"}, "bounced@elsewhere.example")
    rule("junked", {"Type": "MOVE_TO_JUNK"}, "junked@elsewhere.example")
    rule("beside", called("beside", InvocationType="ASYNCHRONOUS"), "beside@elsewhere.example")
    waiting = {"InvocationType": "SYNCHRONOUS", "FallbackAction": {"Type": "MOVE_TO_JUNK"}, "TimeoutMinutes": 60}
    rule("decide", called("decide", **waiting), "*")


def watch(house, key, organization):
    logs, group = house.client("logs", key), "/aws/workmail/emailevents/all"
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    workmail = house.client("workmail", key)
    workmail.put_email_monitoring_configuration(OrganizationId=organization.id, LogGroupArn=arn)


def settled(house):
    waiting = " WHERE what NOT LIKE '%\"hold\":null%'"
    for table, condition in (("transit_calls", waiting), ("queue_recipients", "")):
        deadline = time.monotonic() + 120
        while int(house.rows(f"SELECT COUNT(*) FROM {table}{condition}")[0][0] or 0):
            assert time.monotonic() < deadline, f"{table} does not empty"
            time.sleep(0.2)


def test_nothing_is_lost_or_doubled(own_house):
    if own_house.database:
        pytest.skip("on PostgreSQL, what a lost node had claimed waits for its lease")
    house, outside = own_house, Outside()
    key = house.create_account(ACCOUNT)
    house.start()
    organization = Organization(house, key)
    ids, addresses = {}, {}
    for name in ("ada", "bob", "cat", "dan", "eve", "keeper"):
        ids[name], addresses[name] = organization.user(name)
    _, addresses["staff"] = organization.group("staff", [ids["cat"], ids["dan"]])
    function = Function(addresses)
    house.stop()
    house.options = ["--lambda-endpoint", function.url, "--smarthost", f"127.0.0.1:{outside.port}"]
    house.start()
    organization.console = house.client("workmailconsole", key)
    make_rules(organization, function)
    organization.console.set_journaling_rules(
        OrganizationId=organization.id, Enabled=True, JournalEmailAddress=addresses["keeper"],
        ReportEmailAddress=addresses["eve"],
    )  # fmt: skip
    watch(house, key, organization)
    answered, tried = {}, set()
    for round in range(ROUNDS):
        senders = [Sender(house, addresses, f"{round}-{n}") for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(random.uniform(0.3, 1.5))
        house.kill()
        for sender in senders:
            sender.join(timeout=60)
            answered |= sender.answered
            tried.update(sender.tried)
        house.start()
    settled(house)
    check(house, addresses, outside, answered, tried)


def check(house, addresses, outside, answered, tried):
    found = {}
    for person in ("ada", "bob", "cat", "dan", "eve", "keeper"):
        imap = house.imap(addresses[person], PASSWORD)
        folders = [name for *_, name in imap.list_folders()]
        junk = next(name for name in folders if "junk" in name.lower())
        found[person] = {"INBOX": names_in(imap, "INBOX"), "Junk": names_in(imap, junk)}
        imap.logout()
    told = collections.Counter()
    for message in outside.messages:
        told[re.search(rb"(?s)rfc822-headers.*?^Subject: (\S+)", message, re.M).group(1).decode()] += 1
    wrong = []
    for name in tried:
        kind = name.split("-")[0]
        wanted, tells = KINDS[kind]
        code = answered.get(name)
        expected = set(wanted.items())
        if code not in (550 if kind == "bounced" else 250, None):
            wrong.append((name, "was answered", code))
        got = {
            (person, folder): found[person][folder][name]
            for person in PLAIN | {"eve": 1}
            for folder in ("INBOX", "Junk")
            if found[person][folder][name]
        }
        journal = found["keeper"]["INBOX"][name]
        # SMTP cannot tell whether a notice that was on its way during a kill has arrived: it is sent again.
        fine = got == dict.fromkeys(expected, 1) and journal == bool(expected) and bool(told[name]) == tells
        nothing = not got and not journal and not told[name]
        if not (fine or (code is None and nothing)):
            wrong.append((name, code, got, journal, told[name]))
    assert not wrong, f"{len(wrong)} of {len(tried)}: {wrong[:5]}"
    assert sum(code == 250 for code in answered.values()) > ROUNDS, "the load was no load"
