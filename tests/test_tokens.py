"""Personal access tokens and tokens of an OpenID Connect provider, as mail programs show them: imaplib, smtplib."""

import base64
import imaplib
import json
import smtplib
import ssl
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

import idp
from house import PASSWORD, House, Organization

INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
SUBJECT = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.fixture(scope="module")
def provider():
    provider = idp.OpenIdProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory, provider):
    folder = tmp_path_factory.mktemp("house")
    config = folder / "chancery.toml"
    config.write_text(
        f'[[identity_center]]\ninstance = "{INSTANCE}"\nissuer = "{idp.ISSUER}"\naudience = "mail"\n'
        f'thumbprints = ["{provider.thumbprint}"]\n'
    )
    house = House(folder, [provider.option, f"--config={config}"]).start()
    yield house
    house.remove()


class Desk:
    """Ada at an organization that is configured with the provider."""

    def __init__(self, house, provider):
        self.house, self.provider = house, provider
        self.organization = Organization(house, house.create_account())
        self.workmail, self.org = self.organization.workmail, {"OrganizationId": self.organization.id}
        self.user_id, self.email = self.organization.user("ada")
        made = self.workmail.create_identity_center_application(Name="mail", InstanceArn=INSTANCE)
        self.application = made["ApplicationArn"]
        self.configure()

    def configure(self, mode="IDENTITY_PROVIDER_AND_DIRECTORY", status="ACTIVE"):
        self.workmail.put_identity_provider_configuration(
            **self.org,
            AuthenticationMode=mode,
            IdentityCenterConfiguration={"InstanceArn": INSTANCE, "ApplicationArn": self.application},
            PersonalAccessTokenConfiguration={"Status": status, "LifetimeInDays": 90},
        )

    def token(self, **claims):
        return self.provider.token(**({"aud": "mail", "email": self.email, "sub": SUBJECT} | claims))

    def make(self, **form):
        form = {"name": "Phone"} | (form or {"email": self.email, "password": PASSWORD})
        request = urllib.request.Request(
            self.house.endpoint + "/workmail/personal-access-tokens",
            json.dumps(form).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def imap(self):
        host, port = self.house.addresses["imap"].rsplit(":", 1)
        return imaplib.IMAP4_SSL(host, int(port), ssl_context=trusting())

    def submission(self):
        host, port = self.house.addresses["submission"].rsplit(":", 1)
        smtp = smtplib.SMTP_SSL(host, int(port), local_hostname="client.example", context=trusting())
        smtp.ehlo()
        return smtp

    def imap_takes(self, password):
        with self.imap() as imap:
            try:
                imap.login(self.email, password)
                return True
            except imaplib.IMAP4.error:
                return False

    def imap_takes_bearer(self, mechanism, message):
        """Whether it does, and the challenges that it sent after the first one."""
        challenges = []

        def answer(challenge):
            challenges.append(challenge)
            return message if len(challenges) == 1 else b"\x01"

        with self.imap() as imap:
            try:
                imap.authenticate(mechanism, answer)
                return True, challenges[1:]
            except imaplib.IMAP4.error:
                return False, challenges[1:]


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def xoauth2(email, token):
    return f"user={email}\x01auth=Bearer {token}\x01\x01"


def oauthbearer(email, token):
    return f"n,a={email},\x01host=mail.example\x01port=993\x01auth=Bearer {token}\x01\x01"


@pytest.fixture
def desk(house, provider):
    return Desk(house, provider)


def test_a_token_is_a_password_until_it_is_deleted(desk):
    status, made = desk.make()
    assert status == 201 and made["scopes"] == ["IMAP", "SMTP"]
    assert desk.imap_takes(made["token"]) and desk.imap_takes(PASSWORD)
    with desk.submission() as smtp:
        assert smtp.login(desk.email, made["token"])[0] == 235
    desk.configure("IDENTITY_PROVIDER_ONLY")
    assert desk.imap_takes(made["token"]) and not desk.imap_takes(PASSWORD)
    listed = desk.workmail.list_personal_access_tokens(**desk.org, UserId=desk.email)["PersonalAccessTokenSummaries"]
    assert [token["Name"] for token in listed] == ["Phone"] and made["token"] not in str(listed)
    token = {**desk.org, "PersonalAccessTokenId": made["personalAccessTokenId"]}
    shown = desk.workmail.get_personal_access_token_metadata(**token)
    assert shown["DateLastUsed"] >= shown["DateCreated"] and (shown["ExpiresTime"] - shown["DateCreated"]).days == 90
    desk.workmail.delete_personal_access_token(**token)
    assert not desk.imap_takes(made["token"])
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFoundException"):
        desk.workmail.get_personal_access_token_metadata(**token)


def test_who_makes_a_token_proves_who_they_are(desk):
    assert desk.make(email=desk.email, password="wrong")[1]["code"] == "SignInFailed"
    assert desk.make(email=desk.email)[0] == 400
    assert desk.make(idToken=desk.token())[0] == 201
    assert desk.make(idToken=desk.token(aud="other"))[0] == 401
    desk.configure(status="INACTIVE")
    assert desk.make()[1]["code"] == "PersonalAccessTokensInactive"
    desk.configure()
    for _ in range(5):
        desk.make(email=desk.email, password="wrong")
    assert desk.make()[0] == 429


@pytest.mark.parametrize("mechanism, message", [("XOAUTH2", xoauth2), ("OAUTHBEARER", oauthbearer)])
def test_tokens_of_the_provider(desk, mechanism, message):
    desk.configure("IDENTITY_PROVIDER_ONLY")
    other, other_email = desk.organization.user("bob")
    with desk.imap() as imap:
        assert f"AUTH={mechanism}" in imap.capabilities
    assert desk.imap_takes_bearer(mechanism, message(desk.email, desk.token()).encode()) == (True, [])
    assert desk.workmail.describe_user(**desk.org, UserId=desk.user_id)["IdentityProviderUserId"] == SUBJECT
    refused = [
        (desk.email, desk.token(sub="f81d4fae-7dec-11d0-a765-00a0c91e6bf7")),
        (desk.email, desk.token(aud="other")),
        (desk.email, desk.token(exp=1)),
        (desk.email, desk.token(email=other_email)),
        (desk.email, desk.token(email_verified=False)),
        (desk.email, desk.token() + "x"),
        (other_email, desk.token()),
    ]
    # Each costs seconds, and the mechanisms differ in their messages only: one does these, the other those.
    for email, token in refused[mechanism == "XOAUTH2" :: 2]:
        taken, [challenge] = desk.imap_takes_bearer(mechanism, message(email, token).encode())
        assert not taken and json.loads(challenge)["schemes"] == "bearer"
    with desk.submission() as smtp:
        assert mechanism in smtp.esmtp_features["auth"].split()
        text = message(desk.email, desk.token())
        assert smtp.auth(mechanism, lambda challenge=None: text)[0] == 235
        mail = f"From: {desk.email}\r\nSubject: borne by a token\r\n\r\nhello\r\n"
        smtp.sendmail(desk.email, [desk.email], mail)
    with desk.submission() as smtp:
        text = base64.b64encode(message(desk.email, desk.token(aud="other")).encode()).decode()
        code, challenge = smtp.docmd("AUTH", f"{mechanism} {text}")
        assert code == 334 and json.loads(base64.b64decode(challenge))["status"] in ("invalid_token", "401")
        assert smtp.docmd("AQ==")[0] == 535


def test_an_organization_without_the_provider_takes_no_tokens(desk):
    desk.workmail.delete_identity_provider_configuration(**desk.org)
    assert not desk.imap_takes_bearer("XOAUTH2", xoauth2(desk.email, desk.token()).encode())[0]
    assert desk.imap_takes(PASSWORD)
