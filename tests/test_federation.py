"""Roles for those whom identity providers vouch for, as boto3 assumes them: an OpenID Connect provider and a
SAML provider of the tests' own, whose tokens independent libraries sign."""

import datetime
import json
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

import idp
import saml
from house import House, Key

NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)


@pytest.fixture(scope="module")
def provider():
    provider = idp.OpenIdProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory, provider):
    house = House(tmp_path_factory.mktemp("house"), [provider.option, "--public-url=https://aws.example.com"]).start()
    yield house
    house.remove()


@pytest.fixture
def root(house):
    return house.create_account()


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


@pytest.fixture
def sts(house):
    """A client without credentials."""
    config = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0})
    return boto3.client("sts", region_name="us-east-1", endpoint_url=house.endpoint, config=config)


def refusal(call, *arguments, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def as_role(house, credentials):
    key = Key(None, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    return lambda service: house.client(service, key)


def trust(provider, *actions, **condition):
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": list(actions)}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


WEB = "sts:AssumeRoleWithWebIdentity"
ALLOW_IAM = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]})


class Web:
    """A role that trusts the OpenID Connect provider, and calls that assume it."""

    def __init__(self, iam, sts, provider, *actions, path="", **condition):
        self.sts, self.provider, self.path = sts, provider, path
        self.provider_arn = iam.create_open_id_connect_provider(
            Url=idp.ISSUER + path, ClientIDList=["app", "other-app"], ThumbprintList=[provider.thumbprint]
        )["OpenIDConnectProviderArn"]
        document = trust(self.provider_arn, *(actions or [WEB]), **condition)
        self.arn = iam.create_role(RoleName="web", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=ALLOW_IAM)

    def token(self, **claims):
        return self.provider.token(issuer=idp.ISSUER + self.path, **claims)

    def assume(self, token=None, **parameters):
        parameters = {"RoleArn": self.arn, "RoleSessionName": "session"} | parameters
        return self.sts.assume_role_with_web_identity(WebIdentityToken=token or self.token(), **parameters)

    def refused(self, token=None, **parameters):
        return refusal(self.assume, token, **parameters)


@pytest.fixture
def web(iam, sts, provider):
    return Web(iam, sts, provider)


def test_life_of_an_open_id_connect_provider(iam, root):
    """As Terraform's aws_iam_openid_connect_provider works it: create, read, update in place, import, delete."""
    made = iam.create_open_id_connect_provider(
        Url="https://accounts.example.com/Path", ClientIDList=["b", "a"], ThumbprintList=["A" * 40], Tags=[{"Key": "k", "Value": "v"}]
    )
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{root.account_id}:oidc-provider/accounts.example.com/Path"
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["Url"], read["ClientIDList"], read["ThumbprintList"]) == (
        "accounts.example.com/Path",
        ["b", "a"],
        ["a" * 40],
    )
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40, "c" * 40])
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k"])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    imported = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert imported == [{"Arn": arn}]
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["ClientIDList"], read["ThumbprintList"]) == (["a", "c"], ["b" * 40, "c" * 40])
    assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"] == read["Tags"] == [
        {"Key": "l", "Value": "w"}
    ]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    gone = refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    assert gone == ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


def test_a_thumbprint_is_fetched_where_none_is_given(iam, provider):
    for url, thumbprints in ((idp.ISSUER, [provider.thumbprint]), ("https://nowhere.test", [])):
        arn = iam.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
        assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ThumbprintList"] == thumbprints


def test_a_web_identity_assumes_a_role(house, root, web):
    answer = web.assume(DurationSeconds=900)
    assert answer["SubjectFromWebIdentityToken"] == "ada"
    assert (answer["Audience"], answer["Provider"]) == ("app", web.provider_arn)
    user = answer["AssumedRoleUser"]
    assert user["Arn"] == f"arn:aws:sts::{root.account_id}:assumed-role/web/session"
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 800 < left.total_seconds() <= 900
    client = as_role(house, answer["Credentials"])
    assert client("sts").get_caller_identity()["Arn"] == user["Arn"]
    assert client("iam").list_users()["Users"] == []
    assert refusal(client("workmail").list_organizations)[0] == "AccessDeniedException"


def test_every_algorithm(iam, sts, provider):
    algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
    for algorithm in algorithms:
        provider.new_key(f"key-{algorithm}", algorithm)
    web = Web(iam, sts, provider, path="/algorithms")
    for algorithm in algorithms:
        web.assume(web.token(kid=f"key-{algorithm}"))


def record(house, account_id, name):
    """The newest event record of that name, once it is written."""
    query = f"SELECT record FROM events WHERE account_id = '{account_id}' AND event_name = '{name}' ORDER BY event_time DESC"
    deadline = time.monotonic() + 5
    while not (rows := house.rows(query)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return rows[0][0]


def test_records_name_who_came_and_hold_no_token(house, root, web, iam, sts):
    token = web.token()
    web.assume(token)
    text = record(house, root.account_id, "AssumeRoleWithWebIdentity")
    identity = json.loads(text)["userIdentity"]
    assert identity["type"] == "WebIdentityUser" and identity["userName"] == "ada"
    assert identity["identityProvider"] == web.provider_arn
    assert token not in text and token.split(".")[2] not in text
    federated = Saml(iam, sts)
    response = saml.base64_of(federated.response())
    federated.assume(response)
    text = record(house, root.account_id, "AssumeRoleWithSAML")
    assert json.loads(text)["userIdentity"]["type"] == "SAMLUser" and response not in text


def test_tokens_that_are_refused(web, provider):
    now = int(time.time())
    invalid = lambda token: refusal(web.assume, token)
    assert invalid("not.a.token")[0] == "InvalidIdentityToken"
    assert web.refused(web.token(aud="stranger")) == ("InvalidIdentityToken", "Incorrect token audience")
    assert web.refused(web.token(azp="stranger")) == ("InvalidIdentityToken", "Incorrect token audience")
    assert web.refused(web.token(aud=["stranger", "nobody"]))[1] == "Incorrect token audience"
    code, message = web.refused(web.token(exp=now - 120))
    assert code == "ExpiredTokenException" and f"must be before the expiration date/time {now - 120}" in message
    assert web.refused(web.token(nbf=now + 300))[0] == "InvalidIdentityToken"
    for claim in ("sub", "aud", "exp", "iat"):
        assert web.refused(web.token(**{claim: None})) == ("InvalidIdentityToken", f"Missing a required claim: {claim}")
    other = provider.token(issuer="https://other.test")
    message = "No OpenIDConnect provider found in your account for https://other.test"
    assert web.refused(other) == ("InvalidIdentityToken", message)
    for issuer in (idp.ISSUER + "/", "https://IDP.test", "http://idp.test", idp.ISSUER + ":443", idp.ISSUER + "\0"):
        assert web.refused(provider.token(issuer=issuer))[0] == "InvalidIdentityToken", issuer
    stranger = rsa.generate_private_key(65537, 2048)
    assert web.refused(web.token(key=stranger))[0] == "InvalidIdentityToken"
    good = web.token()
    head, payload, signature = good.split(".")
    altered = payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB")
    for token in (f"{head}.{altered}.{signature}", f"{head}.{payload}.", f"{head}.{payload}", "x" * 20_000):
        assert invalid(token)[0] == "InvalidIdentityToken"
    assert invalid("x" * 20_001)[0] == "ValidationError"


def test_algorithms_that_confuse(web, provider):
    """No signature, and the public key taken for a shared secret."""
    payload = web.token().split(".")[1]
    for algorithm in ("none", "None", "NONE"):
        header = jwt.utils.base64url_encode(json.dumps({"alg": algorithm, "kid": "k1"}).encode()).decode()
        assert web.refused(f"{header}.{payload}.")[0] == "InvalidIdentityToken"
    pem = provider.keys["k1"][1].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    now = int(time.time())
    claims = {"iss": idp.ISSUER, "sub": "ada", "aud": "app", "iat": now, "exp": now + 300}
    with pytest.MonkeyPatch.context() as patch:
        # The library refuses to forge.
        patch.setattr(jwt.algorithms.HMACAlgorithm, "prepare_key", lambda self, key: key)
        forged = jwt.encode(claims, pem, "HS256", headers={"kid": "k1"})
    assert web.refused(forged)[0] == "InvalidIdentityToken"
    curve = ec.generate_private_key(ec.SECP256R1())
    assert web.refused(web.token(algorithm="ES256", key=curve))[0] == "InvalidIdentityToken"


def test_keys_are_kept_and_fetched_again_for_a_new_one(iam, sts, provider):
    web = Web(iam, sts, provider, path="/keys-are-kept")
    web.assume()
    provider.requests.clear()
    web.assume()
    assert provider.requests == []
    provider.new_key("fresh")
    # The provider was asked a moment ago: not again for a key that may be made up.
    assert web.refused(web.token(kid="fresh")) == ("InvalidIdentityToken", NO_KEY)
    assert provider.requests == []
    time.sleep(10.1)
    web.assume(web.token(kid="fresh"))
    assert len(provider.requests) == 2
    # A key that was replaced under its old id is not believed until the keys are fetched again.
    provider.new_key("fresh")
    assert web.refused(web.token(kid="fresh"))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize(
    "page, content",
    [
        ("/.well-known/openid-configuration", {"issuer": "https://other.test", "jwks_uri": idp.ISSUER + "/keys"}),
        ("/.well-known/openid-configuration", {"jwks_uri": idp.ISSUER + "/keys"}),
        ("/.well-known/openid-configuration", b"not json"),
        ("/.well-known/openid-configuration", None),
        ("keys", {"keys": "none"}),
        ("keys", b"x" * 300_000),
    ],
)
def test_providers_that_publish_nonsense(iam, sts, provider, page, content):
    path = f"/nonsense-{abs(hash(repr((page, content))))}"
    if page == "keys":
        keys = f"{path}/own-keys"
        provider.overrides[f"{path}/.well-known/openid-configuration"] = {
            "issuer": idp.ISSUER + path,
            "jwks_uri": idp.ISSUER + keys,
        }
        provider.overrides[keys] = content
    else:
        provider.overrides[path + page] = content
    code, message = Web(iam, sts, provider, path=path).refused()
    assert code in ("InvalidIdentityToken", "IDPCommunicationError"), message


def test_keys_are_not_fetched_from_the_house_itself(iam, sts, provider, house):
    path = "/inside"
    host, port = house.address("metrics")
    for keys in (f"https://{host}:{port}/metrics", "https://localhost/keys", "http://idp.test/keys", "file:///etc/passwd"):
        provider.overrides[path + "/.well-known/openid-configuration"] = {"issuer": idp.ISSUER + path, "jwks_uri": keys}
        path_of = Web(iam, sts, provider, path=path)
        assert path_of.refused()[0] in ("InvalidIdentityToken", "IDPCommunicationError")
        iam.delete_role_policy(RoleName="web", PolicyName="p")
        iam.delete_role(RoleName="web")
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=path_of.provider_arn)


def test_a_certificate_that_is_not_the_one(iam, web, provider):
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=web.provider_arn, ThumbprintList=["0" * 40])
    message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    assert web.refused() == ("InvalidIdentityToken", message)


def test_a_server_that_is_not_there(iam, sts, provider):
    arn = iam.create_open_id_connect_provider(Url="https://nowhere.test", ClientIDList=["app"], ThumbprintList=["0" * 40])
    document = trust(arn["OpenIDConnectProviderArn"], WEB)
    role = iam.create_role(RoleName="nowhere", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    call = dict(RoleArn=role, RoleSessionName="s1", WebIdentityToken=provider.token(issuer="https://nowhere.test"))
    assert refusal(sts.assume_role_with_web_identity, **call)[0] == "IDPCommunicationError"


def test_the_trust_policy_decides_by_claims(iam, sts, provider):
    keys = {f"{idp.HOST}/by-claims:{name}": value for name, value in (("aud", "app"), ("sub", "ada"), ("team", "blue"))}
    web = Web(iam, sts, provider, path="/by-claims", StringEquals=keys)
    web.assume(web.token(team="blue"))
    denied = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    for claims in ({}, {"team": "red"}, {"team": "blue", "sub": "eve"}, {"team": "blue", "aud": "other-app"}):
        assert web.refused(web.token(**claims)) == denied
    assert web.refused(web.token(team="blue"), RoleArn=web.arn + "x") == denied
    assert web.refused(web.token(team="blue"), DurationSeconds=7200)[0] == "ValidationError"


def test_a_claim_of_nearly_the_same_name_is_another(iam, sts, provider):
    """Condition keys have no case; claims have, and some providers let people choose names of their own."""
    keys = {f"{idp.HOST}/cased:{name}": value for name, value in (("aud", "app"), ("oaud", "app"), ("sub", "ada"))}
    web = Web(iam, sts, provider, path="/cased", StringEquals=keys)
    web.assume(web.token())
    web.assume(web.token(Sub="eve", team="a", TEAM="b"))
    spoofed = {"aud": "other-app", "Aud": "app", "AUD": "app", "oaud": "app"}
    for claims in ({"sub": "eve", "Sub": "ada", "SUB": "ada"}, spoofed):
        assert web.refused(web.token(**claims))[0] == "AccessDenied"


def test_a_provider_that_the_role_does_not_trust(iam, sts, provider, web):
    other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust(web.provider_arn + "x", WEB))["Role"]["Arn"]
    assert web.refused(RoleArn=other)[0] == "AccessDenied"
    aws = json.loads(trust("x", "sts:AssumeRole"))
    aws["Statement"][0]["Principal"] = {"AWS": "*"}
    iam.update_assume_role_policy(RoleName="other", PolicyDocument=json.dumps(aws))
    assert web.refused(RoleArn=other)[0] == "AccessDenied"


def test_the_provider_of_another_account(house, iam, sts, provider, web):
    """A namesake in another account vouches for nothing here."""
    neighbour = house.client("iam", house.create_account())
    document = trust(web.provider_arn, WEB)
    role = neighbour.create_role(RoleName="web", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    message = f"No OpenIDConnect provider found in your account for {idp.ISSUER}"
    assert web.refused(RoleArn=role) == ("InvalidIdentityToken", message)


def test_session_tags_and_source_identity_from_claims(house, iam, sts, provider):
    web = Web(iam, sts, provider, WEB, "sts:TagSession", "sts:SetSourceIdentity", path="/tags")
    claims = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]},
        "https://aws.amazon.com/source_identity": "Ada",
    }
    answer = web.assume(web.token(**claims))
    assert answer["SourceIdentity"] == "Ada" and answer["PackedPolicySize"] > 0
    by_tag = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:SourceIdentity": "Ada",
                                           "aws:FederatedProvider": web.provider_arn}}}]}
    )
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=by_tag)
    as_role(house, answer["Credentials"])("iam").list_users()
    flat = web.assume(web.token(**{"https://aws.amazon.com/tags/principal_tags/team": "red"}))
    assert refusal(as_role(house, flat["Credentials"])("iam").list_users)[0] == "AccessDenied"
    for bad in (
        {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["a", "b"]}}},
        {"https://aws.amazon.com/tags": {"principal_tags": {"t;": ["a"]}}},
        {"https://aws.amazon.com/source_identity": "aws:x"},
    ):
        assert web.refused(web.token(**bad))[0] == "InvalidIdentityToken"
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(web.provider_arn, WEB))
    assert web.refused(web.token(**claims)) == ("AccessDenied", "Not authorized to perform sts:TagSession")


SAML_ACTION = "sts:AssumeRoleWithSAML"


class Saml:
    """A role that trusts a SAML provider, and calls that assume it."""

    def __init__(self, iam, sts, *actions, **condition):
        self.iam, self.sts, self.idp = iam, sts, saml.SamlProvider()
        made = iam.create_saml_provider(Name="Okta", SAMLMetadataDocument=self.idp.metadata())
        self.provider_arn = made["SAMLProviderArn"]
        document = trust(self.provider_arn, *(actions or [SAML_ACTION]), **condition)
        self.arn = iam.create_role(RoleName="saml", AssumeRolePolicyDocument=document, MaxSessionDuration=7200)["Role"]["Arn"]
        iam.put_role_policy(RoleName="saml", PolicyName="p", PolicyDocument=ALLOW_IAM)

    def attributes(self, more=None):
        own = {saml.AWS + "Role": f"{self.arn},{self.provider_arn}", saml.AWS + "RoleSessionName": "ada"}
        return {name: value for name, value in (own | (more or {})).items() if value is not None}

    def response(self, more=None, **options):
        return self.idp.response(self.idp.signed(self.idp.assertion(self.attributes(more), **options)))

    def assume(self, response=None, **parameters):
        response = self.response() if response is None else response
        encoded = response if isinstance(response, str) else saml.base64_of(response)
        parameters = {"RoleArn": self.arn, "PrincipalArn": self.provider_arn} | parameters
        return self.sts.assume_role_with_saml(SAMLAssertion=encoded, **parameters)

    def refused(self, response=None, **parameters):
        return refusal(self.assume, response, **parameters)


@pytest.fixture
def federated(iam, sts):
    return Saml(iam, sts)


def test_life_of_a_saml_provider(iam, root):
    """As Terraform's aws_iam_saml_provider works it."""
    one, two = saml.SamlProvider("https://one.test"), saml.SamlProvider("https://two.test")
    made = iam.create_saml_provider(Name="my.idp_1", SAMLMetadataDocument=one.metadata(), Tags=[{"Key": "k", "Value": "v"}])
    arn = made["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{root.account_id}:saml-provider/my.idp_1"
    read = iam.get_saml_provider(SAMLProviderArn=arn)
    assert read["SAMLMetadataDocument"] == one.metadata() and read["Tags"] == [{"Key": "k", "Value": "v"}]
    assert read["AssertionEncryptionMode"] == "Allowed" and read["PrivateKeyList"] == []
    again = refusal(iam.create_saml_provider, Name="my.idp_1", SAMLMetadataDocument=one.metadata())
    assert again == ("EntityAlreadyExists", "Provider with name my.idp_1 already exists.")
    until = "2031-01-01T00:00:00Z"
    iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=two.metadata(valid_until=until))
    listed = iam.list_saml_providers()["SAMLProviderList"]
    assert [entry["Arn"] for entry in listed] == [arn] and listed[0]["ValidUntil"].year == 2031
    iam.untag_saml_provider(SAMLProviderArn=arn, TagKeys=["k"])
    iam.tag_saml_provider(SAMLProviderArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    assert iam.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == [{"Key": "l", "Value": "w"}]
    bad = refusal(iam.update_saml_provider, SAMLProviderArn=arn, SAMLMetadataDocument="x" * 1000)
    assert bad == ("InvalidInput", "Could not parse metadata")
    iam.delete_saml_provider(SAMLProviderArn=arn)
    assert refusal(iam.get_saml_provider, SAMLProviderArn=arn) == ("NoSuchEntity", f"Manifest not found for arn {arn}")


def test_a_saml_user_assumes_a_role(house, root, federated):
    answer = federated.assume(DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{root.account_id}:assumed-role/saml/ada"
    assert (answer["Subject"], answer["SubjectType"]) == ("ada@example.com", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == ("https://idp.test/saml", saml.SIGN_IN)
    assert answer["NameQualifier"]
    assert as_role(house, answer["Credentials"])("iam").list_users()["Users"] == []
    reverse = {saml.AWS + "Role": [f"arn:x,arn:y", f"{federated.provider_arn}, {federated.arn}"]}
    federated.assume(federated.response(reverse))
    whole = federated.idp.response(saml.without_placeholder(federated.idp.assertion(federated.attributes())), sign=True)
    federated.assume(whole)


def test_saml_responses_that_are_refused(iam, federated):
    idp_, now = federated.idp, saml.now()
    invalid = lambda message: ("InvalidIdentityToken", message)
    minutes = lambda count: datetime.timedelta(minutes=count)
    assert federated.refused("!!!!")[0] == "InvalidIdentityToken"
    assert federated.refused("AAAA") == invalid("Invalid SAML response")
    unsigned = idp_.response(saml.without_placeholder(idp_.assertion(federated.attributes())))
    assert federated.refused(unsigned) == invalid("Response signature invalid")
    altered = etree.fromstring(etree.tostring(federated.response()).replace(b">ada<", b">eve<"))
    assert federated.refused(altered) == invalid("Response signature invalid")
    stale = federated.response(issued=now - minutes(6), lifetime=3600)
    assert federated.refused(stale) == ("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    assert federated.refused(federated.response(issued=now - minutes(3), lifetime=60))[0] == "ExpiredTokenException"
    assert federated.refused(federated.response(not_before=now + minutes(3)))[0] == "InvalidIdentityToken"
    message = "Response does not contain the required audience."
    assert federated.refused(federated.response(audience="urn:other")) == invalid(message)
    assert federated.refused(federated.response(recipient="https://other.test/acs"))[0] == "InvalidIdentityToken"
    issuer = federated.response(issuer="https://other.test")
    assert federated.refused(issuer) == invalid("Issuer not present in specified provider")
    assert federated.refused(idp_.response(None, status="Responder"))[0] == "IDPRejectedClaim"
    name = saml.AWS + "RoleSessionName"
    assert federated.refused(federated.response({name: None})) == invalid("RoleSessionName is required in AuthnResponse")
    assert federated.refused(federated.response({name: "a b"}))[1].startswith("RoleSessionName in AuthnResponse must match")
    denied = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
    for role in (None, federated.arn, f"{federated.arn}x,{federated.provider_arn}", f"{federated.arn},arn:x"):
        assert federated.refused(federated.response({saml.AWS + "Role": role})) == denied
    missing = federated.refused(PrincipalArn=federated.provider_arn + "x")
    assert missing == invalid("Specified provider doesn't exist")
    large = federated.response({"filler": "x" * 80_000})
    assert federated.refused(large)[0] == "ValidationError"
    # A new key at the provider, and its metadata not told yet.
    idp_.new_key(ec.SECP256R1())
    assert federated.refused() == invalid("Response signature invalid")
    iam.update_saml_provider(SAMLProviderArn=federated.provider_arn, SAMLMetadataDocument=idp_.metadata())
    federated.assume()


def test_a_signature_that_was_wrapped(federated):
    """The signed assertion is there, but another one is offered to be read."""
    signed = federated.response()
    forged = federated.idp.assertion(federated.attributes({saml.AWS + "RoleSessionName": "eve"}))
    for place in (0, len(signed)):
        response = etree.fromstring(etree.tostring(signed))
        response.insert(place, saml.without_placeholder(forged))
        assert federated.refused(response)[0] == "InvalidIdentityToken"
    response = etree.fromstring(etree.tostring(signed))
    inner = response.find(f"{{{saml.SAML}}}Assertion")
    response.replace(inner, forged)
    signature = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    forged.insert(1, signature)
    etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object").append(inner)
    assert federated.refused(response) == ("InvalidIdentityToken", "Response signature invalid")


def test_durations_of_saml_sessions(federated):
    lasts = lambda answer: (answer["Credentials"]["Expiration"] - saml.now()).total_seconds()
    assert 3500 < lasts(federated.assume()) <= 3600
    wish = {saml.AWS + "SessionDuration": "7200"}
    assert 7100 < lasts(federated.assume(federated.response(wish))) <= 7200
    assert 1100 < lasts(federated.assume(federated.response(wish, session_seconds=1200))) <= 1200
    too_long = {saml.AWS + "SessionDuration": "10000"}
    assert federated.refused(federated.response(too_long))[0] == "ValidationError"
    assert federated.refused(federated.response({saml.AWS + "SessionDuration": "60"}))[0] == "InvalidIdentityToken"


def test_the_trust_policy_decides_by_the_assertion(iam, sts, root):
    keys = {
        "saml:aud": saml.SIGN_IN,
        "saml:iss": "https://idp.test/saml",
        "saml:sub": "ada@example.com",
        "saml:sub_type": "persistent",
        "saml:doc": f"{root.account_id}/Okta",
    }
    anyone = {"saml:edupersonaffiliation": ["staff"]}
    federated = Saml(iam, sts, StringEquals=keys, **{"ForAnyValue:StringEquals": anyone})
    staff = {"urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["student", "staff"]}
    federated.assume(federated.response(staff))
    assert federated.refused()[0] == "AccessDenied"
    assert federated.refused(federated.response(staff, subject="eve@example.com"))[0] == "AccessDenied"
    assert federated.refused(federated.response(staff, recipient="https://eu-west-1.signin.aws.amazon.com/saml"))[0] == "AccessDenied"


def test_tags_and_source_identity_from_attributes(house, iam, sts):
    federated = Saml(iam, sts, SAML_ACTION, "sts:TagSession", "sts:SetSourceIdentity")
    given = {
        saml.AWS + "PrincipalTag:team": "blue",
        saml.AWS + "PrincipalTag:unit": "a",
        saml.AWS + "TransitiveTagKeys": ["team", "unit"],
        saml.AWS + "SourceIdentity": "Ada",
    }
    answer = federated.assume(federated.response(given))
    assert answer["SourceIdentity"] == "Ada"
    bad = federated.response({saml.AWS + "TransitiveTagKeys": "missing"})
    assert federated.refused(bad)[0] == "InvalidParameterValue"
    bad = federated.refused(federated.response({saml.AWS + "SourceIdentity": "aws:x"}))
    assert bad[1].startswith("Source Identity must match")
    iam.update_assume_role_policy(RoleName="saml", PolicyDocument=trust(federated.provider_arn, SAML_ACTION))
    assert federated.refused(federated.response(given)) == ("AccessDenied", "Not authorized to perform sts:TagSession")


def test_encrypted_assertions(iam, federated):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(*idp.PEM, serialization.NoEncryption()).decode()
    signed = lambda: federated.idp.signed(federated.idp.assertion(federated.attributes()))
    encrypted = lambda: federated.idp.response(saml.encrypted(signed(), key.public_key()))
    assert federated.refused(encrypted())[0] == "InvalidIdentityToken"
    iam.update_saml_provider(SAMLProviderArn=federated.provider_arn, AddPrivateKey=pem)
    federated.assume(encrypted())
    federated.assume()
    iam.update_saml_provider(SAMLProviderArn=federated.provider_arn, AssertionEncryptionMode="Required")
    federated.assume(encrypted())
    assert federated.refused()[0] == "InvalidIdentityToken"
    unsigned = saml.encrypted(saml.without_placeholder(federated.idp.assertion(federated.attributes())), key.public_key())
    assert federated.refused(federated.idp.response(unsigned)) == ("InvalidIdentityToken", "Response signature invalid")


def get(house, path):
    with urllib.request.urlopen(house.endpoint + path, timeout=10) as page:
        return page.headers, json.load(page)


def test_a_relying_party_verifies_outbound_tokens(house, root, iam):
    disabled = "Outbound web identity federation is not enabled for your account."
    assert refusal(iam.get_outbound_web_identity_federation_info) == ("FeatureDisabled", disabled)
    issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert refusal(iam.enable_outbound_web_identity_federation)[0] == "FeatureEnabled"
    info = iam.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (issuer, True)
    assert issuer.startswith("https://aws.example.com/tokens/")
    path = issuer.removeprefix("https://aws.example.com")
    headers, discovery = get(house, path + "/.well-known/openid-configuration")
    assert headers["Content-Type"] == "application/json" and "max-age" in headers["Cache-Control"]
    assert discovery["issuer"] == issuer
    sts = house.client("sts", root)
    for algorithm in ("RS256", "ES384"):
        answer = sts.get_web_identity_token(
            Audience=["https://api.example.com"], SigningAlgorithm=algorithm, DurationSeconds=60, Tags=[{"Key": "a", "Value": "b"}]
        )
        assert 50 < (answer["Expiration"] - saml.now()).total_seconds() <= 60
        token = answer["WebIdentityToken"]
        _, keys = get(house, discovery["jwks_uri"].removeprefix("https://aws.example.com"))
        keys = jwt.PyJWKSet.from_dict(keys)
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, [algorithm], audience="https://api.example.com", issuer=issuer)
        assert claims["sub"] == f"arn:aws:iam::{root.account_id}:root"
        assert claims["https://sts.amazonaws.com/"]["request_tags"] == {"a": "b"}
    assert "OutboundWebIdentityFederationDisabled" in refusal(
        house.client("sts", house.create_account()).get_web_identity_token, Audience=["a"], SigningAlgorithm="RS256"
    )[0]
    iam.disable_outbound_web_identity_federation()
    assert refusal(sts.get_web_identity_token, Audience=["a"], SigningAlgorithm="RS256")[0].startswith("Outbound")
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(house, "/tokens/00000000-0000-0000-0000-000000000000/.well-known/jwks.json")
    assert caught.value.code == 404
