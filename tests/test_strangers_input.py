"""Every operation served, with each member of its input broken in every way that a model knows: the answer is
AWS's, botocore can read it, and it is never a failure of ours."""

import json
import urllib.parse

import botocore.compat
import botocore.parsers
import botocore.session
import pytest

from house import OWN_MODELS, ROOT, PASSWORD, Organization
from test_iam import document
from test_wire import FORM, JSON, signed

SESSION = botocore.session.get_session()
SESSION.get_component("data_loader").search_paths.append(str(OWN_MODELS))
OPERATIONS = [
    (service, operation)
    for service in sorted(path.stem for path in (ROOT / "models").glob("*.json"))
    for operation in json.loads((ROOT / f"models/{service}.json").read_text())["operations"]
]
BAD = [
    None, "", " ", 7, -1, 10**30, 0.5, True, [], [[]], {}, {"a": {}}, "\0", "a\x01b", "é", "\U0001f600", "a\nb",
    "<&>\"']]>", "../..", "*", "x" * 5_000, "arn:aws:iam::*:user/*", "arn:aws:iam::123456789012:policy/x",
    "m-" + "0" * 32, "AAAA", "a@b", "a" * 65 + "@example.com", "\ufffe", 2**31, 2**63, ["a"] * 60, [{}], [None],
    {"Key": ""}, [{"Key": "k", "Value": "\0"}], [{"Key": "k", "Value": "v"}] * 2,
]  # fmt: skip
SHARED = {
    "query": {"ValidationError", "MalformedInput", "AccessDenied", "NoSuchEntity", "InvalidParameterValue"},
    "json": {"ValidationException", "SerializationException", "InvalidParameterException"},
    "rest-json": {"ValidationException", "SerializationException"},
}


def model_of(service, operation):
    """The operation in AWS's model of the service, or in our own."""
    public = SESSION.get_service_model(service)
    if service == "workmail" and operation not in public.operation_names:
        public = SESSION.get_service_model("workmailconsole")
    return public.operation_model(operation)


@pytest.fixture(scope="module")
def place(house):
    """An account with one of everything, and the values that name them."""
    key = house.create_account()
    iam = house.client("iam", key)
    organization = Organization(house, key)
    iam.create_user(UserName="user")
    iam.create_group(GroupName="group")
    user, email = organization.user("ada")
    group, _ = organization.group("team", [user])
    names = {
        "UserName": "user",
        "GroupName": "group",
        "PolicyName": "policy",
        "PolicyDocument": document(),
        "PolicyArn": iam.create_policy(PolicyName="policy", PolicyDocument=document())["Policy"]["Arn"],
        "AccessKeyId": iam.create_access_key(UserName="user")["AccessKey"]["AccessKeyId"],
        "VersionId": "v1",
        "Status": "Active",
        "Tags": [{"Key": "a", "Value": "b"}],
        "TagKeys": ["a"],
        "Password": PASSWORD,
        "OldPassword": PASSWORD,
        "NewPassword": PASSWORD,
        "AccountAlias": "alias-" + key.account_id,
        "OrganizationId": organization.id,
        "UserId": user,
        "EntityId": user,
        "MemberId": user,
        "GroupId": group,
        "Email": email,
        "Alias": email,
        "Name": "name",
        "DisplayName": "name",
        "DomainName": organization.domain,
        "MailboxQuota": 100,
        "DeleteDirectory": False,
        "ResourceARN": f"arn:aws:workmail:us-east-1:{key.account_id}:organization/{organization.id}",
    }
    return key, names


def parameters(value, name=""):
    """A value as the parameters of the query protocol, whatever the model says of it."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from parameters(inner, f"{name}.{member}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value, 1):
            yield from parameters(inner, f"{name}.member.{index}")
    else:
        yield name, "" if value is None else str(value)


def ask(house, key, model, given):
    """Sends an input as it is, past botocore's own checks."""
    metadata = model.service_model.metadata
    service = model.service_model.signing_name
    if metadata["protocol"] == "json":
        headers = {"Content-Type": JSON, "X-Amz-Target": f"{metadata['targetPrefix']}.{model.name}"}
        return signed(house, key, service, json.dumps(given).encode(), headers)
    if metadata["protocol"] == "rest-json":
        return ask_rest(house, key, model, given)
    pairs = [("Action", model.name), ("Version", metadata["apiVersion"]), *parameters(given)]
    return signed(house, key, service, urllib.parse.urlencode(pairs).encode(), {"Content-Type": FORM})


def ask_rest(house, key, model, given):
    """Members that go into the query go there as the query protocol would write them."""
    locations = {name: location(shape) for name, shape in model.input_shape.members.items()}
    assert set(locations.values()) <= {None, "querystring", "uri"}, "no operation yet has members elsewhere"
    body = {name: value for name, value in given.items() if not locations[name]}
    query = {name: value for name, value in given.items() if locations[name] == "querystring"}
    path = model.http["requestUri"]
    for name in given.keys() - body.keys() - query.keys():
        label = "{%s}" % model.input_shape.members[name].serialization["name"]
        path = path.replace(label, urllib.parse.quote(str(given[name]), safe=""))
    path += "?" + urllib.parse.urlencode(list(parameters(query)), quote_via=urllib.parse.quote)
    headers = {"Content-Type": "application/json"}
    service = model.service_model.signing_name
    return signed(house, key, service, json.dumps(body).encode(), headers, model.http["method"], path)


def location(shape):
    return shape.serialization.get("location")


def plausible(name, shape, names):
    """A value that the model allows, if not what the operation wants."""
    if name in names:
        return names[name]
    if shape.type_name == "structure":
        return {inner: plausible(inner, shape.members[inner], names) for inner in shape.required_members}
    if shape.type_name == "list":
        return [plausible(None, shape.member, names)]
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return 0 if shape.name == "Date" else "2026-11-22T00:00:00Z"
    return shape.enum[0] if shape.enum else "1" * max(shape.metadata.get("min", 0), 6)


def check(model, given, answer):
    """Asserts that the answer is AWS's; returns the error's code."""
    status, headers, text = answer
    told = f"{model.name} {str(given)[:300]}: {status} {text[:500]}"
    assert status < 500 and "x-amzn-requestid" in headers, told
    protocol = model.service_model.metadata["protocol"]
    response = {
        "status_code": status,
        "headers": botocore.compat.HTTPHeaders.from_dict(headers),
        "body": text.encode(),
    }
    parsed = botocore.parsers.create_parser(protocol).parse(response, model.output_shape)
    if status == 200:
        lacking = list(missing(model.output_shape, parsed))
        assert not lacking, (lacking, told)
        return None
    error = parsed["Error"]
    declared = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
    assert error["Code"] in declared | SHARED[protocol] and error["Message"], told
    return error["Code"]


def missing(shape, value, path=""):
    """The required members that an output lacks."""
    if shape is None:
        return
    if shape.type_name == "structure":
        yield from (f"{path}.{name}" for name in shape.required_members if name not in value)
        for name, inner in shape.members.items():
            if name in value:
                yield from missing(inner, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from missing(shape.member, inner, path)


@pytest.mark.parametrize("service, operation", OPERATIONS)
def test_broken_input(house, place, service, operation):
    key, names = place
    model = model_of(service, operation)
    if model.input_shape is None:
        check(model, {}, ask(house, key, model, {"Fish": "x"}))
        return
    members = model.input_shape.members
    whole = {name: plausible(name, members[name], names) for name in model.input_shape.required_members}
    # Without a part of its path there is no such request.
    in_path = {name for name in members if location(members[name]) == "uri"}
    for name in set(model.input_shape.required_members) - in_path:
        given = {other: value for other, value in whole.items() if other != name}
        # CloudWatch Logs has one error for all that is wrong with an input.
        lacking = ("InvalidParameterException",) if service == "logs" else ("ValidationError", "ValidationException")
        assert check(model, given, ask(house, key, model, given)) in lacking
    for name in members:
        for bad in [bad for bad in BAD if name not in in_path or str(bad)]:
            given = whole | {name: bad}
            check(model, given, ask(house, key, model, given))
