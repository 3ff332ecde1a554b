"""Mailbox permissions by boto3, obeyed by IMAP and by submission; rights to folders by imapclient."""

import contextlib
import smtplib
import time

import imapclient.exceptions
import pytest

from house import PASSWORD, Organization
from test_iam import refusal

NOTE = "From: {sender}\r\nTo: {to}\r\nSubject: note\r\n\r\ntext\r\n"
REFUSED = (imapclient.exceptions.IMAPClientError,)


class Office:
    """Ann, Bob and the group `staff` that Bob is in, of one organization."""

    def __init__(self, organization):
        self.organization, self.house = organization, organization.house
        self.workmail, self.org = organization.workmail, {"OrganizationId": organization.id}
        self.ann_id, self.ann = organization.user("ann")
        self.bob_id, self.bob = organization.user("bob")
        self.staff_id, self.staff = organization.group("staff", [self.bob_id])

    def permit(self, owner, grantee, *values):
        self.workmail.put_mailbox_permissions(
            **self.org, EntityId=owner, GranteeId=grantee, PermissionValues=list(values)
        )

    def imap(self, address):
        return contextlib.closing(Connection(self.house.imap(address, PASSWORD)))

    def submit(self, user, message, envelope=None):
        with self.house.submission(user, PASSWORD) as smtp:
            smtp.sendmail(envelope or user, [self.ann], message)


class Connection:
    """An imapclient that logs out when closed, unless the server has ended it."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        return getattr(self.client, name)

    def close(self):
        with contextlib.suppress(OSError, imapclient.exceptions.IMAPClientError):
            self.client.logout()


@pytest.fixture
def office(organization):
    return Office(organization)


def of(owner, folder="INBOX"):
    return f"Other Users/{owner}/{folder}"


def foreign(imap):
    return [name for _, _, name in imap.list_folders("", "Other Users*")]


def test_sets_of_permissions(office):
    workmail, org = office.workmail, office.org
    listed = lambda: workmail.list_mailbox_permissions(**org, EntityId=office.ann)["Permissions"]
    office.permit(office.ann, "bob", "SEND_AS", "FULL_ACCESS")
    office.permit("ann", office.staff_id, "SEND_ON_BEHALF")
    assert listed() == [
        {"GranteeId": office.bob_id, "GranteeType": "USER", "PermissionValues": ["FULL_ACCESS", "SEND_AS"]},
        {"GranteeId": office.staff_id, "GranteeType": "GROUP", "PermissionValues": ["SEND_ON_BEHALF"]},
    ]
    office.permit(office.ann_id, office.bob_id, "SEND_AS")
    assert listed()[0]["PermissionValues"] == ["SEND_AS"]
    put = workmail.put_mailbox_permissions
    pair = {"EntityId": "ann", "GranteeId": "bob"}
    assert refusal(put, **org, **pair, PermissionValues=[])[0] == "InvalidParameterException"
    assert refusal(put, **org, **pair, PermissionValues=["READ"])[0] in (
        "ValidationException",
        "InvalidParameterException",
    )
    assert refusal(put, **org, **{**pair, "GranteeId": "x"}, PermissionValues=["SEND_AS"])[0] == (
        "EntityNotFoundException"
    )
    for _ in range(2):
        workmail.delete_mailbox_permissions(**org, **pair)
    assert [row["GranteeId"] for row in listed()] == [office.staff_id]


def test_full_access_comes_and_goes(office):
    with office.imap(office.ann) as ann, office.imap(office.bob) as bob:
        ann.append("INBOX", NOTE.format(sender=office.ann, to=office.ann))
        assert bob.namespace().other == (("Other Users/", "/"),)
        assert foreign(bob) == []
        with pytest.raises(REFUSED):
            bob.select_folder(of(office.ann))
        office.permit(office.ann_id, office.staff_id, "FULL_ACCESS")
        assert of(office.ann) in foreign(bob) and of(office.ann, "Sent Items") in foreign(bob)
        bob.select_folder(of(office.ann))
        assert b"text" in bob.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"]
        bob.add_flags([1], [imapclient.SEEN])
        bob.idle()
        office.workmail.disassociate_member_from_group(
            **office.org, GroupId=office.staff_id, MemberId=office.bob_id
        )
        started = time.monotonic()
        with pytest.raises((*REFUSED, OSError)):
            while time.monotonic() < started + 8:
                if any(line[0] == b"BYE" for line in bob.idle_check(timeout=1)):
                    raise OSError("shown out")
        assert time.monotonic() - started < 5.5
    with office.imap(office.bob) as bob, office.imap(office.ann) as ann:
        assert foreign(bob) == []
        ann.select_folder("INBOX")
        assert imapclient.SEEN in ann.get_flags([1])[1]


def test_rights_to_a_folder(office):
    with office.imap(office.ann) as ann, office.imap(office.bob) as bob:
        assert ann.has_capability("ACL") and ann.has_capability("RIGHTS=TEXK")
        ann.create_folder("Plans")
        ann.append("Plans", NOTE.format(sender=office.ann, to=office.ann))
        ann.setacl("Plans", office.bob, "lr")
        owner, *others = ann.getacl("Plans")
        assert owner == (office.ann.encode(), b"lrswipkxteacd")
        assert others == [(office.bob.encode(), b"lr")]
        assert foreign(bob)[-1:] == [of(office.ann, "Plans")]
        bob.select_folder(of(office.ann, "Plans"), readonly=True)
        bob.copy([1], "INBOX")
        with pytest.raises(REFUSED):
            bob.append(of(office.ann, "Plans"), b"Subject: x\r\n\r\n")
        ann.setacl("Plans", "anyone", "i")
        bob.append(of(office.ann, "Plans"), b"Subject: x\r\n\r\n")
        ann.setacl("Plans", office.bob, "-lr")
        ann.setacl("Plans", "anyone", "-i")
        with pytest.raises((*REFUSED, OSError)):
            bob.fetch([1], ["FLAGS"])
        assert ann.folder_status("Plans", ["MESSAGES"])[b"MESSAGES"] == 2


def test_strangers_see_nothing(house, office, root):
    other = Organization(house, house.create_account())
    _, eve = other.user("eve")
    neighbours = Organization(house, root)
    _, max = neighbours.user("max")
    with office.imap(office.ann) as ann:
        ann.setacl("INBOX", "anyone", "lrswipkxtea")
        for stranger in (eve, max):
            with pytest.raises(REFUSED):
                ann.setacl("INBOX", stranger, "lr")
    for stranger in (eve, max):
        with office.imap(stranger) as imap:
            assert foreign(imap) == []
            for folder in (of(office.ann), of(office.ann, "None"), of("nobody@example.com")):
                with pytest.raises(REFUSED, match="there is no such folder"):
                    imap.select_folder(folder)
                with pytest.raises(REFUSED, match="there is no such folder"):
                    imap.append(folder, b"x")
    permit = other.workmail.put_mailbox_permissions
    given = {"EntityId": office.ann_id, "GranteeId": "eve", "PermissionValues": ["FULL_ACCESS"]}
    assert refusal(permit, OrganizationId=office.organization.id, **given)[0] in (
        "OrganizationNotFoundException",
        "AccessDeniedException",
    )
    assert refusal(permit, OrganizationId=other.id, **given)[0] == "EntityNotFoundException"


def test_sending_for_others(office):
    as_ann = NOTE.format(sender=office.ann, to=office.ann)
    on_behalf = f"Sender: {office.bob}\r\n{as_ann}"
    as_staff = NOTE.format(sender=office.staff, to=office.ann)

    def refused(message, envelope=None):
        with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused)) as caught:
            office.submit(office.bob, message, envelope)
        return caught.value.smtp_code == 550

    assert refused(as_ann) and refused(on_behalf) and refused(as_ann, office.ann)
    office.permit(office.ann_id, office.bob_id, "SEND_ON_BEHALF")
    assert refused(as_ann)
    office.submit(office.bob, on_behalf)
    office.permit(office.ann_id, office.staff_id, "SEND_AS")
    office.submit(office.bob, as_ann, office.ann)
    assert refused(as_staff)
    office.permit(office.staff_id, office.bob_id, "SEND_AS")
    office.submit(office.bob, as_staff)
    for grantee in (office.staff_id, office.bob_id):
        office.workmail.delete_mailbox_permissions(**office.org, EntityId="ann", GranteeId=grantee)
    assert refused(as_ann) and refused(on_behalf)
    with office.imap(office.ann) as imap:
        assert imap.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 3
