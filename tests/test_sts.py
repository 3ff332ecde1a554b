"""Temporary credentials, as boto3 takes them on and as the Rust, Go and CLI credential chains do: roles assumed
and assumed from each other, federated users, second factors, denials decoded."""

import base64
import datetime
import hashlib
import hmac
import json
import struct
import time

import boto3
import botocore.exceptions
import pytest

from house import Key


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


@pytest.fixture
def admin(iam):
    """The key of a user who may do everything."""
    return user(iam, "admin", allow("*"))


def allow(*actions, effect="Allow", **more):
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, *actions, **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions or ["sts:AssumeRole"]), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user(iam, name, policy=None):
    iam.create_user(UserName=name)
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(None, made["AccessKeyId"], made["SecretAccessKey"])


def role(iam, name, trusting, policy=None):
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return arn


def account_of(arn):
    return arn.split(":")[4]


def session(house, service, credentials):
    return house.client(service, temporary(credentials, credentials["SessionToken"]))


def temporary(credentials, token):
    return Key(None, credentials["AccessKeyId"], credentials["SecretAccessKey"], token)


def refusal(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def totp(seed, at):
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", int(at) // 30), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_role_is_assumed_and_used_and_ends(house, iam, admin):
    sts = house.client("sts", admin)
    account = sts.get_caller_identity()["Account"]
    arn = role(iam, "Scribe", trust({"AWS": account}), allow("iam:ListUsers"))
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="letters", DurationSeconds=900)
    credentials = answer["Credentials"]
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/Scribe/letters"
    left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 890 < left.total_seconds() <= 900
    assert session(house, "sts", credentials).get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    as_role = session(house, "iam", credentials)
    assert [user["UserName"] for user in as_role.list_users()["Users"]] == ["admin"]
    code, message = refusal(as_role.list_roles)
    assert code == "AccessDenied"
    assert message.endswith("because no identity-based policy allows the iam:ListRoles action")

    used = iam.get_role(RoleName="Scribe")["Role"]["RoleLastUsed"]
    for _ in range(40):
        if used:
            break
        time.sleep(0.1)
        used = iam.get_role(RoleName="Scribe")["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"

    iam.delete_role_policy(RoleName="Scribe", PolicyName="own")
    assert refusal(as_role.list_users)[0] == "AccessDenied"
    iam.delete_role(RoleName="Scribe")
    assert refusal(as_role.list_users)[0] == "InvalidClientTokenId"


def test_botocore_refreshes_an_assumed_role_by_itself(house, iam, admin, tmp_path, monkeypatch):
    arn = role(iam, "Profile", trust({"AWS": account_of_key(house, admin)}), allow("iam:GetRole"))
    config = tmp_path / "config"
    config.write_text(
        f"[profile base]\naws_access_key_id={admin.id}\naws_secret_access_key={admin.secret}\n"
        f"[profile scribe]\nrole_arn={arn}\nsource_profile=base\nexternal_id=letters\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL", house.endpoint)
    chain = boto3.Session(profile_name="scribe", region_name="us-east-1")
    assert chain.client("iam").get_role(RoleName="Profile")["Role"]["Arn"] == arn


def account_of_key(house, key):
    return house.client("sts", key).get_caller_identity()["Account"]


def test_another_account_is_let_in_by_both_sides(house, iam, admin):
    other_root = house.create_account()
    other_iam = house.client("iam", other_root)
    guest = user(other_iam, "guest", allow("sts:AssumeRole"))
    stranger = user(other_iam, "stranger")
    other = account_of_key(house, guest)
    arn = role(iam, "Guest", trust({"AWS": f"arn:aws:iam::{other}:root"}), allow("iam:GetUser"))
    sts = house.client("sts", guest)
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="visit")["Credentials"]
    assert session(house, "sts", credentials).get_caller_identity()["Account"] == account_of(arn)
    code, message = refusal(
        house.client("sts", stranger).assume_role, RoleArn=arn, RoleSessionName="visit"
    )
    assert code == "AccessDenied"
    assert "because no identity-based policy allows the sts:AssumeRole action" in message


def test_a_second_factor_opens_what_asks_for_it(house, iam, admin):
    factor = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"], device["SerialNumber"], time.time()
    iam.enable_mfa_device(
        UserName="admin",
        SerialNumber=serial,
        AuthenticationCode1=totp(seed, now - 30),
        AuthenticationCode2=totp(seed, now),
    )
    arn = role(iam, "Factor", trust({"AWS": account_of_key(house, admin)}, Condition=factor))
    sts = house.client("sts", admin)
    wanted = {"RoleArn": arn, "RoleSessionName": "letters"}
    assert refusal(sts.assume_role, **wanted)[0] == "AccessDenied"
    wrong = {"SerialNumber": serial, "TokenCode": totp(seed, now - 30)}
    code, message = refusal(sts.assume_role, **wanted, **wrong)
    assert (code, message) == (
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    )
    right = {"SerialNumber": serial, "TokenCode": totp(seed, now + 30)}
    sts.assume_role(**wanted, **right)
    assert refusal(sts.assume_role, **wanted, **right)[0] == "AccessDenied", "a code is used once"


def test_a_session_without_a_second_factor_assumes_a_role_with_all_that_belongs_to_it(house, iam, admin):
    credentials = house.client("sts", admin).get_session_token()["Credentials"]
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    owner = account_of(iam.get_user(UserName="admin")["User"]["Arn"])
    arn = role(iam, "tagged", trust({"AWS": owner}, *actions))
    sts = session(house, "sts", credentials)
    tags = [{"Key": "team", "Value": "mail"}]
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName="xx", Tags=tags, SourceIdentity="ada")
    assert assumed["SourceIdentity"] == "ada"


def test_a_session_with_a_second_factor_reaches_iam(house, iam, admin):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"], device["SerialNumber"], time.time()
    codes = {"AuthenticationCode1": totp(seed, now - 30), "AuthenticationCode2": totp(seed, now)}
    iam.enable_mfa_device(UserName="admin", SerialNumber=serial, **codes)
    sts = house.client("sts", admin)
    plain = sts.get_session_token()["Credentials"]
    assert refusal(session(house, "iam", plain).list_users)[0] == "InvalidClientTokenId"
    proved = sts.get_session_token(SerialNumber=serial, TokenCode=totp(seed, now + 30))["Credentials"]
    assert session(house, "iam", proved).list_users()["Users"]


def test_a_federated_user_works_within_its_policy(house, iam, admin):
    sts = house.client("sts", admin)
    policy = allow("workmail:ListOrganizations")
    answer = sts.get_federation_token(Name="guest", Policy=policy, Tags=[{"Key": "Team", "Value": "letters"}])
    assert answer["FederatedUser"]["Arn"].endswith(":federated-user/guest")
    assert 0 < answer["PackedPolicySize"] < 100
    guest = session(house, "workmail", answer["Credentials"])
    assert guest.list_organizations()["OrganizationSummaries"] == []
    code, message = refusal(guest.create_organization, Alias="guests")
    assert code == "AccessDeniedException"
    assert "because no session policy allows the workmail:CreateOrganization action" in message
    assert refusal(session(house, "iam", answer["Credentials"]).list_users)[0] == "InvalidClientTokenId"


def test_session_tags_are_the_principals_tags(house, iam, admin):
    condition = {"StringEquals": {"aws:PrincipalTag/Team": "letters"}}
    arn = role(
        iam,
        "Tagged",
        trust({"AWS": account_of_key(house, admin)}, "sts:AssumeRole", "sts:TagSession"),
        allow("iam:ListUsers", Condition=condition),
    )
    sts = house.client("sts", admin)

    def listing(**tags):
        tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = sts.assume_role(RoleArn=arn, RoleSessionName="letters", Tags=tags)
        return session(house, "iam", made["Credentials"]).list_users

    assert listing(Team="letters")()["Users"]
    assert refusal(listing(Team="parcels"))[0] == "AccessDenied"
    iam.tag_role(RoleName="Tagged", Tags=[{"Key": "team", "Value": "letters"}])
    assert listing()()["Users"], "the role's own tag"
    assert refusal(listing(Team="parcels"))[0] == "AccessDenied", "the session's outweighs it"


def test_a_denial_is_decoded(house, iam, admin):
    anna = user(iam, "anna", allow("iam:ListUsers", effect="Deny"))
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        house.client("iam", anna).list_users()
    encoded = refused.value.response["Error"]["Detail"].rsplit(": ", 1)[1]
    sts = house.client("sts", admin)
    told = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert told["explicitDeny"] and told["context"]["action"] == "iam:ListUsers"
    code, _ = refusal(sts.decode_authorization_message, EncodedMessage=encoded[::-1])
    assert code == "InvalidAuthorizationMessageException"


def test_an_altered_token_is_refused(house, iam, admin):
    credentials = house.client("sts", admin).get_session_token()["Credentials"]
    token = credentials["SessionToken"]
    for altered in [token[:-4], token[4:], "A" * 600, "!", token.swapcase()]:
        sts = house.client("sts", temporary(credentials, altered))
        code, message = refusal(sts.get_caller_identity)
        assert (code, message) == (
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
        )
