"""Several accounts in one server: none can name, read or change what is another's."""

import botocore
import pytest

from house import PASSWORD, Key, Organization
from test_iam import ADMIN, refusal, user_key
from test_workmail import whole_inputs


@pytest.fixture
def two(house):
    """Two accounts, each with an administrator and an organization."""
    accounts = []
    for name in ("one", "two"):
        root = house.create_account(name=name)
        iam = house.client("iam", root)
        key = user_key(house, iam, "admin", ADMIN)
        accounts.append((root, key, Organization(house, key)))
    return accounts


def test_users_of_the_same_name_are_strangers(house, two):
    (root, _, _), (_, other, _) = two
    theirs = house.client("iam", other)
    house.client("iam", root).create_user(UserName="secret")
    assert refusal(theirs.get_user, UserName="secret")[0] == "NoSuchEntity"
    assert [user["UserName"] for user in theirs.list_users()["Users"]] == ["admin"]


def test_keys_and_policies_of_others_do_not_exist(house, two):
    (root, key, _), (_, other, _) = two
    mine, theirs = house.client("iam", key), house.client("iam", other)
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    arn = mine.create_policy(PolicyName="p", PolicyDocument=text)["Policy"]["Arn"]
    for call, parameters in (
        (theirs.get_policy, {"PolicyArn": arn}),
        (theirs.delete_policy, {"PolicyArn": arn}),
        (theirs.list_entities_for_policy, {"PolicyArn": arn}),
        (theirs.create_policy_version, {"PolicyArn": arn, "PolicyDocument": text}),
        (theirs.attach_user_policy, {"UserName": "admin", "PolicyArn": arn}),
        (theirs.delete_access_key, {"AccessKeyId": key.id, "UserName": "admin"}),
        (theirs.update_access_key, {"AccessKeyId": key.id, "UserName": "admin", "Status": "Inactive"}),
        (theirs.get_access_key_last_used, {"AccessKeyId": key.id}),
    ):
        code, _ = refusal(call, **parameters)
        assert code in ("NoSuchEntity", "AccessDenied", "InvalidInput"), (call, code)
    assert mine.get_policy(PolicyArn=arn)
    house.client("sts", key).get_caller_identity()
    assert house.client("sts", root).get_caller_identity()


def test_organizations_of_others_do_not_exist(house, two):
    (_, _, mine), (_, other, theirs) = two
    workmail, org = house.client("workmail", other), {"OrganizationId": mine.id}
    clients = {"workmail": workmail, "workmailconsole": house.client("workmailconsole", other)}
    for service, operation, given in whole_inputs(mine):
        if "OrganizationId" in given:
            call = getattr(clients[service], botocore.xform_name(operation))
            assert refusal(call, **given)[0] == "OrganizationNotFoundException", operation
    email = f"ada@{mine.domain}"
    user = mine.workmail.describe_entity(**org, Email=email)["EntityId"]
    assert refusal(workmail.describe_user, OrganizationId=theirs.id, UserId=user)[0] == "EntityNotFoundException"
    assert refusal(workmail.describe_entity, OrganizationId=theirs.id, Email=email)[0] == "EntityNotFoundException"
    assert refusal(
        workmail.create_alias, OrganizationId=theirs.id, EntityId=theirs.user("bob")[0], Alias=f"x@{mine.domain}"
    )[0] == "MailDomainNotFoundException"
    arn = mine.workmail.describe_organization(**org)["ARN"]
    assert refusal(workmail.list_tags_for_resource, ResourceARN=arn)[0] in (
        "ResourceNotFoundException",
        "AccessDeniedException",
    )
    assert mine.workmail.describe_user(**org, UserId=user)["State"] == "ENABLED"


def test_a_session_speaks_for_its_own_account(house, two):
    (_, key, _), (_, other, _) = two
    made = house.client("sts", key).get_session_token()["Credentials"]
    stolen = Key(None, other.id, other.secret, made["SessionToken"])
    assert refusal(house.client("sts", stolen).get_caller_identity)[0] == "InvalidClientTokenId"


def test_mail_users_reach_their_own_mailbox_only(house, two):
    (_, _, mine), (_, _, theirs) = two
    _, ada = mine.user("ada", password="Password-Ada-1")
    _, bob = theirs.user("bob", password="Password-Bob-2")
    with house.submission(ada, "Password-Ada-1") as smtp:
        smtp.sendmail(ada, [ada], f"From: {ada}\r\nSubject: private\r\n\r\nx\r\n")
    imap = house.imap(bob, "Password-Bob-2")
    assert imap.select_folder("INBOX")[b"EXISTS"] == 0
    imap.logout()
    import imapclient

    with pytest.raises(imapclient.exceptions.LoginError):
        house.imap(bob, "Password-Ada-1")
