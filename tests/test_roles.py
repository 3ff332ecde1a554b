"""Roles and what belongs to them, as boto3 sees them and as the Terraform AWS provider works them: created, read,
updated in place, imported, deleted with the steps that its `force_detach_policies` takes."""

import json
import time

import botocore.exceptions
import pytest

from house import Key

READ_ONLY = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EVENTS = "events.workmail.amazonaws.com"
EVENTS_ROLE = "AWSServiceRoleForAmazonWorkMailEvents"


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


def trust(**principal):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
        },
        indent=2,
    )


MACHINES = trust(Service="ec2.amazonaws.com")


def allow(action):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    )


def refusal(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def names(iam, operation, result, **parameters):
    """All pages of a list, one item to a page."""
    pages = iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1}, **parameters)
    return [item for page in pages for item in page[result]]


class RoleResource:
    """`aws_iam_role`: the provider's order of calls."""

    def __init__(self, iam, name):
        self.iam, self.name = iam, name

    def read(self):
        role = self.iam.get_role(RoleName=self.name)["Role"]
        policies = {
            policy: self.iam.get_role_policy(RoleName=self.name, PolicyName=policy)["PolicyDocument"]
            for policy in names(self.iam, "list_role_policies", "PolicyNames", RoleName=self.name)
        }
        attached = names(self.iam, "list_attached_role_policies", "AttachedPolicies", RoleName=self.name)
        return {
            "arn": role["Arn"],
            "unique_id": role["RoleId"],
            "assume_role_policy": role["AssumeRolePolicyDocument"],
            "description": role.get("Description"),
            "max_session_duration": role["MaxSessionDuration"],
            "path": role["Path"],
            "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
            "inline_policy": policies,
            "managed_policy_arns": {policy["PolicyArn"] for policy in attached},
        }

    def delete(self, force_detach_policies=True):
        for profile in names(self.iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=self.name):
            name = profile["InstanceProfileName"]
            self.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=self.name)
        if force_detach_policies:
            for policy in names(self.iam, "list_attached_role_policies", "AttachedPolicies", RoleName=self.name):
                self.iam.detach_role_policy(RoleName=self.name, PolicyArn=policy["PolicyArn"])
            for policy in names(self.iam, "list_role_policies", "PolicyNames", RoleName=self.name):
                self.iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        self.iam.delete_role(RoleName=self.name)


def test_life_of_a_role(iam, root):
    made = iam.create_role(
        RoleName="Worker",
        Path="/eng/",
        AssumeRolePolicyDocument=MACHINES,
        Description="for machines",
        MaxSessionDuration=7200,
        PermissionsBoundary=READ_ONLY,
        Tags=[{"Key": "team", "Value": "mail"}],
    )["Role"]
    iam.get_waiter("role_exists").wait(RoleName="Worker", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    role = RoleResource(iam, "Worker")
    state = role.read()
    assert state == {
        "arn": f"arn:aws:iam::{root.account_id}:role/eng/Worker",
        "unique_id": made["RoleId"],
        "assume_role_policy": json.loads(MACHINES),
        "description": "for machines",
        "max_session_duration": 7200,
        "path": "/eng/",
        "permissions_boundary": READ_ONLY,
        "tags": {"team": "mail"},
        "inline_policy": {},
        "managed_policy_arns": set(),
    }
    iam.update_assume_role_policy(RoleName="Worker", PolicyDocument=trust(AWS=root.account_id))
    iam.update_role_description(RoleName="Worker", Description="for people")
    iam.update_role(RoleName="Worker", MaxSessionDuration=3600)
    iam.put_role_permissions_boundary(RoleName="Worker", PermissionsBoundary=ADMIN)
    iam.untag_role(RoleName="Worker", TagKeys=["team"])
    iam.tag_role(RoleName="Worker", Tags=[{"Key": "Team", "Value": "web"}])
    iam.put_role_policy(RoleName="Worker", PolicyName="own", PolicyDocument=allow("iam:GetRole"))
    iam.attach_role_policy(RoleName="Worker", PolicyArn=READ_ONLY)
    iam.attach_role_policy(RoleName="Worker", PolicyArn=ADMIN)
    changed = state | {
        "assume_role_policy": json.loads(trust(AWS=root.account_id)),
        "description": "for people",
        "max_session_duration": 3600,
        "permissions_boundary": ADMIN,
        "tags": {"Team": "web"},
        "inline_policy": {"own": json.loads(allow("iam:GetRole"))},
        "managed_policy_arns": {READ_ONLY, ADMIN},
    }
    assert role.read() == changed
    assert RoleResource(iam, "worker").read() == changed, "imported by its name, in any case"
    iam.delete_role_permissions_boundary(RoleName="Worker")
    assert role.read() == changed | {"permissions_boundary": None}

    assert refusal(role.delete, force_detach_policies=False)[0] == "DeleteConflict"
    role.delete()
    assert refusal(role.read) == ("NoSuchEntity", "The role with name Worker cannot be found.")


def test_policies_of_a_role_come_and_go_by_themselves(iam, root):
    """`aws_iam_role_policy` and `aws_iam_role_policy_attachment`."""
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=MACHINES)
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow("workmail:*"))["Policy"]["Arn"]
    iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=allow("iam:Get*"))
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=allow("iam:List*"))
    got = iam.get_role_policy(RoleName="r", PolicyName="own")
    assert (got["RoleName"], got["PolicyName"]) == ("r", "own")
    assert got["PolicyDocument"] == json.loads(allow("iam:List*"))
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="r", PathPrefix="/")["AttachedPolicies"] == [
        {"PolicyName": "p", "PolicyArn": arn}
    ]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    (user,) = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")["PolicyRoles"]
    assert user["RoleName"] == "r"
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    assert refusal(iam.detach_role_policy, RoleName="r", PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    assert refusal(iam.delete_role_policy, RoleName="r", PolicyName="own") == (
        "NoSuchEntity",
        "The role policy with name own cannot be found.",
    )
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="r")


def test_life_of_an_instance_profile(iam, root):
    """`aws_iam_instance_profile`, and its role replaced in place."""
    iam.create_role(RoleName="first", AssumeRolePolicyDocument=MACHINES)
    iam.create_role(RoleName="second", AssumeRolePolicyDocument=MACHINES)
    made = iam.create_instance_profile(
        InstanceProfileName="Web", Path="/eng/", Tags=[{"Key": "team", "Value": "mail"}]
    )["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{root.account_id}:instance-profile/eng/Web"
    waiter = iam.get_waiter("instance_profile_exists")
    waiter.wait(InstanceProfileName="Web", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    iam.add_role_to_instance_profile(InstanceProfileName="Web", RoleName="first")
    got = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    (role,) = got["Roles"]
    assert (role["RoleName"], role["AssumeRolePolicyDocument"]) == ("first", json.loads(MACHINES))
    assert got["Tags"] == [{"Key": "team", "Value": "mail"}]
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="Web", RoleName="second") == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    iam.remove_role_from_instance_profile(InstanceProfileName="Web", RoleName="first")
    iam.add_role_to_instance_profile(InstanceProfileName="Web", RoleName="second")
    iam.tag_instance_profile(InstanceProfileName="Web", Tags=[{"Key": "env", "Value": "test"}])
    iam.untag_instance_profile(InstanceProfileName="Web", TagKeys=["team"])
    tags = names(iam, "list_instance_profile_tags", "Tags", InstanceProfileName="Web")
    assert tags == [{"Key": "env", "Value": "test"}]
    assert [one["InstanceProfileName"] for one in names(iam, "list_instance_profiles", "InstanceProfiles")] == ["Web"]
    assert refusal(iam.delete_instance_profile, InstanceProfileName="Web") == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    )
    RoleResource(iam, "second").delete()
    iam.delete_instance_profile(InstanceProfileName="Web")
    assert refusal(iam.get_instance_profile, InstanceProfileName="Web") == (
        "NoSuchEntity",
        "Instance Profile Web cannot be found.",
    )


def test_life_of_a_service_linked_role(iam, root):
    """`aws_iam_service_linked_role`; imported by its ARN, of which the provider takes the name."""
    made = iam.create_service_linked_role(AWSServiceName=EVENTS, Description="events")["Role"]
    assert made["Arn"] == f"arn:aws:iam::{root.account_id}:role/aws-service-role/{EVENTS}/{EVENTS_ROLE}"
    iam.tag_role(RoleName=EVENTS_ROLE, Tags=[{"Key": "team", "Value": "mail"}])
    iam.update_role(RoleName=EVENTS_ROLE, Description="events of mail")
    role = RoleResource(iam, made["Arn"].rsplit("/", 1)[1]).read()
    assert (role["description"], role["tags"]) == ("events of mail", {"team": "mail"})
    assert role["managed_policy_arns"] == {
        "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy"
    }
    assert refusal(iam.create_service_linked_role, AWSServiceName=EVENTS) == (
        "InvalidInput",
        f"Service role name {EVENTS_ROLE} has been taken in this account, please try a different suffix.",
    )
    assert refusal(iam.create_service_linked_role, AWSServiceName=EVENTS, CustomSuffix="x") == (
        "InvalidInput",
        f"Custom suffix is not allowed for {EVENTS}",
    )
    assert refusal(iam.delete_role, RoleName=EVENTS_ROLE) == (
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{EVENTS_ROLE}' - this role is only modifiable by AWS",
    )
    task = iam.delete_service_linked_role(RoleName=EVENTS_ROLE)["DeletionTaskId"]
    for _ in range(50):
        status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"]
        if status not in ("NOT_STARTED", "IN_PROGRESS"):
            break
        time.sleep(0.1)
    assert status == "SUCCEEDED"
    assert refusal(iam.get_role, RoleName=EVENTS_ROLE)[0] == "NoSuchEntity"


def test_boundaries_of_users(house, iam, root):
    """`aws_iam_user` with `permissions_boundary`, changed in place."""
    iam.create_user(UserName="u", PermissionsBoundary=READ_ONLY)
    iam.get_waiter("user_exists").wait(UserName="u", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    iam.attach_user_policy(UserName="u", PolicyArn=ADMIN)
    made = iam.create_access_key(UserName="u")["AccessKey"]
    mine = house.client("iam", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))
    code, message = refusal(mine.get_user)
    assert (code, "no permissions boundary allows" in message) == ("AccessDenied", True), message
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=ADMIN)
    assert mine.get_user()["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == ADMIN
    assert iam.get_policy(PolicyArn=ADMIN)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_user_permissions_boundary(UserName="u")
    assert "PermissionsBoundary" not in mine.get_user()["User"]
    assert iam.get_policy(PolicyArn=ADMIN)["Policy"]["PermissionsBoundaryUsageCount"] == 0


def test_a_recreated_user_is_not_trusted(iam, root):
    first = iam.create_user(UserName="alice")["User"]
    assert refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust(AWS=first["Arn"] + "x")) == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{first["Arn"]}x"',
    )
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=first["Arn"]))

    def principal():
        return iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]

    assert principal() == first["Arn"]
    iam.delete_user(UserName="alice")
    iam.create_user(UserName="alice")
    assert principal() == first["UserId"]


def test_trust_is_in_the_person_not_in_the_name(house, iam, root):
    def user(name):
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return arn, made["AccessKeyId"], house.client("sts", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))

    arn, key, alice = user("alice")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=arn))["Role"]["Arn"]
    wanted = {"RoleArn": role, "RoleSessionName": "mail"}
    alice.assume_role(**wanted)
    iam.update_user(UserName="alice", NewUserName="alicia")
    alice.assume_role(**wanted)
    iam.delete_access_key(UserName="alicia", AccessKeyId=key)
    iam.delete_user(UserName="alicia")
    _, _, namesake = user("alice")
    assert refusal(namesake.assume_role, **wanted)[0] == "AccessDenied"
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust(AWS=arn))
    namesake.assume_role(**wanted)


def test_a_role_is_held_by_its_boundary_and_a_service_keeps_its_own(house, iam, root):
    iam.create_user(UserName="u")
    iam.attach_user_policy(UserName="u", PolicyArn=ADMIN)
    made = iam.create_access_key(UserName="u")["AccessKey"]
    sts = house.client("sts", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))
    role = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=trust(AWS=root.account_id), PermissionsBoundary=READ_ONLY
    )["Role"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=ADMIN)
    made = sts.assume_role(RoleArn=role, RoleSessionName="mail")["Credentials"]
    session = Key(None, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    mine = house.client("iam", session)
    assert mine.list_roles()["Roles"], "which the boundary allows"
    code, message = refusal(mine.list_users)
    assert (code, "no permissions boundary allows" in message) == ("AccessDenied", True), message
    iam.delete_role_permissions_boundary(RoleName="r")
    assert mine.list_users()["Users"]

    linked = iam.create_service_linked_role(AWSServiceName=EVENTS)["Role"]["Arn"]
    assert refusal(sts.assume_role, RoleArn=linked, RoleSessionName="mail")[0] == "AccessDenied"


def test_parameters_of_roles_are_checked(iam):
    role = {"RoleName": "r", "AssumeRolePolicyDocument": MACHINES}
    for wrong in (
        {"RoleName": "x" * 65},
        {"RoleName": "a b"},
        {"MaxSessionDuration": 43201},
        {"MaxSessionDuration": 3599},
        {"Path": "no-slash"},
        {"Description": "x" * 1001},
    ):
        try:
            code, _ = refusal(iam.create_role, **(role | wrong))
        except botocore.exceptions.ParamValidationError:
            continue
        assert code == "ValidationError", wrong
    assert refusal(iam.create_role, **(role | {"AssumeRolePolicyDocument": "{"}))[0] == "MalformedPolicyDocument"
    assert refusal(iam.create_role, **(role | {"Path": "/aws-service-role/x/"})) == (
        "InvalidInput",
        "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
    )
    assert refusal(iam.get_service_linked_role_deletion_status, DeletionTaskId="nonsense")[0] == "InvalidInput"


def test_the_summary_counts_roles_and_profiles(iam):
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=MACHINES)
    iam.create_instance_profile(InstanceProfileName="p")
    after = iam.get_account_summary()["SummaryMap"]
    assert (after["Roles"] - before["Roles"], after["InstanceProfiles"] - before["InstanceProfiles"]) == (1, 1)
