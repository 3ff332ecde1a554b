"""Availability configurations, tested against an EWS server that wants its password."""

import base64
import http.server
import ssl
import threading
import xml.etree.ElementTree

import pytest
from cryptography.hazmat.primitives import serialization

from house import Organization
from idp import PEM, self_signed
from test_iam import refusal

HOST = "ews.test"
USER, SECRET = "calendar@partner.example", "Zwölf & <dreizehn>"
TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
ANSWER = f"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<GetUserAvailabilityResponse xmlns="{MESSAGES}"/></s:Body></s:Envelope>"""


class Exchange(http.server.BaseHTTPRequestHandler):
    """Answers at /EWS, only to those who log in; elsewhere there is a page for people, and at /moved a redirect."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        if given != f"{USER}:{SECRET}":
            return self.answer(401, "")
        if self.path == "/moved":
            return self.answer(302, "")
        if self.path != "/EWS/Exchange.asmx":
            return self.answer(200, "<html/>")
        asked = xml.etree.ElementTree.fromstring(body).find(f".//{TYPES}Address")
        self.answer(200 if asked.text == USER else 500, ANSWER)

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def exchange(tmp_path):
    """A running server: the address that it listens on, and the file with its certificate."""
    certificate, key = self_signed(HOST)
    public = certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "ews.pem").write_bytes(public)
    (tmp_path / "ews.key").write_bytes(key.private_bytes(*PEM, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ews.pem", tmp_path / "ews.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{HOST}:443=127.0.0.1:{server.server_port}", tmp_path / "ews.pem"
    server.shutdown()
    server.server_close()


def ews(path="/EWS/Exchange.asmx", host=HOST, password=SECRET):
    return {"EwsEndpoint": f"https://{host}{path}", "EwsUsername": USER, "EwsPassword": password}


def test_a_test_logs_in(exchange, own_house, monkeypatch):
    where, certificate = exchange
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own_house.options.append(f"--outbound-host={where}")
    own_house.start()
    organization = Organization(own_house, own_house.create_account())
    workmail, org = organization.workmail, {"OrganizationId": organization.id}

    def outcome(**asked):
        answer = workmail.test_availability_configuration(**org, **asked)
        return answer["TestPassed"], answer.get("FailureReason", "")

    assert outcome(EwsProvider=ews()) == (True, "")
    workmail.create_availability_configuration(**org, DomainName="partner.example", EwsProvider=ews())
    assert outcome(DomainName="Partner.Example") == (True, "")
    wrong = ews(password="wrong")
    workmail.update_availability_configuration(**org, DomainName="partner.example", EwsProvider=wrong)
    for asked, reason in (
        ({"DomainName": "partner.example"}, "refused the user name and password"),
        ({"EwsProvider": ews("/owa/")}, "not as Exchange Web Services"),
        ({"EwsProvider": ews("/moved")}, "answered with a failure"),
        ({"EwsProvider": ews(host="127.0.0.1:9")}, "not at a public address"),
        ({"LambdaProvider": {"LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:free"}}, "where the function runs"),
    ):
        passed, told = outcome(**asked)
        assert not passed and reason in told, (asked, told)
    stored = own_house.rows("SELECT password FROM availability_configurations")
    assert len(stored) == 1 and b"wrong" not in bytes(str(stored[0][0]), "utf-8")


def test_life_of_a_configuration(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:free:1"
    create = workmail.create_availability_configuration
    create(**org, DomainName="b.example", EwsProvider=ews(), ClientToken="once")
    create(**org, DomainName="b.example", EwsProvider=ews(), ClientToken="once")
    create(**org, DomainName="A.example", LambdaProvider={"LambdaArn": arn})
    assert refusal(create, **org, DomainName="a.example", EwsProvider=ews())[0] == "NameAvailabilityException"
    for wrong in ({}, {"EwsProvider": ews(), "LambdaProvider": {"LambdaArn": arn}}):
        assert refusal(create, **org, DomainName="c.example", **wrong)[0] == "InvalidParameterException"
    plain = {**ews(), "EwsEndpoint": "http://ews.test/"}
    assert refusal(create, **org, DomainName="c.example", EwsProvider=plain)[0] == "InvalidParameterException"

    pages = workmail.get_paginator("list_availability_configurations").paginate(**org, MaxResults=1)
    listed = [row for page in pages for row in page["AvailabilityConfigurations"]]
    assert [(row["DomainName"], row["ProviderType"]) for row in listed] == [("a.example", "LAMBDA"), ("b.example", "EWS")]
    assert listed[0]["LambdaProvider"] == {"LambdaArn": arn}
    assert listed[1]["EwsProvider"] == {"EwsEndpoint": ews()["EwsEndpoint"], "EwsUsername": USER}

    unknown = {**org, "DomainName": "c.example"}
    update = workmail.update_availability_configuration
    assert refusal(update, **unknown, EwsProvider=ews())[0] == "ResourceNotFoundException"
    assert refusal(workmail.test_availability_configuration, **unknown)[0] == "ResourceNotFoundException"
    assert refusal(workmail.test_availability_configuration, **org)[0] == "InvalidParameterException"
    update(**org, DomainName="b.example", LambdaProvider={"LambdaArn": arn})
    workmail.delete_availability_configuration(**org, DomainName="A.Example")
    workmail.delete_availability_configuration(**unknown)
    listed = workmail.list_availability_configurations(**org)["AvailabilityConfigurations"]
    assert [row["DomainName"] for row in listed] == ["b.example"]
    assert "EwsProvider" not in listed[0] and listed[0]["DateModified"] >= listed[0]["DateCreated"]
