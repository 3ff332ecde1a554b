#!/usr/bin/env python3
"""Makes the documents of this folder with an independent signer: `.venv/bin/python make.py`. They are of
2026-11-22T00:00:00Z. Each run makes new keys, so all of them change."""

import datetime
import pathlib
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3] / "tests"))
import saml

THEN = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
ATTRIBUTES = {
    saml.AWS + "Role": ["arn:aws:iam::123456789012:role/r,arn:aws:iam::123456789012:saml-provider/p"],
    saml.AWS + "RoleSessionName": "ada",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "faculty"],
    "text": "a &amp; &#252;&lt;b&gt;",
}


def write(name, element):
    (HERE / name).write_bytes(etree.tostring(element))


def main():
    for kind, curve in (("rsa", None), ("p256", ec.SECP256R1()), ("p384", ec.SECP384R1())):
        provider = saml.SamlProvider(curve=curve)
        digest = "sha384" if kind == "p384" else "sha256"
        assertion = lambda: provider.assertion(ATTRIBUTES, issued=THEN, session_seconds=1800)
        response = lambda inner, **more: provider.response(inner, issued=THEN, digest=digest, **more)
        (HERE / f"{kind}-metadata.xml").write_text(provider.metadata())
        write(f"{kind}-assertion-signed.xml", response(provider.signed(assertion(), digest)))
        unsigned = saml.without_placeholder(assertion())
        write(f"{kind}-response-signed.xml", response(unsigned, sign=True))
        if kind != "rsa":
            continue
        write("rsa-both-signed.xml", response(provider.signed(assertion(), "sha512"), sign=True))
        write("rsa-unsigned.xml", response(saml.without_placeholder(assertion())))
        key = rsa.generate_private_key(65537, 2048)
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (HERE / "private-key.pem").write_bytes(key.private_bytes(*pem))
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        (HERE / "private-key-pkcs1.pem").write_bytes(key.private_bytes(*pem))
        signed = provider.signed(assertion())
        write("rsa-encrypted.xml", response(saml.encrypted(signed, key.public_key())))


if __name__ == "__main__":
    main()
