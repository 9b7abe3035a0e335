"""Applications in a real browser that stay logged in by refresh tokens: the vendor's library, unmodified."""

import pytest

from chromium import Application
from harness import free_port

# The server is a host of the applications' site, so that a hidden frame has its session.
from test_browser_silent import SITE, ada, people, server  # noqa: F401

PEOPLE_STAY = "openid profile email"


@pytest.fixture
def spa(server, people, certificate):
    """Starts an application made with auth0-spa-js whose refresh tokens rotate; its address and settings."""
    running = []

    def start(name, *, leeway=10, **settings):
        port = free_port()
        base = f"https://{name}.{SITE}:{port}"
        urls = {"callbacks": [base], "allowed_logout_urls": [base], "web_origins": [base]}
        rotation = {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": leeway}
        grants = ["authorization_code", "refresh_token"]
        app = people.app(name, "spa", **urls, grant_types=grants, refresh_token=rotation)
        running.append(Application("spa_app.cjs", server, certificate, port))
        asked = {"redirect_uri": base, "scope": PEOPLE_STAY}
        common = {"domain": server.domain, "clientId": app["client_id"], "useRefreshTokens": True}
        return {"base": base, "settings": {**common, "authorizationParams": asked, **settings}}

    yield start
    for application in running:
        application.close()


def refreshes(sent):
    return [form for form in sent if form["grant_type"] == "refresh_token"]


def test_j12_1_t6_9_2_tokens_are_renewed_in_the_librarys_worker(browser, spa, ada):
    shop = spa("worker", cacheLocation="memory")

    seen = browser.play("refresh.again", **shop, who=ada, times=4)

    # In the memory of a worker, so that no script of the page ever sees a refresh token.
    assert seen["workers"] == 1
    assert all("error" not in one for one in seen["renewed"]), seen["renewed"]
    tokens = [seen["first"]["access_token"]] + [one["access_token"] for one in seen["renewed"]]
    assert len(set(tokens)) == 5
    # One code, and one refresh for each renewal.
    assert [form["grant_type"] for form in seen["sent"]] == ["authorization_code"] + ["refresh_token"] * 4
    assert seen["claims"]["sub"] == ada["user_id"]
    assert {one["scope"] for one in seen["renewed"]} == {"openid profile email offline_access"}


def test_j12_1_t6_9_2_tokens_are_renewed_in_the_page(browser, spa, ada):
    shop = spa("page", cacheLocation="localstorage")

    seen = browser.play("refresh.again", **shop, who=ada, times=4)

    assert all("error" not in one for one in seen["renewed"]), seen["renewed"]
    sent = [form["refresh_token"] for form in refreshes(seen["sent"])]
    # Each was good for one renewal.
    assert len(sent) == len(set(sent)) == 4


def test_j12_2_several_tabs_renew_at_once_and_nobody_is_logged_out(browser, spa, ada):
    shop = spa("tabs", cacheLocation="localstorage")

    seen = browser.play("refresh.tabs", **shop, who=ada, tabs=4, times=3)

    assert len(seen["renewed"]) == 12
    assert all("error" not in one for one in seen["renewed"]), seen["renewed"]


def test_j12_2_an_answer_that_got_lost_is_asked_for_again(browser, spa, ada):
    shop = spa("lost", cacheLocation="localstorage", leeway=30)

    seen = browser.play("refresh.lost", **shop, who=ada)

    assert "error" not in seen["renewed"] and "error" not in seen["again"], seen
    # What was lost had rotated the token; what was asked for again brought the same successor.
    assert (seen["lost"], seen["isTheSame"]) == (200, True)


def test_j12_4_a_revoked_token_sends_the_library_back_to_the_session(browser, server, spa, ada):
    revoke = f"https://{server.domain}/oauth/revoke"
    for fallback in (False, True):
        name = f"revoked-{fallback}".lower()
        shop = spa(name, cacheLocation="localstorage", useRefreshTokensFallback=fallback)

        seen = browser.play("refresh.revoked", **shop, who=ada, revoke=revoke)

        assert (seen["stored"], seen["response"]) == (1, 200)
        if fallback:
            # The session still answers, in a hidden frame.
            assert "error" not in seen["renewed"], seen["renewed"]
            assert seen["sent"][-1]["grant_type"] == "authorization_code"
        else:
            assert seen["renewed"]["error"] == "invalid_grant", seen["renewed"]
            assert "invalid refresh token" in seen["renewed"]["description"]
