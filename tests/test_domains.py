"""Domains as the DNS proves them, what is signed on its way out, and what is believed of what comes in. The names
are served by Knot DNS; what others sign, and what we have signed, is judged by dkimpy."""

import base64
import email
import socketserver
import threading
import time
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import name_server
from house import PASSWORD, House, Organization
from test_iam import refusal

dkim = pytest.importorskip("dkim", reason="dkimpy is not installed: see tests/tools")
pytestmark = pytest.mark.skipif(name_server.MISSING is not None, reason=str(name_server.MISSING))


class Outside(socketserver.ThreadingTCPServer):
    """A server that takes what is sent to it."""

    allow_reuse_address = True
    daemon_threads = True

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 outside.test\r\n")
            for line in self.rfile:
                if line == b"DATA\r\n":
                    self.wfile.write(b"354 go\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    self.server.message = b"".join(line.removeprefix(b".") for line in lines)
                    self.server.came.set()
                self.wfile.write(b"250 ok\r\n")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.came, self.message = threading.Event(), None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self):
        assert self.came.wait(20), "nothing was sent"
        self.came.clear()
        return self.message


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    server = name_server.NameServer(tmp_path_factory.mktemp("names") / "knot")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def outside():
    with Outside() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def house(tmp_path_factory, names, outside):
    options = [
        "--dns-server", names.address, "--domain-verification", "dns", "--mail-authentication", "always",
        "--smarthost", f"127.0.0.1:{outside.server_address[1]}", "--hostname", "mx.ours.test",
    ]  # fmt: skip
    house = House(tmp_path_factory.mktemp("house"), options).start()
    yield house
    house.remove()


@pytest.fixture
def domain():
    return f"d{uuid.uuid4().hex[:12]}.test"


def records(organization, domain):
    """What GetMailDomain says: the records by what their host begins with, and both states."""
    shown = organization.workmail.get_mail_domain(OrganizationId=organization.id, DomainName=domain)
    states = shown["OwnershipVerificationStatus"], shown["DkimVerificationStatus"]
    return shown["Records"], states


def record(shown, kind, host):
    return next(record for record in shown if record["Type"] == kind and host in record["Hostname"])


def publish(names, record):
    names.set(record["Hostname"], record["Type"], record["Value"])


def prove(names, organization, domain):
    organization.workmail.register_mail_domain(OrganizationId=organization.id, DomainName=domain)
    shown, _ = records(organization, domain)
    for host in ("_amazonses", "_domainkey"):
        publish(names, record(shown, "TXT", host))
    assert records(organization, domain)[1] == ("VERIFIED", "VERIFIED")
    return shown


def test_a_domain_is_proved_by_its_records(names, organization, domain):
    workmail, id = organization.workmail, organization.id
    workmail.register_mail_domain(OrganizationId=id, DomainName=domain)
    shown, states = records(organization, domain)
    assert states == ("PENDING", "PENDING")
    assert [record["Type"] for record in shown] == ["TXT", "MX", "CNAME", "TXT", "TXT", "TXT"]
    assert record(shown, "MX", domain)["Value"] == "10 mx.ours.test"
    token = record(shown, "TXT", f"_amazonses.{domain}")
    assert len(base64.b64decode(token["Value"])) == 32
    code, _ = refusal(workmail.update_default_mail_domain, OrganizationId=id, DomainName=domain)
    assert code == "MailDomainStateException"
    user = workmail.create_user(OrganizationId=id, Name="ada", DisplayName="Ada", Password=PASSWORD)["UserId"]
    given = {"OrganizationId": id, "EntityId": user, "Email": f"ada@{domain}"}
    assert refusal(workmail.register_to_work_mail, **given)[0] == "MailDomainStateException"

    names.set(token["Hostname"], "TXT", "somebody else's")
    assert records(organization, domain)[1] == ("PENDING", "PENDING")
    publish(names, token)
    assert records(organization, domain)[1] == ("VERIFIED", "PENDING")
    workmail.register_to_work_mail(**given)
    workmail.update_default_mail_domain(OrganizationId=id, DomainName=domain)
    publish(names, record(shown, "TXT", "_domainkey"))
    assert records(organization, domain) == (shown, ("VERIFIED", "VERIFIED"))


def test_the_worker_finds_the_records_by_itself(house, names, organization, domain):
    organization.workmail.register_mail_domain(OrganizationId=organization.id, DomainName=domain)
    shown, _ = records(organization, domain)
    names.set(domain, "TXT", record(shown, "TXT", "_amazonses")["Value"], "v=spf1 mx ~all")
    deadline = time.monotonic() + 30
    while house.rows(f"SELECT ownership FROM mail_domains WHERE name = '{domain}'") != [("VERIFIED",)]:
        assert time.monotonic() < deadline, "nobody looks"
        time.sleep(0.2)


def test_what_leaves_is_signed(house, names, outside, organization, domain):
    shown = prove(names, organization, domain)
    _, ada = organization.user("ada", f"ada@{domain}")
    text = "".join(
        f"{line}\r\n" for line in [f"From: Ada <{ada}>", "To: x@outside.test", "Subject:  two  words", "", "One  line.", ""]
    )
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, ["x@outside.test"], text.encode())
    sent = outside.next()
    assert email.message_from_bytes(sent)["DKIM-Signature"]

    def ask(name, timeout=5):
        key = record(shown, "TXT", "_domainkey")
        assert name.decode().rstrip(".") == key["Hostname"]
        return key["Value"].encode()

    assert dkim.verify(sent, dnsfunc=ask)
    assert not dkim.verify(sent.replace(b"One", b"Two"), dnsfunc=ask)
    assert not dkim.verify(b"Subject: another\r\n" + sent, dnsfunc=ask)


def test_mail_of_a_domain_without_a_key_leaves_unsigned(house, outside, organization):
    _, ada = organization.user("ada")
    with house.submission(ada, PASSWORD) as smtp:
        smtp.sendmail(ada, ["x@outside.test"], f"From: {ada}\r\n\r\nhello\r\n".encode())
    assert b"DKIM-Signature" not in outside.next()


class Sender:
    """A domain of somebody else, with a key."""

    def __init__(self, names, spf, policy):
        self.domain = f"s{uuid.uuid4().hex[:12]}.test"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        names.set(f"k._domainkey.{self.domain}", "TXT", "v=DKIM1; p=" + base64.b64encode(public).decode())
        names.set(self.domain, "TXT", spf)
        names.set(f"_dmarc.{self.domain}", "TXT", f"v=DMARC1; p={policy}")

    def letter(self, subject):
        return f"From: Ann <ann@{self.domain}>\r\nTo: you\r\nSubject: {subject}\r\n\r\nHello.\r\n".encode()

    def signed(self, letter):
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return dkim.sign(letter, b"k", self.domain.encode(), pem, canonicalize=(b"relaxed", b"simple")) + letter

    def send(self, house, to, letter):
        with house.smtp() as smtp:
            smtp.sendmail(f"ann@{self.domain}", [to], letter)


def found(house, user, subject):
    """The folders that hold a message of that subject, and the message."""
    places, message = [], None
    with house.imap(user, PASSWORD) as imap:
        for _, _, folder in imap.list_folders():
            imap.select_folder(folder, readonly=True)
            for uid in imap.search(["SUBJECT", subject]):
                places.append(folder)
                message = imap.fetch([uid], ["BODY[]"])[uid][b"BODY[]"]
    return places, message


def junk(house, user):
    with house.imap(user, PASSWORD) as imap:
        return next(folder for flags, _, folder in imap.list_folders() if b"\\Junk" in flags)


def results(message):
    fields = email.message_from_bytes(message).get_all("Authentication-Results")
    assert len(fields) == 1, fields
    return " ".join(fields[0].split())


def test_mail_that_is_from_whom_it_says(house, names, organization):
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 ip4:127.0.0.1 -all", "reject")
    sender.send(house, ada, sender.signed(sender.letter("true")))
    places, message = found(house, ada, "true")
    assert places == ["INBOX"]
    said = results(message)
    assert said.startswith("mx.ours.test; spf=pass smtp.mailfrom=" + sender.domain)
    assert f"dkim=pass header.d={sender.domain} header.s=k" in said
    assert f"dmarc=pass (p=reject) header.from={sender.domain}" in said
    # the field stands with our own trace, above what the sender wrote
    assert [line.split(b":")[0] for line in message.split(b"\r\n") if line[:1].isalpha()][:3] == [
        b"Return-Path", b"Authentication-Results", b"Received",
    ]  # fmt: skip


def test_a_signature_stands_in_for_a_server(house, names, organization):
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 -all", "reject")
    sender.send(house, ada, sender.signed(sender.letter("forwarded")))
    places, message = found(house, ada, "forwarded")
    assert places == ["INBOX"] and "spf=fail" in results(message) and "dkim=pass" in results(message)


def test_policies_are_obeyed_where_the_organization_wants_it(house, root, names, organization):
    _, ada = organization.user("ada")
    workmail, id = organization.workmail, organization.id
    assert workmail.describe_inbound_dmarc_settings(OrganizationId=id)["Enforced"] is True
    senders = {policy: Sender(names, "v=spf1 -all", policy) for policy in ("none", "quarantine", "reject")}
    for policy, sender in senders.items():
        forged = sender.signed(sender.letter(f"by {policy}")).replace(b"Hello", b"Pay me")
        sender.send(house, ada, forged)
    places, message = found(house, ada, "by none")
    assert places == ["INBOX"] and "dmarc=fail (p=none)" in results(message)
    assert found(house, ada, "by quarantine")[0] == [junk(house, ada)]
    assert found(house, ada, "by reject")[0] == []

    workmail.put_inbound_dmarc_settings(OrganizationId=id, Enforced=False)
    assert workmail.describe_inbound_dmarc_settings(OrganizationId=id)["Enforced"] is False
    senders["reject"].send(house, ada, senders["reject"].letter("let in"))
    places, message = found(house, ada, "let in")
    assert places == ["INBOX"] and "dmarc=fail (p=reject)" in results(message)


def test_no_author_is_hidden(house, names, organization):
    _, ada = organization.user("ada")
    thief = Sender(names, "v=spf1 ip4:127.0.0.1 -all", "none")
    victim, own = Sender(names, "v=spf1 -all", "reject").domain, f"x@{thief.domain}"
    crowd = ", ".join(f"x@e{n}.{thief.domain}" for n in range(5))
    for number, (author, places) in enumerate({
        f"ceo@(x){victim}": [], f"ceo@\r\n {victim}": [], f"{own}, ceo @ {victim}": [],
        f"{own}\r\nFrom : team: ceo@{victim.upper()};": [], f"ceo@{victim}\x01": [],
        f"{crowd}, ceo@{victim}": [junk(house, ada)], own: ["INBOX"],
    }.items()):  # fmt: skip
        thief.send(house, ada, f"From: {author}\r\nSubject: hidden {number}\r\n\r\nhello\r\n".encode())
        assert found(house, ada, f"hidden {number}")[0] == places, author


def test_nobody_writes_in_our_name(house, names, organization):
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 ip4:127.0.0.1 -all", "none")
    lies = b"Authentication-Results: MX.ours.test; dmarc=pass\r\nauthentication-results: other.test; spf=pass\r\n"
    lies = b"Authentication-Results: (\\() mx.ours.test; dmarc=pass\r\n" + lies
    sender.send(house, ada, lies + sender.letter("lies"))
    _, message = found(house, ada, "lies")
    fields = email.message_from_bytes(message).get_all("Authentication-Results")
    assert [field.split(";")[0] for field in fields] == ["mx.ours.test", "other.test"]
    # nor do our own users
    _, bob = organization.user("bob")
    with house.submission(bob, PASSWORD) as smtp:
        smtp.sendmail(bob, [ada], lies + f"From: {bob}\r\nSubject: own lies\r\n\r\n".encode())
    _, message = found(house, ada, "own lies")
    assert email.message_from_bytes(message).get_all("Authentication-Results") == ["other.test; spf=pass"]


def test_a_chain_of_records_has_an_end(house, names, organization):
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 -all", "none")
    names.set(sender.domain, "TXT", f"v=spf1 include:{sender.domain} -all")
    sender.send(house, ada, sender.letter("circle"))
    assert "spf=permerror" in results(found(house, ada, "circle")[1])


def test_where_names_are_not_answered_mail_is_taken(house, names, organization):
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 -all", "reject")
    sender.domain = "dark.example"  # the name server refuses to speak of what is not below its origin
    sender.send(house, ada, sender.signed(sender.letter("dark")))
    places, message = found(house, ada, "dark")
    said = results(message)
    assert places == ["INBOX"]
    assert "spf=temperror" in said and "dkim=temperror" in said and "dmarc=temperror" in said


def test_without_asking_nothing_is_written(own_house, names):
    own_house.options = ["--dns-server", names.address]
    own_house.start()
    organization = Organization(own_house, own_house.create_account())
    _, ada = organization.user("ada")
    sender = Sender(names, "v=spf1 -all", "reject")
    sender.send(own_house, ada, b"Authentication-Results: localhost; spf=pass\r\n" + sender.letter("near"))
    places, message = found(own_house, ada, "near")
    assert places == ["INBOX"] and b"Authentication-Results" not in message
