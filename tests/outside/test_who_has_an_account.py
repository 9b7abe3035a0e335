"""Nobody learns who has an account: not from what is answered, and not from how long it takes.

Times are taken by turns, in an order drawn by lot, so that whatever else the machine does falls on both sides alike. Two
sides are told apart only if the ranks of their times say so beyond chance and the medians differ by more than what could
be seen from outside. Slowness alone fails nothing.
"""

import itertools
import math
import random
import re
import statistics
import time

import pytest
import requests

from shop import Browser, Shop
from test_one_code import CHEAP_HASHES

# Where the medians of two sides may lie: with hashes of the default cost a missing one would show, with cheap hashes a
# write more.
COSTS = {"default": ({}, 60, 1.3), "cheap": (CHEAP_HASHES, 150, 1.6)}

# So many that nobody is written to more often than an address may be.
PEOPLE = 20

# Chance alone reaches this in one of a million comparisons.
BEYOND_CHANCE = 4.9


def rank_score(one, other):
    """How many standard deviations the ranks of `one` lie above those of `other` (Mann and Whitney)."""
    ordered = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, side) in enumerate(ordered, 1) if side == 0)
    m, n = len(one), len(other)
    expected = m * (m + n + 1) / 2
    return (ranks - expected) / math.sqrt(m * n * (m + n + 1) / 12)


def is_slower(one, other, factor):
    """Whether `one` takes longer than `other`, beyond chance and by more than the factor."""
    ratio = statistics.median(one) / statistics.median(other)
    return rank_score(one, other) > BEYOND_CHANCE and ratio > factor


def told_apart(one, other, factor):
    """Whether somebody who only measures could tell the two sides apart."""
    return is_slower(one, other, factor) or is_slower(other, one, factor)


def by_turns(count, one, other):
    """Times of both, in seconds."""
    chance, times = random.Random(3), ([], [])
    for _ in range(count):
        for side in chance.sample([0, 1], 2):
            before = time.perf_counter()
            (one, other)[side]()
            times[side].append(time.perf_counter() - before)
    return times


def test_the_comparison_tells_a_missing_hash_from_noise():
    """Else the tests below would prove nothing, or fail by chance."""
    chance = random.Random(1)

    def noisy(milliseconds, count):
        # A machine that does other things: now and then everything takes ten times as long.
        slow = [10 if chance.random() < 0.1 else 1 for _ in range(count)]
        return [milliseconds * chance.uniform(0.8, 1.5) * factor for factor in slow]

    for _, count, factor in COSTS.values():
        for _ in range(200):
            assert not told_apart(noisy(25, count), noisy(25, count), factor)
        assert told_apart(noisy(25, count), noisy(5, count), factor)
        assert told_apart(noisy(5, count), noisy(25, count), factor)
        assert told_apart(noisy(25, count), noisy(14, count), factor)


@pytest.fixture(scope="module", params=COSTS)
def place(request, tmp_path_factory):
    """A shop with people, how often times are taken, and how far medians may lie apart."""
    from harness import Grantor

    environment, count, factor = COSTS[request.param]
    server = Grantor(tmp_path_factory.mktemp("people") / "data", tls=False, environment=environment)
    server.start()
    shop = Shop(server)
    people = [f"person-{number}@orchard.test" for number in range(PEOPLE)]
    for email in people:
        shop.add_user(email)
    yield shop, people, count, factor
    server.kill()


def nobody():
    """Addresses without an account, as long as those that have one."""
    return (f"nobody-{number}@orchard.test" for number in itertools.cycle(range(PEOPLE)))


def shown(page, email):
    """A page without what differs for everybody."""
    text = page.text.replace(email, "ADDRESS")
    text = re.sub(r'(name="(?:state|csrf)" value)="[^"]*"', r"\1", text)
    return re.sub(r"state=[\w-]+", "state", text)


def test_j2_3_a_login_tells_nothing(place):
    shop, people, count, factor = place
    answers = set()

    def logs_in(emails):
        """One wrong password for each address in turn."""
        browser, pages = Browser(shop.server.base), {}

        def once():
            email = next(emails)
            if email not in pages:
                pages[email] = shop.password_page(browser, email)
            page, fields = pages[email]
            answer = browser.submit(page, password="wrong-Password-1", **fields)
            answers.add((answer.status, shown(answer, email)))

        return once

    known, unknown = logs_in(itertools.cycle(people)), logs_in(nobody())
    for _ in people:
        # The pages are opened before times are taken.
        known(), unknown()
    times = by_turns(count, known, unknown)

    assert [status for status, _ in answers] == [400], answers
    assert not told_apart(*times, factor), [statistics.median(side) for side in times]


def test_t25_5_a_password_at_the_token_endpoint_tells_nothing(place):
    shop, people, count, factor = place
    shop.management("PATCH", "tenants/settings", {"default_directory": shop.connection["name"]})
    till = shop.management("POST", "clients", {"name": "Till", "grant_types": ["password"]})
    enabled = [{"client_id": till["client_id"], "status": True}]
    shop.management("PATCH", f"connections/{shop.connection['id']}/clients", enabled)
    credential = {name: till[name] for name in ("client_id", "client_secret")}
    endpoint, answers = shop.server.base + "/oauth/token", set()

    def asks(emails):
        http = requests.Session()

        def once():
            form = {"grant_type": "password", "username": next(emails), "password": "wrong"}
            answer = http.post(endpoint, data=form | credential, timeout=30)
            answers.add((answer.status_code, answer.text))

        return once

    known, unknown = asks(itertools.cycle(people)), asks(nobody())
    for _ in people:
        known(), unknown()
    times = by_turns(count, known, unknown)

    assert [status for status, _ in answers] == [403], answers
    assert "Wrong email or password." in answers.pop()[1]
    assert not told_apart(*times, factor), [statistics.median(side) for side in times]


def test_an_identifier_that_is_entered_first_tells_nothing(place):
    shop, people, count, factor = place
    answers = set()

    def enters(emails):
        browser = Browser(shop.server.base)
        page = browser.go(shop.address())
        assert page.path == "/u/login/identifier"

        def once():
            email = next(emails)
            answer = browser.submit(page, username=email)
            assert answer.path == "/u/login/password", answer.url
            answers.add((answer.status, shown(answer, email)))
            # Back to the first half, for the next.
            browser.go(answer.url.replace("/u/login/password", "/u/login/identifier"))

        return once

    times = by_turns(count, enters(itertools.cycle(people)), enters(nobody()))

    assert [status for status, _ in answers] == [200], answers
    assert not told_apart(*times, factor), [statistics.median(side) for side in times]


def test_a_password_that_was_forgotten_tells_nothing(place):
    shop, people, count, factor = place
    texts = set()

    def forgot(emails):
        def once():
            body = {"client_id": shop.web["client_id"], "connection": shop.connection["name"]}
            url = shop.server.base + "/dbconnections/change_password"
            answer = requests.post(url, json={**body, "email": next(emails)}, timeout=30)
            texts.add((answer.status_code, answer.text))

        return once

    times = by_turns(count, forgot(itertools.cycle(people)), forgot(nobody()))

    assert [status for status, _ in texts] == [200], texts
    assert not told_apart(*times, factor), [statistics.median(side) for side in times]


def test_an_address_that_is_taken_is_refused_no_faster_than_a_password(place):
    """That somebody signed up shows; that somebody could not, not by the time."""
    shop, people, count, factor = place
    texts = set()
    page, fields = shop.password_page(browser := Browser(shop.server.base), people[0])
    emails = itertools.cycle(people)

    def signs_up():
        body = {"client_id": shop.web["client_id"], "connection": shop.connection["name"]}
        body |= {"email": next(emails), "password": "Plums-and-cherries-8"}
        answer = requests.post(shop.server.base + "/dbconnections/signup", json=body, timeout=30)
        texts.add((answer.status_code, answer.text))

    def logs_in():
        browser.submit(page, password="wrong-Password-1", **fields)

    refused, wrong = by_turns(count, signs_up, logs_in)

    assert [status for status, _ in texts] == [400], texts
    assert "exists" not in texts.pop()[1]
    assert not is_slower(wrong, refused, factor), [statistics.median(refused), statistics.median(wrong)]
