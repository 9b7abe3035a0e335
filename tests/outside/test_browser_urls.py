"""Redirect URIs as a browser reads them: what is let through leads where the application registered it."""

import json
import re
from urllib.parse import urlencode

import pytest

from harness import ROOT

TABLE = ROOT / "crates/protocol/src/redirect_uri/differentials.json"


@pytest.fixture(scope="module")
def table():
    """URLs that parsers read differently, each with its verdict, and what the application registered."""
    table = json.loads(TABLE.read_text())
    # A parameter without a value is as good as none (RFC 6749 §3.1).
    return {**table, "cases": [case for case in table["cases"] if case[1]]}


@pytest.fixture(scope="module")
def shop(people, table):
    """An application with all of the table's URLs that can be registered."""
    app = people.app("Everywhere")
    path = f"clients/{app['client_id']}"
    registered = []
    for url in table["registered"]:
        wanted = {"callbacks": [*registered, url]}
        if "callbacks" in people.server.management("PATCH", path, wanted, status=range(200, 500)):
            registered.append(url)
    return app, registered


def address(server, app, url):
    """A request that ends at once, with an error for the application."""
    query = {"client_id": app["client_id"], "response_type": "code", "prompt": "none"}
    return f"{server.base}/authorize?{urlencode({**query, 'redirect_uri': url})}"


def sort_out(server, app, urls):
    """The URLs that the server redirects to, each with the address it redirects to; and those it refuses."""
    accepted, refused = [], []
    for url in urls:
        answer = server.http.get(address(server, app, url), allow_redirects=False, timeout=30)
        location = answer.headers.get("Location")
        if location is None:
            assert answer.status_code in (400, 403), f"{url!r}: {answer.status_code}"
            refused.append(url)
        else:
            accepted.append((url, location))
    return accepted, refused


def place(url):
    """What of a URL decides who gets the response. Browsers fold the case of web hosts alone."""
    assert (url["username"], url["password"]) == ("", "")
    return url["protocol"], url["host"].lower(), url["pathname"]


def leads_to(entry, url):
    """Whether a URL, as the browser reads it, is a registered place. `*` is one label or a part of it."""
    if "*" not in entry["host"]:
        return place(url) == place(entry)
    pattern = re.escape(entry["host"]).replace(r"\*", "[a-z0-9_-]+")
    rest = ("protocol", "pathname", "port")
    return re.fullmatch(pattern, url["host"]) and all(url[part] == entry[part] for part in rest)


def test_t9_2_j18_1_a_browser_reads_every_accepted_url_as_a_registered_one(
    server, browser, shop, table
):
    app, registered = shop
    urls = [url for _, url in table["cases"]]
    assert len(urls) >= 300

    accepted, refused = sort_out(server, app, urls)

    verdicts = {url: verdict for verdict, url in table["cases"]}
    assert {url for url, _ in accepted} == {url for url in urls if verdicts[url] == "accept"}
    assert len(refused) > 400
    # `*` stands in no URL that a browser can read; a letter in its place is read as the rest is.
    entries = browser.play("urls.read", urls=[url.replace("*", "star") for url in registered])
    for entry, url in zip(entries, registered):
        if "*" in url:
            entry["host"] = entry["host"].replace("star", "*")
    for reading in ("sent", "answered"):
        read = [url if reading == "sent" else location for url, location in accepted]
        for url, text in zip(browser.play("urls.read", urls=read), read):
            assert url, text
            assert any(leads_to(entry, url) for entry in entries), text


def test_t9_2_where_a_browser_goes_is_what_was_registered(server, browser, shop, table):
    app, _ = shop
    accepted = [url for verdict, url in table["cases"] if verdict == "accept"]
    # Some of those that are refused, evenly from the whole table: each would cost a page.
    refused = [url for verdict, url in table["cases"] if verdict != "accept"][::24]

    addresses = [address(server, app, url) for url in accepted + refused]
    ends = browser.play("urls.follow", addresses=addresses)

    assert ends[len(accepted) :] == addresses[len(accepted) :]
    pairs = zip(accepted, browser.play("urls.read", urls=accepted), ends)
    reached = browser.play("urls.read", urls=ends[: len(accepted)])
    for (sent, meant, end), url in zip(pairs, reached):
        assert place(url) == place(meant), f"{sent} led to {end}"
        assert "error=login_required" in url["search"], end
