"""Second factors, certificates, SSH keys and credentials of single services, as boto3 sees them."""

import base64
import hashlib
import hmac
import json
import struct
import subprocess
import time

import botocore.exceptions
import pytest

from house import Key

STEP_SECONDS = 30


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


def refusal(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**parameters)
    response = refused.value.response
    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500, response
    return response["Error"]["Code"], response["Error"]["Message"]


class App:
    """An authenticator app that has scanned a device's seed."""

    def __init__(self, device):
        self.serial = device["SerialNumber"]
        self.secret = base64.b32decode(device["Base32StringSeed"])

    def code(self, steps=0):
        """The code of the step that is `steps` away from now (RFC 6238)."""
        counter = struct.pack(">q", int(time.time()) // STEP_SECONDS + steps)
        digest = hmac.new(self.secret, counter, hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"

    def pair(self):
        return {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code(0)}


def openssl(*arguments, text=None):
    return subprocess.run(
        ["openssl", *arguments], check=True, capture_output=True, text=True, input=text
    ).stdout


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A key and a certificate that signs itself."""
    folder = tmp_path_factory.mktemp("pair")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=www.example.com", "-days", "30"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", str(key), "-out", str(certificate))
    return key.read_text(), certificate.read_text()


def test_life_of_a_virtual_device(iam, root):
    iam.create_user(UserName="ada")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ada", Path="/eng/", Tags=[{"Key": "a", "Value": "1"}])
    device = device["VirtualMFADevice"]
    app = App(device)
    assert app.serial == f"arn:aws:iam::{root.account_id}:mfa/eng/ada"
    assert len(device["Base32StringSeed"]) == 64 and device["QRCodePNG"].startswith(b"\x89PNG")
    user = {"UserName": "ada", "SerialNumber": app.serial}
    wrong = {"AuthenticationCode1": app.code(0), "AuthenticationCode2": app.code(0)}
    code, message = refusal(iam.enable_mfa_device, **user, **wrong)
    assert (code, message) == ("InvalidAuthenticationCode", "Authentication code for device is not valid.")
    iam.enable_mfa_device(**user, **app.pair())
    [listed] = iam.list_mfa_devices(UserName="ada")["MFADevices"]
    assert listed["SerialNumber"] == app.serial and listed["UserName"] == "ada"
    [assigned] = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert assigned["User"]["UserName"] == "ada" and "Base32StringSeed" not in assigned
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    assert refusal(iam.delete_user, UserName="ada")[1] == "Cannot delete entity, must delete MFA device first."
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=app.serial)[0] == "DeleteConflict"
    later = {"AuthenticationCode1": app.code(1), "AuthenticationCode2": app.code(2)}
    iam.resync_mfa_device(**user, **later)
    assert refusal(iam.resync_mfa_device, **user, **later)[0] == "InvalidAuthenticationCode"
    iam.deactivate_mfa_device(**user)
    assert iam.list_mfa_device_tags(SerialNumber=app.serial)["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.delete_virtual_mfa_device(SerialNumber=app.serial)
    iam.delete_user(UserName="ada")


def test_a_user_looks_after_its_own_device(house, iam, root):
    """The policy of the IAM User Guide, "Allows IAM users to self-manage an MFA device"."""
    own = "arn:aws:iam::*:user/${aws:username}"
    statements = [
        {"Effect": "Allow", "Action": "iam:ListVirtualMFADevices", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": "arn:aws:iam::*:mfa/*"},
        {"Effect": "Allow", "Action": ["iam:EnableMFADevice", "iam:ListMFADevices"], "Resource": own},
        {
            "Effect": "Allow",
            "Action": "iam:DeactivateMFADevice",
            "Resource": own,
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName="eve")
    iam.put_user_policy(UserName="eve", PolicyName="self", PolicyDocument=policy)
    made = iam.create_access_key(UserName="eve")["AccessKey"]
    key = Key(root.account_id, made["AccessKeyId"], made["SecretAccessKey"])
    eve = house.client("iam", key)
    app = App(eve.create_virtual_mfa_device(VirtualMFADeviceName="eve")["VirtualMFADevice"])
    eve.enable_mfa_device(UserName="eve", SerialNumber=app.serial, **app.pair())
    [listed] = eve.list_mfa_devices()["MFADevices"]
    assert listed["SerialNumber"] == app.serial
    assert refusal(eve.deactivate_mfa_device, SerialNumber=app.serial)[0] == "AccessDenied"
    iam.create_user(UserName="other")
    assert refusal(eve.list_mfa_devices, UserName="other")[0] == "AccessDenied"
    session = house.client("sts", key).get_session_token(SerialNumber=app.serial, TokenCode=app.code(1))
    session = session["Credentials"]
    session = Key(None, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    house.client("iam", session).deactivate_mfa_device(SerialNumber=app.serial)
    assert eve.list_mfa_devices()["MFADevices"] == []


def test_life_of_a_server_certificate(iam, root, pair):
    key, certificate = pair
    upload = {"ServerCertificateName": "site", "CertificateBody": certificate, "PrivateKey": key}
    other = openssl("genpkey", "-algorithm", "ED25519")
    assert refusal(iam.upload_server_certificate, **{**upload, "PrivateKey": other})[0] == "KeyPairMismatch"
    code, message = refusal(iam.upload_server_certificate, **{**upload, "CertificateBody": "x"})
    assert code == "MalformedCertificate" and message.startswith("Unable to parse certificate.")
    made = iam.upload_server_certificate(Path="/cloudfront/", **upload)["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{root.account_id}:server-certificate/cloudfront/site"
    assert refusal(iam.upload_server_certificate, **upload)[0] == "EntityAlreadyExists"
    found = iam.get_server_certificate(ServerCertificateName="site")["ServerCertificate"]
    assert found["CertificateBody"] == certificate.strip() and "CertificateChain" not in found
    assert found["ServerCertificateMetadata"] == made and "PRIVATE" not in json.dumps(found, default=str)
    iam.update_server_certificate(ServerCertificateName="site", NewServerCertificateName="page", NewPath="/")
    [listed] = iam.list_server_certificates(PathPrefix="/")["ServerCertificateMetadataList"]
    assert listed["ServerCertificateId"] == made["ServerCertificateId"]
    assert listed["ServerCertificateName"] == "page" and listed["Path"] == "/"
    iam.delete_server_certificate(ServerCertificateName="page")
    assert refusal(iam.get_server_certificate, ServerCertificateName="page")[0] == "NoSuchEntity"


def test_life_of_a_signing_certificate(iam, pair):
    iam.create_user(UserName="ada")
    made = iam.upload_signing_certificate(UserName="ada", CertificateBody=pair[1])["Certificate"]
    assert made["CertificateBody"] == pair[1] and made["Status"] == "Active"
    again = refusal(iam.upload_signing_certificate, CertificateBody=pair[1])
    assert again[0] == "DuplicateCertificate"
    iam.update_signing_certificate(UserName="ada", CertificateId=made["CertificateId"], Status="Inactive")
    [listed] = iam.list_signing_certificates(UserName="ada")["Certificates"]
    assert listed == {**made, "Status": "Inactive"}
    assert refusal(iam.delete_user, UserName="ada")[0] == "DeleteConflict"
    iam.delete_signing_certificate(UserName="ada", CertificateId=made["CertificateId"])
    own = iam.upload_signing_certificate(CertificateBody=pair[1])["Certificate"]
    assert iam.get_account_summary()["SummaryMap"]["AccountSigningCertificatesPresent"] == 1
    iam.delete_signing_certificate(CertificateId=own["CertificateId"])


def test_life_of_an_ssh_key(iam, pair):
    iam.create_user(UserName="ada")
    public = openssl("pkey", "-pubout", text=pair[0])
    made = iam.upload_ssh_public_key(UserName="ada", SSHPublicKeyBody=public)["SSHPublicKey"]
    name = {"UserName": "ada", "SSHPublicKeyId": made["SSHPublicKeyId"]}
    ssh = iam.get_ssh_public_key(**name, Encoding="SSH")["SSHPublicKey"]
    kind, blob = ssh["SSHPublicKeyBody"].split()
    digest = hashlib.md5(base64.b64decode(blob)).hexdigest()
    assert kind == "ssh-rsa" and ssh["Fingerprint"].replace(":", "") == digest
    pem = iam.get_ssh_public_key(**name, Encoding="PEM")["SSHPublicKey"]
    assert pem["SSHPublicKeyBody"] == public.strip()
    again = refusal(iam.upload_ssh_public_key, UserName="ada", SSHPublicKeyBody=f"ssh-rsa {blob} ada@laptop")
    assert again[0] == "DuplicateSSHPublicKey"
    for body, code in [("ssh-rsa AAAA", "InvalidPublicKey"), ("mine", "UnrecognizedPublicKeyEncoding")]:
        assert refusal(iam.upload_ssh_public_key, UserName="ada", SSHPublicKeyBody=body)[0] == code
    iam.update_ssh_public_key(**name, Status="Inactive")
    [listed] = iam.list_ssh_public_keys(UserName="ada")["SSHPublicKeys"]
    assert listed["Status"] == "Inactive"
    iam.delete_ssh_public_key(**name)
    iam.delete_user(UserName="ada")


def test_life_of_a_service_specific_credential(iam, root):
    iam.create_user(UserName="ada")
    service = "codecommit.amazonaws.com"
    make = {"UserName": "ada", "ServiceName": service}
    made = iam.create_service_specific_credential(**make)["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"ada-at-{root.account_id}" and len(made["ServicePassword"]) >= 32
    name = {"UserName": "ada", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    iam.update_service_specific_credential(**name, Status="Inactive")
    [listed] = iam.list_service_specific_credentials(**make)["ServiceSpecificCredentials"]
    assert listed["Status"] == "Inactive" and "ServicePassword" not in listed
    reset = iam.reset_service_specific_credential(**name)["ServiceSpecificCredential"]
    assert reset["ServicePassword"] != made["ServicePassword"]
    code, message = refusal(iam.create_service_specific_credential, UserName="ada", ServiceName="lambda.amazonaws.com")
    assert (code, message) == (
        "NoSuchEntity",
        "No such service lambda.amazonaws.com is supported for Service Specific Credentials",
    )
    conflict = refusal(iam.delete_user, UserName="ada")
    assert conflict == ("DeleteConflict", "Cannot delete entity, must remove referenced objects first.")
    iam.delete_service_specific_credential(**name)
    token = iam.create_service_specific_credential(
        UserName="ada", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30
    )["ServiceSpecificCredential"]
    assert token["ServiceCredentialSecret"].startswith("ABSK")
    assert (token["ExpirationDate"] - token["CreateDate"]).days == 30
    everybody = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    assert [one["ServiceCredentialAlias"] for one in everybody] == [token["ServiceCredentialAlias"]]


def test_an_account_chooses_longer_session_tokens(house, iam, root):
    def length():
        return len(house.client("sts", root).get_session_token()["Credentials"]["SessionToken"])

    assert length() < 1024
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2
    assert length() >= 1024
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v1Token")
    assert length() < 1024


def test_records_hold_no_secret(own_house, pair):
    key = own_house.create_account()
    own_house.start()
    iam = own_house.client("iam", key)
    iam.create_user(UserName="ada")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ada")["VirtualMFADevice"]
    iam.upload_server_certificate(ServerCertificateName="site", CertificateBody=pair[1], PrivateKey=pair[0])
    made = iam.create_service_specific_credential(UserName="ada", ServiceName="codecommit.amazonaws.com")
    secrets = [
        device["Base32StringSeed"].decode(),
        base64.b64encode(device["Base32StringSeed"]).decode(),
        made["ServiceSpecificCredential"]["ServicePassword"],
        pair[0].splitlines()[5],
    ]
    records = [record for (record,) in own_house.rows("SELECT record FROM events")]
    assert len(records) == 4
    assert not any(secret in record for secret in secrets for record in records)
    store = (own_house.data / "chancery.db").read_bytes() if not own_house.database else b""
    assert not any(secret.encode() in store for secret in secrets)
