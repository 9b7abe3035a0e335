"""Passwords are hashed in turns of the tenants: who floods is refused early, and nobody else waits for it."""

import statistics
import threading
import time

from harness import wait_until
from shop import Browser, Shop

WAITING = 16
FLOOD = 24
HOST = "acme.test"
LOGINS = 5


class Flood:
    """Wrong passwords at one tenant, more at once than may wait."""

    def __init__(self, shop):
        self.shop = shop
        # When a password was found wrong, how long that took, and how long a refusal did.
        self.checked = []
        self.check_seconds = []
        self.refused_seconds = []
        self.failures = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._post) for _ in range(FLOOD)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _post(self):
        try:
            browser = Browser(self.shop.server.base)
            page, fields = self.shop.password_page(browser, "ada@orchard.test")
            while not self.over.is_set():
                before = time.perf_counter()
                answer = browser.submit(page, password="wrong-Password-1", **fields)
                after = time.perf_counter()
                assert answer.path == page.path and answer.status in (400, 429), answer.text
                if answer.status == 400:
                    self.checked.append(after)
                    self.check_seconds.append(after - before)
                else:
                    assert 'role="alert"' in answer.text
                    self.refused_seconds.append(after - before)
                    # A person needs a moment; without one the machine does nothing but refuse.
                    time.sleep(0.05)
        except Exception as error:
            self.failures.append(error)


def test_a_flood_of_logins_is_refused_early_and_delays_another_tenant_by_a_turn(fresh):
    environment = {
        "GRANTOR_PASSWORDS_THREADS": "1",
        "GRANTOR_PASSWORDS_WAITING_PER_TENANT": str(WAITING),
    }
    server = fresh(tls=False, environment=environment).start()
    server.run("tenant", "create", "acme", "--host", HOST)
    token = server.run("token", "--management", "--tenant", "acme").stdout.strip()
    flooded, quiet = Shop(server), Shop(server, token)
    flooded.add_user("ada@orchard.test")
    quiet.add_user("bob@orchard.test")

    overtaken = []
    with Flood(flooded) as flood:
        wait_until(lambda: flood.refused_seconds or flood.failures, "the queue of the flooded tenant is full")
        for _ in range(LOGINS):
            browser = Browser(server.base, host=HOST)
            page, fields = quiet.password_page(browser, "bob@orchard.test")
            before = time.perf_counter()
            assert browser.submit(page, password="Apples-and-pears-7", **fields).code
            after = time.perf_counter()
            overtaken.append(sum(before < checked < after for checked in list(flood.checked)))
    assert not flood.failures, flood.failures[0]

    # Of the flood, the one that is being hashed and at most one more come before; had the tenants no turns, all that
    # wait would. What is between is for a machine that answers late.
    assert statistics.median(overtaken) < WAITING / 2, overtaken
    # Refused at once, and not when its turn would have been.
    assert statistics.median(flood.refused_seconds) < statistics.median(flood.check_seconds) / 2
