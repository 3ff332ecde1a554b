"""The command line: sign-up, configuration, start and stop."""

import csv
import json
import os
import pty
import select
import stat
import subprocess
import termios
import time
import urllib.error
import urllib.request

import pytest

from house import Key, binary

CREATE = ["account", "create", "--email", "admin@example.com", "--name", "Example"]


def test_root_access_key_as_json(own_house):
    done = own_house.run(*CREATE, "--account-id", "123456789012", "--root-access-key", "--json")
    answer = json.loads(done.stdout)
    assert set(answer) == {"account_id", "access_key_id", "secret_access_key"}
    assert answer["account_id"] == "123456789012"
    assert answer["access_key_id"].startswith("AKIA") and len(answer["access_key_id"]) == 20
    assert len(answer["secret_access_key"]) == 40
    own_house.start()
    who = own_house.client("sts", Key(**answer)).get_caller_identity()
    assert who["Arn"] == "arn:aws:iam::123456789012:root"
    assert who["UserId"] == who["Account"] == "123456789012"


def test_administrator_with_csv(own_house):
    path = own_house.folder / "accessKeys.csv"
    own_house.folder.mkdir()
    done = own_house.run(*CREATE, "--csv", str(path))
    rows = list(csv.reader(path.open()))
    assert rows[0] == ["Access key ID", "Secret access key"]
    assert rows[1][1] in done.stdout and "aws --endpoint-url" in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    own_house.start()
    key = Key(None, *rows[1])
    who = own_house.client("sts", key).get_caller_identity()
    assert who["Arn"].endswith(":user/Administrator")
    iam = own_house.client("iam", key)
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="Administrator")["Groups"]] == ["Administrators"]
    attached = iam.list_attached_group_policies(GroupName="Administrators")["AttachedPolicies"]
    assert [p["PolicyArn"] for p in attached] == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    iam.create_user(UserName="somebody")


def test_accounts_are_refused_with_reasons(own_house):
    own_house.run(*CREATE, "--account-id", "123456789012", "--json")
    wrong = [
        ["--account-id", "123456789012", "--email", "other@example.com"],
        ["--email", "ADMIN@example.com"],
        ["--account-id", "12345", "--email", "other@example.com"],
        ["--email", "nobody"],
        ["--email", "other@example.com", "--administrator", "no spaces allowed"],
    ]
    for arguments in wrong:
        base = [a for a in ["account", "create", "--name", "X", "--json"]]
        done = own_house.run(*base, *arguments, check=False)
        assert done.returncode == 1 and done.stderr.startswith("chancery: "), (arguments, done)
        assert "panicked" not in done.stderr


def test_root_password_is_checked(own_house):
    own_house.folder.mkdir()
    password = own_house.folder / "password"
    password.write_text("short\n")
    done = own_house.run(*CREATE, "--json", "--password-file", str(password), check=False)
    assert done.returncode == 1 and "password" in done.stderr
    password.write_text("Long-enough-1\n")
    own_house.run(*CREATE, "--json", "--password-file", str(password))


def test_the_data_is_private(own_house):
    own_house.run(*CREATE, "--json")
    own_house.start()
    assert stat.S_IMODE(own_house.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((own_house.data / "master.key").stat().st_mode) == 0o600
    assert (own_house.data / "master.key").stat().st_size == 32


def test_secrets_lie_nowhere_in_clear(own_house):
    key = own_house.create_account()
    own_house.start()
    own_house.client("iam", key).create_user(UserName="u")
    made = own_house.client("iam", key).create_access_key(UserName="u")["AccessKey"]
    time.sleep(1.5)
    own_house.stop()
    for path in own_house.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert key.secret.encode() not in content and made["SecretAccessKey"].encode() not in content, path


def test_version_and_check_config(own_house, tmp_path):
    version = subprocess.run([binary(), "version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("chancery ")
    config = tmp_path / "chancery.toml"
    config.write_text("hostname = 'mail.example'\n[listen]\nsmtp = 'off'\n")
    done = own_house.run("check-config", "--config", str(config))
    assert "mail.example" in done.stdout and '"off"' in done.stdout
    config.write_text("[listen]\nfish = '1'\n")
    done = own_house.run("check-config", "--config", str(config), check=False)
    assert done.returncode == 1 and "fish" in done.stderr
    for wrong, named in (("[log]\nfilter = 'a=='", "log.filter"), ("[tls]\ncertificate = '/no.pem'\nkey = '/no.key'", "/no.pem")):
        config.write_text(wrong)
        done = own_house.run("check-config", "--config", str(config), check=False)
        assert done.returncode == 1 and named in done.stderr


def test_the_lines_to_paste_name_the_configured_address(own_house, tmp_path):
    config = tmp_path / "chancery.toml"
    config.write_text("[listen]\napi = '127.0.0.1:14080'\n")
    done = own_house.run(*CREATE, "--config", str(config))
    assert "aws --endpoint-url http://127.0.0.1:14080 sts" in done.stdout


def test_help_shows_no_password(own_house):
    environment = own_house.environment() | {"CHANCERY_POSTGRES": "postgres://me:hidden@db/chancery"}
    done = subprocess.run([binary(), "serve", "--help"], env=environment, capture_output=True, text=True, check=True)
    assert "CHANCERY_POSTGRES" in done.stdout and "hidden" not in done.stdout


def test_the_log_in_a_file_has_no_colours(own_house):
    own_house.start()
    assert "ready" in own_house.log_text() and "\x1b" not in own_house.log_text()


def test_health_and_metrics(house, root):
    house.client("sts", root).get_caller_identity()
    with urllib.request.urlopen(f"http://{house.addresses['metrics']}/healthz", timeout=10) as page:
        assert page.status == 200
    assert 'operation="GetCallerIdentity"' in house.metrics()
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"http://{house.addresses['metrics']}/nothing", timeout=10)
    assert missing.value.code == 404


def test_listeners_can_be_off(own_house):
    done = own_house.run("check-config", "--smtp-listen", "off")
    assert 'smtp = "off"' in done.stdout
    own_house.listens["smtp"] = "off"
    own_house.start()
    assert own_house.addresses["smtp"] is None and own_house.addresses["imap"]


def test_stops_gracefully_and_starts_again(own_house):
    key = own_house.create_account()
    own_house.start()
    own_house.client("iam", key).create_user(UserName="kept")
    assert own_house.stop() == 0
    own_house.start()
    assert own_house.client("iam", key).get_user(UserName="kept")["User"]["UserName"] == "kept"


def test_account_is_created_while_the_server_runs(own_house):
    own_house.start()
    key = own_house.create_account()
    own_house.client("sts", key).get_caller_identity()


def test_no_account_without_terminal_is_no_failure(own_house):
    own_house.start()
    assert "account create" in own_house.log_text()
    assert os.path.exists(own_house.data / "master.key")


class Terminal:
    """The program at a terminal, as a person sees it."""

    def __init__(self, house, *arguments):
        self.ours, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [binary(), *arguments, "--data", str(house.data)],
            stdin=theirs, stdout=theirs, stderr=theirs, env=house.environment(),
            preexec_fn=lambda: (os.setsid(), os.close(os.open(os.ttyname(0), os.O_RDWR))),
        )  # fmt: skip
        self.theirs = theirs
        self.modes = termios.tcgetattr(theirs)

    def wait_for(self, words):
        while words not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], 30)
            assert ready, f"`{words}` does not come: {self.seen}"
            self.seen += os.read(self.ours, 4096).decode()
        before, _, self.seen = self.seen.partition(words)
        return before

    def answer(self, question, line):
        before = self.wait_for(question + ": ")
        time.sleep(0.1)  # The echo is turned off a moment after a hidden question.
        os.write(self.ours, line.encode())
        return before

    def end(self):
        code = self.process.wait(timeout=30)
        assert termios.tcgetattr(self.theirs) == self.modes
        os.close(self.ours)
        os.close(self.theirs)
        return code


LISTENS = [part for face in ("api", "smtp", "submission", "imap", "metrics") for part in (f"--{face}-listen", "127.0.0.1:0")]
EMAIL, NAME, HIDDEN, AGAIN = "E-mail address of the root user", "Name of the account", "Password of the root user", "The same again"
SAVE = "File to save the key to as CSV (Enter for none)"


def test_the_first_start_asks_again_until_the_answers_will_do(own_house):
    own_house.folder.mkdir()
    taken, path = own_house.folder / "taken.csv", own_house.folder / "key.csv"
    taken.write_text("mine")
    terminal = Terminal(own_house, "serve", *LISTENS)
    terminal.answer(EMAIL, "nobody\n")
    assert "`nobody` is not an e-mail address" in terminal.answer(EMAIL, "me@example.com\n")
    terminal.answer(NAME, "Example\n")
    terminal.answer(HIDDEN, "short\n")
    assert "8 to 128" in terminal.answer(HIDDEN, "Long-enough-1\n")
    terminal.answer(AGAIN, "Long-enough-2\n")
    assert "not the same" in terminal.answer(HIDDEN, "Long-enough-1\n")
    terminal.answer(AGAIN, "Long-enough-1\n")
    shown = terminal.answer(SAVE, f"{taken}\n")
    assert "exists already" in terminal.answer(SAVE, f"{path}\n")
    terminal.wait_for("ready")
    secret = list(csv.reader(path.open()))[1][1]
    assert shown.count(secret) == 1 and "Long-enough" not in shown
    os.write(terminal.ours, b"\x03")
    assert terminal.end() == 0


@pytest.mark.parametrize("question", [EMAIL, HIDDEN])
def test_ctrl_c_leaves_the_terminal_as_it_was(own_house, question):
    terminal = Terminal(own_house, "account", "create")
    if question == HIDDEN:
        terminal.answer(EMAIL, "me@example.com\n")
        terminal.answer(NAME, "Example\n")
    terminal.answer(question, "\x03")
    terminal.wait_for("chancery: interrupted")
    assert terminal.end() == 1


def test_no_account_is_made_whose_key_could_not_be_saved(own_house):
    own_house.folder.mkdir()
    path = own_house.folder / "key.csv"
    for wrong in ("taken.csv", "missing/key.csv"):
        (own_house.folder / "taken.csv").write_text("mine")
        done = own_house.run(*CREATE, "--csv", str(own_house.folder / wrong), check=False)
        assert done.returncode == 1 and wrong in done.stderr and not done.stdout
    own_house.run(*CREATE, "--csv", str(path))
    assert (own_house.folder / "taken.csv").read_text() == "mine"
