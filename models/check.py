#!/usr/bin/env python3
"""Reads the golden answers of `crates/wire` with AWS's own parser, that of botocore.

Each file is `<service>-<Operation>[-variant]` or `<service>-error-<Code>`. The parser must take it, the
operation's required members must be there, and what it read must be what `EXPECTED` says.
Needs the same botocore as `make.py`.
"""

import datetime
import pathlib
import sys

import botocore.loaders
import botocore.model
import botocore.parsers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "crates/wire/tests/golden"
CREATED = datetime.datetime(2018, 7, 24, 19, 7, 41, tzinfo=datetime.timezone.utc)

EXPECTED = {
    "iam-GetUser": lambda answer: answer["User"]["Path"] == "/sales & <support>/"
    and answer["User"]["CreateDate"] == CREATED
    and answer["User"]["Tags"] == [{"Key": "motto", "Value": '"a < b"\r\n\ttrue\ufffd ü😀'}],
    "iam-ListUsers": lambda answer: [user["UserName"] for user in answer["Users"]] == ["ada", "bob"]
    and answer["IsTruncated"] is True
    and answer["Marker"] == "bWFya2Vy",
    "iam-ListUsers-none": lambda answer: answer["Users"] == [] and answer["IsTruncated"] is False,
    "iam-CreateAccessKey": lambda answer: answer["AccessKey"]["SecretAccessKey"].startswith("wJalr"),
    "iam-GetAccountSummary": lambda answer: answer["SummaryMap"] == {"Users": 3, "UsersQuota": 5000},
    "iam-DeleteUser": lambda answer: set(answer) == {"ResponseMetadata"},
    "sts-GetCallerIdentity": lambda answer: answer["Account"] == "123456789012",
    "workmail-DescribeUser": lambda answer: answer["DisplayName"] == 'Ada "the" Countess\x01'
    and answer["EnabledDate"].timestamp() == 1532459261.827
    and answer["HiddenFromGlobalAddressList"] is False,
    "workmail-ListMailDomains": lambda answer: [d["DefaultDomain"] for d in answer["MailDomains"]]
    == [True, False],
    "workmail-GetMailboxDetails": lambda answer: answer == {
        "MailboxQuota": 51200, "MailboxSize": 0.25, "ResponseMetadata": answer["ResponseMetadata"],
    },
    "iam-error-NoSuchEntity": lambda answer: answer["Error"] == {
        "Type": "Sender", "Code": "NoSuchEntity", "Message": "The user with name <x&y> cannot be found.",
    },
    "iam-error-AccessDenied": lambda answer: answer["Error"]["Code"] == "AccessDenied",
    "iam-error-InternalFailure": lambda answer: answer["Error"]["Type"] == "Receiver",
    "workmail-error-EntityNotFound": lambda answer: answer["Error"]["Code"] == "EntityNotFoundException"
    and answer["Error"]["Message"] == "no entity `x\\y`",
    "workmail-error-InternalFailure": lambda answer: answer["Error"]["Message"] == "sorry",
}


def main():
    files = {path.stem: path for path in sorted(GOLDEN.iterdir())}
    wrong = [f"{name}: no such file" for name in EXPECTED.keys() - files.keys()]
    wrong += [f"{name}: nothing is expected of it" for name in files.keys() - EXPECTED.keys()]
    for name in files.keys() & EXPECTED.keys():
        answer = parsed(name, files[name].read_bytes())
        if not EXPECTED[name](answer):
            wrong.append(f"{name}: read as {answer}")
    sys.exit("\n".join(wrong) or print(f"{len(files)} answers are read as they should be"))


def parsed(name, body):
    service, operation, *_ = name.split("-")
    data = botocore.loaders.Loader().load_service_model(service, "service-2")
    model = botocore.model.ServiceModel(data, service)
    is_error = operation == "error"
    shape = None if is_error else model.operation_model(operation).output_shape
    parser = botocore.parsers.create_parser(model.metadata["protocol"])
    response = {"body": body, "headers": {}, "status_code": 400 if is_error else 200}
    answer = parser.parse(response, shape)
    missing = [member for member in (shape.required_members if shape else []) if member not in answer]
    assert not missing, f"{name}: required but missing: {missing}"
    return answer


if __name__ == "__main__":
    main()
