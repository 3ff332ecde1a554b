"""Every WorkMail resource of the Terraform AWS provider, worked through boto3 as the provider works it: created,
read (twice: a second plan must be empty), updated in place, imported by its id, deleted, gone.

Terraform itself and its provider are not needed. The order of the calls, what is polled and for how long, which
errors are tried again and which mean that something is gone, are the provider's."""

import time
import uuid

import botocore.exceptions
import pytest

PASSWORD = "Correct-Horse-7"
POLL_SECONDS = 30
IN_A_ROW = 2


@pytest.fixture
def workmail(house, root):
    return house.client("workmail", root)


def code_of(error):
    return error.response["Error"]["Code"]


def found(call, *gone, **parameters):
    """What a read gives, or None where one of the errors says that there is nothing."""
    try:
        return call(**parameters)
    except botocore.exceptions.ClientError as error:
        if code_of(error) in gone:
            return None
        raise


def tried(call, *again, **parameters):
    """Calls once more where one of the errors says that it is too early."""
    deadline = time.monotonic() + POLL_SECONDS
    while True:
        try:
            return call(**parameters)
        except botocore.exceptions.ClientError as error:
            if code_of(error) not in again or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def wait(state, pending, target):
    """Polls until the target state was seen, twice in a row. A state that is neither ends it, as in the provider."""
    deadline, seen = time.monotonic() + POLL_SECONDS, 0
    while seen < IN_A_ROW:
        now = state()
        assert now == target or now in pending, f"{now} instead of {target}"
        assert time.monotonic() < deadline, f"still {now}"
        seen = seen + 1 if now == target else 0
        time.sleep(0.01)


class Organization:
    computed = {"arn", "id", "default_mail_domain", "directory_id", "directory_type", "state", "completed_date"}

    def __init__(self, workmail):
        self.workmail, self.id = workmail, None
        self.config = {"alias": "tf-" + uuid.uuid4().hex[:12]}

    def create(self):
        made = self.workmail.create_organization(Alias=self.config["alias"], ClientToken=uuid.uuid4().hex)
        self.id = made["OrganizationId"]
        wait(self.state, ["Requested", "Creating"], "Active")

    def describe(self):
        return self.workmail.describe_organization(OrganizationId=self.id)

    def state(self):
        return self.describe()["State"]

    def read(self):
        shown = self.describe()
        if shown["State"] == "Deleted":
            return None
        return {
            "alias": shown["Alias"],
            "arn": shown["ARN"],
            "id": shown["OrganizationId"],
            "default_mail_domain": shown["DefaultMailDomain"],
            "directory_id": shown["DirectoryId"],
            "directory_type": shown["DirectoryType"],
            "state": shown["State"],
            "completed_date": shown["CompletedDate"],
        }

    def delete(self):
        if self.state() == "Deleted":
            return
        self.workmail.delete_organization(
            OrganizationId=self.id, DeleteDirectory=True, ClientToken=uuid.uuid4().hex
        )
        wait(self.state, ["Deleting"], "Deleted")

    def imported(self):
        other = type(self)(self.workmail)
        other.id, other.config = self.id, self.config
        return other


class OfOrganization:
    """What is imported by `<organization>,<key>`."""

    def __init__(self, workmail, organization, key=None):
        self.workmail, self.organization, self.key = workmail, organization, key
        self.org = {"OrganizationId": organization}

    @property
    def id(self):
        return f"{self.organization},{self.key}"

    def imported(self):
        organization, _, key = self.id.partition(",")
        return type(self)(self.workmail, organization, key)


class Domain(OfOrganization):
    computed = {"dkim_verification_status", "is_default", "is_test_domain", "ownership_verification_status", "records"}
    NOT_FOUND = "MailDomainNotFoundException", "ResourceNotFoundException", "OrganizationStateException"

    def prepare(self, default_mail_domain):
        self.config = {"domain_name": f"tf-{uuid.uuid4().hex[:10]}.example"}

    def create(self):
        self.key = self.config["domain_name"]
        self.workmail.register_mail_domain(**self.org, DomainName=self.key)
        assert self.read() is not None, "it is read back at once, and must be there"

    def read(self):
        shown = found(self.workmail.get_mail_domain, *self.NOT_FOUND, **self.org, DomainName=self.key)
        return shown and {
            "domain_name": self.key,
            "dkim_verification_status": shown["DkimVerificationStatus"],
            "is_default": shown["IsDefault"],
            "is_test_domain": shown["IsTestDomain"],
            "ownership_verification_status": shown["OwnershipVerificationStatus"],
            "records": shown["Records"],
        }

    def delete(self):
        found(
            self.workmail.deregister_mail_domain, "MailDomainNotFoundException", **self.org, DomainName=self.key
        )


class DefaultDomain(OfOrganization):
    """It is never deleted: the provider only forgets it."""

    computed = set()

    def prepare(self, default_mail_domain):
        self.config = {"domain_name": default_mail_domain}

    def create(self):
        self.key = self.config["domain_name"]
        self.workmail.update_default_mail_domain(**self.org, DomainName=self.key)

    def read(self):
        token = {}
        while True:
            page = self.workmail.list_mail_domains(**self.org, **token)
            for domain in page["MailDomains"]:
                if domain["DefaultDomain"]:
                    return {"domain_name": domain["DomainName"]}
            token = {"NextToken": page["NextToken"]}


class Entity(OfOrganization):
    """A user or a group. A DELETED one counts as gone."""

    NOT_FOUND = "EntityNotFoundException", "ResourceNotFoundException", "OrganizationStateException"

    def register(self):
        too_early = "MailDomainStateException", "EntityNotFoundException", "ResourceNotFoundException"
        email = self.config["email"]
        tried(self.workmail.register_to_work_mail, *too_early, **self.org, EntityId=self.key, Email=email)
        wait(self.state, ["DISABLED"], "ENABLED")

    def find(self):
        shown = found(self.describe, *self.NOT_FOUND)
        return shown if shown and shown["State"] != "DELETED" else None

    def state(self):
        shown = self.find()
        return shown and shown["State"]

    def delete(self):
        if self.state() == "ENABLED":
            tried(self.workmail.deregister_from_work_mail, "EntityStateException", **self.org, EntityId=self.key)
            wait(self.state, ["ENABLED"], "DISABLED")
        tried(self.remove, "EntityStateException")
        wait(self.state, ["DISABLED", "ENABLED"], None)


class Group(Entity):
    computed = {"state", "enabled_date", "disabled_date"}

    def prepare(self, default_mail_domain):
        name = "group-" + uuid.uuid4().hex[:8]
        self.config = {
            "name": name,
            "email": f"{name}@{default_mail_domain}",
            "hidden_from_global_address_list": False,
        }

    def create(self):
        self.key = self.workmail.create_group(**self.org, Name=self.config["name"])["GroupId"]
        self.register()

    def describe(self):
        return self.workmail.describe_group(**self.org, GroupId=self.key)

    def read(self):
        shown = self.find()
        return shown and {
            "name": shown["Name"],
            "email": shown["Email"],
            "hidden_from_global_address_list": shown["HiddenFromGlobalAddressList"],
            "state": shown["State"],
            "enabled_date": shown["EnabledDate"],
            "disabled_date": shown.get("DisabledDate"),
        }

    def update(self):
        self.config |= {"hidden_from_global_address_list": True}
        self.workmail.update_group(**self.org, GroupId=self.key, HiddenFromGlobalAddressList=True)

    def remove(self):
        self.workmail.delete_group(**self.org, GroupId=self.key)


class User(Entity):
    computed = {"state", "user_role", "enabled_date", "disabled_date", "mailbox_provisioned_date",
                "mailbox_deprovisioned_date", "identity_provider_identity_store_id"}  # fmt: skip
    ATTRIBUTES = {
        "display_name": "DisplayName", "first_name": "FirstName", "last_name": "LastName", "initials": "Initials",
        "telephone": "Telephone", "street": "Street", "job_title": "JobTitle", "city": "City",
        "company": "Company", "zip_code": "ZipCode", "department": "Department", "country": "Country",
        "office": "Office", "identity_provider_user_id": "IdentityProviderUserId",
        "hidden_from_global_address_list": "HiddenFromGlobalAddressList",
    }  # fmt: skip
    AT_CREATION = ["display_name", "first_name", "last_name", "identity_provider_user_id",
                   "hidden_from_global_address_list"]  # fmt: skip

    def prepare(self, default_mail_domain):
        name = "user-" + uuid.uuid4().hex[:8]
        self.config = dict.fromkeys(self.ATTRIBUTES) | {
            "name": name,
            "email": f"{name}@{default_mail_domain}",
            "display_name": "Ada Lovelace",
            "first_name": "Ada",
            "city": "London",
            "job_title": "Countess",
            "hidden_from_global_address_list": False,
        }

    def given(self, attributes):
        values = {self.ATTRIBUTES[name]: self.config[name] for name in attributes}
        return {name: value for name, value in values.items() if value is not None}

    def create(self):
        first = self.given(self.AT_CREATION)
        made = self.workmail.create_user(**self.org, Name=self.config["name"], Password=PASSWORD, **first)
        self.key = made["UserId"]
        self.register()
        self.put()

    def put(self):
        """All that is set: what CreateUser does not take comes with a first update."""
        self.workmail.update_user(**self.org, UserId=self.key, **self.given(self.ATTRIBUTES))

    def describe(self):
        return self.workmail.describe_user(**self.org, UserId=self.key)

    def read(self):
        shown = self.find()
        return shown and {name: shown.get(member) for name, member in self.ATTRIBUTES.items()} | {
            "name": shown["Name"],
            "email": shown["Email"],
            "state": shown["State"],
            "user_role": shown["UserRole"],
            "enabled_date": shown["EnabledDate"],
            "disabled_date": shown.get("DisabledDate"),
            "mailbox_provisioned_date": shown["MailboxProvisionedDate"],
            "mailbox_deprovisioned_date": shown.get("MailboxDeprovisionedDate"),
            "identity_provider_identity_store_id": shown.get("IdentityProviderIdentityStoreId"),
        }

    def update(self):
        self.config |= {
            "display_name": "Ada King",
            "last_name": "King",
            "city": "Ockham",
            "telephone": "+44 20 7946 0000",
            "hidden_from_global_address_list": True,
        }
        self.put()
        self.workmail.reset_password(**self.org, UserId=self.key, Password=PASSWORD + "x")

    def remove(self):
        self.workmail.delete_user(**self.org, UserId=self.key)


def agrees(resource, state):
    """Whether what was read is what was configured, and nothing more but what is computed."""
    return resource.config == {name: value for name, value in state.items() if name not in resource.computed}


def live(resource):
    resource.create()
    state = resource.read()
    assert agrees(resource, state)
    assert resource.read() == state, "a second plan is empty"
    if hasattr(resource, "update"):
        resource.update()
        state = resource.read()
        assert agrees(resource, state)
    imported = resource.imported()
    assert imported.read() == state
    return imported


def test_life_of_an_organization(workmail):
    organization = live(Organization(workmail))
    organization.delete()
    assert organization.read() is None
    organization.delete()
    assert list(workmail.list_organizations()["OrganizationSummaries"]) == []


@pytest.mark.parametrize("kind", [DefaultDomain, Domain, Group, User], ids=lambda kind: kind.__name__)
def test_life_of(workmail, kind):
    organization = Organization(workmail)
    organization.create()
    resource = kind(workmail, organization.id)
    resource.prepare(organization.read()["default_mail_domain"])
    imported = live(resource)
    if hasattr(imported, "delete"):
        imported.delete()
        assert imported.read() is None
        imported.delete()
    organization.delete()


@pytest.mark.parametrize("kind", [Domain, Group, User], ids=lambda kind: kind.__name__)
def test_what_went_with_its_organization_is_gone(workmail, kind):
    """Who deletes the organization elsewhere leaves resources in the state: the next plan finds them gone."""
    organization = Organization(workmail)
    organization.create()
    resource = kind(workmail, organization.id)
    resource.prepare(organization.read()["default_mail_domain"])
    resource.create()
    workmail.delete_organization(OrganizationId=organization.id, DeleteDirectory=True, ForceDelete=True)
    wait(organization.state, ["Deleting"], "Deleted")
    assert resource.read() is None
