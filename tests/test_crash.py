"""Nothing acknowledged is lost, nothing is delivered twice: the server is killed under load, many times."""

import collections
import contextlib
import random
import re
import smtplib
import socket
import threading
import time

import pytest

from house import PASSWORD, Organization

ROUNDS = 20
SENDERS = 4


class Sender(threading.Thread):
    """Sends numbered messages until the server is gone, and notes each that got its 250."""

    def __init__(self, house, recipients, tag):
        super().__init__(daemon=True)
        self.house, self.recipients, self.tag = house, recipients, tag
        self.acknowledged, self.tried = [], []

    def run(self):
        try:
            smtp = self.house.smtp()
            smtp.ehlo()
            for number in range(10_000):
                name = f"{self.tag}-{number}"
                body = f"Subject: {name}\r\n\r\n" + ("z" * 70 + "\r\n") * random.randint(1, 300)
                self.tried.append(name)
                smtp.mail("out@elsewhere.example")
                for recipient in self.recipients:
                    smtp.rcpt(recipient)
                if smtp.data(body.encode())[0] == 250:
                    self.acknowledged.append(name)
        except (smtplib.SMTPException, OSError):
            return


def test_killed_under_load(own_house):
    house = own_house
    key = house.create_account()
    house.start()
    organization = Organization(house, key)
    recipients = [organization.user(name)[1] for name in ("ada", "bob")]
    acknowledged, tried = [], set()
    for round in range(ROUNDS):
        senders = [Sender(house, recipients, f"{round}-{n}") for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(random.uniform(0.05, 0.5))
        house.kill()
        for sender in senders:
            sender.join(timeout=60)
            acknowledged += sender.acknowledged
            tried.update(sender.tried)
        house.start()
    assert len(acknowledged) > ROUNDS, "the load was no load"
    for recipient in recipients:
        imap = house.imap(recipient, PASSWORD)
        imap.select_folder("INBOX", readonly=True)
        counts = collections.Counter()
        uids = imap.search()
        for start in range(0, len(uids), 1000):
            for data in imap.fetch(uids[start : start + 1000], ["BODY.PEEK[]"]).values():
                counts[re.search(rb"^Subject: (\S+)", data[b"BODY[]"], re.M).group(1).decode()] += 1
        imap.logout()
        lost = [name for name in acknowledged if counts[name] != 1]
        assert not lost, f"{len(lost)} of {len(acknowledged)} lost or doubled: {lost[:5]}"
        assert set(counts) <= tried and max(counts.values()) == 1


class Smarthost(threading.Thread):
    """Another server: says nothing to the first connection, and takes one message from the second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.called, self.message = threading.Event(), None

    def run(self):
        silent, _ = self.listener.accept()
        self.called.set()
        peer, _ = self.listener.accept()
        silent.close()
        # The client need not wait for the answer to its QUIT.
        with contextlib.suppress(OSError), peer.makefile("rwb") as stream:
            stream.write(b"220 far.example\r\n")
            stream.flush()
            while line := stream.readline():
                if line == b"DATA\r\n":
                    stream.write(b"354 go\r\n")
                    stream.flush()
                    self.message = b"".join(iter(stream.readline, b".\r\n"))
                stream.write(b"250 ok\r\n")
                stream.flush()


def test_the_queue_goes_on_at_once_after_a_kill(own_house):
    if own_house.database:
        pytest.skip("on PostgreSQL, what a lost node had claimed waits for its lease")
    smarthost = Smarthost()
    smarthost.start()
    own_house.options = ["--smarthost", f"127.0.0.1:{smarthost.port}"]
    key = own_house.create_account()
    own_house.start()
    _, ada = Organization(own_house, key).user("ada")
    with own_house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, ["bob@far.example"], f"From: {ada}\r\nSubject: out\r\n\r\nhello\r\n".encode())
    assert smarthost.called.wait(10), "the worker does not begin"
    own_house.kill()
    own_house.start()
    smarthost.join(timeout=20)
    assert smarthost.message and b"Subject: out" in smarthost.message
