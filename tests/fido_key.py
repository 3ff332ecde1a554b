"""A FIDO key in software (W3C Web Authentication, Level 2), as far as a browser and a key together go."""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, ATTESTED = 0x01, 0x40


def text(data):
    """Base64url without padding, as the endpoint takes and gives bytes."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class FidoKey:
    """One credential with an ES256 key, for one origin."""

    def __init__(self, origin, relying_party):
        self.origin, self.relying_party = origin, relying_party
        self.id, self.secret, self.count = os.urandom(32), ec.generate_private_key(ec.SECP256R1()), 0

    def create(self, challenge):
        """What `navigator.credentials.create` gives."""
        public = self.secret.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (public.x, public.y))
        # {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        cose = bytes.fromhex("a5010203262001") + b"\x21\x58\x20" + x + b"\x22\x58\x20" + y
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cose
        data = self.data(USER_PRESENT | ATTESTED) + credential
        # {"fmt": "none", "attStmt": {}, "authData": data}
        attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
        return {
            "clientData": text(self.client_data("webauthn.create", challenge)),
            "attestationObject": text(attestation),
        }

    def get(self, challenge, origin=None):
        """What `navigator.credentials.get` gives."""
        self.count += 1
        data, client = self.data(USER_PRESENT), self.client_data("webauthn.get", challenge, origin)
        signed = data + hashlib.sha256(client).digest()
        signature = self.secret.sign(signed, ec.ECDSA(hashes.SHA256()))
        return {
            "credentialId": text(self.id),
            "clientData": text(client),
            "authenticatorData": text(data),
            "signature": text(signature),
        }

    def data(self, flags):
        party = hashlib.sha256(self.relying_party.encode()).digest()
        return party + bytes([flags]) + struct.pack(">I", self.count)

    def client_data(self, kind, challenge, origin=None):
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin or self.origin}).encode()
