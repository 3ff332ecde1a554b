"""What is wrong with policies: on the command line, and by Access Analyzer's API as boto3 sees it."""

import json
import pathlib
import subprocess

import botocore.exceptions
import pytest

from house import binary

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "crates/policy/tests/fixtures"
FULL = FIXTURES / "prerequisites-full-access-as-published.json"
GONE = ["ds:CreateDomain", "ds:DeleteAlias", "ds:ExtendDirectory", "ec2:DescribeDomains"]
CLEAN = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}}


def lint(*arguments, **options):
    return subprocess.run(
        [binary(), "policy", "lint", *map(str, arguments)], capture_output=True, text=True, timeout=60, **options
    )


def test_clean_policies_are_passed_in_silence(tmp_path):
    path = tmp_path / "clean.json"
    path.write_text(json.dumps(CLEAN))
    done = lint(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_published_policy_is_refused_line_by_line():
    done = lint(FULL)
    assert done.returncode == 1
    places = [line.split(": ")[0] for line in done.stdout.splitlines() if line.startswith(str(FULL))]
    assert places == [f"{FULL}:{place}" for place in ("12:38", "13:38", "16:38", "31:38", "38:55")]
    assert done.stdout.splitlines()[-1] == "5 errors"
    assert "put a comma after `\"kms:ListAliases\"` (--fix does it)" in done.stdout


def test_findings_for_programs():
    findings = json.loads(lint("--format", "json", FULL).stdout)
    assert [finding["code"] for finding in findings] == ["INVALID_ACTION"] * 4 + ["JSON_SYNTAX_ERROR"]
    assert findings[0]["severity"] == "ERROR" and findings[0]["fixable"]
    text = FULL.read_text()
    assert text[findings[0]["offset"] :].startswith(f'"{GONE[0]}"')


def test_markdown_is_mended_in_place(tmp_path):
    path = tmp_path / "guide.md"
    path.write_text(f"# Guide\n\nSee:\n\n```\n{FULL.read_text().rstrip()}\n```\n\nThe end.\n")
    done = lint("--fix", path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("mended:") == 5 and done.stdout.splitlines()[-1] == "5 mended"
    text = path.read_text()
    assert text.startswith("# Guide\n\nSee:\n\n```\n{\n") and text.endswith("\n}\n```\n\nThe end.\n")
    policy = json.loads(text.split("```")[1])
    assert not set(GONE) & set(policy["Statement"][0]["Action"])
    assert lint(path).stdout == ""


def test_standard_input_is_mended_to_standard_output():
    done = lint("--fix", "-", input=FULL.read_text())
    assert done.returncode == 0
    assert json.loads(done.stdout)["Version"] == "2012-10-17"
    assert done.stderr.splitlines()[-1] == "5 mended"
    assert lint("-", input=json.dumps(CLEAN)).returncode == 0


def test_what_cannot_be_mended_is_kept(tmp_path):
    path = tmp_path / "policy.json"
    text = json.dumps(CLEAN).replace("workmail:*", "workmail:ListUser")
    path.write_text(text)
    done = lint("--fix", path)
    assert done.returncode == 1 and "did you mean `workmail:ListUsers`?" in done.stdout
    assert path.read_text() == text


def test_types(tmp_path):
    path = tmp_path / "trust.json"
    statement = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert lint("--type", "trust", path).returncode == 0
    assert "UNSUPPORTED_PRINCIPAL" in lint(path).stdout
    assert "SCP_SYNTAX_ERROR_PRINCIPAL" in lint("--type", "scp", path).stdout


def test_wrong_use(tmp_path):
    assert lint().returncode == 2
    assert lint("--type", "x", FULL).returncode == 2
    missing = lint(tmp_path / "missing.json", FULL)
    assert missing.returncode == 2 and "cannot read" in missing.stderr and "5 errors" in missing.stdout
    binary_file = tmp_path / "binary"
    binary_file.write_bytes(b"\xff\xfe")
    assert lint(binary_file).returncode == 2


@pytest.fixture
def analyzer(house, root):
    return house.client("accessanalyzer", root)


def test_validate_policy(analyzer):
    policy = json.dumps(CLEAN).replace('"workmail:*"', '["ds:DeleteAlias", "workmail:*", "ds:CreateDomain"]')
    asked = {"policyDocument": policy, "policyType": "IDENTITY_POLICY"}
    findings = analyzer.validate_policy(**asked)["findings"]
    assert [finding["issueCode"] for finding in findings] == ["INVALID_ACTION"] * 2
    assert findings[0]["findingType"] == "ERROR"
    location = findings[1]["locations"][0]
    assert location["path"] == [{"value": "Statement"}, {"value": "Action"}, {"index": 2}]
    span = location["span"]
    assert policy[span["start"]["offset"] : span["end"]["offset"]] == '"ds:CreateDomain"'
    assert span["start"] == {"line": 1, "column": span["start"]["offset"], "offset": span["start"]["offset"]}
    pages = analyzer.get_paginator("validate_policy").paginate(**asked, PaginationConfig={"PageSize": 1})
    assert [page["findings"] for page in pages] == [findings[:1], findings[1:]]


def test_validate_policy_refuses(analyzer):
    for wrong in [
        {"policyDocument": "{}", "policyType": "X"},
        {"policyDocument": "{}", "policyType": "IDENTITY_POLICY", "nextToken": "x"},
        {"policyDocument": "{}", "policyType": "IDENTITY_POLICY", "maxResults": 0},
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            analyzer.validate_policy(**wrong)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_validate_policy_needs_a_permission(house, root):
    iam = house.client("iam", root)
    iam.create_user(UserName="linter")
    key = iam.create_access_key(UserName="linter")["AccessKey"]
    from house import Key

    client = house.client("accessanalyzer", Key(root.account_id, key["AccessKeyId"], key["SecretAccessKey"]))
    asked = {"policyDocument": json.dumps(CLEAN), "policyType": "IDENTITY_POLICY"}
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        client.validate_policy(**asked)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    statement = {"Effect": "Allow", "Action": "access-analyzer:ValidatePolicy", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="linter", PolicyName="lint", PolicyDocument=document)
    assert client.validate_policy(**asked)["findings"] == []
