"""An OpenID Connect provider of the tests: a web server with a certificate that it signs itself, and tokens that
an independent library signs."""

import datetime
import hashlib
import http.server
import json
import ssl
import tempfile
import threading
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HOST = "idp.test"
ISSUER = f"https://{HOST}"


class OpenIdProvider:
    """Listens on a free port of loopback; `--outbound-host` says that `idp.test` is there."""

    def __init__(self):
        self.requests = []
        self.keys = {}
        self.overrides = {}
        self.new_key("k1")
        self.certificate, key = self_signed(HOST)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(key.private_bytes(*PEM, serialization.NoEncryption()))
            file.write(self.certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(file.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def option(self):
        return f"--outbound-host={HOST}:443=127.0.0.1:{self.server.server_port}"

    @property
    def thumbprint(self):
        return hashlib.sha1(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def new_key(self, kid, algorithm="RS256"):
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        curve = curves.get(algorithm)
        key = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
        self.keys[kid] = (algorithm, key)

    def token(self, kid="k1", algorithm=None, key=None, headers=None, issuer=ISSUER, **claims):
        named, own = self.keys.get(kid, ("RS256", None))
        now = int(time.time())
        payload = {"iss": issuer, "sub": "ada", "aud": "app", "iat": now, "exp": now + 300} | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, key or own, algorithm or named, headers={"kid": kid, **(headers or {})})

    def page(self, path):
        """What is at a path, as any object or bytes; none if nothing is."""
        self.requests.append(path)
        if path in self.overrides:
            return self.overrides[path]
        issuer, _, rest = path.rpartition("/.well-known/")
        if rest == "openid-configuration":
            return {"issuer": ISSUER + issuer, "jwks_uri": f"{ISSUER}/keys"}
        if path == "/keys":
            return {"keys": [public(kid, *key) for kid, key in self.keys.items()]}
        return None


PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)


def public(kid, algorithm, key):
    kind = jwt.algorithms.ECAlgorithm if algorithm.startswith("ES") else jwt.algorithms.RSAAlgorithm
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "alg": algorithm, "use": "sig"}


def handler(provider):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            page = provider.page(self.path)
            body = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def self_signed(host):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    return builder.add_extension(names, False).sign(key, hashes.SHA256()), key
