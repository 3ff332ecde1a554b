"""A SAML identity provider of the tests: metadata, and responses that an independent library signs."""

import base64
import datetime
import os
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml import XMLSigner, methods

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
AWS = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class SamlProvider:
    """An identity provider with a key of its own."""

    def __init__(self, entity_id="https://idp.test/saml", curve=None):
        self.entity_id = entity_id
        self.new_key(curve)

    def new_key(self, curve=None):
        self.key = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.test")])
        begin = datetime.datetime(2020, 1, 1)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
        self.certificate = builder.not_valid_after(begin.replace(year=2050)).sign(self.key, hashes.SHA256())

    def metadata(self, valid_until=None):
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        pem = base64.encodebytes(der).decode()
        until = f' validUntil="{valid_until}"' if valid_until else ""
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}"{until}>
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{SAMLP}">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data><ds:X509Certificate>{pem}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="https://idp.test/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
"""

    def assertion(
        self,
        attributes,
        subject="ada@example.com",
        audience=AUDIENCE,
        recipient=SIGN_IN,
        issued=None,
        lifetime=300,
        not_before=None,
        session_seconds=None,
        issuer=None,
        name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    ):
        issued = issued or now()
        end = stamp(issued + datetime.timedelta(seconds=lifetime))
        session = f' SessionNotOnOrAfter="{stamp(issued + datetime.timedelta(seconds=session_seconds))}"' if session_seconds else ""
        values = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in listed(value))
            + "</saml:Attribute>"
            for name, value in attributes.items()
        )
        return etree.fromstring(
            f"""<saml:Assertion xmlns:saml="{SAML}" ID="_a{uuid.uuid4().hex}" Version="2.0" IssueInstant="{stamp(issued)}">
  <saml:Issuer>{issuer or self.entity_id}</saml:Issuer>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>
  <saml:Subject>
    <saml:NameID Format="{name_format}">{subject}</saml:NameID>
    <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
      <saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{recipient}"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="{stamp(not_before or issued)}" NotOnOrAfter="{end}">
    <saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
  <saml:AuthnStatement AuthnInstant="{stamp(issued)}"{session}>
    <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>
  </saml:AuthnStatement>
  <saml:AttributeStatement>{values}</saml:AttributeStatement>
</saml:Assertion>"""
        )

    def signed(self, element, digest="sha256"):
        kind = "rsa" if isinstance(self.key, rsa.RSAPrivateKey) else "ecdsa"
        signer = XMLSigner(
            method=methods.enveloped,
            signature_algorithm=f"{kind}-{digest}",
            digest_algorithm=digest,
            c14n_algorithm=EXCLUSIVE,
        )
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return signer.sign(element, key=self.key, cert=pem, reference_uri=element.get("ID"))

    def response(self, assertion, status="Success", sign=False, issued=None, digest="sha256"):
        """The response around an assertion, which has a signature or none; with `sign`, one of its own."""
        response = etree.fromstring(
            f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_r{uuid.uuid4().hex}" Version="2.0"
    IssueInstant="{stamp(issued or now())}" Destination="{SIGN_IN}"><saml:Issuer>{self.entity_id}</saml:Issuer>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>
</samlp:Response>"""
        )
        if assertion is not None:
            response.append(assertion)
        if sign:
            return self.signed(response, digest)
        without_placeholder(response)
        return response


def listed(value):
    return value if isinstance(value, list) else [value]


def without_placeholder(element):
    for placeholder in element.findall("{http://www.w3.org/2000/09/xmldsig#}Signature[@Id='placeholder']"):
        element.remove(placeholder)
    return element


def encrypted(assertion, public_key, size=256, cipher="gcm"):
    """The assertion as a provider encrypts it: AES-GCM, its key by RSA-OAEP."""
    key, nonce = AESGCM.generate_key(size), os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, etree.tostring(assertion), None)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    wrapped = base64.b64encode(public_key.encrypt(key, oaep)).decode()
    return etree.fromstring(
        f"""<saml:EncryptedAssertion xmlns:saml="{SAML}" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Element">
  <xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes{size}-{cipher}"/>
  <ds:KeyInfo><xenc:EncryptedKey>
    <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>
    <xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>
  </xenc:EncryptedKey></ds:KeyInfo>
  <xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}</xenc:CipherValue></xenc:CipherData>
</xenc:EncryptedData></saml:EncryptedAssertion>"""
    )


def base64_of(element):
    return base64.b64encode(etree.tostring(element)).decode()
