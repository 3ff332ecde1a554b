#!/usr/bin/env python3
"""Makes the compact service models of this folder from the public ones that botocore carries.

    python3 -m venv .venv && .venv/bin/pip install botocore==1.44.5 && .venv/bin/python models/make.py

Facts only: names, types, constraints, errors, bindings; no prose. Only the operations named in
`served.toml` and the shapes that they reach. The same input gives the same bytes.

What AWS offers in its console alone, and has no public model for, has one of our own in `own/`, in the form
that AWS's tools read. Its operations are added to those of the service (see `OWN`).

The form, for the reader in `crates/wire/build`:

  operations   name -> {input, output, wrapper (query result element), errors, http (if not POST /),
               auth (`none` where no signature is needed)}
  errors       shape -> {code, status, fault}; code is left out where it is the shape's own name
  shapes       name -> {type, ...constraints}; a member is its shape's name, or {shape, ...bindings};
               the members of a structure are a list, for their order matters
               pattern    AWS's own text, shown in messages
               regex      the same for the Rust regex crate, left out where the texts are equal
               not_regex  what must not be found in the value (Rust has no lookahead)
               said       the service's own message, where it does not use AWS's usual one
"""

import gzip
import json
import pathlib
import re
import sys
import tomllib

PINNED = "1.44.5"
HERE = pathlib.Path(__file__).resolve().parent

# Patterns that no mechanical translation can carry over: AWS's text -> (regex, not_regex).
BY_HAND = {
    # lookaheads
    r"^(?!d-)([\da-zA-Z]+)([-][\da-zA-Z]+)*": ("[0-9a-zA-Z]+(-[0-9a-zA-Z]+)*", "^d-"),
    r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$": ("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "--"),
    # five digits after \u, where the grammar takes four: the last range is meant to be the other planes
    r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+": (
        r"[\t\n\r\x20-\x7E\x{85}\x{A0}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]+",
        None,
    ),
    # `\\b` was meant as a word boundary and is true wherever it stands
    r"^d-[0-9a-f]{10}$|^[0-9a-f]{8}\\b-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-\\b[0-9a-f]{12}$": (
        "d-[0-9a-f]{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        None,
    ),
}

# Patterns that a service checks itself, after all else, and speaks of in its own words; `{}` is the member.
IN_OWN_WORDS = {
    "iam": {
        r"[\w+=,.@-]+": "The specified value for {} is invalid. It must contain only alphanumeric"
        " characters and/or the following: +=,.@_-",
        r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": "The specified value for {} is invalid. It must begin and"
        " end with / and contain only alphanumeric characters and/or / characters.",
    },
}

# Constraints that a service checks itself, with errors of its own.
UNBOUND = {"cloudtrail": {"MaxResults": ("min", "max"), "EventCategory": ("enum",)}}

# Secrets that the public model does not mark as such.
SECRET_BESIDES = {
    "iam": {"authenticationCodeType"},
    # what is logged is not copied into the record of the call
    "logs": {"EventMessage"},
    "sts": {"tokenType", "tokenCodeType", "contextAssertionType"},
    "workmail": {"ImpersonationToken"},
}

# Constraints that the service does not keep to, as its recorded answers show: shape -> what holds.
CORRECTED = {
    "iam": {
        "PolicySourceType": {"enum": ["IAM Policy", "Resource Policy", "Permissions Boundary Policy"]},
        "AttachmentName": {"pattern": r"[\w+=,.@*?-]+"},
        # A job that is under way has no date of completion, say the same shapes.
        "GetServiceLastAccessedDetailsResponse": {
            "required": ["JobStatus", "JobCreationDate", "ServicesLastAccessed"]
        },
        "GetServiceLastAccessedDetailsWithEntitiesResponse": {
            "required": ["JobStatus", "JobCreationDate", "EntityDetailsList"]
        },
    },
}

# Operations without a public model: service -> the model of our own that is added to it.
OWN = {"workmail": "workmailconsole"}

CONSTRAINTS = ("min", "max", "enum", "sensitive", "streaming", "timestampFormat", "flattened", "union")
BINDINGS = ("location", "locationName", "flattened", "timestampFormat", "idempotencyToken", "streaming")


def main():
    served = tomllib.loads((HERE / "served.toml").read_text())
    for service, operations in served.items():
        public = with_own(public_model(service), OWN.get(service))
        model = compact(service, public, operations)
        (HERE / f"{service}.json").write_text(render(model))


def public_model(service):
    try:
        import botocore
    except ImportError:
        sys.exit(f"botocore is missing: pip install botocore=={PINNED}")
    if botocore.__version__ != PINNED:
        sys.exit(f"botocore {botocore.__version__} is installed, {PINNED} is wanted")
    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    newest = max(folder.iterdir())
    return json.loads(gzip.decompress((newest / "service-2.json.gz").read_bytes()))


def with_own(public, own):
    """The public model with the operations and shapes of our own; what both name must be the same."""
    if own is None:
        return public
    newest = max((HERE / "own" / own).iterdir())
    added = json.loads((newest / "service-2.json").read_text())
    for table in ("operations", "shapes"):
        for name, value in added[table].items():
            if facts(public[table].setdefault(name, value)) != facts(value):
                sys.exit(f"{own} and the public model do not agree about {name}")
    return public


def facts(value):
    """A shape or operation without its prose."""
    if isinstance(value, list):
        return [facts(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: facts(item) for key, item in value.items() if key != "documentation" or not isinstance(item, str)}


def compact(service, public, served):
    unknown = sorted(set(served) - set(public["operations"]))
    if unknown:
        sys.exit(f"{service} has no such operations: {', '.join(unknown)}")
    operations = {name: operation(public["operations"][name]) for name in sorted(served)}
    roots = [op[side] for op in operations.values() for side in ("input", "output") if side in op]
    errors = sorted({error for op in operations.values() for error in op.get("errors", [])})
    shapes = reachable(public["shapes"], roots)
    return {
        "service": public["metadata"].get("signingName", public["metadata"]["endpointPrefix"]),
        **metadata(public["metadata"]),
        "operations": operations,
        "errors": {name: error(name, public["shapes"][name]) for name in errors},
        "shapes": {name: shape(service, name, public["shapes"][name]) for name in sorted(shapes)},
    }


def metadata(public):
    kept = {
        "protocol": public["protocol"],
        "api_version": public["apiVersion"],
        "endpoint_prefix": public["endpointPrefix"],
        "signing_name": public.get("signingName", public["endpointPrefix"]),
        "json_version": public.get("jsonVersion"),
        "target_prefix": public.get("targetPrefix"),
        "xml_namespace": public.get("xmlNamespace"),
    }
    return {key: value for key, value in kept.items() if value is not None}


def operation(public):
    kept = {
        "input": public.get("input", {}).get("shape"),
        "output": public.get("output", {}).get("shape"),
        "wrapper": public.get("output", {}).get("resultWrapper"),
        "errors": sorted(error["shape"] for error in public.get("errors", [])),
        "http": http(public["http"]),
        "auth": "none" if public.get("authtype") == "none" else None,
    }
    return {key: value for key, value in kept.items() if value}


def http(public):
    binding = {"method": public["method"], "uri": public["requestUri"]}
    if public.get("responseCode", 200) != 200:
        binding["status"] = public["responseCode"]
    return None if binding == {"method": "POST", "uri": "/"} else binding


def error(name, public):
    declared = public.get("error", {})
    kept = {
        "code": declared.get("code", name),
        "status": declared.get("httpStatusCode", 400),
        "fault": "receiver" if public.get("fault") or declared.get("httpStatusCode", 400) >= 500 else "sender",
    }
    if kept["code"] == name:
        del kept["code"]
    return kept


def reachable(shapes, roots):
    seen, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(reference["shape"] for reference in references(shapes[name]))
    return seen


def references(public):
    yield from public.get("members", {}).values()
    yield from (public[part] for part in ("member", "key", "value") if part in public)


def shape(service, name, public):
    public = public | CORRECTED.get(service, {}).get(name, {})
    kept = {"type": public["type"]}
    unbound = UNBOUND.get(service, {}).get(name, ())
    kept.update({key: public[key] for key in CONSTRAINTS if key in public and key not in unbound})
    if name in SECRET_BESIDES.get(service, ()):
        kept["sensitive"] = True
    if "pattern" in public:
        kept.update(pattern(service, public["pattern"]))
    if "members" in public:
        kept["members"] = [[name, member(reference)] for name, reference in public["members"].items()]
        if public.get("required"):
            kept["required"] = public["required"]
        if "payload" in public:
            kept["payload"] = public["payload"]
    kept.update({part: member(public[part]) for part in ("member", "key", "value") if part in public})
    return kept


def member(reference):
    bindings = {key: reference[key] for key in BINDINGS if key in reference}
    return {"shape": reference["shape"], **bindings} if bindings else reference["shape"]


def pattern(service, text):
    regex, not_regex = BY_HAND.get(text) or (translated(text), None)
    kept = {"pattern": text}
    if regex != text:
        kept["regex"] = regex
    if not_regex:
        kept["not_regex"] = not_regex
    said = IN_OWN_WORDS.get(service, {}).get(text)
    if said:
        kept["said"] = said
    return kept


def translated(text):
    """Java's pattern language to that of the Rust regex crate: both know most of the same things."""
    if re.search(r"\(\?[!=<]", text):
        sys.exit(f"a lookaround needs a translation by hand: {text}")
    # The whole value must match, so outer anchors say nothing; kept where alternatives bind weaker.
    if "|" not in re.sub(r"\(.*\)", "", text):
        text = text.removeprefix("^")
        text = text[:-1] if text.endswith("$") and not text.endswith(r"\$") else text
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", text)
    # Java's short classes are ASCII
    for short, ascii_class in ((r"\w", "a-zA-Z0-9_"), (r"\d", "0-9")):
        text = in_and_out_of_brackets(text, short, ascii_class)
    return text


def in_and_out_of_brackets(text, short, ascii_class):
    out, inside, at = [], False, 0
    while at < len(text):
        token = text[at : at + 2] if text[at] == "\\" else text[at]
        if token == short:
            out.append(ascii_class if inside else f"[{ascii_class}]")
        else:
            inside = (inside or token == "[") and token != "]"
            out.append(token)
        at += len(token)
    return "".join(out)


def render(model):
    """JSON with one line per operation, error and shape, so that a change is one line of a diff."""
    lines = [f'  "{key}": {dumps(value)}' for key, value in model.items() if not is_table(key)]
    for key in ("operations", "errors", "shapes"):
        rows = [f"    {dumps(name)}: {dumps(value)}" for name, value in model[key].items()]
        lines.append(f'  "{key}": {{\n' + ",\n".join(rows) + "\n  }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def is_table(key):
    return key in ("operations", "errors", "shapes")


def dumps(value):
    return json.dumps(value, ensure_ascii=True)


if __name__ == "__main__":
    main()
