"""People log in by an application's own form, with the vendor's older script for browsers, in a real browser."""

from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from chromium import CONNECTION, Application, Chromium, People
from harness import Grantor, free_port

# The application and the server are hosts of one site, so that no browser takes the cookies for a third party's.
SITE = "orchard.test"
REALM = "http://auth0.com/oauth/grant-type/password-realm"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server under a name of the site, whose tenant has a default directory."""
    server = Grantor(tmp_path_factory.mktemp("embedded") / "data")
    server.domain = f"login.{SITE}:{server.port}"
    server.environment["GRANTOR_SERVER_HOSTS"] = server.domain
    server.start()
    server.management("PATCH", "tenants/settings", {"default_directory": CONNECTION})
    yield server
    server.kill()


@pytest.fixture(scope="module")
def people(server):
    return People(server)


@pytest.fixture(scope="module")
def ada(people):
    return people.user("ada", name="Ada")


@pytest.fixture(scope="module")
def browser(server, certificate):
    browser = Chromium(server, certificate)
    yield browser
    browser.close()


@pytest.fixture
def page(server, certificate):
    """Starts a page of the site that loads the script; its address."""
    running = []

    def start(host):
        port = free_port()
        running.append(Application("spa_app.cjs", server, certificate, port))
        return f"https://{host}:{port}"

    yield start
    for application in running:
        application.close()


@pytest.fixture
def shop(server, people, page):
    """An application with its own login form; its address, itself, and what its script is told."""
    base = page(f"shop.{SITE}")
    urls = {"callbacks": [base], "web_origins": [base]}
    grants = ["authorization_code", "password", REALM]
    options = {"cross_origin_authentication": True, "grant_types": grants}
    app = people.app("Shop", **urls, **options)
    return base, app, settings(server, app, base)


def settings(server, app, base):
    common = {"domain": server.domain, "clientID": app["client_id"], "redirectUri": base}
    return {**common, "responseType": "code", "scope": "openid email"}


def parameters(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def credential(who):
    return {name: who[name] for name in ("username", "password")}


def subject(server, app, address):
    """Whom the code in an address is for."""
    code = parameters(address)["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": app["client_id"]}
    host = {"Host": server.domain}
    answer = server.post_token(**form, client_secret=app["client_secret"], headers=host)
    assert answer.status_code == 200, answer.text
    claims = jwt.decode(answer.json()["id_token"], options={"verify_signature": False})
    assert claims["iss"] == f"https://{server.domain}/"
    return claims["sub"]


def test_a_form_of_the_application_logs_in_and_the_session_is_everybodys(
    server, browser, people, shop, ada
):
    base, app, options = shop

    seen = browser.play(
        "older.login", base=base, settings=options, realm=CONNECTION, who=credential(ada)
    )

    assert seen["wrong"]["code"] == "access_denied"
    assert seen["wrong"]["description"] == "Wrong email or password."
    ways = [urlsplit(one).path for one in seen["addresses"]]
    assert ways == ["/authorize", "/"], seen["addresses"]
    assert set(parameters(seen["end"])) == {"code", "state"}
    assert subject(server, app, seen["end"]) == ada["user_id"]


def test_tokens_come_in_the_fragment_and_the_script_verifies_them(
    server, browser, people, shop, ada
):
    base, app, options = shop
    grants = ["authorization_code", "implicit"]
    server.management("PATCH", f"clients/{app['client_id']}", {"grant_types": grants})
    asked = {"settings": options | {"responseType": "token id_token"}, "realm": CONNECTION}

    seen = browser.play("older.tokensInFragment", base=base, who=credential(ada), **asked)

    # The script compares nonce and state, and verifies the signature with the published keys.
    assert seen["parsed"]["error"] is None, seen["parsed"]
    parsed = seen["parsed"]["result"]
    assert parsed["idTokenPayload"]["sub"] == ada["user_id"]
    assert parsed["idTokenPayload"]["email"] == ada["username"]
    assert parsed["accessToken"]


def test_the_page_stays_where_it_is_and_is_logged_in(server, browser, people, shop, ada):
    base, app, options = shop
    grants = ["authorization_code", "implicit"]
    server.management("PATCH", f"clients/{app['client_id']}", {"grant_types": grants})
    asked = {"settings": options | {"responseType": "token id_token"}, "realm": CONNECTION}

    seen = browser.play("older.inPlace", base=base, who=credential(ada), **asked)

    assert seen["wrong"]["code"] == "access_denied"
    assert seen["error"] is None, seen["error"]
    assert seen["result"]["idTokenPayload"]["sub"] == ada["user_id"]
    assert seen["again"]["result"]["idTokenPayload"]["sub"] == ada["user_id"]
    assert seen["addresses"] == []


def test_a_page_of_another_origin_or_of_an_application_without_the_switch_logs_nobody_in(
    server, browser, people, shop, page, ada
):
    _, app, options = shop
    elsewhere = page(f"evil.{SITE}")
    asked = {"realm": CONNECTION, "who": credential(ada)}

    told = browser.play("older.refused", base=elsewhere, settings=options, **asked)

    # The browser lets the script know no more than that it failed.
    assert told["code"] == "request_error", told
    base = page(f"plain.{SITE}")
    plain = people.app("Plain", callbacks=[base], web_origins=[base])
    told = browser.play("older.refused", base=base, settings=settings(server, plain, base), **asked)
    assert told["code"] == "unauthorized_client", told
    assert told["description"] == "Cross origin login not allowed."


def test_j3_5_who_signs_up_in_the_application_is_logged_in(server, browser, shop):
    base, app, options = shop
    who = {"username": "carol@orchard.test", "password": "Plums-and-cherries-8"}

    seen = browser.play("older.signUp", base=base, settings=options, realm=CONNECTION, who=who)

    assert seen["weak"]["code"] == "invalid_password"
    assert seen["weak"]["name"] == "PasswordStrengthError"
    assert seen["made"]["email"] == who["username"]
    assert seen["taken"]["code"] == "invalid_signup"
    assert seen["mailed"] == "We've just sent you an email to reset your password."
    assert subject(server, app, seen["end"]).startswith("auth0|")


def test_t24_1_t25_1_t6_7_3_a_script_gets_tokens_for_a_password_and_no_session(
    server, browser, shop, ada
):
    base, app, options = shop
    public = {"token_endpoint_auth_method": "none"}
    server.management("PATCH", f"clients/{app['client_id']}", public)

    seen = browser.play(
        "older.tokens",
        base=base,
        settings=options,
        realm=CONNECTION,
        who=credential(ada),
        scope="openid email",
    )

    assert seen["wrong"]["code"] == "invalid_grant"
    assert seen["wrong"]["description"] == "Wrong email or password."
    for answer in (seen["named"], seen["preset"]):
        header = jwt.get_unverified_header(answer["idToken"])
        claims = jwt.decode(answer["idToken"], options={"verify_signature": False})
        assert (header["alg"], claims["sub"]) == ("RS256", ada["user_id"])
    assert seen["info"]["email"] == "ada@orchard.test"
    assert seen["captcha"] == {"required": False}
    assert seen["cookies"] == []


def test_a_page_of_the_tenants_own_logs_in_on_the_servers_host(server, browser, shop, ada):
    base, app, options = shop
    server.management("PATCH", "prompts", {"identifier_first": False})
    query = {"client_id": app["client_id"], "response_type": "code", "redirect_uri": base}
    query |= {"scope": "openid", "state": "s1"}
    address = f"https://{server.domain}/authorize?{urlencode(query)}"

    asked = {"settings": options, "realm": CONNECTION, "who": credential(ada)}
    seen = browser.play("older.hosted", {"bypassCSP": True}, address=address, **asked)

    assert seen["wrong"]["code"] == "invalid_user_password"
    posted, fields = seen["posts"][-1]
    assert urlsplit(posted).path == "/login/callback"
    assert set(parse_qs(fields)) == {"wa", "wresult", "wctx"}
    assert parameters(seen["end"])["state"] == "s1"
    assert subject(server, app, seen["end"]) == ada["user_id"]
