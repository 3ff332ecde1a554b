"""A disk that is really full: mail is put off, nothing acknowledged is lost, and with room it goes on."""

import base64
import itertools
import os
import re
import smtplib
import subprocess

import pytest

from house import PASSWORD, House, Organization

DISK_BYTES = 32 * 1024 * 1024
BALLAST_BYTES = 8 * 1024 * 1024
REFUSALS = 20
MESSAGES_MAX = 2_000


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(house, recipient, acknowledged, numbers):
    """Sends messages until so many in a row were put off, and notes each that got its 250."""
    refusals = 0
    with house.smtp() as smtp:
        while refusals < REFUSALS:
            number = next(numbers)
            assert number < MESSAGES_MAX, "the disk does not get full"
            # Random, so that it does not compress; smaller and smaller, to use up the last blocks.
            noise = base64.encodebytes(os.urandom(max(100, 100_000 >> refusals))).replace(b"\n", b"\r\n")
            try:
                smtp.sendmail("out@elsewhere.example", [recipient], b"Subject: %d\r\n\r\n" % number + noise)
                acknowledged.append(number)
                refusals = 0
            except smtplib.SMTPRecipientsRefused as refused:
                assert {code // 100 for code, _ in refused.recipients.values()} == {4}, refused
                refusals += 1
            except smtplib.SMTPResponseException as refused:
                assert refused.smtp_code // 100 == 4, refused
                refusals += 1


def subjects(house, user):
    imap = house.imap(user, PASSWORD)
    imap.select_folder("INBOX", readonly=True)
    raw = [data[b"BODY[]"] for data in imap.fetch(imap.search(), ["BODY.PEEK[]"]).values()]
    imap.logout()
    return sorted(int(re.search(rb"^Subject: (\d+)", message, re.M).group(1)) for message in raw)


def test_a_full_disk_loses_nothing(tmp_path, small_disk):
    house = House(tmp_path / "house")
    house.data = small_disk / "data"
    try:
        key = house.create_account()
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"\1" * BALLAST_BYTES)
        _, ada = Organization(house.start(), key).user("ada")
        acknowledged, numbers = [], itertools.count()
        fill(house, ada, acknowledged, numbers)
        first = len(acknowledged)
        assert first > 10 and subjects(house, ada) == acknowledged
        assert house.client("sts", key).get_caller_identity()["Account"] == key.account_id
        ballast.unlink()
        fill(house, ada, acknowledged, numbers)
        assert len(acknowledged) > first + 10, "with room it does not go on"
        assert subjects(house, ada) == acknowledged
        house.kill()
        assert subjects(house.start(), ada) == acknowledged
    finally:
        house.remove()
