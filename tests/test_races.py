"""Many calls at once: what only one may do, one does; quotas hold; and no client is told of a failure of ours."""

import collections
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from house import PASSWORD, Key
from test_iam import document

MANY = 16


@pytest.fixture
def iam(house, root):
    return house.client("iam", root, max_pool_connections=2 * MANY)


@pytest.fixture
def workmail(house, root):
    return house.client("workmail", root, max_pool_connections=2 * MANY)


def at_once(calls):
    """Makes all the calls at the same moment; counts their error codes, and `ok`."""
    barrier = threading.Barrier(len(calls))

    def make(call):
        barrier.wait()
        try:
            call()
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, error
            return error.response["Error"]["Code"]
        return "ok"

    with ThreadPoolExecutor(len(calls)) as pool:
        return collections.Counter(pool.map(make, calls))


def each(call, values):
    return [lambda value=value: call(value) for value in values]


def test_one_of_a_name(iam):
    names = ["".join(c.upper() if n >> i & 1 else c for i, c in enumerate("race")) for n in range(MANY)]
    assert at_once(each(lambda name: iam.create_user(UserName=name), names)) == {
        "ok": 1,
        "EntityAlreadyExists": MANY - 1,
    }
    assert at_once(each(lambda name: iam.delete_user(UserName=name), names)) == {"ok": 1, "NoSuchEntity": MANY - 1}


def test_all_of_different_names(iam):
    """Every change touches the account's own row, so these all meet conflicts."""
    names = [f"user{n}" for n in range(3 * MANY)]
    assert at_once(each(lambda name: iam.create_user(UserName=name), names)) == {"ok": 3 * MANY}
    assert len(iam.list_users()["Users"]) == 3 * MANY


def test_quotas_hold(iam):
    iam.create_user(UserName="u")
    for n in range(12):
        iam.create_group(GroupName=f"g{n}")
    keys = each(lambda _: iam.create_access_key(UserName="u"), range(MANY))
    assert at_once(keys) == {"ok": 2, "LimitExceeded": MANY - 2}
    groups = each(lambda n: iam.add_user_to_group(UserName="u", GroupName=f"g{n}"), range(12))
    assert at_once(groups) == {"ok": 10, "LimitExceeded": 2}
    tags = [[{"Key": f"{n}-{m}", "Value": ""} for m in range(10)] for n in range(8)]
    assert at_once(each(lambda some: iam.tag_user(UserName="u", Tags=some), tags)) == {"ok": 5, "LimitExceeded": 3}
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    versions = each(
        lambda _: iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(), SetAsDefault=True), range(8)
    )
    assert at_once(versions) == {"ok": 4, "LimitExceeded": 4}


def test_one_default_version(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document())
    versions = [f"v{n}" for n in range(1, 6)]
    at_once(
        each(lambda version: iam.set_default_policy_version(PolicyArn=arn, VersionId=version), versions)
        + each(lambda version: iam.delete_policy_version(PolicyArn=arn, VersionId=version), versions)
    )
    left = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    default = [version["VersionId"] for version in left if version["IsDefaultVersion"]]
    assert default == [iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]]


def test_nothing_hangs_on_what_was_deleted(iam):
    for n in range(4):
        name = f"u{n}"
        iam.create_user(UserName=name)
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document())["Policy"]["Arn"]
        at_once(
            [
                lambda: iam.delete_policy(PolicyArn=arn),
                lambda: iam.attach_user_policy(UserName=name, PolicyArn=arn),
                lambda: iam.delete_user(UserName=name),
                lambda: iam.create_access_key(UserName=name),
                lambda: iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document()),
                lambda: iam.update_user(UserName=name, NewUserName=name + "x"),
            ]
        )
        living = {policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]}
        for user in iam.list_users()["Users"]:
            attached = iam.list_attached_user_policies(UserName=user["UserName"])["AttachedPolicies"]
            assert {policy["PolicyArn"] for policy in attached} <= living


def test_a_key_ends_while_it_is_used(house, iam):
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(action="iam:*"))
    made = iam.create_access_key(UserName="u")["AccessKey"]
    key = Key(None, made["AccessKeyId"], made["SecretAccessKey"])
    mine = house.client("iam", key, max_pool_connections=MANY)
    ended = threading.Event()
    late = []

    def use(n):
        for m in range(30):
            after = ended.is_set()
            try:
                mine.create_group(GroupName=f"g{n}-{m}")
                late.append(after)
            except botocore.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] == "InvalidClientTokenId"
                return

    with ThreadPoolExecutor(4) as pool:
        users = [pool.submit(use, n) for n in range(4)]
        iam.update_access_key(UserName="u", AccessKeyId=key.id, Status="Inactive")
        ended.set()
        for user in users:
            user.result()
    assert not any(late)


def test_organizations_users_and_addresses(workmail, root):
    alias = "race-" + root.account_id
    made = each(lambda _: workmail.create_organization(Alias=alias), range(8))
    assert at_once(made) == {"ok": 1, "NameAvailabilityException": 7}
    org = {"OrganizationId": workmail.list_organizations()["OrganizationSummaries"][0]["OrganizationId"]}
    same = each(lambda _: workmail.create_user(**org, Name="ann", DisplayName="x"), range(4))
    same += each(lambda _: workmail.create_group(**org, Name="Ann"), range(4))
    assert at_once(same) == {"ok": 1, "NameAvailabilityException": 7}
    users = [
        workmail.create_user(**org, Name=f"u{n}", DisplayName="x", Password=PASSWORD)["UserId"] for n in range(6)
    ]
    email = f"one@{alias}.awsapps.com"
    register = each(lambda user: workmail.register_to_work_mail(**org, EntityId=user, Email=email), users)
    assert at_once(register) == {"ok": 1, "EmailAddressInUseException": 5}
    groups = [workmail.create_group(**org, Name=f"g{n}")["GroupId"] for n in range(4)]
    ring = zip(groups, groups[1:] + groups[:1], strict=True)
    joined = each(
        lambda pair: workmail.associate_member_to_group(**org, GroupId=pair[0], MemberId=pair[1]), list(ring)
    )
    assert at_once(joined) == {"ok": 3, "InvalidParameterException": 1}


def test_one_client_token_is_one_organization(workmail, root):
    made = []

    def create(_):
        made.append(workmail.create_organization(Alias="token-" + root.account_id, ClientToken="t"))

    assert at_once(each(create, range(8))) == {"ok": 8}
    assert len({json.dumps(answer["OrganizationId"]) for answer in made}) == 1
