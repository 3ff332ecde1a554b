"""Mailbox export by boto3, to a folder and to an S3 server that others wrote, and `chancery mailbox import`.
What is in an archive is read by Python's zipfile, what is in a mailbox by imapclient."""

import contextlib
import datetime
import hashlib
import io
import ipaddress
import json
import mailbox
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import zipfile

import boto3
import botocore.config
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from house import PASSWORD, REGION, House, Organization, binary
from test_iam import refusal

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "export.workmail.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
BUCKET = "mail-exports"
WAIT_SECONDS = 60


def key_arn(account, name="one"):
    return f"arn:aws:kms:{REGION}:{account}:key/{name}"


def permissions(account):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
                "Resource": f"arn:aws:s3:::{BUCKET}/*",
            },
            {"Effect": "Allow", "Action": "s3:GetBucketPolicyStatus", "Resource": f"arn:aws:s3:::{BUCKET}"},
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": f"arn:aws:kms:{REGION}:{account}:key/*",
                "Condition": {
                    "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
                    "StringLike": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}/*"},
                },
            },
        ],
    }


class Exports:
    """An organization with a role that may export its mailboxes."""

    def __init__(self, house, root):
        self.house, self.root = house, root
        self.organization = Organization(house, root)
        self.workmail = self.organization.workmail
        self.iam = house.client("iam", root)
        role = self.iam.create_role(RoleName="exporter", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        self.role = role["Arn"]
        self.iam.put_role_policy(
            RoleName="exporter", PolicyName="write", PolicyDocument=json.dumps(permissions(root.account_id))
        )

    def request(self, entity, **changes):
        return {
            "OrganizationId": self.organization.id,
            "EntityId": entity,
            "RoleArn": self.role,
            "KmsKeyArn": key_arn(self.root.account_id),
            "S3BucketName": BUCKET,
            "S3Prefix": "year/2026",
        } | changes

    def start(self, entity, **changes):
        return self.workmail.start_mailbox_export_job(**self.request(entity, **changes))["JobId"]

    def describe(self, job):
        shown = self.workmail.describe_mailbox_export_job(OrganizationId=self.organization.id, JobId=job)
        del shown["ResponseMetadata"]
        return shown

    def ended(self, job):
        deadline, progress = time.monotonic() + WAIT_SECONDS, 0
        while (shown := self.describe(job))["State"] == "RUNNING":
            assert shown["EstimatedProgress"] >= progress, "progress is not taken back"
            progress = shown["EstimatedProgress"]
            assert time.monotonic() < deadline, f"{shown} {self.house.log_text()}"
            time.sleep(0.05)
        return shown

    def completed(self, job):
        shown = self.ended(job)
        assert (shown["State"], shown["EstimatedProgress"]) == ("COMPLETED", 100), shown
        return shown

    def cancel(self, job):
        self.workmail.cancel_mailbox_export_job(OrganizationId=self.organization.id, JobId=job)


def message(subject, body="Hello.\r\n"):
    return f"From: a@example.com\r\nSubject: {subject}\r\n\r\n{body}".encode()


def date(day):
    return datetime.datetime(2024, 2, day, 12, 30, 15, tzinfo=datetime.timezone.utc)


FOLDERS = ["INBOX", "Plans/Größe: 7%", "Plans/.hidden"]


def fill(house, email):
    """A mailbox with what is hard to keep: bytes, names, flags, keywords, dates, a message twice."""
    imap = house.imap(email, PASSWORD)
    for folder in FOLDERS[1:] + ["Empty"]:
        imap.create_folder(folder)
    odd = bytes(byte for byte in range(1, 256) if byte not in (10, 13)) + b"\r\nFrom the start\r\n"
    for folder, content, flags, day in [
        ("INBOX", message("one"), [b"\\Seen"], 1),
        ("INBOX", message("two") + odd, [b"\\Flagged", b"\\Answered", b"$Forwarded"], 2),
        ("INBOX", message("two") + odd, [], 2),
        ("Sent Items", message("long", "x" * 300_000), [b"\\Draft", b"Project-X"], 3),
        (FOLDERS[1], message("three"), [b"\\Deleted"], 4),
        (FOLDERS[2], message("three"), [], 5),
    ]:
        imap.append(folder, content, flags, date(day))
    imap.logout()


def contents(house, email):
    """Everything of a mailbox: folders, bytes, flags and dates of their messages."""
    imap, found = house.imap(email, PASSWORD), {}
    for _, _, folder in imap.list_folders():
        imap.select_folder(folder, readonly=True)
        messages = imap.search()
        fetched = imap.fetch(messages, ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]) if messages else {}
        found[folder] = sorted(
            (data[b"BODY[]"], sorted(set(data[b"FLAGS"]) - {b"\\Recent"}), data[b"INTERNALDATE"])
            for data in fetched.values()
        )
    imap.logout()
    return found


def total(found):
    return sum(len(messages) for messages in found.values())


def imported(house, source, email, *options, code=0):
    command = ["mailbox", "import", str(source), "--mailbox", email, *options]
    done = house.run(*command, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def folder_house(tmp_path_factory):
    """A server whose exports go to a folder."""
    base = tmp_path_factory.mktemp("exports")
    house = folder_exports(House(base / "house"), base)
    yield house.start()
    house.remove()


def folder_exports(house, base):
    house.exports, house.key = base / "exports", base / "key"
    (house.exports / BUCKET).mkdir(parents=True)
    house.key.write_bytes(os.urandom(32))
    house.account = "123456789012"
    house.options += ["--export-directory", str(house.exports)]
    house.options += ["--export-key", f"{key_arn(house.account)}={house.key}"]
    return house


@pytest.fixture(scope="module")
def exports(folder_house):
    return Exports(folder_house, folder_house.create_account(folder_house.account))


def test_there_and_back_again(exports):
    """An export to a folder is encrypted, and gives the same mailbox when it is imported elsewhere."""
    house = exports.house
    _, email = exports.organization.user("ada")
    fill(house, email)
    job = exports.start("ada", Description="all of Ada")
    shown = exports.completed(job)
    assert shown["S3Path"] == f"year/2026/{job}.zip.enc"
    assert (shown["Description"], shown["S3Prefix"]) == ("all of Ada", "year/2026")
    assert shown["StartTime"] <= shown["EndTime"] and "ErrorInfo" not in shown
    path = house.exports / BUCKET / shown["S3Path"]
    sealed = path.read_bytes()
    assert b"index-00001" not in sealed and oct(path.stat().st_mode & 0o777) == "0o600"
    log = json.loads(path.with_name(f"{job}.log.json").read_text())
    assert log.pop("sha384Hash") == hashlib.sha384(sealed).hexdigest()
    begin, end = int(log.pop("startTime")), int(log.pop("endTime"))
    assert begin <= end <= time.time() + 1
    counts = {"totalMessages": "6", "totalFolders": "9", "totalNonExportableItems": "0"}
    assert log == counts | {"totalBytes": str(len(sealed))}

    _, copy = exports.organization.user("copy")
    done = imported(house, path, copy, code=1)
    assert "is encrypted: its key is needed" in done.stderr
    wrong = house.key.with_name("wrong")
    wrong.write_bytes(bytes(32))
    assert "another key" in imported(house, path, copy, "--key", str(wrong), code=1).stderr
    for count, present in [(6, 0), (0, 6)]:
        done = imported(house, path, copy, "--key", str(house.key))
        assert f"{count} messages imported, {present} were there already, 0 refused" in done.stdout
        assert contents(house, copy) == contents(house, email)


def test_limits_and_refusals(exports, folder_house):
    organization, workmail = exports.organization, exports.workmail
    user, email = organization.user("bob")
    group, _ = organization.group("team")
    start = workmail.start_mailbox_export_job
    account = exports.root.account_id
    for changes, code, words in [
        ({"EntityId": "nobody"}, "EntityNotFoundException", "nobody"),
        ({"EntityId": group}, "EntityNotFoundException", group),
        ({"KmsKeyArn": key_arn(account, "other")}, "InvalidParameterException", "not known"),
        ({"KmsKeyArn": key_arn("210987654321")}, "InvalidParameterException", "account and region"),
        ({"S3Prefix": "../../etc"}, "InvalidParameterException", "prefix"),
        ({"S3BucketName": ".."}, "InvalidParameterException", "bucket name"),
        ({"S3BucketName": "Upper"}, "InvalidParameterException", "bucket name"),
        ({"S3BucketName": "others"}, "InvalidParameterException", "s3:PutObject"),
        ({"RoleArn": exports.role + "x"}, "InvalidParameterException", "does not exist"),
        ({"RoleArn": "arn:aws:iam::210987654321:role/r"}, "AccessDeniedException", "Cross-account"),
    ]:
        refused = refusal(start, **exports.request(user, **changes))
        assert refused[0] == code and words in refused[1], (changes, refused)
    assert workmail.list_mailbox_export_jobs(OrganizationId=organization.id)["Jobs"] is not None

    # By name, address and id it is one mailbox; a request that is sent again is one job.
    token = {"ClientToken": "once"}
    job = exports.start("bob", **token)
    assert exports.start("bob", **token) == job
    assert refusal(start, **exports.request("ada", **token))[0] == "InvalidParameterException"
    for entity in [user, email]:
        assert refusal(start, **exports.request(entity))[0] == "LimitExceededException"
    assert exports.completed(job)["EntityId"] == user
    assert refusal(start, **exports.request(user))[0] == "LimitExceededException"
    exports.cancel(job)
    assert exports.describe(job)["State"] == "COMPLETED", "it was too late"
    absent = {"OrganizationId": organization.id, "JobId": "absent"}
    assert refusal(workmail.describe_mailbox_export_job, **absent)[0] == "EntityNotFoundException"
    assert refusal(workmail.cancel_mailbox_export_job, **absent)[0] == "EntityNotFoundException"

    listed = {job["JobId"]: job for job in pages(workmail, organization.id, 1)}
    assert listed[job]["State"] == "COMPLETED" and listed[job]["S3Path"].endswith(".zip.enc")
    workmail.deregister_from_work_mail(OrganizationId=organization.id, EntityId=user)
    assert refusal(start, **exports.request(user))[0] == "EntityNotFoundException"


def pages(workmail, organization, size):
    token = {}
    while token is not None:
        page = workmail.list_mailbox_export_jobs(OrganizationId=organization, MaxResults=size, **token)
        yield from page["Jobs"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None


def test_a_role_that_does_not_trust_the_service(exports):
    trust = json.loads(json.dumps(TRUST).replace("export.workmail", "lambda"))
    exports.iam.create_role(RoleName="stranger", AssumeRolePolicyDocument=json.dumps(trust))
    role = exports.role.replace("exporter", "stranger")
    exports.organization.user("cleo")
    refused = refusal(exports.workmail.start_mailbox_export_job, **exports.request("cleo", RoleArn=role))
    assert refused[0] == "InvalidParameterException" and "does not trust" in refused[1]


def test_a_bucket_that_is_not_there(exports):
    exports.iam.put_role_policy(
        RoleName="exporter",
        PolicyName="more",
        PolicyDocument=json.dumps(permissions(exports.root.account_id)).replace(BUCKET, "no-bucket"),
    )
    exports.organization.user("dora")
    shown = exports.ended(exports.start("dora", S3BucketName="no-bucket"))
    assert (shown["State"], shown["ErrorInfo"]) == ("FAILED", "The bucket no-bucket does not exist.")
    assert exports.completed(exports.start("dora")), "a job that failed does not count"


def test_a_resource_is_exported_too(exports):
    organization, workmail = exports.organization, exports.workmail
    made = workmail.create_resource(OrganizationId=organization.id, Name="hall", Type="ROOM")
    resource, email = made["ResourceId"], f"hall@{organization.domain}"
    request = exports.request(resource)
    refused = refusal(workmail.start_mailbox_export_job, **request)
    assert refused[0] == "EntityNotFoundException" and "no mailbox" in refused[1]
    workmail.register_to_work_mail(OrganizationId=organization.id, EntityId=resource, Email=email)
    assert exports.completed(exports.start(email))["EntityId"] == resource


def test_without_a_destination(house, root):
    exports = Exports(house, root)
    user, _ = exports.organization.user("ada")
    refused = refusal(exports.workmail.start_mailbox_export_job, **exports.request(user))
    assert refused[0] == "InvalidParameterException" and "no destination" in refused[1]


# --- what is imported from others ---


def test_an_mbox_of_python(exports, tmp_path):
    _, email = exports.organization.user("erin")
    path = tmp_path / "old.mbox"
    box = mailbox.mbox(path)
    for number in range(3):
        made = mailbox.mboxMessage(message(f"m{number}", "From here on\n\nFrom there\n").replace(b"\r\n", b"\n"))
        made.set_flags("RF" if number == 1 else "")
        made.set_from("a@example.com", time.gmtime(1_700_000_000 + number))
        box.add(made)
    box.flush()
    imported(exports.house, path, email, "--folder", "Old/Mail")
    imap = exports.house.imap(email, PASSWORD)
    imap.select_folder("Old/Mail", readonly=True)
    found = list(imap.fetch(imap.search(), ["BODY.PEEK[TEXT]", "FLAGS", "INTERNALDATE"]).values())
    assert [data[b"BODY[TEXT]"] for data in found] == [b"From here on\r\n\r\nFrom there\r\n"] * 3
    assert set(found[1][b"FLAGS"]) >= {b"\\Seen", b"\\Flagged"} and b"\\Seen" not in found[0][b"FLAGS"]
    assert [data[b"INTERNALDATE"].timestamp() for data in found] == [1_700_000_000 + n for n in range(3)]
    again = imported(exports.house, path, email, "--folder", "Old/Mail")
    assert "0 messages imported, 3 were there already" in again.stdout


def test_a_maildir_of_python(exports, tmp_path):
    _, email = exports.organization.user("finn")
    root = mailbox.Maildir(tmp_path / "Maildir")
    for box, name in [(root, "top"), (root.add_folder("Work.Entw&APw-rfe"), "below")]:
        made = mailbox.MaildirMessage(message(name))
        made.set_subdir("cur")
        made.set_flags("FPS")
        made.set_date(1_600_000_000)
        box.add(made)
    os.makedirs(tmp_path / "Maildir/Nested/cur")
    (tmp_path / "Maildir/Nested/cur/1.host!2,R").write_bytes(message("nested"))
    (tmp_path / "Maildir/tmp/2.host").write_bytes(message("not whole"))
    (tmp_path / "Maildir/new/link").symlink_to("/etc/passwd")
    done = imported(exports.house, tmp_path / "Maildir", email, code=1)
    assert "3 messages imported, 0 were there already, 1 refused" in done.stdout
    assert "link: it is not a file" in done.stderr
    found = contents(exports.house, email)
    assert total(found) == 3
    for folder, name in [("INBOX", "top"), ("Work/Entwürfe", "below")]:
        [(content, flags, received)] = found[folder]
        assert content == message(name) and flags == [b"$Forwarded", b"\\Flagged", b"\\Seen"]
        assert received.timestamp() == 1_600_000_000
    assert found["Nested"][0][1] == [b"\\Answered"]


def test_a_maildir_with_gaps_and_links(exports, tmp_path):
    """What lies below a directory that is no Maildir is found; what a link leads to is not."""
    _, email = exports.organization.user("fred")
    root = tmp_path / "Maildir"
    for place, subject in [("cur", "top"), ("Work/Plans/cur", "nested"), (".New/new", "new"), (".A/.B/cur", "dots")]:
        (root / place).mkdir(parents=True)
        (root / place / "1.host").write_bytes(message(subject))
    (tmp_path / "other/cur").mkdir(parents=True)
    (tmp_path / "other/cur/1.host").write_bytes(message("of somebody else"))
    (root / ".Stolen").symlink_to(tmp_path / "other")
    (root / ".Inner").mkdir()
    (root / ".Inner/cur").symlink_to(tmp_path / "other/cur")
    (root / ".Inner/new").mkdir()
    done = imported(exports.house, root, email, code=1)
    assert "4 messages imported, 0 were there already, 1 refused" in done.stdout
    assert ".Inner/cur: it is a link" in done.stderr
    found = {folder: messages[0][0] for folder, messages in contents(exports.house, email).items() if messages}
    expected = {"INBOX": "top", "Work/Plans": "nested", "New": "new", "A/B": "dots"}
    assert found == {folder: message(subject) for folder, subject in expected.items()}


def test_two_imports_at_once(exports, tmp_path):
    """Each sees what the other has filed, so that nothing comes twice."""
    house, count = exports.house, 600
    _, email = exports.organization.user("gert")
    path = tmp_path / "many.mbox"
    path.write_bytes(b"".join(b"From a\nSubject: %d\n\nHello.\n\n" % n for n in range(count)))
    command = [binary(), "mailbox", "import", str(path), "--mailbox", email, "--data", str(house.data)]
    both = [
        subprocess.Popen(command, env=house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert total(contents(house, email)) == count
    assert sum(int(out.split()[0]) for out, _ in told) == count, told


def test_a_mailbox_that_goes_out_of_service_ends_its_import(exports, tmp_path):
    house = exports.house
    user, email = exports.organization.user("gaby")
    path = tmp_path / "many.mbox"
    path.write_bytes(b"".join(b"From a\nSubject: %d\n\nHello.\n\n" % n for n in range(4000)))
    command = [binary(), "mailbox", "import", str(path), "--mailbox", email, "--data", str(house.data)]
    process = subprocess.Popen(
        command, env=house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while inbox_count(house, email) == 0:
        time.sleep(0.02)
    exports.workmail.deregister_from_work_mail(OrganizationId=exports.organization.id, EntityId=user)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "taken out of service" in errors, errors
    assert "not imported" not in errors and out.endswith(", 0 refused\n"), errors


def test_zips_of_others(exports, tmp_path):
    """Plain zips work; what is bad in one is told, and the rest is imported."""
    _, email = exports.organization.user("gina")
    path = tmp_path / "others.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("top.eml", b"Date: Thu, 1 Feb 2024 12:30:15 +0000\nSubject: top\n\nx\n")
        archive.writestr("Some/Folder/a.EML", message("below"))
        archive.writestr("../../etc/b.eml", message("outside"))
        archive.writestr("/absolute/c.eml", message("absolute"))
        archive.writestr("Some/notes.txt", b"no message")
        archive.writestr("bomb.eml", bytes(70 << 20))
        archive.writestr("\x1b[2Jnotes.txt", b"no message")
        link = zipfile.ZipInfo("Some/link.eml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("Some/Folder/a.EML", message("below"))
    done = imported(exports.house, path, email, code=1)
    assert "2 messages imported, 0 were there already, 7 refused" in done.stdout
    assert "\x1b" not in done.stderr
    for words in ["files of one name", "../../etc/b.eml: its folder", "notes.txt: it is no message", "bomb.eml: it is larger", "link.eml: it is a link"]:
        assert words in done.stderr
    found = contents(exports.house, email)
    assert found["INBOX"][0][0] == b"Date: Thu, 1 Feb 2024 12:30:15 +0000\r\nSubject: top\r\n\r\nx\r\n"
    assert found["INBOX"][0][2].timestamp() == date(1).timestamp(), "the date of its header"
    assert [content for content, _, _ in found["Some/Folder"]] == [message("below")]


def test_what_cannot_be_read(exports, tmp_path):
    house = exports.house
    _, email = exports.organization.user("hugo")
    source = tmp_path / "source"
    for content, words in [
        (b"PK\x03\x04 and nothing more", "is not a zip"),
        (b"Subject: x\n\n", "neither a zip, nor an mbox"),
        (b"", "neither a zip, nor an mbox"),
        (b"CHYSEAL1", "is encrypted"),
    ]:
        source.write_bytes(content)
        assert words in imported(house, source, email, code=1).stderr
    assert "is not a Maildir" in imported(house, tmp_path, email, code=1).stderr
    assert "No such file" in imported(house, tmp_path / "absent", email, code=1).stderr
    source.write_bytes(b"From a\nSubject: x\n\n")
    assert "nobody here" in imported(house, source, "nobody@example.com", code=1).stderr
    assert "folder `a//b`" in imported(house, source, email, "--folder", "a//b", code=1).stderr
    assert total(contents(house, email)) == 0


def test_a_full_mailbox_and_a_larger_one(exports, tmp_path):
    organization = exports.organization
    user, email = organization.user("ines")
    quota = {"OrganizationId": organization.id, "UserId": user}
    exports.workmail.update_mailbox_quota(**quota, MailboxQuota=1)
    path = tmp_path / "large.mbox"
    body = "x" * 70 + "\n"
    path.write_bytes(b"".join(b"From a\nSubject: %d\n\n%s\n" % (n, (body * 1000).encode()) for n in range(30)))
    done = imported(exports.house, path, email, code=1)
    assert "the mailbox is full" in done.stderr
    some = total(contents(exports.house, email))
    assert 0 < some < 30
    exports.workmail.update_mailbox_quota(**quota, MailboxQuota=100)
    done = imported(exports.house, path, email)
    assert f"{30 - some} messages imported, {some} were there already" in done.stdout


def test_an_import_that_is_stopped_goes_on(exports, tmp_path):
    """Ctrl-C, and then the end by force: what is missing comes with the next run, and nothing twice."""
    house, count = exports.house, 3000
    _, email = exports.organization.user("jack")
    path = tmp_path / "many.mbox"
    path.write_bytes(b"".join(b"From a\nSubject: %d\n\nHello.\n\n" % n for n in range(count)))
    command = [binary(), "mailbox", "import", str(path), "--mailbox", email, "--data", str(house.data)]
    for end, code in [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]:
        before = total(contents(house, email))
        process = subprocess.Popen(
            command, env=house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while process.poll() is None and inbox_count(house, email) == before:
            time.sleep(0.02)
        process.send_signal(end)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == code, errors
        if end == signal.SIGINT:
            assert "the same command goes on" in errors
        assert before < total(contents(house, email)) < count
    some = total(contents(house, email))
    done = imported(house, path, email)
    assert f"{count - some} messages imported, {some} were there already" in done.stdout
    assert len({content for content, _, _ in contents(house, email)["INBOX"]}) == count


def inbox_count(house, email):
    imap = house.imap(email, PASSWORD)
    count = imap.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"]
    imap.logout()
    return count


# --- an S3 server ---


class S3:
    """moto's S3, on loopback, with a certificate if there is one."""

    def __init__(self, folder, certificate=None):
        program = pathlib.Path(sys.executable).with_name("moto_server")
        if not program.exists():
            pytest.skip("moto's server is not installed: see tests/requirements.txt")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.endpoint = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        self.log = open(folder / "moto.txt", "wb")
        command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
        if certificate:
            command += ["--ssl", "--ssl-cert", str(certificate[0]), "--ssl-key", str(certificate[1])]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            assert self.process.poll() is None and time.monotonic() < deadline, "moto does not start"
            time.sleep(0.05)
        self.client = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=botocore.config.Config(s3={"addressing_style": "path"}),
            verify=str(certificate[0]) if certificate else None,
        )
        self.client.create_bucket(Bucket=BUCKET)

    def remove(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def keys(self):
        return sorted(found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    def uploads(self):
        return self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    s3 = S3(tmp_path_factory.mktemp("s3"))
    yield s3
    s3.remove()


def s3_exports(house, s3, folder):
    credentials = folder / "credentials"
    credentials.write_text("test:test\n")
    house.options += ["--export-s3-endpoint", s3.endpoint, "--export-s3-credentials", str(credentials)]
    return house


@pytest.fixture
def s3_house(own_house, s3, tmp_path):
    return s3_exports(own_house, s3, tmp_path).start()


def self_signed(folder):
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "s3")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return paths


@pytest.mark.parametrize("is_trusted", [True, False])
def test_to_a_bucket_by_tls(is_trusted, own_house, tmp_path, monkeypatch):
    """Who the server is must be vouched for by the operator's authorities."""
    certificate = self_signed(tmp_path)
    s3 = S3(tmp_path, certificate)
    try:
        if is_trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        exports = Exports(s3_exports(own_house, s3, tmp_path).start(), own_house.create_account())
        exports.organization.user("ada")
        shown = exports.ended(exports.start("ada"))
        assert shown["State"] == ("COMPLETED" if is_trusted else "FAILED"), shown
        assert len(s3.keys()) == (2 if is_trusted else 0)
    finally:
        s3.remove()


def test_to_a_bucket(s3_house, s3):
    exports = Exports(s3_house, s3_house.create_account())
    user, email = exports.organization.user("ada")
    fill(s3_house, email)
    imap = s3_house.imap(email, PASSWORD)
    for number in range(5):
        # Bytes that do not shrink: it takes more than one part.
        imap.append("INBOX", message(str(number), os.urandom(2_500_000).hex()[:4_900_000]), [], date(6))
    imap.logout()
    job = exports.start(user)
    shown = exports.completed(job)
    assert shown["S3Path"] == f"year/2026/{job}.zip"
    head = s3.client.head_object(Bucket=BUCKET, Key=shown["S3Path"])
    assert head["ServerSideEncryption"] == "aws:kms" and head["SSEKMSKeyId"] == key_arn(exports.root.account_id)
    content = s3.client.get_object(Bucket=BUCKET, Key=shown["S3Path"])["Body"].read()
    log = json.loads(s3.client.get_object(Bucket=BUCKET, Key=f"year/2026/{job}.log.json")["Body"].read())
    assert log["sha384Hash"] == hashlib.sha384(content).hexdigest() and log["totalMessages"] == "11"
    assert s3.uploads() == []

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    names = archive.namelist()
    assert "Empty/" in names and "Plans/%2Ehidden/" in names and "Plans/Größe%3A 7%25/0000000001.eml" in names
    found = contents(s3_house, email)
    for folder, directory in [("INBOX", "INBOX/"), (FOLDERS[1], "Plans/Größe%3A 7%25/"), ("Sent Items", "Sent Items/")]:
        written = [archive.read(name) for name in names if name.startswith(directory) and name.endswith(".eml")]
        assert sorted(written) == [content for content, _, _ in found[folder]]
    stamped = archive.getinfo("INBOX/0000000001.eml").date_time
    assert stamped == (2024, 2, 1, 12, 30, 14), "in steps of two seconds"

    path = s3_house.folder / "there.zip"
    path.write_bytes(content)
    _, copy = exports.organization.user("copy")
    imported(s3_house, path, copy)
    assert contents(s3_house, copy) == found


def heavy(house, email, megabytes):
    """A mailbox whose export takes a while."""
    imap = house.imap(email, PASSWORD)
    for number in range(megabytes // 4):
        imap.append("INBOX", message(str(number), os.urandom(2_000_000).hex()))
    imap.logout()


def running(exports, job):
    """Waits until the job has written something."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not exports.house.rows(f"SELECT 1 FROM export_jobs WHERE id = '{job}' AND upload IS NOT NULL"):
        assert exports.describe(job)["State"] == "RUNNING" and time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_cut_off_and_cancelled(kind, own_house, s3, tmp_path):
    """A job that was cut off by force is done after the restart; one that is cancelled leaves nothing."""
    house = own_house
    if kind == "folder":
        folder_exports(house, tmp_path)
    else:
        s3_exports(house, s3, tmp_path)
    house.start()
    exports = Exports(house, house.create_account("123456789012"))
    _, email = exports.organization.user("ada")
    heavy(house, email, 60)

    def left(job):
        if kind == "folder":
            return [path for path in house.exports.rglob(f"{job}*")]
        return [key for key in s3.keys() if job in key] + [up for up in s3.uploads() if job in up["Key"]]

    cancelled = exports.start("ada")
    running(exports, cancelled)
    exports.cancel(cancelled)
    shown = exports.describe(cancelled)
    assert shown["State"] == "CANCELLED" and shown["EstimatedProgress"] < 100
    deadline = time.monotonic() + 5
    while left(cancelled):
        assert time.monotonic() < deadline, left(cancelled)
        time.sleep(0.05)
    exports.cancel(cancelled)
    assert exports.describe(cancelled) == shown, "a job that has ended stays as it is"

    job = exports.start("ada")
    running(exports, job)
    house.kill()
    assert left(job), "it was cut off half-way"
    house.start()
    exports.workmail = house.client("workmail", exports.root)
    shown = exports.completed(job)
    assert len(left(job)) == 2, "the archive and its log, and nothing of the first try"
    if kind == "folder":
        path = house.exports / BUCKET / shown["S3Path"]
        log = json.loads(path.with_name(f"{job}.log.json").read_text())
        assert hashlib.sha384(path.read_bytes()).hexdigest() == log["sha384Hash"]


def test_a_server_that_refuses(s3_house):
    """The job fails with words that a client can show."""
    exports = Exports(s3_house, s3_house.create_account())
    exports.organization.user("ada")
    exports.iam.put_role_policy(
        RoleName="exporter",
        PolicyName="more",
        PolicyDocument=json.dumps(permissions(exports.root.account_id)).replace(BUCKET, "no-bucket"),
    )
    shown = exports.ended(exports.start("ada", S3BucketName="no-bucket"))
    assert shown["State"] == "FAILED" and "no-bucket" in shown["ErrorInfo"]
    assert "127.0.0.1" not in shown["ErrorInfo"]
