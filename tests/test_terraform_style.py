"""Every IAM resource of the Terraform AWS provider, worked through boto3 as the provider works it: created, read
(twice: a second plan must be empty), updated in place, imported by its id, deleted, gone. Roles and what belongs to
them are in test_roles.py.

Terraform itself and its provider are not needed. The order of the calls, and which answers are read, are the
provider's."""

import base64
import hashlib
import hmac
import json
import struct
import subprocess
import time

import botocore.exceptions
import pytest

READ_ONLY = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


def allow(action):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    )


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def pairs(tags):
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def items(iam, operation, result, **parameters):
    """All pages of a list, one item to a page."""
    pages = iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1}, **parameters)
    return [item for page in pages for item in page[result]]


class Resource:
    """A resource of the provider. `config` is what its block says; `id` is what it is imported by."""

    update_to = {}

    def __init__(self, iam, config):
        self.iam, self.config, self.id = iam, dict(config), None

    def change_tags(self, tag, untag, new, **subject):
        """The provider takes tags off first, then sets what is new or different."""
        old, new = self.config["tags"], new["tags"]
        if gone := [key for key in old if key not in new]:
            untag(TagKeys=gone, **subject)
        if fresh := {key: value for key, value in new.items() if old.get(key) != value}:
            tag(Tags=tags(**fresh), **subject)

    def prepare(self):
        """What the resource refers to."""


class Group(Resource):
    config = {"name": "staff", "path": "/eng/"}
    update_to = {"name": "people", "path": "/"}

    def create(self):
        self.iam.create_group(GroupName=self.config["name"], Path=self.config["path"])
        self.id = self.config["name"]

    def read(self):
        group = self.iam.get_group(GroupName=self.id)["Group"]
        return {"name": group["GroupName"], "path": group["Path"]}

    def update(self, new):
        self.iam.update_group(GroupName=self.id, NewGroupName=new["name"], NewPath=new["path"])
        self.id = new["name"]

    def delete(self):
        self.iam.delete_group(GroupName=self.id)


class User(Resource):
    config = {"name": "ada", "path": "/eng/", "permissions_boundary": READ_ONLY, "tags": {"team": "a", "x": "y"}}
    update_to = {"name": "lovelace", "path": "/", "permissions_boundary": ADMIN, "tags": {"team": "b"}}

    def create(self):
        self.iam.create_user(
            UserName=self.config["name"],
            Path=self.config["path"],
            PermissionsBoundary=self.config["permissions_boundary"],
            Tags=tags(**self.config["tags"]),
        )
        self.id = self.config["name"]

    def read(self):
        user = self.iam.get_user(UserName=self.id)["User"]
        return {
            "name": user["UserName"],
            "path": user["Path"],
            "permissions_boundary": user["PermissionsBoundary"]["PermissionsBoundaryArn"],
            "tags": pairs(user.get("Tags")),
        }

    def update(self, new):
        self.iam.update_user(UserName=self.id, NewUserName=new["name"], NewPath=new["path"])
        self.id = new["name"]
        self.iam.put_user_permissions_boundary(UserName=self.id, PermissionsBoundary=new["permissions_boundary"])
        self.change_tags(self.iam.tag_user, self.iam.untag_user, new, UserName=self.id)

    def delete(self):
        self.iam.delete_user(UserName=self.id)


class Member(Resource):
    """What hangs on a user `u`, a group `g` and a role `r`."""

    def prepare(self):
        self.iam.create_user(UserName="u")
        self.iam.create_group(GroupName="g")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]}
        self.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))


class GroupMembership(Member):
    config = {"users": ["u"]}
    update_to = {"users": ["v", "w"]}

    def prepare(self):
        super().prepare()
        self.iam.create_user(UserName="v")
        self.iam.create_user(UserName="w")

    def create(self):
        self.id = "g"
        self.add(self.config["users"])

    def add(self, users):
        for user in users:
            self.iam.add_user_to_group(GroupName=self.id, UserName=user)

    def remove(self, users):
        for user in users:
            self.iam.remove_user_from_group(GroupName=self.id, UserName=user)

    def read(self):
        users = items(self.iam, "get_group", "Users", GroupName=self.id)
        return {"users": sorted(user["UserName"] for user in users)} if users else None

    def update(self, new):
        self.remove(set(self.config["users"]) - set(new["users"]))
        self.add(set(new["users"]) - set(self.config["users"]))

    def delete(self):
        self.remove(self.config["users"])


class UserGroupMembership(Member):
    config = {"groups": ["g"]}
    update_to = {"groups": ["g", "h"]}

    def prepare(self):
        super().prepare()
        self.iam.create_group(GroupName="h")

    def create(self):
        self.id = "u"
        for group in self.config["groups"]:
            self.iam.add_user_to_group(GroupName=group, UserName=self.id)

    def read(self):
        groups = items(self.iam, "list_groups_for_user", "Groups", UserName=self.id)
        return {"groups": sorted(group["GroupName"] for group in groups)} if groups else None

    def update(self, new):
        for group in set(new["groups"]) - set(self.config["groups"]):
            self.iam.add_user_to_group(GroupName=group, UserName=self.id)

    def delete(self):
        for group in self.config["groups"]:
            self.iam.remove_user_from_group(GroupName=group, UserName=self.id)


class InlinePolicy(Member):
    config = {"policy": allow("iam:GetUser")}
    update_to = {"policy": allow(["iam:GetUser", "workmail:*"])}
    kind, parameter, name = "user", "UserName", "u"

    def call(self, operation, policy, **more):
        method = getattr(self.iam, f"{operation}_{self.kind}_policy")
        owner, policy_name = policy.split(":")
        return method(**{self.parameter: owner}, PolicyName=policy_name, **more)

    def create(self):
        self.id = f"{self.name}:own"
        self.call("put", self.id, PolicyDocument=self.config["policy"])

    def read(self):
        return {"policy": json.dumps(self.call("get", self.id)["PolicyDocument"])}

    def update(self, new):
        self.call("put", self.id, PolicyDocument=new["policy"])

    def delete(self):
        self.call("delete", self.id)


class GroupPolicy(InlinePolicy):
    kind, parameter, name = "group", "GroupName", "g"


class RolePolicy(InlinePolicy):
    kind, parameter, name = "role", "RoleName", "r"


class PolicyAttachmentTo(Member):
    """`aws_iam_{user,group,role}_policy_attachment`: a new policy means a new resource, so there is no update."""

    config = {"policy_arn": READ_ONLY}
    kind, parameter, name = "user", "UserName", "u"

    def create(self):
        self.id = f"{self.name}/{self.config['policy_arn']}"
        owner, arn = self.id.split("/", 1)
        getattr(self.iam, f"attach_{self.kind}_policy")(**{self.parameter: owner}, PolicyArn=arn)

    def read(self):
        owner, arn = self.id.split("/", 1)
        operation = f"list_attached_{self.kind}_policies"
        attached = items(self.iam, operation, "AttachedPolicies", **{self.parameter: owner})
        return next(({"policy_arn": one["PolicyArn"]} for one in attached if one["PolicyArn"] == arn), None)

    def delete(self):
        owner, arn = self.id.split("/", 1)
        getattr(self.iam, f"detach_{self.kind}_policy")(**{self.parameter: owner}, PolicyArn=arn)


class GroupPolicyAttachment(PolicyAttachmentTo):
    kind, parameter, name = "group", "GroupName", "g"


class RolePolicyAttachment(PolicyAttachmentTo):
    kind, parameter, name = "role", "RoleName", "r"


class PolicyAttachment(Member):
    """`aws_iam_policy_attachment`: all who have a policy."""

    config = {"users": ["u"], "groups": [], "roles": ["r"]}
    update_to = {"users": [], "groups": ["g"], "roles": ["r"]}
    kinds = {"users": ("user", "UserName"), "groups": ("group", "GroupName"), "roles": ("role", "RoleName")}

    def each(self, operation, config, but=None):
        for plural, (kind, parameter) in self.kinds.items():
            for name in config[plural]:
                if name not in (but or {}).get(plural, []):
                    getattr(self.iam, f"{operation}_{kind}_policy")(**{parameter: name}, PolicyArn=READ_ONLY)

    def create(self):
        self.id = READ_ONLY
        self.each("attach", self.config)

    def read(self):
        arn = self.id
        pages = self.iam.get_paginator("list_entities_for_policy").paginate(
            PolicyArn=arn, PaginationConfig={"PageSize": 1}
        )
        state = {"users": [], "groups": [], "roles": []}
        for page in pages:
            state["users"] += [user["UserName"] for user in page["PolicyUsers"]]
            state["groups"] += [group["GroupName"] for group in page["PolicyGroups"]]
            state["roles"] += [role["RoleName"] for role in page["PolicyRoles"]]
        return state if any(state.values()) else None

    def update(self, new):
        self.each("detach", self.config, but=new)
        self.each("attach", new, but=self.config)

    def delete(self):
        self.each("detach", self.config)


class Policy(Resource):
    config = {"description": "d", "path": "/eng/", "policy": allow("iam:GetUser"), "tags": {"a": "1"}}
    update_to = {"description": "d", "path": "/eng/", "policy": allow("iam:*"), "tags": {"b": "2"}}

    def create(self):
        made = self.iam.create_policy(
            PolicyName="p",
            Description=self.config["description"],
            Path=self.config["path"],
            PolicyDocument=self.config["policy"],
            Tags=tags(**self.config["tags"]),
        )
        self.id = made["Policy"]["Arn"]

    def read(self):
        policy = self.iam.get_policy(PolicyArn=self.id)["Policy"]
        version = self.iam.get_policy_version(PolicyArn=self.id, VersionId=policy["DefaultVersionId"])
        return {
            "description": policy["Description"],
            "path": policy["Path"],
            "policy": json.dumps(version["PolicyVersion"]["Document"]),
            "tags": pairs(policy["Tags"]),
        }

    def update(self, new):
        # More often than there may be versions: the provider prunes the oldest before it makes one.
        for _ in range(6):
            versions = self.iam.list_policy_versions(PolicyArn=self.id)["Versions"]
            if len(versions) >= 5:
                oldest = min(
                    (one for one in versions if not one["IsDefaultVersion"]),
                    key=lambda one: (one["CreateDate"], int(one["VersionId"][1:])),
                )
                self.iam.delete_policy_version(PolicyArn=self.id, VersionId=oldest["VersionId"])
            self.iam.create_policy_version(PolicyArn=self.id, PolicyDocument=new["policy"], SetAsDefault=True)
        self.change_tags(self.iam.tag_policy, self.iam.untag_policy, new, PolicyArn=self.id)

    def delete(self):
        for version in self.iam.list_policy_versions(PolicyArn=self.id)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.iam.delete_policy_version(PolicyArn=self.id, VersionId=version["VersionId"])
        self.iam.delete_policy(PolicyArn=self.id)


class AccessKey(Member):
    user = None
    config = {"status": "Active"}
    update_to = {"status": "Inactive"}

    def create(self):
        self.id = self.iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]

    def read(self):
        # To import a key the provider finds out its user first; from then on it knows.
        self.user = self.user or self.iam.get_access_key_last_used(AccessKeyId=self.id)["UserName"]
        keys = items(self.iam, "list_access_keys", "AccessKeyMetadata", UserName=self.user)
        return next(({"status": key["Status"]} for key in keys if key["AccessKeyId"] == self.id), None)

    def update(self, new):
        self.iam.update_access_key(UserName="u", AccessKeyId=self.id, Status=new["status"])

    def delete(self):
        self.iam.delete_access_key(UserName="u", AccessKeyId=self.id)


class LoginProfile(Member):
    config = {"password_reset_required": True}

    def create(self):
        self.id = "u"
        self.iam.create_login_profile(UserName=self.id, Password="Correct-Horse-7", PasswordResetRequired=True)

    def read(self):
        profile = self.iam.get_login_profile(UserName=self.id)["LoginProfile"]
        return {"password_reset_required": profile["PasswordResetRequired"]}

    def delete(self):
        self.iam.delete_login_profile(UserName=self.id)


class AccountAlias(Resource):
    config = {"account_alias": "terraform-style-alias"}

    def create(self):
        self.id = self.config["account_alias"]
        self.iam.create_account_alias(AccountAlias=self.id)

    def read(self):
        aliases = self.iam.list_account_aliases()["AccountAliases"]
        return {"account_alias": aliases[0]} if aliases else None

    def delete(self):
        self.iam.delete_account_alias(AccountAlias=self.id)


class SecurityTokenServicePreferences(Resource):
    """There is always one; what is deleted is only forgotten by the provider."""

    config = {"global_endpoint_token_version": "v2Token"}
    update_to = {"global_endpoint_token_version": "v1Token"}

    def create(self):
        self.id = "account"
        self.update(self.config)

    def read(self):
        version = self.iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"]
        return {"global_endpoint_token_version": f"v{version}Token"}

    def update(self, new):
        version = new["global_endpoint_token_version"]
        self.iam.set_security_token_service_preferences(GlobalEndpointTokenVersion=version)


class AccountPasswordPolicy(Resource):
    config = {"MinimumPasswordLength": 12, "RequireSymbols": True, "MaxPasswordAge": 90, "HardExpiry": False}
    update_to = {"MinimumPasswordLength": 8, "RequireSymbols": False, "MaxPasswordAge": 30, "HardExpiry": True}

    def create(self):
        self.id = "iam-account-password-policy"
        self.iam.update_account_password_policy(**self.config)

    def read(self):
        policy = self.iam.get_account_password_policy()["PasswordPolicy"]
        return {key: policy.get(key) for key in self.config}

    def update(self, new):
        self.iam.update_account_password_policy(**new)

    def delete(self):
        self.iam.delete_account_password_policy()


class OpenIDConnectProvider(Resource):
    config = {"clients": ["a", "b"], "thumbprints": ["0" * 40], "tags": {"a": "1"}}
    update_to = {"clients": ["b", "c"], "thumbprints": ["1" * 40, "2" * 40], "tags": {"a": "2"}}

    def create(self):
        made = self.iam.create_open_id_connect_provider(
            Url="https://accounts.example.com/tenant",
            ClientIDList=self.config["clients"],
            ThumbprintList=self.config["thumbprints"],
            Tags=tags(**self.config["tags"]),
        )
        self.id = made["OpenIDConnectProviderArn"]

    def read(self):
        provider = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.id)
        assert provider["Url"] == "accounts.example.com/tenant"
        return {
            "clients": sorted(provider["ClientIDList"]),
            "thumbprints": provider["ThumbprintList"],
            "tags": pairs(provider.get("Tags")),
        }

    def update(self, new):
        arn = {"OpenIDConnectProviderArn": self.id}
        for client in set(new["clients"]) - set(self.config["clients"]):
            self.iam.add_client_id_to_open_id_connect_provider(ClientID=client, **arn)
        for client in set(self.config["clients"]) - set(new["clients"]):
            self.iam.remove_client_id_from_open_id_connect_provider(ClientID=client, **arn)
        self.iam.update_open_id_connect_provider_thumbprint(ThumbprintList=new["thumbprints"], **arn)
        self.change_tags(
            self.iam.tag_open_id_connect_provider, self.iam.untag_open_id_connect_provider, new, **arn
        )

    def delete(self):
        self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.id)


class VirtualMFADevice(Member):
    config = {"path": "/eng/", "tags": {"a": "1"}}
    update_to = {"path": "/eng/", "tags": {"b": "1"}}

    def create(self):
        made = self.iam.create_virtual_mfa_device(
            VirtualMFADeviceName="device", Path=self.config["path"], Tags=tags(**self.config["tags"])
        )["VirtualMFADevice"]
        self.id = made["SerialNumber"]
        assert base64.b32decode(made["Base32StringSeed"]) and made["QRCodePNG"].startswith(b"\x89PNG")

    def read(self):
        devices = items(self.iam, "list_virtual_mfa_devices", "VirtualMFADevices")
        if not any(device["SerialNumber"] == self.id for device in devices):
            return None
        listed = self.iam.list_mfa_device_tags(SerialNumber=self.id)["Tags"]
        return {"path": "/" + self.id.split("/", 1)[1].rsplit("/", 1)[0] + "/", "tags": pairs(listed)}

    def update(self, new):
        self.change_tags(self.iam.tag_mfa_device, self.iam.untag_mfa_device, new, SerialNumber=self.id)

    def delete(self):
        self.iam.delete_virtual_mfa_device(SerialNumber=self.id)


class SamlProvider(Resource):
    config = {"entity": "https://idp.example.com/one", "tags": {"a": "1"}}
    update_to = {"entity": "https://idp.example.com/two", "tags": {}}

    @staticmethod
    def metadata(entity):
        _, certificate = key_and_certificate("idp.example.com")
        body = "".join(certificate.strip().splitlines()[1:-1])
        return f"""<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing">
      <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{body}</X509Certificate></X509Data></KeyInfo>
    </KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>
  </IDPSSODescriptor>
</EntityDescriptor>"""

    def create(self):
        made = self.iam.create_saml_provider(
            Name="idp", SAMLMetadataDocument=self.metadata(self.config["entity"]), Tags=tags(**self.config["tags"])
        )
        self.id = made["SAMLProviderArn"]

    def read(self):
        provider = self.iam.get_saml_provider(SAMLProviderArn=self.id)
        entity = provider["SAMLMetadataDocument"].split('entityID="')[1].split('"')[0]
        return {"entity": entity, "tags": pairs(provider.get("Tags"))}

    def update(self, new):
        self.iam.update_saml_provider(SAMLProviderArn=self.id, SAMLMetadataDocument=self.metadata(new["entity"]))
        self.change_tags(self.iam.tag_saml_provider, self.iam.untag_saml_provider, new, SAMLProviderArn=self.id)

    def delete(self):
        self.iam.delete_saml_provider(SAMLProviderArn=self.id)


class ServerCertificate(Resource):
    config = {"name": "cert", "path": "/web/", "tags": {"a": "1"}}
    update_to = {"name": "other", "path": "/", "tags": {"a": "2"}}

    def create(self):
        key, certificate = key_and_certificate("www.example.com")
        self.iam.upload_server_certificate(
            ServerCertificateName=self.config["name"],
            Path=self.config["path"],
            CertificateBody=certificate,
            PrivateKey=key,
            Tags=tags(**self.config["tags"]),
        )
        self.id = self.config["name"]

    def read(self):
        found = self.iam.get_server_certificate(ServerCertificateName=self.id)["ServerCertificate"]
        metadata = found["ServerCertificateMetadata"]
        assert found["CertificateBody"].startswith("-----BEGIN CERTIFICATE-----")
        return {
            "name": metadata["ServerCertificateName"],
            "path": metadata["Path"],
            "tags": pairs(found.get("Tags")),
        }

    def update(self, new):
        self.iam.update_server_certificate(
            ServerCertificateName=self.id, NewServerCertificateName=new["name"], NewPath=new["path"]
        )
        self.id = new["name"]
        self.change_tags(
            self.iam.tag_server_certificate,
            self.iam.untag_server_certificate,
            new,
            ServerCertificateName=self.id,
        )

    def delete(self):
        self.iam.delete_server_certificate(ServerCertificateName=self.id)


class SigningCertificate(Member):
    config = {"status": "Active"}
    update_to = {"status": "Inactive"}

    def create(self):
        _, certificate = key_and_certificate("u.example.com")
        made = self.iam.upload_signing_certificate(UserName="u", CertificateBody=certificate)
        self.id = f"{made['Certificate']['CertificateId']}:u"

    def read(self):
        wanted, user = self.id.split(":")
        found = items(self.iam, "list_signing_certificates", "Certificates", UserName=user)
        return next(({"status": one["Status"]} for one in found if one["CertificateId"] == wanted), None)

    def update(self, new):
        certificate, user = self.id.split(":")
        self.iam.update_signing_certificate(UserName=user, CertificateId=certificate, Status=new["status"])

    def delete(self):
        certificate, user = self.id.split(":")
        self.iam.delete_signing_certificate(UserName=user, CertificateId=certificate)


class UserSshKey(Member):
    config = {"status": "Active"}
    update_to = {"status": "Inactive"}

    def create(self):
        made = self.iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=ssh_key())
        self.id = f"u:{made['SSHPublicKey']['SSHPublicKeyId']}:SSH"

    def read(self):
        user, key, encoding = self.id.split(":")
        found = self.iam.get_ssh_public_key(UserName=user, SSHPublicKeyId=key, Encoding=encoding)["SSHPublicKey"]
        assert found["SSHPublicKeyBody"].split()[:2] == ssh_key().split()[:2]
        return {"status": found["Status"]}

    def update(self, new):
        user, key, _ = self.id.split(":")
        self.iam.update_ssh_public_key(UserName=user, SSHPublicKeyId=key, Status=new["status"])

    def delete(self):
        user, key, _ = self.id.split(":")
        self.iam.delete_ssh_public_key(UserName=user, SSHPublicKeyId=key)


class ServiceSpecificCredential(Member):
    config = {"status": "Active"}
    update_to = {"status": "Inactive"}
    service = "codecommit.amazonaws.com"

    def create(self):
        made = self.iam.create_service_specific_credential(UserName="u", ServiceName=self.service)
        self.id = f"{self.service}:u:{made['ServiceSpecificCredential']['ServiceSpecificCredentialId']}"

    def read(self):
        service, user, wanted = self.id.split(":")
        found = self.iam.list_service_specific_credentials(UserName=user, ServiceName=service)
        found = found["ServiceSpecificCredentials"]
        return next(({"status": one["Status"]} for one in found if one["ServiceSpecificCredentialId"] == wanted), None)

    def change(self, operation, **more):
        _, user, credential = self.id.split(":")
        operation(UserName=user, ServiceSpecificCredentialId=credential, **more)

    def update(self, new):
        self.change(self.iam.update_service_specific_credential, Status=new["status"])

    def delete(self):
        self.change(self.iam.delete_service_specific_credential)


def key_and_certificate(name):
    """A fresh RSA key and a certificate of its own signature, both PEM."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}"]
    out = subprocess.run([*command, "-keyout", "-"], check=True, capture_output=True, text=True).stdout
    end = out.index("-----BEGIN CERTIFICATE-----")
    return out[:end], out[end:]


def ssh_key():
    """A public key whose modulus nobody has factors of: the form is what counts."""
    modulus = int.from_bytes(hashlib.sha512(b"chancery").digest() * 4) | 1 << 2047 | 1
    parts = [b"ssh-rsa", b"\x01\x00\x01", b"\x00" + modulus.to_bytes(256)]
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return f"ssh-rsa {base64.b64encode(blob).decode()} u@example.com"


RESOURCES = [
    AccessKey,
    AccountAlias,
    AccountPasswordPolicy,
    Group,
    GroupMembership,
    GroupPolicy,
    GroupPolicyAttachment,
    InlinePolicy,
    LoginProfile,
    OpenIDConnectProvider,
    Policy,
    PolicyAttachment,
    PolicyAttachmentTo,
    RolePolicy,
    RolePolicyAttachment,
    SamlProvider,
    SecurityTokenServicePreferences,
    ServerCertificate,
    ServiceSpecificCredential,
    SigningCertificate,
    User,
    UserGroupMembership,
    UserSshKey,
    VirtualMFADevice,
]


def is_gone(resource):
    """As the provider sees it: nothing is read, or there is no such entity."""
    try:
        return resource.read() is None
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] == "NoSuchEntity"


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.__name__)
def test_life_of(iam, kind):
    resource = kind(iam, kind.config)
    resource.prepare()
    resource.create()
    assert resource.read() == resource.config
    assert resource.read() == resource.config, "a second plan is empty"
    if kind.update_to:
        resource.update(kind.update_to)
        resource.config = dict(kind.update_to)
        assert resource.read() == resource.config
    imported = kind(iam, resource.config)
    imported.id = resource.id
    assert imported.read() == resource.config
    if hasattr(imported, "delete"):
        imported.delete()
        assert is_gone(imported)


def test_a_user_that_everything_hangs_on_is_destroyed_by_force(iam, root):
    """`aws_iam_user` with `force_destroy`: the provider clears all that it knows of, then deletes the user."""
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.create_access_key(UserName="u")
    iam.create_login_profile(UserName="u", Password="Correct-Horse-7")
    iam.attach_user_policy(UserName="u", PolicyArn=READ_ONLY)
    iam.put_user_policy(UserName="u", PolicyName="own", PolicyDocument=allow("iam:GetUser"))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]
    seed, now = base64.b32decode(device["Base32StringSeed"]), time.time()
    iam.enable_mfa_device(
        UserName="u",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp(seed, now - 30),
        AuthenticationCode2=totp(seed, now),
    )
    iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=ssh_key())
    iam.upload_signing_certificate(UserName="u", CertificateBody=key_and_certificate("u.example.com")[1])
    iam.create_service_specific_credential(UserName="u", ServiceName="codecommit.amazonaws.com")

    def is_held():
        try:
            iam.delete_user(UserName="u")
        except iam.exceptions.DeleteConflictException:
            return True
        return False

    assert is_held()
    for group in items(iam, "list_groups_for_user", "Groups", UserName="u"):
        iam.remove_user_from_group(GroupName=group["GroupName"], UserName="u")
    for key in items(iam, "list_access_keys", "AccessKeyMetadata", UserName="u"):
        iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    for one in items(iam, "list_mfa_devices", "MFADevices", UserName="u"):
        iam.deactivate_mfa_device(UserName="u", SerialNumber=one["SerialNumber"])
    for one in items(iam, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Unassigned"):
        iam.delete_virtual_mfa_device(SerialNumber=one["SerialNumber"])
    iam.delete_login_profile(UserName="u")
    for key in items(iam, "list_ssh_public_keys", "SSHPublicKeys", UserName="u"):
        iam.delete_ssh_public_key(UserName="u", SSHPublicKeyId=key["SSHPublicKeyId"])
    for one in items(iam, "list_signing_certificates", "Certificates", UserName="u"):
        iam.delete_signing_certificate(UserName="u", CertificateId=one["CertificateId"])
    for one in iam.list_service_specific_credentials(UserName="u")["ServiceSpecificCredentials"]:
        credential = one["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(UserName="u", ServiceSpecificCredentialId=credential)
    assert is_held()
    for policy in items(iam, "list_attached_user_policies", "AttachedPolicies", UserName="u"):
        iam.detach_user_policy(UserName="u", PolicyArn=policy["PolicyArn"])
    for policy in items(iam, "list_user_policies", "PolicyNames", UserName="u"):
        iam.delete_user_policy(UserName="u", PolicyName=policy)
    iam.delete_user(UserName="u")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="u")


def totp(seed, at):
    """RFC 6238 with SHA-1, six digits, 30 seconds."""
    digest = hmac.digest(seed, struct.pack(">Q", int(at // 30)), "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
