"""The audit trail as boto3 and the AWS CLI see it."""

import datetime
import json
import time

import pytest

from test_iam import document, refusal, user_key

PASSWORD = "Tr0ub4dor&3-horse-staple"


@pytest.fixture
def trail(house, root):
    return house.client("cloudtrail", root)


def lookup(client, key=None, value=None, **parameters):
    if key:
        parameters["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    pages = client.get_paginator("lookup_events").paginate(**parameters)
    return [event for page in pages for event in page["Events"]]


def eventually(find, *arguments, **parameters):
    """What a look-up finds; reads and refusals are recorded a moment later."""
    deadline = time.monotonic() + 10
    while not (found := find(*arguments, **parameters)):
        assert time.monotonic() < deadline, f"never recorded: {arguments}"
        time.sleep(0.1)
    return found


def names(events):
    return [event["EventName"] for event in events]


def test_a_change_is_found_by_all_that_it_is_known_by(house, root, trail):
    iam = house.client("iam", root)
    arn = iam.create_user(UserName="ada", Path="/staff/")["User"]["Arn"]
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    created = lookup(trail, "EventName", "CreateUser")
    assert len(created) == 1
    event = created[0]
    assert event["ReadOnly"] == "false"
    assert event["Username"] == "root"
    assert event["AccessKeyId"] == root.id
    assert event["EventSource"] == "iam.amazonaws.com"
    assert abs(event["EventTime"].timestamp() - time.time()) < 60
    assert {"ResourceType": "AWS::IAM::User", "ResourceName": arn} in event["Resources"]
    assert {"ResourceType": "AWS::IAM::User", "ResourceName": "ada"} in event["Resources"]
    record = json.loads(event["CloudTrailEvent"])
    assert record["eventID"] == event["EventId"]
    assert record["requestParameters"] == {"path": "/staff/", "userName": "ada"}
    assert record["responseElements"]["user"]["arn"] == arn
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{root.account_id}:root"
    assert record["resources"] == [{"ARN": arn, "accountId": root.account_id, "type": "AWS::IAM::User"}]

    assert names(lookup(trail, "ResourceName", "ada")) == ["CreateAccessKey", "CreateUser"]
    assert names(lookup(trail, "ResourceName", arn)) == ["CreateAccessKey", "CreateUser"]
    assert names(lookup(trail, "ResourceName", key["AccessKeyId"])) == ["CreateAccessKey"]
    assert names(lookup(trail, "ResourceType", "AWS::IAM::AccessKey")) == ["CreateAccessKey"]
    assert names(lookup(trail, "EventId", event["EventId"])) == ["CreateUser"]
    assert {"CreateUser", "CreateAccessKey"} <= set(names(lookup(trail, "ReadOnly", "false")))
    assert {"CreateUser", "CreateAccessKey"} <= set(names(lookup(trail, "AccessKeyId", root.id)))
    assert {"CreateUser", "CreateAccessKey"} <= set(names(lookup(trail, "EventSource", "iam.amazonaws.com")))


def test_who_was_refused_is_known(house, root, trail):
    iam = house.client("iam", root)
    key = user_key(house, iam, "bob")
    assert refusal(house.client("iam", key).create_user, UserName="eve")[0] == "AccessDenied"
    event = eventually(lookup, trail, "AccessKeyId", key.id)[0]
    record = json.loads(event["CloudTrailEvent"])
    assert (event["Username"], event["EventName"]) == ("bob", "CreateUser")
    assert record["errorCode"] == "AccessDenied" and "not authorized" in record["errorMessage"]
    assert record["responseElements"] is None


def test_what_changes_nothing_is_a_read_that_tells_no_answer(trail, organization):
    org, (user, email) = {"OrganizationId": organization.id}, organization.user("ada")
    organization.console.search_members(**org, Words="ada")
    organization.console.test_inbound_mail_flow_rules(**org, FromAddress=email, Recipients=[email])
    organization.workmail.update_user(**org, UserId=user, City="London")
    for name, reads in (("SearchMembers", "true"), ("TestInboundMailFlowRules", "true"), ("UpdateUser", "false")):
        event = eventually(lookup, trail, "EventName", name)[0]
        assert event["ReadOnly"] == reads
        assert json.loads(event["CloudTrailEvent"])["responseElements"] is None


def test_secrets_are_in_no_record(house, root, trail):
    iam, sts = house.client("iam", root), house.client("sts", root)
    iam.create_user(UserName="carol")
    iam.create_login_profile(UserName="carol", Password=PASSWORD)
    secrets = [PASSWORD, iam.create_access_key(UserName="carol")["AccessKey"]["SecretAccessKey"]]
    session = sts.get_session_token()["Credentials"]
    secrets += [session["SecretAccessKey"], session["SessionToken"]]
    issued = eventually(lookup, trail, "ResourceName", session["AccessKeyId"])
    assert names(issued) == ["GetSessionToken"]
    assert json.loads(issued[0]["CloudTrailEvent"])["responseElements"]["credentials"]["accessKeyId"]
    everything = json.dumps([event["CloudTrailEvent"] for event in lookup(trail)])
    assert "carol" in everything
    assert not [secret for secret in secrets if secret in everything]


def test_times_and_pages(house, root, trail):
    iam = house.client("iam", root)
    for number in range(7):
        iam.create_group(GroupName=f"team-{number}")
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    paginator = trail.get_paginator("lookup_events")
    question = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateGroup"}],
        "StartTime": now - hour,
        "EndTime": now + hour,
    }
    pages = [page["Events"] for page in paginator.paginate(**question, PaginationConfig={"PageSize": 3})]
    assert [len(page) for page in pages] == [3, 3, 1]
    groups = [json.loads(event["CloudTrailEvent"])["requestParameters"]["groupName"] for page in pages for event in page]
    assert groups == [f"team-{number}" for number in reversed(range(7))]
    assert lookup(trail, "EventName", "CreateGroup", StartTime=now + hour) == []
    assert lookup(trail, "EventName", "CreateGroup", EndTime=now - hour) == []

    token = trail.lookup_events(**question, MaxResults=1)["NextToken"]
    question["LookupAttributes"][0]["AttributeValue"] = "CreateUser"
    assert refusal(trail.lookup_events, **question, NextToken=token)[0] == "InvalidNextTokenException"


def test_what_makes_no_sense(trail):
    now = datetime.datetime.now(datetime.timezone.utc)
    attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateUser"}
    for parameters, code in [
        ({"LookupAttributes": [attribute, attribute]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{**attribute, "AttributeKey": "ReadOnly"}]}, "InvalidLookupAttributesException"),
        ({"StartTime": now, "EndTime": now - datetime.timedelta(days=1)}, "InvalidTimeRangeException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        ({"NextToken": "AAAA"}, "InvalidNextTokenException"),
        ({"LookupAttributes": [{**attribute, "AttributeKey": "Mood"}]}, "ValidationException"),
    ]:
        assert refusal(trail.lookup_events, **parameters)[0] == code
    assert trail.lookup_events(EventCategory="insight")["Events"] == []


def test_only_who_may_looks_and_only_into_the_own_account(house, root, trail):
    iam = house.client("iam", root)
    iam.create_user(UserName="mine")
    nobody = user_key(house, iam, "nobody")
    code, message = refusal(house.client("cloudtrail", nobody).lookup_events)
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: cloudtrail:LookupEvents" in message
    auditor = user_key(house, iam, "auditor", inline=document(action="cloudtrail:LookupEvents"))
    assert lookup(house.client("cloudtrail", auditor), "ResourceName", "mine")
    stranger = house.client("cloudtrail", house.create_account())
    assert lookup(stranger, "ResourceName", "mine") == []
    assert lookup(stranger, "EventName", "CreateUser") == []


def test_the_command_line(house, root):
    house.client("iam", root).create_user(UserName="dora")
    attribute = "AttributeKey=ResourceName,AttributeValue=dora"
    found = house.aws(root, "cloudtrail", "lookup-events", "--lookup-attributes", attribute)
    assert names(found["Events"]) == ["CreateUser"]
