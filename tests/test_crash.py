"""Nothing acknowledged is lost, nothing is delivered twice: the server is killed under load, many times."""

import collections
import random
import re
import smtplib
import threading
import time

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
        for data in imap.fetch(imap.search(), ["BODY.PEEK[]"]).values():
            counts[re.search(rb"^Subject: (\S+)", data[b"BODY[]"], re.M).group(1).decode()] += 1
        imap.logout()
        lost = [name for name in acknowledged if counts[name] != 1]
        assert not lost, f"{len(lost)} of {len(acknowledged)} lost or doubled: {lost[:5]}"
        assert set(counts) <= tried and max(counts.values()) == 1
