"""The reports of IAM as boto3 sees them: authorization details, credential report, context keys."""

import csv
import io
import json
import time

import botocore.exceptions
import pytest

from house import Key

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

COLUMNS = (
    "user arn user_creation_time password_enabled password_last_used password_last_changed"
    " password_next_rotation mfa_active"
    " access_key_1_active access_key_1_last_rotated access_key_1_last_used_date"
    " access_key_1_last_used_region access_key_1_last_used_service"
    " access_key_2_active access_key_2_last_rotated access_key_2_last_used_date"
    " access_key_2_last_used_region access_key_2_last_used_service"
    " cert_1_active cert_1_last_rotated cert_2_active cert_2_last_rotated"
).split()


def document(effect="Allow", action="iam:GetUser", resource="*", **more):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]}
    )


@pytest.fixture
def iam(house, root):
    return house.client("iam", root)


def refusal(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**parameters)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def wait_until(ready, seconds=20):
    deadline = time.monotonic() + seconds
    while not (answer := ready()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def report(iam):
    wait_until(lambda: iam.generate_credential_report()["State"] == "COMPLETE")
    answer = iam.get_credential_report()
    assert answer["ReportFormat"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer["Content"].decode())))


def test_credential_report(iam, root):
    assert refusal(iam.get_credential_report) == ("ReportNotPresent", 410)
    iam.create_user(UserName="a,b")
    iam.create_login_profile(UserName="a,b", Password="Long-enough-1")
    iam.create_access_key(UserName="a,b")
    first = iam.generate_credential_report()
    assert first["State"] == "STARTED"
    assert first["Description"] == "No report exists. Starting a new report generation task"
    rows = report(iam)
    assert list(rows[0]) == COLUMNS
    assert [row["user"] for row in rows] == ["<root_account>", "a,b"]
    assert rows[0]["password_enabled"] == "not_supported" and rows[0]["access_key_1_active"] == "true"
    user = rows[1]
    assert (user["password_enabled"], user["password_last_used"]) == ("true", "no_information")
    assert (user["access_key_1_active"], user["access_key_2_active"]) == ("true", "false")
    assert user["access_key_1_last_used_date"] == "N/A" and user["mfa_active"] == "false"


def test_a_report_that_was_asked_for_is_made_after_a_restart(own_house):
    own_house.start()
    key = own_house.create_account()
    own_house.client("iam", key).generate_credential_report()
    own_house.kill()
    own_house.start()
    iam = own_house.client("iam", key)
    wait_until(lambda: iam.generate_credential_report()["State"] == "COMPLETE")


def test_authorization_details_in_pages(iam, root):
    names = [f"user{n:02}" for n in range(7)]
    for name in names:
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "x"}])
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName=names[0])
    iam.attach_group_policy(GroupName="g", PolicyArn=ADMIN)
    own = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=own, PolicyDocument=document(effect="Deny"))
    iam.put_user_policy(UserName=names[0], PolicyName="i", PolicyDocument=document())
    paginator = iam.get_paginator("get_account_authorization_details")
    whole = paginator.paginate(PaginationConfig={"PageSize": 3}).build_full_result()
    assert [user["UserName"] for user in whole["UserDetailList"]] == names
    first = whole["UserDetailList"][0]
    assert first["GroupList"] == ["g"] and first["Tags"] == [{"Key": "team", "Value": "x"}]
    assert first["UserPolicyList"][0]["PolicyDocument"] == json.loads(document())
    assert whole["GroupDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] == ADMIN
    policies = {policy["Arn"]: policy for policy in whole["Policies"]}
    assert policies[ADMIN]["AttachmentCount"] == 1
    assert [version["VersionId"] for version in policies[own]["PolicyVersionList"]] == ["v2", "v1"]
    local = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert [policy["Arn"] for policy in local["Policies"]] == [own] and local["UserDetailList"] == []
    only_users = iam.get_account_authorization_details(Filter=["User"], MaxItems=2)
    altered = only_users["Marker"][:-4] + "AAAA"
    assert refusal(iam.get_account_authorization_details, Marker=altered) == ("ValidationError", 400)


def test_context_keys(iam, root):
    iam.create_user(UserName="u")
    mine = document(resource="arn:aws:iam::*:user/${aws:username}")
    iam.put_user_policy(UserName="u", PolicyName="i", PolicyDocument=mine)
    arn = f"arn:aws:iam::{root.account_id}:user/u"
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == ["aws:username"]
    asked = document(Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}})
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[mine, asked])["ContextKeyNames"]
    assert keys == ["aws:username", "aws:CurrentTime"]
    assert refusal(iam.get_context_keys_for_custom_policy, PolicyInputList=["{"]) == ("InvalidInput", 400)
    nobody = f"arn:aws:iam::{root.account_id}:role/nobody"
    assert refusal(iam.get_context_keys_for_principal_policy, PolicySourceArn=nobody) == ("NoSuchEntity", 404)


def test_what_is_not_here_is_refused_as_aws_refuses_it(iam):
    assert refusal(iam.list_organizations_features)[0] == "OrganizationNotFoundException"
    assert refusal(iam.enable_organizations_root_sessions)[0] == "OrganizationNotFoundException"
    assert refusal(iam.get_organizations_access_report, JobId="0" * 36) == ("NoSuchEntity", 404)
    template = "arn:aws:iam::aws:role-template/any"
    assert refusal(iam.get_role_template_version, TemplateArn=template) == ("NoSuchEntity", 404)
    assert iam.get_account_properties()["Properties"] == {}
    assert iam.list_delegation_requests()["DelegationRequests"] == []
    unknown = refusal(iam.reject_delegation_request, DelegationRequestId="0123456789abcdef")
    assert unknown == ("NoSuchEntity", 404)
    assert refusal(iam.put_account_properties, Properties={"A/b": "true"}) == ("InvalidInput", 400)


def explain(house, principal, action, resource="*", *more):
    arguments = ["policy", "explain", "--principal", principal, "--action", action, "--resource", resource, *more]
    return house.run(*arguments).stdout


def test_the_command_line_explains_while_the_server_runs(house, iam, root):
    arn = iam.create_user(UserName="Ada")["User"]["Arn"]
    only_from_home = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    iam.put_user_policy(UserName="Ada", PolicyName="i", PolicyDocument=document(Condition=only_from_home))
    told = explain(house, arn, "iam:GetUser", arn)
    assert f"Denied: {arn} iam:GetUser on {arn}." in told
    assert "its condition IpAddress wants aws:SourceIp 192.0.2.0/24, which is not there" in told
    assert "embedded in the user Ada" in told
    told = json.loads(explain(house, arn, "iam:GetUser", arn, "--context", "aws:SourceIp=192.0.2.7", "--json"))
    assert told["decision"] == "allowed" and told["decidedBy"]["statement"]["number"] == 1
    wrong = house.run("policy", "explain", "--principal", arn, "--action", "iam:*", check=False)
    assert wrong.returncode != 0 and "is not an action" in wrong.stderr


def test_simulated_and_real_decisions_agree(house, iam, root):
    arn = iam.create_user(UserName="Ada")["User"]["Arn"]
    mine = document(resource="arn:aws:iam::*:user/${aws:username}")
    iam.put_user_policy(UserName="Ada", PolicyName="own", PolicyDocument=mine)
    made = iam.create_access_key(UserName="Ada")["AccessKey"]
    ada = house.client("iam", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))
    ada.get_user()
    assert refusal(ada.get_user, UserName="Bob")[0] == "AccessDenied"
    bob = arn.replace("/Ada", "/Bob")
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["iam:GetUser"], ResourceArns=[arn, bob]
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny" and result["EvalDecisionDetails"] == {}
    assert result["EvalResourceName"] == "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
    by_resource = {one["EvalResourceName"]: one for one in result["ResourceSpecificResults"]}
    assert by_resource[arn]["EvalResourceDecision"] == "allowed"
    assert by_resource[bob]["EvalResourceDecision"] == "implicitDeny"
    (statement,) = by_resource[arn]["MatchedStatements"]
    assert statement["SourcePolicyId"] == "user_Ada_own"
    # The statement stands in the one line that `document` makes.
    assert statement["StartPosition"] == {"Line": 1, "Column": mine.index("[") + 2}


def test_simulation_in_pages(iam):
    everything = document(action="*")
    paginator = iam.get_paginator("simulate_custom_policy")
    names = [f"iam:Action{n}" for n in range(7)]
    pages = paginator.paginate(PolicyInputList=[everything], ActionNames=names, PaginationConfig={"PageSize": 3})
    results = [result for page in pages for result in page["EvaluationResults"]]
    assert [result["EvalActionName"] for result in results] == names
    assert {result["EvalDecision"] for result in results} == {"allowed"}
    assert refusal(iam.simulate_custom_policy, PolicyInputList=["{"], ActionNames=["iam:A"]) == ("InvalidInput", 400)


def test_last_accessed(house, iam, root):
    arn = iam.create_user(UserName="Ada")["User"]["Arn"]
    iam.attach_user_policy(UserName="Ada", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    made = iam.create_access_key(UserName="Ada")["AccessKey"]
    ada = house.client("iam", Key(None, made["AccessKeyId"], made["SecretAccessKey"]))
    ada.list_users()
    assert refusal(ada.create_user, UserName="x")[0] == "AccessDenied"

    def report():
        job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
        answer = wait_until(
            lambda: (got := iam.get_service_last_accessed_details(JobId=job))["JobStatus"] != "IN_PROGRESS" and got
        )
        (service,) = [one for one in answer["ServicesLastAccessed"] if one["ServiceNamespace"] == "iam"]
        return answer["JobStatus"] == "COMPLETED" and "LastAuthenticated" in service and (job, service)

    # Attempts are written in batches, at most half a second behind.
    job, service = wait_until(report)
    assert service["LastAuthenticatedEntity"] == arn and service["TotalAuthenticatedEntities"] == 1
    actions = {one["ActionName"]: one for one in service["TrackedActionsLastAccessed"]}
    assert actions["ListUsers"]["LastAccessedEntity"] == arn and "CreateUser" not in actions
    entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="iam")
    assert [one["EntityInfo"]["Arn"] for one in entities["EntityDetailsList"]] == [arn]
    granting = iam.list_policies_granting_service_access(Arn=arn, ServiceNamespaces=["iam"])
    (entry,) = granting["PoliciesGrantingServiceAccess"]
    assert [policy["PolicyName"] for policy in entry["Policies"]] == ["IAMReadOnlyAccess"]
