"""The page `docs/tour.md`: every request and answer on it is made here, so that it says what is so."""

import base64
import hashlib
import os
import urllib.parse

import pytest
import requests

from harness import ROOT
from shop import Browser
from tour import Tour, fill

PAGE = ROOT / "docs/tour.md"
ORDERS = "https://orders.example.com"
CALLBACK = "https://shop.example.com/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PASSWORD = "Apples-and-pears-7"
CONNECTION = "Username-Password-Authentication"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
PATIENCE = 30


class Guide:
    """Goes the tour at a server."""

    def __init__(self, server):
        self.server = server
        self.tour = Tour(server)
        self.browser = Browser(server.base)
        self.browser.http.verify = server.authority
        self._refresh_tokens = 0

    # Set-up.

    def create(self, step, path, body, only):
        token = self.tour.name(self.server.management_token(), "MANAGEMENT_TOKEN")
        headers = {"Authorization": f"Bearer {token}", "Host": self.server.host_of(token)}
        url = f"{self.server.base}/api/v2/{path}"
        answer = self.server.http.post(url, json=body, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        for member in ("client_id", "client_secret", "user_id", "id"):
            if member in only and made[member] not in self.tour.names:
                who = body.get("name", body.get("email", path)).split("@")[0].upper().replace(" ", "_")
                self.tour.name(made[member], f"{who}_{member.removeprefix('client_').upper()}")
        self.tour.known(step, "POST", f"/api/v2/{path}", answer, body=body, only=only, bearer=token)
        return made

    # What applications send.

    def post(self, step, path, **form):
        url = self.server.base + path
        answer = self.server.http.post(url, data=form, timeout=PATIENCE)
        if answer.headers.get("Content-Type", "").startswith("application/json") and answer.content:
            self._name_tokens(answer.json())
        self.tour.known(step, "POST", path, answer, form=form)
        return answer

    def tokens(self, step, **form):
        answer = self.post(step, "/oauth/token", **form)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        self._claims(step, tokens)
        return tokens

    def _claims(self, step, tokens):
        for member in ("access_token", "id_token"):
            if tokens.get(member, "").count(".") == 2:
                self.tour.token(step, tokens[member], member.upper())

    def _name_tokens(self, body):
        for member in ("access_token", "id_token"):
            if member in body:
                # A token that came earlier is another one from now on.
                self.tour.names = {k: v for k, v in self.tour.names.items() if v != member.upper()}
                self.tour.name(body[member], member.upper())
        token = body.get("refresh_token")
        if token and token not in self.tour.names:
            self._refresh_tokens += 1
            self.tour.name(token, f"REFRESH_TOKEN_{self._refresh_tokens}")

    def userinfo(self, step, token):
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.server.http.get(self.server.base + "/userinfo", headers=headers, timeout=PATIENCE)
        self.tour.known(step, "GET", "/userinfo", answer, bearer=token)
        assert answer.status_code == 200, answer.text

    # What browsers do.

    def authorize(self, step, who=None, **query):
        """An authorization request, the login behind it if there is no session, and where it ends."""
        path = "/authorize?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        answer = self.browser._send("GET", path, None)
        last = answer
        if not answer.headers["Location"].startswith(CALLBACK):
            last = self._log_in(answer.headers["Location"], who)
        landed = urllib.parse.urlsplit(last.headers["Location"])
        sent = dict(urllib.parse.parse_qsl(landed.query or landed.fragment))
        if "code" in sent:
            self.tour.name(sent["code"], "CODE")
        self._name_tokens(sent)
        self.tour.known(step, "GET", path, last)
        self._claims(step, sent)
        return sent

    def _log_in(self, location, who):
        page = self.browser.go(self.browser._local(location))
        action, hidden = page.form()
        answer = self.browser._send("POST", action, hidden | {"username": who, "password": PASSWORD})
        while not (location := answer.headers["Location"]).startswith(CALLBACK):
            address = self.browser._local(location)
            if address.startswith("/u/"):
                page = self.browser.go(address)
                action, hidden = page.form()
                answer = self.browser._send("POST", action, hidden | {"password": PASSWORD})
            else:
                answer = self.browser._send("GET", address, None)
        return answer


@pytest.fixture
def guide(fresh):
    return Guide(fresh().start())


def set_up(guide):
    api = {"name": "Orders", "identifier": ORDERS}
    api["scopes"] = [{"value": "read:orders", "description": "Read orders"}]
    api |= {"allow_offline_access": True, "token_lifetime_for_web": 7200}
    api["skip_consent_for_verifiable_first_party_clients"] = True
    guide.create("an-api", "resource-servers", api, ["identifier", "token_lifetime"])
    report = {"name": "Report", "app_type": "non_interactive", "grant_types": ["client_credentials"]}
    report = guide.create("a-machine", "clients", report, ["client_id", "client_secret"])
    grant = {"client_id": report["client_id"], "audience": ORDERS, "scope": ["read:orders"]}
    guide.create("a-grant", "client-grants", grant, ["client_id", "audience", "scope"])
    grants = ["authorization_code", "implicit", "password", REALM]
    web = {"name": "Shop", "app_type": "regular_web", "callbacks": [CALLBACK], "grant_types": grants}
    web = guide.create("a-shop", "clients", web, ["client_id", "client_secret"])
    rotation = {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 10}
    app = {"name": "App", "app_type": "native", "token_endpoint_auth_method": "none"}
    app |= {"callbacks": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"]}
    app = guide.create("an-app", "clients", {**app, "refresh_token": rotation}, ["client_id"])
    person = {"connection": CONNECTION, "email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    guide.create("a-person", "users", person, ["user_id", "email"])
    connection = guide.server.management("GET", f"connections?name={CONNECTION}")[0]
    both = [{"client_id": one["client_id"], "status": True} for one in (web, app)]
    guide.server.management("PATCH", f"connections/{connection['id']}/clients", both)
    return report, web, app


def test_t7_3_t18_1_t8_1_t11_1_t13_1_t24_1_t10_1_the_tour_says_what_is_so(guide):
    report, web, app = set_up(guide)
    secret = {name: web[name] for name in ("client_id", "client_secret")}
    ask = {"redirect_uri": CALLBACK, "audience": ORDERS, "scope": "openid read:orders"}

    # A machine for itself.
    machine = {name: report[name] for name in ("client_id", "client_secret")}
    guide.tokens("client-credentials", grant_type="client_credentials", **machine, audience=ORDERS)

    # A server's application.
    shop = {"client_id": web["client_id"], **ask}
    landed = guide.authorize("code", who="ada@example.com", response_type="code", **shop, state="k7Qz")
    code = {"grant_type": "authorization_code", "code": landed["code"], "redirect_uri": CALLBACK}
    guide.tokens("code-exchange", **code, **secret)
    replay = guide.post("code-replay", "/oauth/token", **code, **secret)
    assert replay.status_code == 403

    # An application on somebody's own machine.
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    native = {"client_id": app["client_id"], **ask, "scope": "openid read:orders offline_access"}
    landed = guide.authorize("pkce", who="ada@example.com", response_type="code", **native, **proof, state="m3")
    code = {"grant_type": "authorization_code", "code": landed["code"], "code_verifier": VERIFIER}
    public = {"client_id": app["client_id"]}
    tokens = guide.tokens("pkce-exchange", **code, redirect_uri=CALLBACK, **public)

    # Later.
    refresh = {"grant_type": "refresh_token", **public}
    renewed = guide.tokens("refresh", **refresh, refresh_token=tokens["refresh_token"])
    narrowed = guide.tokens("refresh-narrowed", **refresh, refresh_token=renewed["refresh_token"], scope="openid")
    newest = narrowed["refresh_token"]
    assert guide.post("revoke", "/oauth/revoke", **public, token=newest).status_code == 200
    gone = guide.post("revoked", "/oauth/token", **refresh, refresh_token=newest)
    assert gone.status_code == 403

    # Through the browser.
    nonce = {"nonce": "f81Q", "state": "a0"}
    sent = guide.authorize("implicit", response_type="id_token token", **shop, **nonce)
    assert "refresh_token" not in sent and "code" not in sent
    landed = guide.authorize("hybrid", response_type="code id_token", **shop, **nonce)
    code = {"grant_type": "authorization_code", "code": landed["code"], "redirect_uri": CALLBACK}
    guide.tokens("hybrid-exchange", **code, **secret)

    # Without anybody to ask.
    silent = {"client_id": web["client_id"], "redirect_uri": CALLBACK, "scope": "openid", "prompt": "none"}
    guide.authorize("silent", response_type="code", **silent, state="s1")
    guide.browser.cookies.clear()
    refused = guide.authorize("silent-refused", response_type="code", **silent, state="s2")
    assert refused["error"] == "login_required"

    # With the user's own password.
    typed = {"grant_type": REALM, "realm": CONNECTION, "username": "ada@example.com", "password": PASSWORD}
    tokens = guide.tokens("password", **typed, **secret, audience=ORDERS, scope="openid profile")
    guide.userinfo("userinfo", tokens["access_token"])

    page = PAGE.read_text()
    filled, steps = fill(page, guide.tour)
    if os.environ.get("OUTSIDE_WRITE"):
        PAGE.write_text(filled)
    assert sorted(steps) == sorted(guide.tour.blocks), "every step is on the page, once"
    assert page == filled or os.environ.get("OUTSIDE_WRITE"), "write it with OUTSIDE_WRITE=1 and read it"
