#!/usr/bin/env python3
"""Makes vectors.json from AWS's Signature Version 4 test suite.

    python3 vectors.py FOLDER > vectors.json

FOLDER holds one folder per case, as in aws-c-auth's tests/aws-signing-test-suite/v4 (and smithy-rs, which
adds the two double-encoding cases). The suite is AWS's, under the Apache License 2.0.
"""
import json
import pathlib
import sys

# The secrets of the suite: AWS's own, and the one that smithy-rs signs `double-encode-path` with.
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
OTHERS = {"double-encode-path": "notrealrnrELgWzOk3IfjzDKtFBhDby"}


def parse(text):
    """A request as text: request line, headers (folded lines stay in their value), body."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    method, target = first.removesuffix(" HTTP/1.1").split(" ", 1)
    headers = []
    for line in lines:
        if line[0] in " \t":
            headers[-1][1] += "\n" + line
        else:
            headers.append(list(line.split(":", 1)))
    return {"method": method, "target": target, "headers": headers, "body": body}


def form(folder, kind):
    """The signed request; that its signature is right shows that the canonical request is."""
    path = folder / f"{kind}-signed-request.txt"
    return parse(path.read_text()) if path.exists() else None


def case(folder):
    context = folder / "context.json"
    context = json.loads(context.read_text()) if context.exists() else {}
    unsigned = parse((folder / "request.txt").read_text())
    forms = {kind: made for kind in ("header", "query") if (made := form(folder, kind))}
    # get-space-normalized was signed with its space unescaped
    unsigned["target"] = forms["header"]["target"]
    return {
        "name": folder.name,
        "normalize": context.get("normalize", True),
        "sign_body": context.get("sign_body", False),
        "token": context.get("credentials", {}).get("token"),
        "token_signed": not context.get("omit_session_token", False),
        "secret": context.get("credentials", {}).get("secret_access_key", OTHERS.get(folder.name, SECRET)),
        "unsigned": unsigned,
        **forms,
    }


NOTICE = (
    "AWS Signature Version 4 test suite of aws-c-auth and smithy-rs; Copyright Amazon.com, Inc. or its "
    "affiliates; Apache License 2.0. Made by vectors.py."
)
folders = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir())
lines = [json.dumps(case(folder), ensure_ascii=False) for folder in folders]
print(f'{{"notice": {json.dumps(NOTICE)},\n"cases": [\n' + ",\n".join(lines) + "\n]}")
