"""WorkMail's administration as boto3 and the AWS CLI see it."""

import json
import re
import uuid

import botocore
import botocore.exceptions
import pytest

from house import PASSWORD, ROOT, Key, Organization
from test_iam import READ_ONLY, refusal, user_key

FULL = "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess"


def test_a_new_organization(organization, root):
    shown = organization.workmail.describe_organization(OrganizationId=organization.id)
    assert re.fullmatch(r"m-[0-9a-f]{32}", organization.id)
    assert shown["Alias"] == organization.alias and shown["State"] == "Active"
    assert shown["ARN"] == f"arn:aws:workmail:us-east-1:{root.account_id}:organization/{organization.id}"
    assert shown["DefaultMailDomain"] == organization.domain
    domains = organization.workmail.list_mail_domains(OrganizationId=organization.id)["MailDomains"]
    assert domains == [{"DomainName": organization.domain, "DefaultDomain": True}]
    listed = organization.workmail.list_organizations()["OrganizationSummaries"]
    assert [row["OrganizationId"] for row in listed] == [organization.id]


def test_aliases_are_unique_and_well_formed(house, organization):
    other = house.client("workmail", house.create_account())
    assert refusal(other.create_organization, Alias=organization.alias)[0] == "NameAvailabilityException"
    for bad in ("d-alias", "-a", "a_b", "x" * 63):
        code, _ = refusal(other.create_organization, Alias=bad)
        assert code in ("ValidationException", "InvalidParameterException", "ParamValidationError"), bad


def test_client_tokens(house, root):
    workmail = house.client("workmail", root)
    alias, token = "org-" + uuid.uuid4().hex[:10], str(uuid.uuid4())
    first = workmail.create_organization(Alias=alias, ClientToken=token)["OrganizationId"]
    assert workmail.create_organization(Alias=alias, ClientToken=token)["OrganizationId"] == first
    assert len(workmail.list_organizations()["OrganizationSummaries"]) == 1


def test_delete_an_organization(organization):
    workmail, id = organization.workmail, organization.id
    organization.user("ada")
    assert refusal(workmail.delete_organization, OrganizationId=id, DeleteDirectory=True)[0].endswith("Exception")
    workmail.delete_organization(OrganizationId=id, DeleteDirectory=True, ForceDelete=True)
    assert workmail.describe_organization(OrganizationId=id)["State"] == "Deleted"
    assert workmail.list_organizations()["OrganizationSummaries"] == []
    assert refusal(workmail.list_users, OrganizationId=id)[0] == "OrganizationStateException"
    workmail.create_organization(Alias=organization.alias)


def test_life_of_a_user(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    id = workmail.create_user(**org, Name="ada", DisplayName="Ada L", Password=PASSWORD)["UserId"]
    shown = workmail.describe_user(**org, UserId=id)
    assert (shown["State"], shown["Name"], shown["UserRole"]) == ("DISABLED", "ada", "USER")
    assert "Email" not in shown and "EnabledDate" not in shown
    assert refusal(workmail.create_user, **org, Name="ADA", DisplayName="x", Password=PASSWORD)[0] == (
        "NameAvailabilityException"
    )
    assert refusal(workmail.create_user, **org, Name="weak", DisplayName="x", Password="password")[0] == (
        "InvalidPasswordException"
    )
    email = f"ada@{organization.domain}"
    workmail.register_to_work_mail(**org, EntityId=id, Email=email)
    shown = workmail.describe_user(**org, UserId=email)
    assert (shown["State"], shown["Email"]) == ("ENABLED", email) and shown["EnabledDate"]
    details = workmail.get_mailbox_details(**org, UserId=id)
    assert details["MailboxQuota"] == 51200 and details["MailboxSize"] == 0
    workmail.update_mailbox_quota(**org, UserId=id, MailboxQuota=100)
    assert workmail.get_mailbox_details(**org, UserId=id)["MailboxQuota"] == 100
    assert refusal(workmail.delete_user, **org, UserId=id)[0] == "EntityStateException"
    workmail.update_user(**org, UserId=id, DisplayName="Ada Lovelace", City="London")
    shown = workmail.describe_user(**org, UserId="ada")
    assert (shown["DisplayName"], shown["City"]) == ("Ada Lovelace", "London")
    workmail.deregister_from_work_mail(**org, EntityId=id)
    shown = workmail.describe_user(**org, UserId=id)
    assert shown["State"] == "DISABLED" and shown["DisabledDate"]
    workmail.delete_user(**org, UserId=id)
    listed = workmail.list_users(**org, Filters={"State": "ENABLED"})["Users"]
    assert all(user["Id"] != id for user in listed)


def test_pages_and_filters_of_users(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    names = [f"user{n:02}" for n in range(13)]
    for name in names:
        workmail.create_user(**org, Name=name, DisplayName=name, Password=PASSWORD)
    found, token = [], {}
    while True:
        page = workmail.list_users(**org, MaxResults=5, Filters={"UsernamePrefix": "user"}, **token)
        found += [user["Name"] for user in page["Users"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == names
    first = workmail.list_users(**org, MaxResults=5)["NextToken"]
    altered = first[:-3] + ("AAA" if first[-3:] != "AAA" else "BBB")
    assert refusal(workmail.list_users, **org, MaxResults=5, NextToken=altered)[0] == "InvalidParameterException"
    assert refusal(
        workmail.list_users, **org, Filters={"UsernamePrefix": "u", "State": "ENABLED"}
    )[0] == "InvalidParameterException"


def test_domains(house, organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    domain = f"d{uuid.uuid4().hex[:10]}.example"
    workmail.register_mail_domain(**org, DomainName=domain)
    workmail.register_mail_domain(**org, DomainName=domain.upper())
    shown = workmail.get_mail_domain(**org, DomainName=domain)
    assert shown["OwnershipVerificationStatus"] == "VERIFIED" and not shown["IsDefault"]
    assert {"MX", "TXT"} <= {record["Type"] for record in shown["Records"]}
    other = Organization(house, house.create_account())
    code = refusal(other.workmail.register_mail_domain, OrganizationId=other.id, DomainName=domain)[0]
    assert code == "MailDomainInUseException"
    workmail.update_default_mail_domain(**org, DomainName=domain)
    assert workmail.describe_organization(**org)["DefaultMailDomain"] == domain
    workmail.update_default_mail_domain(**org, DomainName=organization.domain)
    id, _ = organization.user("ada", f"ada@{domain}")
    assert refusal(workmail.deregister_mail_domain, **org, DomainName=domain)[0] == "MailDomainInUseException"
    workmail.deregister_from_work_mail(**org, EntityId=id)
    workmail.deregister_mail_domain(**org, DomainName=domain)
    assert refusal(workmail.get_mail_domain, **org, DomainName=domain)[0] == "MailDomainNotFoundException"


def test_addresses(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada, email = organization.user("ada")
    bob, _ = organization.user("bob")
    alias = f"countess@{organization.domain}"
    workmail.create_alias(**org, EntityId=ada, Alias=alias)
    assert refusal(workmail.create_alias, **org, EntityId=bob, Alias=alias.upper())[0] == (
        "EmailAddressInUseException"
    )
    assert refusal(workmail.create_alias, **org, EntityId=bob, Alias="bob@unknown.example")[0] == (
        "MailDomainNotFoundException"
    )
    assert workmail.list_aliases(**org, EntityId=ada)["Aliases"] == [alias]
    workmail.update_primary_email_address(**org, EntityId=ada, Email=alias)
    assert workmail.list_aliases(**org, EntityId=ada)["Aliases"] == [email]
    entity = workmail.describe_entity(**org, Email=email)
    assert (entity["EntityId"], entity["Type"]) == (ada, "USER")
    workmail.delete_alias(**org, EntityId=ada, Alias=email)
    workmail.create_alias(**org, EntityId=bob, Alias=email)


def test_groups(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    ada, _ = organization.user("ada")
    inner, _ = organization.group("inner", [ada])
    outer, email = organization.group("outer", [inner])
    members = workmail.list_group_members(**org, GroupId=outer)["Members"]
    assert [(member["Id"], member["Type"]) for member in members] == [(inner, "GROUP")]
    groups = workmail.list_groups_for_entity(**org, EntityId=ada)["Groups"]
    assert [group["GroupId"] for group in groups] == [inner]
    assert refusal(workmail.associate_member_to_group, **org, GroupId=inner, MemberId=outer)[0] == (
        "InvalidParameterException"
    )
    shown = workmail.describe_group(**org, GroupId=email)
    assert (shown["State"], shown["HiddenFromGlobalAddressList"]) == ("ENABLED", False)
    workmail.update_group(**org, GroupId=outer, HiddenFromGlobalAddressList=True)
    assert workmail.describe_group(**org, GroupId=outer)["HiddenFromGlobalAddressList"] is True
    workmail.disassociate_member_from_group(**org, GroupId=inner, MemberId=ada)
    workmail.deregister_from_work_mail(**org, EntityId=outer)
    workmail.delete_group(**org, GroupId=outer)
    names = [group["Name"] for group in workmail.list_groups(**org, Filters={"NamePrefix": "inn"})["Groups"]]
    assert names == ["inner"]


def test_tags_of_organizations(house, root, organization):
    workmail = organization.workmail
    arn = f"arn:aws:workmail:us-east-1:{root.account_id}:organization/{organization.id}"
    workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": "env", "Value": "test"}])
    assert workmail.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "env", "Value": "test"}]
    import json

    condition = {"StringEquals": {"aws:ResourceTag/env": "test"}}
    statement = {"Effect": "Allow", "Action": "workmail:*", "Resource": arn, "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    key = user_key(house, house.client("iam", root), "tagged", inline=text)
    house.client("workmail", key).list_users(OrganizationId=organization.id)
    workmail.untag_resource(ResourceARN=arn, TagKeys=["env", "absent"])
    code, message = refusal(house.client("workmail", key).list_users, OrganizationId=organization.id)
    assert code == "AccessDeniedException" and f"workmail:ListUsers on resource: {arn}" in message


NOT_FOUND = ["EntityNotFoundException", "ResourceNotFoundException"]
INSTANCE = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
APPLICATION = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"


def whole_inputs(organization):
    """Every operation that is served, with its service and an input that names what there is in an organization."""
    user, email = organization.user("ada")
    group, _ = organization.group("team", [user])
    names = {
        "OrganizationId": organization.id, "UserId": user, "EntityId": user, "MemberId": user, "GroupId": group,
        "Email": email, "Alias": email, "Name": "eve", "DisplayName": "Eve", "DomainName": organization.domain,
        "Password": PASSWORD, "MailboxQuota": 100, "DeleteDirectory": True, "Tags": [{"Key": "a", "Value": "b"}],
        "TagKeys": ["a"], "ResourceId": organization.workmail.create_resource(
            OrganizationId=organization.id, Name="hall", Type="ROOM")["ResourceId"],
        "GranteeId": group, "TargetUser": user, "PermissionValues": ["SEND_AS"], "DeviceId": "phone1",
        "Action": "IMAP", "IpAddress": "192.0.2.1", "Description": "x", "Id": "absent", "Rules": [],
        "ImpersonationRoleId": "absent", "MobileDeviceAccessRuleId": "absent", "JobId": "absent",
        "PersonalAccessTokenId": "absent", "FolderConfigurations": [{"Name": "INBOX", "Action": "NONE"}],
        "InstanceArn": INSTANCE, "ApplicationArn": APPLICATION,
        "IdentityCenterConfiguration": {"InstanceArn": INSTANCE, "ApplicationArn": APPLICATION},
        "PersonalAccessTokenConfiguration": {"Status": "INACTIVE"},
        "Enabled": False, "Enforced": True, "Words": "ada", "RuleId": "absent", "SmtpGatewayId": "absent", "RuleAction": {"Type": "DROP"},
        "SenderPatterns": ["*"], "RecipientPatterns": ["*"], "FromAddress": email, "Recipients": [email],
        "Host": "relay.example.com", "Port": 587, "Username": "relay",
        "ClientToken": "once", "RoleArn": "arn:aws:iam::123456789012:role/exporter",
        "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/one", "S3BucketName": "exports", "S3Prefix": "mail",
        "LogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:mail:*",
        "ResourceARN": organization.workmail.describe_organization(OrganizationId=organization.id)["ARN"],
    }  # fmt: skip
    models = [client.meta.service_model for client in (organization.workmail, organization.console)]
    for operation in json.loads((ROOT / "models/workmail.json").read_text())["operations"]:
        model = next(model for model in models if operation in model.operation_names)
        shape = model.operation_model(operation).input_shape
        choices = {name: member.enum[0] for name, member in shape.members.items() if getattr(member, "enum", None)}
        given = {name: choices[name] if name in choices else names[name] for name in shape.required_members}
        if operation == "CreateOrganization":
            given["Alias"] = "eve"
        if operation == "GetAccessControlEffect":
            given["UserId"] = user
        yield model.service_name, operation, given


def test_the_auditor_looks_and_changes_nothing(house, root, organization):
    """Every operation that is served, as the AWS managed policy has it."""
    key = user_key(house, house.client("iam", root), "auditor", READ_ONLY)
    auditors = {service: house.client(service, key) for service in ("workmail", "workmailconsole")}
    for service, operation, given in whole_inputs(organization):
        call = getattr(auditors[service], botocore.xform_name(operation))
        if operation.startswith(("Describe", "Get", "List", "Search")):
            try:
                call(**given)
            except botocore.exceptions.ClientError as error:
                # Some of what is asked for is not there, which only one who may look is told.
                assert error.response["Error"]["Code"] in NOT_FOUND, operation
            continue
        code, message = refusal(call, **given)
        who = f"User: arn:aws:iam::{root.account_id}:user/auditor"
        assert code == "AccessDeniedException"
        assert message.startswith(f"{who} is not authorized to perform: workmail:{operation} on resource: ")
        assert message.endswith(f"because no identity-based policy allows the workmail:{operation} action")


def test_the_command_line_client(house, root):
    alias = "cli-" + uuid.uuid4().hex[:10]
    made = house.aws(root, "workmail", "create-organization", "--alias", alias)
    id = made["OrganizationId"]
    shown = house.aws(root, "workmail", "describe-organization", "--organization-id", id)
    assert shown["Alias"] == alias
    user = ["--name", "ada", "--display-name", "Ada", "--password", PASSWORD]
    made = house.aws(root, "workmail", "create-user", "--organization-id", id, *user)
    email = f"ada@{alias}.awsapps.com"
    house.aws(root, "workmail", "register-to-work-mail", "--organization-id", id, "--entity-id", made["UserId"], "--email", email)
    users = house.aws(root, "workmail", "list-users", "--organization-id", id)["Users"]
    assert users[0]["Email"] == email and users[0]["State"] == "ENABLED"


def test_regions_are_apart(house, root, organization):
    elsewhere = house.client("workmail", root, region="eu-west-1")
    assert elsewhere.list_organizations()["OrganizationSummaries"] == []
    assert refusal(elsewhere.describe_organization, OrganizationId=organization.id)[0] == (
        "OrganizationNotFoundException"
    )
