"""Recorded traffic of the authentication API, sent to Grantor with our own codes, tokens and keys.

A recording of this API is one request with names such as `test-code` where the recorder had a code. So `prepare` gives
the tenant what the recorded one had, and tells what stands for each of these names: a code of a real login, a refresh
token of a real exchange, a code from the mailbox, an assertion made with a key. What cannot be answered as recorded has a
reason in `EXCUSED`; docs/recordings.md tells the reasons in words.
"""

import base64
import hashlib
import json
import pathlib
import re
import time
import urllib.parse
import uuid

import jwt
import requests

from harness import wait_until
from shop import Browser

CONNECTION = "Username-Password-Authentication"
OTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
PASSWORD = "Testpassword123!"
ADDRESS = "test-email@example.com"
VERIFIER = "a-verifier-that-is-long-enough-for-anybody-1"
REDIRECT = "http://localhost:3000"

# Factors, pushed requests and requests in the back channel come later, and are not counted.
LATER = re.compile("TestMFA|TestPushed|TestCIBA")

EXCUSED = {
    "TestLoginWithCustomTokenExchange__Should_return_tokens": "needs an action of the tenant, which there is not yet",
    "TestLoginWithAuthCodeWithPKCE__Should_throw_for_an_invalid_code_verifier": (
        "the recorder wrote a success over the body of the refusal"
    ),
}


class Recorded:
    """A tenant that has what the recorded one had, at a server in the clear."""

    def __init__(self, server, key):
        self.server = server
        self.key = key
        connection = server.management("GET", f"connections?name={CONNECTION}")[0]
        self.database = connection["id"]
        self.options = connection["options"]
        self.public = self.app(
            "Public",
            app_type="native",
            token_endpoint_auth_method="none",
            grant_types=["authorization_code", "refresh_token", "password", OTP],
        )
        self.web = self.app("Web", app_type="regular_web", grant_types=["authorization_code", "refresh_token"])
        for strategy in ("email", "sms"):
            connection = {"name": strategy, "strategy": strategy}
            made = server.management("POST", "connections", connection)
            enabled = [{"client_id": self.public["client_id"], "status": True}]
            server.management("PATCH", f"connections/{made['id']}/clients", enabled)
        server.management("PATCH", "tenants/settings", {"default_directory": CONNECTION})
        self.change({"requires_username": True, "validation": {"username": {"min": 1, "max": 128}}})
        user = {"connection": CONNECTION, "email": "test-user@example.com", "username": "test-user"}
        server.management("POST", "users", {**user, "password": PASSWORD, "email_verified": True})

    def app(self, name, **members):
        body = {"name": name, "callbacks": [REDIRECT], **members}
        app = self.server.management("POST", "clients", body)
        enabled = [{"client_id": app["client_id"], "status": True}]
        self.server.management("PATCH", f"connections/{self.database}/clients", enabled)
        return app

    def change(self, options):
        """Changes what users of the database are like."""
        kept = {"passwordPolicy": "none", "brute_force_protection": True}
        path = f"connections/{self.database}"
        self.server.management("PATCH", path, {"options": {**kept, **options}})

    def code(self, client, **more):
        """A code of a login on the server's pages."""
        browser = Browser(self.server.base)
        query = {"client_id": client["client_id"], "response_type": "code", "state": "s", **more}
        page = browser.go("/authorize?" + urllib.parse.urlencode(query))
        if page.path == "/u/login/identifier":
            page = browser.submit(page, username="test-user")
        page = browser.submit(page, username="test-user", password=PASSWORD)
        assert page.parameter("code"), f"{page.url}\n{page.text}"
        return page.parameter("code")

    def challenge(self):
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": challenge, "code_challenge_method": "S256"}

    def with_key(self, **members):
        """An application that authenticates with a key, and an assertion of it."""
        private, public = self.key
        flags = {"public_key": public, "public_key_alg": "RS256"}
        app = self.server.app(**flags)
        if members:
            self.server.management("PATCH", f"clients/{app['client_id']}", members)
        now = int(time.time())
        claims = {"iss": app["client_id"], "sub": app["client_id"], "aud": self.server.issuer}
        claims |= {"iat": now, "exp": now + 120, "jti": str(uuid.uuid4())}
        return app, jwt.encode(claims, private, "RS256")

    def mailed_code(self):
        """A code that was sent to the recorded address."""
        known = {message["id"] for message in self.messages()}
        body = {"client_id": self.public["client_id"], "connection": "email", "email": ADDRESS, "send": "code"}
        answer = requests.post(f"{self.server.base}/passwordless/start", json=body, timeout=30)
        assert answer.status_code == 200, answer.text

        def look():
            return [one for one in self.messages() if one["id"] not in known]

        message = wait_until(look, "a mail with a code")[0]
        return re.search(r"\b\d{6}\b", message["text"]).group(0)

    def messages(self):
        accept = {"Accept": "application/json"}
        return requests.get(f"{self.server.base}/dev/mailbox", headers=accept, timeout=30).json()

    def refresh_token(self):
        """A refresh token that was given for a code."""
        code = self.code(self.web, scope="openid offline_access", redirect_uri=REDIRECT)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        form |= {name: self.web[name] for name in ("client_id", "client_secret")}
        return requests.post(f"{self.server.base}/oauth/token", data=form, timeout=30).json()["refresh_token"]

    def prepare(self, name):
        """What stands for the names in the request of a recording."""
        if name.startswith("TestDatabaseSignUp"):
            return self.prepare_sign_up(name)
        if name.startswith("TestLoginWithAuthCode"):
            return self.prepare_code(name)
        if name.startswith(("TestLoginWithClientCredentials", "TestPasswordlessWith")):
            return self.prepare_assertion(name)
        values = {"test-client_id": self.public["client_id"], "Testpassword123%21": PASSWORD}
        if name == "TestLoginWithEmail":
            audience = "https://api.example.com"
            api = self.server.api(audience)
            offline = {"allow_offline_access": True, "skip_consent_for_verifiable_first_party_clients": True}
            self.server.management("PATCH", f"resource-servers/{api['id']}", offline)
            return values | {"123456": self.mailed_code()}
        if name.startswith("TestRevoke"):
            return {
                "test-client_id": self.web["client_id"],
                "test-client_secret": self.web["client_secret"],
                "test-refresh-token": self.refresh_token(),
            }
        return values

    def prepare_sign_up(self, name):
        """Users of the recorded database were named in one way or another."""
        identifier = {"identifier": {"active": True}, "signup": {"status": "required"}}
        attributes = {"username": {**identifier, "validation": {"min_length": 1, "max_length": 128}}}
        if "Email" in name:
            attributes["email"] = identifier
        if "Phone" in name:
            attributes["phone_number"] = identifier
        for found in self.server.management("GET", "users?q=username:mytestaccount"):
            self.server.management("DELETE", f"users/{urllib.parse.quote(found['user_id'])}")
        self.change({"attributes": attributes})
        return {"test-client_id": self.public["client_id"]}

    def prepare_code(self, name):
        pkce = "PKCE" in name
        client = self.public if pkce else self.web
        # A request without `redirect_uri` redeems a code that was asked for without one.
        where = {"redirect_uri": REDIRECT} if "redirect_uri" in name else {}
        challenge = self.challenge() if pkce else {}
        return {
            "test-client_id": client["client_id"],
            "test-client_secret": client.get("client_secret", ""),
            "test-code-verifier": VERIFIER,
            "test-code": self.code(client, **where, **challenge),
        }

    def prepare_assertion(self, name):
        if "ClientCredentials" in name:
            app, assertion = self.with_key()
            audience = f"https://{name.lower()}.test"
            self.server.api(audience, "read:x")
            self.server.grant(app, audience, "read:x")
            extra = {"test-audience": audience}
        else:
            app, assertion = self.with_key(grant_types=["client_credentials", OTP])
            connection = self.server.management("GET", "connections?name=sms")[0]["id"]
            enabled = [{"client_id": app["client_id"], "status": True}]
            self.server.management("PATCH", f"connections/{connection}/clients", enabled)
            extra = {}
        values = {"test-client_id": app["client_id"], "test-client_assertion": assertion}
        return values | extra

    def send(self, step, values):
        """Sends a recorded request with `values` in the place of the names."""
        url, request = self.server.base + step["path"], step["request"]
        if isinstance(request, str):
            pairs = urllib.parse.parse_qsl(request, keep_blank_values=True)
            form = {name: values.get(value, value) for name, value in pairs}
            return requests.request(step["method"], url, data=form, timeout=30)
        body = {name: values.get(value, value) for name, value in request.items()}
        return requests.request(step["method"], url, json=body, timeout=30)


def differences(step, answer):
    """How an answer differs from the recorded one: in status, in content type, or in a recorded member."""
    if answer.status_code != step["status"]:
        return [f"status {answer.status_code}, not {step['status']}: {answer.text}"]
    found = []
    kind = answer.headers.get("Content-Type")
    if step["content_type"] != kind and step["response"] is not None:
        found.append(f"content type {kind}, not {step['content_type']}")
    ours = answer.json() if answer.content else None
    if step["response"] is None:
        return found + ([] if ours is None else [f"a body: {ours}"])
    for name, recorded in step["response"].items():
        made_up = name == "_id" or isinstance(recorded, str) and recorded.startswith("test-")
        mine = ours.get(name)
        same = type(mine) is type(recorded) and mine if made_up else mine == recorded
        if not same:
            found.append(f"{name}: {mine}, not {recorded}")
    return found


def play(folder, server, key):
    """Plays the recordings. Answers with the exact ones, the excused ones, those that come later, and what differs."""
    exact, excused, later, different = [], [], [], []
    recorded = Recorded(server, key)
    for file in sorted(pathlib.Path(folder).glob("go/authentication__*.json")):
        name = file.stem.removeprefix("authentication__")
        for step in json.loads(file.read_text()):
            if LATER.match(name):
                later.append(name)
                continue
            if name in EXCUSED:
                excused.append(name)
                continue
            found = differences(step, recorded.send(step, recorded.prepare(name)))
            (different if found else exact).append((name, found))
    return [name for name, _ in exact], excused, later, different
