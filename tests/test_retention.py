"""Retention policies as boto3 sees them; what they do is tested where the clock can be moved."""

from test_iam import refusal


def test_life_of_a_policy(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    assert refusal(workmail.get_default_retention_policy, **org)[0] == "EntityNotFoundException"
    rules = [
        {"Name": "JUNK_EMAIL", "Action": "PERMANENTLY_DELETE", "Period": 30},
        {"Name": "INBOX", "Action": "DELETE", "Period": 730},
        {"Name": "DRAFTS", "Action": "NONE"},
    ]
    workmail.put_retention_policy(**org, Name="tidy", Description="old mail goes", FolderConfigurations=rules)
    shown = workmail.get_default_retention_policy(**org)
    assert (shown["Name"], shown["Description"], shown["FolderConfigurations"]) == ("tidy", "old mail goes", rules)
    second = {**org, "Name": "more", "FolderConfigurations": []}
    assert refusal(workmail.put_retention_policy, **second)[0] == "LimitExceededException"
    workmail.put_retention_policy(**second, Id=shown["Id"])
    assert workmail.get_default_retention_policy(**org)["FolderConfigurations"] == []
    workmail.delete_retention_policy(**org, Id=shown["Id"])
    assert refusal(workmail.get_default_retention_policy, **org)[0] == "EntityNotFoundException"


def test_rules_have_bounds(organization):
    workmail, org = organization.workmail, {"OrganizationId": organization.id}
    too_long = {"Name": "INBOX", "Action": "DELETE", "Period": 731}
    refused = refusal(workmail.put_retention_policy, **org, Name="p", FolderConfigurations=[too_long])
    assert refused[0] == "ValidationException"
    recoverable = {"Name": "DELETED_ITEMS", "Action": "DELETE", "Period": 1}
    refused = refusal(workmail.put_retention_policy, **org, Name="p", FolderConfigurations=[recoverable])
    assert refused[0] == "InvalidParameterException"
