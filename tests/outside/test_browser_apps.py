"""People log in to applications that are made of the vendor's libraries, in a real browser."""

from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from chromium import Application, site


@pytest.fixture
def run(server, certificate):
    """Runs applications until the test is over."""
    running = []

    def start(script, port, **options):
        running.append(Application(script, server, certificate, port, **options))

    yield start
    for application in running:
        application.close()


def parameters(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def shop(server, people, run):
    """Starts a shop that is made with express-openid-connect."""

    def start(name, **wanted):
        base, port = site(name)
        app = people.app(name, callbacks=[f"{base}/callback"], allowed_logout_urls=[base])
        credential = {"clientId": app["client_id"], "clientSecret": app["client_secret"]}
        options = {"base": base, "issuer": server.issuer, **credential, "parameters": wanted}
        run("express_app.cjs", port, **options)
        return base

    return start


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_t7_3_t8_1_j14_2_j14_4_a_shop_of_express_openid_connect(server, browser, shop, ada, mode):
    base = shop(f"shop-{mode.replace('_', '-')}", response_mode=mode)

    seen = browser.play("apps.throughServer", base=base, who=ada)

    assert seen["first"] == "/u/login/identifier"
    user = seen["profile"]["user"]
    assert user["sub"] == ada["user_id"]
    assert (user["email"], user["name"]) == ("ada@orchard.test", "Ada")
    assert seen["profile"]["userinfo"]["sub"] == ada["user_id"]
    assert seen["profile"]["idTokenClaims"]["iss"] == server.issuer
    # Nothing but a code is ever in the address bar.
    assert not [one for one in seen["loginAddresses"] if "token" in one]
    callbacks = [one for one in seen["loginAddresses"] if one.startswith(f"{base}/callback")]
    expected = {"query": {"code", "state"}, "form_post": set()}[mode]
    assert [set(parameters(one)) for one in callbacks] == [expected]
    # The application has a session of its own, and after a logout neither it nor the server knows the user.
    assert seen["again"] == [f"{base}/profile"]
    assert seen["end"] == {"url": f"{base}/", "text": "logged out"}
    # The application hints at the ID token, so the user is not asked.
    ways = [urlsplit(one).path for one in seen["logoutAddresses"]]
    assert ways == ["/logout", "/oidc/logout", "/"]
    assert seen["afterwards"] == "/u/login/identifier"


def test_t13_4_a_shop_of_express_openid_connect_gets_an_id_token_by_a_form(browser, shop, ada):
    # What the library does unless told otherwise.
    base = shop("shop-id-token", response_type="id_token", response_mode="form_post")

    seen = browser.play("apps.throughServer", base=base, who=ada)

    profile = seen["profile"]
    assert profile["user"]["sub"] == ada["user_id"]
    assert profile["user"]["email"] == "ada@orchard.test"
    assert profile["idTokenClaims"]["nonce"]
    assert "accessToken" not in profile
    # The form takes it, and no address does.
    assert f"{base}/callback" in seen["loginAddresses"]
    assert not [one for one in seen["loginAddresses"] if "id_token=" in one]
    assert seen["afterwards"] == "/u/login/identifier"


@pytest.fixture
def spa(people, run):
    """Starts a shop that is made with auth0-spa-js; its address and its client."""

    def start(name):
        base, port = site(name)
        urls = {"callbacks": [base], "allowed_logout_urls": [base], "web_origins": [base]}
        app = people.app(name, "spa", **urls)
        run("spa_app.cjs", port)
        return base, app

    return start


@pytest.mark.parametrize("cache", ["memory", "localstorage"])
def test_t7_3_t12_2_j14_2_a_shop_of_auth0_spa_js(server, browser, spa, ada, cache):
    base, app = spa(f"spa-{cache}")
    audience = f"https://spa-{cache}.orchard.test"
    api = server.api(audience, "read:shelves", token_lifetime=7200)
    skip = {"skip_consent_for_verifiable_first_party_clients": True, "token_lifetime_for_web": 600}
    server.management("PATCH", f"resource-servers/{api['id']}", skip)
    asked = {"redirect_uri": base, "audience": audience, "scope": "openid email read:shelves"}
    settings = {"domain": server.domain, "clientId": app["client_id"], "cacheLocation": cache}

    who = {"base": base, "who": ada}
    seen = browser.play("apps.inBrowser", settings={**settings, "authorizationParams": asked}, **who)

    assert (seen["before"], seen["reloaded"], seen["after"]) == (False, cache == "localstorage", False)
    assert set(parameters(seen["callback"])) == {"code", "state"}
    login = seen["login"]
    assert login["authenticated"] and login["appState"] == {"shelf": 7}
    assert login["user"]["sub"] == ada["user_id"]
    assert login["user"]["email"] == "ada@orchard.test"
    assert login["claims"]["nonce"]
    # One exchange for both tokens; the second comes from the library's cache.
    assert seen["loginExchanges"] == ["POST"] and login["isTheSame"]
    assert login["token"]["expires_in"] == 7200
    token = jwt.decode(login["token"]["access_token"], options={"verify_signature": False})
    assert token["aud"] == [audience, server.issuer + "userinfo"]
    assert not [one for one in seen["addresses"] if "token" in one]
    logout, *rest = seen["logoutAddresses"]
    assert logout.startswith(server.base + "/v2/logout?")
    assert seen["returnedTo"] == f"{base}/"
    assert seen["afterwards"] == "/u/login/identifier"
    assert seen["stopped"] == []


def test_t12_3_the_token_endpoint_answers_to_scripts_of_registered_origins_alone(
    server, browser, spa, run
):
    base, app = spa("registered")
    other, port = site("unregistered")
    run("spa_app.cjs", port)

    form = {"grant_type": "authorization_code", "client_id": app["client_id"], "code": "none"}
    form |= {"redirect_uri": base, "code_verifier": "v" * 43}
    endpoint = server.base + "/oauth/token"
    told = browser.play("apps.exchangeFrom", pages=[base, other], endpoint=endpoint, form=form)

    assert told == ["invalid_grant", "TypeError"]


def test_t23c_1_t23c_2_t23c_3_one_login_for_two_shops_and_a_logout_that_one_of_them_outlives(
    server, browser, shop, ada
):
    first, second = shop("first"), shop("second")

    seen = browser.play("apps.twoShops", first=first, second=second, who=ada)

    assert seen["second"]["sub"] == ada["user_id"]
    assert seen["secondPaths"] == ["/profile", "/authorize", "/callback", "/profile"]
    assert seen["afterLogout"] == f"{first}/"
    # The second shop has a session of its own, and keeps it until it ends it itself.
    assert seen["secondStill"] == "logged in"
    assert seen["secondThen"] == "/u/login/identifier"
