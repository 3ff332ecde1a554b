"""Mail end to end: in by SMTP and submission, out by IMAP, with clients that we did not write."""

import email
import imaplib
import pathlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
import time
import uuid

import imapclient
import pytest

from house import PASSWORD, any_certificate

CORPUS = pathlib.Path(__file__).resolve().parent.parent.parent / "shared/corpus/mail"
OWN = pathlib.Path(__file__).resolve().parent / "messages"


def messages():
    """Real messages where they lie beside the project, and our own in any case."""
    paths = sorted(OWN.glob("*.eml")) + sorted(CORPUS.rglob("*.eml"))
    return [canonical(path.read_bytes()) for path in paths]


def canonical(raw):
    """As SMTP can carry it: lines end in CRLF, no NUL, the last one too."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"").replace(b"\n", b"\r\n")
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def below_trace(raw):
    """The message without the header fields that delivery put on top."""
    lines = raw.split(b"\r\n")
    at = 0
    while lines[at].startswith((b"Return-Path:", b"Received:")) or (at and lines[at][:1] in (b" ", b"\t")):
        at += 1
        if lines[at - 1].startswith(b"Received:"):
            while lines[at][:1] in (b" ", b"\t"):
                at += 1
            break
    return b"\r\n".join(lines[at:])


def fetch_all(imap, folder="INBOX"):
    imap.select_folder(folder, readonly=True)
    fetched = imap.fetch(imap.search(), ["BODY.PEEK[]"])
    return [fetched[uid][b"BODY[]"] for uid in sorted(fetched)]


def simple(subject, sender="out@elsewhere.example", to="x@y.example", body="hello\r\n"):
    return f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\r\n{body}".encode()


def test_byte_for_byte(house, organization):
    _, ada = organization.user("ada")
    sent = messages()
    assert sent
    with house.smtp() as smtp:
        for message in sent:
            smtp.sendmail("out@elsewhere.example", [ada], message)
    imap = house.imap(ada, PASSWORD)
    received = [below_trace(raw) for raw in fetch_all(imap)]
    imap.logout()
    assert len(received) == len(sent)
    for number, (one, other) in enumerate(zip(sent, received)):
        assert one == other, f"message {number} changed"


def test_alias_group_and_no_duplicates(house, organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada_id, ada = organization.user("ada")
    bob_id, bob = organization.user("bob")
    alias = f"countess@{organization.domain}"
    workmail.create_alias(**org, EntityId=ada_id, Alias=alias)
    inner_id, _ = organization.group("inner", [ada_id, bob_id])
    _, outer = organization.group("outer", [inner_id, ada_id])
    with house.smtp() as smtp:
        smtp.sendmail("out@elsewhere.example", [alias], simple("to the alias"))
        smtp.sendmail("out@elsewhere.example", [outer, ada, alias], simple("to all"))
        smtp.sendmail("out@elsewhere.example", [ada.replace("@", "+shop@").upper()], simple("subaddress"))
    subjects = {}
    for who in (ada, bob):
        imap = house.imap(who, PASSWORD)
        subjects[who] = [email.message_from_bytes(raw)["Subject"] for raw in fetch_all(imap)]
        imap.logout()
    assert subjects == {ada: ["to the alias", "to all", "subaddress"], bob: ["to all"]}


def test_strangers_are_refused(house, organization):
    _, ada = organization.user("ada")
    with house.smtp() as smtp:
        smtp.ehlo()
        assert {"pipelining", "8bitmime", "smtputf8", "chunking", "starttls", "size"} <= set(smtp.esmtp_features)
        assert "auth" not in smtp.esmtp_features
        smtp.mail("out@elsewhere.example")
        assert smtp.rcpt(f"nobody@{organization.domain}")[0] == 550
        assert smtp.rcpt("someone@elsewhere.example")[0] in (550, 554)
        assert smtp.rcpt(ada)[0] == 250
        smtp.rset()
        code, _ = smtp.docmd("MAIL", "FROM:<out@elsewhere.example> SIZE=999999999")
        assert code == 552


def test_starttls(house, organization):
    _, ada = organization.user("ada")
    with house.smtp() as smtp:
        smtp.starttls(context=any_certificate())
        smtp.sendmail("out@elsewhere.example", [ada], simple("by tls"))
    imap = house.imap(ada, PASSWORD)
    assert len(fetch_all(imap)) == 1
    imap.logout()


def test_submission_demands_the_owner(house, organization):
    _, ada = organization.user("ada")
    _, bob = organization.user("bob")
    with house.submission() as smtp:
        smtp.ehlo()
        assert smtp.mail(ada)[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(ada, "Wrong-Password-1")
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, [bob], simple("mine", sender=ada))
        for envelope, header in ((bob, bob), (ada, bob), (bob, ada), ("x@elsewhere.example", ada)):
            with pytest.raises(smtplib.SMTPException):
                smtp.sendmail(envelope, [bob], simple("forged", sender=header))
            smtp.rset()
    imap = house.imap(bob, PASSWORD)
    assert [email.message_from_bytes(raw)["Subject"] for raw in fetch_all(imap)] == ["mine"]
    imap.logout()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(house, organization, mechanism):
    if not shutil.which("swaks"):
        pytest.skip("swaks is not installed")
    _, ada = organization.user("ada")
    host, port = house.address("submission")
    command = [
        "swaks", "--server", host, "--port", str(port), "--tlsc", "--auth", mechanism, "--auth-user", ada,
        "--auth-password", PASSWORD, "--from", ada, "--to", ada, "--header", f"Subject: swaks {mechanism}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    imap = house.imap(ada, PASSWORD)
    assert f"swaks {mechanism}".encode() in fetch_all(imap)[0]
    imap.logout()


@pytest.mark.parametrize(
    "ending",
    [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\n\r\n.\r\r\n"],
)
def test_smuggling_is_refused(house, organization, ending):
    _, ada = organization.user("ada")
    host, port = house.address("smtp")
    smuggled = f"MAIL FROM:<evil@elsewhere.example>\r\nRCPT TO:<{ada}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
    with socket.create_connection((host, port), timeout=30) as peer:
        stream = peer.makefile("rwb")
        stream.readline()
        for line in (b"EHLO x.example", b"MAIL FROM:<out@elsewhere.example>", b"RCPT TO:<" + ada.encode() + b">", b"DATA"):
            stream.write(line + b"\r\n")
            stream.flush()
            while stream.readline()[3:4] == b"-":
                pass
        stream.write(b"Subject: outer\r\n\r\nx" + ending + smuggled.encode() + b"\r\n.\r\nQUIT\r\n")
        stream.flush()
        answers = stream.read()
    assert answers.startswith(b"5"), answers
    imap = house.imap(ada, PASSWORD)
    assert fetch_all(imap) == []
    imap.logout()


def test_folders_flags_and_moves(house, organization):
    _, ada = organization.user("ada")
    imap = house.imap(ada, PASSWORD)
    capabilities = {c.decode().upper() for c in imap.capabilities()}
    assert {
        "IMAP4REV1", "UIDPLUS", "IDLE", "MOVE", "SPECIAL-USE", "NAMESPACE", "ID", "UNSELECT", "LITERAL+", "ENABLE",
        "CONDSTORE",
    } <= capabilities  # fmt: skip
    roles = {flag for flags, _, _ in imap.list_folders() for flag in flags}
    assert {b"\\Sent", b"\\Drafts", b"\\Trash", b"\\Junk"} <= roles
    imap.create_folder("Läden/Köln")
    assert "Läden/Köln" in [name for _, _, name in imap.list_folders()]
    for number in range(3):
        imap.append("INBOX", simple(f"m{number}"), flags=[b"\\Seen"] if number else [])
    imap.select_folder("INBOX")
    uids = imap.search()
    assert imap.search("UNSEEN") == uids[:1]
    imap.add_flags(uids[1], [b"\\Flagged", b"Work"])
    assert set(imap.get_flags(uids[1])[uids[1]]) >= {b"\\Seen", b"\\Flagged", b"Work"}
    imap.move(uids[:1], "Läden/Köln")
    imap.copy(uids[1:2], "Läden/Köln")
    imap.delete_messages(uids[2:])
    imap.expunge()
    assert imap.search() == uids[1:2]
    status = imap.folder_status("Läden/Köln", ["MESSAGES", "UNSEEN", "UIDNEXT", "HIGHESTMODSEQ"])
    assert status[b"MESSAGES"] == 2 and status[b"UNSEEN"] == 1
    imap.rename_folder("Läden", "Shops")
    assert "Shops/Köln" in [name for _, _, name in imap.list_folders()]
    imap.delete_folder("Shops/Köln")
    envelope = imap.fetch(uids[1:2], ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE", "MODSEQ"])[uids[1]]
    assert envelope[b"ENVELOPE"].subject == b"m1"
    imap.logout()


def test_idle_tells_of_new_mail(house, organization):
    _, ada = organization.user("ada")
    imap = house.imap(ada, PASSWORD)
    imap.select_folder("INBOX")
    imap.idle()

    def deliver():
        with house.smtp() as smtp:
            smtp.sendmail("out@elsewhere.example", [ada], simple("now"))

    sender = threading.Thread(target=deliver)
    sender.start()
    deadline, told = time.monotonic() + 10, []
    while time.monotonic() < deadline and (1, b"EXISTS") not in told:
        told += imap.idle_check(timeout=1)
    sender.join()
    imap.idle_done()
    assert (1, b"EXISTS") in told
    imap.logout()


def test_imaplib(house, organization):
    _, ada = organization.user("ada")
    host, port = house.address("imap")
    imap = imaplib.IMAP4_SSL(host, port, ssl_context=any_certificate(), timeout=30)
    imap.login(ada, PASSWORD)
    assert imap.append("INBOX", r"(\Seen)", imaplib.Time2Internaldate(time.time()), simple("appended"))[0] == "OK"
    assert imap.select("INBOX") == ("OK", [b"1"])
    assert imap.search(None, "SUBJECT", '"appended"') == ("OK", [b"1"])
    assert imap.store("1", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert imap.expunge() == ("OK", [b"1"])
    imap.logout()


def test_mbsync_both_ways(house, organization, tmp_path):
    if not shutil.which("mbsync"):
        pytest.skip("mbsync is not installed")
    _, ada = organization.user("ada")
    sent = messages()[:20]
    with house.smtp() as smtp:
        for message in sent:
            smtp.sendmail("out@elsewhere.example", [ada], message)
    host, port = house.address("imap")
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(ssl.get_server_certificate((host, port)))
    config = tmp_path / "mbsyncrc"
    config.write_text(
        f"IMAPAccount a\nHost {host}\nPort {port}\nUser {ada}\nPass {PASSWORD}\nSSLType IMAPS\n"
        f"SystemCertificates no\nCertificateFile {certificate}\n\n"
        "IMAPStore far\nAccount a\n\n"
        f"MaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
        f"Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState {tmp_path}/state-\n"
    )
    (tmp_path / "mail").mkdir()

    def sync():
        done = subprocess.run(["mbsync", "-c", str(config), "c"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    sync()
    inbox = tmp_path / "mail/INBOX"
    near = [path for part in ("new", "cur") for path in (inbox / part).iterdir()]
    assert len(near) == len(sent)
    (inbox / "cur" / f"local-{uuid.uuid4().hex}:2,S").write_bytes(simple("from the Maildir").replace(b"\r\n", b"\n"))
    near[0].unlink()
    sync()
    imap = house.imap(ada, PASSWORD)
    subjects = [email.message_from_bytes(raw)["Subject"] for raw in fetch_all(imap)]
    assert len(subjects) == len(sent) and "from the Maildir" in subjects
    imap.logout()


def test_wrong_logins(house, organization):
    _, ada = organization.user("ada")
    for user, password in ((ada, "Wrong-1-password"), (f"nobody@{organization.domain}", PASSWORD), ("", "")):
        with pytest.raises(imapclient.exceptions.LoginError):
            house.imap(user or '""', password or "x")


def test_deregistered_users_have_no_way_in(house, organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    id, ada = organization.user("ada")
    with house.smtp() as smtp:
        smtp.sendmail("out@elsewhere.example", [ada], simple("kept"))
    workmail.deregister_from_work_mail(**org, EntityId=id)
    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(ada, PASSWORD)
    with house.smtp() as smtp:
        smtp.ehlo()
        smtp.mail("out@elsewhere.example")
        assert smtp.rcpt(ada)[0] == 550
    workmail.register_to_work_mail(**org, EntityId=id, Email=ada)
    imap = house.imap(ada, PASSWORD)
    assert len(fetch_all(imap)) == 1
    imap.logout()


def test_reset_password(house, organization):
    id, ada = organization.user("ada")
    house.imap(ada, PASSWORD).logout()
    organization.workmail.reset_password(OrganizationId=organization.id, UserId=id, Password="Another-Horse-8")
    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(ada, PASSWORD)
    house.imap(ada, "Another-Horse-8").logout()


def test_quota(house, organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    id, ada = organization.user("ada")
    workmail.update_mailbox_quota(**org, UserId=id, MailboxQuota=1)
    imap = house.imap(ada, PASSWORD)
    imap.append("INBOX", simple("fits", body="x" * 70 + "\r\n") * 1)
    with pytest.raises(imapclient.exceptions.IMAPClientError, match="OVERQUOTA"):
        imap.append("INBOX", simple("too much", body=("x" * 70 + "\r\n") * 16_000))
    assert workmail.get_mailbox_details(**org, UserId=id)["MailboxSize"] > 0
    imap.logout()


def test_large_messages_and_chunking(house, organization):
    _, ada = organization.user("ada")
    big = simple("big", body=("y" * 70 + "\r\n") * 200_000)
    host, port = house.address("smtp")
    with socket.create_connection((host, port), timeout=60) as peer:
        stream = peer.makefile("rwb")

        def answer():
            while True:
                line = stream.readline()
                if line[3:4] != b"-":
                    return line

        answer()
        for line in (b"EHLO x.example", b"MAIL FROM:<out@elsewhere.example> BODY=8BITMIME", f"RCPT TO:<{ada}>".encode()):
            stream.write(line + b"\r\n")
            stream.flush()
            assert answer().startswith(b"250")
        middle = len(big) // 2
        for chunk, last in ((big[:middle], b""), (big[middle:], b" LAST")):
            stream.write(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
            stream.flush()
            assert answer().startswith(b"250")
    imap = house.imap(ada, PASSWORD)
    assert below_trace(fetch_all(imap)[0]) == big
    imap.logout()
