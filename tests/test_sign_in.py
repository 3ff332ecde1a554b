"""Signing in and up as people do, against the binary: every state, and those who try what they should not."""

import base64
import concurrent.futures
import csv
import hashlib
import hmac
import json
import re
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from fido_key import FidoKey
from house import House, Key, Organization

ROOT_PASSWORD = "Root-Password-1"
PASSWORD = "Correct-Horse-1"
NEXT = "Correct-Horse-2"


def ask(house, path, form=None, method="POST", headers=None, raw=None):
    """Status, answer and headers of one request."""
    body = raw if raw is not None else json.dumps(form).encode() if form is not None else None
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(house.endpoint + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, parsed(response.read()), response.headers
    except urllib.error.HTTPError as error:
        return error.code, parsed(error.read()), error.headers


def parsed(body):
    return json.loads(body) if body else None


def key_of(answer):
    credentials = answer["credentials"]
    return Key(
        answer["accountId"],
        credentials["accessKeyId"],
        credentials["secretAccessKey"],
        credentials["sessionToken"],
    )


def totp(seed, at=None):
    step = int((at or time.time()) // 30)
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    place = digest[19] & 15
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


class Account:
    """An account whose root user has a password, and its users."""

    def __init__(self, house):
        self.house = house
        self.email = f"root-{uuid.uuid4().hex[:12]}@example.com"
        done = house.run(
            "account", "create", "--email", self.email, "--name", "Test Corp", "--root-access-key", "--json",
            "--password-file", "-", input=ROOT_PASSWORD + "\n",
        )  # fmt: skip
        self.key = Key(**json.loads(done.stdout))
        self.id = self.key.account_id
        self.iam = house.client("iam", self.key)

    def user(self, name="ann", reset=False, policy=None):
        self.iam.create_user(UserName=name)
        self.iam.create_login_profile(UserName=name, Password=PASSWORD, PasswordResetRequired=reset)
        if policy:
            self.iam.attach_user_policy(UserName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return name

    def enter(self, name="ann", password=PASSWORD, path="/signin", **more):
        form = {"account": self.id, "userName": name, "password": password} | more
        return ask(self.house, path, form)

    def enter_root(self, password=ROOT_PASSWORD):
        return ask(self.house, "/signin", {"email": self.email, "password": password})


@pytest.fixture
def lone(own_house):
    """A house of this test alone: limits count addresses, and all tests come from one."""
    own_house.options += ["--sign-up", "true", "--hostname", "house.example"]
    return own_house.start()


@pytest.fixture
def account(lone):
    return Account(lone)


def signed(house, key, path, form, service="signin"):
    """A request signed for the endpoint of people."""
    body = json.dumps(form).encode()
    credentials = botocore.credentials.Credentials(key.id, key.secret, key.token)
    request = botocore.awsrequest.AWSRequest(
        "POST", house.endpoint + path, data=body, headers={"Content-Type": "application/json"}
    )
    botocore.auth.SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return ask(house, path, raw=body, headers=dict(request.headers))


def test_a_user_signs_in_and_works_with_the_credentials(account):
    account.user(policy="IAMReadOnlyAccess")
    status, answer, headers = account.enter()
    assert status == 200 and answer["state"] == "SignedIn"
    assert answer["userName"] == "ann" and answer["mfaAuthenticated"] is False
    assert headers["Cache-Control"] == "no-store" and "Set-Cookie" not in headers
    assert not [name for name in headers if name.lower().startswith("access-control")]
    key = key_of(answer)
    assert account.house.client("sts", key).get_caller_identity()["Arn"] == answer["arn"]
    assert account.house.client("iam", key).get_user()["User"]["UserName"] == "ann"
    assert "PasswordLastUsed" in account.iam.get_user(UserName="ann")["User"]


def test_alias_id_path_and_host_name_the_account(account):
    account.user()
    account.iam.create_account_alias(AccountAlias="acme-" + account.id)
    alias = "acme-" + account.id
    form = {"userName": "ann", "password": PASSWORD}
    for label in (alias, account.id):
        assert ask(account.house, "/signin", form | {"account": label})[0] == 200
        assert ask(account.house, f"/signin/{label}", form)[0] == 200
    host = {"Host": f"{alias}.signin.house.example"}
    assert ask(account.house, "/signin", form, headers=host)[0] == 200
    assert ask(account.house, "/signin", form)[0] == 400
    assert ask(account.house, f"/signin/{alias}", form | {"account": account.id})[0] == 400
    root = {"email": account.email, "password": ROOT_PASSWORD}
    assert ask(account.house, f"/signin/{alias}", root)[0] == 400, "root is not on the form of IAM users"
    assert ask(account.house, "/signin/other-alias", form)[0] == 401


def test_strangers_learn_nothing(account):
    account.user()
    account.iam.create_user(UserName="bare")
    asked = [
        {"account": account.id, "userName": "ann", "password": "Wrong-Password-1"},
        {"account": account.id, "userName": "bare", "password": PASSWORD},
        {"account": account.id, "userName": "nobody", "password": PASSWORD},
        {"account": "999999999999", "userName": "ann", "password": PASSWORD},
        {"account": "nowhere", "userName": "ann", "password": PASSWORD},
        {"email": account.email, "password": PASSWORD},
        {"email": "nobody@example.com", "password": ROOT_PASSWORD},
        {"account": account.id, "userName": account.email, "password": ROOT_PASSWORD},
    ]
    answers = {(status, json.dumps(answer)) for status, answer, _ in (ask(account.house, "/signin", a) for a in asked)}
    assert len(answers) == 1
    status, answer = answers.pop()
    assert status == 401 and json.loads(answer)["code"] == "SignInFailed"


def test_bad_input_is_refused_as_such(account):
    house = account.house
    good = {"email": account.email, "password": ROOT_PASSWORD}
    for form in (
        [], "x", 1, None, {}, {"email": 1, "password": "x"}, good | {"password": ["x"]}, good | {"extra": 1},
        good | {"account": "a"}, {"account": {}, "userName": "x", "password": "x"}, good | {"durationSeconds": 1},
        good | {"durationSeconds": "900"}, good | {"durationSeconds": -1}, good | {"password": "x" * 1025},
        {"account": "a\0b", "userName": "x", "password": "x"}, {"account": "a", "userName": "x" * 65, "password": "x"},
    ):  # fmt: skip
        status, answer, _ = ask(house, "/signin", form, raw=json.dumps(form).encode())
        assert (status, answer["code"]) == (400, "InvalidRequest"), form
    for raw in (b"", b"{", b"\xff\xfe", b'{"email":"a","email":"b"}', b"[" * 10_000):
        assert ask(house, "/signin", raw=raw)[0] == 400, raw
    assert ask(house, "/signin", raw=b'{"email":"' + b"x" * 100_000)[0] == 413
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ask(house, "/signin", good, headers={"Content-Type": kind})[0] == 415, kind
    assert ask(house, "/signin", method="GET")[0] == 405
    status, _, headers = ask(house, "/signin", method="OPTIONS", headers={"Origin": "https://evil.example"})
    assert status == 405 and "Access-Control-Allow-Origin" not in headers
    assert ask(house, "/signin", good)[0] == 200, "and nothing of it was in the way"


def test_five_wrong_passwords_then_a_rest(account):
    account.user()
    assert [account.enter(password="Wrong-Password-1")[0] for _ in range(5)] == [401] * 5
    status, answer, headers = account.enter()
    assert (status, answer["code"]) == (429, "TooManyAttempts"), "also for the right password"
    assert 800 < int(headers["Retry-After"]) <= 901
    assert account.enter("ANN")[0] == 429
    account.user("bob")
    assert account.enter("bob")[0] == 200, "others are not locked out"
    assert account.enter_root()[0] == 200


def test_guessing_at_once_is_no_way_around(account):
    account.user()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: account.enter(password="Wrong-Password-1")[0], range(32)))
    assert sorted(statuses) == [401] * 5 + [429] * 27


def test_a_second_factor(account):
    house = account.house
    account.user(policy="IAMReadOnlyAccess")
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"], device["SerialNumber"], time.time()
    account.iam.enable_mfa_device(
        UserName="ann",
        SerialNumber=serial,
        AuthenticationCode1=totp(seed, now - 30),
        AuthenticationCode2=totp(seed, now),
    )
    status, answer, _ = account.enter()
    assert status == 200 and answer["state"] == "MfaRequired" and "credentials" not in answer
    assert answer["devices"] == [{"serialNumber": serial, "kind": "Totp"}]
    step = {"token": answer["token"]}
    code = totp(seed, time.time() + 30)
    assert ask(house, "/signin/step/mfa", step | {"code": "000000" if code != "000000" else "1"})[0] == 401
    altered = step["token"][:-2] + ("AA" if not step["token"].endswith("AA") else "BB")
    assert ask(house, "/signin/step/mfa", {"token": altered, "code": code})[1]["code"] == "InvalidToken"
    change = {"token": step["token"], "oldPassword": PASSWORD, "newPassword": NEXT}
    assert ask(house, "/signin/step/password", change)[1]["code"] == "InvalidToken", "a token of another step"
    status, answer, _ = ask(house, "/signin/step/mfa", step | {"code": code})
    assert status == 200 and answer["mfaAuthenticated"] is True
    assert ask(house, "/signin/step/mfa", step | {"code": code})[1]["code"] == "InvalidToken", "it works once"
    _, again, _ = account.enter()
    status, refused, _ = ask(house, "/signin/step/mfa", {"token": again["token"], "code": code})
    assert refused["code"] == "InvalidAuthenticationCode", "so does a code"
    needs_mfa = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    }  # fmt: skip
    account.iam.put_user_policy(UserName="ann", PolicyName="mfa", PolicyDocument=json.dumps(needs_mfa))
    assert house.client("iam", key_of(answer)).get_user()["User"]["UserName"] == "ann"


def test_a_fido_key_as_second_factor(account):
    house = account.house
    account.user(policy="AdministratorAccess")
    key = key_of(account.enter()[1])
    offer = signed(house, key, "/mfa/fido/offer", {})[1]
    stick = FidoKey("https://house.example", offer["relyingPartyId"])
    made = {"token": offer["token"], "name": "stick"} | stick.create(offer["challenge"])
    foreign = FidoKey("https://evil.example", offer["relyingPartyId"]).create(offer["challenge"])
    assert signed(house, key, "/mfa/fido", made | foreign)[1]["code"] == "InvalidKey"
    status, answer, _ = signed(house, key, "/mfa/fido", made)
    assert status == 201
    [device] = account.iam.list_mfa_devices(UserName="ann")["MFADevices"]
    assert device["SerialNumber"] == answer["serialNumber"] and ":u2f/user/ann/stick-" in answer["serialNumber"]

    answer = account.enter()[1]
    assert answer["state"] == "MfaRequired" and answer["devices"][0]["kind"] == "Fido"
    step, challenge = {"token": answer["token"]}, answer["fido"]["challenge"]
    for wrong in (
        stick.get(challenge, origin="https://evil.example"),
        stick.get(offer["challenge"]),
        stick.get(challenge) | {"signature": FidoKey(stick.origin, stick.relying_party).get(challenge)["signature"]},
    ):
        assert ask(house, "/signin/step/fido", step | wrong)[1]["code"] == "InvalidAuthenticationCode"
    right = step | stick.get(challenge)
    status, answer, _ = ask(house, "/signin/step/fido", right)
    assert status == 200 and answer["mfaAuthenticated"] is True
    assert ask(house, "/signin/step/fido", right)[1]["code"] == "InvalidToken", "it works once"
    account.iam.deactivate_mfa_device(UserName="ann", SerialNumber=device["SerialNumber"])
    assert account.enter()[1]["state"] == "SignedIn"


def test_a_forced_change(account):
    house = account.house
    account.user(reset=True)
    status, answer, _ = account.enter()
    assert status == 200 and answer["state"] == "NewPasswordRequired" and answer["reason"] == "ResetRequired"
    step = {"token": answer["token"], "oldPassword": PASSWORD, "newPassword": NEXT}
    status, refused, _ = ask(house, "/signin/step/password", step)
    assert (status, refused["code"]) == (403, "AccessDenied"), "the account does not let its users"
    account.iam.update_account_password_policy(
        AllowUsersToChangePassword=True, PasswordReusePrevention=24, MinimumPasswordLength=8
    )
    for new in ("short", PASSWORD):
        status, refused, _ = ask(house, "/signin/step/password", step | {"newPassword": new})
        assert (status, refused["code"]) == (400, "PasswordPolicyViolation"), new
    status, refused, _ = ask(house, "/signin/step/password", step | {"oldPassword": "Wrong-Password-1"})
    assert refused["message"] == "The old password was incorrect."
    status, answer, _ = ask(house, "/signin/step/password", step)
    assert status == 200 and answer["state"] == "SignedIn"
    assert ask(house, "/signin/step/password", step)[1]["code"] == "InvalidToken"
    assert account.enter()[0] == 401 and account.enter(password=NEXT)[0] == 200


def events(house, account, name, count):
    """The records of an account by that event name; failures are written a moment later."""
    deadline = time.monotonic() + 10
    query = f"SELECT record FROM events WHERE account_id = '{account.id}' AND event_name = '{name}' ORDER BY event_time"
    while len(records := [json.loads(row[0]) for row in house.rows(query)]) < count:
        assert time.monotonic() < deadline, records
        time.sleep(0.1)
    assert len(records) == count
    return records


def test_events_tell_of_every_sign_in(account):
    account.user()
    account.enter()
    account.enter(password="Wrong-Password-1")
    account.enter("My-Password-In-The-Wrong-Field")
    account.enter_root()
    records = events(account.house, account, "ConsoleLogin", 4)
    assert [r["responseElements"]["ConsoleLogin"] for r in records] == ["Success", "Failure", "Failure", "Success"]
    assert all(r["eventType"] == "AwsConsoleSignIn" and "LoginTo" not in r["additionalEventData"] for r in records)
    assert records[2]["userIdentity"]["userName"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert records[3]["userIdentity"]["type"] == "Root"
    text = json.dumps(records) + account.house.log_text()
    for secret in (PASSWORD, ROOT_PASSWORD, "Wrong-Password", "My-Password"):
        assert secret not in text


def test_only_root_does_what_is_roots(account):
    house = account.house
    account.user("admin", policy="AdministratorAccess")
    admin = key_of(account.enter("admin")[1])
    root = key_of(account.enter_root()[1])
    tasks = {
        "/root/password": {"oldPassword": ROOT_PASSWORD, "newPassword": "Root-Password-9"},
        "/root/account-name": {"accountName": "Mine"},
        "/root/email": {"email": "mine@example.com", "password": ROOT_PASSWORD},
        "/root/email/confirm": {"code": "123456"},
        "/root/mfa": {"serialNumber": "x", "code1": "123456", "code2": "123456"},
    }
    for path, form in tasks.items():
        for key in (admin, account.key):
            status, answer, _ = signed(house, key, path, form)
            assert (status, answer["code"]) == (403, "AccessDenied"), path
        assert ask(house, path, form)[1]["code"] == "MissingAuthenticationToken", path
        wrong = Key(root.account_id, root.id, "x" * 40, root.token)
        assert signed(house, wrong, path, form)[1]["code"] == "SignatureDoesNotMatch", path
        assert signed(house, root, path, form, service="iam")[0] in (400, 403), path
    iam = house.client("iam", admin)
    own = iam.create_access_key()["AccessKey"]
    assert own["UserName"] == "admin", "an access key without a name is the caller's, not root's"
    for attempt in (
        lambda: iam.delete_access_key(AccessKeyId=account.key.id),
        lambda: iam.update_access_key(AccessKeyId=account.key.id, Status="Inactive"),
        lambda: iam.update_login_profile(UserName="root", Password=NEXT),
        lambda: iam.create_login_profile(UserName="<root_account>", Password=NEXT),
        lambda: iam.change_password(OldPassword=ROOT_PASSWORD, NewPassword=NEXT),
        lambda: iam.enable_mfa_device(
            UserName="root", SerialNumber="arn:aws:iam::x:mfa/y", AuthenticationCode1="111111", AuthenticationCode2="111111"
        ),
    ):
        with pytest.raises((botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError)):
            attempt()
    assert house.client("sts", account.key).get_caller_identity()["Arn"].endswith(":root"), "root's key still works"
    assert account.enter_root()[0] == 200
    assert signed(house, root, "/root/account-name", {"accountName": "Other Corp"})[0] == 204
    assert signed(house, root, "/root/password", tasks["/root/password"])[0] == 204
    assert account.enter_root()[0] == 401 and account.enter_root("Root-Password-9")[0] == 200


def test_roots_second_factor(account):
    house = account.house
    root = key_of(account.enter_root()[1])
    device = house.client("iam", root).create_virtual_mfa_device(VirtualMFADeviceName="root")["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"], device["SerialNumber"], time.time()
    form = {"serialNumber": serial, "code1": totp(seed, now - 30), "code2": totp(seed, now)}
    assert signed(house, root, "/root/mfa", form | {"code2": form["code1"]})[1]["code"] == "InvalidAuthenticationCode"
    assert signed(house, root, "/root/mfa", form)[0] == 204
    _, answer, _ = account.enter_root()
    assert answer["state"] == "MfaRequired"
    status, answer, _ = ask(
        house, "/signin/step/mfa", {"token": answer["token"], "code": totp(seed, time.time() + 30)}
    )
    assert status == 200 and answer["arn"] == f"arn:aws:iam::{account.id}:root"
    summary = account.iam.get_account_summary()["SummaryMap"]
    assert summary["AccountMFAEnabled"] == 1


def mails(house, address, password):
    with house.imap(address, password) as imap:
        imap.select_folder("INBOX", readonly=True)
        fetched = imap.fetch(imap.search(), ["BODY.PEEK[]"])
        return [fetched[uid][b"BODY[]"].decode() for uid in sorted(fetched)]


def test_sign_up_with_a_code_in_a_local_mailbox(account):
    house = account.house
    organization = Organization(house, account.key)
    _, address = organization.user("new", password=NEXT)
    form = {"email": address, "accountName": "New Corp", "password": ROOT_PASSWORD}
    status, begun, _ = ask(house, "/signup", form)
    assert status == 202 and set(begun) == {"signUpId", "expiresAt"}
    (letter,) = mails(house, address, NEXT)
    (code,) = re.findall(r"^\s+(\d{6})\r?$", letter, re.MULTILINE)
    pending = json.loads(house.run("account", "sign-ups", "--json").stdout)
    assert [(p["email"], p["code"]) for p in pending] == [(address, code)], "the operator can tell it as well"
    assert ask(house, "/signin", {"email": address, "password": ROOT_PASSWORD})[0] == 401
    confirm = {"signUpId": begun["signUpId"], "code": code}
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert ask(house, "/signup/confirm", confirm | {"code": wrong})[1]["code"] == "InvalidCode"
    status, made, _ = ask(house, "/signup/confirm", confirm)
    assert status == 201 and re.fullmatch(r"\d{12}", made["accountId"])
    assert ask(house, "/signup/confirm", confirm)[0] == 400
    assert made["accountId"] in mails(house, address, NEXT)[1], "the word of welcome"
    status, answer, _ = ask(house, "/signin", {"email": address, "password": ROOT_PASSWORD})
    assert status == 200 and answer["accountId"] == made["accountId"]
    taken, begun_again, _ = ask(house, "/signup", form | {"password": "Other-Password-1"})
    assert (taken, set(begun_again)) == (202, set(begun)), "the answer does not tell that there is an account"
    assert "has one already" in mails(house, address, NEXT)[2]
    assert ask(house, "/signup/confirm", {"signUpId": begun_again["signUpId"], "code": code})[0] == 400


def test_sign_up_within_bounds(account):
    house = account.house
    form = {"email": "x@example.com", "accountName": "X", "password": ROOT_PASSWORD}
    for bad in ({"email": "x"}, {"email": "a\r\nBcc: b@c@d"}, {"accountName": ""}, {"password": "weak"}, {"email": 7}):
        assert ask(house, "/signup", form | bad)[0] == 400, bad
    _, begun, _ = ask(house, "/signup", form)
    statuses = [ask(house, "/signup", form)[0] for _ in range(3)]
    assert statuses == [202, 202, 429]
    (code,) = {p["code"] for p in json.loads(house.run("account", "sign-ups", "--json").stdout)[:1]}
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert ask(house, "/signup/confirm", {"signUpId": begun["signUpId"], "code": wrong})[0] == 400
    assert ask(house, "/signup/confirm", {"signUpId": begun["signUpId"], "code": code})[0] == 400, "five tries"


def test_sign_up_is_closed_unless_the_operator_opens_it(house):
    form = {"email": "x@example.com", "accountName": "X", "password": ROOT_PASSWORD}
    status, answer, _ = ask(house, "/signup", form)
    assert (status, answer["code"]) == (403, "SignUpClosed")
    assert ask(house, "/signup/confirm", {"signUpId": "0" * 32, "code": "123456"})[0] == 403


def test_roots_address_changes_with_a_code(account):
    house = account.house
    organization = Organization(house, account.key)
    _, address = organization.user("next", password=NEXT)
    root = key_of(account.enter_root()[1])
    form = {"email": address, "password": ROOT_PASSWORD}
    assert signed(house, root, "/root/email", form | {"password": "x"})[0] == 401
    assert signed(house, root, "/root/email", form)[0] == 202
    (code,) = re.findall(r"^\s+(\d{6})\r?$", mails(house, address, NEXT)[0], re.MULTILINE)
    assert signed(house, root, "/root/email/confirm", {"code": f"{(int(code) + 1) % 1_000_000:06}"})[0] == 400
    assert signed(house, root, "/root/email/confirm", {"code": code})[0] == 204
    assert account.enter_root()[0] == 401
    account.email = address
    assert account.enter_root()[0] == 200


def test_federation(account):
    house = account.house
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"},
    }
    account.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    account.iam.attach_role_policy(RoleName="reader", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    account.iam.create_user(UserName="broker")
    account.iam.attach_user_policy(UserName="broker", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    made = account.iam.create_access_key(UserName="broker")["AccessKey"]
    sts = house.client("sts", Key(account.id, made["AccessKeyId"], made["SecretAccessKey"]))
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{account.id}:role/reader", RoleSessionName="ann")["Credentials"]

    def token(credentials, method="GET", **more):
        session = {
            "sessionId": credentials["AccessKeyId"],
            "sessionKey": credentials["SecretAccessKey"],
            "sessionToken": credentials["SessionToken"],
        }
        query = urllib.parse.urlencode({"Action": "getSigninToken", "Session": json.dumps(session)} | more)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        if method == "GET":
            return ask(house, f"/federation?{query}", method="GET", headers=form)
        return ask(house, "/federation", raw=query.encode(), headers=form)

    def login(signin_token, destination="https://console.house.example/"):
        query = {"Action": "login", "Issuer": "https://x.example", "Destination": destination}
        query = urllib.parse.urlencode(query | {"SigninToken": signin_token})
        return ask(house, f"/federation?{query}", method="GET")

    for method in ("GET", "POST"):
        status, answer, _ = token(role, method, SessionDuration=43200)
        assert status == 200 and set(answer) == {"SigninToken"}
        status, session, _ = login(answer["SigninToken"]) if method == "GET" else (200, None, None)
        assert status == 200
        if session:
            assert session["arn"].endswith(":assumed-role/reader/ann")
            assert house.client("iam", key_of(session)).list_users()["Users"]
            assert login(answer["SigninToken"])[0] == 401, "a token works once"
    assert login(token(role)[1]["SigninToken"], "javascript:alert(1)")[0] == 400
    assert token(role, SessionDuration=899)[0] == 400 and token(role, SessionDuration="x")[0] == 400
    assert token(role | {"SecretAccessKey": "x" * 40})[1]["code"] == "InvalidCredentials"
    session_token = sts.get_session_token()["Credentials"]
    assert token(session_token)[1]["code"] == "InvalidCredentials"
    federated = sts.get_federation_token(Name="bob")["Credentials"]
    assert token(federated)[0] == 200 and token(federated, SessionDuration=900)[0] == 400
    assert ask(house, "/federation?Action=other", method="GET")[0] == 400
    assert ask(house, "/federation", {"Action": "login"})[0] == 415


def test_behind_a_proxy_the_client_counts(own_house):
    own_house.options += ["--proxy", "127.0.0.1"]
    account = Account(own_house.start())
    account.user()

    def enter(client, password=PASSWORD):
        form = {"account": account.id, "userName": "ann", "password": password}
        headers = {"X-Forwarded-For": f"203.0.113.9, {client}", "X-Forwarded-Proto": "https"}
        return ask(own_house, "/signin", form, headers=headers)[0]

    assert [enter("192.0.2.1", "Wrong-Password-1") for _ in range(6)] == [401] * 5 + [429]
    assert enter("192.0.2.1") == 429 and enter("192.0.2.2") == 200
    records = events(own_house, account, "ConsoleLogin", 7)
    assert {r["sourceIPAddress"] for r in records} == {"192.0.2.1", "192.0.2.2"}


def test_strangers_do_not_say_who_they_are(account):
    account.user()
    form = {"account": account.id, "userName": "ann", "password": "Wrong-Password-1"}
    statuses = [
        ask(account.house, "/signin", form, headers={"X-Forwarded-For": f"192.0.2.{n}"})[0] for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]


def test_credentials_csv_opens_the_console(lone, tmp_path):
    password, path = tmp_path / "password", tmp_path / "admin_credentials.csv"
    password.write_text(PASSWORD + "\n")
    arguments = ["account", "create", "--email", "csv@example.com", "--name", "Csv", "--administrator", "admin", "--json"]
    arguments += ["--administrator-password-file", str(password), "--credentials-csv", str(path)]
    arguments += ["--api-listen", lone.addresses["api"]]
    made = json.loads(lone.run(*arguments).stdout)
    assert path.stat().st_mode & 0o777 == 0o600
    (row,) = csv.DictReader(path.open())
    assert list(row) == ["User name", "Password", "Access key ID", "Secret access key", "Console login link"]
    assert row["Access key ID"] == made["access_key_id"]
    link = row["Console login link"]
    assert link == f"{lone.endpoint}/signin/{made['account_id']}"
    form = {"userName": row["User name"], "password": row["Password"]}
    status, answer, _ = ask(lone, link.removeprefix(lone.endpoint), form)
    assert status == 200
    assert lone.client("iam", key_of(answer)).list_users()["Users"][0]["UserName"] == "admin"
    assert lone.run(*arguments, check=False).returncode != 0, "a file is not overwritten"


def test_all_of_it_survives_a_restart(account):
    """Step tokens are sealed by the master key, and those used stay used."""
    house = account.house
    account.iam.update_account_password_policy(AllowUsersToChangePassword=True)
    account.user(reset=True)
    _, first, _ = account.enter()
    house.stop()
    house.start()
    step = {"token": first["token"], "oldPassword": PASSWORD, "newPassword": NEXT}
    assert ask(house, "/signin/step/password", step)[0] == 200
    house.stop()
    house.start()
    assert ask(house, "/signin/step/password", step)[1]["code"] == "InvalidToken"
