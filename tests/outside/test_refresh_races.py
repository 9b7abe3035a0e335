"""Refresh tokens that are used by many at once: in one process and in three, and while one of them is killed."""

import base64
import collections
import concurrent.futures
import os
import random
import threading

import pytest
import requests

from shop import Browser, Shop
from test_one_code import CHEAP_HASHES

REFRESHES = 200
HOST = "localhost"  # The same under every node's port.


class Nodes:
    """The processes of one instance."""

    def __init__(self, servers):
        self.servers = servers

    @property
    def bases(self):
        return [server.base for server in self.servers]

    def victim(self):
        """The one that is killed: not the first, if there are others."""
        return self.servers[-1]

    def calm(self):
        for server in self.servers:
            assert "panicked" not in server.log_text()


@pytest.fixture(params=["one process on SQLite", "three processes on PostgreSQL"])
def nodes(request, fresh):
    environment = dict(CHEAP_HASHES)
    if "SQLite" in request.param:
        return Nodes([fresh(tls=False, environment=environment).start()])
    cluster = request.getfixturevalue("cluster")
    environment["GRANTOR_STORAGE_URL"] = cluster.database()
    environment["GRANTOR_KEYS_MASTER_KEY"] = base64.b64encode(os.urandom(32)).decode()
    return Nodes([fresh(tls=False, environment=environment).start() for _ in range(3)])


@pytest.fixture
def family(nodes):
    """Logs somebody in at an application with this leeway, in seconds; the answer with the first refresh token."""
    shop = Shop(nodes.servers[0])
    shop.add_user("ada@orchard.test")

    def log_in(leeway):
        rotation = {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": leeway}
        grants = ["authorization_code", "refresh_token"]
        body = {"grant_types": grants, "refresh_token": rotation}
        shop.management("PATCH", f"clients/{shop.web['client_id']}", body)
        browser = Browser(nodes.servers[0].base, host=HOST)
        landed = shop.log_in(browser, "ada@orchard.test", prompt="login", scope="openid offline_access")
        answer = shop.redeem(landed.code)
        assert answer.status_code == 200, answer.text
        return Family(shop.web, landed.code, answer.json())

    log_in.shop = shop
    return log_in


class Family:
    """The refresh tokens of one login."""

    def __init__(self, client, code, answer):
        self.credential = {name: client[name] for name in ("client_id", "client_secret")}
        self.code = code
        self.first = answer["refresh_token"]
        self.access_token = answer["access_token"]

    def refresh(self, base, token):
        """One refresh; the answer, or None if the process went away under it."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **self.credential}
        return self._post(base, "/oauth/token", form)

    def revoke(self, base, token):
        return self._post(base, "/oauth/revoke", {"token": token, **self.credential})

    @staticmethod
    def _post(base, path, form):
        try:
            return requests.post(base + path, data=form, headers={"Host": HOST}, timeout=60)
        except requests.RequestException:
            return None

    def refuses(self, base, token):
        """Whether the token is worth nothing at this node."""
        answer = self.refresh(base, token)
        told = (answer.status_code, answer.json()["error"], answer.json()["error_description"])
        return told == (403, "invalid_grant", "Unknown or invalid refresh token.")


def at_once(calls):
    """Makes the calls at the same moment; their results."""
    barrier = threading.Barrier(len(calls))

    def one(call):
        barrier.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def refreshes(nodes, family, token):
    """So many refreshes of one token, over all nodes."""
    where = [nodes.bases[number % len(nodes.bases)] for number in range(REFRESHES)]
    return [lambda base=base: family.refresh(base, token) for base in where]


def with_a_kill(nodes, calls, chance):
    """Makes the calls at the same moment and kills a process among them, which is started again; the answers there were."""
    victim = nodes.victim()
    killed = threading.Timer(chance.uniform(0.0, 0.4), victim.kill)
    killed.start()
    answers = at_once(calls)
    killed.join()
    victim.start()
    return [answer for answer in answers if answer is not None]


def statuses(answers):
    return collections.Counter(answer.status_code for answer in answers)


def test_j12_2_of_200_refreshes_at_once_inside_the_leeway_all_get_one_successor(nodes, family):
    login = family(leeway=120)

    answers = at_once(refreshes(nodes, login, login.first))

    assert statuses(answers) == {200: REFRESHES}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1 and login.first not in successors
    # Nobody is logged out: the family goes on, from node to node, as fast as it can.
    (token,) = successors
    for number in range(60):
        answer = login.refresh(nodes.bases[number % len(nodes.bases)], token)
        assert answer.status_code == 200, answer.text
        assert answer.json()["refresh_token"] != token
        token = answer.json()["refresh_token"]
    nodes.calm()


def test_j12_2_a_kill_among_200_refreshes_inside_the_leeway_logs_nobody_out(nodes, family):
    chance = random.Random(21)
    for _ in range(3):
        login = family(leeway=120)

        answers = with_a_kill(nodes, refreshes(nodes, login, login.first), chance)

        assert set(statuses(answers)) <= {200}
        # Whoever got no answer asks again, and gets what the others got.
        again = [login.refresh(base, login.first) for base in nodes.bases]
        successors = {answer.json()["refresh_token"] for answer in answers + again}
        assert len(successors) == 1
        assert login.refresh(nodes.bases[0], successors.pop()).status_code == 200
    nodes.calm()


def test_j12_1_of_200_refreshes_at_once_without_a_leeway_one_wins_and_the_family_is_dead(nodes, family):
    login = family(leeway=0)

    answers = at_once(refreshes(nodes, login, login.first))

    assert statuses(answers) == {200: 1, 403: REFRESHES - 1}
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    for base in nodes.bases:
        assert login.refuses(base, won["refresh_token"])
        assert login.refuses(base, login.first)
        assert family.shop.userinfo(won["access_token"], base).status_code == 401
    nodes.calm()


def test_j12_1_a_kill_among_200_refreshes_without_a_leeway_leaves_nothing_alive(nodes, family):
    chance = random.Random(22)
    for _ in range(3):
        login = family(leeway=0)

        answers = with_a_kill(nodes, refreshes(nodes, login, login.first), chance)

        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(won) <= 1
        # The parent is asked for once more: if only the winner came through before the kill, this is the reuse.
        again = login.refresh(nodes.bases[0], login.first)
        if again.status_code == 200:
            # Nobody had come through at all.
            assert not won
            won = [again.json()]
            assert login.refuses(nodes.bases[0], login.first)
        for base in nodes.bases:
            assert login.refuses(base, login.first)
            for tokens in won:
                assert login.refuses(base, tokens["refresh_token"])
                assert family.shop.userinfo(tokens["access_token"], base).status_code == 401
    nodes.calm()


def test_j12_4_once_a_revocation_among_200_refreshes_has_returned_nothing_is_alive(nodes, family):
    chance = random.Random(23)
    for _ in range(3):
        login = family(leeway=120)
        calls = refreshes(nodes, login, login.first)
        position = chance.randrange(len(calls))
        calls[position] = lambda: login.revoke(nodes.bases[-1], login.first)

        answers = at_once(calls)

        revoked = answers.pop(position)
        assert (revoked.status_code, revoked.content) == (200, b"")
        assert set(statuses(answers)) <= {200, 403}
        dead(nodes, family, login, answers)
    nodes.calm()


def test_j12_4_a_revocation_that_was_answered_outlives_a_kill(nodes, family):
    chance = random.Random(24)
    for _ in range(3):
        login = family(leeway=120)
        calls = refreshes(nodes, login, login.first)
        # At a process that lives on, or at the only one, which may be gone before it answers.
        calls[chance.randrange(20)] = lambda: login.revoke(nodes.bases[0], login.first)

        answers = with_a_kill(nodes, calls, chance)

        if not [answer for answer in answers if answer.url.endswith("/oauth/revoke")]:
            assert login.revoke(nodes.bases[0], login.first).status_code == 200
        refreshed = [answer for answer in answers if answer.url.endswith("/oauth/token")]
        dead(nodes, family, login, refreshed)
    nodes.calm()


def dead(nodes, family, login, answers):
    """Nothing that was ever answered in this family is worth anything, anywhere."""
    won = [answer.json() for answer in answers if answer.status_code == 200]
    tokens = {answer["refresh_token"] for answer in won} | {login.first}
    for base in nodes.bases:
        assert all(login.refuses(base, token) for token in tokens)
        for answer in won[:10] + won[-10:]:
            assert family.shop.userinfo(answer["access_token"], base).status_code == 401


def test_t8_2_j12_1_a_replayed_code_kills_its_tokens_everywhere(nodes, family):
    login = family(leeway=120)
    refreshed = login.refresh(nodes.bases[-1], login.first).json()

    replayed = family.shop.redeem(login.code, base=nodes.bases[-1])

    assert replayed.status_code == 403
    for base in nodes.bases:
        assert login.refuses(base, refreshed["refresh_token"])
        assert login.refuses(base, login.first)
        for token in (login.access_token, refreshed["access_token"]):
            assert family.shop.userinfo(token, base).status_code == 401
    nodes.calm()
