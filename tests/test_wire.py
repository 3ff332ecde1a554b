"""What goes over the wire when a client is wrong: AWS's envelopes, never a 500, never a dropped connection."""

import datetime
import http.client
import json
import re
import socket

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from test_iam import document, user_key

FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.1"


def send(house, method="POST", path="/", body=b"", headers=None):
    host, port = house.address("api")
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read().decode()


def signed(house, key, service, body, headers=None, method="POST", path="/", region="us-east-1"):
    """A request signed by botocore, sent as it is."""
    request = botocore.awsrequest.AWSRequest(
        method=method, url=house.endpoint + path, data=body, headers=headers or {"Content-Type": FORM}
    )
    credentials = botocore.credentials.Credentials(key.id, key.secret, key.token)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    prepared = request.prepare()
    return send(house, method, path, body, dict(prepared.headers))


def code(text):
    found = re.search(r"<Code>(.*?)</Code>", text)
    return found and found.group(1)


def test_get_user_as_xml(house, root):
    status, headers, text = signed(house, root, "iam", b"Action=GetUser&Version=2010-05-08")
    assert status == 200, text
    assert headers["content-type"].startswith("text/xml")
    assert text.startswith('<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">')
    assert headers["x-amzn-requestid"] in text


def test_unsigned(house):
    status, _, text = send(house, body=b"Action=ListUsers&Version=2010-05-08", headers={"Content-Type": FORM})
    assert (status, code(text)) == (403, "MissingAuthenticationToken")
    assert "<Type>Sender</Type>" in text
    headers = {"Content-Type": JSON, "X-Amz-Target": "WorkMailService.ListOrganizations"}
    status, _, text = send(house, body=b"{}", headers=headers)
    assert status == 400
    assert json.loads(text)["__type"] == "MissingAuthenticationTokenException"
    assert 'chancery_api_refused_total{service="iam",code="MissingAuthenticationToken"}' in house.metrics()


@pytest.mark.parametrize(
    "body, expected",
    [
        (b"Action=ListFish&Version=2010-05-08", "InvalidAction"),
        (b"Action=ListUsers&Version=1999-01-01", "InvalidAction"),
        (b"Version=2010-05-08", "MissingAction"),
        (b"Action=CreateUser&Version=2010-05-08", "ValidationError"),
        (b"Action=CreateUser&Version=2010-05-08&UserName=" + b"x" * 65, "ValidationError"),
        (b"Action=CreateUser&Version=2010-05-08&UserName=a%00b", "ValidationError"),
        (b"Action=ListUsers&Version=2010-05-08&MaxItems=many", None),
        (b"Action=ListUsers&Version=2010-05-08&MaxItems=99999999999999999999", None),
        (b"Action=ListUsers&Version=2010-05-08&MaxItems=0", "ValidationError"),
        (b"Action=CreateUser&Version=2010-05-08&UserName=%ff%fe", None),
        (b"Action=CreateUser&Version=2010-05-08&UserName=%zz", None),
    ],
)
def test_wrong_queries(house, root, body, expected):
    status, _, text = signed(house, root, "iam", body)
    assert 400 <= status < 500, text
    assert code(text) and (expected is None or code(text) == expected), text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b'{"Alias":7}', b'{"Alias":["x"]}', b'{"Alias":{}}',
        b'{"Alias":"a","Alias":"b"}', b'{"Domains":"x","Alias":"a"}', b"{}", b'{"Alias":null}',
        b"[" * 100_000, b'{"a":' * 50_000, b'{"Alias":"' + b"x" * 70 + b'"}', b'{"EnableInteroperability":1,"Alias":"a"}',
        b'{"Alias":"\\ud800"}', b'{"Alias":"a","ClientToken":"\\u0000"}',
    ],
)
def test_wrong_json(house, root, body):
    headers = {"Content-Type": JSON, "X-Amz-Target": "WorkMailService.CreateOrganization"}
    status, _, text = signed(house, root, "workmail", body, headers)
    assert status == 400, text
    answer = json.loads(text)
    assert answer["__type"] in ("SerializationException", "ValidationException", "InvalidParameterException"), answer
    assert answer["Message"]


def test_unknown_members_are_passed_over(house, root):
    headers = {"Content-Type": JSON, "X-Amz-Target": "WorkMailService.ListOrganizations"}
    status, _, text = signed(house, root, "workmail", b'{"Fish":{"deep":[1,2.5e300,null]}}', headers)
    assert status == 200, text


def test_unknown_operation_in_json(house, root):
    headers = {"Content-Type": JSON, "X-Amz-Target": "WorkMailService.CatchFish"}
    status, _, text = signed(house, root, "workmail", b"{}", headers)
    assert status == 400 and json.loads(text)["__type"] == "UnknownOperationException"


def test_unknown_service(house, root):
    status, _, text = signed(house, root, "sqs", b"Action=ListQueues&Version=2012-11-05")
    assert status == 403 and code(text) == "SignatureDoesNotMatch"
    headers = {"Content-Type": JSON, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    status, _, text = signed(house, root, "dynamodb", b"{}", headers)
    assert status == 400 and json.loads(text)["__type"] == "UnknownOperationException"


def test_wrong_method(house, root):
    status, headers, _ = signed(house, root, "iam", b"Action=ListUsers&Version=2010-05-08", method="PUT")
    assert status == 302 and headers["location"].startswith("https://")


def test_oversized_body(house, root):
    status, _, text = signed(house, root, "iam", b"Action=GetUser&Version=2010-05-08&X=" + b"x" * 1_048_576)
    assert status == 413 and code(text) == "RequestEntityTooLarge"


def test_get_with_a_query_string(house, root):
    status, _, text = signed(
        house, root, "iam", b"", headers={}, method="GET", path="/?Action=GetUser&Version=2010-05-08"
    )
    assert status == 200, text


def test_presigned(house, root):
    request = botocore.awsrequest.AWSRequest(
        method="GET", url=house.endpoint + "/?Action=GetCallerIdentity&Version=2011-06-15"
    )
    credentials = botocore.credentials.Credentials(root.id, root.secret)
    botocore.auth.SigV4QueryAuth(credentials, "sts", "us-east-1", expires=60).add_auth(request)
    path = request.prepare().url.removeprefix(house.endpoint)
    status, _, text = send(house, "GET", path)
    assert status == 200 and root.account_id in text, text
    status, _, text = send(house, "GET", path.replace("GetCallerIdentity", "GetSessionToken"))
    assert (status, code(text)) == (403, "SignatureDoesNotMatch")


def test_the_target_must_be_signed(house, root, monkeypatch):
    """Unsigned, the header that names the operation could be anybody's."""
    headers_to_sign = botocore.auth.SigV4Auth.headers_to_sign

    def without_target(self, request):
        headers = headers_to_sign(self, request)
        del headers["X-Amz-Target"]
        return headers

    monkeypatch.setattr(botocore.auth.SigV4Auth, "headers_to_sign", without_target)
    headers = {"Content-Type": JSON, "X-Amz-Target": "WorkMailService.ListOrganizations"}
    status, _, text = signed(house, root, "workmail", b"{}", headers)
    assert (status, json.loads(text)["__type"]) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    "service, minutes, ok",
    [("iam", -14, True), ("iam", -16, False), ("iam", 16, False), ("workmail", -4, True), ("workmail", -6, False)],
)
def test_clock_skew(house, root, monkeypatch, service, minutes, ok):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: now.replace(tzinfo=None))
    client = house.client(service, root)
    call = client.get_user if service == "iam" else client.list_organizations
    if ok:
        call()
        return
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call()
    expected = "SignatureDoesNotMatch" if service == "iam" else "InvalidSignatureException"
    assert refused.value.response["Error"]["Code"] == expected


@pytest.mark.parametrize(
    "service, unknown, mismatch",
    [
        ("iam", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("workmail", "UnrecognizedClientException", "InvalidSignatureException"),
    ],
)
def test_wrong_credentials(house, root, service, unknown, mismatch):
    from house import Key

    def refusal(key):
        client = house.client(service, key)
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            (client.get_user if service == "iam" else client.list_organizations)()
        return refused.value.response["Error"]["Code"]

    assert refusal(Key(root.account_id, "AKIAAAAAAAAAAAAAAAAA", root.secret)) == unknown
    assert refusal(Key(root.account_id, root.id, root.secret[:-1] + "!")) == mismatch
    assert refusal(Key(root.account_id, root.id, root.secret, "no token of ours")) == unknown


def test_no_key_has_such_an_id(house):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    for key in ("%00", "AKIA%00AAAAAAAAAAAAAAA", "%C3%A4", "AKIA%27--"):
        query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key}%2F{now[:8]}%2Fus-east-1%2Fiam%2Faws4_request"
        query += f"&X-Amz-Date={now}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
        status, _, text = send(house, "GET", f"/?Action=ListUsers&Version=2010-05-08&{query}")
        assert (status, code(text)) == (403, "InvalidClientTokenId"), key


def test_altered_body(house, root):
    body = b"Action=ListUsers&Version=2010-05-08"
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=house.endpoint + "/", data=body, headers={"Content-Type": FORM}
    )
    credentials = botocore.credentials.Credentials(root.id, root.secret)
    botocore.auth.SigV4Auth(credentials, "iam", "us-east-1").add_auth(request)
    headers = dict(request.prepare().headers)
    status, _, text = send(house, body=body.replace(b"ListUsers", b"ListRoles"), headers=headers)
    assert (status, code(text)) == (403, "SignatureDoesNotMatch")


def test_bytes_that_are_no_http(house):
    import socket

    host, port = house.address("api")
    for garbage in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection((host, port), timeout=10) as peer:
            peer.sendall(garbage)
            answer = peer.recv(4096)
            assert answer.startswith(b"HTTP/1.1 4"), answer


WEB_IDENTITY = (
    b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr"
    b"&RoleSessionName=session&WebIdentityToken=not.a.token"
)


def test_only_what_needs_no_signature_goes_without(house, root):
    """A token stands for the signature of two operations of STS; the refusals are then those of the token."""
    form = {"Content-Type": FORM}
    for body in (WEB_IDENTITY, WEB_IDENTITY.replace(b"WebIdentity&", b"WebIdentity&x=&")):
        assert code(send(house, body=body, headers=form)[2]) == "InvalidIdentityToken"
        assert code(send(house, "GET", "/?" + body.decode())[2]) == "InvalidIdentityToken"
        assert code(signed(house, root, "sts", body)[2]) == "InvalidIdentityToken"
    forged = type(root)(None, root.id, "x" * 40)
    assert code(signed(house, forged, "sts", WEB_IDENTITY)[2]) == "SignatureDoesNotMatch"
    for body in (
        b"Action=AssumeRole&Version=2011-06-15",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        WEB_IDENTITY.replace(b"2011-06-15", b"2010-05-08"),
        WEB_IDENTITY + b"&Action=AssumeRoleWithWebIdentity",
        b"%zz",
    ):
        assert code(send(house, body=body, headers=form)[2]) == "MissingAuthenticationToken"
    # in no account's trail, for nobody is known to have called
    assert house.rows("SELECT count(*) FROM events WHERE account_id = ''") in ([(0,)], [("0",)])


def test_rest_services(house, root):
    """Method and path name the operation; errors have their code in a header."""
    body, path = b'{"policyDocument": "{}", "policyType": "IDENTITY_POLICY"}', "/policy/validation"
    json_type = {"Content-Type": "application/json"}

    def rest(method="POST", path=path, body=body, service="access-analyzer", key=root):
        status, headers, text = signed(house, key, service, body, json_type, method, path)
        return status, headers.get("x-amzn-errortype"), text

    status, _, text = rest()
    assert status == 200 and "findings" in json.loads(text)
    status, _, text = rest(path=path + "?maxResults=1")
    assert status == 200 and len(json.loads(text)["findings"]) <= 1
    for answer, expected in [
        (rest(path="/policy/nothing"), (404, "UnknownOperationException")),
        (rest(path="/policy/../policy/validation"), (404, "UnknownOperationException")),
        (rest(method="PUT"), (404, "UnknownOperationException")),
        (rest(body=b"{"), (400, "SerializationException")),
        (rest(path=path + "?maxResults=many"), (400, "SerializationException")),
        (rest(path=path + "?maxResults=1&maxResults=2"), (400, "SerializationException")),
        (rest(body=b"{}"), (400, "ValidationException")),
        (rest(key=type(root)(None, root.id, "x" * 40)), (403, "InvalidSignatureException")),
        (rest(key=type(root)(None, "AKIAIOSFODNN7EXAMPLE", "x")), (403, "UnrecognizedClientException")),
    ]:
        assert answer[:2] == expected, answer
        assert list(json.loads(answer[2])) == ["message"]
    status, headers, text = send(house, "POST", path, body, json_type)
    assert (status, headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    # signed for another service, the path is none
    assert rest(service="iam")[0] == 302


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_https(own_house):
    """The same endpoint by TLS, and what policies know of it."""
    own_house.listens["api-tls"] = "127.0.0.1:0"
    own_house.start()
    root = own_house.create_account()
    by_tls = {"Bool": {"aws:SecureTransport": "true"}}
    key = user_key(own_house, own_house.client("iam", root), "ada", inline=document(Condition=by_tls))
    plain = own_house.client("iam", key)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        plain.get_user()
    secure = boto3.client(
        "iam",
        region_name="us-east-1",
        endpoint_url="https://" + own_house.addresses["api_tls"],
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        verify=False,
    )
    assert secure.get_user()["User"]["UserName"] == "ada"
    # a client that never shakes hands holds up nobody, and plain text by TLS is no request
    host, port = own_house.addresses["api_tls"].rsplit(":", 1)
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        rude.settimeout(10)
        assert not rude.recv(100).startswith(b"HTTP/")
        assert secure.get_user()["User"]["UserName"] == "ada"
    assert own_house.stop() == 0
