"""The pages in a real browser: with the mouse, with the keyboard alone, and without scripts."""

import base64
import hashlib
import http.server
import secrets
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from chromium import People

CALLBACK = "https://print.test/cb"


def parameters(address):
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


class Asked:
    """An authorization request with a proof key, made by hand."""

    def __init__(self, server, app, redirect_uri, **more):
        self.server, self.app, self.redirect_uri = server, app, redirect_uri
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query = {
            "client_id": app["client_id"],
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.query = {**query, **more}
        self.url = f"{server.base}/authorize?{urlencode(self.query)}"

    def code_in(self, address):
        """The code in the response at `address`, which is that of this request."""
        assert address.startswith(self.redirect_uri + "?"), address
        found = parameters(address)
        assert found["state"] == self.query["state"]
        assert "code" in found, address
        return found["code"]

    def redeem(self, code):
        """Exchanges the code; a public client has no secret to send."""
        return self.server.post_token(
            grant_type="authorization_code",
            client_id=self.app["client_id"],
            client_secret=self.app.get("client_secret"),
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=self.verifier,
        )


class Loopback:
    """The listener of an application on the user's own machine."""

    def __init__(self):
        heard = self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/cb"):
                    heard.append(self.path)
                self.send_response(200)
                self.send_header("content-type", "text/plain")
                self.end_headers()
                self.wfile.write(b"You can close this window.")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_port}/cb"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def calendar(server):
    """An API that people must consent to."""
    identifier = "https://calendar.orchard.test"
    server.api(identifier, "read:dates", "write:dates", "read:guests")
    return identifier


@pytest.fixture
def printer(people, calendar, server):
    """Somebody else's application, which may ask for the whole API."""
    app = people.app("Print & Co", is_first_party=False, callbacks=[CALLBACK])
    grant = {"client_id": app["client_id"], "audience": calendar, "subject_type": "user"}
    scopes = ["read:dates", "write:dates", "read:guests"]
    server.management("POST", "client-grants", {**grant, "scope": scopes})
    return app


@pytest.fixture
def bea(people):
    """Somebody who never consented to anything."""
    return people.user(f"bea-{secrets.token_hex(4)}", name="Bea")


@pytest.fixture
def loopback():
    listener = Loopback()
    yield listener
    listener.close()


def test_t7_3_t11_4_t12_5_a_native_application_listens_on_the_users_own_machine(
    server, browser, people, ada, loopback
):
    # On a developer's own machine nothing is confirmed unless it is wanted.
    wanted = {"skip_non_verifiable_callback_uri_confirmation_prompt": False}
    app = people.app("Native", "native", callbacks=[loopback.redirect_uri], **wanted)
    first = Asked(server, app, loopback.redirect_uri)
    second = Asked(server, app, loopback.redirect_uri)
    refused = Asked(server, app, loopback.redirect_uri)

    steps = [("go", first.url), ("logIn", ada), ("go", second.url), ("press", "accept")]
    steps += [("go", refused.url), ("press", "decline")]
    seen = browser.play("walk.through", steps=steps)

    paths = [one["path"] for one in seen["shown"]]
    assert paths == ["/u/login/identifier", "/cb", "/u/confirm", "/cb", "/u/confirm", "/cb"]
    assert "Ada" in seen["shown"][2]["text"] or "ada@orchard.test" in seen["shown"][2]["text"]
    for asked, address in zip([first, second], [seen["shown"][1]["url"], seen["shown"][3]["url"]]):
        answer = asked.redeem(asked.code_in(address))
        assert answer.status_code == 200, answer.text
        assert answer.json()["id_token"]
    assert parameters(seen["shown"][5]["url"])["error"] == "access_denied"
    assert len(loopback.heard) == 3


def test_t11_4_a_scheme_of_the_applications_own_leads_out_of_the_browser(server, browser, people, ada):
    callback = "com.orchard.shop://login/ios/cb"
    # Unless it is said, a server on the developer's own machine asks nobody.
    wanted = {"skip_non_verifiable_callback_uri_confirmation_prompt": False}
    app = people.app("Phone", "native", callbacks=[callback], **wanted)
    first, second = Asked(server, app, callback), Asked(server, app, callback)

    steps = [("go", first.url), ("logIn", ada), ("goInNewTab", second.url)]
    steps += [("press", "accept")]
    seen = browser.play("walk.through", steps=steps)

    assert seen["stopped"] == []
    # The browser finds no application for it, and stays where it is.
    assert all(not one["url"].startswith(callback) for one in seen["shown"])
    for asked, shown in zip([first, second], [seen["shown"][1], seen["shown"][3]]):
        assert asked.redeem(asked.code_in(shown["redirects"][-1])).status_code == 200


def test_j1_1_j1_2_j1_3_t17_3_somebody_elses_application_asks_and_asks_again_for_more(
    server, browser, printer, calendar, bea
):
    def ask(scope):
        return Asked(server, printer, CALLBACK, audience=calendar, scope=scope)

    refused, first = ask("openid read:dates"), ask("openid read:dates")
    second, more = ask("openid read:dates"), ask("openid read:dates write:dates read:guests")
    both = ask("openid write:dates read:dates")

    steps = [("go", refused.url), ("logIn", bea), ("press", "decline")]
    steps += [("go", first.url), ("press", "accept"), ("go", second.url)]
    steps += [("go", more.url), ("press", "accept"), ("go", both.url)]
    seen = browser.play("walk.through", steps=steps)

    shown = seen["shown"]
    assert [one["path"] for one in shown[:3]] == ["/u/login/identifier", "/u/consent", "/cb"]
    assert parameters(shown[2]["url"])["error"] == "access_denied"
    assert parameters(shown[2]["url"])["state"] == refused.query["state"]
    assert [one["path"] for one in shown[3:]] == ["/u/consent", "/cb", "/cb", "/u/consent", "/cb", "/cb"]
    # The dialog names the application as it is called, the user, and what is asked for.
    for one in (shown[1], shown[3], shown[6]):
        assert printer["name"] in one["text"]
        assert "Bea" in one["text"] or bea["username"] in one["text"]
        assert "dates" in one["text"].lower()
    assert "guests" not in shown[3]["text"].lower()
    assert "guests" in shown[6]["text"].lower()
    asked = [(first, 4, {"read:dates"}), (second, 5, {"read:dates"})]
    asked += [(more, 7, {"read:dates", "write:dates", "read:guests"})]
    asked += [(both, 8, {"read:dates", "write:dates"})]
    for request, at, scopes in asked:
        answer = request.redeem(request.code_in(shown[at]["url"]))
        assert answer.status_code == 200, answer.text
        token = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
        assert set(token["scope"].split()) == {"openid"} | scopes
    assert seen["stopped"] == []


LETTERS_ALONE = {"javaScriptEnabled": False}


@pytest.mark.parametrize("options", [{}, LETTERS_ALONE], ids=["with scripts", "without scripts"])
def test_j2_1_sign_up_login_and_consent_by_the_keyboard(
    server, browser, printer, calendar, options
):
    who = {"email": f"kim-{secrets.token_hex(4)}@orchard.test", "password": "Apples-and-pears-7"}
    asked = {"audience": calendar, "scope": "openid read:dates"}
    first = Asked(server, printer, CALLBACK, screen_hint="signup", **asked)
    second = Asked(server, printer, CALLBACK, prompt="login consent", **asked)

    steps = [("go", first.url), ("type", who), ("enter", "accept"), ("go", second.url)]
    steps += [("type", {"username": who["email"]}), ("type", {"password": who["password"]})]
    steps += [("enter", "accept")]
    seen = browser.play("walk.through", options, steps=steps)

    paths = ["/u/signup", "/u/consent", "/cb", "/u/login/identifier", "/u/login/password"]
    assert [one["path"] for one in seen["shown"]] == paths + ["/u/consent", "/cb"]
    for request, at in [(first, 2), (second, 6)]:
        answer = request.redeem(request.code_in(seen["shown"][at]["url"]))
        assert answer.status_code == 200, answer.text
    assert seen["stopped"] == []


def test_j2_1_a_response_by_form_goes_on_without_scripts(server, browser, people, ada):
    app = people.app("Form", callbacks=[CALLBACK])
    asked = [Asked(server, app, CALLBACK, response_mode="form_post") for _ in range(2)]

    steps = [("go", asked[0].url), ("logIn", ada), ("send", None)]
    without = browser.play("walk.through", LETTERS_ALONE, steps=steps)
    steps = [("go", asked[1].url), ("logIn", ada), ("arrive", "/cb")]
    by_itself = browser.play("walk.through", steps=steps)

    for request, seen in zip(asked, [without, by_itself]):
        assert seen["shown"][2]["url"] == CALLBACK
        answer = request.redeem(request.code_in("?".join(seen["posts"][-1])))
        assert answer.status_code == 200, answer.text
        assert seen["stopped"] == []


@pytest.mark.parametrize("options", [{}, LETTERS_ALONE], ids=["with scripts", "without scripts"])
def test_j2_1_a_forgotten_password_is_replaced_by_the_keyboard(house, browser, options):
    people = People(house)
    who = people.user(f"lea-{secrets.token_hex(4)}")
    app = people.app("Shop", callbacks=[CALLBACK])
    first, second = Asked(house, app, CALLBACK), Asked(house, app, CALLBACK)
    name, new = {"username": who["username"]}, "Cherries-and-plums-8"

    steps = [("go", first.url), ("type", name), ("follow", "Forgot your password?"), ("enter", "default")]
    steps += [("followMail", f"{house.base}/dev/mailbox")]
    steps += [("type", {"password": new, "password_again": new})]
    steps += [("go", second.url), ("type", name), ("type", {"password": new})]
    seen = browser.play("walk.through", options, steps=steps)

    paths = [one["path"] for one in seen["shown"]]
    request = "/u/reset-password/request"
    assert paths[:4] == ["/u/login/identifier", "/u/login/password", request, request]
    assert paths[4:6] == ["/u/reset-verify", "/u/reset-verify"]
    assert paths[6:] == ["/u/login/identifier", "/u/login/password", "/cb"]
    assert second.redeem(second.code_in(seen["shown"][8]["url"])).status_code == 200
    assert seen["stopped"] == []


def test_j14_1_j14_3_j14_4_a_logout_is_asked_about_and_ends_where_it_may(server, browser, people, ada):
    out = "https://print.test/out"
    app = people.app("Logout", callbacks=[CALLBACK], allowed_logout_urls=[out])
    authorize = Asked(server, app, CALLBACK).url
    known = {"client_id": app["client_id"]}
    elsewhere = urlencode({**known, "returnTo": "https://evil.test/"})
    asked = urlencode({**known, "post_logout_redirect_uri": out, "state": "s <&>"})

    steps = [("go", authorize), ("logIn", ada), ("go", f"{server.base}/v2/logout?{elsewhere}")]
    steps += [("go", authorize), ("logIn", ada), ("go", f"{server.base}/oidc/logout?{asked}")]
    steps += [("press", "decline"), ("go", authorize), ("go", f"{server.base}/oidc/logout?{asked}")]
    steps += [("press", "accept"), ("go", authorize)]
    seen = browser.play("walk.through", steps=steps)

    login = "/u/login/identifier"
    paths = [one["path"] for one in seen["shown"]]
    assert paths[:5] == [login, "/cb", "/v2/logout", login, "/cb"]
    # Who is asked and says no is still logged in.
    assert paths[5:] == ["/oidc/logout", "/out", "/cb", "/oidc/logout", "/out", login]
    assert parameters(seen["shown"][9]["url"]) == {"state": "s <&>"}
    assert not [one for one in seen["addresses"] if "evil.test" in urlsplit(one).netloc]
    assert seen["stopped"] == []
