"""What holds for every WorkMail operation alike, row by row: pages, tokens of requests, states of users, groups and
resources, and what policies are asked. Whoever serves a new operation finds out here which rows it is in."""

import json
import re
import time
import uuid

import botocore
import pytest

from house import PASSWORD, ROOT, Organization
from test_iam import refusal, user_key
from test_workmail import INSTANCE, whole_inputs

OPERATIONS = json.loads((ROOT / "models/workmail.json").read_text())["operations"]


SERVICES = "workmail", "workmailconsole"


def clients(house, key, **config):
    return [house.client(service, key, **config) for service in SERVICES]


def model_of(clients, operation):
    client = next(client for client in clients if operation in client.meta.service_model.operation_names)
    return client.meta.service_model.operation_model(operation)


def call(clients, operation):
    """The method of the client that knows the operation."""
    name = botocore.xform_name(operation)
    return next(getattr(client, name) for client in clients if hasattr(client, name))


def served(clients, where, member):
    """The served operations whose input or output has that member."""
    shapes = ((name, getattr(model_of(clients, name), where)) for name in OPERATIONS)
    return {name for name, shape in shapes if shape and member in shape.members}


def code(function, **parameters):
    """The error that a call ends with, or None."""
    try:
        function(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


# Pages

ELSEWHERE = {
    "ListPersonalAccessTokens": "made by the users themselves: crates/workmail/tests/service/personal_tokens.rs",
    "ListMailboxExportJobs": "tests of the exports",
    "GetMobileDevicesForUser": "no device connects yet: crates/workmail/tests/service/mobile_devices.rs",
}


@pytest.fixture(scope="module")
def full(house):
    """An organization in which every list has three entries, and how each list is asked."""
    key = house.create_account()
    organization = Organization(house, key)
    # It is left to the server to find out what is wrong with a request.
    both, org = clients(house, key, parameter_validation=False), {"OrganizationId": organization.id}
    workmail = both[0]
    users = [organization.user(name)[0] for name in ("carl", "Ann", "bob")]
    groups = [organization.group(name)[0] for name in ("x", "Y", "z")]
    rooms = [workmail.create_resource(**org, Name=name, Type="ROOM")["ResourceId"] for name in ("r", "S", "t")]
    for user in users:
        workmail.associate_member_to_group(**org, GroupId=groups[0], MemberId=user)
        workmail.associate_delegate_to_resource(**org, ResourceId=rooms[0], EntityId=user)
        workmail.put_mobile_device_access_override(**org, UserId=user, DeviceId="phone", Effect="ALLOW")
        workmail.create_impersonation_role(**org, Name=f"role-{user[:8]}", Type="READ_ONLY", Rules=[])
    for group in groups:
        workmail.put_mailbox_permissions(**org, EntityId=users[0], GranteeId=group, PermissionValues=["SEND_AS"])
    workmail.associate_member_to_group(**org, GroupId=groups[1], MemberId=users[0])
    workmail.associate_member_to_group(**org, GroupId=groups[2], MemberId=users[0])
    for number in range(3):
        for operation in RULES:
            call(both, operation)(**org, **ONCE[operation][0] | {"Name": f"rule{number}"})
        call(both, "CreateSmtpGateway")(**org, **GATEWAY | {"Name": f"gateway{number}"})
        workmail.create_alias(**org, EntityId=users[0], Alias=f"alias{number}@{organization.domain}")
        workmail.register_mail_domain(**org, DomainName=f"d{number}-{uuid.uuid4().hex[:8]}.example")
        workmail.create_organization(Alias=f"more{number}-{uuid.uuid4().hex[:8]}")
        workmail.create_availability_configuration(
            **org, DomainName=f"d{number}.example", EwsProvider={
                "EwsEndpoint": "https://ews.example/", "EwsUsername": "u", "EwsPassword": "p"
            }
        )  # fmt: skip
    asked = {
        "ListAliases": {"EntityId": users[0]},
        "ListAvailabilityConfigurations": {},
        "ListGroupMembers": {"GroupId": groups[0]},
        "ListGroups": {},
        "ListGroupsForEntity": {"EntityId": users[0]},
        "ListInboundMailFlowRules": {},
        "ListOutboundMailFlowRules": {},
        "ListSmtpGateways": {},
        "ListImpersonationRoles": {},
        "ListMailDomains": {},
        "ListMailboxPermissions": {"EntityId": users[0]},
        "ListMobileDeviceAccessOverrides": {},
        "ListOrganizations": None,
        "ListResourceDelegates": {"ResourceId": rooms[0]},
        "ListResources": {},
        "ListUsers": {},
        "SearchMembers": {"Words": organization.alias},
    }
    return both, {name: {} if given is None else org | given for name, given in asked.items()}, house


def entries(operation, page):
    return next(value for name, value in page.items() if isinstance(value, list))


def pages(clients, operation, given):
    token = {}
    while True:
        page = call(clients, operation)(**given, **token)
        yield page
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def test_every_list_has_a_row(full):
    both, asked, _ = full
    paged = served(both, "output_shape", "NextToken")
    assert paged - ELSEWHERE.keys() == asked.keys()


UNPAGED = {"ListAccessControlRules", "ListMobileDeviceAccessRules", "ListTagsForResource"}
LISTS = [name for name in OPERATIONS if name.startswith(("List", "Search"))]
PAGED = sorted(name for name in LISTS if name not in UNPAGED | ELSEWHERE.keys())


@pytest.mark.parametrize("operation", PAGED)
def test_pages(full, operation):
    both, asked, house = full
    given = asked[operation]
    whole = entries(operation, call(both, operation)(**given))
    assert len(whole) >= 3
    for size in (1, 2, len(whole)):
        found = list(pages(both, operation, given | {"MaxResults": size}))
        assert [entry for page in found for entry in entries(operation, page)] == whole, "all, once, in order"
        assert all(len(entries(operation, page)) == size for page in found[:-1])
    names = [entry.get("Name") for entry in whole if isinstance(entry, dict) and "Name" in entry]
    assert names == sorted(names, key=str.lower)

    token = call(both, operation)(**given, MaxResults=1)["NextToken"]
    assert re.fullmatch(r"[\S\s]{1,1024}", token) and json.dumps(whole[0], default=str) not in token
    for at in (0, len(token) // 2, len(token) - 5):
        altered = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
        assert code(call(both, operation), **given, NextToken=altered) == "InvalidParameterException"
    other = next(name for name in asked if name != operation and "OrganizationId" in asked[name])
    assert code(call(both, other), **asked[other], NextToken=token) == "InvalidParameterException"
    key = house.create_account()
    stranger = Organization(house, key)
    theirs = given | ({"OrganizationId": stranger.id} if given else {})
    assert code(call(clients(house, key), operation), **theirs, NextToken=token) == "InvalidParameterException"
    for bad in (0, 101):
        assert code(call(both, operation), **given, MaxResults=bad) == "ValidationException"


# Tokens of requests

EWS = {"EwsEndpoint": "https://ews.example/", "EwsUsername": "u", "EwsPassword": "p"}
GATEWAY = {"Name": "one", "Host": "relay.example", "Port": 587, "Username": "u", "Password": "p"}
RULE = {"Name": "one", "RuleAction": {"Type": "DROP"}, "SenderPatterns": ["*"], "RecipientPatterns": ["*"]}
RULES = ["CreateInboundMailFlowRule", "CreateOutboundMailFlowRule"]
ONCE = {
    # operation: a request, what makes it another one, and the list that shows what it made
    "CreateAvailabilityConfiguration": (
        {"DomainName": "once.example", "EwsProvider": EWS},
        {"DomainName": "twice.example"},
        "ListAvailabilityConfigurations",
    ),
    "CreateIdentityCenterApplication": ({"Name": "one", "InstanceArn": INSTANCE}, {"Name": "two"}, None),
    "CreateImpersonationRole": (
        {"Name": "one", "Type": "READ_ONLY", "Rules": []}, {"Name": "two"}, "ListImpersonationRoles"
    ),
    "CreateInboundMailFlowRule": (RULE, {"Name": "two"}, "ListInboundMailFlowRules"),
    "CreateOutboundMailFlowRule": (RULE, {"Name": "two"}, "ListOutboundMailFlowRules"),
    "CreateSmtpGateway": (GATEWAY, {"Name": "two"}, "ListSmtpGateways"),
    "CreateMobileDeviceAccessRule": (
        {"Name": "one", "Effect": "DENY"}, {"Name": "two"}, "ListMobileDeviceAccessRules"
    ),
    "CreateOrganization": ({"Alias": "once"}, {"Alias": "twice"}, "ListOrganizations"),
    "RegisterMailDomain": ({"DomainName": "once"}, {"DomainName": "twice"}, "ListMailDomains"),
    "DeleteOrganization": ({"DeleteDirectory": True}, {"DeleteDirectory": False}, None),
}  # fmt: skip
JOBS = {"StartMailboxExportJob", "CancelMailboxExportJob"}


def test_every_token_has_a_row(house, root):
    assert served(clients(house, root), "input_shape", "ClientToken") - JOBS == ONCE.keys()


@pytest.mark.parametrize("operation", sorted(ONCE))
def test_a_request_sent_again_does_nothing_more(house, root, organization, operation):
    both, unique = clients(house, root), uuid.uuid4().hex[:8]
    ask = call(both, operation)
    wanted, other, listed = ONCE[operation]
    of_organization = "OrganizationId" in model_of(both, operation).input_shape.members
    org = {"OrganizationId": organization.id} if of_organization else {}

    def with_names(given):
        """What must be unique in the installation is."""
        names = {"Alias": f"-{unique}", "DomainName": f"-{unique}.example"}
        return {name: value + names.get(name, "") if name in names else value for name, value in given.items()}

    def count():
        return len(entries(listed, call(both, listed)(**org))) if listed else None

    token, wanted = str(uuid.uuid4()), with_names(wanted)
    first = ask(**org, **wanted, ClientToken=token)
    held = count()
    again = ask(**org, **wanted, ClientToken=token)
    del first["ResponseMetadata"], again["ResponseMetadata"]
    assert again == first and count() == held
    different = wanted | with_names(other)
    assert code(ask, **org, **different, ClientToken=token) == "InvalidParameterException"
    assert count() == held


# States

ES, IP, OK = "EntityStateException", "InvalidParameterException", None
USER_STATES = {
    # operation: what it ends with for a user that is DISABLED, ENABLED, DELETED
    "RegisterToWorkMail": (OK, OK, ES),
    "DeregisterFromWorkMail": (ES, OK, ES),
    "DeleteUser": (OK, ES, OK),
    "UpdateUser": (OK, OK, ES),
    "DescribeUser": (OK, OK, OK),
    "ResetPassword": (OK, OK, ES),
    "GetMailboxDetails": (OK, OK, OK),
    "UpdateMailboxQuota": (ES, OK, ES),
    "CreateAlias": (ES, OK, ES),
    "DeleteAlias": (ES, OK, ES),
    "ListAliases": (OK, OK, ES),
    "UpdatePrimaryEmailAddress": (ES, OK, ES),
    "AssociateMemberToGroup": (OK, OK, ES),
    "DisassociateMemberFromGroup": (OK, OK, ES),
    "ListGroupsForEntity": (OK, OK, ES),
    "AssociateDelegateToResource": (OK, OK, ES),
    "DisassociateDelegateFromResource": (OK, OK, ES),
    "PutMailboxPermissions": (ES, OK, ES),
    "DeleteMailboxPermissions": (OK, OK, ES),
    "ListMailboxPermissions": (OK, OK, OK),
    "PutMobileDeviceAccessOverride": (OK, OK, ES),
    "ListPersonalAccessTokens": (OK, OK, ES),
}
GROUP_STATES = {
    "RegisterToWorkMail": (OK, OK, ES),
    "DeregisterFromWorkMail": (ES, OK, ES),
    "DeleteGroup": (OK, ES, OK),
    "UpdateGroup": (OK, OK, ES),
    "DescribeGroup": (OK, OK, OK),
    "CreateAlias": (ES, OK, ES),
    "ListAliases": (OK, OK, ES),
    "AssociateMemberToGroup": (OK, OK, ES),
    "DisassociateMemberFromGroup": (OK, OK, ES),
    "ListGroupMembers": (OK, OK, ES),
    "ListGroupsForEntity": (OK, OK, ES),
    "PutMailboxPermissions": (ES, OK, ES),
    "ListMailboxPermissions": (OK, OK, OK),
}
RESOURCE_STATES = {
    "RegisterToWorkMail": (OK, OK, ES),
    "DeregisterFromWorkMail": (ES, OK, ES),
    "DeleteResource": (OK, ES, OK),
    "UpdateResource": (OK, OK, ES),
    "DescribeResource": (OK, OK, OK),
    "GetMailboxDetails": (OK, OK, OK),
    "UpdateMailboxQuota": (ES, OK, ES),
    "CreateAlias": (ES, OK, ES),
    "ListAliases": (OK, OK, ES),
    "AssociateDelegateToResource": (OK, OK, ES),
    "DisassociateDelegateFromResource": (OK, OK, ES),
    "ListResourceDelegates": (OK, OK, ES),
    "PutMailboxPermissions": (ES, OK, ES),
    "ListMailboxPermissions": (OK, OK, OK),
}
KINDS = {"USER": USER_STATES, "GROUP": GROUP_STATES, "RESOURCE": RESOURCE_STATES}
STATES = ["DISABLED", "ENABLED", "DELETED"]


class Cast:
    """An organization with somebody of each kind for each other to be tied to."""

    def __init__(self, house):
        self.organization = Organization(house, house.create_account())
        self.workmail, self.org = self.organization.workmail, {"OrganizationId": self.organization.id}
        self.other = self.organization.user("other")[0]
        self.group = self.organization.group("group")[0]
        self.room = self.make("RESOURCE", "room")

    def make(self, kind, name):
        if kind == "USER":
            return self.workmail.create_user(**self.org, Name=name, DisplayName=name)["UserId"]
        if kind == "GROUP":
            return self.workmail.create_group(**self.org, Name=name)["GroupId"]
        return self.workmail.create_resource(**self.org, Name=name, Type="ROOM")["ResourceId"]

    def one(self, kind, state):
        """A new one in that state, and its address."""
        name = "n" + uuid.uuid4().hex[:12]
        id, email = self.make(kind, name), f"{name}@{self.organization.domain}"
        if state == "ENABLED":
            self.workmail.register_to_work_mail(**self.org, EntityId=id, Email=email)
        if state == "DELETED":
            call([self.workmail], f"Delete{kind.title()}")(**self.org, **{f"{kind.title()}Id": id})
        return id, email

    def given(self, operation, kind, id, email):
        """The input of an operation on it."""
        values = {
            "UserId": id, "GroupId": id, "ResourceId": id, "EntityId": id, "Email": email,
            "Alias": "a-" + email, "Password": PASSWORD, "MailboxQuota": 100, "GranteeId": self.other,
            "PermissionValues": ["SEND_AS"], "DeviceId": "phone", "Effect": "ALLOW", "MemberId": self.other,
        }  # fmt: skip
        if kind == "USER":
            values |= {"GroupId": self.group, "MemberId": id, "ResourceId": self.room}
        elif operation.endswith(("DelegateToResource", "DelegateFromResource")):
            values |= {"EntityId": self.other}
        shape = self.workmail.meta.service_model.operation_model(operation).input_shape
        wanted = set(shape.required_members) - {"OrganizationId"}
        if operation == "ListPersonalAccessTokens":
            wanted = {"UserId"}
        return self.org | {name: values[name] for name in wanted}


@pytest.fixture(scope="module")
def cast(house):
    return Cast(house)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", STATES)
def test_states(cast, kind, state):
    expected, found = {}, {}
    for operation, row in KINDS[kind].items():
        id, email = cast.one(kind, state)
        expected[operation] = row[STATES.index(state)]
        found[operation] = code(call([cast.workmail], operation), **cast.given(operation, kind, id, email))
    assert found == expected


@pytest.mark.parametrize("kind", KINDS)
def test_tombstones(cast, kind):
    """The deleted are described and listed as such, by id only; their name and address are free."""
    workmail, org, title = cast.workmail, cast.org, kind.title()
    id, email = cast.one(kind, "ENABLED")
    name = email.partition("@")[0]
    workmail.deregister_from_work_mail(**org, EntityId=id)
    call([workmail], f"Delete{title}")(**org, **{f"{title}Id": id})
    describe = call([workmail], f"Describe{title}")
    assert describe(**org, **{f"{title}Id": id})["State"] == "DELETED"
    for gone in (name, email):
        assert code(describe, **org, **{f"{title}Id": gone}) == "EntityNotFoundException"
    assert code(workmail.describe_entity, **org, Email=email) == "EntityNotFoundException"
    for filters, held in (({"State": "DELETED"}, True), ({}, True), ({"State": "DISABLED"}, False)):
        found = list(pages([workmail], f"List{title}s", org | {"Filters": filters}))
        listed = {entry["Id"]: entry["State"] for page in found for entry in entries("", page)}
        assert (id in listed) == held and listed.get(id, "DELETED") == "DELETED"
    again = cast.make(kind, name)
    assert again != id
    workmail.register_to_work_mail(**org, EntityId=again, Email=email)


# What policies are asked

OF_THE_ACCOUNT = {
    "CreateOrganization",
    "ListOrganizations",
    "CreateIdentityCenterApplication",
    "DeleteIdentityCenterApplication",
}
RETIRED = """AddMembersToGroup RemoveMembersFromGroup CreateMailUser DescribeMailUsers DescribeMailGroups
    DescribeDirectories DescribeKmsKeys DescribeOrganizations EnableMailUsers DisableMailUsers EnableMailGroups
    DisableMailGroups GetMailUserDetails SetMailUserDetails GetMailGroupDetails SetMailGroupDetails
    ListMembersInMailGroup ResetUserPassword SetAdmin""".split()


def policy(*statements):
    whole = [{"Effect": "Allow", "Resource": "*"} | statement for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


def denied(clients, operation, given):
    """The resource that a call was denied for, or None if it was not denied."""
    try:
        call(clients, operation)(**given)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            return None
        pattern = f"is not authorized to perform: workmail:{operation} on resource: ([^ ]+)"
        # Or the operation is allowed, and to hand on the role that it names is not.
        found = re.search(pattern, error.response["Error"]["Message"])
        return found and found[1]
    return None


def test_every_operation_asks_for_its_own_action_on_the_organization(house, root, organization):
    """Retired names parse and match nothing, so whoever has them alone is denied everything."""
    arn = f"arn:aws:workmail:us-east-1:{root.account_id}:organization/{organization.id}"
    old = policy({"Action": [f"workmail:{name}" for name in RETIRED]})
    clerk = clients(house, user_key(house, house.client("iam", root), "clerk", inline=old))
    for _, operation, given in whole_inputs(organization):
        wanted = "*" if operation in OF_THE_ACCOUNT else arn
        assert denied(clerk, operation, given) == wanted, operation


def test_tags_of_the_organization_are_a_condition_of_every_operation(house, root, organization):
    """Allowed by the tag alone: with it nothing on the organization is denied, without it everything is."""
    arn = f"arn:aws:workmail:us-east-1:{root.account_id}:organization/{organization.id}"
    of_team = {"StringEquals": {"aws:ResourceTag/Team": "mail"}}
    text = policy({"Action": "workmail:*", "Condition": of_team})
    clerk = clients(house, user_key(house, house.client("iam", root), "clerk", inline=text))
    inputs = list(whole_inputs(organization))
    of_organizations = [(name, given) for _, name, given in inputs if name not in OF_THE_ACCOUNT]
    for operation, given in of_organizations:
        assert denied(clerk, operation, given) == arn, operation
    organization.workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": "Team", "Value": "mail"}])
    for operation, given in sorted(of_organizations, key=lambda one: one[0] == "DeleteOrganization"):
        assert denied(clerk, operation, given) is None, operation
    for _, operation, given in inputs:
        if operation in OF_THE_ACCOUNT:
            assert denied(clerk, operation, given) == "*", operation


def test_tags_of_requests_are_a_condition(house, root, organization):
    arn = f"arn:aws:workmail:us-east-1:{root.account_id}:organization/{organization.id}"
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}
    text = policy(
        {"Action": "workmail:TagResource", "Condition": only | {"StringEquals": {"aws:RequestTag/Team": "mail"}}},
        {"Action": "workmail:UntagResource", "Condition": only},
    )
    clerk = clients(house, user_key(house, house.client("iam", root), "clerk", inline=text))
    tag = lambda **tags: {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}  # noqa: E731
    for given, allowed in (
        (tag(Team="mail"), True),
        (tag(Team="mail", Cost="1"), True),
        (tag(Team="sales"), False),
        (tag(Cost="1"), False),
        (tag(Team="mail", Other="1"), False),
    ):
        assert (denied(clerk, "TagResource", given) is None) == allowed, given
    for keys, allowed in ((["Team"], True), (["Cost", "Team"], True), (["Team", "Other"], False)):
        given = {"ResourceARN": arn, "TagKeys": keys}
        assert (denied(clerk, "UntagResource", given) is None) == allowed, keys


def test_a_list_of_organizations_leaves_none_out(house, root):
    """Who may list sees all of the account and region, whatever else is denied; deleted ones are not listed."""
    workmail = house.client("workmail", root)
    ids = [workmail.create_organization(Alias=f"l{n}-{uuid.uuid4().hex[:8]}")["OrganizationId"] for n in range(3)]
    text = policy(
        {"Action": "workmail:ListOrganizations"},
        {"Effect": "Deny", "Action": "workmail:*", "Resource": "arn:aws:workmail:*:*:organization/*"},
    )
    clerk = clients(house, user_key(house, house.client("iam", root), "clerk", inline=text))
    assert [one["OrganizationId"] for one in clerk[0].list_organizations()["OrganizationSummaries"]] == ids
    assert refusal(clerk[0].describe_organization, OrganizationId=ids[0])[0] == "AccessDeniedException"
    narrow = policy({"Action": "workmail:ListOrganizations", "Resource": "arn:aws:workmail:*:*:organization/*"})
    nobody = house.client("workmail", user_key(house, house.client("iam", root), "narrow", inline=narrow))
    assert refusal(nobody.list_organizations)[0] == "AccessDeniedException"
    workmail.delete_organization(OrganizationId=ids[1], DeleteDirectory=True)
    deadline = time.monotonic() + 30
    while workmail.describe_organization(OrganizationId=ids[1])["State"] != "Deleted":
        assert time.monotonic() < deadline
    assert [one["OrganizationId"] for one in clerk[0].list_organizations()["OrganizationSummaries"]] == [ids[0], ids[2]]
