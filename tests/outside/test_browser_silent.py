"""Applications in the browser renew their tokens silently, log in by a popup, or get tokens in the fragment: the vendor's
scripts in a real browser."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from chromium import Application, People
from harness import Grantor, free_port


# The applications and the server are hosts of one site, so that no browser takes the cookies for a third party's.
SITE = "orchard.test"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server under a name of the site."""
    server = Grantor(tmp_path_factory.mktemp("silent") / "data")
    server.domain = f"login.{SITE}:{server.port}"
    server.environment["GRANTOR_SERVER_HOSTS"] = server.domain
    yield server.start()
    server.kill()


@pytest.fixture(scope="module")
def people(server):
    return People(server)


@pytest.fixture(scope="module")
def ada(people):
    return people.user("ada", name="Ada")


@pytest.fixture
def page(server, certificate):
    """Starts a page that loads the vendor's scripts; its address."""
    running = []

    def start(name):
        port = free_port()
        running.append(Application("spa_app.cjs", server, certificate, port))
        return f"https://{name}.{SITE}:{port}"

    yield start
    for application in running:
        application.close()


@pytest.fixture
def shop(people, page):
    """Starts an application in the browser; its address and its client."""

    def start(name, **members):
        base = page(name)
        urls = {"callbacks": [base], "allowed_logout_urls": [base], "web_origins": [base]}
        return base, people.app(name, "spa", **{**urls, **members})

    return start


@pytest.fixture
def api(server):
    """An API whose tokens tell which way they came by their life."""
    audience = f"https://{secrets.token_hex(4)}.orchard.test"
    made = server.api(audience, "read:shelves", token_lifetime=7200)
    members = {"skip_consent_for_verifiable_first_party_clients": True, "token_lifetime_for_web": 600}
    server.management("PATCH", f"resource-servers/{made['id']}", members)
    return audience


def parameters(encoded):
    return {name: values[0] for name, values in parse_qs(encoded).items()}


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def of_spa_js(server, app, base, audience):
    asked = {"redirect_uri": base, "audience": audience, "scope": "openid email read:shelves"}
    return {
        "domain": server.domain,
        "clientId": app["client_id"],
        "useRefreshTokens": False,
        "authorizationParams": asked,
    }


def test_t15_1_t15_5_auth0_spa_js_renews_in_a_frame(server, browser, shop, api, ada):
    base, app = shop("renewal")

    seen = browser.play("silent.renewal", base=base, settings=of_spa_js(server, app, base, api), who=ada)

    assert seen["before"] == {"error": "login_required", "error_description": "Login required"}
    # Nothing but the one message, from the server and with the state.
    (told,) = seen["told"]
    assert told["origin"] == f"https://{server.domain}"
    assert told["data"]["type"] == "authorization_response"
    assert set(told["data"]["response"]) == {"error", "error_description", "state"}
    tokens = [claims(token) for token in seen["tokens"]]
    assert len({token["jti"] for token in tokens}) == 3
    assert {token["sub"] for token in tokens} == {ada["user_id"]}
    # They come from the token endpoint, and live as long as others from there.
    assert {token["exp"] - token["iat"] for token in tokens} == {7200}
    assert seen["user"]["email"] == "ada@orchard.test"
    assert [set(one["data"]["response"]) for one in seen["messages"]] == [{"code", "state"}]
    assert seen["after"]["error"] == "login_required"
    asked = [parameters(urlsplit(one).query) for one in seen["frames"]]
    assert {one["response_mode"] for one in asked} == {"web_message"}
    assert {one["prompt"] for one in asked} == {"none"}
    assert seen["stopped"] == []


def test_auth0_spa_js_logs_in_by_a_popup(server, browser, shop, api, ada):
    base, app = shop("popup")

    seen = browser.play("silent.popup", base=base, settings=of_spa_js(server, app, base, api), who=ada)

    for turn in seen:
        assert turn["end"] == "done"
        assert turn["user"]["sub"] == ada["user_id"]
        (message,) = turn["messages"]
        assert message["origin"] == f"https://{server.domain}"
        assert set(message["data"]["response"]) == {"code", "state"}
        # The page itself went nowhere.
        assert turn["url"] == f"{base}/"


def test_t14_2_t15_1_t15_5_auth0_js_logs_in_by_the_fragment_and_checks_the_session(
    server, browser, shop, api, ada
):
    base, app = shop("implicit")
    asked = {"responseType": "token id_token", "scope": "openid email read:shelves", "audience": api}
    settings = {"domain": server.domain, "clientID": app["client_id"], "redirectUri": base, **asked}

    seen = browser.play("silent.implicit", base=base, settings=settings, who=ada)

    assert seen["before"]["error"]["error"] == "login_required"
    response = parameters(urlsplit(seen["callback"]).fragment)
    members = {"access_token", "expires_in", "token_type", "id_token", "state"}
    assert set(response) == members
    # The script verified signature, nonce and at_hash.
    assert seen["login"]["error"] is None
    login = seen["login"]["result"]
    assert login["idTokenPayload"]["sub"] == ada["user_id"]
    assert login["idTokenPayload"]["email"] == "ada@orchard.test"
    digest = hashlib.sha256(response["access_token"].encode()).digest()
    half = urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    assert login["idTokenPayload"]["at_hash"] == half
    assert jwt.get_unverified_header(response["id_token"])["alg"] == "RS256"
    assert (login["expiresIn"], login["tokenType"]) == (600, "Bearer")
    checked = seen["checked"]["result"]
    assert checked["accessToken"] != login["accessToken"]
    assert claims(checked["accessToken"])["aud"] == [api, f"https://{server.domain}/userinfo"]
    assert (checked["expiresIn"], checked["scope"]) == (600, None)
    assert seen["again"]["result"]["accessToken"] is None
    assert seen["again"]["result"]["idTokenPayload"]["sub"] == ada["user_id"]
    assert not [one for one in seen["addresses"] if "refresh_token" in one]
    assert seen["returnedTo"] == f"{base}/"
    assert seen["after"]["error"]["error"] == "login_required"


def test_t15_3_an_origin_that_is_not_listed_is_told_nothing_and_nobody_frames_what_is_not_theirs(
    server, browser, shop, page, api, ada
):
    base, app = shop("unlisted", web_origins=[])
    _, listed = shop("listed")
    evil = page("evil")

    def address(client, **more):
        query = {"client_id": client["client_id"], "response_type": "code", "scope": "openid"}
        return f"https://{server.domain}/authorize?{urlencode({**query, **more})}"

    silent = address(listed, prompt="none", response_mode="web_message", state="s")
    login = address(listed, prompt="login")
    settings = of_spa_js(server, app, base, api)
    stranger = {"evil": evil, "silent": silent, "login": login}

    seen = browser.play("silent.strangers", base=base, settings=settings, who=ada, **stranger)

    assert seen["renewed"]["error"] == "timeout"
    assert (seen["told"], seen["toldEvil"]) == ([], [])
    assert all(one.startswith("chrome-error:") for one in seen["framed"]), seen["framed"]
