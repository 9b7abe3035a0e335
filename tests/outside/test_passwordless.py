"""The vendor's libraries, unmodified, log people in by a code that is read in the mailbox; and so do the server's pages."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from auth0.authentication import GetToken, Passwordless
from auth0.authentication.exceptions import Auth0Error

from chromium import Application, Chromium
from harness import Grantor, free_port, run_node, wait_until
from test_libraries import NODE_SDKS, discovered

OTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
ADDRESS = "ana@orchard.test"
# The application and the server are hosts of one site, so that no browser takes the cookies for a third party's.
SITE = "orchard.test"
WRONG = "Wrong email or verification code."


class House:
    """A server whose people prove an address, and the applications that they log in to."""

    def __init__(self, folder, **environment):
        limits = {"GRANTOR_LIMITS_SIGN_IN_PER_SECOND": "100000", "GRANTOR_MAIL_MAILBOX": "true"}
        self.server = Grantor(folder / "data", environment=limits | environment)

    def start(self):
        self.server.start()
        self.connections = {
            strategy: self.server.management(
                "POST", "connections", {"name": strategy, "strategy": strategy}
            )["id"]
            for strategy in ("email", "sms")
        }
        return self

    def app(self, **members):
        """An application that may use codes, of both kinds."""
        body = {"name": "Fruit Shop", "app_type": "regular_web"}
        grants = {"grant_types": ["authorization_code", "refresh_token", OTP]}
        app = self.server.management("POST", "clients", {**body, **grants, **members})
        enabled = [{"client_id": app["client_id"], "status": True}]
        for connection in self.connections.values():
            self.server.management("PATCH", f"connections/{connection}/clients", enabled)
        return app

    def messages(self):
        """What the mailbox holds, the newest first."""
        accept = {"Accept": "application/json", "Host": self.server.domain}
        return self.server.http.get(f"{self.server.base}/dev/mailbox", headers=accept).json()

    def code(self, known, to=ADDRESS):
        """The code of the message to an address that is not among those `known`."""

        def look():
            old = {message["id"] for message in known}
            new = [one for one in self.messages() if one["id"] not in old and one["to"] == to]
            return new[0] if new else None

        message = wait_until(look, f"a message to {to}")
        return re.search(r"\b\d{6}\b", message["text"]).group(0)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("codes")).start()
    yield house
    house.server.kill()


@pytest.fixture
def trusting(house, monkeypatch):
    """The line that a developer writes to make requests trust the development authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", house.server.authority)
    return house.server


def test_t6_11_2_t6_11_4_auth0_python_logs_in_by_a_mailed_code(house, trusting, name):
    trusting.api(name, "read:x")
    app = house.app()
    secret = {"client_secret": app["client_secret"]}
    before = house.messages()

    started = Passwordless(trusting.domain, app["client_id"], **secret).email(ADDRESS, send="code")

    assert set(started) == {"_id", "email", "email_verified"}
    code = house.code(before)
    tokens = GetToken(trusting.domain, app["client_id"], **secret)
    asked = {"realm": "email", "scope": "openid read:x", "audience": name}
    answer = tokens.passwordless_login(username=ADDRESS, otp=code, **asked)
    claims = discovered(trusting, answer["access_token"], name)
    assert (claims["sub"], claims["scope"]) == (
        discovered(trusting, answer["id_token"], app["client_id"])["sub"],
        "openid read:x",
    )
    assert claims["sub"].startswith("email|")
    with pytest.raises(Auth0Error) as refused:
        tokens.passwordless_login(username=ADDRESS, otp=code, **asked)
    error = refused.value
    assert (error.status_code, error.error_code, error.message) == (403, "invalid_grant", WRONG)


def test_t6_11_2_auth0_python_logs_in_by_a_code_on_a_phone(house, trusting):
    app = house.app()
    secret = {"client_secret": app["client_secret"]}
    number = "+15550001111"
    before = house.messages()

    started = Passwordless(trusting.domain, app["client_id"], **secret).sms(number)

    assert started["phone_number"] == number
    code = house.code(before, number)
    tokens = GetToken(trusting.domain, app["client_id"], **secret)
    asked = {"realm": "sms", "scope": "openid", "audience": None}
    answer = tokens.passwordless_login(username=number, otp=code, **asked)
    claims = discovered(trusting, answer["id_token"], app["client_id"])
    assert claims["sub"].startswith("sms|")


@pytest.mark.parametrize("sdk", NODE_SDKS)
def test_t6_11_2_auth0_for_node_logs_in_by_a_mailed_code(house, name, sdk):
    server = house.server
    audience = f"{name}/{sdk}"
    server.api(audience, "read:x")
    app = house.app()
    client = {"clientId": app["client_id"], "clientSecret": app["client_secret"]}
    client |= {"sdk": sdk, "domain": server.domain}
    before = house.messages()

    def play(step, **asked):
        return run_node("passwordless.cjs", {**client, "step": step, "asked": asked}, server)

    # The library keeps the answer to itself.
    assert play("sendEmail", email=ADDRESS, send="code") is None

    asked = {"email": ADDRESS, "audience": audience, "scope": "openid read:x"}
    wrong = play("loginWithEmail", code="no", **asked)
    told = {"error": "invalid_grant", "error_description": WRONG, "statusCode": 403}
    assert wrong == told
    answer = play("loginWithEmail", code=house.code(before), **asked)
    assert discovered(server, answer["access_token"], audience)["scope"] == "openid read:x"
    assert play("sendEmail", email="ana") == {
        "error": "bad.email",
        "error_description": "error in email - invalid format: ana",
        "statusCode": 400,
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server under a name of the site."""
    house = House(tmp_path_factory.mktemp("site"))
    house.server.domain = f"login.{SITE}:{house.server.port}"
    house.server.environment["GRANTOR_SERVER_HOSTS"] = house.server.domain
    yield house.start()
    house.server.kill()


@pytest.fixture(scope="module")
def browser(site, certificate):
    browser = Chromium(site.server, certificate)
    yield browser
    browser.close()


@pytest.fixture
def shop(site, certificate):
    """A page of the site that is an application; its address, the application, and what its script is told."""
    server = site.server
    port = free_port()
    application = Application("spa_app.cjs", server, certificate, port)
    base = f"https://shop.{SITE}:{port}"
    urls = {"callbacks": [base], "web_origins": [base], "cross_origin_authentication": True}
    app = site.app(**urls)
    public = {"token_endpoint_auth_method": "none"}
    server.management("PATCH", f"clients/{app['client_id']}", public)
    settings = {"domain": server.domain, "clientID": app["client_id"], "redirectUri": base}
    yield base, app, {**settings, "responseType": "code", "scope": "openid email"}
    application.close()


def subject(site, app, address):
    """Whom the code in an address is for."""
    code = parse_qs(urlsplit(address).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "client_id": app["client_id"]}
    form["redirect_uri"] = urlsplit(address)._replace(path="", query="", fragment="").geturl()
    answer = site.server.post_token(**form, headers={"Host": site.server.domain})
    assert answer.status_code == 200, answer.text
    claims = jwt.decode(answer.json()["id_token"], options={"verify_signature": False})
    assert claims["email"] == ADDRESS
    return claims["sub"]


def test_t6_11_2_auth0_js_logs_in_by_a_mailed_code(site, browser, shop):
    base, app, options = shop
    before = site.messages()
    asked = {"base": base, "settings": options, "email": ADDRESS}

    started = browser.play("codes.start", **asked)

    assert started["error"] is None and started["result"]["email"] == ADDRESS, started
    seen = browser.play("codes.logIn", **asked, code=site.code(before))
    assert seen["wrong"]["description"] == "Wrong username or verification code."
    assert subject(site, app, seen["end"]).startswith("email|")


def test_t6_11_1_j2_1_the_servers_pages_log_in_by_a_mailed_code_without_scripts(site, browser, shop):
    base, app, _ = shop
    query = {"client_id": app["client_id"], "response_type": "code", "redirect_uri": base}
    query |= {"scope": "openid email", "state": "s1", "connection": "email"}
    address = f"https://{site.server.domain}/authorize?{urlencode(query)}"
    without = {"javaScriptEnabled": False}
    before = [message["id"] for message in site.messages()]
    mailbox = f"https://127.0.0.1:{site.server.port}/dev/mailbox"

    asked = {"address": address, "email": ADDRESS, "mailbox": mailbox, "known": before}
    seen = browser.play("codes.hosted", without, **asked)

    assert seen["paths"] == ["/u/login/identifier", "/u/login/code"]
    assert seen["focused"] == ["username", "code"]
    assert "The code is wrong" in seen["wrong"]
    assert parse_qs(urlsplit(seen["end"]).query)["state"] == ["s1"]
    assert subject(site, app, seen["end"]).startswith("email|")
