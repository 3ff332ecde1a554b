"""Ways around a policy that must lead nowhere."""

import json
import time

import botocore.exceptions
import pytest

from house import PASSWORD, Key, Organization
from test_iam import document, user_key
from test_wire import FORM, JSON, code, signed

ACTION = b"Action=GetUser&UserName=victim&Version=2010-05-08"


@pytest.fixture
def iam(house, root):
    iam = house.client("iam", root)
    iam.create_user(UserName="victim")
    iam.create_user(UserName="hidden", Path="/secret/")
    return iam


def outcome(call, **parameters):
    """`ok`, or the code of the error."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "ok"


def statements(*several):
    """One document of several statements; each allows all but what it says."""
    whole = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | one for one in several]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


def test_variables_are_no_wildcards(house, iam, root):
    own = document(resource="arn:aws:iam::*:user/${aws:UserAgent}")
    key = user_key(house, iam, "agent", inline=own)
    for agent, status in (("victim", 200), ("*", 403), ("v?ctim", 403), ("${*}", 403), ("victi*", 403)):
        headers = {"Content-Type": FORM, "User-Agent": agent}
        assert signed(house, key, "iam", ACTION, headers)[0] == status, agent


@pytest.mark.parametrize("name", ["hidden", "HIDDEN", "Hidden"])
def test_another_letter_case_is_the_same_user(house, iam, root, name):
    arn = f"arn:aws:iam::{root.account_id}:user/secret/hidden"
    key = user_key(house, iam, "k", inline=statements({}, {"Effect": "Deny", "Resource": arn}))
    mine = house.client("iam", key)
    assert outcome(mine.get_user, UserName=name) == "AccessDenied"
    assert outcome(mine.create_access_key, UserName=name) == "AccessDenied"
    assert outcome(mine.create_login_profile, UserName=name, Password=PASSWORD) == "AccessDenied"
    assert outcome(mine.update_user, UserName=name, NewUserName="free") == "AccessDenied"
    assert outcome(mine.delete_user, UserName=name) == "AccessDenied"
    assert outcome(mine.delete_user, UserName="victim") == "ok"


def test_nobody_moves_a_user_where_he_may_not(house, iam):
    key = user_key(house, iam, "k", inline=document(action="iam:*", resource="arn:aws:iam::*:user/open/*"))
    mine = house.client("iam", key)
    assert outcome(mine.create_user, UserName="a", Path="/open/") == "ok"
    assert outcome(mine.create_user, UserName="b") == "AccessDenied"
    assert outcome(mine.update_user, UserName="a", NewPath="/secret/") == "AccessDenied"
    assert outcome(mine.update_user, UserName="victim", NewPath="/open/") == "AccessDenied"
    assert outcome(mine.update_user, UserName="a", NewUserName="c") == "ok"


def test_keys_are_not_reached_by_another_name(house, iam, root):
    key = user_key(house, iam, "k", inline=document(action="iam:*", resource="arn:aws:iam::*:user/k"))
    theirs = iam.create_access_key(UserName="victim")["AccessKey"]["AccessKeyId"]
    mine = house.client("iam", key)
    for parameters in ({}, {"UserName": "k"}):
        assert outcome(mine.delete_access_key, AccessKeyId=theirs, **parameters) == "NoSuchEntity"
        assert outcome(mine.update_access_key, AccessKeyId=theirs, Status="Inactive", **parameters) == "NoSuchEntity"
    assert outcome(mine.delete_access_key, AccessKeyId=theirs, UserName="victim") == "AccessDenied"
    assert outcome(mine.get_access_key_last_used, AccessKeyId=theirs) == "AccessDenied"


def test_a_denial_of_a_group_follows_both_names(house, iam):
    key = user_key(house, iam, "k", inline=document(action="*"))
    iam.create_group(GroupName="denied")
    deny = document(effect="Deny", action="iam:ListUsers")
    iam.put_group_policy(GroupName="denied", PolicyName="deny", PolicyDocument=deny)
    iam.add_user_to_group(GroupName="denied", UserName="k")
    mine = house.client("iam", key)
    assert outcome(mine.list_users) == "AccessDenied"
    iam.update_user(UserName="k", NewUserName="other", NewPath="/x/")
    iam.update_group(GroupName="denied", NewGroupName="still-denied")
    assert outcome(mine.list_users) == "AccessDenied"


def test_a_recreated_user_is_another(house, iam):
    key = user_key(house, iam, "phoenix", inline=document(action="*"))
    made = house.client("sts", key).get_session_token()["Credentials"]
    session = Key(None, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    iam.delete_user_policy(UserName="phoenix", PolicyName=iam.list_user_policies(UserName="phoenix")["PolicyNames"][0])
    iam.delete_access_key(UserName="phoenix", AccessKeyId=key.id)
    iam.delete_user(UserName="phoenix")
    user_key(house, iam, "phoenix", inline=document(action="*"))
    assert outcome(house.client("sts", key).get_caller_identity) == "InvalidClientTokenId"
    assert outcome(house.client("workmail", session).list_organizations) == "UnrecognizedClientException"


def test_tags_at_creation_decide(house, iam):
    only = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    inline = document(action=["iam:CreateUser", "iam:TagUser"], Condition=only)
    mine = house.client("iam", user_key(house, iam, "k", inline=inline))
    tags = [
        ([("team", "a")], "ok"),
        ([("team", "b")], "AccessDenied"),
        ([("team", "a"), ("more", "x")], "AccessDenied"),
        ([], "AccessDenied"),
    ]
    for number, (pairs, expected) in enumerate(tags):
        given = [{"Key": key, "Value": value} for key, value in pairs]
        assert outcome(mine.create_user, UserName=f"t{number}", Tags=given) == expected, pairs


def test_conditions_on_what_is_missing(house, iam):
    cases = (
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "AccessDenied"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "ok"),
        ({"StringNotEquals": {"aws:ResourceTag/owner": "me"}}, "AccessDenied"),
        ({"Null": {"aws:TokenIssueTime": "true"}}, "AccessDenied"),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, "ok"),
    )
    for number, (condition, expected) in enumerate(cases):
        inline = statements({}, {"Effect": "Deny", "Condition": condition})
        mine = house.client("iam", user_key(house, iam, f"k{number}", inline=inline))
        assert outcome(mine.get_user, UserName="victim") == expected, condition


def test_one_request_is_one_request(house, iam, root):
    for arguments in (
        {"body": ACTION, "path": "/?Action=DeleteUser&UserName=victim&Version=2010-05-08"},
        {"body": ACTION + b"&Action=DeleteUser"},
        {"body": ACTION + b"&UserName=hidden"},
    ):
        assert signed(house, root, "iam", **arguments)[0] == 400, arguments
    target = {"X-Amz-Target": "WorkMailService.ListOrganizations"}
    assert signed(house, root, "iam", ACTION, {"Content-Type": FORM} | target)[0] == 400
    assert signed(house, root, "iam", b"{}", {"Content-Type": JSON} | target)[0] == 400
    status, _, text = signed(house, root, "sts", ACTION)
    assert (status, code(text)) == (400, "InvalidAction")


def test_an_organization_is_reached_by_its_own_name_only(house, iam, root):
    denied, free = Organization(house, root), Organization(house, root)
    arn = denied.workmail.describe_organization(OrganizationId=denied.id)["ARN"]
    key = user_key(house, iam, "k", inline=statements({}, {"Effect": "Deny", "Resource": arn}))
    mine, abroad = house.client("workmail", key), house.client("workmail", key, region="eu-west-1")
    assert outcome(mine.list_users, OrganizationId=free.id) == "ok"
    assert outcome(mine.list_users, OrganizationId=denied.id) == "AccessDeniedException"
    assert outcome(mine.list_tags_for_resource, ResourceARN=arn) == "AccessDeniedException"
    for call, parameters in (
        (abroad.list_users, {"OrganizationId": denied.id}),
        (abroad.delete_organization, {"OrganizationId": denied.id, "DeleteDirectory": True, "ForceDelete": True}),
    ):
        assert outcome(call, **parameters) == "OrganizationNotFoundException"
    page = free.workmail
    for name in ("a", "b"):
        page.create_user(OrganizationId=free.id, Name=name, DisplayName=name)
        denied.workmail.create_user(OrganizationId=denied.id, Name=name, DisplayName=name)
    token = page.list_users(OrganizationId=free.id, MaxResults=1)["NextToken"]
    for call, organization in ((page.list_groups, free.id), (page.list_users, denied.id)):
        assert outcome(call, OrganizationId=organization, NextToken=token) == "InvalidParameterException"


def test_the_trust_policy_of_another_account_is_not_told(house, iam, root):
    """What denies is recorded where the caller can read it: an external id must not be."""
    stranger = house.create_account()
    key = user_key(house, house.client("iam", stranger), "s", inline=statements({}))
    trusted = {"Principal": {"AWS": stranger.account_id}, "Action": "sts:AssumeRole"}
    policy = [
        {"Sid": "Hidden", "Effect": "Allow", "Condition": {"StringEquals": {"sts:ExternalId": "hidden-id"}}, **trusted},
        {"Sid": "Hidden2", "Effect": "Deny", "Condition": {"StringEquals": {"sts:ExternalId": "trap"}}, **trusted},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    sts, trail = house.client("sts", key), house.client("cloudtrail", key)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        sts.assume_role(RoleArn=arn, RoleSessionName="xx", ExternalId="trap")
    encoded = refused.value.response["Error"]["Detail"].split(": ")[1]
    decoded = sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    assert json.loads(decoded)["explicitDeny"] and "Hidden" not in decoded
    assert outcome(sts.assume_role, RoleArn=arn, RoleSessionName="xx") == "AccessDenied"
    for record in denials(trail, 2):
        assert "hidden" not in record.lower()
        assert json.loads(record)["additionalEventData"]["authorization"]["decidedBy"]["policyType"] == "role trust policy"


def denials(trail, count):
    """The records of refused `AssumeRole` calls, once there are `count`."""
    deadline = time.monotonic() + 10
    while True:
        wanted = [{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]
        records = [event["CloudTrailEvent"] for event in trail.lookup_events(LookupAttributes=wanted)["Events"]]
        if len(records) >= count:
            return records
        assert time.monotonic() < deadline, records
        time.sleep(0.1)
