"""The account page in a real browser, with scripts and without."""

import secrets

import pytest

from test_browser_pages import CALLBACK, LETTERS_ALONE, Asked

NEW = "Pears-and-plums-8"


@pytest.mark.parametrize("options", [{}, LETTERS_ALONE], ids=["with scripts", "without scripts"])
def test_j14_6_people_look_after_their_account_themselves(server, browser, people, options):
    eve = people.user(f"eve-{secrets.token_hex(4)}", name="Eve")
    app = people.app("Print & Co", is_first_party=False, callbacks=[CALLBACK])
    asked = Asked(server, app, CALLBACK)
    account = f"{server.base}/account"
    password = {"current_password": people.PASSWORD, "password": NEW, "password_again": NEW}
    deletion = {"confirmation": eve["username"], "current_password": NEW}

    steps = [("go", asked.url), ("logIn", eve), ("press", "accept"), ("go", account)]
    steps += [("choose", "Remove access – Print & Co")]
    steps += [("choose", "Change the password"), ("fill", password), ("choose", "Save the password")]
    steps += [("choose", "Back to My account"), ("choose", "Log out"), ("go", account)]
    steps += [("logIn", {**eve, "password": NEW}), ("choose", "Delete my account"), ("fill", deletion)]
    steps += [("choose", "Delete for good"), ("go", account)]
    seen = browser.play("walk.through", options, steps=steps)

    shown = seen["shown"]
    paths = [one["path"] for one in shown]
    assert paths[3:5] == ["/account", "/account"]
    assert "Print & Co" in shown[3]["text"] and "Print & Co" not in shown[4]["text"]
    assert eve["username"] in shown[3]["text"] and "This browser" in shown[3]["text"]
    # Times are in words where scripts run, and can be read where they do not.
    assert (" UTC" in shown[3]["text"]) == (options == LETTERS_ALONE)
    assert "Password changed" in shown[7]["text"]
    assert paths[8:11] == ["/account", "/v2/logout", "/u/login/identifier"]
    assert (paths[11], paths[12]) == ("/account", "/account/delete")
    assert "Your account is deleted" in shown[14]["text"]
    assert paths[15] == "/u/login/identifier"
    assert (seen["stopped"], seen["ran"]) == ([], [])
    found = server.management("GET", f"users-by-email?email={eve['username']}")
    assert found == []
