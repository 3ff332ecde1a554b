"""IAM and STS as boto3 and the AWS CLI see them."""

import json
import re
import time

import botocore.exceptions
import pytest

from house import Key

READ_ONLY = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(effect="Allow", action="iam:GetUser", resource="*", **more):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]}
    )


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


def refusal(call, *arguments, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(*arguments, **parameters)
    response = refused.value.response
    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500, response
    return response["Error"]["Code"], response["Error"]["Message"]


def user_key(house, iam, name, *policies, inline=None, path="/"):
    """A user with policies, and its key."""
    iam.create_user(UserName=name, Path=path)
    for arn in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    if inline:
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=inline)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(None, made["AccessKeyId"], made["SecretAccessKey"])


def test_life_of_a_user(iam, root):
    user = iam.create_user(UserName="Ada", Path="/eng/", Tags=[{"Key": "team", "Value": "x"}])["User"]
    assert user["Arn"] == f"arn:aws:iam::{root.account_id}:user/eng/Ada"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", user["UserId"])
    assert refusal(iam.create_user, UserName="ADA")[0] == "EntityAlreadyExists"
    got = iam.get_user(UserName="ada")["User"]
    assert got["UserId"] == user["UserId"] and got["Tags"] == [{"Key": "team", "Value": "x"}]
    iam.update_user(UserName="Ada", NewUserName="Lovelace", NewPath="/")
    assert iam.get_user(UserName="Lovelace")["User"]["UserId"] == user["UserId"]
    assert refusal(iam.get_user, UserName="Ada") == (
        "NoSuchEntity",
        "The user with name Ada cannot be found.",
    )
    key = iam.create_access_key(UserName="Lovelace")["AccessKey"]
    code, message = refusal(iam.delete_user, UserName="Lovelace")
    assert code == "DeleteConflict" and message == "Cannot delete entity, must delete access keys first."
    iam.delete_access_key(UserName="Lovelace", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="Lovelace")
    assert iam.list_users()["Users"] == []


def test_pages_of_users(iam):
    names = [f"user{n:03}" for n in range(23)]
    for name in names:
        iam.create_user(UserName=name, Path="/p/")
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix="/p/", PaginationConfig={"PageSize": 5}))
    assert len(pages) == 5
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    first = iam.list_users(MaxItems=5)
    marker = first["Marker"]
    altered = marker[:-2] + ("AA" if marker[-2:] != "AA" else "BB")
    assert refusal(iam.list_users, MaxItems=5, Marker=altered)[0] == "ValidationError"


def test_access_keys(house, iam, root):
    key = user_key(house, iam, "k", inline=document(action="iam:*"))
    assert house.client("sts", key).get_caller_identity()["Arn"].endswith(":user/k")
    iam.create_access_key(UserName="k")
    code, message = refusal(iam.create_access_key, UserName="k")
    assert code == "LimitExceeded" and message == "Cannot exceed quota for AccessKeysPerUser: 2"
    listed = iam.list_access_keys(UserName="k")["AccessKeyMetadata"]
    assert len(listed) == 2 and all("SecretAccessKey" not in row for row in listed)
    iam.update_access_key(UserName="k", AccessKeyId=key.id, Status="Inactive")
    assert refusal(house.client("sts", key).get_caller_identity)[0] == "InvalidClientTokenId"
    iam.update_access_key(UserName="k", AccessKeyId=key.id, Status="Active")
    house.client("sts", key).get_caller_identity()
    deadline = time.monotonic() + 5
    while "LastUsedDate" not in (used := iam.get_access_key_last_used(AccessKeyId=key.id))["AccessKeyLastUsed"]:
        assert time.monotonic() < deadline, used
        time.sleep(0.2)
    assert used["UserName"] == "k" and used["AccessKeyLastUsed"]["ServiceName"] in ("sts", "iam")


def test_a_user_looks_after_its_own_keys(house, iam):
    own = document(action=["iam:*AccessKey*", "iam:GetUser"], resource="arn:aws:iam::*:user/${aws:username}")
    key = user_key(house, iam, "self", inline=own)
    mine = house.client("iam", key)
    assert mine.get_user()["User"]["UserName"] == "self"
    assert [row["AccessKeyId"] for row in mine.list_access_keys()["AccessKeyMetadata"]] == [key.id]
    iam.create_user(UserName="other")
    assert refusal(mine.list_access_keys, UserName="other")[0] == "AccessDenied"


def test_denial_in_aws_words(house, iam, root):
    key = user_key(house, iam, "nobody")
    code, message = refusal(house.client("iam", key).get_user, UserName="nobody")
    arn = f"arn:aws:iam::{root.account_id}:user/nobody"
    assert code == "AccessDenied"
    assert message == (
        f"User: {arn} is not authorized to perform: iam:GetUser on resource: {arn} "
        "because no identity-based policy allows the iam:GetUser action"
    )
    both = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*"},
    ]
    iam.put_user_policy(
        UserName="nobody",
        PolicyName="both",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": both}),
    )
    _, message = refusal(house.client("iam", key).get_user, UserName="nobody")
    assert message.endswith("with an explicit deny in an identity-based policy")
    assert house.client("iam", key).list_users()["Users"]


def test_changes_reach_the_next_call(house, iam):
    key = user_key(house, iam, "late")
    client = house.client("iam", key)
    assert refusal(client.list_users)[0] == "AccessDenied"
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=ADMIN)
    iam.add_user_to_group(GroupName="g", UserName="late")
    client.list_users()
    iam.detach_group_policy(GroupName="g", PolicyArn=ADMIN)
    assert refusal(client.list_users)[0] == "AccessDenied"
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(action="iam:ListUsers"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="late", PolicyArn=arn)
    client.list_users()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(action="iam:ListGroups"), SetAsDefault=True)
    assert refusal(client.list_users)[0] == "AccessDenied"
    client.list_groups()


def test_managed_policies_and_versions(iam, root):
    policy = iam.create_policy(PolicyName="P", Path="/x/", PolicyDocument=document(), Description="d")["Policy"]
    arn = policy["Arn"]
    assert arn == f"arn:aws:iam::{root.account_id}:policy/x/P" and policy["DefaultVersionId"] == "v1"
    for n in range(2, 6):
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(action=f"iam:Get{n}*"))
        assert made["PolicyVersion"]["VersionId"] == f"v{n}"
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=document())[0] == "LimitExceeded"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    shown = iam.get_policy_version(PolicyArn=arn, VersionId="v3")["PolicyVersion"]["Document"]
    assert shown["Statement"][0]["Action"] == "iam:Get3*"
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v3")[0] == "DeleteConflict"
    iam.create_user(UserName="u")
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["u"]
    code, message = refusal(iam.delete_policy, PolicyArn=arn)
    assert (code, message) == ("DeleteConflict", "Cannot delete a policy attached to entities.")
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    assert refusal(iam.detach_user_policy, UserName="u", PolicyArn=arn)[0] == "NoSuchEntity"
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    for version in ("v1", "v2", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"


def test_aws_managed_policies(iam):
    policies = [
        policy
        for page in iam.get_paginator("list_policies").paginate(Scope="AWS")
        for policy in page["Policies"]
    ]
    arns = {policy["Arn"] for policy in policies}
    assert {ADMIN, READ_ONLY, "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess"} <= arns
    shown = iam.get_policy(PolicyArn=READ_ONLY)["Policy"]
    document = iam.get_policy_version(PolicyArn=READ_ONLY, VersionId=shown["DefaultVersionId"])
    assert "workmail:Describe*" in document["PolicyVersion"]["Document"]["Statement"][0]["Action"]
    assert refusal(iam.delete_policy, PolicyArn=READ_ONLY)[0] == "AccessDenied"


def test_malformed_documents_are_told_where(iam):
    missing_comma = '{\n "Version": "2012-10-17",\n "Statement": [{\n  "Effect": "Allow"\n  "Action": "*",\n  "Resource": "*"}]}'
    code, message = refusal(iam.create_policy, PolicyName="bad", PolicyDocument=missing_comma)
    assert code == "MalformedPolicyDocument" and "line 5" in message, message
    for bad in (
        "{}",
        "[]",
        document(effect="allow"),
        document(action="GetUser"),
        document(Principal="*"),
        document(Fish=1),
        document(Condition={"StringFishes": {"aws:username": "x"}}),
        document().replace("2012-10-17", "2008-10-17"),
        document(resource="fish"),
    ):
        assert refusal(iam.create_policy, PolicyName="bad", PolicyDocument=bad)[0] == "MalformedPolicyDocument", bad
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_inline_policies(iam):
    iam.create_group(GroupName="g")
    text = document(action=["iam:GetUser"])
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=text)
    assert iam.list_group_policies(GroupName="g")["PolicyNames"] == ["p"]
    assert iam.get_group_policy(GroupName="g", PolicyName="p")["PolicyDocument"] == json.loads(text)
    assert refusal(iam.delete_group, GroupName="g")[0] == "DeleteConflict"
    big = document(action=["iam:" + "x" * 100] * 60)
    assert refusal(iam.put_group_policy, GroupName="g", PolicyName="big", PolicyDocument=big)[0] == "LimitExceeded"
    iam.delete_group_policy(GroupName="g", PolicyName="p")
    assert refusal(iam.get_group_policy, GroupName="g", PolicyName="p")[0] == "NoSuchEntity"
    iam.delete_group(GroupName="g")


def test_login_profile_and_password(house, iam):
    iam.create_user(UserName="u")
    assert refusal(iam.get_login_profile, UserName="u")[0] == "NoSuchEntity"
    assert refusal(iam.create_login_profile, UserName="u", Password="short")[0] == "PasswordPolicyViolation"
    iam.create_login_profile(UserName="u", Password="Correct-Horse-7", PasswordResetRequired=True)
    assert iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"] is True
    iam.put_user_policy(
        UserName="u", PolicyName="change", PolicyDocument=document(action="iam:ChangePassword")
    )
    made = iam.create_access_key(UserName="u")["AccessKey"]
    mine = house.client("iam", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))
    code, _ = refusal(mine.change_password, OldPassword="wrong-One-9", NewPassword="Better-Horse-8")
    assert code in ("InvalidUserType", "AccessDenied", "PasswordPolicyViolation", "NoSuchEntity")
    mine.change_password(OldPassword="Correct-Horse-7", NewPassword="Better-Horse-8")
    iam.delete_login_profile(UserName="u")


def test_account_alias_tags_and_summary(house, iam):
    alias = "alias-" + str(time.time_ns())
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    other = house.client("iam", house.create_account())
    assert refusal(other.create_account_alias, AccountAlias=alias)[0] == "EntityAlreadyExists"
    iam.delete_account_alias(AccountAlias=alias)
    iam.create_user(UserName="u")
    iam.tag_user(UserName="u", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_user(UserName="u", Tags=[{"Key": "A", "Value": "3"}])
    assert {t["Key"].lower(): t["Value"] for t in iam.list_user_tags(UserName="u")["Tags"]} == {"a": "3", "b": "2"}
    iam.untag_user(UserName="u", TagKeys=["a", "b"])
    assert iam.list_user_tags(UserName="u")["Tags"] == []
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Users"] == 1 and summary["AccessKeysPerUserQuota"] == 2


def test_tags_decide(house, iam):
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:username}"}}
    key = user_key(house, iam, "boss", inline=document(action="iam:GetUser", Condition=condition))
    iam.create_user(UserName="mine", Tags=[{"Key": "team", "Value": "boss"}])
    iam.create_user(UserName="theirs", Tags=[{"Key": "team", "Value": "other"}])
    client = house.client("iam", key)
    client.get_user(UserName="mine")
    assert refusal(client.get_user, UserName="theirs")[0] == "AccessDenied"
    assert refusal(client.get_user, UserName="missing")[0] == "AccessDenied"


def test_iam_has_one_region(house, iam):
    """Whatever a client signs for, so that no other region steps around a denial."""
    both = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        },
    ]
    key = user_key(house, iam, "abroad", inline=json.dumps({"Version": "2012-10-17", "Statement": both}))
    assert refusal(house.client("iam", key, region="eu-west-1").list_users)[0] == "AccessDenied"
    house.client("workmail", key, region="eu-west-1").list_organizations()
    assert refusal(house.client("workmail", key).list_organizations)[0] == "AccessDeniedException"


def test_session_tokens(house, iam, root):
    key = user_key(house, iam, "s", ADMIN)
    made = house.client("sts", key).get_session_token(DurationSeconds=900)["Credentials"]
    session = Key(None, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert made["AccessKeyId"].startswith("ASIA")
    assert house.client("sts", session).get_caller_identity()["Arn"].endswith(":user/s")
    assert refusal(house.client("iam", session).list_users)[0] == "InvalidClientTokenId"
    house.client("workmail", session).list_organizations()
    assert refusal(house.client("sts", session).get_session_token)[0] == "AccessDenied"
    altered = Key(None, session.id, session.secret, session.token[:-6] + "AAAA" + session.token[-2:])
    assert refusal(house.client("sts", altered).get_caller_identity)[0] == "InvalidClientTokenId"
    without = Key(None, session.id, session.secret)
    assert refusal(house.client("sts", without).get_caller_identity)[0] == "InvalidClientTokenId"
    for access_key in iam.list_access_keys(UserName="s")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="s", AccessKeyId=access_key["AccessKeyId"])
    iam.detach_user_policy(UserName="s", PolicyArn=ADMIN)
    iam.delete_user(UserName="s")
    assert refusal(house.client("sts", session).get_caller_identity)[0] == "InvalidClientTokenId"


def test_the_command_line_client(house, root):
    assert house.aws(root, "sts", "get-caller-identity")["Account"] == root.account_id
    house.aws(root, "iam", "create-user", "--user-name", "cli")
    assert house.aws(root, "iam", "list-users")["Users"][0]["UserName"] == "cli"
    done = house.aws(root, "iam", "get-user", "--user-name", "nobody", check=False)
    assert done.returncode != 0 and "(NoSuchEntity)" in done.stderr


def test_every_call_is_recorded(own_house):
    key = own_house.create_account()
    own_house.start()
    iam = own_house.client("iam", key)
    iam.create_user(UserName="seen")
    secret = iam.create_access_key(UserName="seen")["AccessKey"]["SecretAccessKey"]
    iam.list_users()
    refusal(iam.get_user, UserName="nobody")
    deadline = time.monotonic() + 5
    while True:
        rows = own_house.rows("SELECT event_name, error_code, record FROM events ORDER BY event_time")
        if len(rows) == 4 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert [(name, error) for name, error, _ in rows] == [
        ("CreateUser", None),
        ("CreateAccessKey", None),
        ("ListUsers", None),
        ("GetUser", "NoSuchEntity"),
    ]
    record = json.loads(rows[0][2])
    assert record["requestParameters"] == {"userName": "seen"}
    assert record["responseElements"]["user"]["userName"] == "seen"
    assert record["userIdentity"]["type"] == "Root"
    made = json.loads(rows[1][2])["responseElements"]["accessKey"]
    assert made["userName"] == "seen" and secret not in rows[1][2]
