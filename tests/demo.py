"""Walks the main job on real input and says in plain lines what it did: `make demo`.

An administrator works with the AWS CLI alone; mail goes in with Python's smtplib and comes out with
imapclient. The server is a fresh one in a throw-away folder."""

import argparse
import os
import re
import tempfile
import uuid

from house import House, Key
from test_mail import below_trace, fetch_all, messages

FULL = "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"


def say(line):
    print("  " + line, flush=True)


def step(title):
    print(f"\n{title}", flush=True)


class Demo:
    def __init__(self, house):
        self.house = house

    def run(self):
        self.sign_up()
        self.give_access()
        self.make_the_organization()
        self.audit()
        self.send()
        self.read()

    def sign_up(self):
        step("An account is signed up, and its root user's key is used once, to make an administrator:")
        root = self.house.create_account(name="Example Ltd")
        self.house.start()
        self.aws(root, "iam create-user --user-name admin")
        self.aws(root, "iam attach-user-policy --user-name admin --policy-arn arn:aws:iam::aws:policy/AdministratorAccess")
        self.admin = self.key_of(root, "admin")
        who = self.aws(self.admin, "sts get-caller-identity")
        say(f"account {root.account_id}; from here on {who['Arn']} acts")

    def give_access(self):
        step("Two IAM groups, a user and an access key in each:")
        self.keys = {}
        for group, policy, user in (("MailAdmins", FULL, "mia"), ("Auditors", READ_ONLY, "otto")):
            self.aws(self.admin, f"iam create-group --group-name {group}")
            self.aws(self.admin, f"iam attach-group-policy --group-name {group} --policy-arn {policy}")
            self.aws(self.admin, f"iam create-user --user-name {user}")
            self.aws(self.admin, f"iam add-user-to-group --group-name {group} --user-name {user}")
            self.keys[user] = self.key_of(self.admin, user)
            say(f"{user} is in {group}, which has {policy.rsplit('/', 1)[1]}")

    def make_the_organization(self):
        step("The mail administrator makes an organization with the AWS CLI:")
        mia = self.keys["mia"]
        alias = "demo-" + uuid.uuid4().hex[:8]
        self.organization = self.aws(mia, f"workmail create-organization --alias {alias}")["OrganizationId"]
        self.domain = f"{alias}.example"
        self.workmail(mia, f"register-mail-domain --domain-name {self.domain}")
        self.workmail(mia, f"update-default-mail-domain --domain-name {self.domain}")
        say(f"organization {self.organization} with the domain {self.domain}")
        self.password = "Demo-" + uuid.uuid4().hex
        self.people = {}
        for name in ("ada", "bob", "cleo"):
            user = f"--name {name} --display-name {name.title()} --password {self.password}"
            self.people[name] = self.workmail(mia, f"create-user {user}")["UserId"]
            self.register(mia, self.people[name], name)
        self.team = self.workmail(mia, "create-group --name team")["GroupId"]
        self.register(mia, self.team, "team")
        for person in self.people.values():
            self.workmail(mia, f"associate-member-to-group --group-id {self.team} --member-id {person}")
        self.workmail(mia, f"create-alias --entity-id {self.people['ada']} --alias countess@{self.domain}")
        say("users ada, bob, cleo; group team with all three; alias countess for ada")

    def audit(self):
        step("The auditor sees all of it and changes nothing:")
        otto, ada, team = self.keys["otto"], self.people["ada"], self.team
        shown = self.workmail(otto, "describe-organization")
        users = self.workmail(otto, "list-users")["Users"]
        groups = self.workmail(otto, "list-groups")["Groups"]
        domains = self.workmail(otto, "list-mail-domains")["MailDomains"]
        say(f"sees {shown['Alias']}: {len(users)} users, {len(groups)} groups, {len(domains)} domains")
        described = self.workmail(otto, f"describe-user --user-id {ada}")
        aliases = self.workmail(otto, f"list-aliases --entity-id {ada}")["Aliases"]
        members = self.workmail(otto, f"list-group-members --group-id {team}")["Members"]
        say(f"sees {described['Email']} with {len(aliases)} alias, and team with {len(members)} members")
        refused = [
            f"update-user --user-id {ada} --display-name Eve",
            f"reset-password --user-id {ada} --password Another-Horse-9",
            f"create-alias --entity-id {ada} --alias eve@{self.domain}",
            f"disassociate-member-from-group --group-id {team} --member-id {ada}",
            f"deregister-from-work-mail --entity-id {ada}",
            f"delete-user --user-id {ada}",
            f"delete-group --group-id {team}",
            "register-mail-domain --domain-name evil.example",
            "delete-organization --delete-directory",
            "create-user --name eve --display-name Eve",
        ]
        for command in refused:
            done = self.house.aws(otto, "workmail", *command.split(), "--organization-id", self.organization, check=False)
            assert done.returncode != 0 and "(AccessDeniedException)" in done.stderr, done
            assert "is not authorized to perform: workmail:" in done.stderr, done
        say(f"{len(refused)} of {len(refused)} changes refused; the last one so:")
        say(done.stderr.strip())

    def send(self):
        step("Mail goes in:")
        ada, bob, alias, team = (self.address(name) for name in ("ada", "bob", "countess", "team"))
        self.expected = {name: [] for name in self.people}
        with self.house.smtp() as smtp:
            for way in ([ada], [alias], [team], [team, bob]):
                for message in messages():
                    smtp.sendmail("sender@elsewhere.example", way, message)
                    self.expect(way, message)
                say(f"{len(messages())} messages by SMTP to {' and '.join(way)}")
        with self.house.submission(ada, self.password) as smtp:
            for way in ([bob], [alias], [team]):
                for message in messages():
                    message = written_by(ada, message)
                    smtp.sendmail(ada, way, message)
                    self.expect(way, message)
                say(f"{len(messages())} submitted by ada, signed in over TLS, to {way[0]}")

    def expect(self, recipients, message):
        """Notes who is to get the message: everybody once, however often addressed."""
        addressed = {recipient.split("@")[0] for recipient in recipients}
        for name, mail in self.expected.items():
            if addressed & ({name, "team"} | ({"countess"} if name == "ada" else set())):
                mail.append(message)

    def read(self):
        step("Mail comes out by IMAP:")
        for name, expected in self.expected.items():
            imap = self.house.imap(self.address(name), self.password)
            received = [below_trace(raw) for raw in fetch_all(imap)]
            imap.logout()
            assert len(received) == len(expected), f"{name}: {len(received)} instead of {len(expected)}"
            assert received == expected, f"{name}: a message changed"
            say(f"{name} has all {len(expected)}, each once, byte for byte what was sent below the trace header fields")

    def aws(self, key, command):
        return self.house.aws(key, *command.split())

    def workmail(self, key, command):
        operation, *options = command.split()
        return self.house.aws(key, "workmail", operation, "--organization-id", self.organization, *options)

    def register(self, key, entity, name):
        self.workmail(key, f"register-to-work-mail --entity-id {entity} --email {self.address(name)}")

    def key_of(self, by, user):
        made = self.aws(by, f"iam create-access-key --user-name {user}")["AccessKey"]
        return Key(None, made["AccessKeyId"], made["SecretAccessKey"])

    def address(self, name):
        return f"{name}@{self.domain}"


def written_by(address, message):
    """The message with another author: who submits may write under an own address alone."""
    head, end, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    others = [field for field in fields if not re.match(rb"(from|sender)\s*:", field, re.I)]
    return b"\r\n".join([b"From: <" + address.encode() + b">", *others]) + end + body


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    os.environ["CHANCERY_BINARY"] = parser.parse_args().binary
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder)
        try:
            Demo(house).run()
        finally:
            house.remove()
    print("\nAll of it worked.")


if __name__ == "__main__":
    main()
