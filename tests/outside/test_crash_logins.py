"""kill -9 in the middle of logins: whatever a browser or a client was answered is so afterwards."""

import base64
import itertools
import os
import random
import threading
import time

import pytest
import requests

from shop import Browser, Shop
from test_one_code import CHEAP_HASHES

ROUNDS = 8
PEOPLE = 3
HOST = "localhost"  # The same under every node's port.


class Answered:
    """What was answered before the process was gone."""

    def __init__(self):
        self.signed_up = []
        self.consents = []
        self.codes = []
        self.tokens = []
        # Of these it is not known whether they were redeemed: no answer came.
        self.doubtful = []

    def everything(self):
        return [self.signed_up, self.consents, self.codes, self.tokens]


class Crowd:
    """People who sign up, consent and log in until the server `base` is gone, each in a browser of their own."""

    def __init__(self, shop, base, number):
        self.shop = shop
        self.base = base
        self.number = number
        self.answered = Answered()
        self.failures = []
        self.gone = threading.Event()

    def run(self, seconds, kill):
        """Lets them in, and takes the server away once something of everything was answered."""
        people = [threading.Thread(target=self._person, args=(n,)) for n in range(PEOPLE)]
        for person in people:
            person.start()
        deadline = time.monotonic() + 20
        while not all(self.answered.everything()) and time.monotonic() < deadline:
            time.sleep(0.005)
        # The moment of the kill is the test's chance, not a wait for something.
        time.sleep(seconds)
        self.gone.set()
        kill()
        for person in people:
            person.join()
        assert not self.failures, self.failures[0]
        assert all(self.answered.everything()), "too few logins to prove anything"
        return self.answered

    def _person(self, person):
        try:
            for count in itertools.count():
                self._log_in(f"{self.number}-{person}-{count}@orchard.test")
        except requests.RequestException as error:
            if not self.gone.is_set():
                self.failures.append(error)
        except AssertionError as error:
            self.failures.append(error)

    def _log_in(self, email):
        shop, answered, base = self.shop, self.answered, self.base
        browser = Browser(base, host=HOST)
        page = shop.sign_up(browser, email, client=shop.stranger)
        assert page.path == "/u/consent", f"{page.url}\n{page.text}"
        answered.signed_up.append(email)
        first = browser.submit(page, action="accept").code
        answered.consents.append(browser)
        self._redeem(first, shop.stranger, email, base)
        # The code of the session, which nobody redeems before the kill.
        answered.codes.append((browser.go(shop.address()).code, email))

    def _redeem(self, code, client, email, base):
        try:
            answer = self.shop.redeem(code, client, base)
        except requests.RequestException:
            self.answered.doubtful.append(code)
            raise
        assert answer.status_code == 200, answer.text
        self.answered.tokens.append((answer.json()["access_token"], code, email))


def verify(shop, answered, base):
    """Whether what was answered is so, at the server `base`."""
    for browser in answered.consents:
        browser.base = base
        # Neither a password nor a consent is asked for: the session and the consent are there.
        page = browser.go(shop.address(shop.stranger, prompt="none"))
        assert page.parameter("code"), page.url
    for code, email in answered.codes:
        answer = shop.redeem(code, base=base)
        assert answer.status_code == 200, answer.text
        told = shop.userinfo(answer.json()["access_token"], base)
        assert told.json()["email"] == email
    for token, code, email in answered.tokens:
        told = shop.userinfo(token, base)
        assert (told.status_code, told.json().get("email")) == (200, email), told.text
        # It came from a code that was claimed then.
        assert shop.redeem(code, shop.stranger, base).status_code == 403
    for code in answered.doubtful:
        statuses = [shop.redeem(code, shop.stranger, base).status_code for _ in range(2)]
        assert statuses in ([200, 403], [403, 403])
    for email in answered.signed_up:
        browser = Browser(base, host=HOST)
        assert shop.log_in(browser, email).code


def test_what_a_login_was_answered_survives_kill_9(fresh):
    server = fresh(tls=False, environment=CHEAP_HASHES).start()
    shop = Shop(server)
    chance = random.Random(11)
    for number in range(ROUNDS):
        crowd = Crowd(shop, server.base, number)
        answered = crowd.run(chance.uniform(0, 0.3), server.kill)
        server.start()
        verify(shop, answered, server.base)
    assert "panicked" not in server.log_text()


def test_what_a_login_was_answered_by_one_of_three_survives_its_kill_9(fresh, cluster):
    environment = {
        "GRANTOR_STORAGE_URL": cluster.database(),
        "GRANTOR_KEYS_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
        **CHEAP_HASHES,
    }
    nodes = [fresh(tls=False, environment=environment).start() for _ in range(3)]
    shop = Shop(nodes[0])
    chance = random.Random(12)
    for number in range(ROUNDS):
        victim = nodes[number % 3]
        crowd = Crowd(shop, victim.base, number)
        answered = crowd.run(chance.uniform(0, 0.3), victim.kill)
        verify(shop, answered, nodes[(number + 1) % 3].base)
        victim.start()
    for node in nodes:
        assert "panicked" not in node.log_text()
