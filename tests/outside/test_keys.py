"""Signing keys from outside: rotation, revocation, caches, and what must never be seen."""

import json
import re
import ssl
import threading
import time

import jwt
import pytest
import requests

from harness import wait_until

ROTATION_SECONDS = 60


def key_for(keys, token):
    """The published key that the token names, or nothing."""
    kid = jwt.get_unverified_header(token)["kid"]
    found = [key for key in keys if key["kid"] == kid]
    return jwt.PyJWK(found[0]) if found else None


def verify(keys, token, audience):
    key = key_for(keys, token)
    assert key, "the token's key is not published"
    return jwt.decode(token, key, algorithms=["RS256"], audience=audience)


def test_j10_1_a_token_from_before_a_rotation_verifies_after_it(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    token = server.token(app, "https://api.test")
    before = {key["kid"] for key in server.key_set()}

    server.run("keys", "rotate")

    def rotated():
        keys = server.key_set()
        return keys if {key["kid"] for key in keys} != before else None

    after = wait_until(rotated, "a new key is shown", seconds=2)
    assert before < {key["kid"] for key in after}
    assert verify(after, token, "https://api.test")


def test_j10_2_a_revoked_key_vanishes_and_its_tokens_fail(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    token = server.token(app, "https://api.test")
    kid = jwt.get_unverified_header(token)["kid"]
    server.run("keys", "rotate")

    server.run("keys", "revoke", kid)

    wait_until(lambda: kid not in {k["kid"] for k in server.key_set()}, "it is gone", seconds=2)
    assert key_for(server.key_set(), token) is None
    renewed = server.token(app, "https://api.test")
    assert jwt.get_unverified_header(renewed)["kid"] != kid
    assert verify(server.key_set(), renewed, "https://api.test")


def test_j10_5_discovery_and_key_set_are_cacheable_under_every_host(server):
    for host in (server.domain, "login.orchard.test"):
        for path in (
            "openid-configuration",
            "oauth-authorization-server",
            "jwks.json",
        ):
            url = f"{server.base}/.well-known/{path}"
            answer = server.http.get(url, headers={"Host": host}, timeout=10)
            assert answer.status_code == 200
            assert re.search(r"public.*max-age=\d+", answer.headers["cache-control"])
            if path != "jwks.json":
                body = answer.json()
                assert body["issuer"] == f"https://{host}/"
                assert body["jwks_uri"] == f"https://{host}/.well-known/jwks.json"
                assert body["token_endpoint"] == f"https://{host}/oauth/token"


def test_t3_5_discovery_lists_what_is_supported_and_no_more(server):
    url = server.base + "/.well-known/openid-configuration"
    body = server.http.get(url, timeout=10).json()
    assert len(body["response_types_supported"]) == 7
    assert {"authorization_code", "implicit", "refresh_token"} < set(body["grant_types_supported"])
    # Every endpoint that is named answers.
    for member, value in body.items():
        if member.endswith("_endpoint") or member.endswith("_uri"):
            status = server.http.get(value, timeout=10).status_code
            assert status in (200, 400, 401, 405), (member, status)


def test_j10_6_private_keys_are_sealed_at_rest_and_never_shown(fresh):
    server = fresh(tls=False).start()
    api = server.api("https://hmac.test", "read:x", signing_alg="HS256")
    app = server.app()
    shown = json.dumps(server.key_set()) + json.dumps(server.management("GET", "keys/signing"))
    shown += server.run("keys", "list", "--json").stdout
    assert server.stop() == 0

    for member in ('"d"', '"p"', '"q"', "PRIVATE", "private_key"):
        assert member not in shown, member
    stored = b"".join(
        path.read_bytes() for path in server.data_dir.iterdir() if "grantor" in path.name
    )
    assert len(stored) > 10_000, "the database was not found"
    for secret in (api["signing_secret"], app["client_secret"]):
        assert secret.encode() not in stored
        assert secret not in server.log_text()
    # The algorithm's name in the head of every unsealed PKCS#8 key, raw and in base64.
    assert bytes.fromhex("300d06092a864886f70d0101010500") not in stored
    assert b"MIIEv" not in stored and b"PRIVATE KEY" not in stored


def test_the_certificate_of_the_current_key_is_served(server):
    pem = server.http.get(server.base + "/pem", timeout=10)
    der = server.http.get(server.base + "/cer", timeout=10)
    assert pem.text.startswith("-----BEGIN CERTIFICATE-----")
    assert ssl.PEM_cert_to_DER_cert(pem.text) == der.content


class CachingClient(threading.Thread):
    """Gets tokens and verifies them as an API would that keeps the key set as long as it may.

    It never refreshes for an unknown key: the cache headers alone must suffice.
    """

    def __init__(self, server, app, audience, until, *, stale):
        super().__init__(daemon=True)
        self.server, self.app, self.audience = server, app, audience
        self.until, self.stale = until, stale
        self.kids, self.samples, self.failures, self.verified = set(), [], [], 0
        self.keys, self.fresh_until = [], 0.0

    def run(self):
        http = requests.Session()
        http.trust_env = False
        credential = {k: self.app[k] for k in ("client_id", "client_secret")}
        form = {"grant_type": "client_credentials", "audience": self.audience, **credential}
        while time.monotonic() < self.until:
            try:
                self.once(http, form)
            except Exception as error:  # Whatever it is, it is a failure of the test.
                self.failures.append(repr(error))
                return

    def once(self, http, form):
        if time.monotonic() >= self.fresh_until:
            self.refresh(http)
        answer = http.post(self.server.base + "/oauth/token", data=form, timeout=10)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        verify(self.keys, token, self.audience)
        self.verified += 1
        kid = jwt.get_unverified_header(token)["kid"]
        if kid not in self.kids:
            self.kids.add(kid)
            self.samples.append(token)

    def refresh(self, http):
        asked = time.monotonic()
        answer = http.get(self.server.base + "/.well-known/jwks.json", timeout=10)
        control = answer.headers["cache-control"]
        life = int(re.search(r"max-age=(\d+)", control)[1])
        if self.stale:
            life += int(re.search(r"stale-while-revalidate=(\d+)", control)[1])
        self.keys, self.fresh_until = answer.json()["keys"], asked + life


@pytest.mark.timeout(240)
def test_t30_3_j10_1_j10_3_a_rotation_every_second_under_load_fails_no_verification(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    began = time.monotonic()
    until = began + ROTATION_SECONDS
    clients = [
        CachingClient(server, app, "https://api.test", until, stale=stale)
        for stale in (False, False, True, True)
    ]
    for client in clients:
        client.start()

    rotations = 0
    while time.monotonic() < until:
        server.run("keys", "rotate")
        rotations += 1
        time.sleep(max(0.0, began + rotations - time.monotonic()))

    for client in clients:
        client.join(30)
    assert [client.failures for client in clients] == [[]] * len(clients)
    assert all(client.verified > 50 for client in clients)
    assert rotations >= ROTATION_SECONDS * 0.8, "the rotations were too slow to prove anything"
    kids = set().union(*(client.kids for client in clients))
    assert len(kids) > 5, "hardly any key came to sign"
    # Tokens of every key that signed verify to the end.
    keys = server.key_set()
    for client in clients:
        for token in client.samples:
            assert verify(keys, token, "https://api.test")
