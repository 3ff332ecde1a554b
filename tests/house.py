"""A Chancery of a test's own: data in a throw-away folder, free ports, and clients that know only the
endpoint. The subject is named by the environment: CHANCERY_BINARY is the program under test, and
CHANCERY_TEST_POSTGRES, if set, the PostgreSQL server to keep its store in."""

import contextlib
import csv
import functools
import io
import json
import os
import pathlib
import signal
import smtplib
import sqlite3
import ssl
import subprocess
import time
import urllib.request
import uuid

import boto3
import botocore.config
import botocore.session
import imapclient

ROOT = pathlib.Path(__file__).resolve().parent.parent
OWN_MODELS = ROOT / "models/own"
REGION = "us-east-1"
START_SECONDS = 20


def binary():
    return os.environ.get("CHANCERY_BINARY", str(ROOT / "target/debug/chancery"))


class Key:
    """An access key."""

    def __init__(self, account_id, access_key_id, secret_access_key, session_token=None):
        self.account_id = account_id
        self.id = access_key_id
        self.secret = secret_access_key
        self.token = session_token


class House:
    """A server that can be stopped, killed and started again on the same data."""

    def __init__(self, folder, options=()):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_path = self.folder / "log.txt"
        self.options = list(options)
        self.listens = dict.fromkeys(["api", "smtp", "submission", "imap", "metrics"], "127.0.0.1:0")
        self.process = None
        self.addresses = {}
        self.database = None
        if server := os.environ.get("CHANCERY_TEST_POSTGRES"):
            self.database = PostgresDatabase(server)

    def environment(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHANCERY_"))}
        if self.database:
            environment["CHANCERY_POSTGRES"] = self.database.url
        return environment

    def run(self, *arguments, check=True, **options):
        """Runs the program with the data folder of this house."""
        command = [binary(), *arguments, "--data", str(self.data)]
        return subprocess.run(
            command, check=check, capture_output=True, text=True, env=self.environment(), timeout=60, **options
        )

    def create_account(self, account_id=None, email=None, name="Test"):
        """Signs up an account and returns its root user's access key."""
        email = email or f"root-{uuid.uuid4().hex[:12]}@example.com"
        arguments = ["account", "create", "--email", email, "--name", name, "--root-access-key", "--json"]
        if account_id:
            arguments += ["--account-id", account_id]
        return Key(**json.loads(self.run(*arguments).stdout))

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        listens = [part for face, address in self.listens.items() for part in (f"--{face}-listen", address)]
        command = [binary(), "serve", "--data", str(self.data), "--ready-file", str(ready), *listens, *self.options]
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment()
        )
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            assert self.process.poll() is None, f"the server ended: {self.log_text()}"
            assert time.monotonic() < deadline, f"the server is not ready: {self.log_text()}"
            time.sleep(0.01)
        self.addresses = json.loads(ready.read_text())
        return self

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.is_file() else ""

    def stop(self):
        """Asks the server to end and returns its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.log.close()
            self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.process = None

    def remove(self):
        with contextlib.suppress(Exception):
            self.stop()
        if self.database:
            self.database.drop()

    def address(self, face):
        host, port = self.addresses[face].rsplit(":", 1)
        return host, int(port)

    @property
    def endpoint(self):
        return "http://" + self.addresses["api"]

    def client(self, service, key, region=REGION, **config):
        config.setdefault("retries", {"max_attempts": 0})
        client = session().client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token,
            config=botocore.config.Config(**config),
        )
        if service in ("workmail", "workmailconsole"):
            client.meta.events.register("after-call", only_declared_errors)
        return client

    def aws(self, key, *arguments, check=True, **environment):
        """The AWS CLI with nothing but credentials, region and endpoint; its answer as an object."""
        environment = self.environment() | environment | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if key.token:
            environment["AWS_SESSION_TOKEN"] = key.token
        command = [str(ROOT / ".venv/bin/aws"), "--endpoint-url", self.endpoint, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        if not check:
            return done
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def smtp(self, **options):
        host, port = self.address("smtp")
        return smtplib.SMTP(host, port, local_hostname="client.example", timeout=30, **options)

    def submission(self, user=None, password=None):
        host, port = self.address("submission")
        smtp = smtplib.SMTP_SSL(
            host, port, local_hostname="client.example", timeout=30, context=any_certificate()
        )
        if user:
            smtp.login(user, password)
        return smtp

    def imap(self, user=None, password=None):
        host, port = self.address("imap")
        imap = imapclient.IMAPClient(host, port, ssl=True, ssl_context=any_certificate(), timeout=30)
        if user:
            imap.login(user, password)
        return imap

    def rows(self, query):
        """What the store holds, past the program; an empty text on PostgreSQL is NULL."""
        if self.database:
            return [tuple(value or None for value in row) for row in self.database.rows(query)]
        with contextlib.closing(sqlite3.connect(self.data / "chancery.db")) as store:
            return store.execute(query).fetchall()

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.addresses['metrics']}/metrics", timeout=10) as page:
            return page.read().decode()


def only_declared_errors(model, parsed, **_):
    """SDKs with types know those errors of an operation that the model declares for it."""
    code = parsed.get("Error", {}).get("Code")
    known = {shape.name for shape in model.service_model.error_shapes}
    assert code not in known - {shape.name for shape in model.error_shapes}, f"{model.name} declares no {code}"


@functools.cache
def session():
    """Knows AWS's services, and those of our own as users give them to it."""
    made = botocore.session.Session()
    made.set_config_variable("data_path", str(OWN_MODELS))
    return boto3.Session(botocore_session=made)


def any_certificate():
    """The server of a test signs its own certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class PostgresDatabase:
    """A database of its own on the server under test."""

    def __init__(self, server):
        self.server = server
        self.name = "chancery_" + uuid.uuid4().hex[:16]
        self.sql(f'CREATE DATABASE "{self.name}"')
        base, _, query = server.partition("?")
        self.url = base.rsplit("/", 1)[0] + "/" + self.name + ("?" + query if query else "")

    def drop(self):
        self.sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def rows(self, query):
        command = ["psql", "--quiet", "--csv", "--tuples-only", self.url, "--command", query]
        done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
        return csv.reader(io.StringIO(done.stdout))

    def sql(self, statement):
        subprocess.run(["psql", "--quiet", self.server, "--command", statement], check=True, timeout=60)


PASSWORD = "Correct-Horse-7"


class Organization:
    """An organization with users, made through the API."""

    def __init__(self, house, key, alias=None):
        self.house = house
        self.workmail = house.client("workmail", key)
        self.console = house.client("workmailconsole", key)
        self.alias = alias or "org-" + uuid.uuid4().hex[:12]
        self.id = self.workmail.create_organization(Alias=self.alias)["OrganizationId"]
        self.domain = f"{self.alias}.awsapps.com"
        wait_until_active(self.workmail, self.id)

    def user(self, name, email=None, password=PASSWORD):
        """Makes and registers a user; returns its id and address."""
        email = email or f"{name}@{self.domain}"
        user_id = self.workmail.create_user(
            OrganizationId=self.id, Name=name, DisplayName=name.title(), Password=password
        )["UserId"]
        self.workmail.register_to_work_mail(OrganizationId=self.id, EntityId=user_id, Email=email)
        return user_id, email

    def group(self, name, members=(), email=None):
        """Makes and registers a group; returns its id and address."""
        email = email or f"{name}@{self.domain}"
        group_id = self.workmail.create_group(OrganizationId=self.id, Name=name)["GroupId"]
        self.workmail.register_to_work_mail(OrganizationId=self.id, EntityId=group_id, Email=email)
        for member in members:
            self.workmail.associate_member_to_group(OrganizationId=self.id, GroupId=group_id, MemberId=member)
        return group_id, email


def wait_until_active(workmail, organization_id):
    deadline = time.monotonic() + 60
    while workmail.describe_organization(OrganizationId=organization_id)["State"] != "Active":
        assert time.monotonic() < deadline, "the organization does not become active"
        time.sleep(0.1)
