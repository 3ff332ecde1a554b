"""CloudWatch Logs as boto3 and the AWS CLI see it."""

import json
import time
import uuid

import pytest

from test_cloudtrail import eventually, lookup
from test_iam import refusal, user_key

DAY = 24 * 60 * 60 * 1000


def now():
    return int(time.time() * 1000)


@pytest.fixture
def logs(house, root):
    return house.client("logs", root)


@pytest.fixture
def group(logs):
    """The name of a new group with a stream `s`."""
    name = f"/test/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def put(logs, group, messages, stream="s", start=None, step=1):
    start = start or now()
    events = [{"timestamp": start + n * step, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(events):
    return [event["message"] for event in events]


def found(logs, group, **parameters):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **parameters)
    return [event for page in pages for event in page["events"]]


def test_life_of_a_group(house, root, logs):
    name = f"/aws/workmail/emailevents/{uuid.uuid4().hex[:8]}"
    before = now()
    logs.create_log_group(logGroupName=name, tags={"team": "mail"})
    assert refusal(logs.create_log_group, logGroupName=name)[0] == "ResourceAlreadyExistsException"
    [shown] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{root.account_id}:log-group:{name}"
    assert (shown["logGroupName"], shown["arn"], shown["logGroupArn"]) == (name, f"{arn}:*", arn)
    assert before <= shown["creationTime"] <= now() and "retentionInDays" not in shown
    assert shown["logGroupClass"] == "STANDARD" and shown["deletionProtectionEnabled"] is False

    logs.put_retention_policy(logGroupName=name, retentionInDays=30)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 30
    assert refusal(logs.put_retention_policy, logGroupName=name, retentionInDays=31)[0] == "InvalidParameterException"
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]

    logs.tag_resource(resourceArn=arn, tags={"team": "post", "cost": "7"})
    logs.untag_resource(resourceArn=arn, tagKeys=["cost"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "post"}
    assert refusal(logs.tag_resource, resourceArn=arn, tags={"aws:x": "y"})[0] == "InvalidParameterException"

    logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=True)
    assert refusal(logs.delete_log_group, logGroupName=name)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=name, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
    assert refusal(logs.delete_log_group, logGroupName=name)[0] == "ResourceNotFoundException"
    assert refusal(logs.list_tags_for_resource, resourceArn=arn)[0] == "ResourceNotFoundException"


def test_a_group_that_is_made_anew_is_empty(logs, group):
    put(logs, group, ["old"])
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    assert found(logs, group) == []


def test_options_that_cannot_be_kept_are_refused(logs):
    code, message = refusal(logs.create_log_group, logGroupName="k", kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    assert code == "InvalidParameterException" and "KMS" in message
    code = refusal(logs.create_log_group, logGroupName="k", logGroupClass="INFREQUENT_ACCESS")[0]
    assert code == "InvalidParameterException"
    code, message = refusal(logs.create_log_group, logGroupName="no spaces")
    assert code == "InvalidParameterException" and "[\\.\\-_/#A-Za-z0-9]+" in message
    assert logs.describe_log_groups(logGroupNamePrefix="k")["logGroups"] == []


def test_lists_of_groups(logs):
    mark = uuid.uuid4().hex[:8]
    names = [f"{mark}/{n:02}" for n in range(13)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups")
    listed = [g for page in pages.paginate(logGroupNamePrefix=mark, limit=5) for g in page["logGroups"]]
    assert [g["logGroupName"] for g in listed] == names
    listed = [g for page in pages.paginate(logGroupNamePattern=f"{mark[1:]}/0", limit=3) for g in page["logGroups"]]
    assert [g["logGroupName"] for g in listed] == names[:10]
    assert set(listed[0]) == {"arn", "creationTime", "logGroupName"}
    listed = logs.describe_log_groups(logGroupIdentifiers=[names[3], names[1], "absent", "no=name"])["logGroups"]
    assert [g["logGroupName"] for g in listed] == [names[1], names[3]]
    assert logs.describe_log_groups(logGroupNamePrefix=mark, logGroupClass="DELIVERY")["logGroups"] == []
    token = logs.describe_log_groups(logGroupNamePrefix=mark, limit=5)["nextToken"]
    for parameters in (
        {"logGroupNamePrefix": mark, "nextToken": "x" + token},
        {"logGroupNamePrefix": mark + "/", "nextToken": token},
        {"logGroupNamePrefix": mark, "logGroupNamePattern": mark},
        {"logGroupIdentifiers": names[:1], "logGroupNamePrefix": mark},
        {"accountIdentifiers": ["999999999999"], "includeLinkedAccounts": True},
    ):
        assert refusal(logs.describe_log_groups, **parameters)[0] == "InvalidParameterException", parameters


def test_streams(logs, group):
    assert refusal(logs.create_log_stream, logGroupName=group, logStreamName="s")[0] == "ResourceAlreadyExistsException"
    assert refusal(logs.create_log_stream, logGroupName="absent", logStreamName="s")[0] == "ResourceNotFoundException"
    assert refusal(logs.create_log_stream, logGroupName=group, logStreamName="a:b")[0] == "InvalidParameterException"
    at = now()
    for n, name in enumerate(["c", "a", "b"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, group, ["first", "last"], stream=name, start=at - 10_000 + n * 1000)
    names = lambda **parameters: [  # noqa: E731
        stream["logStreamName"]
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group, **parameters)
        for stream in page["logStreams"]
    ]
    assert names(limit=2) == ["a", "b", "c", "s"]
    assert names(descending=True, limit=1) == ["s", "c", "b", "a"]
    assert names(logStreamNamePrefix="a") == ["a"]
    assert names(orderBy="LastEventTime", descending=True, limit=2) == ["b", "a", "c", "s"]
    assert names(orderBy="LastEventTime", limit=3) == ["s", "c", "a", "b"]
    code = refusal(logs.describe_log_streams, logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="a")[0]
    assert code == "InvalidParameterException"
    [shown] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="c")["logStreams"]
    assert (shown["firstEventTimestamp"], shown["lastEventTimestamp"]) == (at - 10_000, at - 9_999)
    assert shown["lastIngestionTime"] >= at and shown["arn"].endswith(f"{group}:log-stream:c")
    logs.delete_log_stream(logGroupName=group, logStreamName="c")
    assert names() == ["a", "b", "s"]
    assert {event["logStreamName"] for event in found(logs, group)} == {"a", "b"}
    assert refusal(put, logs, group, ["x"], stream="c")[0] == "ResourceNotFoundException"


def test_what_may_be_put(logs, group):
    at = now()
    events = [
        {"timestamp": at - 15 * DAY, "message": "too old"},
        {"timestamp": at - DAY + 60_000, "message": "good"},
        {"timestamp": at, "message": "good too"},
        {"timestamp": at + 3 * 60 * 60 * 1000, "message": "too new"},
    ]
    answer = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events, sequenceToken="whatever")
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}
    assert messages(found(logs, group)) == ["good", "good too"]

    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    answer = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": at - 2 * DAY, "message": "expired"}, {"timestamp": at, "message": "kept"},
    ])
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    for wrong in (
        [(at, "b"), (at - 1, "a")],
        [(at - 25 * 60 * 60 * 1000, "a"), (at + 60_000, "b")],
    ):
        logs.delete_retention_policy(logGroupName=group)
        events = [{"timestamp": timestamp, "message": message} for timestamp, message in wrong]
        answer = refusal(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=events)
        assert answer[0] == "InvalidParameterException"
    assert messages(found(logs, group)) == ["good", "good too", "kept"]
    answer = logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": "é\U0001f600\n\t"}],
        entity={"keyAttributes": {"Type": "Service", "Name": "x"}},
    )
    assert answer["rejectedEntityInfo"]["errorType"] == "UnsupportedLogGroupType"
    assert found(logs, group)[-1]["message"] == "é\U0001f600\n\t"


def test_reading_a_stream_in_both_directions(logs, group):
    read = lambda **parameters: logs.get_log_events(logGroupName=group, logStreamName="s", **parameters)  # noqa: E731
    empty = read()
    assert empty["events"] == [] and empty["nextForwardToken"].startswith("f/")
    at = now() - 1000
    put(logs, group, [f"m{n}" for n in range(10)], start=at)
    assert messages(read(limit=3)["events"]) == ["m7", "m8", "m9"]
    page = read(limit=4, startFromHead=True)
    assert messages(page["events"]) == ["m0", "m1", "m2", "m3"]
    assert all(event["ingestionTime"] >= event["timestamp"] for event in page["events"])
    page = read(limit=4, nextToken=page["nextForwardToken"])
    assert messages(page["events"]) == ["m4", "m5", "m6", "m7"]
    back = read(limit=2, nextToken=page["nextBackwardToken"])
    assert messages(back["events"]) == ["m2", "m3"]
    page = read(nextToken=page["nextForwardToken"])
    end = read(nextToken=page["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == page["nextForwardToken"]
    put(logs, group, ["later"], start=now())
    assert messages(read(nextToken=end["nextForwardToken"])["events"]) == ["later"]
    assert messages(read(nextToken=empty["nextForwardToken"], limit=2)["events"]) == ["m0", "m1"]
    assert messages(read(startTime=at + 3, endTime=at + 6)["events"]) == ["m3", "m4", "m5"]
    for token in ("x", "f/12/s", page["nextForwardToken"][:-1], "g" + page["nextForwardToken"][1:]):
        assert refusal(read, nextToken=token)[0] == "InvalidParameterException"


def test_many_events_in_pages(logs, group):
    at = now() - 100_000
    for batch in range(3):
        put(logs, group, [f"{batch}-{n}" for n in range(2000)], start=at + batch * 2000)
    expected = [f"{batch}-{n}" for batch in range(3) for n in range(2000)]
    assert messages(found(logs, group, PaginationConfig={"PageSize": 700})) == expected
    assert messages(found(logs, group, startFromHead=False, startTime=at)) == expected[::-1]
    ids = [event["eventId"] for event in found(logs, group)]
    assert ids == sorted(set(ids))
    large = ["x" * 200_000 + str(n) for n in range(4)]
    for message in large * 2:
        put(logs, group, [message])
    page = logs.filter_log_events(logGroupName=group, filterPattern="xxx")
    assert 1 <= len(page["events"]) <= 5 and page["nextToken"]
    assert len(found(logs, group, filterPattern="xxx")) == 8


def test_filters(logs, group):
    at = now() - 1000
    logs.create_log_stream(logGroupName=group, logStreamName="other")
    put(logs, group, ["ERROR one", '{"event": {"eventName": "A", "size": 3}}', "fine"], start=at, step=10)
    put(logs, group, ["ERROR two", '{"event": {"eventName": "B", "size": 9}}'], stream="other", start=at + 5, step=10)
    read = lambda **parameters: messages(found(logs, group, **parameters))  # noqa: E731
    assert [event["logStreamName"] for event in found(logs, group)] == ["s", "other", "s", "other", "s"]
    assert read(filterPattern="ERROR -two") == ["ERROR one"]
    assert read(filterPattern='{ $.event.eventName = "B" || $.event.size < 4 }', limit=1)[:1] == [
        '{"event": {"eventName": "A", "size": 3}}'
    ]
    assert read(filterPattern='{ $.event.eventName = "B" }') == ['{"event": {"eventName": "B", "size": 9}}']
    assert read(logStreamNames=["other"], filterPattern="ERROR") == ["ERROR two"]
    assert read(logStreamNamePrefix="o", filterPattern="ERROR") == ["ERROR two"]
    assert read(logStreamNames=["other", "s"], filterPattern="ERROR") == ["ERROR one", "ERROR two"]
    assert read(startTime=at + 5, endTime=at + 10) == ["ERROR two", '{"event": {"eventName": "A", "size": 3}}']
    arn = f"arn:aws:logs:us-east-1:{logs.describe_log_groups()['logGroups'][0]['arn'].split(':')[4]}:log-group:{group}"
    assert len(logs.filter_log_events(logGroupIdentifier=arn)["events"]) == 5
    for parameters in (
        {"filterPattern": "[a, b]"},
        {"filterPattern": "{ $.a }"},
        {"filterPattern": "a.b"},
        {"logStreamNames": ["s"], "logStreamNamePrefix": "s"},
        {"startFromHead": False},
        {"nextToken": "AAAA"},
    ):
        code = refusal(logs.filter_log_events, logGroupName=group, **parameters)[0]
        assert code == "InvalidParameterException", parameters
    assert refusal(logs.filter_log_events)[0] == "InvalidParameterException"
    code = refusal(logs.filter_log_events, logGroupName=group, logStreamNames=["absent"])[0]
    assert code == "ResourceNotFoundException"
    token = logs.filter_log_events(logGroupName=group, limit=1)["nextToken"]
    code = refusal(logs.filter_log_events, logGroupName=group, filterPattern="x", nextToken=token)[0]
    assert code == "InvalidParameterException"


def test_policies_name_groups_and_streams(house, root, logs, group):
    iam = house.client("iam", root)
    arn = f"arn:aws:logs:us-east-1:{root.account_id}:log-group:{group}"
    rules = [("Allow", "logs:*", f"{arn}:*"), ("Deny", "logs:PutLogEvents", f"{arn}:log-stream:secret")]
    statements = [{"Effect": effect, "Action": action, "Resource": resource} for effect, action, resource in rules]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    mine = house.client("logs", user_key(house, iam, "limited", inline=text))
    put(mine, group, ["x"])
    mine.create_log_stream(logGroupName=group, logStreamName="secret")
    code, message = refusal(put, mine, group, ["x"], stream="secret")
    assert code == "AccessDeniedException" and f"{arn}:log-stream:secret" in message
    assert len(found(mine, group)) == 1
    mine.put_retention_policy(logGroupName=group, retentionInDays=7)
    code, message = refusal(mine.create_log_group, logGroupName="other")
    assert code == "AccessDeniedException" and message.endswith(
        "because no identity-based policy allows the logs:CreateLogGroup action"
    ) and "log-group:other:log-stream:" in message
    code, message = refusal(mine.describe_log_groups)
    assert code == "AccessDeniedException" and "log-group::log-stream:" in message
    # Tagging wants the ARN without the star, as with AWS.
    assert refusal(mine.tag_resource, resourceArn=arn, tags={"a": "b"})[0] == "AccessDeniedException"


def test_accounts_and_regions_are_apart(house, logs, group):
    put(logs, group, ["mine"])
    stranger = house.client("logs", house.create_account())
    elsewhere = house.client("logs", house.create_account(), region="eu-west-1")
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    for other in (stranger, elsewhere):
        assert other.describe_log_groups()["logGroups"] == []
        for call, parameters in (
            (other.filter_log_events, {"logGroupName": group}),
            (other.get_log_events, {"logGroupName": group, "logStreamName": "s"}),
            (other.describe_log_streams, {"logGroupName": group}),
            (other.delete_log_group, {"logGroupName": group}),
            (other.delete_log_stream, {"logGroupName": group, "logStreamName": "s"}),
            (other.list_tags_for_resource, {"resourceArn": arn}),
            (other.tag_resource, {"resourceArn": arn, "tags": {"a": "b"}}),
        ):
            assert refusal(call, **parameters)[0] == "ResourceNotFoundException", parameters
        assert refusal(other.filter_log_events, logGroupIdentifier=arn)[0] == "InvalidParameterException"
        assert refusal(put, other, group, ["x"])[0] == "ResourceNotFoundException"
        other.create_log_group(logGroupName=group)
    token = logs.filter_log_events(logGroupName=group, limit=1).get("nextToken")
    assert token is None and messages(found(logs, group)) == ["mine"]


def test_what_is_logged_is_not_in_the_trail(house, root, logs, group):
    put(logs, group, ["a-very-private-text"])
    assert messages(found(logs, group)) == ["a-very-private-text"]
    trail = house.client("cloudtrail", root)
    [event] = eventually(lookup, trail, "EventName", "PutLogEvents")
    assert event["EventSource"] == "logs.amazonaws.com" and event["ReadOnly"] == "false"
    [read] = eventually(lookup, trail, "EventName", "FilterLogEvents")
    assert read["ReadOnly"] == "true"
    assert "a-very-private-text" not in event["CloudTrailEvent"] + read["CloudTrailEvent"]


def test_the_cli_reads(house, root, logs, group):
    put(logs, group, ["first line", "second line"])
    shown = house.aws(root, "logs", "get-log-events", "--log-group-name", group, "--log-stream-name", "s")
    assert messages(shown["events"]) == ["first line", "second line"]
    shown = house.aws(
        root, "logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "second", "--page-size", "1"
    )
    assert messages(shown["events"]) == ["second line"]


def test_following_a_group(logs, group):
    """What `aws logs tail --follow` of the second version does: pages from a time on, events known by their ids."""
    seen, since = {}, now() - 600_000
    for round in range(3):
        put(logs, group, [f"{round} of s", f"{round} again"])
        for event in found(logs, group, startTime=since, interleaved=True, PaginationConfig={"PageSize": 3}):
            seen.setdefault(event["eventId"], event["message"])
            since = event["timestamp"]
    assert list(seen.values()) == [f"{round} {text}" for round in range(3) for text in ("of s", "again")]
