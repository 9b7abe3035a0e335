"""A real browser, and applications on hosts of their own that it can visit."""

import datetime
import json
import os
import select
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import NODE, NODE_PATH, ROOT, free_port

SCRIPTS = ROOT / "tests/outside/node"
CONNECTION = "Username-Password-Authentication"


def _node(script, *arguments, server, **options):
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": server.authority, "NODE_PATH": NODE_PATH}
    return subprocess.Popen(
        [NODE, str(SCRIPTS / script), *arguments], env=environment, text=True, **options
    )


class Chromium:
    """One Chromium; every scenario gets cookies and a page of its own in it."""

    def __init__(self, server, certificate):
        files = [str(certificate.key), str(certificate.certificate)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._driver = _node("browser/driver.cjs", *files, server=server, **pipes)

    def play(self, scenario, options=None, **arguments):
        """Plays `file.function` of `node/browser/` with the context's `options`; what it saw."""
        line = {"scenario": scenario, "options": options or {}, "arguments": arguments}
        self._driver.stdin.write(json.dumps(line) + "\n")
        self._driver.stdin.flush()
        readable, _, _ = select.select([self._driver.stdout], [], [], 120)
        assert readable, f"{scenario} said nothing for two minutes"
        answer = json.loads(self._driver.stdout.readline() or '{"failed": "the browser is gone"}')
        assert "failed" not in answer, answer["failed"]
        return answer["seen"]

    def close(self):
        """Closes the browser."""
        self._driver.stdin.close()
        try:
            self._driver.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait()


class Certificate:
    """A certificate for the hosts of the applications. The browser is told to bear it."""

    def __init__(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "applications")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.test")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


class Application:
    """A process of somebody else's making that serves an application at `https://NAME.test:PORT`."""

    def __init__(self, script, server, certificate, port, **options):
        files = {"key": str(certificate.key), "certificate": str(certificate.certificate)}
        arguments = json.dumps({"port": port, **files, **options})
        self._process = _node(script, arguments, server=server, stdout=subprocess.PIPE)
        assert self._process.stdout.readline(), f"{script} ended before it listened"

    def close(self):
        """Ends it."""
        self._process.kill()
        self._process.wait()


class People:
    """The users of a server and the applications that they log in to, made through the Management API."""

    PASSWORD = "Apples-and-pears-7"

    def __init__(self, server):
        self.server = server
        found = server.management("GET", f"connections?name={CONNECTION}")
        self.connection = found[0]["id"]

    def user(self, account, **members):
        """A user `ACCOUNT@orchard.test`; what one types to log in."""
        body = {"connection": CONNECTION, "email": f"{account}@orchard.test", "password": self.PASSWORD}
        made = self.server.management("POST", "users", {**body, "email_verified": True, **members})
        credential = {"username": made["email"], "password": self.PASSWORD}
        return {**credential, "user_id": made["user_id"]}

    def app(self, name, app_type="regular_web", **members):
        """An application that users of the connection can log in to."""
        body = {"name": name, "app_type": app_type, **members}
        if app_type in ("spa", "native"):
            body.setdefault("token_endpoint_auth_method", "none")
        app = self.server.management("POST", "clients", body)
        enabled = [{"client_id": app["client_id"], "status": True}]
        self.server.management("PATCH", f"connections/{self.connection}/clients", enabled)
        return app


def site(name):
    """The address of an application that is about to be started, and its port."""
    port = free_port()
    return f"https://{name}.test:{port}", port
